"""The web process's end of one worker: asks it one query at a time and keeps the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from ketagraph.errors import KetaGraphError, Overloaded, QueryTimeout
from ketagraph.store import frames
from ketagraph.store.query import Query
from ketagraph.store.reply import Budget, Reply

__all__ = ["Link", "Owner"]

_FIRST = 8 << 20


class Owner(Protocol):
    """Who is told about a worker."""

    def release(self, link: Link) -> None:
        """Take back a worker that is free."""

    def dismiss(self, link: Link) -> None:
        """Kill the worker and replace it."""

    def hung_up(self, link: Link) -> None:
        """Learn that the worker has closed its end: it is dead or dying."""


class Link(asyncio.Protocol):
    """One worker, by its ``ident``; either idle or busy with one reply."""

    def __init__(self, ident: int, owner: Owner, budget: Budget) -> None:
        self.ident = ident
        self.asked = False
        self._owner, self._budget = owner, budget
        self._decoder = frames.Decoder()
        self._reply: Reply | None = None
        self._timer: asyncio.TimerHandle | None = None

    def ask(self, query: Query, deadline: float) -> Reply:
        """Send a query; its reply fails at ``deadline``, a time of the running loop."""
        loop = asyncio.get_running_loop()
        waited = query.timeout - (deadline - loop.time())
        self.asked = True
        transport = self._transport
        self._reply = Reply(_FIRST, self._budget, transport.pause_reading, transport.resume_reading)
        self._timer = loop.call_at(deadline, self._expire, query.timeout, waited)
        transport.write(frames.query(query))
        return self._reply

    def fail(self, error: KetaGraphError) -> None:
        """End the running reply, if there is one, with ``error``."""
        reply = self._freed()
        if reply:
            reply.fail(error)

    def abandon(self, reply: Reply) -> None:
        """Stop the work on ``reply``, whose reader has left, and give its buffer back."""
        if reply is self._reply:
            self._freed()
            self._owner.dismiss(self)
        reply.drop()

    def close(self) -> None:
        """Hang up without waiting."""
        self._freed()
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell the owner."""
        self._owner.hung_up(self)

    def data_received(self, data: bytes) -> None:
        """Hand the frames to the running reply."""
        for kind, payload in self._decoder.feed(data):
            if self._reply:
                _HANDLERS[kind](self, self._reply, payload)

    def _expire(self, timeout: float, waited: float) -> None:
        if waited > timeout / 2:
            self.fail(Overloaded(f"waited {waited:.1f} s for a worker, and was stopped after {timeout:g} s"))
        else:
            self.fail(QueryTimeout(f"stopped at the deadline, {timeout:g} s after it arrived"))
        self._owner.dismiss(self)

    def _freed(self) -> Reply | None:
        reply, self._reply = self._reply, None
        if self._timer:
            self._timer.cancel()
        return reply

    def _head(self, reply: Reply, payload: bytes) -> None:
        reply.start(payload.decode())

    def _data(self, reply: Reply, payload: bytes) -> None:
        reply.add(payload)

    def _end(self, reply: Reply, payload: bytes) -> None:
        outcome, spent = frames.read_end(payload)
        self._done(self._owner.dismiss if spent else self._owner.release)
        reply.end(outcome)

    def _fault(self, reply: Reply, payload: bytes) -> None:
        self._done(self._owner.release)
        reply.fail(frames.read_fault(payload))

    def _done(self, then: Callable[[Link], None]) -> None:
        self._freed()
        # Reading may have been paused for the reply that has just been completed.
        self._transport.resume_reading()
        then(self)


_HANDLERS: dict[int, Callable[[Link, Reply, bytes], None]] = {
    frames.HEAD: Link._head,
    frames.DATA: Link._data,
    frames.END: Link._end,
    frames.FAULT: Link._fault,
}
