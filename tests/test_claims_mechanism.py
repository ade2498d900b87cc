"""Claims of mechanism and chains of them: stated, inferred, contested, contradicted, and by scope."""

from __future__ import annotations

import pytest

from ketagraph.claims import (
    BodyOfEvidence,
    Claim,
    Effect,
    Hierarchy,
    Joint,
    LinkStanding,
    Scope,
    Sign,
    Standing,
    Statement,
    Step,
    check_chain,
    judge,
)

ASLEEP, AWAKE = Scope(dose_regime="Anaesthetic"), Scope(dose_regime="Subanaesthetic")


def edge(subject: str, obj: str, sign: Sign, claim: str, scope: Scope | None = None) -> Effect:
    return Effect(subject, "acts", obj, sign, (claim,), anchors=(f"s-{claim}",), scope=scope or Scope())


def asked(subject: str, obj: str, sign: Sign, dose: str = "") -> Claim:
    return Claim(subject, "acts", obj, sign, dose_regime=dose, therapeutic=False)


def denial(subject: str, obj: str, sign: Sign, scope: Scope | None = None) -> Statement:
    return Statement(subject, "acts", obj, sign, False, "denial", scope=scope or Scope(), therapeutic=False)


MU = [
    edge("Ketamine", "Mu", -1, "said-of-any-dose"),
    edge("Ketamine", "Mu", -1, "said-of-anaesthesia", ASLEEP),
    edge("Ketamine", "Analgesia", 1, "potentiates", AWAKE),
    edge("Mu", "Analgesia", 1, "mediates"),
]


@pytest.mark.parametrize(
    ("effects", "statements", "verdict"),
    [
        ([], [], Joint.UNKNOWN),
        ([edge("S", "T", -1, "a")], [], Joint.STATED),
        ([edge("S", "A", -1, "a"), edge("A", "T", 1, "b")], [], Joint.INFERRED),
        ([edge("S", "T", 1, "a")], [], Joint.CONTRADICTED),
        ([edge("S", "A", 1, "a"), edge("A", "T", 1, "b")], [], Joint.CONTRADICTED),
        ([edge("S", "T", 0, "a")], [], Joint.CONTRADICTED),
        ([edge("S", "T", None, "a")], [], Joint.UNTESTED),
        ([edge("S", "T", -1, "a"), edge("S", "T", 1, "b")], [], Joint.CONTESTED),
        ([edge("S", "T", -1, "a"), edge("S", "A", 1, "b"), edge("A", "T", 1, "c")], [], Joint.STATED),
        ([edge("S", "T", -1, "a")], [denial("S", "T", -1)], Joint.CONTESTED),
        ([], [denial("S", "T", -1)], Joint.CONTRADICTED),
        ([], [Statement("S", "relieves", "T", -1, True, "said")], Joint.STATED),
    ],
)
def test_a_claim_of_mechanism_is_decided_by_what_sources_state(
    effects: list[Effect], statements: list[Statement], verdict: Joint
) -> None:
    assert judge(asked("S", "T", -1), effects, (), statements).verdict == verdict


def test_what_is_said_of_a_class_is_inferred_for_its_kinds() -> None:
    hierarchy = Hierarchy({"Kind": {"Class"}})
    answer = judge(asked("Kind", "T", -1), [edge("Class", "T", -1, "a")], hierarchy=hierarchy)
    assert (answer.verdict, answer.standing) == (Joint.INFERRED, Standing.SUPPORTED)


def test_one_mechanism_stands_at_one_dose_and_is_contested_at_another() -> None:
    asleep = judge(asked("Ketamine", "Mu", -1, "Anaesthetic"), MU)
    awake = judge(asked("Ketamine", "Mu", -1, "Subanaesthetic"), MU)
    assert (asleep.verdict, awake.verdict) == (Joint.STATED, Joint.CONTESTED)
    reason = awake.because("consequence-denied")
    assert reason is not None
    assert reason.evidence == ("mediates", "potentiates")
    assert reason.anchors == ("s-mediates", "s-potentiates")


def test_what_holds_at_one_dose_does_not_contest_a_claim_for_any_dose() -> None:
    assert judge(asked("Ketamine", "Mu", -1), MU).verdict == Joint.STATED


def test_a_consequence_that_is_stated_without_a_dose_contests_a_claim_without_one() -> None:
    effects = [*MU, edge("Ketamine", "Analgesia", 1, "hoped")]
    assert judge(asked("Ketamine", "Mu", -1), effects).verdict == Joint.CONTESTED
    assert judge(asked("Ketamine", "Mu", -1, "Anaesthetic"), effects).verdict == Joint.STATED


def test_a_denial_at_one_dose_leaves_another_alone() -> None:
    effects = [edge("S", "T", -1, "a")]
    said = [denial("S", "T", -1, ASLEEP)]
    assert judge(asked("S", "T", -1, "Anaesthetic"), effects, (), said).verdict == Joint.CONTESTED
    assert judge(asked("S", "T", -1, "Subanaesthetic"), effects, (), said).verdict == Joint.STATED


def test_claims_that_do_not_state_the_scope_asked_for_are_named() -> None:
    reason = judge(asked("Ketamine", "Mu", -1, "Subanaesthetic"), MU).because("scope-unstated")
    assert reason is not None
    assert reason.evidence == ("said-of-any-dose",)


BODY = BodyOfEvidence.of(
    [
        edge("Drug", "Receptor", -1, "blocks"),
        edge("Receptor", "Sensitisation", 1, "induces"),
        edge("Sensitisation", "Pain", 1, "causes"),
        edge("Drug", "Mood", 1, "lifts"),
        edge("Drug", "Mood", -1, "lowers"),
    ],
    hierarchy=Hierarchy({"Fibromyalgia": {"Pain"}}),
)


def steps(*nodes: str, signs: tuple[Sign, ...] = ()) -> list[Step]:
    return list(map(Step, nodes, nodes[1:], signs or (None,) * len(nodes)))


def test_a_chain_is_checked_hop_by_hop_and_its_signs_compose() -> None:
    chain = check_chain(BODY, steps("Drug", "Receptor", "Sensitisation", "Fibromyalgia"), claimed=-1)
    assert [link.standing for link in chain.links] == ["stated", "stated", "inferred"]
    assert [link.sign for link in chain.links] == [-1, 1, 1]
    assert (chain.sign, chain.composes, chain.worst) == (-1, True, LinkStanding.INFERRED)
    assert chain.standing == Standing.SUPPORTED


def test_a_chain_with_the_wrong_overall_sign_does_not_compose() -> None:
    chain = check_chain(BODY, steps("Drug", "Receptor", "Sensitisation"), claimed=1)
    assert (chain.composes, chain.standing) == (False, Standing.OPPOSED)


def test_a_hop_claimed_with_the_wrong_sign_is_contradicted() -> None:
    chain = check_chain(BODY, steps("Drug", "Receptor", signs=(1,)))
    assert [(link.standing, link.sign) for link in chain.links] == [(LinkStanding.CONTRADICTED, -1)]


@pytest.mark.parametrize(
    ("nodes", "standing", "sign"),
    [
        (("Drug", "Mood"), LinkStanding.CONTESTED, None),
        (("Mood", "Pain"), LinkStanding.UNSUPPORTED, None),
        (("Receptor", "Pain"), LinkStanding.INFERRED, 1),
    ],
)
def test_a_hop_without_a_claimed_sign_gets_the_sign_that_is_known(
    nodes: tuple[str, str], standing: LinkStanding, sign: Sign
) -> None:
    (link,) = check_chain(BODY, steps(*nodes)).links
    assert (link.standing, link.sign) == (standing, sign)


def test_a_chain_with_an_unsupported_hop_is_undecided() -> None:
    chain = check_chain(BODY, steps("Drug", "Receptor", "Mood"))
    assert (chain.worst, chain.standing, chain.sign) == (LinkStanding.UNSUPPORTED, Standing.UNDECIDED, None)
    assert chain.links[1].judgement.missing[0].code == "hop"
