from __future__ import annotations

import json

import pytest

from ketagraph.errors import (
    Overloaded,
    QueryOutOfMemory,
    QueryRefused,
    QueryStopped,
    QuerySyntaxError,
    QueryTimeout,
)
from ketagraph.server import problem


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
