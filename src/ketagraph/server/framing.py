"""An answer's messages in, the bytes of one HTTP message out, beyond what uvicorn frames by itself.

HTTP/1.0 knows no chunks: an answer of unknown length ends there with its connection, and one that broke off
resets it, for nothing else tells the two apart (https://www.rfc-editor.org/rfc/rfc9112#section-6.3). What is
known only at the end of a chunked answer goes into trailer fields, if the client has said that it reads them
(https://www.rfc-editor.org/rfc/rfc9110#section-6.5).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

__all__ = ["TRAILERS", "Corked", "Framed", "close_softly", "takes_trailers"]

TRAILERS = "http.response.trailers"
"""ASGI's name for the extension: https://asgi.readthedocs.io/en/latest/extensions.html#http-trailers."""

_LAST_CHUNK = b"0\r\n\r\n"
_RESETTING = struct.pack("ii", 1, 0)
_HEADS = (b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4", b"HTTP/1.1 5")
_PATIENCE = 30.0


class Corked:
    """A transport that keeps the head of an answer until there is more to send; uvicorn writes it alone."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = b""
        self._trailers = b""

    def write(self, data: bytes) -> None:
        """Send with what is held; hold the head of a final answer, which begins with one of these lines."""
        if data.startswith(_HEADS):
            self._held += data
            return
        if self._trailers and data == _LAST_CHUNK:
            data, self._trailers = b"0\r\n%b\r\n" % self._trailers, b""
        self._transport.write(self._held + data if self._held else data)
        self._held = b""

    def flush(self) -> None:
        """Send what is held: an answer without a body ends with its head."""
        if self._held:
            self._transport.write(self._held)
            self._held = b""

    def trail(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Put fields behind the last chunk, which comes alone."""
        self._trailers = b"".join(b"%b: %b\r\n" % field for field in fields)

    def close(self) -> None:
        """Send what is held, and close."""
        self.flush()
        close_softly(self._transport)

    def reset(self) -> None:
        """Close so that the client learns that something is missing."""
        if self.is_closing():
            # It has left; there is nobody to tell.
            return
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETTING)
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._transport.is_closing()


class Framed:
    """An application whose answer to one request, ``cycle``, goes out over HTTP/1.0 or with trailers."""

    def __init__(self, app: Any, cycle: RequestResponseCycle, cork: Corked) -> None:
        self._app, self._cycle, self._cork = app, cycle, cork
        self._has_no_length = self._awaits_trailers = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; ``send`` leads to the cycle."""
        is_old = scope["http_version"] == "1.0"
        if is_old:
            # Who speaks it does not know the interim answer.
            self._cycle.waiting_for_100_continue = False
        else:
            scope.setdefault("extensions", {})[TRAILERS] = {}
        try:
            await self._app(scope, receive, self._unchunked(send) if is_old else self._trailing(send))
        finally:
            if self._has_no_length and not self._cycle.response_complete:
                self._cork.reset()

    def _unchunked(self, send: Send) -> Send:
        cycle = self._cycle

        async def pass_on(message: Message) -> None:
            """Send on; tell the cycle not to frame a body of unknown length."""
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message.get("headers", ())}
                self._has_no_length = not names & {b"content-length", b"transfer-encoding"}
                if self._has_no_length:
                    cycle.chunked_encoding = False
            elif self._has_no_length:
                # What the cycle has still to send, in its own eyes.
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        return pass_on

    def _trailing(self, send: Send) -> Send:
        async def pass_on(message: Message) -> None:
            """Send on; hold the end of the body back until the trailer fields are known."""
            if message["type"] == "http.response.start":
                self._awaits_trailers = message.get("trailers", False)
            elif message["type"] == TRAILERS:
                self._awaits_trailers = False
                self._cork.trail(message["headers"])
                message = {"type": "http.response.body"}
            elif self._awaits_trailers:
                message = {**message, "more_body": True}
            await send(message)

        return pass_on


def takes_trailers(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request says that trailer fields are read and not thrown away: ``TE: trailers``."""
    return any(
        part.strip().lower() == b"trailers"
        for name, value in headers
        if name == b"te"
        for part in value.split(b",")
    )


def close_softly(transport: asyncio.Transport) -> None:
    """Close once everything has been taken, or nothing of it in a while."""
    if transport.get_write_buffer_size():
        asyncio.get_running_loop().call_later(_PATIENCE, transport.abort)
    transport.close()
