"""A target in, what its ligands tell of it out: do they share a result, is it necessary for a phenomenon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ketagraph.claims.clinical import ClinicalKind
from ketagraph.claims.judge import BodyOfEvidence
from ketagraph.claims.model import Claim, Effect, Sign, Statement, local
from ketagraph.claims.paths import union

__all__ = ["ClassEffect", "Member", "Necessity", "class_effect", "necessity"]

_WORKS = {ClinicalKind.SUPPORTS, ClinicalKind.TRANSIENT}


@dataclass(frozen=True, slots=True)
class Member:
    """One tested drug: whether it acts on the target, what its trials say, and why it counts as a ligand."""

    drug: str
    ligand: bool
    kind: str
    trials: tuple[str, ...]
    claims: tuple[str, ...]
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassEffect:
    """Whether drugs with one action on a target share their result in a condition.

    ``agreement``: ``shared-benefit``, ``shared-null``, ``split``, ``one-ligand`` or ``untested``. Drugs
    without the action are listed too: what works without it speaks against the class.
    """

    target: str
    condition: str
    sign: Sign
    agreement: str
    members: tuple[Member, ...]

    @property
    def ligands(self) -> tuple[Member, ...]:
        """The members that act on the target."""
        return tuple(each for each in self.members if each.ligand)


@dataclass(frozen=True, slots=True)
class Necessity:
    """What blocking a target does to a phenomenon.

    ``kind``: ``necessary`` (abolished without it), ``contributes`` (lessened), ``not-necessary``
    (persists, unchanged or stronger).
    """

    blocker: str
    target: str
    phenomenon: str
    kind: str
    species: tuple[str, ...]
    claims: tuple[str, ...]
    anchors: tuple[str, ...]


def class_effect(
    body: BodyOfEvidence,
    target: str,
    asked: Claim,
    *,
    sign: Sign = -1,
) -> ClassEffect:
    """Compare every drug that was tested in a condition by its action on ``target`` (−1: it blocks it).

    ``asked`` is the claim that each drug is judged by in place of its subject; its object is the condition.
    """
    tested = sorted(
        {
            drug
            for each in body.all_findings
            if body.hierarchy.any_is_a(each.conditions, asked.object)
            for drug in each.drugs
        }
    )
    members = tuple(_member(body, drug, target, asked, sign) for drug in tested)
    known = tuple(each for each in members if each.kind != ClinicalKind.UNTESTED)
    return ClassEffect(target, asked.object, sign, _agreement(known), known)


def _member(body: BodyOfEvidence, drug: str, target: str, asked: Claim, sign: Sign) -> Member:
    acting = _acting(body, drug, target, sign)
    clinical = body.judge(replace(asked, subject=drug)).clinical
    findings = [each.finding for trial in clinical.deciding for each in trial.deciding]
    return Member(
        drug,
        bool(acting),
        clinical.kind,
        tuple(trial.trial for trial in clinical.deciding),
        union(each.claims for each in acting),
        union([*(each.anchors for each in acting), *(each.anchors for each in findings)]),
    )


def _acting(body: BodyOfEvidence, drug: str, target: str, sign: Sign) -> list[Effect]:
    return [
        each
        for each in body.network.outgoing(drug)
        if each.sign == sign and body.hierarchy.is_a(each.object, target)
    ]


def _agreement(members: Iterable[Member]) -> str:
    kinds = [each.kind in _WORKS for each in members if each.ligand]
    if len(kinds) < 2:
        return "one-ligand" if kinds else "untested"
    if all(kinds):
        return "shared-benefit"
    return "split" if any(kinds) else "shared-null"


def necessity(
    body: BodyOfEvidence, targets: Iterable[str], *, abolishes: str = "abolishes"
) -> Iterator[Necessity]:
    """Yield what each selective blocker of one of ``targets`` does to what that target brings about, sorted.

    A blocker is selective if it acts on one of ``targets`` with sign −1 and on no other that is not a
    kind of it: what several targets have in common says nothing of one. ``abolishes`` is the local name
    of the relation that leaves nothing.
    """
    known = set(targets)
    blocks: dict[str, set[str]] = {}
    for each in body.effects:
        if each.object in known and not each.therapeutic and each.sign != 0:
            blocks.setdefault(each.subject, set()).add(each.object)
    rows = (
        row
        for blocker, hit in blocks.items()
        for target in hit
        if _selective(body, blocker, target, hit)
        for row in _tests(body, blocker, target, abolishes)
    )
    yield from sorted(rows, key=lambda row: (row.target, row.phenomenon, row.blocker))


def _selective(body: BodyOfEvidence, blocker: str, target: str, hit: set[str]) -> bool:
    signs = {each.sign for each in body.network.out.get(blocker, ()) if each.object == target}
    kin = (body.hierarchy.is_a(target, other) or body.hierarchy.is_a(other, target) for other in hit)
    return signs == {-1} and all(kin)


def _tests(body: BodyOfEvidence, blocker: str, target: str, abolishes: str) -> Iterator[Necessity]:
    effects = body.network.out.get(blocker, ())
    ends = {each.object for each in effects} | {each.object for each in _denials(body, blocker)}
    for phenomenon in sorted(ends - {target}):
        if _mediated(body, target, phenomenon):
            yield _test(body, blocker, target, phenomenon, abolishes)


def _denials(body: BodyOfEvidence, subject: str) -> list[Statement]:
    return [each for each in body.network.denials.get(subject, ()) if not each.therapeutic]


def _mediated(body: BodyOfEvidence, target: str, phenomenon: str) -> bool:
    """Whether the target is said, or denied, to bring the phenomenon or a kind of it about."""
    ends = {each.object for each in body.network.out.get(target, ())}
    ends |= {each.object for each in _denials(body, target)}
    return any(body.hierarchy.is_a(phenomenon, end) or body.hierarchy.is_a(end, phenomenon) for end in ends)


def _test(body: BodyOfEvidence, blocker: str, target: str, phenomenon: str, abolishes: str) -> Necessity:
    effects = [each for each in body.network.out.get(blocker, ()) if each.object == phenomenon]
    denied = [each for each in _denials(body, blocker) if each.object == phenomenon]
    species = {each.scope.species for each in effects} | {each.scope.species for each in denied}
    return Necessity(
        blocker,
        target,
        phenomenon,
        _consequence(effects, denied, abolishes),
        tuple(sorted(species - {""})),
        union([*(each.claims for each in effects), [each.claim for each in denied]]),
        union([*(each.anchors for each in effects), *(each.anchors for each in denied)]),
    )


def _consequence(effects: list[Effect], denied: list[Statement], abolishes: str) -> str:
    if any(local(each.relation) == abolishes and each.sign == -1 for each in effects):
        return "necessary"
    lessened = effects and not denied and all(each.sign == -1 for each in effects)
    return "contributes" if lessened else "not-necessary"
