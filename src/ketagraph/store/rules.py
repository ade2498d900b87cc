"""Rules run where the data lie: CONSTRUCT queries in a store, until they add nothing.

A rule runs after those that draw what it looks at, and again only if something that it looks at was drawn
since: nothing else can change what it draws. One that reads each triple by itself, such as types by
superclass, then reads only what was drawn since. Results go from the engine into the store, not by way of
another library, so that their number is bounded by the store alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from pyoxigraph import DefaultGraph, NamedNode, Quad, QueryTriples, RdfFormat, Store, Triple

from ketagraph.errors import EnvironmentFault, QueryRefused
from ketagraph.store.evaluation import solve
from ketagraph.store.patterns import EVERYTHING, TYPE, Facet, patterns, single
from ketagraph.store.query import Query

__all__ = ["Rule", "saturate", "turns"]

_ROUNDS = 10
_UNION = DefaultGraph()
_IS_A = NamedNode(TYPE)
_NO_CLASS = "none"
"""The class of what has none: no IRI, so no rule asks for it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A CONSTRUCT query, what its pattern may look at and what its template may draw."""

    text: str
    reads: frozenset[Facet]
    draws: frozenset[Facet]
    alone: Facet | None = None
    """What its only pattern about data may look at, if it has one; all others are about the schema."""

    @classmethod
    def of(cls, text: str) -> Rule:
        """Read a rule."""
        return cls(text, *patterns(text), single(text))

    def looks_at(self, facets: Iterable[Facet]) -> bool:
        """Whether triples of these facets may let it draw more."""
        return any(_meet(read, facet) for facet in facets for read in self.reads)

    def feeds(self, other: Rule) -> bool:
        """Whether ``other`` may look at what this rule draws."""
        return other.looks_at(self.draws)

    def schema(self) -> frozenset[Facet]:
        """Name what it looks at beside the data, if it looks at each triple of them by itself."""
        return self.reads - {self.alone} if self.alone else frozenset()


def _meet(one: Facet, other: Facet) -> bool:
    """Whether some triple is of both facets."""
    if EVERYTHING in (one, other):
        return True
    return one[0] == other[0] and (not one[1] or not other[1] or one[1] == other[1])


def _in_order(rules: Sequence[Rule]) -> list[Rule]:
    """Sort ``rules`` so that each comes after those that feed it, as far as they feed no circle."""
    placed: list[Rule] = []
    begun: set[str] = set()

    def place(rule: Rule) -> None:
        begun.add(rule.text)
        for each in rules:
            if each.text not in begun and each.feeds(rule):
                place(each)
        placed.append(rule)

    for rule in rules:
        if rule.text not in begun:
            place(rule)
    return placed


def saturate(store: Store, rules: Sequence[Rule], *, rested: Collection[Rule] = ()) -> list[str]:
    """Apply ``rules`` to the default graph until they add nothing; add what they draw to it.

    Of the rules, those ``rested`` are known to add nothing to what the store holds. What stands in the
    default graph is not drawn again. Return the new statements as sorted N-Triples lines.

    Raises:
        EnvironmentFault: they still add triples after several rounds.
    """
    work = _Work(store, rules, rested)
    waiting = turns(rules)
    drawn: list[str] = []
    while work.is_due():
        if not (rule := next(waiting, None)):
            told = f"the rules still add triples after {_ROUNDS} rounds; one of them feeds itself"
            raise EnvironmentFault(told)
        drawn += work.apply(rule)
    return sorted(drawn)


def turns(rules: Sequence[Rule]) -> Iterator[Rule]:
    """Yield the rules round by round, each after those that feed it, as far as they feed no circle.

    Those that may draw any predicate or type come first, in later rounds last: most rules look at what they
    draw, and they look at what most rules draw.
    """
    wide = [rule for rule in rules if rule.draws & {EVERYTHING, (TYPE, "")}]
    others = _in_order([rule for rule in rules if rule not in wide])
    yield from (*wide, *others)
    for _ in range(_ROUNDS - 1):
        yield from (*others, *reversed(wide))


class _Work:
    """What is still to be done before a store is at rest: rules to run on all of it, or on what is new."""

    def __init__(self, store: Store, rules: Sequence[Rule], rested: Collection[Rule]) -> None:
        self._store, self._rules = store, rules
        self._whole = {rule.text for rule in rules if rule not in rested}
        self._news: dict[str, list[str]] = {rule.text: [] for rule in rested if rule.alone}

    def is_due(self) -> bool:
        """Whether any rule has to run."""
        return bool(self._whole) or any(self._news.values())

    def apply(self, rule: Rule) -> Iterable[str]:
        """Run a rule if it is due; return what it added to the store, as N-Triples lines."""
        fresh = {f"{triple} .": triple for triple in self._new(rule)}
        _load(self._store, fresh)
        waiting = [each for each in self._rules if each.text not in self._whole and each.looks_at(rule.draws)]
        if fresh and waiting:
            self._tell(fresh, waiting)
        return fresh

    def _tell(self, fresh: Mapping[str, Triple], waiting: Iterable[Rule]) -> None:
        """Note for each of the rules that may look at new triples that it is due."""
        alone = [rule for rule in waiting if rule.text in self._news]
        by_facet = _by_facet(fresh)
        for rule in alone:
            if any(_meet(facet, each) for facet in by_facet for each in rule.schema()):
                self._whole.add(rule.text)
            else:
                read = (lines for facet, lines in by_facet.items() if _meet(facet, rule.alone or EVERYTHING))
                self._news[rule.text] += chain.from_iterable(read)
        others = [rule for rule in waiting if rule not in alone]
        facets = _facets(self._store, fresh.values()) if others else set()
        self._whole |= {rule.text for rule in others if rule.looks_at(facets)}

    def _new(self, rule: Rule) -> Iterator[Triple]:
        """Yield what a rule draws that does not stand in the store yet; it is due no longer."""
        if rule.text in self._whole:
            self._whole.discard(rule.text)
            store = self._store
        elif self._news.get(rule.text):
            store = self._beside_schema(rule)
        else:
            return
        if rule.alone:
            self._news[rule.text] = []
        solved = solve(store, Query(rule.text))
        if not isinstance(solved, QueryTriples):
            raise QueryRefused("expected a CONSTRUCT query")
        for triple in solved:
            if Quad(triple.subject, triple.predicate, triple.object, _UNION) not in self._store:
                yield triple

    def _beside_schema(self, rule: Rule) -> Store:
        """Return a store of what is new for a rule, and of the schema that it looks at."""
        small = Store()
        for predicate, kind in rule.schema():
            value = NamedNode(kind) if predicate == TYPE else None
            small.bulk_extend(self._store.quads_for_pattern(None, NamedNode(predicate), value, _UNION))
        _load(small, self._news[rule.text])
        return small


def _load(store: Store, lines: Iterable[str]) -> None:
    store.load("\n".join(lines), RdfFormat.N_TRIPLES)


def _by_facet(triples: Mapping[str, Triple]) -> Mapping[Facet, list[str]]:
    """Sort triples by their facets, whatever class their subjects are of."""
    found: dict[Facet, list[str]] = defaultdict(list)
    for line, triple in triples.items():
        predicate = triple.predicate.value
        found[predicate, str(triple.object)[1:-1] if predicate == TYPE else ""].append(line)
    return found


def _facets(store: Store, triples: Iterable[Triple]) -> set[Facet]:
    """Name the facets that some triples have, once they are in the store."""
    classes: dict[str, set[str]] = {}
    found = set[Facet]()
    for triple in triples:
        predicate, subject = triple.predicate.value, str(triple.subject)
        if predicate == TYPE:
            found.add((TYPE, str(triple.object)[1:-1]))
            continue
        if subject not in classes:
            types = store.quads_for_pattern(triple.subject, _IS_A, None, _UNION)
            classes[subject] = {str(quad.object)[1:-1] for quad in types} or {_NO_CLASS}
        found |= {(predicate, each) for each in classes[subject]}
    return found
