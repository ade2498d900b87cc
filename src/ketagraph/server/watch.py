"""A client that leaves ends the work done for it."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.types import Receive

__all__ = ["DisconnectWatch"]

_GRACE = 0.02
"""Seconds before the watch begins: most queries are answered by then, and watching costs a task."""


class DisconnectWatch:
    """A block that is left quietly, wherever it is waiting, when the client closes the connection."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._worker = asyncio.current_task()
        self._start = loop.call_later(_GRACE, self._begin)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._start.cancel()
        if self._watcher:
            self._watcher.cancel()
        if self._left and self._worker:
            self._worker.uncancel()
        return self._left and kind is asyncio.CancelledError

    def _begin(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left = True
        if self._worker:
            self._worker.cancel()
