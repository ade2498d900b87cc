from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketagraph.store.engine import Engine
from ketagraph.store.rows import Enough, RowCutter, announced_first

MEDIA_TYPES = {
    "json": "application/sparql-results+json",
    "xml": "application/sparql-results+xml",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
}
# Pieces of which text is made that looks like the borders of rows.
PIECES = [
    '"',
    "\\",
    "{",
    "}",
    "{}",
    ",",
    "[",
    "]",
    "\n",
    "\r",
    "<result>",
    '"}},{"',
    ",{}",
    '","bindings":[{"x',
    "é𝒳",
]


def json_rows(body: bytes) -> list[object]:
    return list(json.loads(body)["results"]["bindings"])


def xml_rows(body: bytes) -> list[object]:
    return [ET.tostring(result) for result in ET.fromstring(body)[1]]


def csv_rows(body: bytes) -> list[object]:
    return list(csv.reader(io.StringIO(body.decode(), newline="")))[1:]


def tsv_rows(body: bytes) -> list[object]:
    assert body.endswith(b"\n")
    return list(body[:-1].split(b"\n")[1:])


PARSERS: dict[str, Callable[[bytes], list[object]]] = {
    "json": json_rows,
    "xml": xml_rows,
    "csv": csv_rows,
    "tsv": tsv_rows,
}


def literal(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


def values_query(rows: list[list[str]], width: int) -> str:
    variables = " ".join(f"?v{number}" for number in range(width))
    lines = " ".join(f"({' '.join(row)})" for row in rows)
    return f"SELECT {variables} {{ VALUES ({variables}) {{ {lines} }} }}"


texts = st.lists(st.sampled_from(PIECES) | st.text("ab ", max_size=2), max_size=4).map("".join)
terms = st.one_of(
    texts.map(literal), st.just("UNDEF"), st.just("<http://e/a>"), st.just('"x\\"}},{"@en'), st.just("1")
)
tables = st.integers(1, 3).flatmap(
    lambda width: st.tuples(
        st.lists(st.lists(terms, min_size=width, max_size=width), max_size=8), st.just(width)
    )
)


def cut(form: str, body: bytes, max_rows: int, *, step: int, block: int) -> tuple[bytes, int, bool]:
    emitted: list[bytes] = []
    cutter = RowCutter(form, max_rows, emitted.append, block=block)
    try:
        for start in range(0, len(body), step):
            cutter.write(body[start : start + step])
    except Enough:
        pass
    outcome = cutter.finish()
    return b"".join(emitted), outcome.rows, outcome.truncated


@pytest.mark.parametrize("form", MEDIA_TYPES)
@settings(max_examples=150, deadline=None)
@given(
    table=tables,
    max_rows=st.integers(1, 9),
    step=st.sampled_from([1, 3, 8192]),
    block=st.sampled_from([1, 50, 65536]),
)
def test_a_cut_result_parses_to_the_first_rows(form, table, max_rows, step, block):
    rows, width = table
    whole = Engine().select_bytes(values_query(rows, width), MEDIA_TYPES[form])
    parsed = PARSERS[form]
    assert len(parsed(whole)) == len(rows)

    body, count, truncated = cut(form, whole, max_rows, step=step, block=block)

    assert parsed(body) == parsed(whole)[:max_rows]
    assert (count, truncated) == (min(len(rows), max_rows), len(rows) > max_rows)
    assert truncated or body == whole


def test_a_cut_json_body_says_so():
    whole = Engine().select_bytes("SELECT ?x { VALUES ?x { 1 2 3 } }", MEDIA_TYPES["json"])
    body, _, _ = cut("json", whole, 2, step=8192, block=65536)
    assert json.loads(body)["truncated"] == {"maxRows": 2}
    assert "truncated" not in json.loads(cut("json", whole, 3, step=8192, block=65536)[0])


def test_the_engine_is_stopped_at_the_limit():
    engine = Engine()
    engine.load_quads(
        b"".join(b"<http://e/%d> <http://e/p> <http://e/o> .\n" % number for number in range(3000))
    )
    body = engine.select_bytes("SELECT ?a ?b ?c { ?a ?p ?x . ?b ?p ?x . ?c ?p ?x }", "text/csv", max_rows=5)
    assert len(csv_rows(body)) == 5


def test_a_variable_named_like_a_member_of_the_document_is_no_border():
    whole = Engine().select_bytes(
        'SELECT ?head ?bindings { VALUES (?head ?bindings) { (1 "[{") (2 "") } }', MEDIA_TYPES["json"]
    )
    body, rows, truncated = cut("json", whole, 1, step=5, block=1)
    assert len(json_rows(body)) == rows == 1
    assert truncated


@pytest.mark.parametrize("size", [1, 7, 30, 1000])
def test_a_cut_is_told_before_the_rows_too_with_the_same_length(size):
    engine = Engine()
    body, outcome = engine.answer("SELECT * { VALUES ?x { 1 2 3 } }", MEDIA_TYPES["json"], max_rows=2)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    async def moved() -> bytes:
        return b"".join([piece async for piece in announced_first(pieces(), outcome.rows)])

    found = asyncio.run(moved())
    assert found.startswith(b'{"truncated":{"maxRows":2},"head":')
    assert found.endswith(b"}]}}")
    assert (json.loads(found), len(found)) == (json.loads(body), len(body))
