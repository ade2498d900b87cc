"""The fields of a judgement as plain values for JSON: a public contract.

New fields may be added; none is renamed or dropped within a major version. Lists are in the judge's own
order, which is the same for the same evidence. Sentences are addresses ``paragraph.sentence``, after the
mark of their source where it has one; whatever else names something is an IRI.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ChainAnswer",
    "ClaimAnswer",
    "ClinicalAnswer",
    "EffectAnswer",
    "EvidenceAnswer",
    "FindingAnswer",
    "HopAnswer",
    "JudgementAnswer",
    "LinkAnswer",
    "MechanismAnswer",
    "MissingAnswer",
    "Named",
    "PathAnswer",
    "ReasonAnswer",
    "ScopeAnswer",
    "StatementAnswer",
    "TrialAnswer",
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
    sources: list[str]


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
    source: str


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """One trial's word, and what it rests on.

    ``records`` are those that sources have of the trial, ``trial`` the first of them; ``disputed`` are pairs
    of findings by which two of them report one result differently.
    """

    trial: Named
    records: list[Named]
    kind: str
    partial: bool
    active_only: bool
    instance: bool
    improved: list[str]
    unchanged: list[str]
    disputed: list[list[str]]
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
    """One piece of evidence; ``statement`` is set for statements, others stand elsewhere by their id."""

    kind: str
    id: str
    bearing: str
    note: str
    via_subclass: list[str]
    references: list[str]
    sentences: list[str]
    statement: StatementAnswer | None
    sources: list[str]


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
    """The whole answer to one claim; ``standing`` is the verdict as supported, opposed or undecided.

    ``sources`` are those that report any of the evidence.
    """

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
    sources: list[str]


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """One hop of a chain: the sign claimed and the sign found, how it stands, and the whole judgement."""

    subject: Named
    object: Named
    relation: Named | None
    claimed_sign: int | None
    sign: int | None
    standing: str
    judgement: JudgementAnswer


@dataclass(frozen=True, slots=True)
class ChainAnswer:
    """A chain checked hop by hop; ``composes``: the signs found multiply to the one claimed."""

    standing: str
    worst: str
    claimed_sign: int | None
    sign: int | None
    composes: bool | None
    links: list[LinkAnswer]
