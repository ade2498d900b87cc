"""Signed effects in, hops and paths out: what a path says, who says it, and how weak it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain, groupby
from math import prod

from ketagraph.claims.hierarchy import Hierarchy
from ketagraph.claims.model import Certainty, Effect, Sign, is_human, sign_key

__all__ = ["Hop", "Path", "merge", "product", "union"]

_CERTAINTY = {name: rank for rank, name in enumerate(reversed(Certainty))}
_SYMBOL = {1: "+", -1: "−", 0: "0", None: "?"}


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path; ``effects`` are what asserts it, those about the very nodes first.

    ``contested`` are claims about the same two nodes that say the opposite, no change, or no.
    """

    subject: str
    object: str
    sign: Sign
    inherited: bool
    effects: tuple[Effect, ...]
    contested: tuple[str, ...] = ()

    @property
    def strength(self) -> tuple[int, int]:
        """Certainty, then species (animal, not stated, human), of the hop's best effect; more is stronger."""
        return max(map(_strength, self.effects))

    @property
    def certainty(self) -> Certainty:
        """The surest wording in which a source asserts the hop."""
        return max((effect.certainty for effect in self.effects), key=_CERTAINTY.__getitem__)

    def through(self, name: str, hierarchy: Hierarchy) -> Hop:
        """Return the hop with only the effects that are said to run through ``name``, or all if none is."""
        said = tuple(each for each in self.effects if hierarchy.any_is_a(each.scope.via, name))
        return replace(self, effects=said) if said else self

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims that assert the hop, sorted."""
        return union(effect.claims for effect in self.effects)


@dataclass(frozen=True, slots=True)
class Path:
    """Hops from the claim's subject to its object; no node occurs twice.

    ``sign`` is the product of the hops' signs: 0 where a hop is known not to pass anything on
    (blocked), None where one is unsigned.
    """

    hops: tuple[Hop, ...]
    sign: Sign

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every node in order."""
        return (self.hops[0].subject, *(hop.object for hop in self.hops))

    @property
    def id(self) -> str:
        """Nodes and signs as one line: ``Ketamine −NMDAReceptor +Fibromyalgia``."""
        return " ".join([self.hops[0].subject, *(_SYMBOL[hop.sign] + hop.object for hop in self.hops)])

    @property
    def weakest(self) -> Hop:
        """The first of the least certain hops."""
        return min(self.hops, key=lambda hop: hop.strength)

    @property
    def inherited(self) -> bool:
        """Whether a hop rests only on what is said of a wider class."""
        return any(hop.inherited for hop in self.hops)

    @property
    def claims(self) -> tuple[str, ...]:
        """All claims that assert a hop, sorted."""
        return union(hop.claims for hop in self.hops)

    @property
    def references(self) -> tuple[str, ...]:
        """All references of the hops, sorted."""
        return union(effect.references for hop in self.hops for effect in hop.effects)

    @property
    def sources(self) -> tuple[str, ...]:
        """All sources that assert a hop, sorted."""
        return union(effect.sources for hop in self.hops for effect in hop.effects)

    @property
    def anchors(self) -> tuple[str, ...]:
        """All anchors of the hops, sorted."""
        return union(effect.anchors for hop in self.hops for effect in hop.effects)

    def through(self, name: str, hierarchy: Hierarchy) -> Path | None:
        """Return the path if it goes through ``name`` or a kind of it, by its nodes or by what effects say.

        Where only effects say so, the others of their hop are left out: they run some other way.
        """
        if hierarchy.any_is_a(self.nodes[1:-1], name):
            return self
        hops = tuple(hop.through(name, hierarchy) for hop in self.hops)
        return Path(hops, self.sign) if hops != self.hops or _all_through(hops, name, hierarchy) else None


def _all_through(hops: Iterable[Hop], name: str, hierarchy: Hierarchy) -> bool:
    """Whether some hop rests wholly on effects that run through ``name``."""
    return any(all(hierarchy.any_is_a(each.scope.via, name) for each in hop.effects) for hop in hops)


def merge(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """Make one effect of those that differ only in who says so, keeping the surest wording; sorted."""
    return tuple(_merged(list(group)) for _, group in groupby(sorted(effects, key=_order), key=_order))


def _merged(group: list[Effect]) -> Effect:
    first = group[0]
    return Effect(
        first.subject,
        first.relation,
        first.object,
        first.sign,
        union(each.claims for each in group),
        max((each.certainty for each in group), key=_CERTAINTY.__getitem__),
        union(each.references for each in group),
        union(each.anchors for each in group),
        first.scope,
        first.therapeutic,
        first.purpose,
        union(each.sources for each in group),
    )


def _order(effect: Effect) -> tuple[str, str, str, int, object, bool, str]:
    return (
        effect.subject,
        effect.object,
        effect.relation,
        sign_key(effect.sign),
        effect.scope,
        effect.therapeutic,
        effect.purpose,
    )


def _strength(effect: Effect) -> tuple[int, int]:
    species = effect.scope.species
    return _CERTAINTY[effect.certainty], 2 if is_human(species) else int(not species)


def union(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """All members of ``groups``, sorted, without repeats."""
    return tuple(sorted(set(chain.from_iterable(groups))))


def product(signs: Iterable[Sign]) -> Sign:
    """Multiply signs: 0 if one is 0, else None if one is unsigned."""
    known = list(signs)
    if 0 in known:
        return 0
    numbers = [sign for sign in known if sign is not None]
    if len(numbers) < len(known):
        return None
    return 1 if prod(numbers) > 0 else -1
