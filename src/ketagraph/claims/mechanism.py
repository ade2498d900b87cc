"""Paths in, one word on the mechanism out: which way it points, or why nothing can be said.

Every simple signed path counts alike; where two disagree there is no vote, the mechanism is
*conflicting*. Under a qualifier an effect holds if its own scope is as wide or unstated, and one that
states the scope asked for overrules an unstated one of another sign between the same two nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ketagraph.claims.hierarchy import Hierarchy
from ketagraph.claims.model import Claim, Effect, Scope
from ketagraph.claims.network import Network, Search, search
from ketagraph.claims.paths import Path, union

__all__ = ["Mechanism", "MechanismKind", "explore", "fits", "holds_throughout", "states", "within_scope"]


class MechanismKind(StrEnum):
    """What all paths together say."""

    POSITIVE = "determinate+"
    NEGATIVE = "determinate-"
    CONFLICTING = "conflicting"
    UNSIGNED = "unsigned"
    NO_PATH = "no-path"


_QUALIFIERS = ("dose_regime", "route", "species")
_KINDS = {
    frozenset({1}): MechanismKind.POSITIVE,
    frozenset({-1}): MechanismKind.NEGATIVE,
    frozenset({-1, 1}): MechanismKind.CONFLICTING,
}


@dataclass(frozen=True, slots=True)
class Mechanism:
    """The signed ``paths``, those with an ``unsigned`` hop, and those ``blocked`` by a hop of sign 0.

    ``agrees`` is None where the mechanism abstains. ``outside`` are claims on paths that only hold
    outside the scope asked for. ``cut`` says that there are more paths than these.
    """

    kind: MechanismKind
    agrees: bool | None
    paths: tuple[Path, ...]
    unsigned: tuple[Path, ...]
    blocked: tuple[Path, ...]
    outside: tuple[str, ...]
    cut: bool

    @property
    def strongest(self) -> Path | None:
        """The signed path whose weakest hop is strongest; the shortest of several."""
        return max(self.paths, key=lambda path: path.weakest.strength, default=None)


def explore(claim: Claim, network: Network, scoped: Network, *, hops: int, limit: int) -> Mechanism:
    """Search ``scoped`` for paths; ``network`` is the same without the claim's qualifiers."""
    found = _search(claim, scoped, hops, limit)
    signed = tuple(path for path in found.paths if path.sign)
    kind = _kind(signed, found.paths)
    wider = _search(claim, network, hops, limit) if claim.scoped else found
    outside = set(union(path.claims for path in wider.paths)) - set(
        union(path.claims for path in found.paths)
    )
    return Mechanism(
        kind,
        _agrees(kind, claim),
        signed,
        tuple(path for path in found.paths if path.sign is None),
        tuple(path for path in found.paths if path.sign == 0),
        tuple(sorted(outside)),
        found.cut,
    )


def _search(claim: Claim, network: Network, hops: int, limit: int) -> Search:
    return search(network, claim.subject, claim.object, hops=hops, limit=limit, via=claim.via)


def _kind(signed: Iterable[Path], paths: Iterable[Path]) -> MechanismKind:
    if signs := frozenset(path.sign for path in signed if path.sign):
        return _KINDS[signs]
    unsigned = any(path.sign is None for path in paths)
    return MechanismKind.UNSIGNED if unsigned else MechanismKind.NO_PATH


def _agrees(kind: MechanismKind, claim: Claim) -> bool | None:
    sign = {MechanismKind.POSITIVE: 1, MechanismKind.NEGATIVE: -1}.get(kind)
    return None if sign is None else sign == claim.sign


def within_scope(effects: Iterable[Effect], claim: Claim, hierarchy: Hierarchy) -> Iterator[Effect]:
    """Yield the effects that hold under the claim's dose regime, route and species."""
    fitting = [effect for effect in effects if fits(effect.scope, claim, hierarchy)]
    exact = {(each.subject, each.object): set[object]() for each in fitting}
    for each in fitting:
        if states(each.scope, claim):
            exact[each.subject, each.object].add(each.sign)
    for each in fitting:
        signs = exact[each.subject, each.object]
        if not signs or each.sign in signs:
            yield each


def _pairs(scope: Scope, claim: Claim) -> Iterator[tuple[str, str]]:
    """Yield (stated, asked) for every qualifier that the claim has."""
    for name in _QUALIFIERS:
        if asked := getattr(claim, name):
            yield getattr(scope, name), asked


def fits(scope: Scope, claim: Claim, hierarchy: Hierarchy) -> bool:
    """Whether what holds in ``scope`` holds under the claim's qualifiers: as wide, or not restricted."""
    return all(not stated or hierarchy.is_a(asked, stated) for stated, asked in _pairs(scope, claim))


def holds_throughout(scope: Scope, claim: Claim, hierarchy: Hierarchy) -> bool:
    """Whether what holds in ``scope`` holds wherever the claim is asked for; unqualified is everywhere."""
    stated = ((getattr(scope, name), getattr(claim, name)) for name in _QUALIFIERS)
    return all(not said or (bool(asked) and hierarchy.is_a(asked, said)) for said, asked in stated)


def states(scope: Scope, claim: Claim) -> bool:
    """Whether ``scope`` itself names one of the qualifiers asked for."""
    return any(stated for stated, _ in _pairs(scope, claim))
