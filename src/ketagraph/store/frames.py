"""What web process and worker say to each other: length-prefixed frames over a socket pair.

A query goes out as one frame of JSON. An answer comes back as HEAD (the media type), DATA …, and END
(outcome) or, at any point, FAULT. Nothing that a worker says is unpickled or evaluated: it may have run
a hostile query.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

from ketagraph.errors import KetaGraphError, QueryOutOfMemory, QueryRefused, QuerySyntaxError
from ketagraph.store.query import Outcome, Query

__all__ = [
    "DATA",
    "END",
    "FAULT",
    "HEAD",
    "QUERY",
    "Decoder",
    "end",
    "fault",
    "frame",
    "header",
    "query",
    "read_end",
    "read_fault",
    "read_query",
]

QUERY, HEAD, DATA, END, FAULT = range(5)

_HEADER, _END = struct.Struct("!BI"), struct.Struct("!Q???")


def frame(kind: int, payload: bytes) -> bytes:
    """Frame a payload: a byte for its kind, four for its length, then itself."""
    return header(kind, len(payload)) + payload


def header(kind: int, length: int) -> bytes:
    """Return what stands before a payload of so many bytes."""
    return _HEADER.pack(kind, length)


class Decoder:
    """Bytes as they arrive in, whole frames out."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (kind, payload) for every frame that ``data`` completes."""
        held = self._held
        if held:
            held += data
        buffer = held or data
        start = 0
        while len(buffer) - start >= _HEADER.size:
            kind, length = _HEADER.unpack_from(buffer, start)
            end = start + _HEADER.size + length
            if end > len(buffer):
                break
            yield kind, bytes(memoryview(buffer)[start + _HEADER.size : end])
            start = end
        if held:
            del held[:start]
        else:
            held += data[start:]


def query(asked: Query) -> bytes:
    """Frame a question."""
    fields = [getattr(asked, name) for name in Query.__dataclass_fields__]
    return frame(QUERY, json.dumps(fields).encode())


def read_query(payload: bytes) -> Query:
    """Read the payload of :func:`query`."""
    fields: list[Any] = [tuple(field) if isinstance(field, list) else field for field in json.loads(payload)]
    return Query(*fields)


def end(result: Outcome, *, spent: bool) -> bytes:
    """Frame an answer's end; ``spent`` says that the worker has grown and asks to be replaced."""
    return frame(END, _END.pack(result.rows, result.truncated, result.announced, spent))


def read_end(payload: bytes) -> tuple[Outcome, bool]:
    """Read the payload of :func:`end`."""
    rows, truncated, announced, spent = _END.unpack(payload)
    return Outcome(rows, truncated, announced), spent


def fault(error: KetaGraphError) -> bytes:
    """Frame the error that ends an answer."""
    fields: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
    if isinstance(error, QueryRefused):
        fields |= {"line": error.line, "column": error.column, "status": error.status}
    return frame(FAULT, json.dumps(fields).encode())


def read_fault(payload: bytes) -> KetaGraphError:
    """Read the payload of :func:`fault`."""
    fields = json.loads(payload)
    message = str(fields["message"])
    if fields["kind"] == QueryOutOfMemory.__name__:
        return QueryOutOfMemory(message)
    kind = QuerySyntaxError if fields["kind"] == QuerySyntaxError.__name__ else QueryRefused
    return kind(message, line=int(fields["line"]), column=int(fields["column"]), status=int(fields["status"]))
