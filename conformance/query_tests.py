"""One query test in, its verdict out: through the endpoint, and by the embedded engine alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

import pyoxigraph as ox
from compare import difference
from endpoint import Endpoint, Response
from manifest import BASE, Test
from rdflib import Graph
from results import Result, read

__all__ = ["Verdict", "judge"]

_ROWS = {
    "srx": ("application/sparql-results+xml", ox.QueryResultsFormat.XML),
    "srj": ("application/sparql-results+json", ox.QueryResultsFormat.JSON),
    "csv": ("text/csv", ox.QueryResultsFormat.CSV),
    "tsv": ("text/tab-separated-values", ox.QueryResultsFormat.TSV),
}
_ORDERED = re.compile(r"\bORDER\s+BY\b", re.IGNORECASE)
_SERVICE = re.compile(r"\bSERVICE\b", re.IGNORECASE)
_UNEVALUABLE = b"the query cannot be evaluated"
"""Told of a query that was parsed: it names a function that the engine does not have."""

_UNREADABLE = (ValueError, ParseError, KeyError, SyntaxError)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``fault`` is empty where the test passed; ``engine`` is the embedded engine's own, None if not asked.

    ``by_value`` says that a literal was the same in value, not in its lexical form.
    """

    test: Test
    fault: str
    engine: str | None
    by_value: bool = False


def judge(test: Test, endpoint: Endpoint, store: ox.Store) -> Verdict:
    """Run one test both ways. The engine alone would follow SERVICE to other hosts, so it is not asked."""
    calls_out = bool(_SERVICE.search(test.text))
    if test.kind != "evaluation":
        engine = None if calls_out else _syntax(test, refused=_engine_refuses(test, store))
        return Verdict(test, _endpoint_syntax(test, endpoint), engine)
    expected = _expected(test)
    fault, by_value = _compared(test, expected, lambda: _through_endpoint(test, endpoint, expected))
    if calls_out:
        return Verdict(test, fault, None, by_value)
    engine, _ = _compared(test, expected, lambda: _in_process(test, store, expected))
    return Verdict(test, fault, engine, by_value)


def _expected(test: Test) -> Result:
    if test.result is None:
        raise ValueError(f"{test.name} has no result")
    return read(test.result.read_bytes(), test.result.suffix[1:], BASE + test.result.name)


class _Refused(Exception):  # carries a reason to the verdict
    """No answer."""


def _compared(test: Test, expected: Result, ask: Callable[[], Result]) -> tuple[str, bool]:
    try:
        found = ask()
    except _Refused as error:
        return str(error), False
    except _UNREADABLE as error:
        return f"cannot be read: {error}", False
    ordered = bool(_ORDERED.search(test.text))
    strict = difference(found, expected, ordered=ordered, lax=test.is_lax)
    if strict and not difference(found, expected, ordered=ordered, lax=test.is_lax, by_value=True):
        return "", True
    return strict, False


def _form(test: Test, expected: Result) -> str:
    """Ask for the form of the expected file; a result set in RDF is asked for as JSON."""
    if isinstance(expected, Graph):
        return "ttl"
    form = test.result.suffix[1:] if test.result else ""
    return form if form in _ROWS else "srj"


def _through_endpoint(test: Test, endpoint: Endpoint, expected: Result) -> Result:
    form = _form(test, expected)
    wanted = "text/turtle" if form == "ttl" else _ROWS[form][0]
    response = endpoint.query(test.text, wanted)
    if response.status != 200:
        raise _Refused(_told(response))
    if response.media_type != wanted:
        raise _Refused(f"expected {wanted}, found {response.media_type}")
    return read(response.body, form, BASE)


def _in_process(test: Test, store: ox.Store, expected: Result) -> Result:
    form = _form(test, expected)
    try:
        solved = store.query(test.text, base_iri=BASE + "sparql")
        if isinstance(solved, ox.QueryTriples):
            body = ox.serialize(solved, None, ox.RdfFormat.N_TRIPLES) or b""
            return read(body, "nt", BASE)
        return read(solved.serialize(None, _ROWS[form][1]) or b"", form, BASE)
    except (SyntaxError, ValueError, RuntimeError, OSError, KeyError) as error:
        raise _Refused(f"{type(error).__name__}: {error}") from error


def _endpoint_syntax(test: Test, endpoint: Endpoint) -> str:
    response = endpoint.query(test.text, "*/*")
    if test.kind == "negative syntax" and response.status not in (200, 400):
        return _told(response)
    was_parsed = response.status == 200 or _UNEVALUABLE in response.body
    return _syntax(test, refused="" if was_parsed else _told(response))


def _syntax(test: Test, *, refused: str) -> str:
    if test.kind == "positive syntax":
        return refused
    return "" if refused else "accepted"


def _engine_refuses(test: Test, store: ox.Store) -> str:
    try:
        store.query(test.text, base_iri=BASE + "sparql")
    except SyntaxError as error:
        return str(error)
    except RuntimeError:
        # Parsed, then found to name a function that the engine does not have.
        return ""
    return ""


def _told(response: Response) -> str:
    told = response.body.decode("utf-8", "replace")
    found = re.search(r'"detail": "((?:[^"\\]|\\.)*)"', told)
    return f"{response.status}: {found[1] if found else told[:100]}"
