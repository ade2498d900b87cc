"""The commands check, check-path and evidence: formats, batches, exit codes and bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rdflib import Graph
from typer.testing import CliRunner, Result

from ketagraph import releases
from ketagraph.cli import app, load_commands
from ketagraph.dossier import Dossier
from ketagraph.errors import AmbiguousName, SourceError, UnknownName
from ketagraph.releases import Release
from ketagraph.store.engine import Engine

Run = Callable[..., Result]


def invoked(release: Release, *words: str) -> Result:
    load_commands()
    return CliRunner().invoke(app, [*words, "--release", str(release.path.parent)])


@pytest.fixture
def run(release: Release, engine: Engine, dossier: Dossier, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a release that is loaded once for all tests."""
    monkeypatch.setattr(releases, "engine", lambda *_: engine)
    monkeypatch.setattr(releases, "dossier", lambda _: dossier)
    return lambda *words: invoked(release, *words)


def test_a_claim_is_checked_on_a_release_as_it_lies_on_disk(release: Release) -> None:
    assert invoked(release, "check", "ketamine", "relieves", "CRPS").exit_code == 0


CRPS = ("check", "ketamine", "relieves", "CRPS")
MU = ("check", "ketamine", "antagonises", "mu opioid receptor")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (CRPS, 0),
        (("check", "ketamine", "relieves", "fibromyalgia"), 1),
        (("check", "ketamine", "relieves", "visceral pain"), 7),
        ((*MU, "--dose", "anaesthetic"), 0),
        ((*MU, "--dose", "subanesthetic"), 1),
        ((*CRPS, "--comparator", "active"), 7),
        ((*CRPS, "--outcome", "functional status"), 1),
        ((*CRPS, "--species", "human", "--week", "12", "--via", "NMDA receptor"), 0),
        (("check-path", "ketamine", "NMDA receptor", "sensitisation", "CRPS"), 0),
        (("check-path", "ketamine", "mu opioid receptor", "opioid analgesia"), 1),
        (("check-path", "ketamine", "mammalian target of rapamycin", "hyperalgesia"), 7),
    ],
)
def test_the_exit_code_says_how_a_claim_stands(run: Run, words: tuple[str, ...], code: int) -> None:
    assert run(*words).exit_code == code


def test_a_claim_names_the_sentences_that_conflict(run: Run) -> None:
    shown = run(*MU, "--dose", "subanaesthetic").stdout
    assert "verdict    contested" in shown
    assert "sentences 17.4, 40.3, 40.5" in shown
    assert "Subanaesthetic ketamine potentiates opioid analgesia" in shown


def test_an_explanation_shows_every_path_hop_by_hop(run: Run) -> None:
    shown = run(*CRPS, "--explain").stdout
    assert "… and" not in shown
    assert "ketamine antagonises NMDA receptor, established (sentences 15.1" in shown
    assert "… and" in run(*CRPS).stdout


def test_json_is_complete(run: Run) -> None:
    answer = json.loads(run(*CRPS, "--format", "json").stdout)
    assert list(answer) == [
        "claim",
        "verdict",
        "standing",
        "reasons",
        "mechanism",
        "clinical",
        "support",
        "against",
        "noted",
        "missing",
        "sources",
    ]
    assert answer["verdict"] == "concordant benefit"
    assert {trial["trial"]["label"].split(":")[0] for trial in answer["clinical"]["trials"]} == {
        "Schwartzman",
        "Sigtermans",
    }
    path = answer["mechanism"]["paths"][0]
    assert path["hops"][path["weakest"]]["effects"][0]["sentences"]


def test_turtle_says_what_a_judgement_rests_on(run: Run) -> None:
    graph = Graph().parse(data=run(*CRPS, "--format", "ttl").stdout, format="turtle")
    assert len(graph) > 20
    asked = "SELECT ?s WHERE { ?s <http://www.w3.org/ns/prov#wasDerivedFrom> ?f }"
    assert len({row[0] for row in graph.query(asked)}) == 1  # type: ignore[index]


@pytest.mark.parametrize(("style", "begins"), [("dot", "digraph mechanism {"), ("mermaid", "flowchart LR")])
def test_paths_can_be_drawn(run: Run, style: str, begins: str) -> None:
    shown = run(*CRPS, "--format", style).stdout
    assert shown.startswith(begins)
    assert "NMDA receptor" in shown


def table(folder: Path, *rows: str) -> str:
    path = folder / "claims.tsv"
    path.write_text("\n".join(("subject\trelation\tobject\tdose", *rows)) + "\n", encoding="utf-8")
    return str(path)


GOOD = ("ketamine\trelieves\tCRPS\t", "# a remark", "ketamine\tantagonises\tmu opioid receptor\tanaesthetic")


def test_a_batch_prints_a_line_per_claim(run: Run, tmp_path: Path) -> None:
    result = run("check", "--file", table(tmp_path, *GOOD))
    assert result.exit_code == 0
    assert [line.split("\t")[:3] for line in result.stdout.splitlines()] == [
        ["2", "supported", "concordant benefit"],
        ["4", "supported", "stated"],
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [("ketamine\trelieves\tfibromyalgia\t", 1), ("ketamine\trelieves\tvisceral pain\t", 7)],
)
def test_a_batch_exits_as_its_worst_claim_does(run: Run, tmp_path: Path, row: str, code: int) -> None:
    assert run("check", "--file", table(tmp_path, *GOOD, row)).exit_code == code


def test_a_batch_finishes_its_good_rows_and_reports_the_bad_ones(run: Run, tmp_path: Path) -> None:
    bad = ("ketamine\trelieves\tNMDA\t", "too few")
    result = run("check", "--format", "json", "--file", table(tmp_path, *bad, *GOOD))
    assert [json.loads(line)["line"] for line in result.stdout.splitlines()] == [4, 6]
    assert isinstance(result.exception, SourceError)
    assert result.exception.exit_code == 3
    assert [fault.line for fault in result.exception.faults] == [2, 3]
    assert "did you mean" in result.exception.faults[0].message


def test_a_table_without_its_columns_is_refused_as_a_whole(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "claims.tsv"
    path.write_text("drug\tcondition\n", encoding="utf-8")
    error = run("check", "--file", str(path)).exception
    assert isinstance(error, SourceError)
    assert "expected subject, relation, object" in str(error)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ketamine", "relieves", "NMDA"), "did you mean"),
        (("ketamine", "cures", "CRPS"), "no relation is called 'cures'"),
        (("ketamine", "affects", "CRPS"), "has no direction"),
        ((*CRPS[1:], "--via", "CRPS"), "is the claim's own end"),
        ((*CRPS[1:], "--dose", "huge"), "no dose is called 'huge'; known: abuse dose"),
        ((*CRPS[1:], "--comparator", "within arm"), "decides no claim"),
        ((*CRPS[1:], "--outcome", "ketamine"), "is not an outcome"),
        ((*CRPS[1:], "--outcome", "nonsense-of-ours"), "nothing is called"),
    ],
)
def test_what_cannot_be_judged_is_one_clear_message(run: Run, words: tuple[str, ...], told: str) -> None:
    error = run("check", *words).exception
    assert isinstance(error, UnknownName)
    assert told in str(error)


def edges(folder: Path, *lines: str) -> str:
    path = folder / "edges.tsv"
    header = "subject\tsign\tobject\treference\tcertainty"
    path.write_text("\n".join((header, *lines, "")), encoding="utf-8")
    return str(path)


OWN = ("drug\t-\treceptor\tpmid:1\tEstablished", "receptor\t+\tpain\tpmid:2\tPossible", "pain\t+\tdrug\t\t")


@pytest.mark.parametrize(
    ("claim", "code", "verdict"),
    [
        (("drug", "-", "pain"), 0, "inferred"),
        (("drug", "relieves", "pain"), 0, "inferred"),
        (("drug", "+", "pain"), 1, "contradicted"),
        (("drug", "antagonises", "receptor"), 0, "stated"),
        (("lonely", "-", "pain"), 7, "unknown"),
    ],
)
def test_a_claim_is_checked_on_ones_own_cyclic_graph(
    run: Run, tmp_path: Path, claim: tuple[str, ...], code: int, verdict: str
) -> None:
    path = edges(tmp_path, *OWN, "nobody\t+\tlonely\t\t")
    result = run("check", *claim, "--effects", path, "--format", "json")
    assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (code, verdict)


def test_a_path_on_ones_own_graph_names_lines_and_references(run: Run, tmp_path: Path) -> None:
    shown = run("check", "drug", "-", "pain", "--effects", edges(tmp_path, *OWN), "--explain").stdout
    assert "receptor acts on pain, possible (reference pmid:2)" in shown
    answer = json.loads(
        run("check", "drug", "-", "pain", "--effects", edges(tmp_path, *OWN), "--format", "json").stdout
    )
    assert [hop["effects"][0]["claims"] for hop in answer["mechanism"]["paths"][0]["hops"]] == [
        ["edges.tsv:2"],
        ["edges.tsv:3"],
    ]


def test_lines_that_say_the_same_are_all_named_with_their_references(run: Run, tmp_path: Path) -> None:
    path = edges(tmp_path, *OWN, "drug\t-\treceptor\tpmid:9\tPossible")
    answer = json.loads(run("check", "drug", "-", "pain", "--effects", path, "--format", "json").stdout)
    (effect,) = answer["mechanism"]["paths"][0]["hops"][0]["effects"]
    assert effect["claims"] == ["edges.tsv:2", "edges.tsv:5"]
    assert effect["references"] == ["pmid:1", "pmid:9"]


def test_a_broken_line_of_ones_own_graph_is_named(run: Run, tmp_path: Path) -> None:
    error = run("check", "a", "+", "b", "--effects", edges(tmp_path, *OWN, "a\tup\tb\t\t")).exception
    assert isinstance(error, SourceError)
    assert [fault.line for fault in error.faults] == [5]


def test_a_node_that_ones_own_graph_lacks_is_one_clear_message(run: Run, tmp_path: Path) -> None:
    error = run("check", "a", "+", "pain", "--effects", edges(tmp_path, *OWN)).exception
    assert isinstance(error, UnknownName)
    assert "no edge of the graph has a node called 'a'" in str(error)


def test_a_chain_needs_one_relation_for_each_hop(run: Run) -> None:
    error = run("check-path", "ketamine", "NMDA receptor", "CRPS", "-r", "blocks").exception
    assert isinstance(error, UnknownName)
    assert "one relation for each hop" in str(error)


@pytest.mark.parametrize(
    "words",
    [
        ("ketamine", "relieves"),
        ("--file", "claims.tsv", "ketamine", "relieves", "CRPS"),
        ("--file", "claims.tsv", "--dose", "low dose"),
        ("--file", "claims.tsv", "--effects", "edges.tsv"),
        ("--file", "claims.tsv", "--effects-from", "graph.ttl"),
        ("a", "+", "b", "--effects", "edges.tsv", "--effects-from", "graph.ttl"),
        ("a", "+", "b", "--effects-query", "effects.rq"),
        ("a", "+", "b", "--effects-from", "graph.ttl", "--format", "ttl"),
        ("a", "+", "b", "--effects-from", "graph.ttl", "--dose", "low dose"),
        ("a", "+", "b", "--effects", "edges.tsv", "--week", "0"),
    ],
)
def test_what_would_be_left_out_is_a_wrong_use(run: Run, words: tuple[str, ...]) -> None:
    assert run("check", *words).exit_code == 2


def test_a_claim_on_ones_own_graph_may_name_a_node_to_pass(run: Run, tmp_path: Path) -> None:
    words = ("check", "drug", "-", "pain", "--effects", edges(tmp_path, *OWN))
    assert run(*words, "--via", "receptor").exit_code == 0
    assert run(*words, "--via", "nothing").exit_code == 7


@pytest.mark.parametrize(
    ("name", "iri"),
    [
        ("PLP", "PhantomLimbPain"),
        ("CPM", "ConditionedPainModulation"),
        ("PCP", "Phencyclidine"),
        ("MK-801", "Dizocilpine"),
        ("μ-opioid receptor", "MuOpioidReceptor"),
    ],
)
def test_short_names_do_not_collide(run: Run, name: str, iri: str) -> None:
    answer = json.loads(run("check", "ketamine", "decreases", name, "--format", "json").stdout)
    assert answer["claim"]["object"]["iri"].endswith(f"/{iri}")


@pytest.mark.parametrize("name", ["NMDA", "K", "mu"])
def test_names_that_could_mean_several_things_are_not_guessed(run: Run, name: str) -> None:
    error = run("check", "ketamine", "decreases", name).exception
    assert isinstance(error, UnknownName | AmbiguousName)
    assert error.suggestions


@pytest.mark.parametrize(
    "analysis",
    [
        "concordance",
        "contradictions",
        "durability",
        "dissociation",
        "class-effect",
        "necessity",
        "overreach",
        "weakest-links",
    ],
)
def test_each_analysis_prints_rows(run: Run, analysis: str) -> None:
    shown = run("evidence", analysis, "--format", "json")
    assert shown.exit_code == 0
    rows = json.loads(shown.stdout)
    assert rows
    lines = run("evidence", analysis, "--format", "tsv").stdout.splitlines()
    assert len(lines) == len(rows) + 1
    assert "sentences" in lines[0].split("\t")
    assert run("evidence", analysis).exit_code == 0


def test_withdrawing_one_trial_changes_verdicts(run: Run) -> None:
    words = ("evidence", "leave-one-out", "--what", "trial", "--drug", "ketamine", "--format", "tsv")
    lines = run(*words, "--condition", "fibromyalgia").stdout.splitlines()
    assert [line.split("\t")[-2:] for line in lines[1:]] == [["mechanism without benefit", "mechanism only"]]
