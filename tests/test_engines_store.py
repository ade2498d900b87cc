"""An engine elsewhere as a store: each way to fail is one error, and nothing cut looks whole."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from rdflib import Graph

from fake_engine import Fake, fake_engine
from ketagraph.engines.address import PASSWORD, TOKEN, USER, Address, Credentials, credentials
from ketagraph.engines.breaker import Breaker
from ketagraph.engines.dialect import DIALECTS
from ketagraph.engines.store import EngineSettings, EngineStore
from ketagraph.errors import (
    EngineFailed,
    EnvironmentFault,
    KetaGraphError,
    Overloaded,
    QueryRefused,
    QueryStopped,
    QueryTimeout,
)
from ketagraph.store import Outcome, Query
from ketagraph.store.engine import Engine
from ketagraph.store.formats import BINDINGS, GRAPHS

SELECT = "SELECT ?s ?n WHERE { VALUES (?s ?n) { (<urn:a> 1) (<urn:b> 2) (<urn:c> 3) } } ORDER BY ?n"
CONSTRUCT = "CONSTRUCT { <urn:a> <urn:b> ?n } WHERE { VALUES ?n { 1 2 3 } }"


@pytest.fixture(scope="module")
def fake() -> Iterator[Fake]:
    with fake_engine(Engine()) as running:
        yield running


def ask(
    url: str, query: Query, *, given: Credentials | None = None, max_bytes: int = 1 << 20
) -> tuple[bytes, Outcome | None]:
    async def asked() -> tuple[bytes, Outcome | None]:
        address = Address(url, credentials=given or Credentials())
        store = await EngineStore.open(EngineSettings(address, max_bytes=max_bytes))
        try:
            async with store.query(query) as answer:
                return b"".join([piece async for piece in answer]), answer.outcome
        finally:
            await store.close()

    return asyncio.run(asked())


@pytest.mark.parametrize("media_type", sorted(BINDINGS))
def test_rows_come_in_every_form_as_from_the_embedded_store(fake: Fake, media_type: str) -> None:
    body, outcome = ask(f"{fake.url}/good", Query(SELECT, bindings_type=media_type))
    assert body == Engine().select_bytes(SELECT, media_type)
    assert outcome == Outcome(3, truncated=False)


@pytest.mark.parametrize("media_type", sorted(set(GRAPHS) - {"application/trig", "application/n-quads"}))
def test_graphs_come_in_every_form(fake: Fake, media_type: str) -> None:
    body, outcome = ask(f"{fake.url}/good", Query(CONSTRUCT, graph_type=media_type))
    form = {"turtle": "turtle", "ntriples": "nt", "rdfxml": "xml", "jsonld": "json-ld"}[GRAPHS[media_type]]
    assert len(Graph().parse(data=body, format=form)) == 3
    assert outcome == Outcome(3, truncated=False)


def test_a_boolean_stays_one(fake: Fake) -> None:
    assert json.loads(ask(f"{fake.url}/good", Query("ASK {}"))[0])["boolean"] is True


def test_rows_beyond_the_limit_are_cut_and_announced(fake: Fake) -> None:
    body, outcome = ask(f"{fake.url}/good", Query(SELECT, max_rows=2))
    assert outcome == Outcome(2, truncated=True, announced=True)
    assert json.loads(body)["truncated"] == {"maxRows": 2}
    assert len(json.loads(body)["results"]["bindings"]) == 2


@pytest.mark.parametrize(
    ("path", "text", "error", "said"),
    [
        ("/html", SELECT, EngineFailed, "text/html"),
        ("/short", SELECT, EngineFailed, "broke off"),
        ("/unfinished", SELECT, EngineFailed, "broken off"),
        ("/endless-graph", CONSTRUCT, EngineFailed, "neither length nor end"),
        ("/refusing", SELECT, EngineFailed, "refuses our credentials"),
        ("/bad-query", SELECT, QueryRefused, "syntax error at line 1"),
        ("/partial", SELECT, QueryStopped, "cut"),
        ("/cut", SELECT, QueryStopped, "cut"),
        ("/cut-behind", SELECT, QueryStopped, "cut at a limit of the engine's own"),
        ("/failing", SELECT, QueryStopped, "out of memory"),
        ("/busy", SELECT, EngineFailed, "503: later"),
    ],
)
def test_what_goes_wrong_is_one_error(
    fake: Fake, path: str, text: str, error: type[KetaGraphError], said: str
) -> None:
    with pytest.raises(error, match=said):
        ask(fake.url + path, Query(text))


def test_an_answer_that_is_too_large_is_given_up(fake: Fake) -> None:
    many = "SELECT ?s { VALUES ?s {" + " <urn:x>" * 500 + "} }"
    with pytest.raises(QueryStopped, match="larger than 2000 bytes"):
        ask(f"{fake.url}/good", Query(many), max_bytes=2000)


def test_the_deadline_is_ours_and_the_connection_is_dropped(fake: Fake) -> None:
    fake.dropped.clear()
    with pytest.raises(QueryTimeout, match=r"within 0\.2 s"):
        ask(f"{fake.url}/slow", Query(SELECT, timeout=0.2))
    assert fake.dropped.wait(20)


def test_a_read_is_tried_again_when_nothing_has_come(fake: Fake) -> None:
    assert ask(f"{fake.url}/busy-once", Query(SELECT))[1] == Outcome(1, truncated=False)
    assert len(fake.at("/busy-once")) == 2


def test_a_refused_query_is_not_tried_again(fake: Fake) -> None:
    before = len(fake.at("/bad-query"))
    with pytest.raises(QueryRefused):
        ask(f"{fake.url}/bad-query", Query(SELECT))
    assert len(fake.at("/bad-query")) == before + 1


def test_credentials_are_sent_and_never_shown(fake: Fake) -> None:
    given = Credentials("anna", "geheim")
    ask(f"{fake.url}/good", Query(SELECT), given=given)
    assert fake.asked[-1][1]["authorization"].startswith("Basic ")
    with pytest.raises(EngineFailed) as caught:
        ask(f"{fake.url}/refusing", Query(SELECT), given=given)
    assert "geheim" not in f"{caught.value!r} {given!r} {Address(fake.url, credentials=given)!r}"
    ask(f"{fake.url}/good", Query(SELECT), given=Credentials(token="geheim"))
    assert fake.asked[-1][1]["authorization"] == "Bearer geheim"


def test_headers_of_clients_never_reach_the_engine(fake: Fake) -> None:
    sent = {
        "Authorization": "Bearer of-a-client",
        "Cookie": "session=of-a-client",
        "X-Forwarded-For": "203.0.113.9",
        "X-Own": "of-a-client",
    }
    command = [sys.executable, "-m", "ketagraph", "serve", "--port", "0", "--engine", f"{fake.url}/good"]
    before = len(fake.asked)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            found = re.search(r"at (http://[\d.:]+)", server.stderr.readline())
            assert found
            with httpx.Client(base_url=found[1], timeout=60, trust_env=False, headers=sent) as client:
                assert client.post("/sparql", data={"query": SELECT}).status_code == 200
        finally:
            server.terminate()
    asked = [headers for _, headers, form in fake.asked[before:] if "VALUES" in str(form)]
    assert asked
    for headers in fake.asked[before:]:
        assert not {"of-a-client", "203.0.113.9"} & set(re.findall(r"[\w.-]+", str(headers)))
    assert set(asked[-1]) == {
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "user-agent",
    }


@pytest.mark.parametrize(
    ("environment", "said"),
    [({PASSWORD: "x"}, "USER is not"), ({USER: "a", TOKEN: "b"}, "keep one")],
)
def test_credentials_that_do_not_fit_are_refused(environment: dict[str, str], said: str) -> None:
    with pytest.raises(EnvironmentFault, match=said):
        credentials(environment)


@pytest.mark.parametrize("url", ["ftp://host/", "http:///sparql", "nowhere", "http://host:port/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(EnvironmentFault, match="not the address of an endpoint"):
        Address(url)


def test_an_address_with_credentials_is_refused_without_showing_them() -> None:
    with pytest.raises(EnvironmentFault, match="KETAGRAPH_ENGINE_USER") as caught:
        Address("http://anna:geheim@host/sparql")
    assert "geheim" not in str(caught.value)


def test_an_engine_that_is_down_is_told_at_the_start() -> None:
    with pytest.raises(EnvironmentFault, match="cannot serve from http"):
        ask("http://127.0.0.1:9/sparql", Query(SELECT))


def test_an_engine_with_its_own_deadline_is_told_it(fake: Fake) -> None:
    async def asked() -> None:
        address = Address(f"{fake.url}/good", DIALECTS["virtuoso"])
        store = await EngineStore.open(EngineSettings(address))
        async with store.query(Query(SELECT, timeout=7)):
            pass
        await store.close()

    asyncio.run(asked())
    assert 6000 < int(fake.at("/good")[-1]["timeout"][0]) <= 7000


def test_an_engine_that_fails_often_is_left_alone_for_a_while(fake: Fake) -> None:
    async def asked() -> list[str]:
        store = await EngineStore.open(EngineSettings(Address(f"{fake.url}/html")))
        errors = []
        for _ in range(6):
            try:
                async with store.query(Query(SELECT)):
                    pass
            except KetaGraphError as error:
                errors.append(type(error).__name__)
        assert not store.ready
        await store.close()
        return errors

    assert asyncio.run(asked()) == ["EngineFailed"] * 5 + ["Overloaded"]


def test_queries_that_are_too_hard_shut_nobody_out(fake: Fake) -> None:
    async def asked() -> bool:
        store = await EngineStore.open(EngineSettings(Address(f"{fake.url}/failing")))
        for _ in range(7):
            with pytest.raises(QueryStopped, match="failed on this query"):
                async with store.query(Query(SELECT)):
                    pass
        ready = store.ready
        await store.close()
        return ready

    assert asyncio.run(asked())


def test_a_breaker_lets_one_query_try_when_the_pause_is_over() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0], most=2, pause=10)
    for _ in range(2):
        breaker.admit()
        breaker.failed()
    with pytest.raises(Overloaded) as caught:
        breaker.admit()
    assert caught.value.retry_after == 10
    now[0] = 10.0
    breaker.admit()
    with pytest.raises(Overloaded):
        breaker.admit()
    breaker.succeeded()
    assert breaker.is_closed


def test_more_queries_than_may_wait_are_turned_away(fake: Fake) -> None:
    async def asked() -> list[str]:
        settings = EngineSettings(Address(f"{fake.url}/slow"), connections=1, queue=1)
        store = await EngineStore.open(settings)

        async def one() -> str:
            try:
                async with store.query(Query(SELECT, timeout=0.4)):
                    return ""
            except KetaGraphError as error:
                return str(error)

        found = await asyncio.gather(*(one() for _ in range(3)))
        await store.close()
        return sorted(found)

    assert asyncio.run(asked())[-1] == "the engine is busy and the queue is full"
