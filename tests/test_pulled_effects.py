"""Effects pulled from a graph of another shape, from our own release, and from an endpoint."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ketagraph import api, names
from ketagraph.api import KnowledgeGraph
from ketagraph.claims import Claim, Judgement
from ketagraph.cli import app, load_commands
from ketagraph.dossier import Dossier
from ketagraph.errors import (
    EngineFailed,
    EnvironmentFault,
    KetaGraphError,
    QueryRefused,
    QueryStopped,
    SourceError,
    UnknownName,
)
from ketagraph.pulled_effects import Pulled, pull
from ketagraph.releases import Release
from ketagraph.signed_graph import Limits
from ketagraph.store.engine import Engine

# A graph of signed edges in a shape of its own: an edge is a node, signs are words, and kinds have kinds.
GRAPH = """
@prefix e: <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
e:drug rdfs:label "the drug" .
e:e1 e:from e:drug ; e:to e:receptor ; e:does "-1" ; e:seen <http://e/paper/1>, <http://e/paper/2> .
e:e2 e:from e:receptor ; e:to e:pain ; e:does "1" ; e:sure "Possible" .
e:e3 e:from e:pain ; e:to e:drug ; e:does "1" .
e:e4 e:from e:receptor ; e:to e:sleep .
e:e5 e:from e:drug ; e:to e:itch ; e:does "0" .
e:backache rdfs:subClassOf e:pain .
"""
EFFECTS = """
PREFIX e: <http://example.org/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?subject ?sign ?object ?reference ?certainty ?claim ?subjectLabel WHERE {
  ?claim e:from ?subject ; e:to ?object .
  OPTIONAL { ?claim e:does ?sign }
  OPTIONAL { ?claim e:seen ?reference }
  OPTIONAL { ?claim e:sure ?certainty }
  OPTIONAL { ?subject rdfs:label ?subjectLabel }
}
ORDER BY ?claim ?reference
"""
CLASSES = """
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?child ?parent WHERE { ?child rdfs:subClassOf ?parent } ORDER BY ?child
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "graph.ttl"
    path.write_text(GRAPH, encoding="utf-8")
    return path


def from_file(path: Path, effects: str = EFFECTS, classes: str = CLASSES) -> Pulled:
    return pull(api.open_graph(path), path.name, effects=effects, classes=classes)


def asked(subject: str, sign: int, object_: str, via: str = "") -> Claim:
    return Claim(subject, "acts on", object_, 1 if sign > 0 else -1, purpose="", via=via, therapeutic=False)


E = "http://example.org/"


def test_what_is_pulled_is_judged_with_its_claims_and_references(graph: Path) -> None:
    answer = from_file(graph).judge(asked(f"{E}drug", -1, f"{E}pain"))
    (path,) = answer.mechanism.paths
    assert (str(answer.verdict), path.sign, path.weakest.object) == ("inferred", -1, f"{E}pain")
    assert [hop.claims for hop in path.hops] == [(f"{E}e1",), (f"{E}e2",)]
    assert path.references == ("http://e/paper/1", "http://e/paper/2")


def test_what_is_said_of_a_class_reaches_its_kinds_and_is_marked(graph: Path) -> None:
    (path,) = from_file(graph).judge(asked(f"{E}drug", -1, f"{E}backache")).mechanism.paths
    assert [(hop.object, hop.inherited) for hop in path.hops] == [
        (f"{E}receptor", False),
        (f"{E}backache", True),
    ]
    plain = pull(api.open_graph(graph), "graph", effects=EFFECTS)
    with pytest.raises(UnknownName, match="no effect of the graph has a node called"):
        plain.judge(asked(f"{E}drug", -1, f"{E}backache"))


@pytest.mark.parametrize(
    ("object_", "kind", "verdict"),
    [("sleep", "unsigned", "untested"), ("itch", "no-path", "contradicted")],
)
def test_unsigned_and_blocked_edges_are_no_evidence_of_a_sign(
    graph: Path, object_: str, kind: str, verdict: str
) -> None:
    answer = from_file(graph).judge(asked(f"{E}drug", 1, f"{E}{object_}"))
    assert (str(answer.mechanism.kind), str(answer.verdict)) == (kind, verdict)


def test_a_search_that_was_stopped_says_so(graph: Path) -> None:
    answer = from_file(graph).judge(asked(f"{E}drug", -1, f"{E}pain"), limits=Limits(stop=lambda: True))
    assert answer.mechanism.cut
    assert answer.because("paths-cut") is not None


@pytest.mark.parametrize("name", ["the drug", "http://example.org/drug", "THE DRUG"])
def test_nodes_go_by_label_and_by_name(graph: Path, name: str) -> None:
    assert from_file(graph).lexicon.resolve(name) == f"{E}drug"


def test_a_node_that_is_not_there_gets_suggestions(graph: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean the drug"):
        from_file(graph).lexicon.resolve("the drugs")


def query(where: str, head: str = "?subject ?sign ?object") -> str:
    return f"PREFIX e: <{E}> SELECT {head} WHERE {{ {where} }}"


EDGE = "?edge e:from ?subject ; e:to ?object . "


@pytest.mark.parametrize(
    ("effects", "classes", "told"),
    [
        (query(EDGE, "?subject ?object"), "", r"answers with \?subject \?object; expected \?subject \?sign"),
        (query(EDGE, "?subject ?sign ?object ?edge"), "", r"answers with .* \?edge; expected"),
        (query(EDGE), "", "no row has a sign, so nothing can be judged"),
        (query(EDGE + "FILTER(false)"), "", "the query found no effect"),
        (query(EDGE + "BIND('up' AS ?sign)"), "", r"row 1: \?sign is 'up'; expected 1, -1, 0"),
        (query("VALUES (?subject ?sign) { (e:a 1) }"), "", r"row 1: \?object is not bound"),
        (
            query("VALUES (?subject ?sign ?object ?certainty) { (e:a 1 e:b 'sure') }", "*"),
            "",
            r"row 1: \?certainty is 'sure'; expected one of Unknown, Possible, Believed, Established",
        ),
        (EFFECTS, query("?child e:to ?parent", "?child"), r"answers with \?child; expected \?child \?parent"),
        (EFFECTS, query("?child e:to ?x", "?child ?parent"), r"row 1: \?parent is not bound"),
    ],
)
def test_what_does_not_fit_is_one_message_with_its_place(
    graph: Path, effects: str, classes: str, told: str
) -> None:
    with pytest.raises(SourceError, match=told) as error:
        from_file(graph, effects, classes)
    assert str(error.value).startswith("graph.ttl: ")


def test_a_query_that_would_reach_out_is_refused(graph: Path) -> None:
    outside = "SELECT ?subject ?sign ?object { SERVICE <http://127.0.0.1:1/> { ?subject ?sign ?object } }"
    with pytest.raises(QueryRefused):
        from_file(graph, outside)


# Our own graph, pulled by the queries that are there by default, is judged as from its release.

PAIRS = (
    ("ketamine", "fibromyalgia"),
    ("ketamine", "visceral pain"),
    ("ketamine", "opioid consumption"),
    ("ketamine", "mu opioid receptor"),
    ("dizocilpine", "hyperalgesia"),
    ("memantine", "phantom limb pain"),
    ("naltrexone", "hyperalgesia"),
)


@pytest.fixture(scope="module")
def pulled(engine: Engine) -> Pulled:
    return pull(KnowledgeGraph(engine, "ours"), "ours")


@pytest.mark.parametrize(("subject", "object_"), PAIRS)
def test_our_graph_pulled_has_the_paths_of_our_release(
    pulled: Pulled, dossier: Dossier, subject: str, object_: str
) -> None:
    ends = [dossier.lexicon.resolve(name) for name in (subject, object_)]
    assert [pulled.lexicon.resolve(name) for name in (subject, object_)] == ends
    claim = asked(ends[0], -1, ends[1])
    assert shown(pulled.judge(claim)) == shown(dossier.evidence.judge(claim))


def shown(judgement: Judgement) -> list[tuple[object, ...]]:
    """What a reader sees of the paths: signs, claims, references, sentences, and what is inherited."""
    found = judgement.mechanism
    return [
        (path.id, path.claims, path.references, path.anchors, path.inherited, path.weakest.certainty)
        for path in (*found.paths, *found.unsigned, *found.blocked)
    ]


def test_a_denial_contests_a_hop(graph: Path) -> None:
    text = GRAPH + "e:e6 e:from e:receptor ; e:to e:pain ; e:does '1' ; e:denied true .\n"
    graph.write_text(text, encoding="utf-8")
    effects = EFFECTS.replace("?certainty ?claim", "?certainty ?affirmed ?claim").replace(
        "OPTIONAL { ?claim e:does ?sign }",
        "OPTIONAL { ?claim e:does ?sign } BIND(!EXISTS { ?claim e:denied true } AS ?affirmed)",
    )
    answer = from_file(graph, effects).judge(asked(f"{E}drug", -1, f"{E}pain"))
    assert answer.mechanism.paths[0].hops[1].contested == (f"{E}e6",)
    assert str(answer.verdict) == "contested"


# From an endpoint on this machine, by the command line.


@pytest.fixture(scope="module")
def served(release: Release) -> Iterator[str]:
    """The release behind ``ketagraph serve``."""
    words = ["serve", "--release", str(release.path.parent), "--port", "0", "--workers", "1"]
    with subprocess.Popen(
        [sys.executable, "-m", "ketagraph", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        told = (re.search(r"http://[^\s()]+/sparql", line) for line in process.stdout)
        url = next((found[0] for found in told if found), "")
        try:
            assert url, "the server did not start"
            yield url
        finally:
            process.terminate()
            process.communicate(timeout=20)


def run(*words: str) -> Result:
    load_commands()
    return CliRunner().invoke(app, ["check", *words])


def test_a_claim_is_checked_on_an_endpoint(served: str) -> None:
    pytest.importorskip("httpx")
    found = run("ketamine", "relieves", "fibromyalgia", "--effects-from", served, "--format", "json")
    answer = json.loads(found.stdout)
    assert (found.exit_code, answer["verdict"], len(answer["mechanism"]["paths"])) == (0, "inferred", 18)
    assert answer["mechanism"]["paths"][0]["hops"][0]["effects"][0]["sentences"]
    through = run(
        *("ketamine", "-", "fibromyalgia", "--effects-from", served, "--via", "NMDA receptor", "--explain")
    )
    assert through.exit_code == 0
    assert "ketamine antagonises NMDA receptor" in through.stdout


def test_a_claim_is_checked_with_ones_own_queries_on_a_file(graph: Path, tmp_path: Path) -> None:
    (tmp_path / "effects.rq").write_text(EFFECTS, encoding="utf-8")
    (tmp_path / "classes.rq").write_text(CLASSES, encoding="utf-8")
    where = ("--effects-from", str(graph), "--effects-query", str(tmp_path / "effects.rq"))
    assert run("the drug", "relieves", f"{E}pain", *where).exit_code == 0
    assert run("the drug", "+", f"{E}pain", *where).exit_code == 1
    assert run("the drug", "-", f"{E}sleep", *where).exit_code == 7
    kinds = (*where, "--classes-query", str(tmp_path / "classes.rq"))
    assert "digraph" in run("the drug", "-", f"{E}backache", *kinds, "--format", "dot").stdout


class Wrong(BaseHTTPRequestHandler):
    """An endpoint that answers as its path says."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        head = json.dumps({"head": {"vars": ["s"]}, "results": {"bindings": []}}).encode()
        answers = {
            "/page": ("text/html", b"<html>"),
            "/ask": ("application/sparql-results+json", b'{"boolean": true}'),
        }
        kind, body = answers.get(self.path, ("application/sparql-results+json", head))
        self.send_response(200)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if self.path == "/cut":
            self.send_header("X-KetaGraph-Truncated", "true")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def wrong() -> Iterator[str]:
    pytest.importorskip("httpx")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Wrong)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("path", "kind", "told"),
    [
        ("/page", EngineFailed, "the engine answered text/html; is this where it takes queries?"),
        ("/ask", EngineFailed, "the engine answered a SELECT query with something else"),
        ("/cut", QueryStopped, "the answer was cut at a limit of the engine's own"),
        ("/columns", SourceError, r"the query answers with ?s; expected ?subject ?sign ?object"),
    ],
)
def test_what_goes_wrong_at_an_endpoint_is_one_message_with_its_address(
    wrong: str, path: str, kind: type[KetaGraphError], told: str
) -> None:
    found = run("ketamine", "relieves", "pain", "--effects-from", f"{wrong}{path}")
    assert isinstance(found.exception, kind)
    assert str(found.exception).startswith(f"{wrong}{path}")
    assert told in str(found.exception)


def test_an_endpoint_that_is_down_and_a_query_that_is_not_there_are_told(graph: Path, tmp_path: Path) -> None:
    pytest.importorskip("httpx")
    down = run("ketamine", "relieves", "pain", "--effects-from", "http://127.0.0.1:1/sparql").exception
    assert isinstance(down, EnvironmentFault)
    assert "cannot be reached" in str(down)
    words = ("--effects-from", str(graph), "--effects-query", str(tmp_path / "nowhere.rq"))
    lost = run("a", "+", "b", *words).exception
    assert isinstance(lost, EnvironmentFault)
    assert "nowhere.rq" in str(lost)


def test_terms_of_our_graph_are_named_as_by_us(pulled: Pulled) -> None:
    assert pulled.lexicon.resolve("keta:Ketamine") == names.term("Ketamine")
