"""Bytes from a connection in, requests out: uvicorn's HTTP protocol, with short cuts and a clock.

A request that is byte for byte one that was answered before gets those bytes again without being parsed
(:class:`Repeats` says which). The head of an answer leaves with the first bytes of its body. A request must
arrive within a bounded time and have a head of bounded size, an answer must be taken, and few requests may
wait behind one another: so nobody holds a connection by being slow, or fills the memory. What is no request
is refused with a problem document, like everything else.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ketagraph.server import unread
from ketagraph.server.framing import Corked, Framed, close_softly, takes_trailers

__all__ = ["REQUEST", "Repeats", "Wire"]

REQUEST = "ketagraph.request"
"""Key of a scope: the bytes of a request that may be repeated, which arrived alone and whole."""

_LONGEST = 8192
"""Bytes of a request that is remembered."""

_LARGEST = 1 << 17
"""Bytes of the head of a request, and of whatever else comes with it that is no body."""

_LONGEST_TARGET = (1 << 16) - 1
"""Bytes of a request's target that the parser can read."""

_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::\d*)?")
"""What may stand in Host: https://www.rfc-editor.org/rfc/rfc9112#section-3.2."""

_QUEUED = 32
"""Requests that may wait on one connection for the answers before them."""

_SLOWEST = 30.0
"""Seconds that a request may take to arrive, head and body, and a client to take any of an answer."""


class Repeats(Protocol):
    """Who remembers answers by the bytes of their requests."""

    def repeated(self, request: bytes) -> tuple[bytes, bytes] | None:
        """Return head (headers alone, but for the date) and body of the answer, if there is one."""


class Wire(HttpToolsProtocol):
    """One connection. Made by uvicorn, which passes on whatever else it needs."""

    def __init__(self, repeats: Repeats, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._repeats = repeats
        self._begun = self._head = 0
        self._is_arriving = self._has_head = False
        self._touched = 0.0
        self._first = b""
        self._clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._cork = Corked(transport)
        self._stall: asyncio.TimerHandle | None = None
        self._answering: RequestResponseCycle | None = None
        self._clock = self.loop.call_later(_SLOWEST, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting, and tell whoever is answering: uvicorn tells the last request of a pipeline only."""
        self._stop_clock()
        if self._answering and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        if cycle.scope["http_version"] == "1.0" or takes_trailers(cycle.scope["headers"]):
            app = Framed(app, cycle, self._cork)
        super()._start_asgi_task(cycle, app)

    def pause_writing(self) -> None:
        """Watch a client that does not take its answer."""
        super().pause_writing()
        self._stall = self.loop.call_later(
            _SLOWEST, self._abort_stalled, self.transport.get_write_buffer_size()
        )

    def resume_writing(self) -> None:
        """Stop watching: it takes it."""
        super().resume_writing()
        if self._stall:
            self._stall.cancel()
            self._stall = None

    def data_received(self, data: bytes) -> None:
        """Answer what is known; read the rest."""
        is_idle = self._is_idle()
        if is_idle and (known := self._repeats.repeated(data)):
            self._repeat(*known)
            return
        if is_idle:
            self._first = data[: unread.BEGINNING]
        self._begun = 0
        self._head += len(data)
        super().data_received(data)
        if is_idle and self._is_repeatable(data):
            self.cycle.scope[REQUEST] = data  # type: ignore[literal-required]
        if self._is_arriving and self._head > _LARGEST:
            self._refuse(431, unread.LARGE)
        elif len(self.pipeline) > _QUEUED:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Count a request."""
        super().on_message_begin()
        self._begun += 1
        self._is_arriving = True
        self._stop_clock()
        self._clock = self.loop.call_later(_SLOWEST, self._give_up, 408, unread.SLOW)

    def on_headers_complete(self) -> None:
        """Refuse what another server could understand otherwise; leave the body to the application."""
        # Body and head may have come in one piece.
        if self._head > _LARGEST and len(self.url) + sum(map(_size, self.headers)) > _LARGEST:
            raise ValueError(unread.LARGE)
        named = [name for name, value in self.headers if name == b"host" or _is_strange(name, value)]
        if named != [b"host"] and (named or self.parser.get_http_version() == "1.1"):
            raise ValueError(unread.HOST)
        if named and not _HOST.fullmatch(dict(self.headers)[b"host"]):
            raise ValueError(unread.HOST)
        super().on_headers_complete()
        self.cycle.transport = self._cork  # type: ignore[assignment] # as much of one as a cycle needs
        self._head, self._has_head = 0, True

    def on_body(self, body: bytes) -> None:
        """Count anew what is no body."""
        super().on_body(body)
        self._head = 0

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read as a request; uvicorn's own words say nothing of the reason."""
        self._refuse(*unread.reason(sys.exception(), self._first, msg))

    def on_response_complete(self) -> None:
        """Send what is left of an answer."""
        self._cork.flush()
        super().on_response_complete()

    def on_message_complete(self) -> None:
        """Stop waiting for it."""
        super().on_message_complete()
        self._is_arriving = self._has_head = False
        self._head = 0
        self._stop_clock()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; what was repeated on it has not set the clock back."""
        left = self._touched + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            close_softly(self.transport)

    def _unsupported_upgrade_warning(self) -> None:
        """Answer in HTTP/1.1 what asks for another protocol, and close: what follows would be in that."""
        self.cycle.keep_alive = False

    def _is_idle(self) -> bool:
        is_answered = self.cycle is None or self.cycle.response_complete
        return is_answered and not self._is_arriving and not self.flow.write_paused

    def _is_repeatable(self, data: bytes) -> bool:
        cycle = self.cycle
        is_alone = self._begun == 1 and not self._is_arriving and cycle is not None and not cycle.more_body
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

    def _refuse(self, status: int, detail: str) -> None:
        if len(getattr(self, "url", b"")) > _LONGEST_TARGET:
            status, detail = 414, "the URL is too long; send the query by POST"
        self._give_up(status, detail)

    def _give_up(self, status: int = 0, detail: str = "") -> None:
        """Close a connection whose request does not arrive; an answer that is on its way stays as it is."""
        self._stop_clock()
        cycle = self.cycle
        is_next = cycle is None or cycle.response_complete
        if self._has_head and not self.pipeline and not cycle.response_started:
            # It has been begun with: whoever answers it learns that nobody listens any more.
            is_next, cycle.disconnected = True, True
            cycle.message_event.set()
        if status and is_next:
            self.transport.write(unread.refusal(status, detail))
        close_softly(self.transport)

    def _abort_stalled(self, before: int) -> None:
        """Look whether any of the answer has been taken."""
        left = self.transport.get_write_buffer_size()
        if left < before:
            self._stall = self.loop.call_later(_SLOWEST, self._abort_stalled, left)
        else:
            self.transport.abort()


def _size(header: tuple[bytes, bytes]) -> int:
    return len(header[0]) + len(header[1])


def _is_strange(name: bytes, value: bytes) -> bool:
    return name == b"transfer-encoding" and value.lower() != b"chunked"
