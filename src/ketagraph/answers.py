"""A judgement in, plain values out for JSON: complete, stable, every name with its label.

The fields are a public contract: new ones may be added, none is renamed or dropped within a major
version. Lists are in the judge's own order, which is the same for the same evidence. Sentences are
addresses ``paragraph.sentence``; everything else that names something is an IRI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ketagraph.claims import (
    Effect,
    Evidence,
    Finding,
    Hop,
    Judgement,
    Path,
    Reading,
    Reason,
    Scope,
    Statement,
    Trial,
)

__all__ = [
    "ClaimAnswer",
    "ClinicalAnswer",
    "EffectAnswer",
    "EvidenceAnswer",
    "FindingAnswer",
    "HopAnswer",
    "JudgementAnswer",
    "MechanismAnswer",
    "MissingAnswer",
    "Named",
    "PathAnswer",
    "ReasonAnswer",
    "ScopeAnswer",
    "StatementAnswer",
    "TrialAnswer",
    "answer",
    "path_answer",
    "sentences",
]


@dataclass(frozen=True, slots=True)
class Named:
    """Something with an IRI, and what people call it."""

    iri: str
    label: str


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """The claim as it was understood; an empty qualifier was not asked for."""

    subject: Named
    relation: Named
    object: Named
    sign: int
    therapeutic: bool
    purpose: str
    outcome_kinds: list[str]
    via: Named | None
    dose_regime: Named | None
    route: Named | None
    species: Named | None
    outcome: Named | None
    comparator: str
    week: float | None


@dataclass(frozen=True, slots=True)
class ScopeAnswer:
    """Where an effect or statement is said to hold; an empty field is not restricted."""

    dose_regime: str
    route: str
    species: str
    site: str
    population: str
    via: list[str]


@dataclass(frozen=True, slots=True)
class EffectAnswer:
    """One way in which sources assert a hop."""

    subject: str
    relation: Named
    object: str
    certainty: str
    scope: ScopeAnswer
    claims: list[str]
    references: list[str]
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class HopAnswer:
    """One step: ``sign`` is 1, −1, 0 (changes nothing) or null (direction not said)."""

    subject: Named
    object: Named
    sign: int | None
    inherited: bool
    certainty: str
    contested_by: list[str]
    effects: list[EffectAnswer]


@dataclass(frozen=True, slots=True)
class PathAnswer:
    """A simple path; ``weakest`` is the index of its weakest hop."""

    sign: int | None
    agrees: bool | None
    inherited: bool
    weakest: int
    hops: list[HopAnswer]
    references: list[str]
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class MechanismAnswer:
    """What all paths say; ``cut``: the limit was reached and longer paths were not looked at."""

    kind: str
    agrees: bool | None
    cut: bool
    paths: list[PathAnswer]
    unsigned: list[PathAnswer]
    blocked: list[PathAnswer]
    out_of_scope_claims: list[str]


@dataclass(frozen=True, slots=True)
class FindingAnswer:
    """One outcome of one comparison, and what it does to the claim (``note`` says why it does not decide)."""

    id: str
    bearing: str
    note: str
    via_subclass: list[Named]
    outcome: Named
    outcome_kind: str
    verdict: str
    comparator: str
    purpose: str
    agents: list[Named]
    shared_agents: list[Named]
    conditions: list[Named]
    week: float | None
    timepoint_kind: str
    timepoint: str
    significance_stated: bool
    setting: dict[str, str]
    references: list[str]
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """One trial's word, and what it rests on."""

    trial: Named
    kind: str
    partial: bool
    active_only: bool
    instance: bool
    improved: list[str]
    unchanged: list[str]
    deciding: list[FindingAnswer]
    others: list[FindingAnswer]


@dataclass(frozen=True, slots=True)
class ClinicalAnswer:
    """What trials say, over all and per kind of comparator."""

    kind: str
    active_only: bool
    instances_only: bool
    by_comparator: dict[str, str]
    trials: list[TrialAnswer]
    noted: list[FindingAnswer]


@dataclass(frozen=True, slots=True)
class StatementAnswer:
    """A source's own word."""

    subject: Named
    relation: Named
    object: Named
    affirmed: bool
    certainty: str
    role: str
    scope: ScopeAnswer


@dataclass(frozen=True, slots=True)
class EvidenceAnswer:
    """One piece of evidence; ``statement`` is set for statements, findings and paths stand elsewhere by id."""

    kind: str
    id: str
    bearing: str
    note: str
    via_subclass: list[str]
    references: list[str]
    sentences: list[str]
    statement: StatementAnswer | None


@dataclass(frozen=True, slots=True)
class ReasonAnswer:
    """One step towards the verdict."""

    code: str
    text: str
    evidence: list[str]
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class MissingAnswer:
    """What would complete the picture."""

    code: str
    text: str
    names: list[Named]


@dataclass(frozen=True, slots=True)
class JudgementAnswer:
    """The whole answer to one claim; ``standing`` is the verdict as supported, opposed or undecided."""

    claim: ClaimAnswer
    verdict: str
    standing: str
    reasons: list[ReasonAnswer]
    mechanism: MechanismAnswer
    clinical: ClinicalAnswer
    support: list[EvidenceAnswer]
    against: list[EvidenceAnswer]
    noted: list[EvidenceAnswer]
    missing: list[MissingAnswer]


def answer(judgement: Judgement, labels: Mapping[str, str]) -> JudgementAnswer:
    """Return ``judgement`` as plain values; ``labels`` maps IRIs to words."""
    return _Answers(labels).judgement(judgement)


def path_answer(path: Path, labels: Mapping[str, str], *, sign: int | None = None) -> PathAnswer:
    """Return one path as plain values; ``sign`` is what it is compared with, if anything."""
    return _Answers(labels).path(path, sign)


def sentences(anchors: Iterable[str]) -> list[str]:
    """Addresses of anchors in the order of the text, each once."""
    found = {anchor.rsplit("-s", 1)[-1] for anchor in anchors}
    return sorted(found, key=lambda each: [int(part) if part.isdigit() else 0 for part in each.split(".")])


class _Answers:
    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def named(self, iri: str) -> Named:
        return Named(iri, self._labels.get(iri) or iri.rsplit("/", 1)[-1])

    def maybe(self, iri: str) -> Named | None:
        return self.named(iri) if iri else None

    def all(self, iris: Iterable[str]) -> list[Named]:
        return [self.named(iri) for iri in sorted(iris)]

    def judgement(self, judgement: Judgement) -> JudgementAnswer:
        return JudgementAnswer(
            self.claim(judgement),
            str(judgement.verdict),
            str(judgement.standing),
            [_reason(each) for each in judgement.reasons],
            self.mechanism(judgement),
            self.clinical(judgement),
            [self.evidence(each) for each in judgement.support],
            [self.evidence(each) for each in judgement.against],
            [self.evidence(each) for each in judgement.noted],
            [
                MissingAnswer(each.code, each.text, [self.named(name) for name in each.names])
                for each in judgement.missing
            ],
        )

    def claim(self, judgement: Judgement) -> ClaimAnswer:
        claim = judgement.claim
        return ClaimAnswer(
            self.named(claim.subject),
            self.named(claim.relation),
            self.named(claim.object),
            claim.sign or 0,
            claim.therapeutic,
            claim.purpose,
            list(claim.outcome_kinds),
            self.maybe(claim.via),
            self.maybe(claim.dose_regime),
            self.maybe(claim.route),
            self.maybe(claim.species),
            self.maybe(claim.outcome),
            claim.comparator,
            claim.timepoint_weeks,
        )

    def mechanism(self, judgement: Judgement) -> MechanismAnswer:
        found, sign = judgement.mechanism, judgement.claim.sign
        return MechanismAnswer(
            str(found.kind),
            found.agrees,
            found.cut,
            [self.path(path, sign) for path in found.paths],
            [self.path(path, None) for path in found.unsigned],
            [self.path(path, None) for path in found.blocked],
            list(found.outside),
        )

    def path(self, path: Path, sign: int | None) -> PathAnswer:
        return PathAnswer(
            path.sign,
            path.sign == sign if sign and path.sign else None,
            path.inherited,
            path.hops.index(path.weakest),
            [self.hop(hop) for hop in path.hops],
            list(path.references),
            sentences(path.anchors),
        )

    def hop(self, hop: Hop) -> HopAnswer:
        return HopAnswer(
            self.named(hop.subject),
            self.named(hop.object),
            hop.sign,
            hop.inherited,
            hop.certainty,
            list(hop.contested),
            [self.effect(each) for each in hop.effects],
        )

    def effect(self, effect: Effect) -> EffectAnswer:
        return EffectAnswer(
            effect.subject,
            self.named(effect.relation),
            effect.object,
            str(effect.certainty),
            _scope(effect.scope),
            list(effect.claims),
            list(effect.references),
            sentences(effect.anchors),
        )

    def clinical(self, judgement: Judgement) -> ClinicalAnswer:
        found = judgement.clinical
        return ClinicalAnswer(
            str(found.kind),
            found.active_only,
            found.instances_only,
            {str(comparator): str(kind) for comparator, kind in found.by_comparator},
            [self.trial(trial) for trial in found.trials],
            [self.reading(reading) for reading in found.noted],
        )

    def trial(self, trial: Trial) -> TrialAnswer:
        return TrialAnswer(
            self.named(trial.trial),
            str(trial.kind),
            trial.partial,
            trial.active_only,
            trial.instance,
            list(trial.improved),
            list(trial.unchanged),
            [self.reading(reading) for reading in trial.deciding],
            [self.reading(reading) for reading in trial.others],
        )

    def reading(self, reading: Reading) -> FindingAnswer:
        finding: Finding = reading.finding
        return FindingAnswer(
            finding.id,
            str(reading.bearing),
            str(reading.note),
            self.all(reading.via_subclass),
            self.named(finding.outcome),
            finding.outcome_kind,
            str(finding.verdict),
            str(finding.comparator_kind),
            finding.purpose,
            self.all(finding.drugs),
            self.all(finding.co_drugs),
            self.all(finding.conditions),
            finding.timepoint_weeks,
            finding.timepoint_kind,
            finding.timepoint_label,
            finding.significance_stated,
            dict(finding.setting),
            list(finding.references),
            sentences(finding.anchors),
        )

    def evidence(self, evidence: Evidence) -> EvidenceAnswer:
        source = evidence.source
        return EvidenceAnswer(
            str(evidence.kind),
            evidence.id,
            str(evidence.bearing),
            str(evidence.note),
            list(evidence.via_subclass),
            list(evidence.references),
            sentences(evidence.anchors),
            self.statement(source) if isinstance(source, Statement) else None,
        )

    def statement(self, source: Statement) -> StatementAnswer:
        return StatementAnswer(
            self.named(source.subject),
            self.named(source.relation),
            self.named(source.object),
            source.affirmed,
            str(source.certainty),
            source.role,
            _scope(source.scope),
        )


def _reason(reason: Reason) -> ReasonAnswer:
    return ReasonAnswer(str(reason.code), reason.text, list(reason.evidence), sentences(reason.anchors))


def _scope(scope: Scope) -> ScopeAnswer:
    return ScopeAnswer(
        scope.dose_regime, scope.route, scope.species, scope.site, scope.population, list(scope.via)
    )
