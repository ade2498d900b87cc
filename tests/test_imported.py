"""What was imported beside a release: queried with it, taken up by a running server, never in its way."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import ketagraph
from ketagraph import importing, mappings, names, releases, vocabulary
from ketagraph.sources import Layout
from test_releases import built
from test_server_running import Running, running
from test_server_swap import stderr_after, until

HERE = Path(__file__).parent
QUERIES = HERE.parent / "queries" / "imported"
SMALL = HERE / "ontologies"
LABEL = "SELECT ?label {{ GRAPH <{graph}> {{ ?s <http://www.w3.org/2000/01/rdf-schema#label> ?label }} }}"
IN_SMALL = LABEL.format(graph=names.graph("external/small"))


@pytest.fixture(scope="module")
def folder(release: releases.Release, where: Layout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built release with a small Mondo and a small ChEBI beside it."""
    folder = tmp_path_factory.mktemp("imported")
    shutil.copytree(release.path, folder / release.path.name)
    (folder / "current").symlink_to(release.path.name)
    rows, _ = mappings.read(where, vocabulary.read_ontology(where), thorough=False)
    for name in ("mondo", "chebi"):
        importing.import_ontology(
            SMALL / f"{name}.obo",
            name,
            releases.overlay(folder),
            mappings=rows,
            is_slice=True,
            descendants=name == "mondo",
        )
    return folder


def asked(folder: Path, *arguments: str) -> list[str]:
    """Answer a query by the command line, as lines of CSV without the header."""
    command = [sys.executable, "-c", "from ketagraph.cli import main; main()", "query", *arguments]
    found = subprocess.run(
        [*command, "--format", "csv", "--release", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE.parent,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()[1:]


def test_trials_in_any_descendant_of_a_mondo_term_are_one_query(folder: Path) -> None:
    rows = asked(folder, str(QUERIES / "trials-below-mondo-term.rq"))
    conditions = {row.split(",")[-2] for row in rows}
    assert "complex regional pain syndrome" in conditions
    assert "fibromyalgia" not in conditions
    below = (QUERIES / "trials-below-mondo-term.rq").read_text(encoding="utf-8").split("WHERE")[1]
    text = below.replace("MONDO:0019369", "<http://purl.obolibrary.org/obo/MONDO_0005546>")
    prefixes = "".join(f"PREFIX {each}: <{names.PREFIXES[each]}> " for each in ("keta", "rdfs", "skos"))
    other = asked(folder, "-e", f"{prefixes} SELECT DISTINCT ?trial ?condition ?disease WHERE {text}")
    assert {row.split(",")[-2] for row in other} == {"fibromyalgia"}


def test_drugs_under_a_chebi_role_are_one_query(folder: Path) -> None:
    (row,) = asked(folder, str(QUERIES / "drugs-under-chebi-role.rq"))
    drug, chemical, trials = row.split(",")
    assert (drug, chemical) == ("ketamine", names.expand("CHEBI:6121"))
    assert int(trials) > 10


def test_the_examples_say_what_they_need() -> None:
    for path in QUERIES.glob("*.rq"):
        assert path.read_text(encoding="utf-8").startswith("# Needs ")


def test_the_python_face_opens_imports_and_names_stay_ours(folder: Path) -> None:
    kg = ketagraph.open(folder)
    found = kg.select(IN_SMALL.replace("external/small", "external/chebi"))
    assert "a role of the test" in found.column("label")
    assert kg.term("CHEBI:6121").label == "ketamine"
    assert kg.judge("ketamine", "relieves", "fibromyalgia").verdict == "mechanism without benefit"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    first = releases.write(built("first"), tmp_path / "release")
    options = {"follow": str(tmp_path / "release"), "edition": first.digest, "union_default_graph": True}
    small(tmp_path, "before")
    with running(first.data, workers=2, timeout=2, **options) as server:
        yield server


def small(tmp_path: Path, label: str) -> None:
    """Import an ontology of one term."""
    path = tmp_path / "small.obo"
    path.write_text(f"format-version: 1.2\nontology: small\n\n[Term]\nid: SMALL:1\nname: {label}\n")
    importing.import_ontology(path, "small", releases.overlay(tmp_path / "release"))


def labels(server: Running) -> list[str]:
    answer = server.ask(IN_SMALL)
    assert answer.status_code == 200, answer.text
    return [row["label"]["value"] for row in answer.json()["results"]["bindings"]]


def test_a_running_server_has_the_import_takes_up_another_and_lets_it_go(
    tmp_path: Path, server: Running
) -> None:
    assert labels(server) == ["before"]
    small(tmp_path, "after")
    until(lambda: labels(server) == ["after"])
    in_union = f"ASK {{ ?s ?p 'after' . ?t <{names.term('word')}> 'first' }}"
    assert server.ask(in_union).json()["boolean"] is True
    (releases.overlay(tmp_path / "release") / "small.nq").unlink()
    until(lambda: labels(server) == [])


def test_a_damaged_import_is_refused_and_the_old_one_serves_on(tmp_path: Path, server: Running) -> None:
    (releases.overlay(tmp_path / "release") / "small.nq").write_text("half a statem")
    server.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert labels(server) == ["before"]
    small(tmp_path, "mended")
    until(lambda: labels(server) == ["mended"])
    assert "small.nq:1" in stderr_after(server)
