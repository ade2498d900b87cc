"""A graph in, what the judge needs out: its evidence, the class hierarchy, and claims made of names.

Nothing is decided here; :mod:`ketagraph.evidence` turns rows into the judge's values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ketagraph import gathering, names, wording
from ketagraph.claims import HOPS, BodyOfEvidence, Claim, Finding, Hierarchy, Judgement, MechanismKind
from ketagraph.claims.ablation import only
from ketagraph.errors import UnknownName
from ketagraph.evidence import finding, local, said
from ketagraph.nearby import Nearby, TooMany
from ketagraph.phrasing import Phrasing
from ketagraph.relation import Relation, fold
from ketagraph.store.engine import Term
from ketagraph.stored import Row, Rows, Stored, stored_query

__all__ = ["Dossier", "Relation", "Rows", "Selects", "Stored", "fold", "read", "stored_query"]


class Selects(Protocol):
    """What answers a SELECT: the engine in this process, or one elsewhere."""

    def select(self, query: str) -> tuple[list[str], list[tuple[Term | None, ...]]]:
        """Return variables and rows."""


@dataclass(frozen=True)
class Dossier(Phrasing):
    """What a graph knows that bears on claims; a small graph is read once, of a large one what bears on each.

    ``within`` names sources (IRIs) whose evidence alone counts; empty: all of them.
    """

    within: frozenset[str] = frozenset()

    @cached_property
    def evidence(self) -> BodyOfEvidence:
        """Effects, findings, statements and hierarchy, ready to judge any claim."""
        return self._mechanisms.with_findings(self._measured(self._findings))

    def judge(self, claim: Claim, *, hops: int = HOPS) -> Judgement:
        """Judge ``claim`` as :attr:`evidence` would, reading of a large graph what can bear on it."""
        if self.is_small or "evidence" in vars(self):
            return self.evidence.judge(claim, hops=hops)
        measured = self._findings_on(claim)
        try:
            return self._judge_nearby(claim, measured, hops)
        except TooMany:
            return self._mechanisms.with_findings(self._measured(measured)).judge(claim, hops=hops)

    def _judge_nearby(self, claim: Claim, measured: list[Row], hops: int) -> Judgement:
        near = self._nearby
        claims = near.claims(claim, hops)
        body = self._body(claims, near.hierarchy(claim, claims, measured))
        judgement = body.with_findings(self._measured(measured)).judge(claim, hops=hops)
        if judgement.mechanism.kind is not MechanismKind.NO_PATH or judgement.mechanism.blocked:
            return judgement
        # Which hop would complete a path, only what lies further off tells.
        claims, last = near.claims_beyond(claim, exhaustive=claim.scoped or bool(self.within))
        body = self._body(claims, near.hierarchy(claim, claims, measured, last))
        return body.with_findings(self._measured(measured)).judge(claim, hops=hops)

    def _findings_on(self, claim: Claim) -> list[Row]:
        try:
            return self._nearby.findings(claim)
        except TooMany:
            return self._findings

    @cached_property
    def _nearby(self) -> Nearby:
        return Nearby(self.stored, self.relations, self.records)

    @cached_property
    def _findings(self) -> list[Row]:
        return gathering.findings(self.stored.all)

    def _measured(self, rows: Iterable[Row]) -> list[Finding]:
        found = map(finding, rows)
        return [each for each in found if not self.within or each.source in self.within]

    @cached_property
    def _mechanisms(self) -> BodyOfEvidence:
        return self._body(self.claims, gathering.hierarchy(self.stored.all))

    def _body(self, claims: Iterable[Row], hierarchy: Hierarchy) -> BodyOfEvidence:
        """Index what claims say."""
        body = BodyOfEvidence.of(*said(claims), hierarchy)
        return only(body, self.within) if self.within else body

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """IRI of each source → its title."""
        return {row["source"]: row["title"] for row in self.stored.all("sources")}

    def of_sources(self, wanted: Iterable[str]) -> Dossier:
        """Return the dossier of some sources alone, by id, CURIE, IRI or title; of all where none is named.

        Raises:
            UnknownName: no source is called so; all are suggested.
        """
        iris = frozenset(self.source(name) for name in wanted)
        if not iris or iris == self.within:
            return self
        if iris not in self._narrowed:
            self._narrowed[iris] = Dossier(self.stored, iris)
        return self._narrowed[iris]

    @cached_property
    def _narrowed(self) -> dict[frozenset[str], Dossier]:
        return {}

    def source(self, name: str) -> str:
        """Return the IRI of a source by its id, CURIE, IRI or title.

        Raises:
            UnknownName: no source is called so; all are suggested.
        """
        known = {local(iri): iri for iri in self.sources}
        known |= {title: iri for iri, title in self.sources.items()}
        iri = known.get(name) or names.expand(name) or name
        if iri in self.sources:
            return iri
        ids = sorted(map(local, self.sources))
        raise UnknownName(f"no source is called {name!r}; sources: {', '.join(ids) or 'none'}", ids)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """IRI → label, of concepts, studies, relations, claims, the values of qualifiers, and sentences."""
        told = {row["claim"]: row["label"] for row in self.claims}
        places = {row["anchor"]: row["address"] for row in self.stored.all("addresses")}
        return {**places, **told, **self._words, **self.lexicon.labels}

    def labels_of(self, *values: object) -> Mapping[str, str]:
        """Return the labels of what judgements and claims mention; of a large graph no others."""
        if self.is_small or "labels" in vars(self):
            return self.labels
        return wording.labels(self.stored, self._words, wording.mentioned(*values))

    @cached_property
    def _words(self) -> Mapping[str, str]:
        """IRI → label, of the values of qualifiers and of relations."""
        values = {iri: name for found in self.values.values() for name, iri in sorted(found.items())}
        return values | {iri: each.label for iri, each in self.relations.items()}

    @cached_property
    def claims(self) -> list[Row]:
        """Every claim of an effect or a therapy, one row each, with its scope and evidence."""
        return gathering.claims(self.stored.all, self.relations)


def read(loaded: Selects) -> Dossier:
    """Collect what a loaded graph knows that bears on claims."""

    def rows(query: str) -> Iterator[Mapping[str, str]]:
        variables, found = loaded.select(query)
        for row in found:
            yield {name: term.value for name, term in zip(variables, row, strict=True) if term is not None}

    return Dossier(Stored(rows))
