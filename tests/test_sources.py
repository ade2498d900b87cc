"""Sources lie side by side: each with its facts and its licence, told apart, added and withdrawn whole.

The second source is tests/sources/synthetic-2031: invented, marked so, and never part of a release.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ketagraph import analyses, anchors, cli, names, releases, sources
from ketagraph.api import KnowledgeGraph, open_graph
from ketagraph.claims.ablation import only
from ketagraph.dossier import Dossier
from ketagraph.errors import SourceError, UnknownName
from ketagraph.releases import Release
from ketagraph.sources import Layout

ROOT = Path(__file__).parent.parent
SYNTHETIC = Path(__file__).parent / "sources" / "synthetic-2031"
FIBROMYALGIA = ("ketamine", "relieves", "fibromyalgia")
SECOND = names.thing("synthetic-2031")


@pytest.fixture(scope="module")
def kg(both_built: Release) -> KnowledgeGraph:
    return open_graph(both_built.path)


@pytest.fixture(scope="module")
def two(kg: KnowledgeGraph) -> Dossier:
    return kg.dossier


@pytest.fixture
def small(tmp_path: Path) -> Layout:
    """A layout with the synthetic source alone, for what is refused before anything is built."""
    for name in ("ontology", "queries"):
        (tmp_path / name).mkdir()
    shutil.copytree(SYNTHETIC, tmp_path / "data" / "synthetic-2031")
    return sources.layout(tmp_path)


def facts(where: Layout, **changed: str) -> None:
    path = where.data / "synthetic-2031" / "source.toml"
    lines = [
        line for line in path.read_text(encoding="utf-8").splitlines() if line.split(" = ")[0] not in changed
    ]
    lines += [f"{name} = {value}" for name, value in changed.items() if value]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_synthetic_source_says_that_it_is_one_and_is_no_part_of_the_data(where: Layout) -> None:
    text = (SYNTHETIC / "text.txt").read_text(encoding="utf-8")
    assert text.startswith("SYNTHETIC")
    assert "synthetic-2031" not in {folder.id for folder in sources.source_folders(where)}


def test_the_synthetic_text_bears_out_its_anchors(small: Layout) -> None:
    (folder,) = sources.source_folders(small)
    text = (SYNTHETIC / "text.txt").read_bytes()
    assert sources.folder_of_text(text, small) == folder
    counted = list(anchors.sentences(text.decode()))
    assert (len(counted), len(anchors.headings(text.decode()))) == (
        folder.facts["sentences"],
        folder.facts["headings"],
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"title": ""}, "title: missing; expected the title as printed"),
        ({"titel": '"x"'}, "titel: unknown field; known are id, title, authors"),
        ({"year": '"2031"'}, "year: '2031' is not a year of four digits"),
        ({"licence": '"free"'}, "licence: 'free' is not the address of the licence of the text"),
        ({"mark": '"A mark"'}, "mark: 'A mark' is not a kebab-case word, or nothing"),
        ({"id": '"else"'}, "id: id is 'else', expected the folder's name 'synthetic-2031'"),
    ],
)
def test_the_facts_of_a_source_are_checked(small: Layout, changed: dict[str, str], expected: str) -> None:
    facts(small, **changed)
    with pytest.raises(SourceError) as caught:
        sources.source_folders(small)
    assert f"data/synthetic-2031/source.toml: {expected}" in str(caught.value)


def test_two_sources_with_one_mark_are_refused(small: Layout) -> None:
    shutil.copytree(SYNTHETIC, small.data / "another")
    path = small.data / "another" / "source.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"synthetic-2031"', '"another"'), encoding="utf-8"
    )
    facts(small, mark='"another"')
    with pytest.raises(SourceError, match=r"'another' is also the mark of data/another/source\.toml"):
        sources.source_folders(small)


def test_a_folder_without_its_facts_is_refused(small: Layout) -> None:
    (small.data / "synthetic-2031" / "source.toml").unlink()
    with pytest.raises(SourceError, match=r"synthetic-2031/source\.toml: the file is missing"):
        sources.source_folders(small)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "Nobody. SYNTHETIC review, invented for tests. 2031."),
        (
            {"doi": '"10.5555/x"'},
            "Nobody. SYNTHETIC review, invented for tests. 2031. https://doi.org/10.5555/x",
        ),
        (
            {"journal": '"J"', "volume": '"9"', "issue": '"1"'},
            "Nobody. SYNTHETIC review, invented for tests. J 9(1), 2031.",
        ),
        ({"citation": '"As you like."'}, "As you like."),
    ],
)
def test_a_source_is_cited_by_its_facts_or_as_it_says(
    small: Layout, changed: dict[str, str], expected: str
) -> None:
    facts(small, **changed)
    assert [folder.citation for folder in sources.source_folders(small)] == [expected]


def test_a_text_of_no_source_asks_for_a_name_where_there_are_several(both: Layout, small: Layout) -> None:
    assert sources.folder_of_text(b"else", small).id == "synthetic-2031"
    with pytest.raises(UnknownName, match="name one of israel-2021, synthetic-2031"):
        sources.folder_of_text(b"else", both)


def test_every_record_says_its_source_and_addresses_do_not_meet(kg: KnowledgeGraph) -> None:
    # No number of sentences is assumed: two sources may both have a sentence 1.1.
    rows = kg.select(
        "PREFIX keta: <https://w3id.org/ketagraph/> SELECT ?address (COUNT(DISTINCT ?anchor) AS ?anchors) "
        "WHERE { ?anchor a keta:Anchor ; keta:address ?address } GROUP BY ?address ORDER BY ?address"
    )
    assert {int(str(row["anchors"])) for row in rows} == {1}
    assert {"1.1", "synthetic-2031:1.1"} <= {str(row["address"]) for row in rows}
    unsaid = (
        "PREFIX keta: <https://w3id.org/ketagraph/> ASK { VALUES ?kind { keta:Claim keta:Finding keta:Study "
        "keta:AdverseEventFinding } ?record a ?kind FILTER NOT EXISTS { ?record keta:fromSource ?source } }"
    )
    assert not kg.ask(unsaid)


def test_a_claim_is_judged_across_sources_and_by_source(kg: KnowledgeGraph) -> None:
    together = kg.judge(*FIBROMYALGIA)
    first = kg.judge(*FIBROMYALGIA, sources=["israel-2021"])
    second = kg.judge(*FIBROMYALGIA, sources=["synthetic-2031"])
    assert (first.verdict, second.verdict, together.verdict) == (
        "mechanism without benefit",
        "benefit without modelled mechanism",
        "concordant benefit",
    )
    assert second.answer.sources == [SECOND]
    assert together.answer.sources == [names.thing("israel-2021"), SECOND]
    assert [each.sentences for each in second.answer.support] == [["synthetic-2031:2.1"]]


def test_all_sources_named_are_all_sources(two: Dossier) -> None:
    claim = two.claim(*FIBROMYALGIA)
    named = two.of_sources(["israel-2021", "SYNTHETIC review, invented for tests"])
    assert named.evidence.judge(claim) == two.evidence.judge(claim)
    assert only(two.evidence, frozenset(two.sources)).all_findings == two.evidence.all_findings


def test_a_source_that_is_not_there_is_named_with_those_that_are(two: Dossier) -> None:
    with pytest.raises(UnknownName, match="'nobody'; sources: israel-2021, synthetic-2031"):
        two.of_sources(["nobody"])


def test_trials_of_two_sources_contradict_each_other(two: Dossier) -> None:
    first, second = two.of_sources(["israel-2021"]), two.of_sources(["synthetic-2031"])
    found = [each for each in analyses.contradictions(two) if len(each.sources) == 2]
    pairs = {(each.first, each.second) for each in found if each.object == names.term("Fibromyalgia")}
    assert pairs == {(names.thing("doe-2030"), names.thing("noppers-2011"))}
    assert all(len(each.sources) == 1 for each in analyses.contradictions(first))
    assert {each.sources for each in analyses.contradictions(second)} == {(SECOND,)}


def test_sources_are_set_side_by_side(two: Dossier) -> None:
    rows = {
        (each.source, each.agreement, each.trials)
        for each in analyses.by_source(two, drug=names.term("Ketamine"), condition=names.term("Fibromyalgia"))
    }
    assert rows == {(names.thing("israel-2021"), "differs", "null"), (SECOND, "differs", "supports")}


def test_concordance_says_whose_trials_decide(two: Dossier) -> None:
    found = analyses.judged(
        two, drug=names.term("Ketamine"), condition=names.term("Fibromyalgia"), decided=True
    )
    assert [each.sources for each in analyses.concordance(found)] == [(names.thing("israel-2021"), SECOND)]


def test_claims_of_two_sources_agree_and_contradict_in_the_graph(kg: KnowledgeGraph) -> None:
    effect = names.thing("effect-ketamine-antagonises-nmdareceptor")
    claims = kg.select(
        f"SELECT ?claim WHERE {{ <{effect}> <{names.term('generatedFrom')}> ?claim }} ORDER BY ?claim"
    )
    assert names.thing("synthetic-ketamine-antagonises-nmda-receptor") in [
        str(row["claim"]) for row in claims
    ]
    assert len(list(claims)) > 1
    said = names.thing("synthetic-ketamine-enhances-quality-of-life-crps")
    kinds = kg.select(
        f"SELECT ?kind ?other WHERE {{ ?c <{names.term('between')}> <{said}> , ?other ; "
        f"<{names.term('contradictionKind')}> ?kind FILTER(?other != <{said}>) }} ORDER BY ?other"
    )
    assert (
        names.term("SameScope"),
        names.thing("ketamine-enhances-quality-of-life-crps"),
    ) in [(str(row["kind"]), str(row["other"])) for row in kinds]


def test_judgements_in_the_graph_tell_sources_apart(kg: KnowledgeGraph) -> None:
    rows = [(str(row["source"]), str(row["verdict"])) for row in kg.question("verdicts-by-source")]
    assert rows == [
        (names.thing("israel-2021"), "mechanism without benefit verdict"),
        (SECOND, "benefit without modelled mechanism verdict"),
    ]
    alone = kg.question("concordance-matrix", source="synthetic-2031", condition="fibromyalgia")
    assert [str(row["verdict"]) for row in alone] == ["benefit without modelled mechanism verdict"]
    together = kg.question("concordance-matrix", condition="fibromyalgia")
    assert [str(row["verdict"]) for row in together if str(row["drug"]) == "ketamine"] == [
        "concordant benefit verdict"
    ]


def test_questions_can_be_asked_of_one_source(kg: KnowledgeGraph) -> None:
    asked = {"condition": "chronic pain", "source": "synthetic-2031"}
    trials = {str(row["trial"]) for row in kg.question("trials-of-condition", **asked)}
    assert len(trials) == 6
    assert all("(synthetic)" in each for each in trials)


def test_each_source_has_its_licence_in_graph_and_manifest(both_built: Release, kg: KnowledgeGraph) -> None:
    stated = {
        name: (each["text_licence"], each["data_licence"])
        for name, each in both_built.manifest["sources"].items()
    }
    asked = {
        str(row["source"]).rsplit("/", 1)[-1]: (str(row["textLicence"]), str(row["dataLicence"]))
        for row in kg.question("sources")
    }
    assert stated == asked
    assert set(stated) == {"israel-2021", "synthetic-2031"}
    assert len({licence for pair in stated.values() for licence in pair}) == 3


@pytest.fixture
def run(both: Layout, both_built: Release, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    monkeypatch.setattr(sources, "layout", lambda root=None: both)
    cli.load_commands()

    def invoked(*words: str) -> Result:
        release = ["--release", str(both_built.path.parent)] if words[0] != "verify-anchors" else []
        return CliRunner().invoke(cli.app, [*words, *release], env={"COLUMNS": "200"})

    return invoked


def test_the_command_line_asks_one_source_or_all(run) -> None:
    assert run("check", *FIBROMYALGIA).exit_code == 0
    assert run("check", *FIBROMYALGIA, "--source", "israel-2021").exit_code == 1
    wrong = run("check", *FIBROMYALGIA, "--source", "nobody").exception
    assert isinstance(wrong, UnknownName)
    rows = json.loads(
        run("evidence", "contradictions", "--source", "synthetic-2031", "--format", "json").stdout
    )
    assert {tuple(row["sources"]) for row in rows} == {(SECOND,)}
    side = run("evidence", "by-source", "--condition", "fibromyalgia", "--format", "tsv").stdout.splitlines()
    assert len(side) >= 3


def test_coverage_and_anchors_are_those_of_each_source(run) -> None:
    told = run("coverage", "--source", "synthetic-2031")
    assert "9 sentences: 8 used, 1 excused, 0 unaccounted for" in told.stdout
    both = run("coverage").stdout
    assert "synthetic-2031" in both
    assert "israel-2021" in both
    checked = run("verify-anchors", str(SYNTHETIC / "text.txt"))
    assert f"all 9 anchors of synthetic-2031 agree with {SYNTHETIC / 'text.txt'}" in checked.stdout


def test_a_source_withdrawn_leaves_the_very_bytes_there_were_before(
    release: Release, both_built: Release, both: Layout, tmp_path: Path
) -> None:
    assert both_built.path.name != release.path.name
    again = tmp_path / "again"
    shutil.copytree(both.root, again, ignore=shutil.ignore_patterns("release"))
    shutil.rmtree(again / "data" / "synthetic-2031")
    # What was reasoned before the source came is found again by its digest.
    shutil.copytree(release.path.parent / ".kept", tmp_path / "release" / ".kept")
    without = releases.rebuild(sources.layout(again), tmp_path / "release")
    assert {path.name: path.read_bytes() for path in without.path.iterdir()} == {
        path.name: path.read_bytes() for path in release.path.iterdir()
    }
    assert b"synthetic-2031" not in without.data.read_bytes()
