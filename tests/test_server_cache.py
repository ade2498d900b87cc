"""Answers kept as bytes: within bounds, for one edition of the data, never one that would not hold."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import zstandard

from ketagraph.errors import QueryTimeout
from ketagraph.server import ServeConfig, coding, create_app
from ketagraph.server.cache import Cache, Entry, Shelf, is_lasting, matches
from ketagraph.server.sparql import SparqlApp
from ketagraph.store import Outcome, Query

JSON = "application/sparql-results+json"
ASK = "ASK {}"


class Said:
    """An answer that is all there, or (without size) one whose end is open."""

    def __init__(self, body: bytes, outcome: Outcome | None) -> None:
        self.media_type, self._body = JSON, body
        self.outcome, self.size = outcome, len(body) if outcome else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class Counting:
    """A store that numbers its evaluations and can be given a new edition, or another way to answer."""

    def __init__(self) -> None:
        self.edition, self.ready, self.asked = "one", True, 0
        self.size, self.is_open, self.error = 10, False, None

    @asynccontextmanager
    async def query(self, query: Query) -> AsyncIterator[Said]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        body = f"{self.edition} {self.asked} ".encode().ljust(self.size, b"x")
        yield Said(body, None if self.is_open else Outcome(1, truncated=False))

    async def close(self) -> None:
        pass


@pytest.fixture
def store() -> Counting:
    return Counting()


def app(store: Counting, **options: object) -> SparqlApp:
    return create_app(ServeConfig(Path("x.nq"), **options), store).sparql


def ask(application: SparqlApp, *requests: dict[str, object]) -> list[httpx.Response]:
    async def all_of_them() -> list[httpx.Response]:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            client.headers["accept-encoding"] = "identity"
            return [await client.request(**({"method": "GET", "url": "/sparql"} | each)) for each in requests]

    return asyncio.run(all_of_them())


def get(text: str, **parameters: str) -> dict[str, object]:
    return {"params": {"query": text} | parameters}


def test_a_repeated_query_is_answered_from_what_was_kept(store):
    first, second = ask(app(store), get(ASK), get(ASK))
    assert (first.content, store.asked) == (second.content, 1)
    assert first.headers["etag"] == second.headers["etag"]
    assert first.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize(
    "other",
    [
        {"method": "HEAD", **get(ASK)},
        get(f" \n{ASK}\t"),
        get(ASK, timeout="3"),
        get(ASK) | {"headers": {"accept": "text/turtle, application/sparql-results+json, text/csv;q=0.5"}},
        {"method": "POST", "data": {"query": ASK}},
        {"method": "POST", "content": ASK, "headers": {"content-type": "application/sparql-query"}},
    ],
)
def test_what_does_not_shape_the_answer_does_not_ask_again(store, other):
    ask(app(store), get(ASK), other)
    assert store.asked == 1


@pytest.mark.parametrize(
    "other",
    [
        get("ASK { }"),
        get("ASK {}#"),
        get(ASK, **{"max-rows": "3"}),
        get(ASK, **{"default-graph-uri": "http://e/g"}),
        get(ASK) | {"headers": {"accept": "text/csv"}},
        get(ASK) | {"headers": {"accept-encoding": "gzip"}},
        get(ASK) | {"headers": {"host": "y"}},
    ],
)
def test_what_shapes_the_answer_asks_again(store, other):
    ask(app(store), get(ASK), other)
    assert store.asked == 2


def test_nothing_is_stale_after_a_swap(store):
    application = app(store)
    ask(application, get(ASK), get(ASK))
    store.edition = "two"
    after, again = ask(application, get(ASK), get(ASK))
    assert after.text.startswith("two 2")
    assert after.content == again.content


def test_an_answer_about_old_data_that_comes_late_is_not_kept():
    cache = Cache(1 << 20)
    cache.find("two", "other")
    cache.keep("one", "key", Entry.of((), b"x"))
    assert cache.find("two", "key") is None
    cache.find("one", "key")
    assert cache.find("one", "key") is None


@pytest.mark.parametrize(
    "text", ["SELECT (NOW() AS ?n) {}", "SELECT (rand ( ) AS ?n) {}", "ASK { FILTER(uuid()) }"]
)
def test_answers_that_change_by_themselves_are_not_kept(store, text):
    first, _ = ask(app(store), get(text), get(text))
    assert store.asked == 2
    assert first.headers["cache-control"] == "no-store"
    assert not is_lasting(text)


@pytest.mark.parametrize("text", ["ASK { ?known ?brand ?x }", "ASK { ?uuids ?p ex:nowhere }", "ASK {}"])
def test_words_that_only_hold_such_a_function_are_no_reason(text):
    assert is_lasting(text)


def test_errors_are_not_kept(store):
    store.error = QueryTimeout("stopped")
    application = app(store)
    stopped, _ = ask(application, get(ASK), get(ASK))
    assert (stopped.status_code, stopped.headers["cache-control"], store.asked) == (503, "no-store", 2)
    store.error = None
    assert ask(application, get(ASK))[0].status_code == 200


def test_what_is_sent_before_its_end_is_known_is_not_kept(store):
    store.is_open = True
    first, second = ask(app(store), get(ASK), get(ASK))
    assert (store.asked, first.headers["cache-control"], "etag" in first.headers) == (2, "no-store", False)
    assert first.content != second.content


def test_a_client_that_has_the_answer_is_told_so(store):
    application = app(store)
    (first,) = ask(application, get(ASK))
    wanted = {"headers": {"if-none-match": f'"other", W/{first.headers["etag"]}'}}
    (same,) = ask(application, get(ASK) | wanted)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert same.headers["vary"] == "Accept, Accept-Encoding"
    assert "content-length" not in same.headers
    store.edition = "two"
    (changed,) = ask(application, get(ASK) | wanted)
    assert (changed.status_code, changed.text[:3]) == (200, "two")


def test_a_post_is_never_answered_with_not_modified(store):
    application = app(store)
    (first,) = ask(application, get(ASK))
    posted = {"method": "POST", "data": {"query": ASK}, "headers": {"if-none-match": first.headers["etag"]}}
    assert ask(application, posted)[0].status_code == 200


def test_tags_are_compared_one_by_one():
    assert matches(b'"a"', 'W/"a", "b"')
    assert matches(b'"a"', "*")
    assert not matches(b'"a"', '"ab", "b"')


def test_without_room_nothing_is_kept(store):
    ask(app(store, cache_mb=0), get(ASK), get(ASK))
    assert store.asked == 2


def test_the_cache_keeps_within_its_bytes(store):
    store.size = 50_000
    application = app(store, cache_mb=1)
    ask(application, *(get(f"{ASK} # {number}") for number in range(50)))
    assert application.cache.held <= 1 << 20
    assert application.cache.held > 700_000


def test_what_was_not_used_longest_goes_first():
    shelf: Shelf[str, int] = Shelf(3)
    for number, key in enumerate("abc"):
        shelf.keep(key, number, 1)
    shelf.find("a")
    shelf.keep("d", 3, 1)
    assert [shelf.find(key) for key in "abcd"] == [0, None, 2, 3]
    shelf.keep("huge", 9, 4)
    assert (len(shelf), shelf.held) == (3, 3)


@pytest.mark.parametrize("size", [1000, 200_000, 900_000, 3_000_000])
@pytest.mark.parametrize("is_open", [False, True])
def test_a_body_comes_packed_as_the_client_likes(store, size, is_open):
    store.size, store.is_open = size, is_open
    codings = ["identity", "gzip", "zstd, gzip;q=0.5", "br"]
    requests = [get(ASK, **{"max-rows": "9"}) | {"headers": {"accept-encoding": name}} for name in codings]
    plain, *packed = ask(app(store, cache_mb=0), *requests)
    named = [answer.headers.get("content-encoding") for answer in packed]
    assert named == ([None] * 3 if size == 1000 and not is_open else ["gzip", "zstd", None])
    assert all(len(answer.content) == size for answer in (plain, *packed))
    assert len({answer.headers["vary"] for answer in (plain, *packed)}) == 1


def test_packed_and_plain_answers_have_different_tags(store):
    store.size = 5000
    application = app(store)
    wanted = ["identity", "gzip", "zstd", "gzip"]
    answers = ask(application, *(get(ASK) | {"headers": {"accept-encoding": name}} for name in wanted))
    tags = [answer.headers["etag"] for answer in answers]
    assert len(set(tags)) == 3
    assert tags[1] == tags[3]


def test_packed_bytes_are_what_they_say():
    body = b"ab" * 5000
    assert gzip.decompress(coding.pack(body, "gzip")) == body
    assert zstandard.decompress(coding.pack(body, "zstd")) == body
    assert coding.pack(body, coding.IDENTITY) == body
    assert coding.pack(body, "gzip") == coding.pack(body, "gzip")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", ""),
        ("gzip, deflate, br", "gzip"),
        ("gzip, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("zstd;q=0, gzip;q=0", ""),
        ("*", "zstd"),
        ("*;q=0", ""),
        ("GZIP", "gzip"),
        ("gzip;q=0.2, identity", ""),
        ("gzip;q=oops", ""),
        ("x-gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("gzip;q=0, x-gzip;q=0", ""),
        ("zstd;q=0.1, gzip;q=0.9", "gzip"),
        ("br", ""),
    ],
)
def test_the_coding_follows_the_header(accept, chosen):
    assert coding.choose(accept) == chosen
