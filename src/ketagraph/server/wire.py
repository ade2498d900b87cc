"""Bytes from a connection in, requests out: uvicorn's HTTP protocol, with short cuts and a clock.

A request that is byte for byte one that was answered before gets those bytes again without being parsed
(:class:`Repeats` says which). The head of an answer leaves with the first bytes of its body. A request must
arrive within a bounded time and have a head of bounded size, so that nobody holds a connection by sending
one slowly, or fills the memory by never ending one.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["REQUEST", "Repeats", "Wire"]

REQUEST = "ketagraph.request"
"""Key of a scope: the bytes of a request that may be repeated, which arrived alone and whole."""

_LONGEST = 8192
"""Bytes of a request that is remembered."""

_LARGEST = 1 << 17
"""Bytes of the head of a request."""

_SLOWEST = 30.0
"""Seconds that a request may take to arrive, head and body."""

_CLOSING = b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Repeats(Protocol):
    """Who remembers answers by the bytes of their requests."""

    def repeated(self, request: bytes) -> tuple[bytes, bytes] | None:
        """Return head (headers alone, but for the date) and body of the answer, if there is one."""


class _Corked:
    """A transport that keeps the head of an answer until there is more to send; uvicorn writes it alone."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = b""

    def write(self, data: bytes) -> None:
        """Send with what is held; hold the head of a final answer, which begins with one of these lines."""
        if data.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4", b"HTTP/1.1 5")):
            self._held += data
        else:
            self._transport.write(self._held + data if self._held else data)
            self._held = b""

    def flush(self) -> None:
        """Send what is held: an answer without a body ends with its head."""
        if self._held:
            self._transport.write(self._held)
            self._held = b""

    def close(self) -> None:
        """Send what is held, and close."""
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._transport.is_closing()


class Wire(HttpToolsProtocol):
    """One connection. Made by uvicorn, which passes on whatever else it needs."""

    def __init__(self, repeats: Repeats, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._repeats = repeats
        self._begun = self._head = 0
        self._is_arriving = False
        self._touched = 0.0
        self._clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._cork = _Corked(transport)
        self._clock = self.loop.call_later(_SLOWEST, self._give_up, b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer what is known; read the rest."""
        is_idle = self._is_idle()
        if is_idle and (known := self._repeats.repeated(data)):
            self._repeat(*known)
            return
        self._begun = 0
        self._head += len(data)
        super().data_received(data)
        if is_idle and self._is_repeatable(data):
            self.cycle.scope[REQUEST] = data  # type: ignore[literal-required]
        if self._is_arriving and self._head > _LARGEST:
            self._give_up(_CLOSING % b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """Count a request."""
        super().on_message_begin()
        self._begun += 1
        self._is_arriving = True
        self._stop_clock()
        self._clock = self.loop.call_later(_SLOWEST, self._give_up, _CLOSING % b"408 Request Timeout")

    def on_headers_complete(self) -> None:
        """Leave the size of the body to the application."""
        super().on_headers_complete()
        self.cycle.transport = self._cork  # type: ignore[assignment] # as much of one as a cycle needs
        self._head = -(1 << 62)

    def on_response_complete(self) -> None:
        """Send what is left of an answer."""
        self._cork.flush()
        super().on_response_complete()

    def on_message_complete(self) -> None:
        """Stop waiting for it."""
        super().on_message_complete()
        self._is_arriving, self._head = False, 0
        self._stop_clock()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; what was repeated on it has not set the clock back."""
        left = self._touched + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _is_idle(self) -> bool:
        is_answered = self.cycle is None or self.cycle.response_complete
        return is_answered and not self._is_arriving and not self.flow.write_paused

    def _is_repeatable(self, data: bytes) -> bool:
        cycle = self.cycle
        is_alone = self._begun == 1 and cycle is not None and not cycle.more_body
        return is_alone and len(data) <= _LONGEST and data.startswith(b"GET ") and cycle.keep_alive

    def _repeat(self, head: bytes, body: bytes) -> None:
        self._stop_clock()
        self._touched = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_handler()
        self.server_state.total_requests += 1
        lines = [b"%s: %s\r\n" % pair for pair in self.server_state.default_headers]
        self.transport.write(b"".join((b"HTTP/1.1 200 OK\r\n", *lines, head, b"\r\n", body)))

    def _stop_clock(self) -> None:
        if self._clock:
            self._clock.cancel()
            self._clock = None

    def _give_up(self, last_words: bytes) -> None:
        """Close a connection whose request does not arrive; an answer that has begun is left as it is."""
        self._stop_clock()
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(last_words)
        self.transport.close()
