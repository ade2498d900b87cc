from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from ketagraph.errors import (
    Overloaded,
    QueryOutOfMemory,
    QueryRefused,
    QueryStopped,
    QuerySyntaxError,
    QueryTimeout,
    VersionRemoved,
)
from ketagraph.server import ServeConfig, create_app, problem
from test_server_cache import Counting


def test_a_syntax_error_shows_its_place():
    error = QuerySyntaxError("line 2, column 6: unexpected }", line=2, column=6)
    fields = problem.of(error, query="SELECT *\n\t{ ?s }", query_id="a-1").fields
    assert fields == {
        "type": "https://w3id.org/ketagraph/errors/syntax",
        "title": "Query cannot be parsed",
        "status": 400,
        "detail": "line 2, column 6: unexpected }",
        "line": 2,
        "column": 6,
        "excerpt": " { ?s }\n     ^",
        "query_id": "a-1",
    }


def test_an_excerpt_of_a_long_line_stays_short_and_points_right():
    query = "x" * 5000 + "!" + "y" * 5000
    excerpt = str(problem.of(QuerySyntaxError("", line=1, column=5001), query=query).fields["excerpt"])
    text, caret = excerpt.split("\n")
    assert len(text) <= 120
    assert text[caret.index("^")] == "!"


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (QueryTimeout("x"), 503, "query-timeout"),
        (QueryOutOfMemory("x"), 503, "query-memory"),
        (Overloaded("x", retry_after=3), 503, "overloaded"),
        (QueryStopped("x"), 503, "query-stopped"),
        (VersionRemoved("x"), 503, "version-removed"),
        (QueryRefused("x"), 400, "refused"),
        (QueryRefused("x", status=403), 403, "forbidden"),
        (QueryRefused("x", status=406), 406, "not-acceptable"),
        (QueryRefused("x", status=413), 413, "too-large"),
        (QueryRefused("x", status=415), 415, "media-type"),
    ],
)
def test_every_error_has_its_status_and_type(error, status, kind):
    found = problem.of(error)
    assert (found.status, str(found.fields["type"]).rsplit("/")[-1]) == (status, kind)


def test_overload_says_when_to_come_back():
    assert problem.of(Overloaded("x", retry_after=3)).headers == ((b"retry-after", b"3"),)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/problem+json"),
        ("*/*", "application/problem+json"),
        ("application/sparql-results+json", "application/problem+json"),
        ("text/csv", "application/problem+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/plain; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/*;q=0.5, application/json", "application/problem+json"),
    ],
)
def test_people_get_text_and_programs_json(accept, media_type):
    content_type, body = problem.of(QueryRefused("no way")).written(accept)
    assert content_type == media_type
    assert (json.loads(body)["detail"] if "json" in media_type else body.decode().splitlines()[1]) == "no way"


@pytest.mark.parametrize(
    ("accept", "agent", "media_type"),
    [
        ("*/*", "curl/8.5.0", "text/plain; charset=utf-8"),
        ("application/json", "curl/8.5.0", "application/problem+json"),
        ("application/sparql-results+json", "curl/8.5.0", "application/problem+json"),
        ("*/*", "python-httpx/0.27", "application/problem+json"),
    ],
)
def test_curl_gets_text_unless_it_asks_for_json(accept, agent, media_type):
    assert problem.of(QueryRefused("no way")).written(accept, agent)[0] == media_type


def answered(path: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(
            create_app(ServeConfig(Path("x.nq")), Broken()), raise_app_exceptions=False
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get(path)

    return asyncio.run(asked())


class Broken(Counting):
    """A store with a fault in our own code."""

    def query(self, query: object) -> object:
        raise RuntimeError("/secret/path.py is broken")


def test_a_fault_of_ours_is_told_without_its_inside():
    answer = answered("/api/search?q=pain")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_a_parameter_that_is_missing_or_of_another_type_is_a_problem():
    answer = answered("/api/search?limit=x")
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/errors/parameter")
    assert answer.json()["detail"].startswith("q: Field required; limit: Input should be a valid integer")


def test_json_that_cannot_be_read_is_told_in_words():
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(ServeConfig(Path("x.nq")), Counting()))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            headers = {"content-type": "application/json"}
            return await client.post("/api/judge", content=b"[" * 100_000, headers=headers)

    answer = asyncio.run(asked())
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert "pars" in answer.json()["detail"]


def test_every_kind_of_problem_has_a_meaning():
    assert {"syntax", "query-timeout", "rate-limited", "internal"} <= set(problem.meanings())
