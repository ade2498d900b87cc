"""Judgements on a small copy of the review: every verdict below was written before the judge was run."""

from dataclasses import replace

import pytest

from ketagraph.claims import (
    Bearing,
    BodyOfEvidence,
    Certainty,
    Claim,
    ClinicalKind,
    Comparator,
    Effect,
    Finding,
    Hierarchy,
    Joint,
    MechanismKind,
    Scope,
    Statement,
    Verdict,
    judge,
)

HIERARCHY = Hierarchy(
    {
        "ChronicPain": {"Pain"},
        "ChronicPrimaryPain": {"ChronicPain"},
        "Fibromyalgia": {"ChronicPrimaryPain"},
        "CRPS": {"ChronicPrimaryPain"},
        "CRPS1": {"CRPS"},
        "VisceralPain": {"ChronicPrimaryPain"},
        "NeuropathicPain": {"ChronicPain"},
        "CentralNeuropathicPain": {"NeuropathicPain"},
        "SpinalCordInjuryPain": {"CentralNeuropathicPain"},
        "IschaemicPain": {"NeuropathicPain"},
        "CancerPain": {"ChronicPain"},
        "PhantomLimbPain": {"ChronicPain"},
        "PTPS": {"ChronicPain"},
        "Esketamine": {"Ketamine"},
    }
)

EFFECTS = (
    Effect("Ketamine", "antagonises", "NMDAReceptor", -1, ("claim-nmda",), anchors=("15.1",)),
    Effect("Memantine", "antagonises", "NMDAReceptor", -1, ("claim-memantine",)),
    Effect(
        "NMDAReceptor", "contributesTo", "CentralSensitisation", 1, ("claim-sensitises",), Certainty.BELIEVED
    ),
    Effect("CentralSensitisation", "contributesTo", "ChronicPain", 1, ("claim-pain",), Certainty.BELIEVED),
    Effect("Ketamine", "relieves", "CRPS", -1, ("claim-relieves-crps",), therapeutic=True),
)

STATEMENTS = (
    Statement("Ketamine", "relieves", "CancerPain", -1, False, "claim-not-cancer", role="recommendation"),
)

FAVOURS, NULL, IMPROVED = Verdict.FAVOURS_INTERVENTION, Verdict.NO_DIFFERENCE, Verdict.IMPROVED_WITHIN_ARM
NO_CHANGE = Verdict.NO_CHANGE_WITHIN_ARM
PLACEBO, ACTIVE, ADD_ON = Comparator.PLACEBO, Comparator.ACTIVE, Comparator.ADD_ON
WITHIN, OPEN = Comparator.WITHIN_ARM, Comparator.UNSPECIFIED


def found(
    name: str,
    condition: str,
    verdict: Verdict,
    comparator: Comparator,
    outcome: str = "pain",
    weeks: float | None = None,
    when: str = "",
    drugs: str = "Ketamine",
    purpose: str = "treatment",
) -> Finding:
    """A finding of trial ``name`` up to its first blank, identified by the whole of it."""
    return Finding(
        name.replace(" ", "-"),
        name.split()[0],
        frozenset(drugs.split()),
        frozenset({condition}),
        outcome.capitalize(),
        outcome,
        comparator,
        verdict,
        purpose,
        timepoint_weeks=weeks,
        timepoint_kind=when,
    )


FINDINGS = (
    found("toppers pain", "Fibromyalgia", NULL, ACTIVE),
    found("toppers ketamine", "Fibromyalgia", IMPROVED, WITHIN),
    found("toppers function", "Fibromyalgia", NULL, ACTIVE, "function", 8, "at"),
    found("sigtermans pain", "CRPS1", FAVOURS, PLACEBO, weeks=12, when="until"),
    found("sigtermans function", "CRPS1", NULL, PLACEBO, "function"),
    found("schwartzman pain", "CRPS", FAVOURS, PLACEBO, weeks=12, when="at"),
    found("schwartzman qol", "CRPS", NULL, PLACEBO, "quality-of-life", 12, "at"),
    found("nikolajsen pain", "PhantomLimbPain", FAVOURS, PLACEBO),
    found("eichenberger pain", "PhantomLimbPain", FAVOURS, PLACEBO),
    found("eichenberger calcitonin", "PhantomLimbPain", NULL, PLACEBO, drugs="Calcitonin"),
    found("eichenberger peak", "PhantomLimbPain", NULL, PLACEBO, weeks=0.29, when="at"),
    found("eichenberger both", "PhantomLimbPain", FAVOURS, PLACEBO, weeks=0.29, drugs="Calcitonin Ketamine"),
    found("eichenberger added", "PhantomLimbPain", NULL, Comparator.COMBINATION, drugs="Calcitonin"),
    found("jaeger pain", "PhantomLimbPain", FAVOURS, PLACEBO, drugs="Calcitonin"),
    found("maier pain", "PhantomLimbPain", NULL, PLACEBO, drugs="Memantine"),
    found("prevented occurrence", "PhantomLimbPain", NULL, OPEN, purpose="prevention"),
    found("hardy pain", "CancerPain", NULL, PLACEBO),
    found("hardy ketamine", "CancerPain", IMPROVED, WITHIN),
    found("salas pain", "CancerPain", NULL, ADD_ON),
    found("mendola month-1", "PTPS", FAVOURS, PLACEBO, weeks=4.3, when="during", purpose="prevention"),
    found("mendola month-3", "PTPS", NULL, PLACEBO, weeks=13, when="at", purpose="prevention"),
    found("mendola month-6", "PTPS", NULL, PLACEBO, weeks=26, when="at", purpose="prevention"),
    found("joseph pain", "PTPS", NULL, ADD_ON, purpose="prevention"),
    found("duale immediate", "PTPS", FAVOURS, OPEN, purpose="prevention"),
    found("duale week-6", "PTPS", NULL, OPEN, weeks=6, when="at", purpose="prevention"),
    found("vranken 50", "CentralNeuropathicPain", NULL, PLACEBO, weeks=1, when="at"),
    found("vranken qol", "CentralNeuropathicPain", FAVOURS, PLACEBO, "quality-of-life", 1, "at"),
    found("rigo pain", "NeuropathicPain", FAVOURS, ACTIVE),
    found("pickering pain", "NeuropathicPain", NULL, Comparator.SALINE),
    found("amr pain", "SpinalCordInjuryPain", FAVOURS, PLACEBO, weeks=3, when="until"),
    found("amr end", "SpinalCordInjuryPain", NULL, PLACEBO, weeks=3, when="at"),
    found("mitchell pain", "IschaemicPain", FAVOURS, PLACEBO, weeks=0.7, when="during"),
)

REVIEW = BodyOfEvidence.of(EFFECTS, FINDINGS, STATEMENTS, HIERARCHY)


def relieves(condition: str, drug: str = "Ketamine") -> Claim:
    return Claim(drug, "relieves", condition, -1, "treatment")


@pytest.mark.parametrize(
    ("claim", "mechanism", "clinical", "verdict"),
    [
        (relieves("Fibromyalgia"), "determinate-", "null", "mechanism without benefit"),
        (relieves("CRPS"), "determinate-", "supports", "concordant benefit"),
        (relieves("CRPS1"), "determinate-", "supports", "concordant benefit"),
        (relieves("PhantomLimbPain"), "determinate-", "supports", "concordant benefit"),
        (relieves("PhantomLimbPain", "Memantine"), "determinate-", "null", "mechanism without benefit"),
        (relieves("PhantomLimbPain", "Calcitonin"), "no-path", "mixed", "mixed"),
        (relieves("VisceralPain"), "determinate-", "untested", "mechanism only"),
        (relieves("CancerPain"), "determinate-", "null", "mechanism without benefit"),
        (relieves("NeuropathicPain"), "determinate-", "mixed", "mixed"),
        (relieves("SpinalCordInjuryPain"), "determinate-", "transient", "transient benefit"),
        (relieves("IschaemicPain"), "determinate-", "supports", "concordant benefit"),
        (relieves("PTPS"), "determinate-", "untested", "mechanism only"),
        (
            Claim("Ketamine", "prevents", "PTPS", -1, "prevention"),
            "determinate-",
            "transient",
            "transient benefit",
        ),
        (
            Claim("Ketamine", "prevents", "PhantomLimbPain", -1, "prevention"),
            "determinate-",
            "null",
            "mechanism without benefit",
        ),
        (Claim("Ketamine", "worsens", "CRPS", 1), "determinate-", "benefits", "contradicted"),
        (Claim("Ketamine", "worsens", "VisceralPain", 1), "determinate-", "untested", "contradicted"),
        (Claim("Ketamine", "worsens", "Asthma", 1), "no-path", "untested", "unknown"),
        (relieves("CRPS", "Aspirin"), "no-path", "untested", "unknown"),
        (relieves("CRPS", "Calcitonin"), "no-path", "untested", "unknown"),
        (
            Claim("Calcitonin", "prevents", "PhantomLimbPain", -1, "prevention"),
            "no-path",
            "untested",
            "untested",
        ),
    ],
    ids=lambda value: f"{value.subject} {value.relation} {value.object}" if isinstance(value, Claim) else "",
)
def test_the_review_gives_the_verdict_that_a_reader_gives(
    claim: Claim, mechanism: str, clinical: str, verdict: str
) -> None:
    answer = REVIEW.judge(claim)
    assert (answer.mechanism.kind, answer.clinical.kind, answer.verdict) == (mechanism, clinical, verdict)


def test_no_difference_from_an_active_drug_is_kept_apart_from_no_effect() -> None:
    answer = REVIEW.judge(relieves("Fibromyalgia"))
    assert answer.clinical.active_only
    assert answer.clinical.by_comparator == ((Comparator.ACTIVE, ClinicalKind.NULL),)
    assert answer.because("trial-null") is None
    reason = answer.because("trial-null-vs-active")
    assert reason is not None
    assert reason.evidence == ("toppers",)
    assert [(each.id, each.bearing, each.note) for each in answer.against] == [
        ("toppers-pain", Bearing.NULL, "active-comparator")
    ]
    assert "placebo-controlled-trial" in {each.code for each in answer.missing}


def test_a_null_against_an_active_drug_does_not_contradict_a_claim_without_mechanism() -> None:
    findings = [found("one pain", "CRPS", NULL, ACTIVE)]
    assert judge(relieves("CRPS"), (), findings).verdict == Joint.UNTESTED
    findings = [found("one pain", "CRPS", NULL, PLACEBO)]
    assert judge(relieves("CRPS"), (), findings).verdict == Joint.CONTRADICTED


def test_an_outcome_that_did_not_follow_pain_is_reported() -> None:
    answer = REVIEW.judge(relieves("CRPS"))
    reason = answer.because("outcome-dissociation")
    assert reason is not None
    assert reason.evidence == ("schwartzman", "sigtermans")
    answer = REVIEW.judge(relieves("CentralNeuropathicPain"))
    assert [
        (each.improved, each.unchanged) for each in answer.clinical.trials if each.trial == "vranken"
    ] == [(("quality-of-life",), ("pain",))]


def test_a_kind_of_the_condition_counts_as_an_instance_and_is_marked() -> None:
    answer = REVIEW.judge(relieves("CRPS"))
    assert {each.id: each.via_subclass for each in answer.support if each.kind == "finding"} == {
        "schwartzman-pain": (),
        "sigtermans-pain": ("CRPS1",),
    }
    assert not answer.clinical.instances_only
    wider = REVIEW.judge(relieves("ChronicPrimaryPain"))
    assert wider.clinical.instances_only
    assert [each.names for each in wider.missing if each.code == "subclass"] == [("VisceralPain",)]


def test_evidence_for_a_parent_condition_is_noted_and_does_not_count() -> None:
    answer = REVIEW.judge(relieves("CRPS1"))
    assert [each.id for each in answer.support if each.kind == "finding"] == ["sigtermans-pain"]
    assert ("schwartzman-pain", "parent-condition") in {(each.id, each.note) for each in answer.noted}


def test_the_time_limited_part_of_a_benefit_is_noted() -> None:
    reason = REVIEW.judge(relieves("PhantomLimbPain")).because("trial-transient")
    assert reason is not None
    assert reason.evidence == ("eichenberger",)


def test_trials_of_another_purpose_are_listed_and_do_not_decide() -> None:
    reason = REVIEW.judge(relieves("PhantomLimbPain")).because("other-purpose")
    assert reason is not None
    assert reason.evidence == ("prevented-occurrence",)


def test_a_combination_against_placebo_says_nothing_of_either_drug() -> None:
    for drug in ("Ketamine", "Calcitonin"):
        notes = {each.id: each.note for each in REVIEW.judge(relieves("PhantomLimbPain", drug)).noted}
        assert notes["eichenberger-both"] == "not-attributable"


def test_a_combination_against_one_of_its_drugs_counts_for_the_other() -> None:
    answer = REVIEW.judge(relieves("PhantomLimbPain", "Calcitonin"))
    assert "eichenberger-added" in {each.id for each in answer.against}
    answer = REVIEW.judge(relieves("PhantomLimbPain"))
    assert "eichenberger-added" not in {each.id for each in (*answer.against, *answer.noted)}


def test_a_drug_given_in_both_arms_is_noted_only() -> None:
    finding = replace(
        found("one pain", "CRPS", FAVOURS, PLACEBO, drugs="A"), co_drugs=frozenset({"Ketamine"})
    )
    answer = judge(relieves("CRPS"), (), [finding])
    assert (answer.verdict, [each.note for each in answer.noted]) == (Joint.UNTESTED, ["not-attributable"])


def test_a_form_of_the_drug_counts_for_the_drug() -> None:
    finding = found("one pain", "CRPS", FAVOURS, PLACEBO, drugs="Esketamine")
    assert judge(relieves("CRPS"), EFFECTS, [finding], (), HIERARCHY).verdict == Joint.CONCORDANT_BENEFIT
    finding = found("one pain", "CRPS", FAVOURS, PLACEBO, drugs="Ketamine")
    answer = judge(relieves("CRPS", "Esketamine"), EFFECTS, [finding], (), HIERARCHY)
    assert answer.verdict == Joint.MECHANISM_ONLY


def test_improvement_within_an_arm_never_supports() -> None:
    answer = judge(relieves("CRPS"), (), [found("one pain", "CRPS", IMPROVED, WITHIN)])
    assert (answer.clinical.trials[0].kind, answer.verdict) == (ClinicalKind.WITHIN_ARM, Joint.UNTESTED)
    assert answer.support == ()


def test_a_therapeutic_statement_is_stated_support_and_no_mechanism() -> None:
    answer = judge(relieves("CRPS"), [EFFECTS[-1]])
    assert answer.mechanism.kind == MechanismKind.NO_PATH
    assert [each.id for each in answer.support] == ["claim-relieves-crps"]
    assert answer.verdict == Joint.UNTESTED


def test_a_denied_statement_is_listed_against_in_the_same_form() -> None:
    answer = REVIEW.judge(relieves("CancerPain"))
    reason = answer.because("stated-against")
    assert reason is not None
    assert reason.evidence == ("claim-not-cancer",)
    assert [each.id for each in answer.against if each.kind == "statement"] == ["claim-not-cancer"]


def test_a_statement_of_another_purpose_does_not_speak_against() -> None:
    said = Statement("Ketamine", "prevents", "CRPS", -1, False, "c", purpose="prevention")
    answer = judge(relieves("CRPS"), (), (), [said])
    assert [(each.id, each.note) for each in answer.noted] == [("c", "other-purpose")]


def test_every_hop_of_an_inherited_path_is_told_apart() -> None:
    path = REVIEW.judge(relieves("VisceralPain")).mechanism.strongest
    assert path is not None
    assert path.nodes == ("Ketamine", "NMDAReceptor", "CentralSensitisation", "VisceralPain")
    assert [hop.inherited for hop in path.hops] == [False, False, True]
    assert path.weakest.subject == "NMDAReceptor"
    assert path.claims == ("claim-nmda", "claim-pain", "claim-sensitises")


def test_animal_evidence_does_not_decide_a_clinical_claim() -> None:
    finding = replace(found("one pain", "CRPS", FAVOURS, PLACEBO), species="https://w3id.org/ketagraph/Mouse")
    answer = judge(relieves("CRPS"), (), [finding])
    assert (answer.verdict, [each.note for each in answer.noted]) == (Joint.UNTESTED, ["not-human"])


def test_harm_contradicts_relief_and_bears_out_worsening() -> None:
    finding = found("one pain", "CRPS", Verdict.FAVOURS_COMPARATOR, PLACEBO)
    assert judge(relieves("CRPS"), EFFECTS, [finding], (), HIERARCHY).verdict == Joint.CONTRADICTED
    claim = Claim("Ketamine", "worsens", "CRPS", 1)
    assert judge(claim, EFFECTS, [finding], (), HIERARCHY).verdict == Joint.HARM_WITHOUT_MECHANISM


def test_being_worse_than_an_active_drug_is_no_harm() -> None:
    finding = found("one pain", "CRPS", Verdict.FAVOURS_COMPARATOR, ACTIVE)
    answer = judge(relieves("CRPS"), EFFECTS, [finding], (), HIERARCHY)
    assert answer.verdict == Joint.MECHANISM_WITHOUT_BENEFIT


def test_the_dose_asked_for_decides_between_claims_of_opposite_sign() -> None:
    effects = [
        Effect("Ketamine", "agonises", "Kappa", 1, ("general",), Certainty.BELIEVED),
        Effect("Ketamine", "antagonises", "Kappa", -1, ("high",), scope=Scope(dose_regime="Anaesthetic")),
    ]
    claim = Claim("Ketamine", "activates", "Kappa", 1)
    assert judge(claim, effects).mechanism.kind == MechanismKind.CONFLICTING
    low = judge(replace(claim, dose_regime="Subanaesthetic"), effects)
    high = judge(replace(claim, dose_regime="Anaesthetic"), effects)
    assert (low.mechanism.kind, high.mechanism.kind) == (MechanismKind.POSITIVE, MechanismKind.NEGATIVE)
    excluded = [answer.because("scope-excludes") for answer in (low, high)]
    assert [reason and reason.evidence for reason in excluded] == [("high",), ("general",)]


def test_a_path_must_pass_the_node_asked_for() -> None:
    answer = REVIEW.judge(replace(relieves("CRPS"), via="CentralSensitisation"))
    assert answer.verdict == Joint.CONCORDANT_BENEFIT
    answer = REVIEW.judge(replace(relieves("CRPS"), via="Kappa"))
    assert answer.verdict == Joint.BENEFIT_WITHOUT_MECHANISM


@pytest.mark.parametrize(
    ("qualifiers", "clinical"),
    [
        ({"timepoint_weeks": 2.0}, "supports"),
        ({"timepoint_weeks": 13.0}, "null"),
        ({"timepoint_weeks": 50.0}, "untested"),
        ({"comparator": "placebo"}, "transient"),
        ({"comparator": "add-on"}, "null"),
        ({"outcome": "Pain"}, "transient"),
        ({"outcome": "Function"}, "untested"),
        ({"route": "Oral"}, "untested"),
        ({"species": "human"}, "transient"),
    ],
)
def test_qualifiers_narrow_the_findings(qualifiers: dict[str, object], clinical: str) -> None:
    claim = Claim("Ketamine", "prevents", "PTPS", -1, "prevention")
    assert REVIEW.judge(replace(claim, **qualifiers)).clinical.kind == clinical  # type: ignore[arg-type]
