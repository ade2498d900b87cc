"""Rules run where the data lie: CONSTRUCT queries in a store, until they add nothing.

A rule runs after those that draw what it looks at, and again only if something that it looks at was drawn
since: nothing else can change what it draws. One that reads each triple by itself, such as types by
superclass, then reads only what was drawn since. Results go from the engine into the store, not by way of
another library, so that their number is bounded by the store alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

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


def saturate(
    store: Store,
    rules: Sequence[Rule],
    *,
    rested: Collection[Rule] = (),
    added: Iterable[Triple] = (),
) -> list[str]:
    """Apply ``rules`` to the default graph until they add nothing; add what they draw to it.

    Of the rules, those ``rested`` added nothing to what the store held before ``added``, which it holds by now,
    came to it. What stands in the default graph is not drawn again. Return the new statements as sorted
    N-Triples lines.

    Raises:
        EnvironmentFault: they still add triples after several rounds.
    """
    work = _Work(store, rules, rested)
    work.tell(list(added))
    drawn: list[str] = []
    for rule in turns(rules):
        drawn += work.apply(rule)
        if not work.is_due():
            return sorted(drawn)
    raise EnvironmentFault(f"the rules still add triples after {_ROUNDS} rounds; one of them feeds itself")


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

    def apply(self, rule: Rule) -> list[str]:
        """Run a rule if it is due; return what it added to the store, as N-Triples lines."""
        fresh = list({f"{triple} .": triple for triple in self._new(rule)}.items())
        lines = [line for line, _ in fresh]
        _load(self._store, lines)
        self.tell([triple for _, triple in fresh], rule.draws)
        return lines

    def tell(self, fresh: Sequence[Triple], drawn: Iterable[Facet] = (EVERYTHING,)) -> None:
        """Note for each rule that may look at new triples, none but of the facets ``drawn``, that it is due."""
        waiting = [rule for rule in self._rules if rule.text not in self._whole and rule.looks_at(drawn)]
        alone = [rule for rule in waiting if rule.text in self._news]
        for rule in alone:
            if any(_is_of(rule.schema(), triple) for triple in fresh):
                self._whole.add(rule.text)
            else:
                self._news[rule.text] += (f"{each} ." for each in fresh if _is_of({rule.alone}, each))
        if len(waiting) > len(alone):
            facets = _facets(self._store, fresh)
            self._whole |= {rule.text for rule in waiting if rule not in alone and rule.looks_at(facets)}

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
            if Quad(*triple, _UNION) not in self._store:
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


def _is_of(facets: Collection[Facet | None], triple: Triple) -> bool:
    """Whether a triple may be of some facets, whatever its subject is."""
    predicate = triple.predicate.value
    facet = (predicate, str(triple.object)[1:-1] if predicate == TYPE else "")
    return any(each and _meet(each, facet) for each in facets)


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
