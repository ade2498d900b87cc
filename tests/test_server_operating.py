"""What whoever runs the server needs: health, readiness, figures, logs, shares for clients, cancelling."""

from __future__ import annotations

import json
import logging
import signal
import threading
import time
from hashlib import sha256

import httpx
import pytest

from ketagraph import questions
from ketagraph.lexicon import Lexicon
from ketagraph.server import ServeConfig, create_app, logs
from ketagraph.server.config import is_loopback
from ketagraph.server.lookup import Lookup
from ketagraph.server.rates import client_of
from test_server_cache import ASK, Counting, ask, get, store
from test_server_running import ENDLESS, data, kind, running
from test_server_swap import until

__all__ = ["data", "store"]

NAMED = "X-KetaGraph-Query-Id"


def served(store: Counting, **options: object) -> object:
    return create_app(ServeConfig("x.nq", **options), store)


@pytest.fixture(scope="module")
def server(data):
    with running(data, guarded=False, timeout=15, workers=2, log_queries=True, drain=0.7) as server:
        yield server


def test_whoever_knows_its_id_can_stop_a_query(server):
    answers: list[httpx.Response] = []
    asking = threading.Thread(
        target=lambda: answers.append(server.ask(ENDLESS, **{"query-id": "my-long_query"}))
    )
    asking.start()
    until(lambda: httpx.delete(f"{server.url}/queries/my-long_query").status_code == 204)
    asking.join(timeout=5)
    assert (answers[0].status_code, kind(answers[0])) == (503, "query-cancelled")
    assert answers[0].headers[NAMED] == "my-long_query"
    assert httpx.delete(f"{server.url}/queries/my-long_query").status_code == 404
    assert server.ask("ASK {}").status_code == 200


def test_an_id_that_is_in_use_is_refused(server):
    name = {"headers": {NAMED: "the-same-id"}, "data": {"query": ENDLESS, "timeout": "1"}}
    first = threading.Thread(target=httpx.post, args=[f"{server.url}/sparql"], kwargs={**name, "timeout": 9})
    first.start()
    time.sleep(0.3)
    second = httpx.post(f"{server.url}/sparql", **name)
    first.join()
    assert (second.status_code, kind(second)) == (409, "conflict")


def test_a_server_that_is_to_stop_says_so_before_its_port_closes(server):
    assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready"}
    server.process.send_signal(signal.SIGTERM)
    until(lambda: httpx.get(f"{server.url}/readyz").status_code == 503)
    assert httpx.get(f"{server.url}/readyz").json() == {"status": "draining"}
    assert server.ask("ASK {}").status_code == 200
    errors = server.process.communicate(timeout=20)[1]
    assert server.process.returncode == 0
    lines = [json.loads(line) for line in errors.splitlines()]
    asked = {line["query_id"]: line for line in lines}
    digest = sha256(ENDLESS.encode()).hexdigest()[:16]
    assert asked["my-long_query"] | {"ms": 0, "timestamp": "", "bytes": 0} == {
        "event": "query",
        "query_id": "my-long_query",
        "query_sha256": digest,
        "status": 503,
        "ms": 0,
        "rows": None,
        "bytes": 0,
        "cached": False,
        "timestamp": "",
    }


@pytest.mark.parametrize("name", ["short", "with space", "a" * 65, "ünïcödé-id", "new\nline-id"])
def test_an_id_outside_its_alphabet_is_refused(store, name):
    answer = ask(served(store), get(ASK, **{"query-id": name}))[0]
    assert answer.status_code == 400
    assert store.asked == 0


def test_ids_that_the_server_gives_cannot_be_guessed(store):
    names = {answer.headers[NAMED] for answer in ask(served(store), *[get("NOW")] * 3)}
    assert len(names) == 3
    assert all(len(name) == 16 for name in names)


def test_a_server_whose_workers_are_lost_is_not_ready(store):
    store.ready = False
    health, readiness = ask(served(store), {"url": "/healthz"}, {"url": "/readyz"})
    assert (health.status_code, health.json()) == (200, {"status": "restarting"})
    assert (readiness.status_code, readiness.json()) == (503, {"status": "restarting"})


def test_figures_count_queries_by_status(store):
    application = served(store)
    *_, figures = ask(application, get(ASK), get(ASK), get("ASK"), get("oops"), {"url": "/metrics"})
    assert 'ketagraph_queries_total{cached="false",status="200"} 2.0' in figures.text
    assert 'ketagraph_queries_total{cached="true",status="200"} 1.0' in figures.text
    assert 'ketagraph_queries_total{cached="false",status="400"} 1.0' in figures.text
    assert "ketagraph_query_seconds_count 3.0" in figures.text
    assert "ketagraph_cache_hits 1.0" in figures.text


@pytest.mark.parametrize(("shown", "status"), [(False, 403), (True, 200)])
def test_figures_are_for_this_machine_unless_opened(store, shown, status):
    application = served(store, metrics=shown)
    assert elsewhere(application, "/metrics").status_code == status


def elsewhere(application: object, url: str) -> httpx.Response:
    import asyncio

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(application, client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get(url)

    return asyncio.run(asked())


def test_a_client_has_its_share_of_errors(store):
    application = served(store, client_limits=True, client_errors=2)
    answers = ask(application, get("oops"), get("oops 2"), get(ASK))
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert kind(answers[2]) == "rate-limited"
    assert 0 < int(answers[2].headers["retry-after"]) <= 60
    assert elsewhere(application, "/sparql?query=ASK{}").status_code == 200


def test_a_client_has_its_share_of_query_time(store):
    application = served(store, client_limits=True, client_seconds=0.001)
    statuses = [answer.status_code for answer in ask(application, get(ASK), get("ASK { }"), get(ASK))]
    assert statuses == [200, 429, 200], "what is kept from before costs nothing"


def test_routes_are_booked_on_the_account_of_the_queries(store):
    application = served(store, client_limits=True, client_errors=2)
    wrong = {"method": "POST", "url": "/api/judge", "json": {}}
    answers = ask(application, wrong, get("oops"), wrong, get(ASK), {"url": "/nothing"})
    assert [answer.status_code for answer in answers] == [422, 400, 429, 429, 429]
    assert kind(answers[2]) == kind(answers[4]) == "rate-limited"
    assert 0 < int(answers[2].headers["retry-after"]) <= 60
    free = ["/healthz", "/metrics", "/static/none.css"]
    assert {answer.status_code for answer in ask(application, *({"url": url} for url in free))} == {200, 404}
    assert elsewhere(application, "/api/search").status_code == 422


def test_a_question_is_booked_once(store, monkeypatch):
    async def nothing(_: Lookup) -> Lexicon:
        return Lexicon.of(())

    monkeypatch.setattr(Lookup, "lexicon", nothing)
    slug, text = "all", "#+ summary: All of it\nSELECT ?s { ?s ?p ?o } ORDER BY ?s\n"
    application = served(
        store, client_limits=True, client_errors=3, questions=[questions.parse(text, slug, "a")]
    )
    refused = {"url": "/api/questions/all?format=nonsense"}
    statuses = [answer.status_code for answer in ask(application, *[refused] * 4)]
    assert statuses == [406, 406, 406, 429]


@pytest.mark.parametrize(("host", "limited"), [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True)])
def test_shares_are_for_servers_that_others_reach(host, limited):
    assert ServeConfig("x", host=host).limits_clients is limited
    assert is_loopback(host) is not limited


def test_a_client_is_an_address_or_a_site():
    assert client_of("192.0.2.7") == "192.0.2.7"
    assert client_of("2001:db8:1:2:3::9") == client_of("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert client_of("testclient") == "testclient"


def test_an_event_with_an_exception_tells_its_traceback(monkeypatch, capsys):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    logs.log_events()
    logging.getLogger("somewhere").error("it broke", exc_info=ValueError("for this reason"))
    told = json.loads(capsys.readouterr().err)
    assert (told["event"], told["logger"]) == ("it broke", "somewhere")
    assert "ValueError: for this reason" in told["traceback"]
