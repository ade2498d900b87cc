"""The SPARQL 1.1 Protocol over a real server: https://www.w3.org/TR/sparql11-protocol/."""

from __future__ import annotations

import csv
import io
import json
import socket
from collections.abc import Callable, Iterator
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
import pyoxigraph as ox
import pytest
from rdflib import Dataset, Graph

from ketagraph.store.formats import BINDINGS, GRAPHS, SHORT_NAMES
from test_server_running import running

DATA = """
@prefix e: <http://e/> .
e:a e:p "default" .
e:g1 { e:a e:p "one" }
e:g2 { e:a e:p "two" , "deux"@fr }
"""
FORM, DIRECT = "application/x-www-form-urlencoded", "application/sparql-query"
RESULTS = "{http://www.w3.org/2005/sparql-results#}"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("protocol") / "data.trig"
    path.write_text(DATA)
    with running(path, workers=2, max_rows=100) as server, httpx.Client(base_url=server.url) as client:
        yield client


@pytest.fixture(scope="module")
def union(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("union") / "data.trig"
    path.write_text(DATA)
    with (
        running(path, workers=1, union_default_graph=True) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        yield client


def get(client: httpx.Client, text: str, **options: str) -> httpx.Response:
    return client.get(f"/sparql?query={quote(text, safe='')}", **options)


def post_form(client: httpx.Client, text: str, **options: str) -> httpx.Response:
    return client.post("/sparql", content=f"query={quote(text, safe='')}", headers={"Content-Type": FORM})


def post_plus_form(client: httpx.Client, text: str, **options: str) -> httpx.Response:
    return client.post("/sparql", data={"query": text})


def post_direct(client: httpx.Client, text: str, **options: str) -> httpx.Response:
    return client.post("/sparql", content=text.encode(), headers={"Content-Type": DIRECT})


WAYS = [get, post_form, post_plus_form, post_direct]


def values(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    rows = response.json()["results"]["bindings"]
    return sorted(term["value"] for row in rows for term in row.values())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", ["50%25", "a+b", "%41", "𝒳 é €", "a & b = c; d", "% %zz", "\t"])
def test_text_arrives_alike_however_it_is_sent(client, way, text):
    assert values(way(client, f'SELECT ("{text}" AS ?x) {{}}')) == [text]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_answers_every_form(client, way):
    assert way(client, "ASK {}").json()["boolean"] is True
    assert values(way(client, "SELECT ?o { ?s ?p ?o }")) == ["default"]
    assert len(Graph().parse(data=way(client, "CONSTRUCT WHERE { ?s ?p ?o }").text, format="turtle")) == 1
    assert len(Graph().parse(data=way(client, "DESCRIBE <http://e/a>").text, format="turtle")) == 1


def dataset_ways() -> list[Callable[[httpx.Client, str, list[tuple[str, str]]], httpx.Response]]:
    def by_url(client: httpx.Client, text: str, dataset: list[tuple[str, str]]) -> httpx.Response:
        return client.get("/sparql", params=[("query", text), *dataset])

    def by_form(client: httpx.Client, text: str, dataset: list[tuple[str, str]]) -> httpx.Response:
        pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in [("query", text), *dataset])
        return client.post("/sparql", content=pairs, headers={"Content-Type": FORM})

    def by_body(client: httpx.Client, text: str, dataset: list[tuple[str, str]]) -> httpx.Response:
        return client.post("/sparql", params=dataset, content=text, headers={"Content-Type": DIRECT})

    return [by_url, by_form, by_body]


@pytest.mark.parametrize("way", dataset_ways())
@pytest.mark.parametrize(
    ("dataset", "objects", "graphs"),
    [
        ([], ["default"], ["http://e/g1", "http://e/g2"]),
        ([("default-graph-uri", "http://e/g1")], ["one"], []),
        (
            [("default-graph-uri", "http://e/g1"), ("default-graph-uri", "http://e/g2")],
            ["deux", "one", "two"],
            [],
        ),
        ([("named-graph-uri", "http://e/g2")], [], ["http://e/g2"]),
        (
            [("default-graph-uri", "http://e/g1"), ("named-graph-uri", "http://e/g2")],
            ["one"],
            ["http://e/g2"],
        ),
        ([("default-graph-uri", "http://e/unknown")], [], []),
    ],
)
def test_the_dataset_of_the_request_is_used(client, way, dataset, objects, graphs):
    assert values(way(client, "SELECT ?o { ?s ?p ?o }", dataset)) == objects
    assert values(way(client, "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }", dataset)) == graphs


def test_the_dataset_of_the_request_prevails_over_from_and_union(client, union):
    query = "SELECT ?o FROM <http://e/g2> { ?s ?p ?o }"
    for each in (client, union):
        assert values(each.get("/sparql", params={"query": query})) == ["deux", "two"]
        request = {"query": query, "default-graph-uri": "http://e/g1"}
        assert values(each.get("/sparql", params=request)) == ["one"]


def test_the_default_graph_is_a_union_only_where_it_is_asked_for(client, union):
    query = {"query": "SELECT ?o { ?s ?p ?o }"}
    assert values(client.get("/sparql", params=query)) == ["default"]
    assert values(union.get("/sparql", params=query)) == ["default", "deux", "one", "two"]


def posted(content: bytes, media_type: str, encoding: str = "identity") -> dict[str, object]:
    headers = {"Content-Type": media_type, "Content-Encoding": encoding}
    return {"method": "POST", "content": content, "headers": headers}


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        ({"params": {"query": ["ASK {}", "ASK {}"]}}, 400, "several query"),
        ({"method": "POST", "params": {"query": "1"}, "data": {"query": "2"}}, 400, "several query"),
        ({"params": {"query": ""}}, 400, "line 1, column 1"),
        ({"params": {"query": "ASK {}\n!"}}, 400, "line 2"),
        ({"url": "/sparql?query=%FF"}, 400, "UTF-8"),
        ({"params": {"query": "ASK {}", "timeout": "soon"}}, 400, "timeout in seconds"),
        ({"params": {"query": "ASK {}", "timeout": "-1"}}, 400, "timeout in seconds"),
        ({"params": {"query": "ASK {}", "timeout": "nan"}}, 400, "timeout in seconds"),
        ({"params": {"query": "ASK {}", "max-rows": "0"}}, 400, "at least 1"),
        ({"params": {"query": "ASK {}", "max-rows": "1e3"}}, 400, "whole number"),
        ({"params": {"query": "ASK {}", "default-graph-uri": "relative"}}, 400, "absolute IRI"),
        ({"params": {"query": "INSERT DATA { <x:a> <x:a> <x:a> }"}}, 403, "update"),
        ({"params": {"update": "CLEAR ALL"}}, 403, "read-only"),
        ({"method": "POST", "data": {"update": "CLEAR ALL"}}, 403, "read-only"),
        (posted(b"CLEAR ALL", "application/sparql-update"), 403, "read-only"),
        (posted(b"ASK {}", "text/plain"), 415, "text/plain"),
        (posted(b"ASK {}", f"{DIRECT}; charset=latin1"), 415, "latin1"),
        (posted(b"\x1f", DIRECT, encoding="gzip"), 415, "compressed"),
        (posted(b"ASK {} #\xff", DIRECT), 400, "UTF-8"),
        ({"method": "POST", "data": {"format": "json"}}, 400, "expected a parameter query"),
        ({"method": "POST"}, 415, "without Content-Type"),
        ({"params": {"query": "ASK {}"}, "headers": {"Accept": "image/png"}}, 406, "text/csv"),
        ({"params": {"query": "ASK {}"}, "headers": {"Accept": "json"}}, 406, "text/csv"),
        ({"params": {"query": "ASK {}"}, "headers": {"Accept": "text/turtle"}}, 406, "rows or a boolean"),
        ({"params": {"query": "ASK {}", "format": "pdf"}}, 406, "format="),
        ({"params": {"query": "ASK {}", "format": "turtle"}}, 406, "rows or a boolean"),
        ({"method": "DELETE"}, 405, "DELETE"),
        (posted(b"#" * 300_000, DIRECT), 413, "longer than"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(client, request_, status, said):
    response = client.request(**({"method": "GET", "url": "/sparql"} | request_))
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    problem = response.json()
    assert problem["status"] == status
    assert problem["type"].startswith("https://w3id.org/ketagraph/errors/")
    assert said in problem["detail"]
    assert response.headers["access-control-allow-origin"] == "*"


def test_a_body_without_length_is_measured_as_it_comes(client):
    endless = (b"#" * 100_000 for _ in range(20))
    response = client.post("/sparql", content=endless, headers={"Content-Type": DIRECT})
    assert response.status_code == 413


def test_people_get_errors_as_text(client):
    response = client.get("/sparql", params={"query": "ASK {"}, headers={"Accept": "text/html,*/*;q=0.1"})
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text.endswith("^\n")


PARSERS: dict[str, Callable[[str], int]] = {
    "json": lambda body: len(json.loads(body)["results"]["bindings"]),
    "xml": lambda body: len(ET.fromstring(body).findall(f".//{RESULTS}result")),
    "csv": lambda body: len(list(csv.DictReader(io.StringIO(body, newline="")))),
    "tsv": lambda body: len(body.splitlines()) - 1,
}
GRAPH_PARSERS = {
    "turtle": "turtle",
    "ntriples": "nt",
    "rdfxml": "xml",
    "jsonld": "json-ld",
    "trig": "trig",
    "nquads": "nquads",
}
TWO = "SELECT * { GRAPH <http://e/g2> { ?s ?p ?o } }"


@pytest.mark.parametrize(("media_type", "form"), BINDINGS.items())
def test_rows_come_in_every_form_asked_for(client, media_type, form):
    response = client.get("/sparql", params={"query": TWO}, headers={"Accept": media_type})
    assert response.headers["content-type"].split(";")[0] == media_type
    assert PARSERS[form](response.text) == 2
    assert response.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize(("media_type", "form"), GRAPHS.items())
def test_graphs_come_in_every_form_asked_for(client, media_type, form):
    query = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <http://e/g2> { ?s ?p ?o } }"
    response = client.get("/sparql", params={"query": query}, headers={"Accept": media_type})
    assert response.headers["content-type"].split(";")[0] == media_type
    quads = list(Dataset().parse(data=response.text, format=GRAPH_PARSERS[form]))
    assert len(quads) == 2


@pytest.mark.parametrize("name", SHORT_NAMES)
def test_format_prevails_over_accept(client, name):
    rows, graph = SHORT_NAMES[name]
    headers = {"Accept": "image/png"}
    for query, expected in ((TWO, rows), ("DESCRIBE <http://e/a>", graph)):
        response = client.get("/sparql", params={"query": query, "format": name}, headers=headers)
        assert response.status_code == (200 if expected else 406)
        if expected:
            assert response.headers["content-type"].split(";")[0] == expected


@pytest.mark.parametrize(
    ("query", "formats", "media_type"),
    [
        (TWO, ["tsv", "text/tab-separated-values"], "text/tab-separated-values"),
        ("DESCRIBE <http://e/a>", ["rdf+xml", "application/rdf+xml"], "application/rdf+xml"),
        (
            "DESCRIBE <http://e/a>",
            ["json-ld", "application/ld+json,application/x-json+ld"],
            "application/ld+json",
        ),
        (TWO, ["odd", "csv"], "text/csv"),
    ],
)
def test_the_first_known_of_several_formats_counts(client, query, formats, media_type):
    """SPARQLWrapper sends a short name and its Accept header, both as ``format``."""
    response = client.get("/sparql", params={"query": query, "format": formats})
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, media_type)


def test_text_says_its_charset(client):
    response = client.get("/sparql", params={"query": TWO, "format": "text/csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_a_cut_answer_says_so_and_parses(client, form):
    query = {"query": "SELECT * { GRAPH ?g { ?s ?p ?o } }", "format": form, "max-rows": "2"}
    response = client.get("/sparql", params=query)
    assert PARSERS[form](response.text) == 2
    assert response.headers["x-ketagraph-truncated"] == "true"
    assert response.headers["x-ketagraph-rows"] == response.headers["x-ketagraph-max-rows"] == "2"
    assert form != "json" or response.json()["truncated"] == {"maxRows": 2}


def test_a_cut_answer_is_read_by_a_parser_that_wants_nothing_behind_the_rows(client):
    query = {"query": "SELECT * { GRAPH ?g { ?s ?p ?o } }", "format": "json", "max-rows": "2"}
    answer = client.get("/sparql", params=query)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert len(list(ox.parse_query_results(answer.content, ox.QueryResultsFormat.JSON))) == 2


def test_limits_are_lowered_but_never_raised(client):
    many = "SELECT * { VALUES ?x { " + "1 " * 200 + "} }"
    response = client.post("/sparql", data={"query": many, "max-rows": "150", "timeout": "1000"})
    assert response.headers["x-ketagraph-max-rows"] == "100"
    assert len(response.json()["results"]["bindings"]) == 100
    slow = "SELECT (COUNT(*) AS ?n) { " + " ".join(f"VALUES ?v{i} {{ {'1 ' * 60} }}" for i in range(8)) + " }"
    response = client.post("/sparql", data={"query": slow, "timeout": "0.3"})
    assert response.status_code == 503
    assert "0.3 s" in response.json()["detail"]


def test_head_says_what_get_says_without_a_body(client):
    url = f"/sparql?query={quote(TWO)}"
    told, given = client.head(url), client.get(url)
    assert told.content == b""
    same = ("content-type", "content-length", "x-ketagraph-rows", "vary")
    assert [told.headers[name] for name in same] == [given.headers[name] for name in same]


def test_a_preflight_allows_reading_from_anywhere_without_credentials(client):
    headers = {"Origin": "http://elsewhere", "Access-Control-Request-Method": "POST"}
    response = client.options("/sparql", headers=headers)
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "*"
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in response.headers
    assert (
        "X-KetaGraph-Truncated"
        in client.get("/sparql?query=ASK{}", headers={"Origin": "http://e"}).headers[
            "access-control-expose-headers"
        ]
    )


@pytest.mark.parametrize("media_type", GRAPHS)
def test_without_a_query_the_service_describes_itself(client, media_type):
    response = client.get("/sparql", headers={"Accept": media_type})
    described = Dataset().parse(data=response.text, format=GRAPH_PARSERS[GRAPHS[media_type]])
    said = {str(quad[1]).rsplit("#")[-1].rsplit("/")[-1]: str(quad[2]) for quad in described}
    assert said["endpoint"] == client.base_url.join("/sparql")
    assert (said["maxRows"], said["timeoutSeconds"]) == ("100", "10")


def test_a_browser_without_a_query_is_led_to_the_page(client):
    response = client.get("/sparql", headers={"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"})
    assert response.status_code == 303
    page = client.get("/sparql", headers={"Accept": "text/html"}, follow_redirects=True)
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert str(client.base_url) in page.text


def test_relative_iris_are_resolved_against_the_endpoint(client):
    assert values(get(client, "SELECT (IRI('x') AS ?x) {}")) == [str(client.base_url.join("/x"))]


def test_a_host_of_another_name_changes_nothing(client):
    response = client.get("/sparql", params={"query": "ASK {}"}, headers={"Host": "other.example:9"})
    assert response.json()["boolean"] is True


def test_other_pages_and_switched_off_ones(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.head("/healthz").status_code == 200
    for path in ("/redoc", "/nothing"):
        response = client.get(path)
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


def exchanged(client: httpx.Client, request: str) -> bytes:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as connection:
        connection.sendall(request.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_url_without_end_is_refused(client):
    answer = exchanged(
        client,
        f"GET /sparql?query=ASK%7B%7D&x={'x' * 61_000} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 414 ")


def test_the_query_method_works_where_the_parser_knows_it(client):
    answer = exchanged(
        client,
        "QUERY /sparql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Type: {DIRECT}\r\nContent-Length: 6\r\n\r\nASK {{}}",
    )
    if b" 400 " in answer.split(b"\r\n")[0]:
        pytest.skip("this HTTP parser does not know QUERY")
    assert b"true" in answer


def test_nothing_of_ours_shows_in_errors(client, tmp_path):
    for query in ("ASK {", "SELECT (<http://e/f>() AS ?x) {}", "\x00"):
        text = get(client, query).text
        assert not any(inside in text for inside in ("Traceback", ".py", "/tmp", "pyoxigraph"))


def test_the_path_may_end_in_a_slash(client):
    assert client.get("/sparql/", params={"query": "ASK {}"}).json()["boolean"] is True


def test_answers_are_read_by_rdflib_s_own_client(client):
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    store = SPARQLStore(str(client.base_url.join("/sparql")))
    assert [str(row[0]) for row in store.query("SELECT ?o { ?s ?p ?o }")] == ["default"]
