"""A claim and a body of evidence in, a judgement out; pure, and the same for the same input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ketagraph.claims.clinical import Clinical, ClinicalKind, weigh
from ketagraph.claims.consequences import Clash, clashes
from ketagraph.claims.evidence import from_reading, from_statement, path_evidence, stated
from ketagraph.claims.gaps import gaps
from ketagraph.claims.hierarchy import Hierarchy
from ketagraph.claims.judgement import Evidence, EvidenceKind, Joint, Judgement, Reason
from ketagraph.claims.mechanism import Mechanism, explore, fits, within_scope
from ketagraph.claims.model import Claim, Effect, Finding, Statement
from ketagraph.claims.network import Network
from ketagraph.claims.paths import union
from ketagraph.claims.readings import Bearing, read
from ketagraph.claims.reasons import (
    clash_reasons,
    clinical_reasons,
    mechanism_reasons,
    scope_reasons,
    statement_reasons,
)
from ketagraph.claims.standing import mechanistic

__all__ = ["HOPS", "MAX_PATHS", "BodyOfEvidence", "judge"]

HOPS = 4
MAX_PATHS = 1000

_HARM = {
    Joint.CONCORDANT_BENEFIT: Joint.CONCORDANT_HARM,
    Joint.MECHANISM_WITHOUT_BENEFIT: Joint.MECHANISM_WITHOUT_HARM,
    Joint.BENEFIT_WITHOUT_MECHANISM: Joint.HARM_WITHOUT_MECHANISM,
    Joint.TRANSIENT_BENEFIT: Joint.TRANSIENT_HARM,
}
_OUTRANKS = {
    ClinicalKind.TRANSIENT: Joint.TRANSIENT_BENEFIT,
    ClinicalKind.MIXED: Joint.MIXED,
    ClinicalKind.HARMS: Joint.CONTRADICTED,
    ClinicalKind.BENEFITS: Joint.CONTRADICTED,
}
_AGREEING = {
    ClinicalKind.SUPPORTS: Joint.CONCORDANT_BENEFIT,
    ClinicalKind.NULL: Joint.MECHANISM_WITHOUT_BENEFIT,
    ClinicalKind.UNTESTED: Joint.MECHANISM_ONLY,
}


@dataclass(frozen=True, slots=True)
class BodyOfEvidence:
    """Everything that is known, indexed once so that many claims can be judged against it."""

    effects: tuple[Effect, ...]
    statements: tuple[Statement, ...]
    hierarchy: Hierarchy
    network: Network
    findings: dict[str, tuple[Finding, ...]]
    places: dict[str, tuple[str, ...]]

    @classmethod
    def of(
        cls,
        effects: Iterable[Effect],
        findings: Iterable[Finding] = (),
        statements: Iterable[Statement] = (),
        hierarchy: Hierarchy | None = None,
    ) -> BodyOfEvidence:
        """Index the evidence; the order of any input makes no difference."""
        known, classes = tuple(effects), hierarchy or Hierarchy()
        said = tuple(stated(known, statements))
        seen = tuple(dict.fromkeys(findings))
        network = Network.of(known, said, classes)
        return cls(known, said, classes, network, _by_drug(seen, classes), _places(known, said, seen))

    def with_findings(self, findings: Iterable[Finding]) -> BodyOfEvidence:
        """Return what was said, with ``findings`` for those that were known."""
        seen = tuple(dict.fromkeys(findings))
        places = _places(self.effects, self.statements, seen)
        return replace(self, findings=_by_drug(seen, self.hierarchy), places=places)

    def judge(self, claim: Claim, *, hops: int = HOPS, max_paths: int = MAX_PATHS) -> Judgement:
        """Judge ``claim``; see :func:`judge`."""
        scoped = self._scoped(claim)
        mechanism = explore(claim, self.network, scoped, hops=hops, limit=max_paths)
        found = (read(claim, finding, self.hierarchy) for finding in self.findings.get(claim.subject, ()))
        clinical = weigh(claim, (reading for reading in found if reading))
        evidence = sorted(self._evidence(claim, mechanism, clinical), key=_rank)
        against = [] if claim.therapeutic else list(clashes(claim, scoped))
        verdict = _verdict(claim, mechanism, clinical, evidence, clashing=bool(against))
        reasons = _reasons(claim, mechanism, clinical, evidence, against, verdict)
        return Judgement(
            claim,
            verdict,
            mechanism,
            clinical,
            tuple(self._placed(reason) for reason in reasons),
            _with(evidence, Bearing.SUPPORTS),
            _with(evidence, Bearing.OPPOSES, Bearing.NULL),
            _with(evidence, Bearing.NOTED),
            tuple(gaps(claim, scoped, mechanism, clinical, hops=hops)),
        )

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Every finding once, by identifier."""
        found = {each.id: each for group in self.findings.values() for each in group}
        return tuple(found[name] for name in sorted(found))

    def _scoped(self, claim: Claim) -> Network:
        if not claim.scoped:
            return self.network
        holding = within_scope(self.effects, claim, self.hierarchy)
        said = (each for each in self.statements if fits(each.scope, claim, self.hierarchy))
        return Network.of(holding, said, self.hierarchy)

    def _placed(self, reason: Reason) -> Reason:
        """Add the sentences in which the evidence of ``reason`` stands."""
        return replace(reason, anchors=union(self.places.get(name, ()) for name in reason.evidence))

    def _evidence(self, claim: Claim, mechanism: Mechanism, clinical: Clinical) -> Iterator[Evidence]:
        deciding = (reading for trial in clinical.trials for reading in trial.deciding)
        yield from map(from_reading, (*deciding, *clinical.noted))
        for statement in self.statements:
            if said := from_statement(claim, statement, self.hierarchy):
                yield said
        yield from path_evidence(claim, mechanism)


def judge(
    claim: Claim,
    effects: Iterable[Effect],
    findings: Iterable[Finding] = (),
    statements: Iterable[Statement] = (),
    hierarchy: Hierarchy | None = None,
    *,
    hops: int = HOPS,
    max_paths: int = MAX_PATHS,
) -> Judgement:
    """Judge one claim: mechanism over all simple signed paths of at most ``hops`` hops, trials, and both.

    At most ``max_paths`` paths are kept, the surest; the reason ``paths-cut`` says where there are more.
    For many claims build one :class:`BodyOfEvidence`.
    """
    body = BodyOfEvidence.of(effects, findings, statements, hierarchy)
    return body.judge(claim, hops=hops, max_paths=max_paths)


def _places(
    effects: Iterable[Effect], statements: Iterable[Statement], findings: Iterable[Finding]
) -> dict[str, tuple[str, ...]]:
    """Sentences by claim, finding and trial."""
    found: dict[str, set[str]] = {}
    for effect in effects:
        for claim in effect.claims:
            found.setdefault(claim, set()).update(effect.anchors)
    for statement in statements:
        found.setdefault(statement.claim, set()).update(statement.anchors)
    for finding in findings:
        for name in (finding.id, finding.trial):
            found.setdefault(name, set()).update(finding.anchors)
    return {name: tuple(sorted(anchors)) for name, anchors in found.items()}


def _by_drug(findings: Iterable[Finding], hierarchy: Hierarchy) -> dict[str, tuple[Finding, ...]]:
    """Index findings by each drug of theirs and each class above it."""
    index: dict[str, list[Finding]] = {}
    for finding in findings:
        drugs = finding.drugs | finding.co_drugs
        for name in drugs.union(*(hierarchy.ancestors(drug) for drug in drugs)):
            index.setdefault(name, []).append(finding)
    return {name: tuple(group) for name, group in index.items()}


def _verdict(
    claim: Claim, mechanism: Mechanism, clinical: Clinical, evidence: list[Evidence], *, clashing: bool
) -> Joint:
    if not claim.therapeutic and not clinical.deciding:
        return mechanistic(claim, mechanism, evidence, clashing=clashing)
    joint = _joint(mechanism, clinical, known=bool(evidence))
    return joint if claim.benefit else _HARM.get(joint, joint)


def _joint(mechanism: Mechanism, clinical: Clinical, *, known: bool) -> Joint:
    if clinical.kind in _OUTRANKS:
        return _OUTRANKS[clinical.kind]
    if mechanism.agrees:
        return _AGREEING[clinical.kind]
    if clinical.kind is ClinicalKind.SUPPORTS:
        return Joint.BENEFIT_WITHOUT_MECHANISM
    if mechanism.agrees is False or (clinical.kind is ClinicalKind.NULL and not clinical.active_only):
        return Joint.CONTRADICTED
    return Joint.UNTESTED if known else Joint.UNKNOWN


def _reasons(
    claim: Claim,
    mechanism: Mechanism,
    clinical: Clinical,
    evidence: list[Evidence],
    against: list[Clash],
    verdict: Joint,
) -> Iterator[Reason]:
    yield from mechanism_reasons(claim, mechanism)
    yield from scope_reasons(claim, mechanism)
    yield from clash_reasons(against)
    yield from clinical_reasons(clinical)
    yield from statement_reasons(evidence)
    yield Reason("verdict", f"trials: {clinical.kind}; mechanism: {mechanism.kind}; so: {verdict}")


def _rank(evidence: Evidence) -> tuple[int, str]:
    return list(EvidenceKind).index(evidence.kind), evidence.id


def _with(evidence: list[Evidence], *bearings: Bearing) -> tuple[Evidence, ...]:
    return tuple(each for each in evidence if each.bearing in bearings)
