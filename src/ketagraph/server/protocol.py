"""An HTTP request's bytes in, a SPARQL Protocol operation out (https://www.w3.org/TR/sparql11-protocol/).

Values are percent-decoded exactly once, whether they come in a URL, a form or a body of their own.
Updates are refused, as is all that the protocol leaves undefined: several queries, unknown media types,
text that is not UTF-8.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from ketagraph.errors import QueryRefused
from ketagraph.store.formats import BINDINGS, GRAPHS, SHORT_NAMES

__all__ = ["FORM", "METHODS", "QUERY_TYPE", "Operation", "read", "with_controls"]

METHODS = ("GET", "HEAD", "POST", "QUERY", "OPTIONS")
FORM = "application/x-www-form-urlencoded"
QUERY_TYPE = "application/sparql-query"
_UPDATE_TYPE = "application/sparql-update"
_MOST_PARAMETERS = 200
_FORMATS = {*SHORT_NAMES, *BINDINGS, *GRAPHS}

_Parameters = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One query operation; ``text`` is None where only the service was asked for.

    ``timeout`` (seconds) and ``max_rows`` are what the client asks for, None where it does not;
    ``format`` is a short name or a media type that prevails over Accept, ``query_id`` the client's own name
    for the query, both empty where they are not given. ``most_rows`` stands for the server's own limit where
    the text is ours.
    """

    text: str | None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    timeout: float | None = None
    max_rows: int | None = None
    format: str = ""
    query_id: str = ""
    most_rows: int | None = None


def read(method: str, query_string: bytes, content_type: str, body: bytes) -> Operation:
    """Read an operation from its request.

    Raises:
        QueryRefused: status 400, 403 (an update) or 415, with the reason.
    """
    if method in ("GET", "HEAD"):
        return _operation(_parameters(query_string))
    media_type = _utf8_type(content_type)
    if media_type == FORM:
        operation = _operation(_parameters(query_string, body))
        if operation.text is None:
            # The service describes itself to GET: https://www.w3.org/TR/sparql11-service-description/#accessing
            raise QueryRefused("expected a parameter query in the form, or GET for the service description")
        return operation
    if media_type == QUERY_TYPE:
        return _operation(_parameters(query_string), _decoded(body))
    if media_type == _UPDATE_TYPE:
        raise _no_updates()
    raise QueryRefused(
        f"cannot read {media_type or 'a body without Content-Type'}; send {FORM} or {QUERY_TYPE}", status=415
    )


def with_controls(text: str, controls: Mapping[str, str]) -> Operation:
    """Make an operation of a text of our own, and of timeout, max-rows, format and query-id from outside.

    Raises:
        QueryRefused: a value that does not fit.
    """
    return _operation({name: [value] for name, value in controls.items()}, text)


def _operation(parameters: _Parameters, text: str | None = None) -> Operation:
    if "update" in parameters:
        raise _no_updates()
    texts = parameters.get("query", []) + ([] if text is None else [text])
    if len(texts) > 1:
        raise QueryRefused("expected one query, found several query parameters")
    return Operation(
        texts[0] if texts else None,
        tuple(parameters.get("default-graph-uri", ())),
        tuple(parameters.get("named-graph-uri", ())),
        _seconds(_only(parameters, "timeout")),
        _count(_only(parameters, "max-rows")),
        _format(parameters.get("format", [])),
        _only(parameters, "query-id"),
    )


def _parameters(*encoded: bytes) -> _Parameters:
    parameters: dict[str, list[str]] = defaultdict(list)
    try:
        for part in encoded:
            pairs = parse_qsl(
                part.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
            )
            for name, value in pairs:
                parameters[name].append(value)
    except UnicodeDecodeError as error:
        raise QueryRefused("the parameters are not UTF-8") from error
    except ValueError as error:
        raise QueryRefused(f"expected at most {_MOST_PARAMETERS} parameters") from error
    return parameters


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise QueryRefused(f"the query is not UTF-8 (byte {error.start + 1})") from error


def _utf8_type(content_type: str) -> str:
    media_type, _, parameters = content_type.lower().partition(";")
    charset = parameters.replace(" ", "").partition("charset=")[2].split(";")[0].strip('"')
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise QueryRefused(f"cannot read charset {charset}; send UTF-8", status=415)
    return media_type.strip()


def _only(parameters: _Parameters, name: str) -> str:
    values = parameters.get(name, [])
    if len(values) > 1:
        raise QueryRefused(f"expected one value for {name}, found {len(values)}")
    return values[0].strip() if values else ""


def _format(values: Sequence[str]) -> str:
    """Pick the first that is known: some clients send a short name and a media type side by side."""
    wanted = [value.strip() for value in values if value.strip()]
    return next((value for value in wanted if value.lower() in _FORMATS), wanted[0] if wanted else "")


def _seconds(value: str) -> float | None:
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise QueryRefused(f"expected timeout in seconds, more than 0, found {value[:40]!r}")
    return seconds


def _count(value: str) -> int | None:
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 16 and int(value)):
        raise QueryRefused(f"expected max-rows as a whole number, at least 1, found {value[:40]!r}")
    return int(value)


def _no_updates() -> QueryRefused:
    return QueryRefused("this endpoint is read-only: updates are not accepted", status=403)
