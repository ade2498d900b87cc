"""What the HTTP parser cannot read in, the last answer of a connection out: a problem document."""

from __future__ import annotations

import re
from http import HTTPStatus

from ketagraph.errors import QueryRefused
from ketagraph.server import problem

__all__ = ["BEGINNING", "HOST", "LARGE", "SLOW", "reason", "refusal"]

SLOW, LARGE = "the request did not arrive in time", "the head of the request is too long"

BEGINNING = 64
"""Bytes of a request that are enough to tell what it is not."""

_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: |\Z)")
HOST = "expected one Host, a name or an address, and no transfer coding but chunked"

_METHODS = "GET, HEAD, POST, QUERY, OPTIONS and DELETE are what is known here"
_REASONS = (
    (LARGE, 431, LARGE),
    (HOST, 400, HOST),
    ("method", 501, f"no such method of HTTP; {_METHODS}, in capitals"),
    ("HTTP version", 505, "this server speaks HTTP/1.1 and HTTP/1.0"),
    ("PRI", 505, "this server speaks HTTP/1.1 and HTTP/1.0"),
    ("HTTP/2", 505, "this server speaks HTTP/1.1 and HTTP/1.0"),
)
"""Words of the parser, the status of what they mean (RFC 9110, section 15.6), and that in ours."""


def reason(error: BaseException | None, data: bytes, detail: str) -> tuple[int, str]:
    """Tell the status and the words for a request that begins with ``data`` and failed with ``error``."""
    if error and _REQUEST_LINE.match(data):
        # What a callback of ours has raised is the parser's context.
        told = f"{error} {error.__context__}"
        for words, status, ours in _REASONS:
            if words in told:
                return status, ours
    return 400, detail


def refusal(status: int, detail: str) -> bytes:
    """Write a whole response, the last of its connection."""
    content_type, body = problem.of(QueryRefused(detail, status=status)).written("")
    lines = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"content-type: {content_type}",
        f"content-length: {len(body)}",
        "access-control-allow-origin: *",
        "cache-control: no-store",
        "connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + body
