"""A chain of nodes in, each of its hops checked out: who says so, who denies it, and do the signs compose.

A hop is *stated* (a source says so of these two things), *inferred* (over other nodes, or from a wider
class), *contested*, *contradicted* (only the opposite is known) or *unsupported*. The chain is as good as
its worst hop, and its sign is the product of the signs found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from ketagraph.claims.judge import HOPS
from ketagraph.claims.judgement import Joint, Judgement, Standing
from ketagraph.claims.model import Claim, Scope, Sign
from ketagraph.claims.paths import product
from ketagraph.claims.standing import mechanistic

__all__ = ["Chain", "Judge", "Link", "LinkStanding", "Step", "check_chain"]


class LinkStanding(StrEnum):
    """What is known of one hop, best first."""

    STATED = "stated"
    INFERRED = "inferred"
    CONTESTED = "contested"
    CONTRADICTED = "contradicted"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Step:
    """One hop as claimed; without a ``sign`` it is asked for whatever sign is known."""

    subject: str
    object: str
    sign: Sign = None
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One hop as found: ``sign`` is the evidence's (None: not known, or both)."""

    step: Step
    standing: LinkStanding
    sign: Sign
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Chain:
    """The links in order; ``claimed`` is the sign that the whole was said to have, if any."""

    links: tuple[Link, ...]
    claimed: Sign

    @property
    def sign(self) -> Sign:
        """Product of the signs found; None where one is not known."""
        return product(link.sign for link in self.links)

    @property
    def composes(self) -> bool | None:
        """Whether the signs found multiply to the one claimed; None where either is not known."""
        return None if self.claimed is None or self.sign is None else self.sign == self.claimed

    @property
    def worst(self) -> LinkStanding:
        """The standing of the worst hop."""
        return max((link.standing for link in self.links), key=list(LinkStanding).index)

    @property
    def standing(self) -> Standing:
        """Supported: every hop holds and the signs compose; opposed: one does not; else undecided."""
        found = {link.standing for link in self.links}
        if found & {LinkStanding.CONTESTED, LinkStanding.CONTRADICTED} or self.composes is False:
            return Standing.OPPOSED
        return Standing.UNDECIDED if LinkStanding.UNSUPPORTED in found else Standing.SUPPORTED


class Judge(Protocol):
    """Whoever judges a claim over at most ``hops`` hops."""

    def judge(self, claim: Claim, *, hops: int) -> Judgement:
        """Judge one claim."""


@dataclass(frozen=True, slots=True)
class _Checker:
    body: Judge
    scope: Scope
    hops: int

    def link(self, step: Step) -> Link:
        """Judge a step: with its sign, or with the one that fares better where it has none."""
        signs: tuple[Sign, ...] = (step.sign,) if step.sign else (-1, 1)
        tried = [(sign, *self.verdict(step, sign)) for sign in signs]
        sign, verdict, judgement = min(tried, key=lambda each: _ORDER.index(_LINK[each[1]]))
        standing = _LINK[verdict]
        if not step.sign and standing is LinkStanding.CONTRADICTED:
            standing = LinkStanding.UNSUPPORTED
        both = len({each[1] for each in tried}) == 1 and len(tried) == 2
        known = None if both or standing is LinkStanding.UNSUPPORTED else sign
        return Link(step, standing, -sign if standing is _AGAINST and sign else known, judgement)

    def verdict(self, step: Step, sign: Sign) -> tuple[Joint, Judgement]:
        """Judge a step as a claim of one sign; return the joint verdict beside the whole judgement."""
        claim = Claim(
            step.subject,
            step.relation or "acts on",
            step.object,
            sign,
            purpose="",
            dose_regime=self.scope.dose_regime,
            route=self.scope.route,
            species=self.scope.species,
            therapeutic=False,
        )
        judgement = self.body.judge(claim, hops=self.hops)
        evidence = (*judgement.support, *judgement.against, *judgement.noted)
        clashing = judgement.because("consequence-denied") is not None
        verdict = mechanistic(claim, judgement.mechanism, evidence, clashing=clashing)
        return verdict, replace(judgement, verdict=verdict)


_AGAINST = LinkStanding.CONTRADICTED
_ORDER = list(LinkStanding)
_LINK = {
    Joint.STATED: LinkStanding.STATED,
    Joint.INFERRED: LinkStanding.INFERRED,
    Joint.CONTESTED: LinkStanding.CONTESTED,
    Joint.CONTRADICTED: LinkStanding.CONTRADICTED,
    Joint.UNTESTED: LinkStanding.UNSUPPORTED,
    Joint.UNKNOWN: LinkStanding.UNSUPPORTED,
}


def check_chain(
    body: Judge,
    steps: Sequence[Step],
    *,
    claimed: Sign = None,
    scope: Scope | None = None,
    hops: int = HOPS,
) -> Chain:
    """Check every step by itself, over at most ``hops`` hops; ``scope`` qualifies all of them alike."""
    checker = _Checker(body, scope or Scope(), hops)
    return Chain(tuple(checker.link(step) for step in steps), claimed)
