"""Bytes from the loop to a thread that converts them, and what it makes of them back: both sides wait.

The converter reads a file and writes one, as the parsers and serialisers of the store want it; nothing here
holds more than a few pieces, however long an answer is.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from ketagraph.errors import KetaGraphError, QueryStopped
from ketagraph.store.reply import Reply

__all__ = ["Inlet", "Outlet"]

_HELD = 1 << 20


class Inlet:
    """Fed by the loop, read by one thread as a file; an error that it is given is raised in the reader."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._change = loop, threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._room = asyncio.Event()
        self._ended = False
        self._error: KetaGraphError | None = None

    async def feed(self, piece: bytes) -> None:
        """Add bytes; wait while too many lie here."""
        if not piece:
            # To the reader that would be the end.
            return
        with self._change:
            self._pieces.append(piece)
            self._held += len(piece)
            full = self._held > _HELD
            self._change.notify()
        if full:
            self._room.clear()
            # The reader may have made room in between.
            if self._held > _HELD:
                await self._room.wait()

    def end(self, error: KetaGraphError | None = None) -> None:
        """Say that nothing more comes, because of ``error`` if there is one."""
        with self._change:
            self._ended, self._error = True, error or self._error
            self._change.notify()

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes as soon as there are some; none at the end."""
        with self._change:
            while not self._pieces and not self._ended:
                self._change.wait()
            if self._error:
                raise self._error
            piece = self._pieces.popleft() if self._pieces else b""
            if 0 <= size < len(piece):
                self._pieces.appendleft(piece[size:])
                piece = piece[:size]
            self._held -= len(piece)
            free = self._held <= _HELD // 2
        if free and not self._ended:
            self._loop.call_soon_threadsafe(self._room.set)
        return piece


class Outlet:
    """Written by one thread, handed to a reply in the loop; implements the store's Sink."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._open = threading.Event()
        self._open.set()
        self._stopped = False
        self.reply: Reply | None = None

    def start(self, media_type: str) -> None:
        """Tell the media type."""
        if self.reply:
            self._loop.call_soon_threadsafe(self.reply.start, media_type)

    def write(self, data: bytes) -> None:
        """Pass bytes on, once the reader wants some.

        Raises:
            QueryStopped: the reader has gone.
        """
        self._open.wait()
        if self._stopped:
            raise QueryStopped("nobody reads the answer any more")
        if self.reply and data:
            self._loop.call_soon_threadsafe(self.reply.add, bytes(data))

    def pause(self) -> None:
        """Make the writer wait."""
        self._open.clear()

    def resume(self) -> None:
        """Let it go on."""
        self._open.set()

    def stop(self) -> None:
        """End the writer at its next piece."""
        self._stopped = True
        self._open.set()
