"""An answer of another engine in, the same answer in the form that was asked for out, while it arrives.

What is broken off, or is no answer at all, is found as it is read; what was written by then must be thrown
away by whoever takes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Protocol, cast

import pyoxigraph as ox

from ketagraph.errors import EngineFailed, QueryRefused, QueryStopped
from ketagraph.store.evaluation import GRAPH_FORMATS, ROW_FORMATS, Sink, write_rows, write_triples
from ketagraph.store.formats import BINDINGS, GRAPHS
from ketagraph.store.query import Outcome, Query

__all__ = ["ACCEPTED_GRAPHS", "ACCEPTED_ROWS", "Source", "convert"]

ACCEPTED_ROWS: Mapping[str, str] = {name: form for name, form in BINDINGS.items() if form in {"json", "xml"}}
"""What an engine may answer rows and booleans in: forms that show their own end."""

ACCEPTED_GRAPHS: Mapping[str, str] = {
    name: form for name, form in GRAPHS.items() if form in {"ntriples", "turtle", "rdfxml"}
} | {"text/plain": "ntriples", "text/ntriples": "ntriples"}
"""What an engine may answer graphs in."""


class Source(Protocol):
    """A body while it arrives."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes, none at the end."""


_CUT = b'"truncated":{"maxRows":'
"""Stands behind the rows where another server of ours had begun to answer before it met its limit."""


class _Watched:
    """A source, and how it ended as far as it was read."""

    def __init__(self, source: Source) -> None:
        self._source, self.end = source, b""

    def read(self, size: int = -1, /) -> bytes:
        piece = self._source.read(size)
        self.end = (self.end + piece)[-100:]
        return piece


_GRAPH_QUERIES = {"CONSTRUCT", "DESCRIBE"}


def convert(
    source: Source, media_type: str, query: Query, form: str, sink: Sink, *, ask_variable: str = ""
) -> Outcome:
    """Write the answer in ``source`` to ``sink`` as ``query`` asks, at most ``query.max_rows`` of it.

    ``form`` is the query's, ``ask_variable`` the column in which an engine may hide the answer to an ASK.

    Raises:
        QueryRefused: the asker takes no such form (406).
        QueryStopped: the engine says behind the rows that it has cut them.
        EngineFailed: the answer is broken off, or something else than was asked for.
    """
    watched = _Watched(source)
    try:
        if form in _GRAPH_QUERIES:
            return _graph(watched, media_type, query, sink)
        return _rows(watched, media_type, query, form, sink, ask_variable)
    except (SyntaxError, ValueError) as error:
        if _CUT in watched.end:
            raise QueryStopped(
                "the answer was cut at a limit of the engine's own; none of it is passed on"
            ) from error
        raise EngineFailed(f"the engine's answer is broken off or malformed: {error}") from error


def _graph(source: Source, media_type: str, query: Query, sink: Sink) -> Outcome:
    wanted = query.graph_type
    if wanted is None:
        raise QueryRefused("the query gives a graph, and Accept takes no form of that", status=406)
    sink.start(wanted)
    quads = ox.parse(cast(IO[bytes], source), GRAPH_FORMATS[ACCEPTED_GRAPHS[media_type]])
    return write_triples(_triples(quads), query, wanted, sink)


def _triples(quads: Iterator[ox.Quad]) -> Iterator[ox.Triple]:
    return (quad.triple for quad in quads)


def _rows(source: Source, media_type: str, query: Query, form: str, sink: Sink, ask_variable: str) -> Outcome:
    wanted = query.bindings_type
    if wanted is None:
        raise QueryRefused("the query gives rows or a boolean, and Accept takes no form of that", status=406)
    found = ox.parse_query_results(cast(IO[bytes], source), ROW_FORMATS[ACCEPTED_ROWS[media_type]])
    if form == "ASK" and isinstance(found, ox.QuerySolutions):
        found = _boolean(found, ask_variable)
    if isinstance(found, ox.QueryBoolean) != (form == "ASK"):
        raise EngineFailed(f"the engine answered a {form} query with something else")
    sink.start(wanted)
    if isinstance(found, ox.QueryBoolean):
        sink.write(found.serialize(None, ROW_FORMATS[BINDINGS[wanted]]) or b"")
        return Outcome(1, truncated=False)
    return write_rows(found, query, wanted, sink)


def _boolean(found: ox.QuerySolutions, column: str) -> ox.QueryBoolean:
    """Read a boolean out of a table of one row."""
    cells = [row[column] for row in found] if [each.value for each in found.variables] == [column] else []
    if len(cells) > 1 or (not cells and not column):
        raise EngineFailed("the engine answered an ASK query with rows")
    says = b"true" if cells and str(getattr(cells[0], "value", "")) in {"1", "true"} else b"false"
    boolean = ox.parse_query_results(b'{"head":{},"boolean":%b}' % says, ROW_FORMATS["json"])
    if not isinstance(boolean, ox.QueryBoolean):
        raise EngineFailed("a boolean cannot be written")
    return boolean
