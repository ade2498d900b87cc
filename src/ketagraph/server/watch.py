"""Queries that somebody may end: the client by leaving, or anybody who knows a query's id by asking so."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from starlette.types import Receive

from ketagraph.errors import QueryCancelled, QueryRefused

__all__ = ["FreshIds", "Running", "Watch", "chosen_id"]

_GRACE = 0.02
"""Seconds before the watch begins: most queries are answered by then, and watching costs a task."""

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class FreshIds(Iterator[str]):
    """Ids that nobody guesses: whoever has one can stop the query. The system is asked for many at once."""

    _SIZE, _MANY = 8, 512

    def __init__(self) -> None:
        self._left = b""

    def __next__(self) -> str:
        if not self._left:
            self._left = secrets.token_bytes(self._SIZE * self._MANY)
        found, self._left = self._left[-self._SIZE :], self._left[: -self._SIZE]
        return found.hex()


def chosen_id(wanted: str) -> str:
    """Pass the id that a client has chosen.

    Raises:
        QueryRefused: it is no word of 8 to 64 letters, digits, hyphens and underscores.
    """
    if not _ID.fullmatch(wanted):
        raise QueryRefused("a query id has 8 to 64 letters, digits, hyphens and underscores")
    return wanted


class Watch:
    """A block that is left, wherever it is waiting, when the client closes the connection or it is cancelled.

    It is left quietly where the client has gone.

    Raises:
        QueryCancelled: :meth:`cancel` was called while the block ran.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = self._cancelled = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> Watch:
        loop = asyncio.get_running_loop()
        self._worker = asyncio.current_task()
        self._start = loop.call_later(_GRACE, self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._start.cancel()
        if self._watcher:
            self._watcher.cancel()
        if self._worker and (self._left or self._cancelled):
            self._worker.uncancel()
        if self._cancelled and not self._left and kind is asyncio.CancelledError:
            raise QueryCancelled("stopped by request") from None
        return self._left and kind is asyncio.CancelledError

    def cancel(self) -> None:
        """End the block from outside."""
        if self._worker and not (self._left or self._cancelled):
            self._cancelled = True
            self._worker.cancel()

    def _begin(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._worker and not self._cancelled:
            self._left = True
            self._worker.cancel()


class Running:
    """The queries that run now, by id."""

    def __init__(self) -> None:
        self._watches: dict[str, Watch] = {}

    def __len__(self) -> int:
        return len(self._watches)

    @contextmanager
    def watched(self, query_id: str, receive: Receive) -> Iterator[None]:
        """Run a block as the query ``query_id``; see :class:`Watch`.

        Raises:
            QueryRefused: a query of that id runs already.
        """
        if query_id in self._watches:
            raise QueryRefused(f"a query with the id {query_id} is running", status=409)
        watch = self._watches[query_id] = Watch(receive)
        try:
            with watch:
                yield
        finally:
            del self._watches[query_id]

    def cancel(self, query_id: str) -> bool:
        """Stop a query; False where none of that id runs."""
        watch = self._watches.get(query_id)
        if watch:
            watch.cancel()
        return watch is not None
