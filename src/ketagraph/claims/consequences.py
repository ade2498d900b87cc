"""A claimed effect and what is known in, what that effect would entail and known effects deny, out.

If S does s to O, and O does t to X, then S should do s × t to X. Where S is stated to do the opposite to X,
the three cannot all hold by that route alone. One step is looked at, and only effects that hold
wherever the claim is asked for: what is said of one dose does not speak against a claim for any dose, and
what states no dose not against one that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ketagraph.claims.hierarchy import Hierarchy
from ketagraph.claims.mechanism import holds_throughout, states
from ketagraph.claims.model import Claim, Effect
from ketagraph.claims.network import Network
from ketagraph.claims.paths import product, union

__all__ = ["Clash", "clashes"]


@dataclass(frozen=True, slots=True)
class Clash:
    """What ``onward`` (object to X) and the claim entail for X, ``known`` (subject to X) says otherwise."""

    onward: Effect
    known: Effect

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims that clash with the one asked for, sorted."""
        return union((self.onward.claims, self.known.claims))


def clashes(claim: Claim, network: Network) -> Iterator[Clash]:
    """Yield what speaks against ``claim`` one step downstream, in order of the effects."""
    direct = list(_weighing(claim, _throughout(claim, network.outgoing(claim.subject), network.hierarchy)))
    for onward in _throughout(claim, network.outgoing(claim.object), network.hierarchy):
        entailed = product((claim.sign, onward.sign))
        for known in direct:
            if _opposed(entailed, known.sign) and _same(known, onward, claim, network.hierarchy):
                yield Clash(onward, known)


def _throughout(claim: Claim, effects: Iterable[Effect], hierarchy: Hierarchy) -> Iterator[Effect]:
    return (each for each in effects if each.sign and holds_throughout(each.scope, claim, hierarchy))


def _weighing(claim: Claim, direct: Iterable[Effect]) -> Iterator[Effect]:
    """Yield the effects that can deny: where the claim is stated for the scope asked for, so must they be."""
    known = list(direct)
    said = (each for each in known if each.object == claim.object and each.sign == claim.sign)
    exact = any(states(each.scope, claim) for each in said)
    return (each for each in known if not exact or states(each.scope, claim))


def _opposed(entailed: int | None, known: int | None) -> bool:
    return bool(entailed and known) and entailed != known


def _same(known: Effect, onward: Effect, claim: Claim, hierarchy: Hierarchy) -> bool:
    """Whether both effects end at one node, or one at a class of the other, that is not the claim's own."""
    if {known.object, onward.object} & {claim.subject, claim.object}:
        return False
    return hierarchy.is_a(known.object, onward.object) or hierarchy.is_a(onward.object, known.object)
