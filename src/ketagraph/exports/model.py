"""What every format starts from, and what it leaves behind."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

from ketagraph import names, releases
from ketagraph.api import KnowledgeGraph
from ketagraph.dossier import stored_query
from ketagraph.releases import Release
from ketagraph.results import Rows
from ketagraph.sources import Layout

__all__ = ["ASSERTED", "Aspect", "Export", "Loss", "Losses", "Material", "Written", "material"]

ASSERTED = ("ontology", "evidence", "mappings", "discrepancies")
"""Graphs of what was written by hand: the base; what is derived from them makes it the full graph."""

Aspect = tuple[str, str]
"""Something a format may lose, and the kind of record that tells it: ("dose", "claim")."""

_QUAD = re.compile(rb"(.*) <([^<>\s]*)> \.")


@dataclass(frozen=True)
class Material:
    """A release opened for export."""

    release: Release
    where: Layout
    kg: KnowledgeGraph

    @cached_property
    def graphs(self) -> Mapping[str, tuple[str, ...]]:
        """Name of a graph → its statements in N-Triples, sorted, with their full stop."""
        found: dict[str, list[str]] = defaultdict(list)
        for line in self.release.data.read_bytes().splitlines():
            if quad := _QUAD.fullmatch(line):
                found[quad[2].decode().removeprefix(names.graph(""))].append(f"{quad[1].decode()} .")
        return {name: tuple(sorted(lines)) for name, lines in sorted(found.items())}

    def merged(self, wanted: Iterable[str]) -> list[str]:
        """Return the statements of several graphs, each once, sorted."""
        return sorted({line for name in wanted for line in self.graphs.get(name, ())})

    @cached_property
    def aspects(self) -> Mapping[Aspect, int]:
        """How many records tell each aspect."""
        rows = self.stored("losses")
        return {(str(row["aspect"]), str(row["record"])): int(str(row["count"])) for row in rows}

    @cached_property
    def publications(self) -> Mapping[str, str]:
        """IRI of a reference → PMID or DOI as a CURIE."""
        return {str(row["reference"]): str(row["publication"]) for row in self.stored("publications")}

    def stored(self, name: str) -> Rows:
        """Answer a query that ships inside the package."""
        return self.kg.select(stored_query(name))


def material(release: Release, where: Layout) -> Material:
    """Open a release for export.

    Raises:
        EnvironmentFault: its data is missing.
    """
    return Material(release, where, KnowledgeGraph(releases.engine(release), release.path.name))


@dataclass(frozen=True, slots=True)
class Export:
    """Files by name, and how many records' aspects they carry; ``notes`` say what becomes of an aspect."""

    files: Mapping[str, bytes]
    carried: Mapping[Aspect, int]
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loss:
    """One aspect as told by one kind of record: how many there are, how many the format carries."""

    aspect: str
    record: str
    in_graph: int
    carried: int
    lost: int
    note: str


@dataclass(frozen=True, slots=True)
class Losses:
    """What one format of one release cannot carry."""

    format: str
    release: str
    losses: tuple[Loss, ...]

    def text(self) -> str:
        """Return the report as JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Written:
    """Names of the files that were written, and the report among them."""

    files: tuple[str, ...]
    losses: Losses
