"""Rules run where the data lie: CONSTRUCT queries in a store, until they add nothing.

A rule runs after those that draw what it looks at, and again only if something that it looks at was drawn
since: nothing else can change what it draws. Results go from the engine into the store, not by way of another
library, so that their number is bounded by the store alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pyoxigraph import DefaultGraph, NamedNode, Quad, QueryTriples, Store, Triple

from ketagraph.errors import EnvironmentFault, QueryRefused
from ketagraph.store.evaluation import solve
from ketagraph.store.patterns import EVERYTHING, TYPE, Facet, patterns
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

    @classmethod
    def of(cls, text: str) -> Rule:
        """Read a rule."""
        return cls(text, *patterns(text))

    def looks_at(self, facets: Iterable[Facet]) -> bool:
        """Whether triples of these facets may let it draw more."""
        return any(_meet(read, facet) for facet in facets for read in self.reads)

    def feeds(self, other: Rule) -> bool:
        """Whether ``other`` may look at what this rule draws."""
        return other.looks_at(self.draws)


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


def saturate(store: Store, rules: Sequence[Rule], *, into: str) -> list[str]:
    """Apply ``rules`` to the default graph until they add nothing; add what they draw to it and to ``into``.

    What stands in the default graph is not drawn again. Return the new statements as sorted N-Triples lines.

    Raises:
        EnvironmentFault: they still add triples after several rounds.
    """
    drawn: list[str] = []
    due = {rule.text for rule in rules}
    for rule in turns(rules):
        if rule.text in due:
            due.discard(rule.text)
            fresh = set(_new(store, rule))
            store.bulk_extend(
                _placed(triple, place) for triple in fresh for place in (NamedNode(into), _UNION)
            )
            drawn += (f"{triple} ." for triple in fresh)
            facets = _facets(store, fresh)
            due |= {each.text for each in rules if each.looks_at(facets)}
        if not due:
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


def _new(store: Store, rule: Rule) -> Iterator[Triple]:
    solved = solve(store, Query(rule.text))
    if not isinstance(solved, QueryTriples):
        raise QueryRefused("expected a CONSTRUCT query")
    return (triple for triple in solved if _placed(triple, _UNION) not in store)


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


def _placed(triple: Triple, graph: NamedNode | DefaultGraph) -> Quad:
    return Quad(triple.subject, triple.predicate, triple.object, graph)
