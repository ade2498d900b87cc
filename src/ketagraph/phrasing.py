"""Names in, claims out: labels, synonyms, CURIEs and IRIs of concepts, relations and qualifiers.

Nothing is decided here; a name that nothing, or several things, answer to is refused with suggestions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from ketagraph import names, wording
from ketagraph.claims import Claim, Sign, Step
from ketagraph.claims.paths import product
from ketagraph.errors import AmbiguousName, UnknownName
from ketagraph.evidence import local
from ketagraph.lexicon import Lexicon
from ketagraph.relation import Relation, fold
from ketagraph.stored import Row, Stored
from ketagraph.tables import slug

__all__ = ["Phrasing"]

_SMALL = 5000
"""Claims and findings up to which everything is read once, for whatever is asked then."""


@dataclass(frozen=True)
class Phrasing:
    """What concepts, relations and qualifiers are called; a large graph is asked for single ones."""

    stored: Stored

    @cached_property
    def records(self) -> int:
        """Number of claims and findings."""
        return sum(int(row["count"]) for row in self.stored.all("records-counted"))

    @property
    def is_small(self) -> bool:
        """Whether everything is read at once, or has been read already."""
        return self.records <= _SMALL

    @cached_property
    def lexicon(self) -> Lexicon:
        """Names of every concept, relation and study, and the IRIs of every record."""
        return Lexicon.of(
            map(wording.entry, self.stored.all("names")),
            (row["record"] for row in self.stored.all("records")),
        )

    def resolve(self, name: str) -> str:
        """Return the IRI that ``name`` stands for, as the lexicon does.

        Raises:
            UnknownName: nothing, or several things, are called so.
        """
        return self._resolved(name, self._lexicon_for(name))

    def _lexicon_for(self, *wanted: str) -> Lexicon:
        whole = self.is_small or "lexicon" in vars(self)
        return self.lexicon if whole else wording.lexicon_as_written(self.stored, *filter(None, wanted))

    def _resolved(self, name: str, lexicon: Lexicon) -> str:
        """Resolve in ``lexicon``, else among all names however spelt, else with suggestions from them all."""
        try:
            return lexicon.resolve(name)
        except AmbiguousName:
            raise
        except UnknownName:
            if self.is_small:
                raise
        with suppress(UnknownName):
            return wording.lexicon_of(self.stored, name).resolve(name)
        return self.lexicon.resolve(name)

    @cached_property
    def relations(self) -> Mapping[str, Relation]:
        """Relation IRI → what it says."""
        return {row["relation"]: Relation.of(row) for row in self.stored.all("relations")}

    @cached_property
    def values(self) -> Mapping[str, Mapping[str, str]]:
        """Kind of qualifier (dose, species, route, comparator) → name → IRI."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for row in self.stored.all("values"):
            found[row["kind"]][row["name"]] = row["value"]
        return found

    @cached_property
    def objects(self) -> Mapping[str, frozenset[str]]:
        """Class IRI → what it is as the object of a claim: pain, mood, outcome, wanted."""
        return _kinds(self.stored.all("objects"))

    def kinds(self, iri: str) -> frozenset[str]:
        """Return what one class is as the object of a claim; see :attr:`objects`."""
        if self.is_small or "objects" in vars(self):
            return self.objects.get(iri, frozenset())
        return _kinds(self.stored.of("objects", "object", [iri])).get(iri, frozenset())

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
        lexicon = self._lexicon_for(subject, object_, via, outcome)
        target = self._resolved(object_, lexicon)
        kinds = self.kinds(target)
        return Claim(
            self._resolved(subject, lexicon),
            found.iri,
            target,
            found.sign,
            purpose=_decisive_purpose(found, kinds),
            via=self._resolved(via, lexicon) if via else "",
            dose_regime=self.value("dose", dose),
            route=self.value("route", route),
            species=self.value("species", species),
            outcome=self._outcome(outcome, lexicon),
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
        lexicon = self._lexicon_for(*nodes)
        iris = [self._resolved(node, lexicon) for node in nodes]
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

    def _outcome(self, name: str, lexicon: Lexicon) -> str:
        iri = self._resolved(name, lexicon) if name else ""
        if iri and "outcome" not in self.kinds(iri):
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


def _kinds(rows: Iterable[Row]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row["object"]] |= {row["kind"], "wanted" if row["wanted"] == "true" else row["kind"]}
    return {iri: frozenset(kinds) for iri, kinds in found.items()}


def _decisive_purpose(relation: Relation, kinds: frozenset[str]) -> str:
    """Name the trials that decide: of prevention, of treatment, or all where the object is an outcome."""
    if relation.prevents:
        return "prevention"
    return "" if "outcome" in kinds else "treatment"


def _comparator(iri: str) -> str:
    return slug(local(iri)).removesuffix("-comparator") if iri else ""
