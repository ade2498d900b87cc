"""Queries in, frames out: the loop of one worker, in a process that may be killed at any moment."""

from __future__ import annotations

import socket

from pyoxigraph import Store

from ketagraph.errors import QueryOutOfMemory, QueryRefused
from ketagraph.store import confine, frames
from ketagraph.store.evaluation import evaluate
from ketagraph.store.query import Outcome, Query

__all__ = ["work"]

_READ = 1 << 16


def work(store: Store, link: socket.socket, memory: int) -> None:
    """Answer one query after another until the other end of ``link`` closes.

    ``memory`` is the cap in bytes; a worker that once needed half of it says so when it ends its answer.
    """
    start = confine.peak_memory()
    decoder = frames.Decoder()
    while data := link.recv(_READ):
        for _, payload in decoder.feed(data):
            _answer(store, frames.read_query(payload), _Outlet(link, start + memory // 2))


def _answer(store: Store, query: Query, outlet: _Outlet) -> None:
    confine.cap_cpu(query.timeout)
    try:
        outlet.end(evaluate(store, query, outlet))
    except QueryRefused as refusal:
        outlet.fail(refusal)
    except MemoryError:
        outlet.fail(QueryOutOfMemory("the query needs more memory than a query may have"))


class _Outlet:
    """A sink that frames what it is given; small answers leave in one piece."""

    _FULL = 1 << 16
    _LARGEST = 1 << 18

    def __init__(self, link: socket.socket, spent: int) -> None:
        self._link, self._spent = link, spent
        self._pending: list[bytes] = []
        self._size = 0

    def start(self, media_type: str) -> None:
        self._pending.append(frames.frame(frames.HEAD, media_type.encode()))

    def write(self, data: bytes) -> None:
        # A single row can be huge: the web process must be able to pause between frames.
        for start in range(0, len(data), self._LARGEST):
            piece = data[start : start + self._LARGEST]
            self._pending += (frames.header(frames.DATA, len(piece)), piece)
            self._size += len(piece)
            if self._size >= self._FULL:
                self._send()

    def end(self, outcome: Outcome) -> None:
        self._pending.append(frames.end(outcome, spent=confine.peak_memory() > self._spent))
        self._send()

    def fail(self, error: QueryRefused | QueryOutOfMemory) -> None:
        self._pending.append(frames.fault(error))
        self._send()

    def _send(self) -> None:
        self._link.sendall(b"".join(self._pending))
        self._pending.clear()
        self._size = 0
