"""Trials that several sources report: counted once, and mixed where the sources tell a result differently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations

import pytest

from ketagraph.claims import (
    Claim,
    ClinicalKind,
    Comparator,
    Effect,
    Finding,
    Joint,
    Judgement,
    Verdict,
    judge,
)
from ketagraph.claims.ablation import Withdrawn, leave_one_out
from ketagraph.claims.contrasts import Difference, disagreements, durability
from ketagraph.claims.judge import BodyOfEvidence
from ketagraph.claims.reports import told_differently

CLAIM = Claim("Ketamine", "relieves", "Pain", -1)
MECHANISM = (
    Effect("Ketamine", "blocks", "NMDA", -1, claims=("c1",)),
    Effect("NMDA", "causes", "Pain", 1, claims=("c2",)),
)
FAVOURS, NULL, WORSE = Verdict.FAVOURS_INTERVENTION, Verdict.NO_DIFFERENCE, Verdict.FAVOURS_COMPARATOR


def found(
    name: str,
    verdict: Verdict,
    weeks: float | None = None,
    reports: Iterable[str] = (),
    alongside: Iterable[str] = (),
    comparator: Comparator = Comparator.PLACEBO,
) -> Finding:
    """A finding of record ``name`` up to its blank, of the source of that record."""
    record = name.split()[0]
    return Finding(
        name,
        record,
        frozenset({"Ketamine"}),
        frozenset({"Pain"}),
        "PainIntensity",
        "pain",
        comparator,
        verdict,
        timepoint_weeks=weeks,
        timepoint_kind="at" if weeks is not None else "",
        anchors=(f"{name} sentence",),
        source=f"source of {record}",
        reports=tuple(reports),
        alongside=tuple(alongside),
    )


def shared(*findings: Finding) -> tuple[Finding, ...]:
    """Say of findings that all their records are of one study, and which of them are on one result."""
    records = {each.trial for each in findings}
    return tuple(
        replace(
            each,
            reports=tuple(sorted(records - {each.trial})),
            alongside=tuple(other.id for other in findings if comparable(each, other)),
        )
        for each in findings
    )


def comparable(one: Finding, other: Finding) -> bool:
    weeks = {one.timepoint_weeks, other.timepoint_weeks}
    return one.trial != other.trial and (len(weeks) == 1 or None in weeks)


def judged(*findings: Finding) -> Judgement:
    return judge(CLAIM, MECHANISM, findings)


def test_a_trial_that_two_sources_report_alike_is_one_trial_under_its_first_record() -> None:
    alone = judged(found("roe pain", NULL))
    both = judged(*shared(found("roe pain", NULL), found("doe pain", NULL)))
    assert (both.verdict, both.clinical.kind) == (alone.verdict, alone.clinical.kind)
    (trial,) = both.clinical.trials
    assert (trial.trial, trial.records, trial.disputed) == ("doe", ("doe", "roe"), ())
    assert [each.id for each in both.against if each.kind == "finding"] == ["doe pain", "roe pain"]


def test_without_a_link_the_same_findings_are_two_trials() -> None:
    assert [
        each.trial for each in judged(found("roe pain", NULL), found("doe pain", NULL)).clinical.trials
    ] == [
        "doe",
        "roe",
    ]


def test_one_benefit_told_twice_does_not_outweigh_a_null_trial_more_than_once() -> None:
    twice = shared(found("doe pain", FAVOURS), found("roe pain", FAVOURS))
    reason = judged(*twice, found("poe pain", NULL)).because("trial-supports")
    assert reason is not None
    assert (reason.text, reason.evidence) == ("trials that support the claim: 1", ("doe", "roe"))
    assert reason.anchors == ("doe pain sentence", "roe pain sentence")


@pytest.mark.parametrize(("one", "other"), list(permutations((FAVOURS, NULL, WORSE), 2)))
def test_a_trial_that_two_sources_report_differently_is_mixed_and_counts_once(
    one: Verdict, other: Verdict
) -> None:
    judgement = judged(*shared(found("doe pain", one), found("roe pain", other)))
    (trial,) = judgement.clinical.trials
    assert (trial.kind, trial.disputed) == (ClinicalKind.MIXED, (("doe pain", "roe pain"),))
    assert (judgement.clinical.kind, judgement.verdict) == (ClinicalKind.MIXED, Joint.MIXED)
    assert [each.code for each in judgement.reasons if each.code.startswith("trial")] == [
        "trial-disputed",
        "trials-shared",
    ]


def test_no_difference_and_worse_than_an_active_drug_bear_alike_and_are_not_disputed() -> None:
    active = [
        found(f"{name} pain", verdict, comparator=Comparator.ACTIVE)
        for name, verdict in (("doe", NULL), ("roe", WORSE))
    ]
    (trial,) = judged(*shared(*active)).clinical.trials
    assert (trial.kind, trial.disputed) == (ClinicalKind.NULL, ())


def test_what_only_one_source_reports_of_a_trial_stands() -> None:
    """One tells of a benefit at week 4, the other that nothing is left at week 12: it held for a time."""
    (trial,) = judged(
        *shared(found("doe week 4", FAVOURS, 4), found("roe week 12", NULL, 12))
    ).clinical.trials
    assert (trial.kind, trial.disputed) == (ClinicalKind.TRANSIENT, ())


@pytest.mark.parametrize("agreeing", [FAVOURS, NULL])
def test_a_finding_without_a_time_is_disputed_only_if_it_agrees_with_none_of_the_others(
    agreeing: Verdict,
) -> None:
    timed = (found("doe week 4", FAVOURS, 4), found("doe week 12", NULL, 12))
    assert list(told_differently(shared(*timed, found("roe pain", agreeing)))) == []
    told = told_differently(shared(*timed, found("roe pain", WORSE)))
    assert [(first.id, second.id) for first, second in told] == [
        ("doe week 12", "roe pain"),
        ("doe week 4", "roe pain"),
    ]


def test_a_result_that_is_not_reported_contradicts_nothing() -> None:
    assert list(told_differently(shared(found("doe a", FAVOURS), found("roe a", Verdict.NOT_REPORTED)))) == []


def test_of_three_records_each_pair_that_differs_is_told() -> None:
    findings = shared(found("doe a", FAVOURS), found("poe a", NULL), found("roe a", FAVOURS))
    assert [(one.id, two.id) for one, two in told_differently(findings)] == [
        ("doe a", "poe a"),
        ("poe a", "roe a"),
    ]


def test_differing_reports_are_a_disagreement_that_says_what_differs() -> None:
    judgement = judged(*shared(found("doe pain", NULL, 4), found("roe pain", FAVOURS)))
    (told,) = disagreements(judgement)
    assert (told.first, told.first_kind, told.second, told.second_kind, told.kind) == (
        "roe",
        "supports",
        "doe",
        "null",
        "reported-differently",
    )
    assert told.differences == (Difference("verdict", (FAVOURS,), (NULL,)),)
    assert told.findings == ("roe pain", "doe pain")
    assert told.sources == ("source of doe", "source of roe")


def test_the_benefit_of_a_trial_that_two_sources_report_held_once() -> None:
    judgement = judged(*shared(found("doe week 4", FAVOURS, 4), found("roe week 12", NULL, 12)))
    assert [
        (each.trial, each.kind, each.benefit_weeks, each.lost_weeks) for each in durability(judgement)
    ] == [("doe", "transient", 4, 12)]


def test_a_trial_is_withdrawn_with_all_its_records() -> None:
    body = BodyOfEvidence.of(MECHANISM, shared(found("doe pain", FAVOURS), found("roe pain", FAVOURS)))
    changes = list(leave_one_out(body, [body.judge(CLAIM)], [Withdrawn.TRIAL]))
    assert [(each.name, each.before, each.after) for each in changes] == [
        ("doe", "concordant benefit", "mechanism only")
    ]


def test_the_order_of_records_makes_no_difference() -> None:
    findings = shared(found("doe a", FAVOURS, 4), found("poe a", NULL, 4), found("roe b", NULL, 12))
    assert len({repr(judged(*order)) for order in permutations(findings)}) == 1
