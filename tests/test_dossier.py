"""Names and qualifiers in, claims out; rows in, evidence out: on the real graph."""

from __future__ import annotations

import pytest

from ketagraph import names
from ketagraph.claims import Scope, Verdict
from ketagraph.dossier import Dossier
from ketagraph.errors import UnknownName


def test_qualifiers_become_the_terms_that_the_graph_uses(dossier: Dossier) -> None:
    claim = dossier.claim(
        "ketamine",
        "relieves",
        "CRPS",
        via="NMDA receptor",
        dose="low dose",
        route="intravenous",
        species="human",
        outcome="pain intensity",
        comparator="placebo",
        week=12,
    )
    assert claim.via == names.term("NMDAReceptor")
    assert claim.dose_regime == names.term("LowDose")
    assert claim.route == names.term("Intravenous")
    assert claim.species == names.term("Human")
    assert claim.outcome == names.term("PainIntensity")
    assert claim.comparator == "placebo"
    assert claim.timepoint_weeks == 12


@pytest.mark.parametrize(
    ("relation", "obj", "purpose", "kinds", "therapeutic", "wanted"),
    [
        ("relieves", "fibromyalgia", "treatment", ("pain",), True, False),
        ("prevents", "fibromyalgia", "prevention", ("pain",), True, False),
        ("relieves", "depressive disorder", "treatment", ("mood",), True, False),
        ("decreases", "opioid consumption", "", ("pain",), False, False),
        ("increases", "quality of life", "", ("pain",), False, True),
        ("antagonises", "NMDA receptor", "treatment", ("pain",), False, False),
    ],
)
def test_a_relation_and_an_object_say_which_trials_decide(
    dossier: Dossier,
    relation: str,
    obj: str,
    purpose: str,
    kinds: tuple[str, ...],
    therapeutic: bool,
    wanted: bool,
) -> None:
    claim = dossier.claim("ketamine", relation, obj)
    assert (claim.purpose, claim.outcome_kinds) == (purpose, kinds)
    assert (claim.therapeutic, claim.wanted) == (therapeutic, wanted)


@pytest.mark.parametrize("name", ["subanaesthetic", "Subanesthetic", "keta:Subanaesthetic"])
def test_a_value_answers_to_its_name_its_spelling_and_its_curie(dossier: Dossier, name: str) -> None:
    assert dossier.value("dose", name) == names.term("Subanaesthetic")


def test_a_relation_answers_to_label_local_name_and_curie(dossier: Dossier) -> None:
    for name in ("is effective for", "isEffectiveFor", "is-effective-for", "keta:isEffectiveFor"):
        assert dossier.relation(name).iri == names.term("isEffectiveFor")
    with pytest.raises(UnknownName, match="no relation is called 'cures'; signed relations: "):
        dossier.relation("cures")


def test_a_chain_of_verbs_is_read_as_what_becomes_of_each_node(dossier: Dossier) -> None:
    nodes = ("ketamine", "NMDA receptor", "sensitisation", "CRPS")
    steps, claimed = dossier.steps(nodes, ("blocks", "decreases", "relieves"))
    assert ([step.sign for step in steps], claimed) == ([-1, 1, 1], -1)
    steps, claimed = dossier.steps(nodes, ("blocks", "increases", "worsens"), each=True)
    assert ([step.sign for step in steps], claimed) == ([-1, 1, 1], -1)
    steps, claimed = dossier.steps(nodes)
    assert ([step.sign for step in steps], claimed) == ([None, None, None], None)


@pytest.mark.parametrize(
    ("nodes", "relations", "told"),
    [
        (("ketamine",), (), "two nodes or more"),
        (("ketamine", "CRPS"), ("blocks", "blocks"), "one relation for each hop"),
        (("ketamine", "NMDA receptor", "ketamine"), (), "passes each node once"),
        (("ketamine", "CRPS"), ("affects",), "no direction: affects"),
    ],
)
def test_a_chain_that_says_nothing_is_refused(
    dossier: Dossier, nodes: tuple[str, ...], relations: tuple[str, ...], told: str
) -> None:
    with pytest.raises(UnknownName, match=told):
        dossier.steps(nodes, relations)


def test_denials_of_mechanism_reach_the_judge_and_are_told_from_those_of_therapy(dossier: Dossier) -> None:
    denied = {
        (each.subject.rsplit("/", 1)[-1], each.object.rsplit("/", 1)[-1]): each.therapeutic
        for each in dossier.evidence.statements
        if not each.affirmed
    }
    assert denied["Naltrexone", "Hyperalgesia"] is False
    assert denied["Ketamine", "Fibromyalgia"] is True


def test_an_effect_carries_its_scope_and_its_sentence(dossier: Dossier) -> None:
    mu = [
        each
        for each in dossier.evidence.effects
        if each.object == names.term("MuOpioidReceptor") and each.subject == names.term("Ketamine")
    ]
    scopes = {each.scope: [anchor.rsplit("-s", 1)[-1] for anchor in each.anchors] for each in mu}
    assert scopes == {Scope(): ["17.3"], Scope(dose_regime=names.term("Anaesthetic")): ["17.4"]}


def test_a_finding_carries_what_sets_it_apart(dossier: Dossier) -> None:
    found = {each.id.rsplit("/", 1)[-1]: each for each in dossier.evidence.all_findings}
    one = found["vranken-2005-ketamine-75mg-quality-of-life-week-1"]
    assert (one.verdict, one.timepoint_weeks) == (Verdict.FAVOURS_INTERVENTION, 1.0)
    assert one.arm.endswith("vranken-2005-ketamine-75mg")
    assert one.outcome_kind == "quality-of-life"
    assert {"dose", "population"} <= {aspect for aspect, _ in one.setting}
    assert found["amr-2010-ketamine-gabapentin-pain-intensity-week-3"].co_drugs == {names.term("Gabapentin")}
