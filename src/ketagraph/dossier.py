"""A graph in, what the judge needs out: its evidence, the class hierarchy, and claims made of names.

Nothing is decided here; :mod:`ketagraph.evidence` turns rows into the judge's values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Protocol

from ketagraph import gathering, names
from ketagraph.claims import BodyOfEvidence, Claim, Hierarchy, Sign, Step
from ketagraph.claims.ablation import only
from ketagraph.claims.paths import product
from ketagraph.errors import UnknownName
from ketagraph.evidence import effect, finding, local, statement
from ketagraph.lexicon import Entry, Lexicon
from ketagraph.relation import Relation, fold
from ketagraph.store.engine import Term
from ketagraph.tables import slug

__all__ = ["Dossier", "Relation", "Rows", "Selects", "fold", "read", "remembering", "stored_query"]

Rows = Callable[[str], Iterator[Mapping[str, str]]]
"""Runs a SELECT and yields rows as strings; a variable that is not bound is missing."""


class Selects(Protocol):
    """What answers a SELECT: the engine in this process, or one elsewhere."""

    def select(self, query: str) -> tuple[list[str], list[tuple[Term | None, ...]]]:
        """Return variables and rows."""


def stored_query(name: str) -> str:
    """Return the text of a query that ships inside the package."""
    return (files("ketagraph") / "sparql" / f"{name}.rq").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Dossier:
    """Everything the graph knows that bears on claims; read lazily, once.

    ``within`` names sources (IRIs) whose evidence alone counts; empty: all of them.
    """

    rows: Rows
    within: frozenset[str] = frozenset()

    @cached_property
    def lexicon(self) -> Lexicon:
        """Names of every concept, relation and study, and the IRIs of every record."""
        return Lexicon.of(
            (
                Entry(row["iri"], row["name"], row["kind"], frozenset(row.get("classes", "").split()))
                for row in self.rows(stored_query("names"))
            ),
            (row["record"] for row in self.rows(stored_query("records"))),
        )

    @cached_property
    def relations(self) -> Mapping[str, Relation]:
        """Relation IRI → what it says."""
        return {row["relation"]: Relation.of(row) for row in self.rows(stored_query("relations"))}

    @cached_property
    def evidence(self) -> BodyOfEvidence:
        """Effects, findings, statements and hierarchy, ready to judge claims."""
        claims = self.claims
        whole = BodyOfEvidence.of(
            [effect(row) for row in claims if row["affirmed"] == "true" and row["acts"] == "true"],
            [finding(row) for row in gathering.findings(self._stored)],
            [statement(row) for row in claims if row["therapeutic"] == "true" or row["affirmed"] == "false"],
            self._hierarchy(),
        )
        return only(whole, self.within) if self.within else whole

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """IRI of each source → its title."""
        return {row["source"]: row["title"] for row in self.rows(stored_query("sources"))}

    def of_sources(self, wanted: Iterable[str]) -> Dossier:
        """Return the dossier of some sources alone, by id, CURIE, IRI or title; of all where none is named.

        Raises:
            UnknownName: no source is called so; all are suggested.
        """
        iris = frozenset(self.source(name) for name in wanted)
        if not iris or iris == self.within:
            return self
        if iris not in self._narrowed:
            self._narrowed[iris] = Dossier(self.rows, iris)
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
        values = {iri: name for found in self.values.values() for name, iri in sorted(found.items())}
        named = {iri: each.label for iri, each in self.relations.items()}
        said = {row["claim"]: row["label"] for row in self.claims}
        places = {row["anchor"]: row["address"] for row in self.rows(stored_query("addresses"))}
        return {**places, **said, **values, **named, **self.lexicon.labels}

    @cached_property
    def claims(self) -> list[gathering.Row]:
        """Every claim of an effect or a therapy, one row each, with its scope and evidence."""
        return gathering.claims(self._stored, self.relations)

    def _stored(self, name: str) -> Iterator[Mapping[str, str]]:
        return self.rows(stored_query(name))

    @cached_property
    def values(self) -> Mapping[str, Mapping[str, str]]:
        """Kind of qualifier (dose, species, route, comparator) → name → IRI."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for row in self.rows(stored_query("values")):
            found[row["kind"]][row["name"]] = row["value"]
        return found

    @cached_property
    def objects(self) -> Mapping[str, frozenset[str]]:
        """Class IRI → what it is as the object of a claim: pain, mood, outcome, wanted."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in self.rows(stored_query("objects")):
            found[row["object"]] |= {row["kind"], "wanted" if row["wanted"] == "true" else row["kind"]}
        return {iri: frozenset(kinds) for iri, kinds in found.items()}

    def claim(
        self,
        subject: str,
        relation: str,
        object_: str,
        *,
        via: str = "",
        dose: str = "",
        route: str = "",
        species: str = "",
        outcome: str = "",
        comparator: str = "",
        week: float | None = None,
    ) -> Claim:
        """Return the claim that names make: labels, synonyms, CURIEs or IRIs; ``week`` after the start.

        Raises:
            UnknownName: a name that nothing, or several things, answer to; a relation without a sign;
                qualifiers that leave nothing to judge.
        """
        found = self.relation(relation)
        target = self.lexicon.resolve(object_)
        kinds = self.objects.get(target, frozenset())
        return Claim(
            self.lexicon.resolve(subject),
            found.iri,
            target,
            found.sign,
            purpose=_decisive_purpose(found, kinds),
            via=self.lexicon.resolve(via) if via else "",
            dose_regime=self.value("dose", dose),
            route=self.value("route", route),
            species=self.value("species", species),
            outcome=self._outcome(outcome),
            comparator=_comparator(self.value("comparator", comparator)),
            timepoint_weeks=week,
            outcome_kinds=("mood",) if "mood" in kinds else ("pain",),
            therapeutic=found.therapeutic,
            wanted="wanted" in kinds,
        )

    def steps(
        self, nodes: Sequence[str], relations: Sequence[str] = (), *, each: bool = False
    ) -> tuple[tuple[Step, ...], Sign]:
        """Return the hops that a chain of names claims, and the sign it claims for the whole, if any.

        A relation says what the chain so far does to the next node ("ketamine *blocks* the NMDA receptor,
        *reduces* sensitisation, *relieves* pain": less of each); with ``each``, what one node does to the
        next. Without relations the signs are left open.

        Raises:
            UnknownName: a name without bearer, a relation without sign, or too few of either.
        """
        if len(nodes) < 2 or len(relations) not in {0, len(nodes) - 1}:
            raise UnknownName("a chain has two nodes or more, and one relation for each hop or none at all")
        iris = [self.lexicon.resolve(node) for node in nodes]
        if len(set(iris)) < len(iris):
            raise UnknownName("a chain passes each node once")
        found = [self.relation(name) for name in relations]
        if unsigned := [one.label for one in found if not one.sign]:
            raise UnknownName(f"these relations have no direction: {', '.join(unsigned)}")
        if not found:
            return tuple(map(Step, iris, iris[1:])), None
        signs = [relation.sign for relation in found]
        hops = signs if each else [product(pair) for pair in zip([1, *signs], signs, strict=False)]
        named = [relation.iri for relation in found]
        return tuple(map(Step, iris, iris[1:], hops, named)), product(signs) if each else signs[-1]

    def _outcome(self, name: str) -> str:
        iri = self.lexicon.resolve(name) if name else ""
        if iri and "outcome" not in self.objects.get(iri, ()):
            raise UnknownName(f"{name!r} is not an outcome that trials measure, such as pain intensity")
        return iri

    def value(self, kind: str, name: str) -> str:
        """IRI of a qualifier's value; the last word of its label (route, comparator) may be left out.

        Raises:
            UnknownName: there is no such value; all are listed.
        """
        if not name:
            return ""
        known = self.values.get(kind, {})
        iri = names.expand(name) or name
        wanted = {fold(name), f"{fold(name)} {kind}"}
        found = {value for each, value in known.items() if value == iri or fold(each) in wanted}
        if len(found) == 1:
            return found.pop()
        raise UnknownName(f"no {kind} is called {name!r}; known: {', '.join(sorted(known))}", sorted(known))

    def relation(self, name: str) -> Relation:
        """Return the relation called ``name``: label, synonym, CURIE or IRI.

        Raises:
            UnknownName: there is none; those with a sign are suggested.
        """
        iri = names.expand(name) or name
        found = self.relations.get(iri) or self._relations_by_name.get(fold(name))
        if found:
            return found
        signed = sorted(relation.label for relation in self.relations.values() if relation.sign)
        raise UnknownName(f"no relation is called {name!r}; signed relations: {', '.join(signed)}", signed)

    @cached_property
    def _relations_by_name(self) -> Mapping[str, Relation]:
        return {name: relation for relation in self.relations.values() for name in relation.names}

    def _hierarchy(self) -> Hierarchy:
        parents: dict[str, set[str]] = defaultdict(set)
        for row in self.rows(stored_query("hierarchy")):
            parents[row["child"]].add(row["parent"])
        return Hierarchy(parents)


def read(loaded: Selects) -> Dossier:
    """Collect what a loaded graph knows that bears on claims."""

    def rows(query: str) -> Iterator[Mapping[str, str]]:
        variables, found = loaded.select(query)
        for row in found:
            yield {name: term.value for name, term in zip(variables, row, strict=True) if term is not None}

    return Dossier(remembering(rows))


def remembering(rows: Rows) -> Rows:
    """Return ``rows`` with each answer kept: the dossier of one source asks what that of all has asked."""
    kept: dict[str, list[Mapping[str, str]]] = {}

    def remembered(query: str) -> Iterator[Mapping[str, str]]:
        if query not in kept:
            kept[query] = list(rows(query))
        return iter(kept[query])

    return remembered


def _decisive_purpose(relation: Relation, kinds: frozenset[str]) -> str:
    """Name the trials that decide: of prevention, of treatment, or all where the object is an outcome."""
    if relation.prevents:
        return "prevention"
    return "" if "outcome" in kinds else "treatment"


def _comparator(iri: str) -> str:
    return slug(local(iri)).removesuffix("-comparator") if iri else ""
