"""Contrasts, class effects, necessity, withdrawal and reach, on evidence small enough to check by eye."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ketagraph.claims import (
    BodyOfEvidence,
    Certainty,
    Claim,
    Comparator,
    Effect,
    Finding,
    Hierarchy,
    Scope,
    Statement,
    Verdict,
)
from ketagraph.claims.ablation import Withdrawn, leave_one_out, without
from ketagraph.claims.contrasts import disagreements, dissociations, durability
from ketagraph.claims.reach import overreaches, weak_links
from ketagraph.claims.targets import class_effect, necessity

CLAIM = Claim("Drug", "relieves", "Pain", -1)
FAVOURS, NULL = Verdict.FAVOURS_INTERVENTION, Verdict.NO_DIFFERENCE


def found(trial: str, verdict: Verdict, **changes: object) -> Finding:
    plain = Finding(
        f"{trial} {verdict} {sorted(changes.items())}",
        trial,
        frozenset({"Drug"}),
        frozenset({"Pain"}),
        "Intensity",
        "pain",
        Comparator.PLACEBO,
        verdict,
        arm=f"{trial}-arm",
        anchors=(f"s-{trial}",),
        references=(f"ref-{trial}",),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def body(
    *findings: Finding, effects: tuple[Effect, ...] = (), said: tuple[Statement, ...] = ()
) -> BodyOfEvidence:
    return BodyOfEvidence.of(effects, findings, said, Hierarchy({"Kind": {"Pain"}}))


def test_trials_that_disagree_come_with_what_differs() -> None:
    ours = found("early", FAVOURS, route="Oral", timepoint_label="day 1", setting=(("duration", "48 hours"),))
    theirs = found("late", NULL, route="Topical", timepoint_label="month 6")
    (pair,) = disagreements(body(ours, theirs).judge(CLAIM))
    assert (pair.first, pair.second, pair.kind) == ("early", "late", "scope-separated")
    assert {each.aspect: (each.first, each.second) for each in pair.differences} == {
        "route": (("Oral",), ("Topical",)),
        "time": (("day 1",), ("month 6",)),
        "duration as stated": (("48 hours",), ()),
    }


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "same-scope"),
        ({"comparator_kind": Comparator.SALINE}, "comparator-explained"),
        ({"conditions": frozenset({"Kind"})}, "population-explained"),
        ({"dose_regime": "Low"}, "same-scope"),
    ],
)
def test_a_disagreement_is_explained_by_the_first_aspect_that_both_sides_state(
    changes: dict[str, object], kind: str
) -> None:
    pairs = list(disagreements(body(found("a", FAVOURS), found("b", NULL, **changes)).judge(CLAIM)))
    assert [pair.kind for pair in pairs] == [kind]


@pytest.mark.parametrize(
    ("findings", "kind", "weeks", "lost"),
    [
        ([found("t", FAVOURS, timepoint_weeks=12.0)], "lasting", 12.0, None),
        ([found("t", FAVOURS)], "undated", None, None),
        ([found("t", NULL)], "none", None, None),
        (
            [found("t", FAVOURS, timepoint_weeks=4.0), found("t", NULL, timepoint_weeks=13.0)],
            "transient",
            4.0,
            13.0,
        ),
    ],
)
def test_durability_is_when_a_benefit_was_last_seen_and_first_missed(
    findings: list[Finding], kind: str, weeks: float | None, lost: float | None
) -> None:
    (row,) = durability(body(*findings).judge(CLAIM))
    assert (row.kind, row.benefit_weeks, row.lost_weeks) == (kind, weeks, lost)


def test_outcomes_part_ways_in_both_directions_and_per_arm() -> None:
    qol = {"outcome": "Life", "outcome_kind": "quality-of-life"}
    rows = list(
        dissociations(
            [
                found("a", FAVOURS),
                found("a", NULL, **qol),
                found("b", NULL),
                found("b", FAVOURS, **qol),
                found("c", NULL, arm="low"),
                found("c", FAVOURS, arm="high", **qol),
            ]
        )
    )
    assert [(row.trial, row.improved, row.unchanged) for row in rows] == [
        ("a", ("pain",), ("quality-of-life",)),
        ("b", ("quality-of-life",), ("pain",)),
    ]


def drug(name: str, verdict: Verdict) -> Finding:
    return found(name, verdict, drugs=frozenset({name}))


def test_ligands_of_a_target_may_split_and_others_are_shown_beside_them() -> None:
    effects = tuple(Effect(name, "blocks", "Receptor", -1, (f"c-{name}",)) for name in ("A", "B"))
    effect = class_effect(
        body(drug("A", FAVOURS), drug("B", NULL), drug("C", FAVOURS), effects=effects),
        "Receptor",
        Claim("", "relieves", "Pain", -1),
    )
    assert effect.agreement == "split"
    assert [(each.drug, each.ligand, str(each.kind)) for each in effect.members] == [
        ("A", True, "supports"),
        ("B", True, "null"),
        ("C", False, "supports"),
    ]


NECESSITY = (
    Effect("BlockerA", "antagonises", "A", -1, ("a",)),
    Effect("BlockerB", "antagonises", "B", -1, ("b",)),
    Effect("Dirty", "antagonises", "A", -1, ("da",)),
    Effect("Dirty", "antagonises", "B", -1, ("db",)),
    Effect("A", "mediates", "Analgesia", 1, ("ma",)),
    Effect("B", "mediates", "Hyperalgesia", 1, ("mb",)),
    Effect("BlockerA", "abolishes", "Analgesia", -1, ("x",), scope=Scope(species="Mouse")),
    Effect("BlockerB", "abolishes", "Hyperalgesia", -1, ("y",)),
    Effect("Dirty", "abolishes", "Analgesia", -1, ("z",)),
)
DENIED = (
    Statement("A", "mediates", "Hyperalgesia", 1, False, "not-by-a", therapeutic=False),
    Statement("BlockerA", "abolishes", "Hyperalgesia", -1, False, "persists", therapeutic=False),
)


def test_a_target_is_necessary_for_what_its_selective_blocker_abolishes() -> None:
    rows = list(necessity(body(effects=NECESSITY, said=DENIED), ["A", "B"]))
    assert [(row.blocker, row.target, row.phenomenon, row.kind, row.species) for row in rows] == [
        ("BlockerA", "A", "Analgesia", "necessary", ("Mouse",)),
        ("BlockerA", "A", "Hyperalgesia", "not-necessary", ()),
        ("BlockerB", "B", "Hyperalgesia", "necessary", ()),
    ]


PATH = (Effect("Drug", "acts", "Pain", -1, ("path", "again"), references=("ref-path",)),)


def test_a_verdict_that_hangs_on_one_trial_changes_without_it() -> None:
    evidence = body(found("a", FAVOURS), effects=PATH)
    changes = list(leave_one_out(evidence, [evidence.judge(CLAIM)]))
    assert [(each.kind, each.name, each.before, each.after) for each in changes] == [
        ("trial", "a", "concordant benefit", "mechanism only"),
        ("reference", "ref-a", "concordant benefit", "mechanism only"),
        ("reference", "ref-path", "concordant benefit", "benefit without modelled mechanism"),
    ]


def test_two_trials_that_agree_carry_each_other() -> None:
    evidence = body(found("a", FAVOURS), found("b", FAVOURS), effects=PATH)
    assert not list(leave_one_out(evidence, [evidence.judge(CLAIM)], [Withdrawn.TRIAL]))


def test_an_effect_that_two_claims_assert_survives_one_of_them() -> None:
    evidence = body(effects=PATH)
    assert without(evidence, Withdrawn.CLAIM, "path").effects[0].claims == ("again",)
    assert without(evidence, Withdrawn.REFERENCE, "ref-path").effects == ()
    assert without(evidence, Withdrawn.TRIAL, "path").effects == PATH


def said(**changes: object) -> Statement:
    plain = Statement("Drug", "relieves", "Pain", -1, True, "said", role="recommendation")
    return replace(plain, **changes)  # type: ignore[arg-type]


def excess(evidence: BodyOfEvidence) -> list[tuple[str, ...]]:
    return [row.excess for row in overreaches(evidence, lambda _: CLAIM)]


@pytest.mark.parametrize(
    ("findings", "statement", "expected"),
    [
        ([], said(), [("untested",)]),
        ([found("a", NULL)], said(), [("null",)]),
        ([found("a", NULL, comparator_kind=Comparator.ACTIVE)], said(), [("null-vs-active",)]),
        ([found("a", FAVOURS), found("b", FAVOURS)], said(), []),
        ([found("a", FAVOURS)], said(), [("one-trial",)]),
        ([found("a", FAVOURS)], said(role="background"), []),
        ([found("a", FAVOURS)], said(affirmed=False), [("supports",)]),
        ([found("a", NULL)], said(affirmed=False), []),
        (
            [found("a", FAVOURS, refractory=True), found("b", FAVOURS, refractory=True)],
            said(),
            [("wider-population",)],
        ),
        (
            [found(each, FAVOURS, conditions=frozenset({"Kind"})) for each in "ab"],
            said(),
            [("wider-condition",)],
        ),
        ([found("a", FAVOURS, purpose="prevention")], said(), [("one-trial",)]),
    ],
)
def test_words_that_reach_further_than_trials_are_told(
    findings: list[Finding], statement: Statement, expected: list[tuple[str, ...]]
) -> None:
    assert excess(body(*findings, said=(statement,))) == expected


def test_the_weakest_links_come_first_with_what_hangs_on_them() -> None:
    effects = (
        Effect("Drug", "acts", "A", 1, ("sure",)),
        Effect("A", "acts", "Pain", -1, ("hedged",), Certainty.POSSIBLE, scope=Scope(species="Mouse")),
        Effect("Other", "acts", "Pain", -1, ("firm",)),
    )
    evidence = body(effects=effects)
    judged = [evidence.judge(replace(CLAIM, subject=name)) for name in ("Drug", "A", "Other")]
    rows = [
        (row.subject, row.certainty, row.animal_only, row.judgements, row.decisive)
        for row in weak_links(judged)
    ]
    assert rows == [("A", "Possible", True, 2, 2), ("Other", "Established", False, 1, 1)]
