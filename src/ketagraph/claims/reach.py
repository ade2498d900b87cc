"""Judgements in, where words reach further than evidence out: conclusions, recommendations, weakest links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from ketagraph.claims.clinical import ClinicalKind
from ketagraph.claims.judge import BodyOfEvidence
from ketagraph.claims.judgement import Judgement
from ketagraph.claims.model import Claim, Statement, is_human
from ketagraph.claims.paths import Hop, union

__all__ = ["Overreach", "WeakLink", "overreaches", "weak_links"]

_SPEAKING = ("interpretation", "recommendation")


@dataclass(frozen=True, slots=True)
class Overreach:
    """A conclusion or recommendation that says more than the trials of its own drug and condition.

    ``excess`` says how: ``untested``, ``null``, ``null-vs-active``, ``mixed``, ``harms``, ``transient``
    (as the trials are); ``wider-condition`` (they studied only kinds of it); ``wider-population`` (only
    people whom other treatment had failed); ``outcome-unchanged`` (another outcome did not improve);
    ``one-trial``. ``denies`` is True where the source denies a benefit that trials show.
    """

    claim: str
    role: str
    certainty: str
    subject: str
    relation: str
    object: str
    denies: bool
    trials: tuple[str, ...]
    verdict: str
    excess: tuple[str, ...]
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeakLink:
    """A hop on which paths rest as their weakest: how sure, in which species, and how much hangs on it.

    ``judgements`` counts the claims that have such a path, ``decisive`` those that have no other.
    """

    subject: str
    object: str
    sign: int | None
    certainty: str
    animal_only: bool
    judgements: int
    decisive: int
    claims: tuple[str, ...]
    anchors: tuple[str, ...]


def overreaches(body: BodyOfEvidence, asked: Callable[[Statement], Claim]) -> Iterator[Overreach]:
    """Yield the interpretations and recommendations of the sources that their trials do not bear out.

    ``asked`` makes the claim that a statement amounts to. Where no trial of its purpose decides, trials
    of any purpose may.
    """
    for said in body.statements:
        if said.sign and said.therapeutic and any(word in said.role for word in _SPEAKING):
            judgement = body.judge(asked(said))
            if not judgement.clinical.deciding:
                judgement = body.judge(replace(judgement.claim, purpose=""))
            excess = tuple(_excess(said, judgement) if said.affirmed else _denial(judgement))
            if excess:
                yield _overreach(said, judgement, excess)


def _overreach(said: Statement, judgement: Judgement, excess: tuple[str, ...]) -> Overreach:
    return Overreach(
        said.claim,
        said.role,
        str(said.certainty),
        said.subject,
        said.relation,
        said.object,
        not said.affirmed,
        tuple(trial.trial for trial in judgement.clinical.deciding),
        str(judgement.verdict),
        excess,
        said.anchors,
    )


def _excess(said: Statement, judgement: Judgement) -> Iterator[str]:
    clinical = judgement.clinical
    if clinical.kind is not ClinicalKind.SUPPORTS:
        yield "null-vs-active" if clinical.active_only else str(clinical.kind)
    if clinical.instances_only:
        yield "wider-condition"
    backing = [trial for trial in clinical.deciding if trial.kind is ClinicalKind.SUPPORTS]
    findings = [each.finding for trial in backing for each in trial.deciding]
    if findings and all(each.refractory for each in findings) and not said.scope.population:
        yield "wider-population"
    if any(trial.dissociated for trial in backing):
        yield "outcome-unchanged"
    if len(backing) == 1:
        yield "one-trial"


def _denial(judgement: Judgement) -> Iterator[str]:
    """Yield how a denial overreaches: trials show the benefit, or only failed to beat an active drug."""
    clinical = judgement.clinical
    if clinical.kind in {ClinicalKind.SUPPORTS, ClinicalKind.TRANSIENT, ClinicalKind.MIXED}:
        yield str(clinical.kind)
    elif clinical.active_only:
        yield "null-vs-active"
    elif not clinical.deciding:
        yield "untested"


def weak_links(judged: Iterable[Judgement]) -> Iterator[WeakLink]:
    """Yield the hops that are the weakest of some signed path, the weakest and most used first."""
    found: dict[tuple[str, str, int | None], _Use] = {}
    for judgement in judged:
        weakest = {_key(path.weakest): path.weakest for path in judgement.mechanism.paths}
        for key, hop in weakest.items():
            use = found.setdefault(key, _Use(hop))
            use.judgements += 1
            use.decisive += len(weakest) == 1
    yield from (_link(use) for use in sorted(found.values(), key=_rank))


@dataclass(slots=True)
class _Use:
    hop: Hop
    judgements: int = 0
    decisive: int = 0


def _key(hop: Hop) -> tuple[str, str, int | None]:
    """Identify a hop by what sources say, so that inheriting conditions count for one link."""
    first = hop.effects[0]
    return first.subject, first.object, hop.sign


def _rank(use: _Use) -> tuple[tuple[int, int], int, str, str]:
    return use.hop.strength, -use.judgements, use.hop.subject, use.hop.object


def _link(use: _Use) -> WeakLink:
    first = use.hop.effects[0]
    species = [each.scope.species for each in use.hop.effects]
    return WeakLink(
        first.subject,
        first.object,
        use.hop.sign,
        str(use.hop.certainty),
        all(species) and not any(map(is_human, species)),
        use.judgements,
        use.decisive,
        use.hop.claims,
        union(each.anchors for each in use.hop.effects),
    )
