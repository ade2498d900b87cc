"""Mappings in, counts out: how many terms of each kind, and in which vocabulary, are covered; conflicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ketagraph.mappings.model import PREDICATES
from ketagraph.mappings.model import Mapping as Row
from ketagraph.vocabulary import Vocabulary

__all__ = ["Count", "conflicts", "coverage"]

_ROOT = "Concept"
_OTHERS = "other terms"


@dataclass(frozen=True, slots=True)
class Count:
    """How many terms are covered. ``by`` is ``kind``, ``vocabulary`` or ``all``.

    A term counts once: as ``exact``, else ``weaker``, else ``not_found`` where only failed look-ups are on
    record, else ``unmapped``. ``mappings`` counts the matches that hold.
    """

    by: str
    name: str
    mappings: int
    terms: int
    exact: int
    weaker: int
    not_found: int
    unmapped: int


def conflicts(mappings: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Return each identifier that two or more terms are said to be exactly, with those terms."""
    found: dict[str, set[str]] = defaultdict(set)
    for mapping in mappings:
        if mapping.asserted and mapping.predicate == PREDICATES[0]:
            found[mapping.object].add(mapping.subject)
    return {object_: tuple(sorted(terms)) for object_, terms in sorted(found.items()) if len(terms) > 1}


def coverage(mappings: Sequence[Row], vocabulary: Vocabulary) -> Iterator[Count]:
    """Yield one count per kind of concept, one per vocabulary, and one for all, in that order, by name."""
    kinds = _kinds(mappings, vocabulary)
    for kind, terms in sorted(kinds.items()):
        yield _count("kind", kind, [row for row in mappings if _name(row) in terms], terms)
    everything = frozenset().union(*kinds.values())
    for source in sorted({row.source for row in mappings}):
        yield _count("vocabulary", source, [row for row in mappings if row.source == source], everything)
    yield _count("all", "all", mappings, everything)


def _kinds(mappings: Iterable[Row], vocabulary: Vocabulary) -> Mapping[str, frozenset[str]]:
    """Kind → its terms: the classes just below the root with what is below them, and what else is mapped."""
    kinds = {name for name, above in vocabulary.parents.items() if _ROOT in above}
    found: dict[str, set[str]] = defaultdict(set)
    for term in vocabulary.parents:
        for kind in kinds & vocabulary.ancestors(term):
            found[kind].add(term)
    placed = {_ROOT}.union(*found.values())
    found[_OTHERS] = {_name(row) for row in mappings} - placed
    return {kind: frozenset(terms) for kind, terms in found.items() if terms}


def _count(by: str, name: str, rows: Sequence[Row], terms: frozenset[str]) -> Count:
    held = [row for row in rows if row.asserted]
    exact = {_name(row) for row in held if row.predicate == PREDICATES[0]}
    weaker = {_name(row) for row in held} - exact
    not_found = {_name(row) for row in rows if not row.found} - exact - weaker
    rest = len(terms) - len(exact) - len(weaker) - len(not_found)
    return Count(by, name, len(held), len(terms), len(exact), len(weaker), len(not_found), rest)


def _name(row: Row) -> str:
    return row.subject.partition(":")[2]
