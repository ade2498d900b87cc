"""Two sources report some trials in common: each is counted once, wherever it is counted.

The synthetic source has four such trials: one known by DOI, which both tell alike; one known by PubMed
number, which they tell differently; one that only a curator knows to be the same; and one that shares its
paper with a trial of the review, which a curator calls different.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ketagraph import analyses, judgements, mcp_server, names, questions, rdf, releases, sources
from ketagraph.api import KnowledgeGraph, open_graph
from ketagraph.dossier import Dossier
from ketagraph.releases import Release
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine
from paging import serving

CANCER = ("ketamine", "relieves", "chronic cancer-related pain")
REVIEW, SYNTHETIC = names.thing("israel-2021"), names.thing("synthetic-2031")
ALIKE, DIFFERENT = ("cancer-synthetic-2031", "hardy-2012"), ("cancer-morphine-synthetic-2031", "salas-2012")
STATED = ("eichenberger", "phantom-synthetic-2031")
DISPUTED = ("cancer-morphine-synthetic-2031-pain", "salas-2012-ketamine-morphine-pain-intensity")
SHARED = ", 2 of them reported by two sources"


@pytest.fixture(scope="module")
def joined(both_built: Release) -> Engine:
    return releases.engine(both_built)


@pytest.fixture(scope="module")
def kg(both_built: Release) -> KnowledgeGraph:
    return open_graph(both_built.path)


@pytest.fixture(scope="module")
def two(joined: Engine) -> Dossier:
    return releases.dossier(joined)


def things(*slugs: str) -> tuple[str, ...]:
    return tuple(names.thing(each) for each in slugs)


def pairs(engine: Engine, pattern: str) -> set[tuple[str, str]]:
    """Ask for ?a and ?b, the first in order of name, without what all records begin with."""
    text = f"PREFIX keta: <{names.BASE}> SELECT ?a ?b WHERE {{ {pattern} FILTER(STR(?a) < STR(?b)) }}"
    rows = engine.select(text)[1]
    found = [tuple(term.value.removeprefix(names.thing("")) for term in row if term) for row in rows]
    return {(a, b) for a, b in found}


def test_records_are_joined_by_identifier_or_by_a_curator_unless_one_says_otherwise(joined: Engine) -> None:
    assert pairs(joined, "?a keta:sameStudyAs ?b . ?b keta:sameStudyAs ?a") == {ALIKE, DIFFERENT, STATED}


def test_a_trial_counts_once_in_a_judgement_and_the_words_say_so(kg: KnowledgeGraph) -> None:
    first, both = (kg.judge(*CANCER, sources=each) for each in (["israel-2021"], []))
    told = [
        (trial.trial.iri, trial.kind, [each.iri for each in trial.records])
        for trial in both.answer.clinical.trials
    ]
    assert told == [
        (names.thing(DIFFERENT[0]), "mixed", list(things(*DIFFERENT))),
        (names.thing(ALIKE[0]), "null", list(things(*ALIKE))),
    ]
    assert len(first.answer.clinical.trials) == len(told)
    assert [each.disputed for each in both.answer.clinical.trials] == [[list(things(*DISPUTED))], []]
    assert f"trials     mixed, 2 trial(s){SHARED}" in both.explain().splitlines()
    assert (first.verdict, both.verdict) == ("mechanism without benefit", "mixed")


def test_by_source_each_source_stands_as_if_there_were_no_other(kg: KnowledgeGraph, dossier: Dossier) -> None:
    """``dossier`` is that of the review alone, built without the other."""
    alone = kg.dossier.of_sources(["israel-2021"])
    before = dossier.judge(dossier.claim(*CANCER))
    after = alone.judge(alone.claim(*CANCER))
    assert after.verdict == before.verdict
    assert [(each.trial, each.kind, each.records) for each in after.clinical.trials] == [
        (each.trial, each.kind, each.records) for each in before.clinical.trials
    ]


def test_the_side_by_side_tells_which_trials_are_no_second_witness(two: Dossier) -> None:
    condition = two.claim(*CANCER).object
    rows = analyses.by_source(two, drug=names.term("Ketamine"), condition=condition)
    assert {(row.source, row.agreement, row.deciding, row.shared) for row in rows} == {
        (REVIEW, "differs", things(ALIKE[1], DIFFERENT[1]), things(ALIKE[1], DIFFERENT[1])),
        (SYNTHETIC, "differs", things(DIFFERENT[0], ALIKE[0]), things(DIFFERENT[0], ALIKE[0])),
    }


def test_a_disagreement_of_reports_is_a_node_and_a_row_that_say_what_differs(
    joined: Engine, two: Dossier
) -> None:
    reported = "?node keta:contradictionKind keta:ReportedDifferently ; keta:between ?a , ?b"
    assert pairs(joined, reported) == {DISPUTED}
    aspect = "?node keta:contradictionKind keta:ReportedDifferently ; keta:differsIn ?a . BIND('~' AS ?b)"
    assert {a for a, _ in pairs(joined, aspect)} == {names.term("FindingAspect")}
    rows = [row for row in analyses.contradictions(two) if row.kind == "reported-differently"]
    assert {(row.first, row.second, row.findings) for row in rows} == {
        (*things(*DIFFERENT), things(*DISPUTED))
    }
    assert {difference.aspect for row in rows for difference in row.differences} >= {"verdict"}


def test_no_other_contradiction_lies_between_two_records_of_one_study(joined: Engine) -> None:
    within = (
        "?node keta:between ?a , ?b . ?a keta:findingOf ?one . ?b keta:findingOf ?two . "
        "?one keta:sameStudyAs ?two "
        "FILTER NOT EXISTS { ?node keta:contradictionKind keta:ReportedDifferently }"
    )
    assert pairs(joined, within) == set()


def tallies(engine: Engine) -> dict[tuple[str, str], tuple[int, int]]:
    """Outcome or condition, and verdict → findings and studies."""
    text = (
        f"PREFIX keta: <{names.BASE}> SELECT ?what ?verdict ?findings ?studies WHERE {{ ?tally "
        "keta:findingCount ?findings ; keta:studyCount ?studies ; keta:talliedVerdict ?verdict ; "
        "keta:talliedOutcome|keta:talliedCondition ?what }"
    )
    rows = [[term.value.rsplit("/", 1)[-1] for term in row if term] for row in engine.select(text)[1]]
    return {(what, verdict): (int(findings), int(studies)) for what, verdict, findings, studies in rows}


def test_totals_grow_by_what_only_the_second_source_tells(release: Release, joined: Engine) -> None:
    before, after = tallies(releases.engine(release)), tallies(joined)
    new = {
        key: tuple(now - then for now, then in zip(after[key], before.get(key, (0, 0)), strict=True))
        for key in after
    }
    # Two trials of its own, the one that a curator calls different, and the result that is told differently.
    assert {key: grown for key, grown in new.items() if any(grown)} == {
        ("Fibromyalgia", "FavoursIntervention"): (1, 1),
        ("ComplexRegionalPainSyndromeType1", "NoSignificantDifference"): (1, 1),
        ("IschaemicPain", "NoSignificantDifference"): (1, 1),
        ("ChronicCancerRelatedPain", "FavoursIntervention"): (1, 1),
        ("PainIntensity", "FavoursIntervention"): (2, 2),
        ("PainIntensity", "NoSignificantDifference"): (1, 1),
        ("PainRelief", "NoSignificantDifference"): (1, 1),
    }
    assert before.keys() <= after.keys()


def test_what_lies_within_reach_is_judged_as_if_all_had_been_read(joined: Engine, two: Dossier) -> None:
    large = releases.dossier(joined)
    large.stored.kept["records-counted"] = [{"count": "1000000"}]
    asked = [each.claim for each in judgements.judge_all(two) if each.clinical.shared]
    assert len(asked) > 5
    for claim in asked:
        assert large.judge(claim) == two.evidence.judge(claim)


def test_judgements_in_the_graph_name_a_study_once(joined: Engine) -> None:
    both = "?judgement keta:aboutStudy ?a , ?b . ?a keta:sameStudyAs ?b"
    assert pairs(joined, both) == set()
    stored = (
        "?judgement keta:acrossSources true ; keta:aboutAgent keta:Ketamine ; keta:aboutStudy ?a ; "
        "keta:aboutCondition keta:ChronicCancerRelatedPain . BIND('~' AS ?b)"
    )
    assert {a for a, _ in pairs(joined, stored)} == {ALIKE[0], DIFFERENT[0]}


def test_questions_count_a_shared_trial_once(kg: KnowledgeGraph) -> None:
    rows = [
        (str(row["comparison"]), str(row["verdict"]), row["findings"], row["trials"])
        for row in kg.question("verdicts-by-condition")
        if str(row["condition"]) == CANCER[2] and str(row["comparison"]) != "within arm"
    ]
    assert rows == [
        ("add on comparator", "favours intervention", 1, 1),
        ("add on comparator", "no significant difference", 1, 1),
        ("placebo comparator", "no significant difference", 1, 1),
    ]
    listed = {str(row["study"]): str(row["alsoReportedAs"]) for row in kg.trials(condition=CANCER[2])}
    assert [listed[each] for each in things(*ALIKE)] == list(reversed(things(*ALIKE)))


def test_each_study_says_what_identifies_it_and_how_it_stands_to_others(kg: KnowledgeGraph) -> None:
    rows = kg.question("study-identities", source="synthetic-2031")
    told = {
        str(row["trial"]): tuple(
            str(row[name] or "").rsplit("/", 1)[-1] for name in ("identifier", "standing", "otherSource")
        )
        for row in rows
        if row["standing"]
    }
    assert told == {
        "ketamine for phantom limb pain (synthetic)": ("", "one study", "israel-2021"),
        "ketamine in ischaemic pain (synthetic)": ("12044624", "different studies", "israel-2021"),
        "ketamine under the skin in cancer (synthetic)": (
            "jco.2012.42.1081",
            "one study",
            "israel-2021",
        ),
        "ketamine with morphine in cancer (synthetic)": ("22335487", "one study", "israel-2021"),
    }


def test_a_paper_of_two_trials_leaves_that_of_another_source_undecided(where: Layout) -> None:
    study = (
        "kid:{0} a keta:Study ; rdfs:label '{0}'@en ; keta:fromSource kid:{1} ; keta:identifiedBy 'nct1' ."
    )
    records = (("one", "essay"), ("two", "essay"), ("again", "letter"))
    prefixes = f"@prefix keta: <{names.BASE}> . @prefix kid: <{names.thing('')}> ."
    prefixes += f"@prefix rdfs: <{names.PREFIXES['rdfs']}> ."
    given = rdf.new_graph().parse(data=prefixes + "".join(study.format(*each) for each in records))
    small = Engine()
    small.load_quads(rdf.nquads({"evidence": given}))
    small.unite_graphs()
    same = where.ontology / "rules" / "inferred" / "same-study.rq"
    assert list(small.construct(same.read_text(encoding="utf-8"))) == []
    asked = questions.read(where.queries / "study-identities.rq")
    variables, rows = small.select(questions.bind(asked, {}))
    places = [variables.index(name) for name in ("trial", "standing", "other")]
    assert [tuple(term.value for place in places if (term := row[place])) for row in rows] == [
        ("again", "undecided", "one"),
        ("again", "undecided", "two"),
        ("one", "undecided", "again"),
        ("two", "undecided", "again"),
    ]


@pytest.fixture(scope="module")
def client(both_built: Release) -> Iterator[httpx.Client]:
    with (
        serving(both_built.data, both_built.path.parent) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client


def test_rest_pages_and_assistants_tell_the_same_number(client: httpx.Client, both_built: Release) -> None:
    asked = dict(zip(("subject", "relation", "object"), CANCER, strict=True))
    answer = client.post("/api/judge", json=asked).json()
    assert [len(trial["records"]) for trial in answer["clinical"]["trials"]] == [2, 2]
    assert f"2 trials{SHARED}" in client.get("/check", params=asked).text
    told = mcp_server.Tools(both_built, mcp_server.Limits()).judge_claim(*CANCER)
    assert SHARED in told["explanation"]
    assert [each["text"] for each in told["reasons"] if each["code"] == "trials-shared"] == [
        "trials that several sources report, each counted once: 2"
    ]
    assert "Also reported as" in client.get(f"/trial/{ALIKE[1]}").text


def test_the_start_page_and_the_manifest_count_studies_once(
    release: Release, both_built: Release, joined: Engine
) -> None:
    totals = questions.parse(
        (Path(sources.__file__).parent / "sparql" / "page-totals.rq").read_text(), "t", "t"
    )
    counted = [
        {row[0].value: int(row[1].value) for row in each.select(totals.text)[1] if row[0] and row[1]}
        for each in (releases.engine(release), joined)
    ]
    grown = {name.removeprefix(names.BASE): counted[1][name] - counted[0][name] for name in counted[1]}
    # Doe, Roe and the second trial of one paper; of findings also the one that is told differently.
    assert (grown["Study"], grown["Finding"]) == (3, 4)
    assert [both_built.counts[each] - release.counts[each] for each in ("studies", "findings")] == [3, 4]
