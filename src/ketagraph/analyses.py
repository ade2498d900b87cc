"""A dossier in, tables of its evidence out: concordance, contradictions, durability and the rest.

Each function returns rows (frozen dataclasses of IRIs, words and numbers) in a stable order. What is
computed is in :mod:`ketagraph.claims`; here it is only asked of every drug and condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ketagraph import judgements, names
from ketagraph.claims import Claim, Judgement, Statement
from ketagraph.claims.ablation import Change, Withdrawn, leave_one_out
from ketagraph.claims.contrasts import (
    Disagreement,
    Dissociation,
    Durability,
    disagreements,
    dissociations,
    durability,
)
from ketagraph.claims.paths import union
from ketagraph.claims.reach import Overreach, WeakLink, overreaches, weak_links
from ketagraph.claims.readings import Reading
from ketagraph.claims.targets import ClassEffect, Necessity, class_effect, necessity
from ketagraph.dossier import Dossier

__all__ = [
    "Concordance",
    "SourceVerdict",
    "by_source",
    "changes_without",
    "class_effect_of",
    "concordance",
    "contradictions",
    "how_long",
    "judged",
    "necessities",
    "outcome_dissociations",
    "weakest_links",
    "wider_than_findings",
]

_OUTCOMES = ("outcome",)


@dataclass(frozen=True, slots=True)
class Concordance:
    """One cell of the matrix of drugs and conditions."""

    subject: str
    purpose: str
    object: str
    mechanism: str
    paths: int
    trials: str
    deciding: tuple[str, ...]
    verdict: str
    anchors: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceVerdict:
    """What one source alone comes to on one drug and condition, beside all sources together.

    ``agreement``: ``alone`` (no other source has a trial that decides), ``agrees`` with every other that
    has, or ``differs`` from one of them. ``shared`` are the deciding trials that another source reports, too:
    agreement on these alone is no second witness.
    """

    subject: str
    purpose: str
    object: str
    source: str
    trials: str
    verdict: str
    across: str
    agreement: str
    deciding: tuple[str, ...]
    shared: tuple[str, ...]
    anchors: tuple[str, ...]


def judged(
    dossier: Dossier, *, drug: str = "", condition: str = "", decided: bool = False
) -> list[Judgement]:
    """Return the judgements of every drug and condition; IRIs and ``decided`` narrow the list."""
    return [
        each
        for each in judgements.judge_all(dossier, drug=drug, condition=condition)
        if each.clinical.deciding or not decided
    ]


def concordance(found: Iterable[Judgement]) -> list[Concordance]:
    """Set what the mechanism leads one to expect beside what trials found."""
    return [
        Concordance(
            each.claim.subject,
            each.claim.purpose,
            each.claim.object,
            each.mechanism.kind,
            len(each.mechanism.paths),
            each.clinical.kind,
            tuple(trial.trial for trial in each.clinical.deciding),
            each.verdict,
            _anchors(each),
            union([one.finding.source] for one in _deciding(each) if one.finding.source),
        )
        for each in found
    ]


def _deciding(judgement: Judgement) -> Iterator[Reading]:
    return (one for trial in judgement.clinical.deciding for one in trial.deciding)


def _anchors(judgement: Judgement) -> tuple[str, ...]:
    return union(one.finding.anchors for one in _deciding(judgement))


def by_source(dossier: Dossier, *, drug: str = "", condition: str = "") -> list[SourceVerdict]:
    """Set side by side what each source alone comes to, for every pair that one of its trials decides."""
    across = {_asked(each): each for each in judged(dossier, drug=drug, condition=condition, decided=True)}
    alone = {
        (_asked(each), source): each
        for source in sorted(dossier.sources)
        for each in judged(dossier.of_sources([source]), drug=drug, condition=condition, decided=True)
    }
    kinds: dict[tuple[str, str, str], set[str]] = {}
    told: dict[tuple[str, str, str], int] = {}
    for (asked, _), each in alone.items():
        kinds.setdefault(asked, set()).add(each.clinical.kind)
        told[asked] = told.get(asked, 0) + 1
    rows = [
        _source_verdict(source, each, across[asked], len(kinds[asked]), told[asked])
        for (asked, source), each in alone.items()
    ]
    return sorted(rows, key=lambda each: (each.subject, each.object, each.purpose, each.source))


def _asked(judgement: Judgement) -> tuple[str, str, str]:
    return judgement.claim.subject, judgement.claim.purpose, judgement.claim.object


def _source_verdict(
    source: str, alone: Judgement, across: Judgement, kinds: int, sources: int
) -> SourceVerdict:
    return SourceVerdict(
        *_asked(alone),
        source,
        alone.clinical.kind,
        alone.verdict,
        across.verdict,
        "alone" if sources == 1 else "agrees" if kinds == 1 else "differs",
        tuple(trial.trial for trial in alone.clinical.deciding),
        union([one.finding.trial] for one in _deciding(alone) if one.finding.reports),
        _anchors(alone),
    )


def contradictions(dossier: Dossier, *, drug: str = "", condition: str = "") -> list[Disagreement]:
    """List trials that answer one claim differently, each pair once, under the narrowest claim."""
    asked = [*judged(dossier, drug=drug, condition=condition, decided=True)]
    asked += [] if condition else _of_outcomes(dossier, drug)
    pairs: dict[tuple[str, ...], Disagreement] = {}
    for judgement in _narrowest_first(dossier, asked):
        topic = "outcome" if "outcome" in dossier.objects.get(judgement.claim.object, ()) else "condition"
        for each in disagreements(judgement):
            key = (each.subject, each.purpose, topic, *sorted((each.first, each.second)))
            pairs.setdefault(key, each)
    return sorted(pairs.values(), key=lambda each: (each.subject, each.object, each.first, each.second))


def how_long(dossier: Dossier, *, drug: str = "", condition: str = "") -> list[Durability]:
    """List how long the benefit of each trial on pain or mood held, under its narrowest condition."""
    found: dict[tuple[str, str], Durability] = {}
    asked = judged(dossier, drug=drug, condition=condition, decided=True)
    for judgement in _narrowest_first(dossier, asked):
        for each in durability(judgement):
            found.setdefault((each.trial, each.subject), each)
    return sorted(found.values(), key=lambda each: (each.subject, each.trial))


def outcome_dissociations(dossier: Dossier) -> list[Dissociation]:
    """List the arms in which pain, function or quality of life part ways."""
    return list(dissociations(dossier.evidence.all_findings))


def class_effect_of(dossier: Dossier, target: str, condition: str) -> ClassEffect:
    """Compare what blocks ``target`` with what does not, in ``condition``; both are IRIs."""
    # Whoever is the subject: the condition says by which outcomes trials decide.
    asked = dossier.claim(target, names.term("relieves"), condition)
    return class_effect(dossier.evidence, target, asked)


def necessities(dossier: Dossier) -> list[Necessity]:
    """List what blocking a target does to what it is said to bring about."""
    targets = [name for name, kinds in dossier.objects.items() if "target" in kinds]
    return list(necessity(dossier.evidence, targets))


def changes_without(
    dossier: Dossier, kinds: Iterable[Withdrawn], *, drug: str = "", condition: str = ""
) -> list[Change]:
    """List the verdicts on tested pairs that change when one trial, claim or reference is withdrawn."""
    asked = judged(dossier, drug=drug, condition=condition, decided=True)
    return list(leave_one_out(dossier.evidence, asked, kinds))


def wider_than_findings(dossier: Dossier) -> list[Overreach]:
    """List conclusions and recommendations that say more, or deny more, than their trials show."""

    def asked(said: Statement) -> Claim:
        return dossier.claim(said.subject, said.relation, said.object)

    return list(overreaches(dossier.evidence, asked))


def weakest_links(found: Iterable[Judgement]) -> list[WeakLink]:
    """List the hops on which mechanisms rest as their weakest, the weakest first."""
    return list(weak_links(found))


def _of_outcomes(dossier: Dossier, drug: str) -> Iterator[Judgement]:
    """Yield the judgement on each outcome that trials measured, as the good turn it could take."""
    kinds = dossier.objects
    measured = {
        (agent, each.outcome)
        for each in dossier.evidence.all_findings
        for agent in each.drugs
        if not {"pain", "mood"} & {each.outcome_kind} and (not drug or agent == drug)
    }
    for agent, outcome in sorted(measured):
        relation = "increases" if "wanted" in kinds.get(outcome, ()) else "decreases"
        yield dossier.evidence.judge(dossier.claim(agent, names.term(relation), outcome))


def _narrowest_first(dossier: Dossier, found: Iterable[Judgement]) -> list[Judgement]:
    hierarchy = dossier.evidence.hierarchy
    return sorted(found, key=lambda each: len(hierarchy.descendants(each.claim.object)))
