"""An error in, an RFC 9457 problem document out: what went wrong, where in the query, nothing of ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ketagraph import names
from ketagraph.errors import (
    AmbiguousName,
    EngineFailed,
    KetaGraphError,
    Overloaded,
    QueryCancelled,
    QueryOutOfMemory,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    RateLimited,
    ServiceFailed,
    UnknownName,
    VersionRemoved,
)
from ketagraph.server.negotiation import choose

__all__ = ["FORMS", "NothingThere", "Problem", "described", "meanings", "of"]

JSON, TEXT = "application/problem+json", "text/plain"
FORMS = (JSON, "application/json", TEXT)
_EXCERPT = 120


class NothingThere(UnknownName):
    """A name that stands in the address of a request: what is unknown is the address itself."""

    @classmethod
    def of(cls, error: UnknownName) -> NothingThere:
        """Say of an address what was found out about the name in it."""
        return cls(str(error), error.suggestions)


_REFUSALS = {
    400: ("refused", "Query refused"),
    403: ("forbidden", "Not allowed here"),
    404: ("not-found", "No such page"),
    405: ("method", "No such method here"),
    406: ("not-acceptable", "No acceptable form of the answer"),
    408: ("slow", "Request took too long to arrive"),
    413: ("too-large", "Request too large"),
    414: ("too-large", "Request too large"),
    409: ("conflict", "Already running"),
    431: ("too-large", "Request too large"),
    415: ("media-type", "Unknown media type of the request"),
    500: ("internal", "Something went wrong here"),
    501: ("method", "No such method here"),
    505: ("http-version", "Another version of HTTP"),
    422: ("parameter", "A value that does not fit"),
}
_STOPS = {
    QueryTimeout: ("query-timeout", "Query stopped at its deadline"),
    QueryOutOfMemory: ("query-memory", "Query stopped at its memory cap"),
    QueryCancelled: ("query-cancelled", "Query stopped by request"),
    ServiceFailed: ("service-failed", "Another endpoint did not answer"),
    EngineFailed: ("engine-failed", "The engine behind this server gave no usable answer"),
    VersionRemoved: ("version-removed", "The version that was asked is being removed"),
    Overloaded: ("overloaded", "Too many queries at once"),
    RateLimited: ("rate-limited", "Too much asked for"),
    UnknownName: ("unknown-name", "Nothing is called that"),
    AmbiguousName: ("ambiguous-name", "More than one thing is called that"),
    NothingThere: _REFUSALS[404],
}
_SYNTAX = ("syntax", "Query cannot be parsed")
_STOPPED = ("query-stopped", "Query stopped")
_STATUS = {
    EngineFailed: 502,
    RateLimited: 429,
    ServiceFailed: 502,
    UnknownName: 422,
    AmbiguousName: 422,
    NothingThere: 404,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; ``fields`` are the members of its document, ``headers`` go with the response."""

    fields: Mapping[str, object]
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(str(self.fields["status"]))

    def written(self, accept: str, agent: str = "") -> tuple[str, bytes]:
        """Write it as JSON, or as text where the client prefers that: content type and body.

        curl (``agent`` is the User-Agent) takes anything, but at a terminal it is a person who reads.
        """
        if accept in ("", "*/*") and agent.startswith("curl/"):
            accept = TEXT
        if (choose(accept, (*FORMS, "text/html")) or JSON).startswith("text/"):
            shown = [str(self.fields[name]) for name in ("title", "detail", "excerpt") if name in self.fields]
            return f"{TEXT}; charset=utf-8", ("\n".join(shown) + "\n").encode()
        return JSON, json.dumps(self.fields, ensure_ascii=False).encode()


def of(error: KetaGraphError, *, query: str = "", query_id: str = "") -> Problem:
    """Describe ``error``; ``query`` gives the excerpt for a line and column."""
    slug, title = _naming(error)
    status = error.status if isinstance(error, QueryRefused) else _STATUS.get(type(error), 503)
    fields: dict[str, object] = {
        "type": f"{names.BASE}errors/{slug}",
        "title": title,
        "status": status,
        "detail": str(error),
    }
    if isinstance(error, QueryRefused) and error.line:
        fields |= _place(error, query)
    if isinstance(error, UnknownName) and error.suggestions:
        fields["suggestions"] = list(error.suggestions)
    if query_id:
        fields["query_id"] = query_id
    retry = ((b"retry-after", b"%d" % error.retry_after),) if isinstance(error, Overloaded) else ()
    return Problem(fields, retry)


def described(meaning: str) -> dict[str, object]:
    """Return OpenAPI's response object for a problem; an app that uses it names the schema ``Problem``."""
    return {"description": meaning, "content": {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def meanings() -> dict[str, str]:
    """Return every kind of problem and what it means."""
    return dict([*_REFUSALS.values(), *_STOPS.values(), _SYNTAX, _STOPPED])


def _naming(error: KetaGraphError) -> tuple[str, str]:
    if isinstance(error, QuerySyntaxError):
        return _SYNTAX
    if isinstance(error, QueryRefused):
        return _REFUSALS.get(error.status, _REFUSALS[400])
    return _STOPS.get(type(error), _STOPPED)


def _place(error: QueryRefused, query: str) -> dict[str, object]:
    return {
        "line": error.line,
        "column": error.column,
        "excerpt": _excerpt(query, error.line, error.column),
    }


def _excerpt(query: str, line: int, column: int) -> str:
    """Show the line with a caret below the place, at most ``_EXCERPT`` characters around it."""
    lines = query.split("\n")
    if line > len(lines):
        return ""
    start = max(0, column - 1 - _EXCERPT // 2)
    shown = lines[line - 1].rstrip("\r").replace("\t", " ")[start : start + _EXCERPT]
    return f"{shown}\n{' ' * (column - 1 - start)}^"
