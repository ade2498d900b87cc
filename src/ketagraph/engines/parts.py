"""A release in, the graphs out that an engine gets for it: named after the version, counted and digested."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ketagraph import names
from ketagraph.engines.dialect import Dialect
from ketagraph.engines.pointer import Listed, manifest_iri
from ketagraph.engines.view import closure_iri, union_iri, versioned
from ketagraph.errors import EnvironmentFault
from ketagraph.store.fingerprint import fingerprint

__all__ = ["Part", "manifest", "parts"]

_GRAPHS = names.graph("")
_SUFFIX = re.compile(r" <([^<> ]+)> \.\n?\Z")
_LINK = re.compile(r"<([^<> ]+)> <([^<> ]+)> <([^<> ]+)> \.")


@dataclass(frozen=True, slots=True)
class Part:
    """One graph as it will lie in the engine: its statements as N-Triples, and what a manifest says of it."""

    listed: Listed
    statements: bytes

    @property
    def graph(self) -> str:
        """Its IRI."""
        return self.listed.graph


def parts(data: Path, version: str, dialect: Dialect) -> Iterator[Part]:
    """Read the N-Quads of a release and yield its graphs, sorted, their union, and what the dialect needs.

    Raises:
        EnvironmentFault: the file cannot be read, or is no release's.
    """
    graphs = _graphs(data, version)
    for graph, lines in sorted(graphs.items()):
        yield _part(graph, lines)
    yield _part(union_iri(version), sorted({line for lines in graphs.values() for line in lines}))
    if dialect.closures:
        everything = [line for lines in graphs.values() for line in lines]
        yield _part(closure_iri(version), list(_closures(everything, dialect.closures, version)))


def manifest(listed: Iterable[Listed], version: str) -> Part:
    """Make the graph that tells of the others."""
    void, schema, xsd = (names.PREFIXES[each] for each in ("void", "schema", "xsd"))
    lines = [
        line
        for each in listed
        for line in (
            f'<{each.graph}> <{void}triples> "{each.triples}"^^<{xsd}integer> .\n',
            f'<{each.graph}> <{schema}sha256> "{each.digest}" .\n',
        )
    ]
    return _part(manifest_iri(version), lines)


def _graphs(data: Path, version: str) -> Mapping[str, list[str]]:
    graphs: dict[str, list[str]] = defaultdict(list)
    try:
        with data.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                renamed = line.replace(_GRAPHS, versioned(version))
                found = _SUFFIX.search(renamed)
                if not found:
                    raise EnvironmentFault(f"{data}:{number}: expected a statement in a named graph")
                graphs[found[1]].append(renamed[: found.start()] + " .\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(f"{data}: cannot be read: {error}") from error
    return graphs


def _part(graph: str, lines: Sequence[str]) -> Part:
    statements = "".join(lines).encode()
    found = fingerprint(statements)
    return Part(Listed(graph, found.triples, found.digest), statements)


def _closures(lines: Iterable[str], properties: Sequence[str], version: str) -> Iterator[str]:
    """Yield the closure of each property: ``some`` for one step or more, ``any`` with no step as well.

    No step leads from every node to itself, so every IRI of the data gets that.
    """
    links = [found.groups() for line in lines if (found := _LINK.match(line))]
    everything = sorted({node for start, _, end in links for node in (start, end)})
    for each in properties:
        steps: dict[str, set[str]] = defaultdict(set)
        for start, link, end in links:
            if link == each:
                steps[start].add(end)
        name = f"{closure_iri(version)}/{names.compress(each)}"
        for start in everything:
            reached = _reached(start, steps)
            yield from (f"<{start}> <{name}/some> <{end}> .\n" for end in sorted(reached))
            yield from (f"<{start}> <{name}/any> <{end}> .\n" for end in sorted(reached | {start}))


def _reached(start: str, steps: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    ahead = list(steps.get(start, ()))
    while ahead:
        node = ahead.pop()
        if node not in reached:
            reached.add(node)
            ahead += steps.get(node, ())
    return reached
