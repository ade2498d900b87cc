"""The command line: results on stdout, the rest on stderr, and an exit code for every outcome."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ketagraph.releases import Release
from paging import serving

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def folder(release: Release) -> Path:
    return release.path.parent


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("FORCE_COLOR", "COLUMNS"))
    }
    return subprocess.run(
        [sys.executable, "-m", "ketagraph", *map(str, arguments)],
        cwd=cwd or ROOT,
        env={**environment, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_help_names_every_command_and_needs_no_graph() -> None:
    found = run("--help")
    assert found.returncode == 0
    for name in ("build", "validate", "serve", "query", "questions", "check", "fmt", "verify-anchors", "up"):
        assert name in found.stdout


def test_a_question_answers_as_csv_with_parameters(folder: Path) -> None:
    found = run(
        "query", "trials-of-condition", "-p", "condition=CRPS", "--format", "csv", "--release", folder
    )
    assert found.returncode == 0, found.stderr
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    assert {row["trial"].split(":")[0] for row in rows} == {"Schwartzman", "Sigtermans"}


def test_sparql_text_answers_as_json(folder: Path) -> None:
    text = "SELECT ?s WHERE { ?s a <https://w3id.org/ketagraph/Source> }"
    found = run("query", "-e", text, "--format", "json", "--release", folder)
    assert found.returncode == 0, found.stderr
    (row,) = json.loads(found.stdout)["results"]["bindings"]
    assert row["s"]["value"] == "https://w3id.org/ketagraph/id/israel-2021"


def test_a_construct_prints_turtle(folder: Path) -> None:
    text = "CONSTRUCT { ?s a ?c } WHERE { ?s a ?c FILTER(?c = <https://w3id.org/ketagraph/Source>) }"
    found = run("query", "-e", text, "--release", folder)
    assert (found.returncode, "israel-2021" in found.stdout) == (0, True), found.stderr


def test_a_file_of_sparql_is_answered_as_a_table(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.rq"
    path.write_text("ASK { ?s ?p ?o }", encoding="utf-8")
    assert run("query", path, "--release", folder).stdout == "true\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("query", "no-such-question"), 5, "no question and no file is called 'no-such-question'"),
        (("query", "trials-of-condition", "-p", "condition=fibromialgia"), 5, "did you mean"),
        (("query", "trials-of-condition", "-p", "cond=x"), 5, "condition"),
        (("query", "-e", "SELECT * WHERE {"), 6, ""),
        (("query", "-e", "SELECT * WHERE { SERVICE <http://x/> { ?s ?p ?o } }"), 6, "SERVICE"),
        (("query", "-e", "INSERT DATA { <a:b> <a:b> <a:b> }"), 6, "INSERT"),
        (("query", "-e", "ASK {}", "--format", "ttl"), 6, "use --format"),
        (("query",), 2, "give a question's name"),
        (("check", "ketamine", "relieves", "fibromialgia"), 5, "did you mean"),
        (("check", "ketamine", "loves", "fibromyalgia"), 5, "no relation is called 'loves'"),
        (("check", "ketamine", "relieves", "CRPS", "--data", "x.nq"), 2, "give one of --release, --data"),
    ],
)
def test_bad_input_gets_one_clear_message_and_its_exit_code(
    folder: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    found = run(*arguments, "--release", folder)
    assert found.returncode == code, found.stderr
    assert message in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stdout == ""


@pytest.mark.parametrize(
    ("condition", "code", "verdict"),
    [
        ("fibromyalgia", 1, "mechanism without benefit"),
        ("CRPS", 0, "concordant benefit"),
        ("phantom limb pain", 0, "concordant benefit"),
        ("visceral pain", 7, "mechanism only"),
    ],
)
def test_claims_come_out_differently(folder: Path, condition: str, code: int, verdict: str) -> None:
    found = run("check", "ketamine", "relieves", condition, "--release", folder)
    assert (found.returncode, f"verdict    {verdict}" in found.stdout) == (code, True), found.stdout


def test_a_file_and_an_endpoint_judge_as_the_release_does(folder: Path, release: Release) -> None:
    claim = ("check", "ketamine", "relieves", "fibromyalgia", "--format", "json")
    expected = run(*claim, "--release", folder)
    by_file = run(*claim, "--data", release.data)
    with serving(release.data) as url:
        by_endpoint = run(*claim, "--endpoint", f"{url}/sparql")
    for found in (by_file, by_endpoint):
        assert (found.returncode, found.stdout) == (expected.returncode, expected.stdout), found.stderr


def test_a_check_shows_paths_trials_and_sentences(folder: Path) -> None:
    shown = run("check", "ketamine", "relieves", "fibromyalgia", "--release", folder).stdout
    assert "ketamine —(−)→ NMDA receptor" in shown
    assert "(sentence 23.2; reference 43)" in shown


def test_questions_are_listed_with_their_parameters() -> None:
    shown = run("questions").stdout
    assert "nmda-receptor-antagonists" in shown
    assert "condition=keta:ChronicPrimaryPain" in shown.replace("\n", "")


def test_validate_accepts_the_release_and_refuses_a_bad_file(release: Release, tmp_path: Path) -> None:
    good = run("validate", release.data)
    assert (good.returncode, good.stdout) == (0, "no findings: the graph conforms\n"), good.stderr
    bad = tmp_path / "bad.ttl"
    bad.write_text("@prefix keta: <https://w3id.org/ketagraph/> . <a:b> a keta:Finding .", encoding="utf-8")
    found = run("validate", bad, "--format", "json")
    assert found.returncode == 1
    results = json.loads(found.stdout)["results"]
    assert {each["focus"] for each in results} == {"a:b"}
    assert any("verdict" in each["message"] for each in results)


@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("broken.ttl", b"<a:b> <a:b>\n<a:b", 3, "broken.ttl:2"),
        ("data.xyz", b"", 4, "unknown type of file"),
        ("absent.ttl", None, 4, "absent.ttl"),
    ],
)
def test_a_file_that_cannot_be_validated_is_one_line(
    tmp_path: Path, name: str, content: bytes | None, code: int, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    found = run("validate", tmp_path / name)
    assert found.returncode == code, found.stderr
    assert message in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1


def test_formatting_would_change_nothing() -> None:
    found = run("fmt", "--check")
    assert (found.returncode, found.stdout) == (0, "")


def test_anchors_of_another_text_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "other.txt"
    text.write_text("Another text.\n", encoding="utf-8")
    found = run("verify-anchors", text)
    assert found.returncode == 3
    assert "1.1: sha256 is" in found.stderr
    assert "the text has no such sentence" in found.stderr


@pytest.mark.skipif(
    "KETAGRAPH_REVIEW_TEXT" not in os.environ, reason="needs a reader's own copy of the review"
)
def test_anchors_of_the_review_agree() -> None:
    found = run("verify-anchors", os.environ["KETAGRAPH_REVIEW_TEXT"])
    assert (found.returncode, "all 258 anchors" in found.stdout) == (0, True), found.stderr


def test_a_missing_release_says_what_to_run(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "current").symlink_to("gone")
    (folder / "gone").mkdir()
    found = run("query", "-e", "ASK {}", "--release", folder)
    assert (found.returncode, "run: ketagraph build" in found.stderr) == (4, True), found.stderr


def test_the_doctor_tells_what_the_machine_offers(folder: Path) -> None:
    found = run("doctor", "--format", "json", "--release", folder)
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    assert told["ok"]
    assert {"guard", "network", "deadline", "memory cap", "java", "release"} <= told["findings"].keys()
    assert told["findings"]["release"]["state"] == "ok"


def test_a_term_is_told_by_an_external_identifier(folder: Path) -> None:
    found = run("term", "HP:0012531", "--release", folder)
    assert found.stdout.splitlines()[0] == "pain (keta:Pain)", found.stderr
    told = json.loads(run("term", "mondo:0005546", "--format", "json", "--release", folder).stdout)
    assert (told["curie"], told["identifiers"]["MONDO:0005546"]) == ("keta:Fibromyalgia", "exact")
    unknown = run("term", "HP:9999999", "--release", folder)
    assert (unknown.returncode, unknown.stdout) == (5, "")


def test_claims_and_questions_take_external_identifiers(folder: Path) -> None:
    by_id = run("check", "CHEBI:6121", "relieves", "MONDO:0005546", "--release", folder)
    by_name = run("check", "ketamine", "relieves", "fibromyalgia", "--release", folder)
    assert (by_id.returncode, by_id.stdout) == (by_name.returncode, by_name.stdout)
    asked = [
        run("query", "trials-of-condition", "-p", f"condition={name}", "--format", "csv", "--release", folder)
        for name in ("MONDO:0005546", "fibromyalgia")
    ]
    assert asked[0].stdout == asked[1].stdout
    assert asked[0].stdout.count("\n") > 1


@pytest.mark.parametrize(
    ("most", "told"), [("3", ["note: cut after 3; there is more (--max-rows)"]), ("5", [])]
)
def test_a_query_that_is_cut_says_so(folder: Path, most: str, told: list[str]) -> None:
    text = "SELECT ?n { VALUES ?n { 1 2 3 4 5 } }"
    found = run("query", "-e", text, "--format", "csv", "--max-rows", most, "--release", folder)
    assert (found.returncode, len(found.stdout.splitlines()) - 1) == (0, int(most))
    assert [line for line in found.stderr.splitlines() if "cut" in line] == told
