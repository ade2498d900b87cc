"""Claims checked on a graph that is not ours: a table, a file of RDF, or an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import typer

from ketagraph import api, own_effects, releases, sources
from ketagraph.claims import Claim, Judgement, Sign
from ketagraph.cli.telling import EXIT, CheckFormat, told
from ketagraph.dossier import Relation
from ketagraph.errors import EnvironmentFault
from ketagraph.pulled_effects import pull
from ketagraph.signed_graph import Limits
from ketagraph.store.engine import Engine

__all__ = ["OwnGraph"]


@dataclass(frozen=True, slots=True)
class OwnGraph:
    """Where the effects are: a ``table``, or a graph to pull them ``source`` by the queries given or ours.

    ``seconds`` bounds the search, and the waiting for an endpoint.
    """

    table: Path | None = None
    source: str = ""
    effects: Path | None = None
    classes: Path | None = None
    seconds: float = 30.0

    def __bool__(self) -> bool:
        return bool(self.table or self.source)

    def refuse_misuse(self) -> None:
        """Refuse options that contradict one another or would be left out."""
        if self.table and self.source:
            raise typer.BadParameter("--effects and --effects-from do not go together")
        if (self.effects or self.classes) and not self.source:
            raise typer.BadParameter("--effects-query and --classes-query need --effects-from")

    def check(self, named: list[str], via: str, hops: int, style: CheckFormat, *, in_full: bool) -> int:
        """Check the claim of three names, print it, and return the exit code."""
        if style is CheckFormat.TTL:
            raise typer.BadParameter(
                "--format ttl is for our own graph; of yours we do text, json, dot and mermaid"
            )
        relation = _relation(named[1])
        judgement, known = (
            (self._read(self.table, relation, named, via, hops), {})
            if self.table
            else self._pulled(relation, named, via, hops)
        )
        labels = {**known, relation.iri: relation.label}
        typer.echo(told(judgement, labels, style, in_full=in_full))
        return EXIT[judgement.standing]

    def _read(self, table: Path, relation: Relation, named: list[str], via: str, hops: int) -> Judgement:
        claim = _claim(named[0], relation, named[2], via)
        return own_effects.judge_table(table, claim, hops=hops, limits=self._limits())

    def _pulled(
        self, relation: Relation, named: list[str], via: str, hops: int
    ) -> tuple[Judgement, Mapping[str, str]]:
        graph = api.open_graph(self.source, timeout=self.seconds)
        found = pull(graph, self.source, effects=_text(self.effects), classes=_text(self.classes))
        resolve = found.lexicon.resolve
        claim = _claim(resolve(named[0]), relation, resolve(named[2]), resolve(via) if via else "")
        return found.judge(claim, hops=hops, limits=self._limits()), found.labels

    def _limits(self) -> Limits:
        end = monotonic() + self.seconds
        return Limits(paths=own_effects.MOST, stop=lambda: monotonic() > end)


def _text(path: Path | None) -> str:
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(f"{path}: cannot be read as UTF-8 text: {error}") from error


def _claim(subject: str, relation: Relation, object_: str, via: str) -> Claim:
    return Claim(subject, relation.iri, object_, relation.sign, purpose="", via=via, therapeutic=False)


def _relation(name: str) -> Relation:
    """Return ``+``, ``-`` or one of our relations, whose signs come from our ontology."""
    signs: dict[str, Sign] = {"+": 1, "-": -1, "−": -1}
    if sign := signs.get(name):
        return Relation(name, name, sign, prevents=False)
    words = Engine()
    words.load_quads(sources.layout().ontology / "relation.ttl")
    words.unite_graphs()
    return releases.dossier(words).relation(name)
