"""The Python face, on a release, a file and an endpoint of this machine."""

from __future__ import annotations

import doctest
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import pytest
from rdflib import RDFS, URIRef

import ketagraph
from ketagraph import api, names, releases
from ketagraph.api import KnowledgeGraph
from ketagraph.errors import (
    EngineFailed,
    EnvironmentFault,
    QueryRefused,
    QueryStopped,
    SourceError,
    UnknownName,
)
from ketagraph.store.engine import Engine

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "examples" / "tutorial.ipynb"
ALL = "SELECT ?s WHERE { ?s ?p ?o } ORDER BY ?s"


@pytest.fixture(scope="module")
def kg(engine: Engine) -> KnowledgeGraph:
    return KnowledgeGraph(engine, "test")


class Endpoint(BaseHTTPRequestHandler):
    """Answers as an endpoint does; the path chooses what goes wrong."""

    engine: Engine

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        (query,) = parse_qs(body)["query"]
        accept = self.headers["Accept"].split(",")[0]
        status, extra, answer = 200, {}, b""
        if self.path == "/refusing":
            status, answer = 400, b'{"detail": "no updates"}'
        elif self.path == "/busy":
            status, answer = 503, b"later"
        elif self.path == "/redirecting":
            status, extra = 302, {"Location": "http://127.0.0.1:1/"}
        elif self.path == "/page":
            accept, answer = "text/html", b"<html>"
        elif self.path == "/broken":
            answer = b'{"head": {"va'
        else:
            answer = self.engine.select_bytes(query, accept)
            extra = {"X-KetaGraph-Truncated": "true"} if self.path == "/cut" else {}
        self.send_response(status)
        for name, value in {"Content-Type": accept, "Content-Length": str(len(answer)), **extra}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def address(engine: Engine) -> Iterator[str]:
    handler = type("Handler", (Endpoint,), {"engine": engine})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_importing_the_package_imports_no_engine() -> None:
    import subprocess
    import sys

    code = "import ketagraph, sys; print('rdflib' in sys.modules, 'pyoxigraph' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.split() == ["False", "False"]


def test_the_package_has_no_other_attributes() -> None:
    assert ketagraph.open is api.open_graph
    with pytest.raises(AttributeError, match="close"):
        ketagraph.close  # type: ignore[attr-defined] # noqa: B018


def test_a_term_answers_to_external_identifiers(kg: KnowledgeGraph) -> None:
    found = kg.term("CHEBI:6121")
    assert (found.iri, found.label, found.identifiers["CHEBI:6121"]) == (
        names.term("Ketamine"),
        "ketamine",
        "exact",
    )
    assert "NMDA receptor antagonist" in found.parents.values()
    assert "ketamine" in found._repr_html_()
    assert names.term("Ketamine") in kg.term("NMDA receptor antagonist").children


def test_a_name_without_bearer_is_refused_with_suggestions(kg: KnowledgeGraph) -> None:
    with pytest.raises(UnknownName) as caught:
        kg.term("fibromyalgi")
    assert "fibromyalgia" in caught.value.suggestions


def test_trials_and_findings_are_complete_and_narrow_down(
    kg: KnowledgeGraph, release: releases.Release
) -> None:
    assert len(kg.trials()) == release.counts["studies"]
    assert len(kg.findings()) == release.counts["findings"]
    assert 0 < len(kg.trials(condition="fibromyalgia", agent="ketamine")) < len(kg.trials(agent="ketamine"))
    assert set(kg.findings(outcome="pain intensity").column("outcome")) >= {"pain intensity"}


def test_a_judgement_explains_itself(kg: KnowledgeGraph) -> None:
    found = kg.judge("ketamine", "relieves", "fibromyalgia")
    assert (found.verdict, found.standing) == ("mechanism without benefit", "opposed")
    assert str(found) == "ketamine relieves fibromyalgia: mechanism without benefit"
    assert "fibromyalgia" in found.explain(in_full=True)
    assert "<table>" in found._repr_html_()


def test_questions_take_names(kg: KnowledgeGraph) -> None:
    assert len(kg.question("trials-of-condition", condition="fibromyalgia")) > 0
    with pytest.raises(UnknownName, match="no question"):
        kg.question("nothing")


def test_a_construct_gives_a_graph(kg: KnowledgeGraph) -> None:
    found = kg.construct(f"DESCRIBE <{names.term('Ketamine')}>")
    assert (URIRef(names.term("Ketamine")), RDFS.label, None) in found


def test_a_local_graph_is_guarded(kg: KnowledgeGraph) -> None:
    with pytest.raises(QueryRefused):
        kg.select("SELECT * WHERE { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }")


def test_the_graph_shows_what_it_holds(kg: KnowledgeGraph) -> None:
    assert "keta:Finding" in kg._repr_html_()
    assert repr(kg) == "KnowledgeGraph('test')"


def test_folders_releases_and_files_open(release: releases.Release, tmp_path: Path) -> None:
    for path in (release.path, release.path.parent, release.data):
        assert ketagraph.open(path).ask("ASK { ?s a <https://w3id.org/ketagraph/Study> }")
    own = tmp_path / "own.ttl"
    own.write_text("<https://example.org/a> a <https://example.org/B> .", encoding="utf-8")
    assert len(ketagraph.open(str(own)).select(ALL)) == 1
    own.write_text("<https://example.org/a> a", encoding="utf-8")
    with pytest.raises(SourceError):
        ketagraph.open(own)


@pytest.mark.parametrize("source", ["nowhere.ttl", "http://user@example.org/sparql", "http:///sparql"])
def test_what_is_not_there_cannot_be_opened(source: str) -> None:
    with pytest.raises(EnvironmentFault):
        ketagraph.open(source)


def test_an_endpoint_answers_as_the_release_does(address: str, kg: KnowledgeGraph) -> None:
    remote = ketagraph.open(address + "/sparql")
    assert remote.findings(condition="fibromyalgia") == kg.findings(condition="fibromyalgia")
    assert remote.ask("ASK { ?s a <https://w3id.org/ketagraph/Study> }") is True
    assert remote.judge("ketamine", "relieves", "fibromyalgia").verdict == "mechanism without benefit"
    describe = f"DESCRIBE <{names.term('Ketamine')}>"
    assert set(remote.construct(describe)) == set(kg.construct(describe))


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("/refusing", QueryRefused, "400: no updates"),
        ("/busy", QueryStopped, "503: later"),
        ("/redirecting", EngineFailed, "302"),
        ("/page", EngineFailed, "text/html"),
        ("/broken", QueryStopped, "broken off"),
        ("/cut", QueryStopped, "cut"),
    ],
)
def test_what_goes_wrong_at_an_endpoint_is_an_error(
    address: str, path: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        ketagraph.open(address + path).select(ALL)


def test_an_answer_without_end_is_given_up(address: str) -> None:
    with pytest.raises(QueryStopped, match="larger than 1000 bytes"):
        KnowledgeGraph(api.Remote(address + "/sparql", max_bytes=1000), "small").select(ALL)


def test_an_endpoint_that_is_not_there_is_told() -> None:
    with pytest.raises(EnvironmentFault, match="cannot be reached"):
        ketagraph.open("http://127.0.0.1:9/sparql").select(ALL)


@pytest.mark.parametrize("module", [ketagraph, api], ids=lambda module: module.__name__)
def test_the_examples_of_docstrings_run(
    module: ModuleType, release: releases.Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "default_folder", lambda where: release.path.parent)
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_the_tutorial_runs(release: releases.Release, monkeypatch: pytest.MonkeyPatch) -> None:
    for needed in ("polars", "pandas", "pyarrow"):
        pytest.importorskip(needed)
    monkeypatch.setattr(releases, "default_folder", lambda where: release.path.parent)
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    space: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec("".join(cell["source"]), space)
    assert space["verdict"].standing == "opposed"
