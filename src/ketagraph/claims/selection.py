"""More paths than can be told in, the surest of them out; and a path of a sign, where there is one.

How many paths there are grows with a power of how dense a graph is, so beyond some number they are neither
counted nor listed. Which way a mechanism points must not hang on which of them are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from ketagraph.claims.model import Sign
from ketagraph.claims.paths import Hop, Path

__all__ = ["Trail", "Walk", "chosen", "trails_of_sign"]

Trail = tuple[Hop, ...]

_TRIED = 200_000
"""Hops that are tried in search of one sign; some tenths of a second."""


class Walk(Protocol):
    """Where hops lead on the way to a target."""

    @property
    def target(self) -> str:
        """Where every trail ends."""

    @property
    def distance(self) -> Mapping[str, int]:
        """Fewest hops to the target, for every node that reaches it."""

    def moves(self, node: str) -> Trail:
        """List the hops that leave ``node`` towards the target."""


def chosen(paths: Sequence[Path], most: int) -> tuple[Path, ...]:
    """Keep ``most`` of them, in the order given: those with a sign first, and then the surest.

    One of each sign is kept whatever ``most`` is. How sure a path is, its weakest hop says.
    """
    ranked = sorted(range(len(paths)), key=lambda place: _rank(paths[place]), reverse=True)
    firsts: dict[Sign, int] = {}
    for place in ranked:
        firsts.setdefault(paths[place].sign, place)
    kept = list(dict.fromkeys([*firsts.values(), *ranked]))[: max(most, len(firsts))]
    return tuple(paths[place] for place in sorted(kept))


def _rank(path: Path) -> tuple[bool, tuple[int, int]]:
    return bool(path.sign), path.weakest.strength


def trails_of_sign(walk: Walk, source: str, hops: int, sign: int) -> Iterator[Trail]:
    """Yield simple trails of net ``sign``, shortest first, until too many hops were tried."""
    search = _Search(walk)
    for length in range(1, hops + 1):
        yield from search.trails(source, length, sign, frozenset([source]))


@dataclass(frozen=True, slots=True)
class _Search:
    """Trails with the sign that is left for them to have; where none can have it, nobody goes."""

    walk: Walk
    _leads: dict[tuple[str, int, int], bool] = field(default_factory=dict)
    _tried: Iterator[int] = field(default_factory=count)

    def trails(self, node: str, left: int, sign: int, seen: frozenset[str]) -> Iterator[Trail]:
        """Yield the trails of ``sign`` from a node to the target, of ``left`` hops at most."""
        for hop in self.walk.moves(node):
            if next(self._tried) > _TRIED or not hop.sign:
                continue
            if hop.object == self.walk.target:
                if left == 1 and hop.sign == sign:
                    yield (hop,)
            elif hop.object not in seen and self._leads_on(hop.object, left - 1, sign * hop.sign):
                for rest in self.trails(hop.object, left - 1, sign * hop.sign, seen | {hop.object}):
                    yield (hop, *rest)

    def _leads_on(self, node: str, left: int, sign: int) -> bool:
        """Whether a walk of ``left`` hops and of ``sign`` goes from ``node`` to the target."""
        if self.walk.distance[node] > left:
            return False
        key = node, left, sign
        if key not in self._leads:
            self._leads[key] = any(
                next(self._tried) <= _TRIED
                and hop.sign
                and (
                    left == 1 and hop.sign == sign
                    if hop.object == self.walk.target
                    else self._leads_on(hop.object, left - 1, sign * hop.sign)
                )
                for hop in self.walk.moves(node)
            )
        return self._leads[key]
