"""Frames from a worker in, an answer out: what is buffered, when it is open, how it can fail."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ketagraph.errors import KetaGraphError
from ketagraph.store.query import Outcome

__all__ = ["Budget", "Reply"]


class Budget:
    """Bytes that all open answers together hold in this process."""

    def __init__(self, limit: int) -> None:
        self.limit, self.held = limit, 0

    def tight(self) -> bool:
        """Whether answers have to be handed on at once instead of being completed first."""
        return self.held > self.limit


class Reply:
    """One answer while it arrives and is read; implements :class:`ketagraph.store.query.Answer`.

    It opens when it is complete, or at ``first`` bytes: only after that can a failure break a body that
    has begun. Past that size the worker is made to wait (``pause``, ``resume``) for the reader.
    """

    def __init__(
        self, first: int, budget: Budget, pause: Callable[[], None], resume: Callable[[], None]
    ) -> None:
        self._first, self._budget = first, budget
        self._pause, self._resume = pause, resume
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._paused = False
        self._waiting: asyncio.Future[None] | None = None
        self._is_open = False
        self._error: KetaGraphError | None = None
        self.media_type = ""
        self.outcome: Outcome | None = None

    @property
    def size(self) -> int | None:
        """Bytes still to be read if the answer is complete."""
        return self._held if self.outcome else None

    @property
    def ended(self) -> bool:
        """Whether the worker has nothing more to say."""
        return self.outcome is not None or self._error is not None

    async def opened(self) -> None:
        """Wait until the answer opens.

        Raises:
            KetaGraphError: what went wrong before that.
        """
        while not self._is_open and not self.ended:
            await self._change()
        if self._error:
            raise self._error

    def __aiter__(self) -> Reply:
        return self

    async def __anext__(self) -> bytes:
        # The last piece stays here until the end is known: whoever reads can then still withhold it.
        while len(self._pieces) < 2 and not self.ended:
            await self._change()
        if self._error:
            raise self._error
        if not self._pieces:
            raise StopAsyncIteration
        return self._taken()

    def start(self, media_type: str) -> None:
        """Learn the media type: the worker has begun."""
        self.media_type = media_type

    def add(self, piece: bytes) -> None:
        """Take more of the body."""
        self._pieces.append(piece)
        self._count(len(piece))
        if self._held > self._allowance() and len(self._pieces) > 1:
            self._is_open = self._paused = True
            self._pause()
        if self._is_open:
            self._wake()

    def end(self, outcome: Outcome) -> None:
        """Mark the body complete."""
        self.outcome = outcome
        self._wake()

    def fail(self, error: KetaGraphError) -> None:
        """Give the body up; what the reader has not taken is dropped."""
        if not self.ended:
            self._error = error
            self.drop()
            self._wake()

    def drop(self) -> None:
        """Give the buffer back."""
        self._pieces.clear()
        self._count(-self._held)

    def _taken(self) -> bytes:
        piece = self._pieces.popleft()
        self._count(-len(piece))
        if self._paused and not self.ended and self._has_room():
            self._paused = False
            self._resume()
        return piece

    def _has_room(self) -> bool:
        return len(self._pieces) < 2 or self._held <= self._allowance() // 2

    def _allowance(self) -> int:
        return 0 if self._budget.tight() else self._first

    def _count(self, size: int) -> None:
        self._held += size
        self._budget.held += size

    async def _change(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)
