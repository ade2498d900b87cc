"""Rows of small queries in, one row per claim and finding out: what is joined, what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest

from ketagraph import gathering, names
from ketagraph.relation import Relation
from ketagraph.stored import Row

ACTS = Relation("r:acts", "antagonises", -1, prevents=False, acts=True)
NEITHER = Relation("r:risk", "is a risk for", None, prevents=False)
CLAIM = {
    "claim": "c:1",
    "subject": "k:ketamine",
    "relation": "r:acts",
    "object": "k:nmda",
    "label": "it blocks",
    "polarity": names.term("Affirmed"),
    "certainty": names.term("Established"),
}
LINE = {"claim": "c:1", "line": "l:1", "role": "o:background", "anchor": "a:1", "reference": "ref:1"}
FINDING = {
    "finding": "f:1",
    "trial": "t:1",
    "outcome": "o:pain",
    "arm": "arm:1",
    "weeks": "4",
    "comparator": "v:Placebo",
    "verdict": "v:NoChange",
    "significance": "true",
}


def asked(**tables: Iterable[Row]) -> Callable[[str], Iterable[Row]]:
    """Answer each query with the rows given for it: its name with _ for -."""
    return lambda name: tables.get(name.replace("-", "_"), ())


def links(key: str, record: str, **values: str) -> list[Row]:
    """Rows of record, kind and value; several values of a kind are parted by spaces."""
    return [
        {key: record, "kind": kind, "value": value} for kind, said in values.items() for value in said.split()
    ]


def test_a_claim_gathers_its_lines_and_what_it_runs_through_once_each() -> None:
    (row,) = gathering.claims(
        asked(
            claims=[{**CLAIM, "mediator": "k:mtor"}, {**CLAIM, "mediator": "k:bdnf"}],
            claim_evidence=[LINE, {**LINE, "line": "l:2", "anchor": "a:0"}, {**LINE, "reference": "ref:0"}],
        ),
        {"r:acts": ACTS},
    )
    assert row == {
        **CLAIM,
        "sign": "-1",
        "acts": "true",
        "therapeutic": "false",
        "affirmed": "true",
        "via": "k:bdnf k:mtor",
        "lines": "l:1 l:2",
        "roles": "o:background",
        "anchors": "a:0 a:1",
        "references": "ref:0 ref:1",
    }


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [({**CLAIM, "relation": "r:risk"}, [LINE]), ({**CLAIM, "relation": "r:unheard-of"}, [LINE]), (CLAIM, [])],
)
def test_a_claim_of_another_kind_or_without_evidence_is_left_out(claim: Row, evidence: list[Row]) -> None:
    relations = {"r:acts": ACTS, "r:risk": NEITHER}
    assert gathering.claims(asked(claims=[claim], claim_evidence=evidence), relations) == []


def test_a_denied_claim_is_not_affirmed() -> None:
    denied = {**CLAIM, "polarity": names.term("Denied")}
    (row,) = gathering.claims(asked(claims=[denied], claim_evidence=[LINE]), {"r:acts": ACTS})
    assert row["affirmed"] == "false"


def found(**more: Iterable[Row]) -> list[Row]:
    tables: Mapping[str, Iterable[Row]] = {
        "findings": [FINDING],
        "finding_links": links(
            "finding", "f:1", agents="k:ketamine", against="arm:2", anchors="a:2 a:1", alongside="f:3 f:2"
        ),
        "trial_facts": links(
            "trial", "t:1", purpose="v:Treatment", species="v:Human", conditions="k:b k:a", reports="t:3 t:2"
        ),
        "arms_given": [
            {"arm": "arm:1", "agent": "k:ketamine", "dose": "v:Low", "schedule": "daily"},
            {"arm": "arm:1", "agent": "k:midazolam", "dose": "v:High"},
            {"arm": "arm:1", "agent": "k:amitriptyline"},
            {"arm": "arm:2", "agent": "k:midazolam"},
        ],
        "outcome_kinds": [{"outcome": "o:pain", "kind": "mood"}, {"outcome": "o:pain", "kind": "pain"}],
    }
    return gathering.findings(asked(**{**tables, **more}))


def test_a_finding_tells_its_trial_and_how_what_it_tests_was_given() -> None:
    assert found() == [
        {
            **FINDING,
            "kind": "pain",
            "anchors": "a:1 a:2",
            "purpose": "v:Treatment",
            "species": "v:Human",
            "conditions": "k:a k:b",
            "designs": "",
            "references": "",
            "reports": "t:2 t:3",
            "alongside": "f:2 f:3",
            "agents": "k:ketamine",
            "coAgents": "k:midazolam",
            "backgrounds": "k:amitriptyline k:midazolam",
            "doses": "v:Low",
            "routes": "",
            "doseStated": "",
            "schedule": "daily",
            "duration": "",
        }
    ]


def test_an_outcome_of_no_kind_that_is_judged_is_another() -> None:
    assert [row["kind"] for row in found(outcome_kinds=[])] == ["other"]


def test_what_a_trial_says_twice_counts_each_way() -> None:
    twice = links("trial", "t:1", purpose="v:Treatment", species="v:Human v:Rat", refractory="true")
    assert [(row["species"], row["refractory"]) for row in found(trial_facts=twice)] == [
        ("v:Human", "true"),
        ("v:Rat", "true"),
    ]


@pytest.mark.parametrize(
    "lacking",
    [
        {"finding_links": links("finding", "f:1", agents="k:ketamine")},
        {"trial_facts": links("trial", "t:1", purpose="v:Treatment")},
        {"trial_facts": []},
    ],
)
def test_a_finding_without_sentence_purpose_or_species_is_left_out(lacking: Mapping[str, list[Row]]) -> None:
    assert found(**lacking) == []
