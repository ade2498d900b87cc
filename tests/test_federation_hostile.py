"""SERVICE in hostile hands: queries that would reach another host, and endpoints that answer anything."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from test_server_running import Running, kind, running

JSON = b"Content-Type: application/sparql-results+json\r\n"
ROW = '{"s": {"type": "literal", "value": "x"}}'


def asked(connection: socket.socket) -> bytes:
    """Read one request whole: to close on what has not been read would be a reset."""
    stream = connection.makefile("rb")
    head = b"".join(iter(stream.readline, b"\r\n"))
    length = re.search(rb"Content-Length: (\d+)", head)
    return head + stream.read(int(length[1]) if length else 0)


@contextmanager
def listening(answer: Callable[[socket.socket], object]) -> Iterator[tuple[int, list[bytes]]]:
    """Accept connections, note how each request begins, and let ``answer`` say whatever it says."""
    seen: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            seen.append(asked(connection))
            answer(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=[listener.accept()[0]], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], seen
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def said(head: bytes, body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, head, len(body), body)


def table(variables: list[str], rows: str) -> bytes:
    head = json.dumps({"vars": variables})
    return f'{{"head": {head}, "results": {{"bindings": [{rows}]}}}}'.encode()


def repeated(connection: socket.socket, head: bytes, piece: bytes) -> None:
    connection.sendall(head)
    while True:
        connection.sendall(piece)


def slowly(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.2)


WIDE = table([f"v{number}" for number in range(10_000)], ",".join(["{}"] * 10_000))
LONG = table(["s"], ",".join([f'{{"s": {{"type": "literal", "value": "{"x" * 700}"}}}}'] * 10_000))
FAULTS: dict[str, tuple[bytes | Callable[[socket.socket], object], str]] = {
    "a page": (said(b"Content-Type: text/html\r\n", b"<html>hello</html>"), "answers as text/html"),
    "another type": (said(b"Content-Type: text/csv\r\n", b"s\r\n1\r\n"), "answers as text/csv"),
    "no type": (said(b"", table(["s"], ROW)), "answers as text/plain"),
    "garbage": (b"\x00\xff\x16\x03 garbage\r\n\r\n", "cannot be reached"),
    "nothing": (b"", "cannot be reached"),
    "cut": (said(JSON, table(["s"], ROW))[:-5], "not in SPARQL's JSON format"),
    "cut json": (said(JSON, table(["s"], ROW)[:-5]), "not in SPARQL's JSON format"),
    "latin": (said(JSON, table(["s"], ROW).replace(b'"x"', b'"\xe9"')), "not in SPARQL's JSON format"),
    "deep": (said(JSON, b"[" * 100_000), "not in SPARQL's JSON format"),
    "a boolean": (said(JSON, b'{"head": {}, "boolean": true}'), "not in SPARQL's JSON format"),
    "a bomb": (
        said(JSON + b"Content-Encoding: gzip\r\n", gzip.compress(b" " * 10_000_000)),
        "answers compressed",
    ),
    "long": (
        lambda connection: repeated(connection, b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\n", b" " * (1 << 16)),
        "larger than 8388608 bytes",
    ),
    "many headers": (
        lambda connection: repeated(connection, b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        "cannot be reached",
    ),
    "interim": (
        lambda connection: repeated(connection, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "has not answered in 3 seconds",
    ),
    "slow": (slowly, "has not answered in 3 seconds"),
    "many rows": (said(JSON, table(["s"], ",".join([ROW] * 10_001))), "more than 10000 rows"),
    "wide": (said(JSON, WIDE), "larger than 8388608 bytes once it is written"),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "here.nt"
    path.write_text("".join(f'<http://e/{number}> <http://e/p> "{number}" .\n' for number in range(20)))
    return path


class Scripted:
    """An endpoint that says what it has last been told to say."""

    def __init__(self) -> None:
        self.says: bytes | Callable[[socket.socket], object] = b""

    def __call__(self, connection: socket.socket) -> object:
        return connection.sendall(self.says) if isinstance(self.says, bytes) else self.says(connection)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[tuple[Scripted, int]]:
    scripted = Scripted()
    with listening(scripted) as (port, _):
        yield scripted, port


@pytest.fixture(scope="module")
def server(data: Path, endpoint: tuple[Scripted, int]) -> Iterator[Running]:
    origin = f"http://127.0.0.1:{endpoint[1]}"
    with running(data, workers=2, timeout=8, allow_service=[origin], service_timeout=3.0) as server:
        yield server


def service(port: int, *, silent: bool = False) -> str:
    word = "SERVICE SILENT" if silent else "SERVICE"
    return f"SELECT * {{ ?a <http://e/p> '1' {word} <http://127.0.0.1:{port}/sparql> {{ ?s ?p ?o }} }}"


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_an_endpoint_answers_is_told_and_harms_nobody(server, endpoint, fault):
    scripted, port = endpoint
    scripted.says, told = FAULTS[fault]
    answer = server.ask(service(port))
    assert (answer.status_code, kind(answer)) == (502, "service-failed"), answer.text
    assert told in answer.json()["detail"]
    assert len(answer.text) < 2000
    assert server.ask("ASK {}").status_code == 200


@pytest.mark.parametrize("fault", ["garbage", "wide", "a page"])
def test_a_silent_fault_leaves_our_own_rows(server, endpoint, fault):
    scripted, port = endpoint
    scripted.says, _ = FAULTS[fault]
    rows = server.ask(service(port, silent=True)).json()["results"]["bindings"]
    assert [set(row) for row in rows] == [{"a"}]


def test_a_long_answer_is_joined_and_cut_at_our_own_limit(server, endpoint):
    scripted, port = endpoint
    scripted.says = said(JSON, LONG)
    rows = server.ask(service(port), **{"max-rows": "5"})
    assert (rows.headers["x-ketagraph-truncated"], len(rows.json()["results"]["bindings"])) == ("true", 5)


def test_answers_that_are_too_large_together_are_told(server, endpoint):
    scripted, port = endpoint
    scripted.says = said(JSON, LONG)
    clause = service(port).split("'1' ")[1].removesuffix("}")
    both = clause + clause.replace("?s", "?t")
    answer = server.ask(f"SELECT * {{ {both} }}")
    assert (answer.status_code, kind(answer)) == (502, "service-failed")
    assert "too large together" in answer.json()["detail"]


def test_rows_from_elsewhere_that_multiply_are_stopped_at_our_own_limits(server, endpoint):
    scripted, port = endpoint
    scripted.says = said(JSON, table(["s"], ",".join([ROW] * 9_000)))
    clause = service(port).split("'1' ")[1].removesuffix("}")
    product = "".join(clause.replace("?s", f"?s{number}") for number in range(4))
    assert kind(server.ask(f"SELECT (COUNT(*) AS ?n) {{ {product} }}")) in {"query-timeout", "query-memory"}
    assert server.ask("ASK {}").status_code == 200


def test_a_redirect_leads_nowhere(server, endpoint):
    scripted, port = endpoint
    with listening(lambda _: None) as (other, seen):
        for status in (b"301 Moved", b"302 Found", b"303 See Other", b"307 Again", b"308 For ever"):
            scripted.says = said(b"Location: http://127.0.0.1:%d/\r\n" % other, b"", status)
            answer = server.ask(service(port))
            assert "a redirect, which is not followed" in answer.json()["detail"]
        assert seen == []


def test_a_name_for_this_machine_that_is_not_its_address_is_not_connected_to(data):
    names = ["127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1"]
    with listening(lambda _: None) as (port, seen):
        allowed = [f"http://{name}:{port}" for name in names]
        with running(data, workers=1, allow_service=allowed) as server:
            for name in names:
                answer = server.ask(service(port).replace("127.0.0.1", name))
                assert kind(answer) == "service-failed"
                assert "not a public address" in answer.json()["detail"]
        assert seen == []


HIDING = [
    "SERVICE <http://127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "SERVICE SILENT <http://127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "SERVICE <http://127.0.0.1:{good}@127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "SERVICE <http://127.0.0.1:{bad}#@127.0.0.1:{good}/> {{ ?s ?p ?o }}",
    "SERVICE <http://127.0.0.1:{bad}?@127.0.0.1:{good}/> {{ ?s ?p ?o }}",
    "SERVICE <http://127.0.0.1:{bad}/http://127.0.0.1:{good}> {{ ?s ?p ?o }}",
    "SERVICE <HTTP://127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "SERVICE <//127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "SERVICE <http:\\u002F\\u002F127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "SERVICE <http://127.0.0.1:{good}\\u0040127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "SERVICE <http://127.0.0.1:{good}\\u005C@127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "SERVICE\n#<http://127.0.0.1:{good}/>\n<http://127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "SERVICE x:sparql {{ ?s ?p ?o }}",
    "SERVICE <sparql> {{ ?s ?p ?o }}",
    "VALUES ?e {{ <http://127.0.0.1:{bad}/> }} SERVICE ?e {{ ?s ?p ?o }}",
    "BIND(<http://127.0.0.1:{bad}/> AS ?e) SERVICE SILENT ?e {{ ?s ?p ?o }}",
    "SERVICE <http://127.0.0.1:{good}/> {{ SERVICE <http://127.0.0.1:{bad}/> {{ ?s ?p ?o }} }}",
    "SERVICE <http://127.0.0.1:{good}/> {{ ?s ?p ?o }} SERVICE <http://127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    '?s ?p "\\u0022 . SERVICE <http://127.0.0.1:{bad}/> {{ ?s ?p ?o }} #"',
    "?s ?p ''' ' SERVICE ''' . SERVICE <http://127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "trueSERVICE<http://127.0.0.1:{bad}/>{{ ?s ?p ?o }}",
    "?s x:aSERVICE<http://127.0.0.1:{bad}/>{{ ?s ?p ?o }}",
    "\\u0053ERVICE <http://127.0.0.1:{bad}/> {{ ?s ?p ?o }}",
    "sErViCe<http://127.0.0.1:{bad}/>{{?s ?p ?o}}",
    "?s ?p ?o # \rSERVICE <http://127.0.0.1:{bad}/> {{ ?s ?p ?o }}\n",
    "?s ?p ?o # SERVICE <http://127.0.0.1:{bad}/> {{ ?s ?p ?o }}\n",
    "?s ?p 'SERVICE <http://127.0.0.1:{bad}/> {{ ?s ?p ?o }}'",
]
AROUND = [
    "SELECT * {{ {} }}",
    "ASK {{ FILTER EXISTS {{ {} }} }}",
    "SELECT * {{ ?a ?b ?c {{ SELECT ?s {{ {} }} }} }}",
    "SELECT * {{ ?a ?b ?c OPTIONAL {{ {} }} }}",
    "SELECT * {{ {{ ?a ?b ?c }} UNION {{ GRAPH ?g {{ {} }} }} }}",
    "CONSTRUCT {{ ?s ?p ?o }} WHERE {{ ?a ?b ?c MINUS {{ {} }} }}",
    "SELECT (COUNT(*) AS ?n) {{ ?a ?b ?c FILTER(?c = '1' || NOT EXISTS {{ {} }}) }} GROUP BY ?a",
]
BEFORE = [
    "",
    "PREFIX x: <http://127.0.0.1:{bad}/> ",
    "BASE <http://127.0.0.1:{bad}/> ",
    "BASE <http://127.0.0.1:{good}/> PREFIX x: <//127.0.0.1:{bad}/> ",
]


@pytest.fixture(scope="module")
def forbidden() -> Iterator[tuple[int, list[bytes]]]:
    with listening(lambda connection: connection.sendall(said(JSON, table(["s"], ROW)))) as found:
        yield found


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.sampled_from(BEFORE),
    around=st.sampled_from(AROUND),
    hidden=st.lists(st.sampled_from(HIDING), min_size=1, max_size=2),
    text=st.text("SERVICEservice \n#'\"\\<>{}", max_size=6),
)
def test_no_query_reaches_a_host_that_was_not_allowed(
    server, endpoint, forbidden, before, around, hidden, text
):
    scripted, good = endpoint
    scripted.says = said(JSON, table(["s"], ROW))
    bad, seen = forbidden
    ports = {"good": good, "bad": bad}
    inner = text.join(f" {each.format(**ports)} " for each in hidden)
    query = before.format(**ports) + around.format(inner)
    answer = httpx.post(f"{server.url}/sparql", data={"query": query}, timeout=20)
    assert seen == [], query
    assert answer.status_code in {200, 400, 403, 502, 503}, answer.text
