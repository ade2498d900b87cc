"""What bears on one claim, found without reading the rest: the same judgements, names and labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from ketagraph import dossier as dossiers
from ketagraph import judgements, names, nearby, wording
from ketagraph.claims import Claim, MechanismKind, check_chain
from ketagraph.dossier import Dossier
from ketagraph.errors import AmbiguousName, UnknownName
from ketagraph.evidence import said
from ketagraph.store.engine import Engine
from ketagraph.stored import Stored, narrowed

WIDE = {"claims", "claim-evidence", "findings", "finding-links", "hierarchy", "names", "records", "objects"}
QUALIFIED = [
    ("ketamine", "relieves", "CRPS", {"dose": "subanaesthetic", "route": "intravenous", "species": "human"}),
    ("ketamine", "relieves", "fibromyalgia", {"via": "NMDA receptor", "outcome": "pain intensity"}),
    ("ketamine", "antagonises", "NMDA receptor", {}),
    ("ketamine", "increases", "quality of life", {}),
    ("NMDA receptor antagonist", "prevents", "phantom limb pain", {"comparator": "placebo"}),
    ("memantine", "relieves", "pain", {"week": 4}),
    ("morphine", "worsens", "depressive disorder", {}),
]


@pytest.fixture
def large(engine: Engine) -> Dossier:
    """The curated graph, taken for a large one."""
    known = dossiers.read(engine)
    known.stored.kept["records-counted"] = [{"count": "1000000"}]
    return known


def qualified(known: Dossier) -> Iterator[Claim]:
    for subject, relation, object_, how in QUALIFIED:
        yield known.claim(subject, relation, object_, **how)  # type: ignore[arg-type] # text, and a week


def test_every_seventh_pair_is_judged_as_if_all_had_been_read(dossier: Dossier, large: Dossier) -> None:
    asked = list(judgements.judge_all(dossier))[::7]
    assert len(asked) > 100
    assert [large.judge(each.claim) for each in asked] == asked


@pytest.mark.parametrize("hops", [1, 2, 3, 4, 5])
def test_qualified_claims_are_judged_as_if_all_had_been_read(
    dossier: Dossier, large: Dossier, hops: int
) -> None:
    asked = list(qualified(dossier))
    assert list(qualified(large)) == asked
    assert [large.judge(each, hops=hops) for each in asked] == [
        dossier.judge(each, hops=hops) for each in asked
    ]


def test_a_claim_with_a_path_leaves_the_rest_of_the_graph_unread(large: Dossier) -> None:
    judgement = large.judge(large.claim("ketamine", "relieves", "fibromyalgia"))
    assert judgement.mechanism.kind is not MechanismKind.NO_PATH
    assert large.labels_of(judgement)[names.term("Fibromyalgia")] == "fibromyalgia"
    assert not WIDE & large.stored.kept.keys()


LACKING = [
    ("urinary system damage", "decreases", "noxious thermal stimulus", 4, "hop"),
    ("impaired quality of life", "increases", "radiation-induced mucositis", 3, "hop"),
    ("memantine", "decreases", "excitatory synaptic transmission", 1, "hops"),
    ("non-competitive NMDA receptor antagonism", "decreases", "limited activity", 1, "hops"),
]


@pytest.mark.parametrize(("subject", "relation", "object_", "hops", "code"), LACKING)
def test_which_hop_lacks_is_told_without_reading_the_rest(
    dossier: Dossier, large: Dossier, subject: str, relation: str, object_: str, hops: int, code: str
) -> None:
    claim = dossier.claim(subject, relation, object_)
    found = large.judge(claim, hops=hops)
    assert found == dossier.judge(claim, hops=hops)
    assert code in {each.code for each in found.missing}
    assert not WIDE & large.stored.kept.keys()


def test_of_mechanisms_only_steps_between_the_ends_are_read(dossier: Dossier, large: Dossier) -> None:
    claim = large.claim("ketamine", "relieves", "fibromyalgia")
    rows = nearby.Nearby(large.stored, large.relations).claims(claim, 4)
    effects, _, _ = said(rows)
    known = dossier.judge(claim).mechanism
    passed = {node for path in (*known.paths, *known.unsigned, *known.blocked) for node in path.nodes}
    above = passed.union(*map(dossier.evidence.hierarchy.ancestors, passed))
    assert {each.subject for each in effects if not each.therapeutic} <= above
    assert len(rows) < len(dossier.claims) / 2


def test_where_too_much_is_within_reach_all_is_read_to_the_same_end(
    dossier: Dossier, large: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearby, "MOST", 12)
    monkeypatch.setattr(nearby, "SHARE", 1_000_000)
    asked = list(qualified(dossier))
    assert [large.judge(each) for each in asked] == [dossier.judge(each) for each in asked]
    assert {"claims", "findings"} <= large.stored.kept.keys()


@pytest.mark.parametrize(("share", "is_read"), [(2, False), (100_000, True)])
def test_of_a_larger_graph_more_may_be_within_reach(
    large: Dossier, monkeypatch: pytest.MonkeyPatch, share: int, is_read: bool
) -> None:
    monkeypatch.setattr(nearby, "MOST", 12)
    monkeypatch.setattr(nearby, "SHARE", share)
    large.judge(large.claim("ketamine", "relieves", "fibromyalgia"))
    assert ("claims" in large.stored.kept) is is_read


def test_whether_asked_by_trial_or_by_agent_the_same_findings_are_read(
    large: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = nearby.Nearby(large.stored, large.relations)
    claims = list(qualified(large))
    by_trial = [near.findings(each) for each in claims]
    monkeypatch.setattr(nearby, "FEW_TRIALS", 0)
    assert [near.findings(each) for each in claims] == by_trial
    assert any(by_trial)


def test_sources_are_told_apart_in_what_is_near(dossier: Dossier, large: Dossier) -> None:
    for source in dossier.sources:
        whole, near = dossier.of_sources([source]), large.of_sources([source])
        assert [near.judge(each) for each in qualified(near)] == [
            whole.judge(each) for each in qualified(whole)
        ]


def test_a_chain_is_checked_as_if_all_had_been_read(dossier: Dossier, large: Dossier) -> None:
    chains = []
    for known in (dossier, large):
        steps, claimed = known.steps(("ketamine", "NMDA receptor", "sensitisation", "CRPS"))
        chains.append(check_chain(known, steps, claimed=claimed))
    assert chains[0] == chains[1]


NAMES = (
    *(
        "ketamine",
        "Ketamine ",
        "(R)-ketamine",
        "keta:CRPS",
        "kid:israel-2021",
        "HP:0012531",
        "CRPS",
        "ketamin",
    ),
    *("µ-opioid", "mu opioid receptor", "<https://w3id.org/ketagraph/Pain>", "phantom-limb pain", "", "+"),
    *("Fibro-Myalgia", "nmda receptor", "KETAMINE", "phantom  limb pain", '"} ?s ?p ?o', "a\x00b", "\ud800"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_means_the_same_or_is_refused_alike(dossier: Dossier, large: Dossier, name: str) -> None:
    try:
        expected: object = dossier.resolve(name)
    except UnknownName as error:
        expected = type(error), str(error)
    try:
        found: object = large.resolve(name)
    except UnknownName as error:
        found = type(error), str(error)
    assert found == expected


def test_a_name_that_is_borne_does_not_make_the_lexicon_be_read(large: Dossier) -> None:
    assert large.resolve("complex regional pain syndrome") == names.term("ComplexRegionalPainSyndrome")
    assert "names" not in large.stored.kept


def test_several_bearers_are_found_by_one_look_up() -> None:
    bearers = {"k:a": "CRPS", "k:b": "crps"}

    def rows(query: str) -> Iterator[Mapping[str, str]]:
        if "skos:exactMatch ?value" in query:
            yield from ({"iri": iri} for iri in bearers)
        elif "?kind" in query:
            yield from ({"iri": iri, "name": name, "kind": "label"} for iri, name in bearers.items())

    with pytest.raises(AmbiguousName):
        wording.lexicon_of(Stored(rows), "CRPS").resolve("CRPS")


def test_labels_of_a_judgement_are_those_of_the_whole(dossier: Dossier, large: Dossier) -> None:
    for claim in qualified(dossier):
        judgement = dossier.judge(claim)
        mentioned = wording.mentioned(judgement)
        whole, near = dossier.labels, large.labels_of(judgement)
        assert {iri: near.get(iri) for iri in mentioned} == {iri: whole.get(iri) for iri in mentioned}


def test_a_small_graph_is_read_at_once(engine: Engine) -> None:
    known = dossiers.read(engine)
    known.judge(known.claim("ketamine", "relieves", "fibromyalgia"))
    assert {"claims", "findings", "hierarchy"} <= known.stored.kept.keys()


def test_a_query_is_narrowed_at_the_beginning_of_its_pattern() -> None:
    text = "# {\nSELECT ?a WHERE {\n  ?a ?b ?c .\n}\n"
    assert narrowed(text, "a", ["<x:1>", "<x:2>"]) == (
        "# {\nSELECT ?a WHERE { VALUES ?a { <x:1> <x:2> }\n  ?a ?b ?c .\n}\n"
    )


def test_other_variables_are_narrowed_by_looking_at_each_answer() -> None:
    asked: list[str] = []

    def rows(query: str) -> list[Mapping[str, str]]:
        asked.append(query)
        return []

    many = {f"x:{number}" for number in range(401)}
    Stored(rows).of("claim-ends", "subject", ["x:s"], object={"x:b", "x:a", "x:> }"}, relation=many)
    (query,) = asked
    assert "{ VALUES ?subject { <x:s> } FILTER(?object IN (<x:a>, <x:b>))\n" in query


def test_text_that_is_no_iri_cannot_come_into_a_query() -> None:
    asked: list[str] = []

    def rows(query: str) -> list[Mapping[str, str]]:
        asked.append(query)
        return []

    assert Stored(rows).of("labels", "iri", ["x:> } ?s ?p ?o #", "two words"]) == []
    assert asked == []


def test_many_records_are_asked_for_in_several_queries() -> None:
    asked: list[str] = []

    def rows(query: str) -> list[Mapping[str, str]]:
        asked.append(query)
        return [{"iri": f"of query {len(asked)}"}]

    found = Stored(rows).of("labels", "iri", [f"x:{number}" for number in range(401)])
    assert found == [{"iri": "of query 1"}, {"iri": "of query 2"}]
    assert [query.count("<x:") for query in asked] == [400, 1]
