"""SERVICE through a running server and the command line: only to the origins that were allowed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from endpoints import Endpoint, endpoint
from ketagraph.store.engine import Engine
from test_federation import HERE, THERE, loaded
from test_server_running import Running, running

QUERY = "PREFIX e: <http://e/> SELECT ?s ?l {{ ?s e:p ?o OPTIONAL {{ SERVICE {} <{}> {{ ?o e:r ?l }} }} }}"


@pytest.fixture(scope="module")
def there() -> Iterator[type[Endpoint]]:
    with endpoint(loaded(THERE)) as handler:
        yield handler


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("federated") / "here.nt"
    path.write_text(HERE)
    return path


@pytest.fixture(scope="module")
def server(data: Path, there: type[Endpoint]) -> Iterator[Running]:
    with running(data, workers=2, timeout=8, allow_service=[there.origin], service_timeout=1.5) as server:
        yield server


def test_a_query_joins_two_endpoints(server: Running, there: type[Endpoint]) -> None:
    answer = server.ask(QUERY.format("", f"{there.origin}/sparql"))
    assert answer.status_code == 200, answer.text
    rows = answer.json()["results"]["bindings"]
    found = sorted((row["s"]["value"], row.get("l", {}).get("value", "")) for row in rows)
    one, two, text = ("http://e/a", "one"), ("http://e/a", "two"), ("http://e/c", "")
    b = [("http://e/b", label) for label in ("1", "one", "two")]
    assert found == [one, two, *b, text]


def test_what_another_endpoint_said_is_asked_again(server: Running, there: type[Endpoint]) -> None:
    query = QUERY.format("", f"{there.origin}/again")
    before = len(there.asked)
    for _ in range(3):
        assert server.ask(query).headers.get("cache-control", "") != "public"
    assert len(there.asked) == before + 3


def test_another_origin_is_refused_and_not_asked(server: Running, there: type[Endpoint]) -> None:
    with endpoint(Engine()) as other:
        answer = server.ask(QUERY.format("", f"{other.origin}/sparql"))
        assert (answer.status_code, other.asked) == (403, [])
    assert there.origin in answer.json()["detail"]


def test_a_failure_there_is_a_problem_of_its_own_kind(server: Running, there: type[Endpoint]) -> None:
    start = time.monotonic()
    answer = server.ask(QUERY.format("", f"{there.origin}/slow"))
    assert time.monotonic() - start < 8
    assert (answer.status_code, answer.json()["type"].rsplit("/")[-1]) == (502, "service-failed")
    assert "has not answered in 1.5 seconds" in answer.json()["detail"]


def test_a_silent_failure_leaves_the_rest_of_the_answer(server: Running, there: type[Endpoint]) -> None:
    answer = server.ask(QUERY.format("SILENT", f"{there.origin}/slow"))
    assert answer.status_code == 200
    assert {tuple(row) for row in answer.json()["results"]["bindings"]} == {("s",)}


def test_a_server_without_the_setting_asks_nobody(data: Path, there: type[Endpoint]) -> None:
    before = len(there.asked)
    with running(data, workers=1) as server:
        answer = server.ask(QUERY.format("", f"{there.origin}/sparql"))
    assert (answer.status_code, len(there.asked)) == (403, before)
    assert "switched off" in answer.json()["detail"]


def test_the_service_description_says_that_it_federates(server: Running, data: Path) -> None:
    import httpx

    answer = httpx.get(f"{server.url}/sparql", headers={"Accept": "application/n-triples"})
    assert "sparql-service-description#BasicFederatedQuery" in answer.text


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from ketagraph.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def test_the_command_line_joins_and_refuses_in_the_same_way(release: object, there: type[Endpoint]) -> None:
    text = f"SELECT ?l {{ SERVICE <{there.origin}/sparql> {{ ?o <http://e/r> ?l }} }} ORDER BY ?l"
    folder = str(release.path.parent)  # type: ignore[attr-defined]
    asked = ("query", "-e", text, "--format", "csv", "--release", folder)
    found = command(*asked, "--allow-service", there.origin)
    assert found.stdout.splitlines() == ["l", "http://e/a", "1", "one", "two"], found.stderr
    refused = command(*asked, "--allow-service", "https://sparql.example.org")
    assert (refused.returncode, "SERVICE may name only" in refused.stderr) == (6, True)
    wrong = command(*asked, "--allow-service", "sparql.example.org")
    assert (wrong.returncode, "is no origin" in wrong.stderr) == (2, True)
