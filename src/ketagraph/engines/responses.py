"""What an engine's response says before its body is read: usable, worth another try, or an error of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus

from ketagraph.engines.dialect import Dialect
from ketagraph.errors import EngineFailed, KetaGraphError, QueryRefused, QueryStopped
from ketagraph.store.conversion import ACCEPTED_GRAPHS, ACCEPTED_ROWS

__all__ = ["TRANSIENT", "accept", "cut", "failure", "media_type", "reason"]

TRANSIENT = frozenset({429, 502, 503, 504})
"""Statuses after which a read may be tried again."""

_GRAPH_QUERIES = {"CONSTRUCT", "DESCRIBE"}
_CUT = ("x-ketagraph-truncated",)
_SHOWN = 300
_TAGS = re.compile(r"<[^<>]{0,200}>")


def accept(form: str) -> str:
    """Write what we take for an answer to a query of ``form``."""
    if form in _GRAPH_QUERIES:
        return "application/n-triples, text/turtle;q=0.5, application/rdf+xml;q=0.3"
    return "application/sparql-results+json, application/sparql-results+xml;q=0.5"


def media_type(headers: Mapping[str, str]) -> str:
    """Take the media type without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def cut(headers: Mapping[str, str], dialect: Dialect) -> bool:
    """Whether the engine says that its answer is not whole."""
    return any(headers.get(name, "false").lower() != "false" for name in (*_CUT, *dialect.cut_headers))


def failure(
    url: str, status: int, headers: Mapping[str, str], form: str, dialect: Dialect
) -> KetaGraphError | None:
    """Judge status and headers; None where the body can be read as an answer to a query of ``form``.

    ``url`` must hold no credentials. Messages are without the body: add :func:`reason`. An EngineFailed says
    that the engine is at fault, whatever it is asked; the others come of the query.
    """
    if status in {401, 403, 407}:
        return EngineFailed(f"{url}: {status}: the engine refuses our credentials, or wants some")
    if status == HTTPStatus.BAD_REQUEST:
        return QueryRefused(f"{url}: the engine refuses the query: {status}")
    if status == HTTPStatus.PARTIAL_CONTENT or (status == HTTPStatus.OK and cut(headers, dialect)):
        return QueryStopped(
            f"{url}: the answer was cut at a limit of the engine's own; none of it is passed on"
        )
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return QueryStopped(f"{url}: the engine failed on this query: {status}")
    if status != HTTPStatus.OK:
        return EngineFailed(f"{url}: the engine answered {status}")
    accepted, found = ACCEPTED_GRAPHS if form in _GRAPH_QUERIES else ACCEPTED_ROWS, media_type(headers)
    if found not in accepted:
        said = found or "without a media type"
        return EngineFailed(f"{url}: the engine answered {said}; is this where it takes queries?")
    if form in _GRAPH_QUERIES and not headers.keys() & {"content-length", "transfer-encoding"}:
        return EngineFailed(f"{url}: the engine tells neither length nor end of its answer: it could be cut")
    return None


def reason(body: bytes) -> str:
    """Return what a problem document says, else the beginning of the text without its tags."""
    try:
        found = json.loads(body)
    except ValueError:
        text = _TAGS.sub(" ", body[: 4 * _SHOWN].decode("utf-8", "replace"))
        return " ".join(text.split())[:_SHOWN]
    return str(found.get("detail") or found.get("title") or "")[:_SHOWN] if isinstance(found, dict) else ""
