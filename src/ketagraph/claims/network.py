"""Signed effects in, all simple signed paths between two names out.

A node may use the edges of its ancestors, and an edge that ends at an ancestor of the target ends at the
target: what is said of a class reaches its subclasses, and the hop is marked *inherited*. Nothing climbs
from a subclass to its parent. Parallel edges of one sign are one hop that several effects assert, so a
path is a sequence of nodes and signs. Paths come shortest first, then by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from math import inf

from ketagraph.claims.hierarchy import Hierarchy
from ketagraph.claims.model import Effect, Sign, Statement, sign_key
from ketagraph.claims.paths import Hop, Path, merge, product, union
from ketagraph.claims.selection import chosen, trails_of_sign

__all__ = ["Network", "Search", "between", "search"]

_LOOKED = 10
"""How many times as many paths are looked at as are kept."""


@dataclass(frozen=True, slots=True)
class Network:
    """Mechanism effects by subject, the subjects by object, and denials by subject."""

    hierarchy: Hierarchy
    out: Mapping[str, tuple[Effect, ...]]
    into: Mapping[str, tuple[str, ...]]
    denials: Mapping[str, tuple[Statement, ...]]

    @classmethod
    def of(cls, effects: Iterable[Effect], statements: Iterable[Statement], hierarchy: Hierarchy) -> Network:
        """Index ``effects``, leaving out the therapeutic ones and merging duplicates."""
        out: dict[str, list[Effect]] = {}
        into: dict[str, set[str]] = {}
        denials: dict[str, list[Statement]] = {}
        for effect in merge(each for each in effects if not each.therapeutic):
            out.setdefault(effect.subject, []).append(effect)
            into.setdefault(effect.object, set()).add(effect.subject)
        for statement in statements:
            if not statement.affirmed and statement.sign:
                denials.setdefault(statement.subject, []).append(statement)
        return cls(
            hierarchy,
            {name: tuple(group) for name, group in out.items()},
            {name: tuple(sorted(group)) for name, group in into.items()},
            {name: tuple(group) for name, group in denials.items()},
        )

    def outgoing(self, node: str) -> Iterator[Effect]:
        """Yield the effects of ``node``, then those of its ancestors."""
        for name in (node, *sorted(self.hierarchy.ancestors(node))):
            yield from self.out.get(name, ())

    def goals(self, target: str) -> frozenset[str]:
        """List the objects at which an edge reaches ``target``."""
        return self.hierarchy.ancestors(target) | {target}

    def distances(self, target: str, hops: float = inf) -> dict[str, int]:
        """Fewest hops to ``target`` for every node that reaches it within ``hops``, signs aside."""
        goals = self.goals(target)
        distance, frontier, step = {target: 0}, set(goals), 0
        while frontier and step < hops:
            step += 1
            subjects = {name for each in frontier for name in self.into.get(each, ())}
            frontier = {heir for name in subjects for heir in (name, *self.hierarchy.descendants(name))}
            frontier -= distance.keys() | goals
            distance |= dict.fromkeys(frontier, step)
        return distance

    def denied(self, subject: str, obj: str, sign: Sign) -> Iterator[str]:
        """Yield the claims that deny ``subject``, or a class of it, that effect on ``obj``."""
        for name in (subject, *self.hierarchy.ancestors(subject)):
            for statement in self.denials.get(name, ()):
                if statement.sign == sign and self.hierarchy.is_a(obj, statement.object):
                    yield statement.claim


def between(network: Network, source: str, target: str, hops: int) -> frozenset[tuple[str, str]]:
    """Return subject and object of every effect that a walk of at most ``hops`` hops can pass.

    Without any other effect, :func:`search` finds what it finds with all.
    """
    goals, left = network.goals(target), network.distances(target, hops)
    kept: set[tuple[str, str]] = set()
    passed, frontier = set[str](), {source}
    for step in range(1, hops + 1):
        reached: set[str] = set()
        for effect in chain.from_iterable(map(network.outgoing, frontier)):
            end = target if effect.object in goals else effect.object
            if step + left.get(end, hops) <= hops:
                kept.add((effect.subject, effect.object))
                reached.add(end)
        passed |= frontier
        frontier = reached - passed - {target}
    return frozenset(kept)


@dataclass(frozen=True, slots=True)
class Search:
    """Paths found, and whether there are more than the limit, which ``cut`` the list short."""

    paths: tuple[Path, ...]
    cut: bool


def search(network: Network, source: str, target: str, *, hops: int, limit: int, via: str = "") -> Search:
    """Find all simple signed paths of 1 to ``hops`` hops, through ``via`` if given.

    Where there are more than ``limit``, the surest of the first ten times as many are kept, those with a
    sign before others; and of either sign that none of these has, a path is searched for.
    """
    if source == target:
        return Search((), cut=False)
    walk = _Walk(network, target, network.goals(target), network.distances(target, hops))
    trails = chain.from_iterable(walk.trails(source, length, {source}) for length in range(1, hops + 1))
    looked = _LOOKED * limit
    first = tuple(islice(trails, looked + 1))
    found = tuple(_ways(network, first[:looked], via))
    cut = len(first) > looked
    if not cut and len(found) <= limit:
        return Search(found, cut=False)
    lacking = [sign for sign in (1, -1) if cut and all(path.sign != sign for path in found)]
    others = (trails_of_sign(walk, source, hops, sign) for sign in lacking)
    extra = (path for each in others for path in islice(_ways(network, each, via), 1))
    return Search(chosen([*found, *extra], limit), cut=True)


def _ways(network: Network, trails: Iterable[tuple[Hop, ...]], via: str) -> Iterator[Path]:
    """Yield the trails as paths, only those through ``via`` if it is given."""
    for trail in trails:
        path = Path(trail, product(hop.sign for hop in trail))
        if way := path.through(via, network.hierarchy) if via else path:
            yield way


@dataclass(frozen=True, slots=True)
class _Walk:
    """One search: the target, and what each node can reach, computed once per node."""

    network: Network
    target: str
    goals: frozenset[str]
    distance: Mapping[str, int]
    _moves: dict[str, tuple[Hop, ...]] = field(default_factory=dict)

    def trails(self, node: str, left: int, seen: set[str]) -> Iterator[tuple[Hop, ...]]:
        """Yield every simple trail of exactly ``left`` hops from ``node`` to the target."""
        for hop in self.moves(node):
            if hop.object == self.target:
                if left == 1:
                    yield (hop,)
            elif hop.object not in seen and self.distance[hop.object] < left:
                for rest in self.trails(hop.object, left - 1, seen | {hop.object}):
                    yield (hop, *rest)

    def moves(self, node: str) -> tuple[Hop, ...]:
        """List the hops that leave ``node`` towards the target, sorted by object and sign."""
        if node not in self._moves:
            self._moves[node] = tuple(self._hops(node))
        return self._moves[node]

    def _hops(self, node: str) -> Iterator[Hop]:
        ends: dict[str, dict[Sign, list[Effect]]] = {}
        for effect in self.network.outgoing(node):
            end = self.target if effect.object in self.goals else effect.object
            if end in self.distance:
                ends.setdefault(end, {}).setdefault(effect.sign, []).append(effect)
        for end, by_sign in sorted(ends.items()):
            for sign in sorted(by_sign, key=sign_key):
                yield self._hop(node, end, sign, by_sign)

    def _hop(self, node: str, end: str, sign: Sign, by_sign: Mapping[Sign, list[Effect]]) -> Hop:
        effects = sorted(by_sign[sign], key=lambda each: (each.subject, each.object) != (node, end))
        inherited = (effects[0].subject, effects[0].object) != (node, end)
        return Hop(node, end, sign, inherited, tuple(effects), self._contested(node, end, sign, by_sign))

    def _contested(
        self, node: str, end: str, sign: Sign, by_sign: Mapping[Sign, list[Effect]]
    ) -> tuple[str, ...]:
        if not sign:
            return ()
        contrary = (effect.claims for other in (0, -sign) for effect in by_sign.get(other, ()))
        return union([*contrary, tuple(self.network.denied(node, end, sign))])
