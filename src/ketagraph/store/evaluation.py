"""SPARQL text in, serialised bytes out: one query evaluated by the engine, in this process.

Results are written by the engine itself and cut at the row limit on the way out. Nothing here has a
deadline or a memory cap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, Protocol

import pyoxigraph as ox

from ketagraph.errors import QueryRefused
from ketagraph.store.formats import BINDINGS, GRAPHS
from ketagraph.store.query import Outcome, Query
from ketagraph.store.rows import Enough, RowCutter
from ketagraph.store.syntax import explained

__all__ = [
    "GRAPH_FORMATS",
    "ROW_FORMATS",
    "Sink",
    "Solved",
    "evaluate",
    "solve",
    "transcode",
    "write_rows",
    "write_triples",
]

_PREFIX = re.compile(r"^\s*PREFIX\s+((?:[A-Za-z][\w.-]*)?):\s*<([^<>\s]*)>", re.IGNORECASE | re.MULTILINE)
ROW_FORMATS = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
GRAPH_FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
    "trig": ox.RdfFormat.TRIG,
    "nquads": ox.RdfFormat.N_QUADS,
}
_PREFIXED = {"turtle", "trig", "rdfxml"}

Solved = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples


class Sink(Protocol):
    """Where an answer goes: its media type first, then its bytes."""

    def start(self, media_type: str) -> None:
        """Take the media type, once."""

    def write(self, data: bytes) -> None:
        """Take the next bytes."""


def evaluate(store: ox.Store, query: Query, sink: Sink) -> Outcome:
    """Answer ``query`` into ``sink``, at most ``query.max_rows`` rows or triples of it.

    Raises:
        QuerySyntaxError: with line and column, 1-based, in characters.
        QueryRefused: it cannot be evaluated, or its result has no acceptable form (status 406).
    """
    try:
        return _write(solve(store, query), query, sink)
    except ConnectionError:
        # The reader of the answer has gone; that is not the query's fault.
        raise
    except (RuntimeError, OSError) as error:
        raise QueryRefused(f"the query cannot be evaluated: {error}") from error


def transcode(data: bytes, source: str, target: str, prefixes: Mapping[str, str]) -> bytes:
    """Write the same triples in another media type. For our own documents only."""
    triples = (quad.triple for quad in ox.parse(data, GRAPH_FORMATS[GRAPHS[source]]))
    form = GRAPHS[target]
    used = dict(prefixes) if form in _PREFIXED else None
    return ox.serialize(triples, None, GRAPH_FORMATS[form], prefixes=used) or b""


def solve(store: ox.Store, query: Query) -> Solved:
    """Parse and start ``query``; the engine finds most solutions only as they are read.

    Raises:
        QuerySyntaxError, QueryRefused: as :func:`evaluate`.
    """
    try:
        return store.query(
            query.text,
            base_iri=query.base,
            default_graph=_graphs(query.default_graphs),
            named_graphs=_graphs(query.named_graphs),
        )
    except SyntaxError as error:
        raise explained(error, query.text) from error
    except ValueError as error:
        raise QueryRefused(f"the base IRI cannot be used: {error}") from error


def _graphs(iris: tuple[str, ...] | None) -> list[Any] | None:
    if iris is None:
        return None
    try:
        return [ox.NamedNode(iri) for iri in iris]
    except ValueError as error:
        raise QueryRefused(f"a graph of the request is no absolute IRI: {error}") from error


def _write(solved: Solved, query: Query, sink: Sink) -> Outcome:
    wanted = query.graph_type if isinstance(solved, ox.QueryTriples) else query.bindings_type
    if wanted is None:
        kind = "a graph" if isinstance(solved, ox.QueryTriples) else "rows or a boolean"
        raise QueryRefused(f"the query gives {kind}, and Accept takes no form of that", status=406)
    sink.start(wanted)
    if isinstance(solved, ox.QueryTriples):
        return write_triples(solved, query, wanted, sink)
    if isinstance(solved, ox.QueryBoolean):
        sink.write(solved.serialize(None, ROW_FORMATS[BINDINGS[wanted]]) or b"")
        return Outcome(1, truncated=False)
    return write_rows(solved, query, wanted, sink)


def write_rows(results: ox.QuerySolutions, query: Query, wanted: str, sink: Sink) -> Outcome:
    """Write solutions as the media type ``wanted``, cut at the row limit."""
    form = BINDINGS[wanted]
    cutter = RowCutter(form, query.max_rows, sink.write)
    with suppress(Enough):
        results.serialize(cutter, ROW_FORMATS[form])  # type: ignore[arg-type]
    return cutter.finish()


def write_triples(results: Iterator[ox.Triple], query: Query, wanted: str, sink: Sink) -> Outcome:
    """Write triples as the media type ``wanted``, cut at the row limit."""
    form = GRAPHS[wanted]
    passed = _Counted(islice(results, query.max_rows))
    prefixes = _prefixes(query.text) if form in _PREFIXED else None
    ox.serialize(passed, _File(sink.write), GRAPH_FORMATS[form], prefixes=prefixes)  # type: ignore[arg-type]
    return Outcome(passed.count, passed.count == query.max_rows and next(results, None) is not None)


def _prefixes(text: str) -> dict[str, str]:
    """Collect the query's own prefixes, for readable output; what is no absolute IRI is left out."""
    return {prefix: iri for prefix, iri in _PREFIX.findall(text) if _is_absolute(iri)}


def _is_absolute(iri: str) -> bool:
    try:
        ox.NamedNode(iri)
    except ValueError:
        return False
    return True


class _Counted(Iterator[ox.Triple]):
    """Triples passed on and counted."""

    def __init__(self, triples: Iterator[ox.Triple]) -> None:
        self._triples, self.count = triples, 0

    def __next__(self) -> ox.Triple:
        triple = next(self._triples)
        self.count += 1
        return triple


class _File:
    """The file that the engine's serialisers expect, over a function that takes bytes."""

    def __init__(self, emit: Callable[[bytes], None]) -> None:
        self._emit = emit

    def write(self, piece: bytes) -> int:
        self._emit(piece)
        return len(piece)

    def flush(self) -> None:
        pass
