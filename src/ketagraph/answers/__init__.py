"""A judgement in, plain values out for JSON: complete, stable, every name with its label."""

from __future__ import annotations

from ketagraph.answers.filling import Filling, answer, sentences
from ketagraph.answers.forms import (
    ClaimAnswer,
    ClinicalAnswer,
    EffectAnswer,
    EvidenceAnswer,
    FindingAnswer,
    HopAnswer,
    JudgementAnswer,
    MechanismAnswer,
    MissingAnswer,
    Named,
    PathAnswer,
    ReasonAnswer,
    ScopeAnswer,
    StatementAnswer,
    TrialAnswer,
)

__all__ = [
    "ClaimAnswer",
    "ClinicalAnswer",
    "EffectAnswer",
    "EvidenceAnswer",
    "Filling",
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
    "sentences",
]
