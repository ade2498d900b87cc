"""A judgement in, plain values out for JSON: complete, stable, every name with its label."""

from __future__ import annotations

from ketagraph.answers.filling import Filling, answer, chain_answer, sentences
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

__all__ = [
    "ChainAnswer",
    "ClaimAnswer",
    "ClinicalAnswer",
    "EffectAnswer",
    "EvidenceAnswer",
    "Filling",
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
    "answer",
    "chain_answer",
    "sentences",
]
