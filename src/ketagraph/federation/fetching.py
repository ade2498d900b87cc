"""One question to one endpoint: the process that has a network, and nothing else.

Run as ``python -m ketagraph.federation.fetching``; a request (JSON, see :class:`Request`) comes on standard
input, and what was found goes to standard output as a line of JSON and, behind it, one line for each row::

    {"variables": [name, …], "blank": [name, …]}     or {"failed": message}
    (<iri> UNDEF "text"@en)

Rows are written as SPARQL's VALUES takes them; ``blank`` names variables with blank nodes, of which no other
query can speak. Nothing of whoever asks goes along, redirects are not followed, answers are bounded, and the
starter ends this process at the deadline.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from ketagraph import __version__
from ketagraph.federation import addresses
from ketagraph.sparql_terms import literal, reference

__all__ = ["Failed", "Request", "fetch", "main", "table"]

_JSON = "application/sparql-results+json"
_HEADERS = {
    "Accept": _JSON,
    "Accept-Encoding": "identity",
    "Connection": "close",
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": f"ketagraph/{__version__}",
}
_PIECE = 1 << 16
_MEMORY = 1 << 30
_LANGUAGE = re.compile(r"[A-Za-z]{1,40}(?:-[A-Za-z0-9]{1,40})*")
_VARIABLE = re.compile(r"[^\W\d]\w*|\d\w*")


class Failed(Exception):
    """What the endpoint did instead of answering, in words."""


@dataclass(frozen=True, slots=True)
class Request:
    """A query for ``endpoint``; ``variables`` are the wanted ones in order, None for all that it has.

    ``seconds`` is how long it may take; ``max_bytes`` and ``max_rows`` bound the answer.
    """

    endpoint: str
    query: str
    variables: Sequence[str] | None
    seconds: float
    max_bytes: int
    max_rows: int


def main() -> None:
    """Answer the request on standard input."""
    from ketagraph.store import confine

    confine.expect_no_escape()
    request = Request(**json.loads(sys.stdin.buffer.read()))
    confine.cap_memory(confine.address_space() + _MEMORY)
    confine.cap_cpu(request.seconds)
    try:
        found = table(fetch(request), request)
    except Failed as error:
        found = {"failed": str(error)}
    except MemoryError:
        found = {"failed": "its answer needs more memory than one may have"}
    rows = found.pop("rows", ())
    sys.stdout.write("\n".join((json.dumps(found), *rows)))


def fetch(request: Request) -> bytes:
    """Send the query by POST and return the body of the answer.

    Raises:
        Failed: it cannot be reached, or answers with anything but SPARQL's JSON within the bounds.
    """
    parts = urlsplit(request.endpoint)
    try:
        connection = _connected(parts.hostname or "", parts.port, parts.scheme == "https", request.seconds)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, urlencode({"query": request.query}).encode(), _HEADERS)
            return _body(connection.getresponse(), request.max_bytes)
        finally:
            connection.close()
    except addresses.Forbidden as error:
        raise Failed(str(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Failed(f"it cannot be reached: {error or type(error).__name__}") from error


def _connected(host: str, port: int | None, is_secure: bool, seconds: float) -> http.client.HTTPConnection:  # noqa: FBT001
    """Connect to an address that was checked, under the host's name."""
    port = port or (443 if is_secure else 80)
    connection = http.client.HTTPConnection(host, port)
    stream = _socket(addresses.resolved(host, port), port, seconds)
    if is_secure:
        stream = ssl.create_default_context().wrap_socket(stream, server_hostname=host)
    connection.sock = stream
    return connection


def _socket(found: Sequence[str], port: int, seconds: float) -> socket.socket:
    for place, address in enumerate(found, start=1):
        try:
            return socket.create_connection((address, port), seconds)
        except OSError:
            if place == len(found):
                raise
    raise OSError("it has no address")


def _body(answer: http.client.HTTPResponse, limit: int) -> bytes:
    media_type = answer.headers.get_content_type()
    if answer.status != 200:
        raise Failed(f"it answers with status {answer.status}{_reason(answer, media_type)}")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Failed("it answers compressed, which was not asked for")
    if media_type not in (_JSON, "application/json"):
        raise Failed(f"it answers as {media_type}; expected {_JSON}")
    body = bytearray()
    while piece := answer.read1(_PIECE):
        body += piece
        if len(body) > limit:
            raise Failed(f"its answer is larger than {limit} bytes; ask for less")
    if answer.headers.get("X-KetaGraph-Truncated") == "true":
        raise Failed("its answer was cut at its limit of rows; ask for less")
    return bytes(body)


def _reason(answer: http.client.HTTPResponse, media_type: str) -> str:
    """Say where a redirect leads, or how the text of an error begins."""
    if answer.status in range(300, 400):
        return ", a redirect, which is not followed"
    if not media_type.startswith("text/plain") and media_type != "application/problem+json":
        return ""
    text = " ".join(answer.read1(600).decode("utf-8", "replace").split())
    shown = "".join(letter for letter in text if letter.isprintable())
    return f": {shown[:300]}" if shown else ""


def table(body: bytes, request: Request) -> dict[str, Any]:
    """Read an answer in SPARQL's JSON and write its rows for VALUES.

    Raises:
        Failed: it is in another form, cut, or has more rows than allowed or terms that cannot be written.
    """
    try:
        found = json.loads(body)
        offered, rows = found["head"]["vars"], found["results"]["bindings"]
        if "truncated" in found:
            raise Failed("its answer was cut at its limit of rows; ask for less")
        if len(rows) > request.max_rows:
            raise Failed(f"its answer has more than {request.max_rows} rows; ask for less")
        wanted = list(map(_variable, offered if request.variables is None else request.variables))
        return {
            "variables": wanted,
            "rows": list(_bounded((f"({' '.join(_cells(row, wanted))})" for row in rows), request.max_bytes)),
            "blank": sorted({name for row in rows for name in wanted if _is_blank(row.get(name))}),
        }
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise Failed(f"its answer is not in SPARQL's JSON format: {error!r}"[:300]) from error


def _bounded(rows: Iterable[str], limit: int) -> Iterator[str]:
    """Pass rows on while they are not larger together than an answer may be: a few bytes may become many."""
    size = 0
    for row in rows:
        size += len(row)
        if size > limit:
            raise Failed(f"its answer is larger than {limit} bytes once it is written out; ask for less")
        yield row


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError(f"{name[:40]!r} is no variable")
    return name


def _cells(row: Mapping[str, Any], wanted: Sequence[str]) -> Iterator[str]:
    for name in wanted:
        yield _written(row[name]) if name in row else "UNDEF"


def _is_blank(found: Mapping[str, str] | None) -> bool:
    return found is not None and found["type"] == "bnode"


def _written(found: Mapping[str, str]) -> str:
    kind = found["type"]
    if kind == "uri":
        return reference(found["value"])
    if kind == "bnode":
        return "UNDEF"
    if kind not in ("literal", "typed-literal") or "its:dir" in found:
        raise ValueError(f"a term of the kind {kind[:40]!r} cannot be taken over")
    text = literal(found["value"])
    if "xml:lang" in found:
        if not _LANGUAGE.fullmatch(found["xml:lang"]):
            raise ValueError("a language tag is malformed")
        return f"{text}@{found['xml:lang']}"
    return f"{text}^^{reference(found['datatype'])}" if "datatype" in found else text


if __name__ == "__main__":
    main()
