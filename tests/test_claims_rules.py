"""One rule of the judge at a time."""

import pytest

from ketagraph.claims import (
    Claim,
    ClinicalKind,
    Comparator,
    Effect,
    Finding,
    Hierarchy,
    Joint,
    Scope,
    Statement,
    Verdict,
    judge,
)

CLAIM = Claim("Drug", "relieves", "Pain", -1)
PATH = [Effect("Drug", "decreases", "Pain", -1, ("path",))]
FAVOURS, NULL, WORSE = Verdict.FAVOURS_INTERVENTION, Verdict.NO_DIFFERENCE, Verdict.FAVOURS_COMPARATOR
PLACEBO, ACTIVE, WITHIN = Comparator.PLACEBO, Comparator.ACTIVE, Comparator.WITHIN_ARM


def found(
    trial: str,
    verdict: Verdict,
    comparator: Comparator = PLACEBO,
    weeks: float | None = None,
    outcome: str = "pain",
) -> Finding:
    name = f"{trial} {verdict} {comparator} {weeks} {outcome}"
    drugs, conditions = frozenset({"Drug"}), frozenset({"Pain"})
    return Finding(
        name, trial, drugs, conditions, outcome, outcome, comparator, verdict, timepoint_weeks=weeks
    )


LASTING = [found("lasting", FAVOURS)]
FADING = [found("fading", FAVOURS, weeks=1), found("fading", NULL, weeks=4)]
NOTHING = [found("nothing", NULL)]
NOT_BETTER = [found("not-better", NULL, ACTIVE)]
BETTER = [found("better", FAVOURS, ACTIVE)]
HARM = [found("harm", WORSE)]
WITHIN_ARM = [found("within", Verdict.IMPROVED_WITHIN_ARM, WITHIN)]
DOSES = [found("doses", FAVOURS, Comparator.DOSE)]


@pytest.mark.parametrize(
    ("findings", "kind", "verdict"),
    [
        ([], "untested", "mechanism only"),
        (LASTING, "supports", "concordant benefit"),
        (LASTING + FADING, "supports", "concordant benefit"),
        (LASTING + NOT_BETTER, "supports", "concordant benefit"),
        (LASTING + NOTHING, "mixed", "mixed"),
        (LASTING + HARM, "mixed", "mixed"),
        (FADING, "transient", "transient benefit"),
        (FADING + NOTHING, "transient", "transient benefit"),
        (FADING + HARM, "mixed", "mixed"),
        (NOTHING, "null", "mechanism without benefit"),
        (NOT_BETTER, "null", "mechanism without benefit"),
        (BETTER, "supports", "concordant benefit"),
        (BETTER + NOTHING, "mixed", "mixed"),
        (HARM, "harms", "contradicted"),
        (HARM + NOTHING, "harms", "contradicted"),
        (WITHIN_ARM, "untested", "mechanism only"),
        (DOSES, "untested", "mechanism only"),
    ],
)
def test_trials_add_up_as_the_table_says(findings: list[Finding], kind: str, verdict: str) -> None:
    answer = judge(CLAIM, PATH, findings)
    assert (answer.clinical.kind, answer.verdict) == (kind, verdict)


@pytest.mark.parametrize(
    ("findings", "kind"),
    [
        ([found("t", FAVOURS, weeks=1), found("t", NULL, weeks=4)], "transient"),
        ([found("t", NULL, weeks=1), found("t", FAVOURS, weeks=4)], "supports"),
        ([found("t", FAVOURS, weeks=4), found("t", NULL, weeks=4)], "supports"),
        ([found("t", FAVOURS, weeks=1), found("t", NULL)], "supports"),
        ([found("t", FAVOURS), found("t", NULL, weeks=1)], "transient"),
        ([found("t", FAVOURS, weeks=1), found("t", NULL, ACTIVE, 4)], "supports"),
        ([found("t", FAVOURS, weeks=1), found("t", Verdict.NO_CHANGE_WITHIN_ARM, WITHIN, 4)], "transient"),
        ([found("t", FAVOURS, weeks=1), found("t", Verdict.IMPROVED_WITHIN_ARM, WITHIN, 4)], "supports"),
        ([found("t", FAVOURS, weeks=1), found("t", NULL, PLACEBO, 4, "function")], "supports"),
        ([found("t", FAVOURS, weeks=1), found("t", WORSE, weeks=4)], "mixed"),
        ([found("t", FAVOURS), found("t", NULL, ACTIVE)], "supports"),
        ([found("t", NULL), found("t", NULL, ACTIVE)], "null"),
    ],
)
def test_one_trial_is_read_over_its_times_and_comparators(findings: list[Finding], kind: str) -> None:
    (trial,) = judge(CLAIM, PATH, findings).clinical.trials
    assert trial.kind == kind


def test_a_comparison_with_placebo_outweighs_one_with_an_active_drug() -> None:
    answer = judge(CLAIM, (), NOT_BETTER + NOTHING)
    assert (answer.clinical.active_only, answer.verdict) == (False, Joint.CONTRADICTED)
    assert answer.clinical.by_comparator == (
        (Comparator.ACTIVE, ClinicalKind.NULL),
        (Comparator.PLACEBO, ClinicalKind.NULL),
    )
    mixed = judge(CLAIM, (), LASTING + NOT_BETTER).clinical
    assert dict(mixed.by_comparator) == {"active": "null", "placebo": "supports"}


def test_a_supporting_trial_with_a_null_at_the_same_time_is_partial() -> None:
    findings = [found("t", FAVOURS, weeks=4), found("t", NULL, weeks=4)]
    reason = judge(CLAIM, PATH, findings).because("trial-partial")
    assert reason is not None
    assert reason.evidence == ("t",)


def test_an_outcome_that_improved_in_one_arm_is_not_unchanged() -> None:
    findings = [found("t", FAVOURS), found("t", NULL, weeks=0.0), found("t", NULL, outcome="function")]
    (trial,) = judge(CLAIM, PATH, findings).clinical.trials
    assert (trial.improved, trial.unchanged) == (("pain",), ("function",))


def test_outcomes_that_no_trial_measured_are_missing() -> None:
    missing = {each.code: each.names for each in judge(CLAIM, PATH, LASTING).missing}
    assert missing == {"outcome": ("function", "quality-of-life")}


def test_nothing_is_missing_from_a_path_that_is_known_to_be_blocked() -> None:
    answer = judge(CLAIM, [Effect("Drug", "leaves", "Pain", 0)])
    assert [each.code for each in answer.missing] == ["trial"]


def test_what_is_known_not_to_act_is_no_place_to_go_on_from() -> None:
    effects = [
        Effect("Drug", "leaves", "A", 0),
        Effect("Drug", "acts", "B", 1),
        Effect("C", "acts", "Pain", 1),
    ]
    assert judge(CLAIM, effects).missing[0].names == ("B", "C")


def test_a_claim_given_as_effect_and_as_statement_is_one() -> None:
    effect = Effect("Drug", "relieves", "Pain", -1, ("c",), therapeutic=True)
    said = Statement("Drug", "relieves", "Pain", -1, True, "c", role="interpretation")
    (evidence,) = judge(CLAIM, [effect], (), [said]).support
    assert evidence.source == said


def test_a_statement_reaches_subclasses_and_is_an_instance_for_parents() -> None:
    hierarchy = Hierarchy({"CRPS": {"Pain"}})
    said = Statement("Drug", "relieves", "Pain", -1, True, "c")
    (evidence,) = judge(Claim("Drug", "relieves", "CRPS", -1), (), (), [said], hierarchy).support
    assert evidence.note == "inherited"
    said = Statement("Drug", "relieves", "CRPS", -1, True, "c")
    (evidence,) = judge(CLAIM, (), (), [said], hierarchy).noted
    assert evidence.note == "instance"


def test_a_statement_about_another_dose_does_not_decide() -> None:
    said = Statement("Drug", "relieves", "Pain", -1, True, "c", scope=Scope(dose_regime="High"))
    claim = Claim("Drug", "relieves", "Pain", -1, dose_regime="Low")
    (evidence,) = judge(claim, (), (), [said]).noted
    assert evidence.note == "out-of-scope"


def test_a_trial_counts_at_a_dose_that_is_a_kind_of_the_one_asked_for() -> None:
    hierarchy = Hierarchy({"LowDose": {"Subanaesthetic"}})
    claim = Claim("Drug", "relieves", "Pain", -1, dose_regime="Subanaesthetic")
    names = frozenset({"Drug"}), frozenset({"Pain"})
    low = Finding("f", "t", *names, "Pain", "pain", PLACEBO, FAVOURS, dose_regime="LowDose")
    assert judge(claim, PATH, [low], (), hierarchy).clinical.kind == ClinicalKind.SUPPORTS
    unstated = Finding("f", "t", *names, "Pain", "pain", PLACEBO, FAVOURS)
    assert judge(claim, PATH, [unstated], (), hierarchy).clinical.kind == ClinicalKind.UNTESTED


def test_another_outcome_may_be_the_one_that_decides() -> None:
    claim = Claim("Drug", "relieves", "Pain", -1, outcome_kinds=("mood",))
    assert judge(claim, PATH, LASTING).verdict == Joint.MECHANISM_ONLY
    mood = [found("t", FAVOURS, outcome="mood")]
    assert judge(claim, PATH, mood).verdict == Joint.CONCORDANT_BENEFIT
