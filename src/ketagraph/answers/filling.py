"""Judgements and their parts in, the plain values of :mod:`.forms` out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ketagraph.answers.forms import (
    ChainAnswer,
    ClaimAnswer,
    ClinicalAnswer,
    EffectAnswer,
    EvidenceAnswer,
    FindingAnswer,
    HopAnswer,
    JudgementAnswer,
    LinkAnswer,
    MechanismAnswer,
    MissingAnswer,
    Named,
    PathAnswer,
    ReasonAnswer,
    ScopeAnswer,
    StatementAnswer,
    TrialAnswer,
)
from ketagraph.claims import (
    Chain,
    Effect,
    Evidence,
    Finding,
    Hop,
    Judgement,
    Link,
    Path,
    Reading,
    Reason,
    Scope,
    Statement,
    Trial,
)

__all__ = ["Filling", "answer", "chain_answer", "sentences"]


def answer(judgement: Judgement, labels: Mapping[str, str]) -> JudgementAnswer:
    """Return ``judgement`` as plain values; ``labels`` maps IRIs to words."""
    return Filling(labels).judgement(judgement)


def chain_answer(chain: Chain, labels: Mapping[str, str]) -> ChainAnswer:
    """Return a checked chain as plain values."""
    filling = Filling(labels)
    return ChainAnswer(
        str(chain.standing),
        str(chain.worst),
        chain.claimed,
        chain.sign,
        chain.composes,
        [filling.link(link) for link in chain.links],
    )


def sentences(anchors: Iterable[str], labels: Mapping[str, str]) -> list[str]:
    """Addresses of anchors by source and in the order of the text, each once; ``labels`` holds them."""
    found = {labels.get(anchor) or anchor.rsplit("-s", 1)[-1] for anchor in anchors}
    return sorted(found, key=_place)


def _place(address: str) -> tuple[str, list[int]]:
    mark, _, numbers = address.rpartition(":")
    return mark, [int(part) if part.isdigit() else 0 for part in numbers.split(".")]


class Filling:
    """Judgements and their parts as plain values; ``labels`` maps IRIs to words."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def named(self, iri: str) -> Named:
        """Name an IRI with its label."""
        return Named(iri, self._labels.get(iri) or iri.rsplit("/", 1)[-1])

    def maybe(self, iri: str) -> Named | None:
        """Name an IRI, or None for an empty one."""
        return self.named(iri) if iri else None

    def all(self, iris: Iterable[str]) -> list[Named]:
        """Name several IRIs, sorted."""
        return [self.named(iri) for iri in sorted(iris)]

    def judgement(self, judgement: Judgement) -> JudgementAnswer:
        """Fill the whole answer."""
        return JudgementAnswer(
            self.claim(judgement),
            str(judgement.verdict),
            str(judgement.standing),
            [self.reason(each) for each in judgement.reasons],
            self.mechanism(judgement),
            self.clinical(judgement),
            [self.evidence(each) for each in judgement.support],
            [self.evidence(each) for each in judgement.against],
            [self.evidence(each) for each in judgement.noted],
            [
                MissingAnswer(each.code, each.text, [self.named(name) for name in each.names])
                for each in judgement.missing
            ],
            list(judgement.sources),
        )

    def link(self, link: Link) -> LinkAnswer:
        """Fill one hop of a chain."""
        return LinkAnswer(
            self.named(link.step.subject),
            self.named(link.step.object),
            self.maybe(link.step.relation),
            link.step.sign,
            link.sign,
            str(link.standing),
            self.judgement(link.judgement),
        )

    def claim(self, judgement: Judgement) -> ClaimAnswer:
        """Fill the claim as it was understood."""
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
        """Fill the paths and what they say together."""
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
        """Fill one path; ``sign`` is what it is compared with, if anything."""
        return PathAnswer(
            path.sign,
            path.sign == sign if sign and path.sign else None,
            path.inherited,
            path.hops.index(path.weakest),
            [self.hop(hop) for hop in path.hops],
            list(path.references),
            sentences(path.anchors, self._labels),
        )

    def hop(self, hop: Hop) -> HopAnswer:
        """Fill one step."""
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
        """Fill one way in which sources assert a step."""
        return EffectAnswer(
            effect.subject,
            self.named(effect.relation),
            effect.object,
            str(effect.certainty),
            _scope(effect.scope),
            list(effect.claims),
            list(effect.references),
            sentences(effect.anchors, self._labels),
            list(effect.sources),
        )

    def clinical(self, judgement: Judgement) -> ClinicalAnswer:
        """Fill what trials say."""
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
        """Fill one trial."""
        return TrialAnswer(
            self.named(trial.trial),
            self.all(trial.records),
            str(trial.kind),
            trial.partial,
            trial.active_only,
            trial.instance,
            list(trial.improved),
            list(trial.unchanged),
            [list(pair) for pair in trial.disputed],
            [self.reading(reading) for reading in trial.deciding],
            [self.reading(reading) for reading in trial.others],
        )

    def reading(self, reading: Reading) -> FindingAnswer:
        """Fill one finding as the claim sees it."""
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
            sentences(finding.anchors, self._labels),
            finding.source,
        )

    def evidence(self, evidence: Evidence) -> EvidenceAnswer:
        """Fill one piece of evidence."""
        source = evidence.source
        return EvidenceAnswer(
            str(evidence.kind),
            evidence.id,
            str(evidence.bearing),
            str(evidence.note),
            list(evidence.via_subclass),
            list(evidence.references),
            sentences(evidence.anchors, self._labels),
            self.statement(source) if isinstance(source, Statement) else None,
            list(evidence.sources),
        )

    def reason(self, reason: Reason) -> ReasonAnswer:
        """Fill one step towards the verdict."""
        told_in = sentences(reason.anchors, self._labels)
        return ReasonAnswer(str(reason.code), reason.text, list(reason.evidence), told_in)

    def statement(self, source: Statement) -> StatementAnswer:
        """Fill a source's own word."""
        return StatementAnswer(
            self.named(source.subject),
            self.named(source.relation),
            self.named(source.object),
            source.affirmed,
            str(source.certainty),
            source.role,
            _scope(source.scope),
        )


def _scope(scope: Scope) -> ScopeAnswer:
    return ScopeAnswer(
        scope.dose_regime, scope.route, scope.species, scope.site, scope.population, list(scope.via)
    )
