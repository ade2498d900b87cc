"""Queries in, answers out, of an engine elsewhere: a second store behind the same protocol.

The engine is a stranger: its answer is bounded in time, bytes and rows, read into the form that was asked for
and given up where it is broken off. Headers of clients never reach it; a read is tried again where nothing of
an answer has come, a write never (there are none). After failures in a row it is left alone for a while.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import httpx

from ketagraph.engines import manifest
from ketagraph.engines.address import AGENT, Address
from ketagraph.engines.asking import Again, Asker
from ketagraph.engines.breaker import Breaker
from ketagraph.engines.dialect import Dialect, recognised
from ketagraph.engines.piping import Outlet
from ketagraph.engines.seen import Seen
from ketagraph.engines.view import View
from ketagraph.errors import (
    EngineFailed,
    EnvironmentFault,
    KetaGraphError,
    Overloaded,
    QueryTimeout,
)
from ketagraph.store.query import Outcome, Query
from ketagraph.store.reply import Budget, Reply

__all__ = ["EngineSettings", "EngineStore"]

_log = logging.getLogger("ketagraph.server")

_TRIES, _PAUSE = 3, 0.1
_CONNECT = 5.0
_FIRST = 1 << 20
_BUFFERED = 256 << 20
_ERROR_BYTES = 4096
_OURS = 30.0
_MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """An engine and what it may be asked for: ``connections`` at once, ``queue`` more may wait.

    ``max_bytes`` is what one answer may weigh as the engine writes it. ``recheck`` is after how many seconds
    the pointer is read again; where nothing has been pushed, answers count as stale after ``stale`` seconds,
    for nobody tells when the data change. What was read of the pointer is relied on for ``trusted`` seconds,
    which must be well below the time between retiring a version and removing it.
    """

    address: Address
    connections: int = 8
    queue: int = 64
    max_bytes: int = 256 << 20
    recheck: float = 2.0
    stale: float = 60.0
    trusted: float = 20.0


class EngineStore:
    """An engine's data; implements :class:`ketagraph.store.query.Store`. Made by :meth:`open`."""

    def __init__(self, settings: EngineSettings, client: httpx.AsyncClient) -> None:
        self.settings, self._client = settings, client
        self._loop = asyncio.get_running_loop()
        self._breaker = Breaker(self._loop.time)
        self._places = asyncio.Semaphore(settings.connections)
        self._waiting = 0
        self._budget = Budget(_BUFFERED)
        self._asker = Asker(client, settings.address.url, settings.max_bytes, settings.connections)
        self._seen = Seen(self._rows, settings.address, settings.trusted)
        self._follower: asyncio.Task[None] | None = None
        self._nudged = asyncio.Event()

    @classmethod
    async def open(cls, settings: EngineSettings) -> EngineStore:
        """Look at the engine: which kind it is, and which version it serves.

        Raises:
            EnvironmentFault: it cannot be reached, or does not answer as an engine does.
        """
        # Proxies of the environment and redirects would send credentials to others.
        client = httpx.AsyncClient(
            auth=settings.address.auth(),
            headers={"User-Agent": AGENT},
            timeout=httpx.Timeout(None, connect=_CONNECT),
            limits=httpx.Limits(max_connections=settings.connections + 1),
            verify=settings.address.is_encrypted,
            follow_redirects=False,
            trust_env=False,
        )
        store = cls(settings, client)
        try:
            await store._look()
        except KetaGraphError as error:
            await store.close()
            raise EnvironmentFault(f"cannot serve from {settings.address.url}: {error}") from error
        store._follower = store._loop.create_task(store._follow())
        return store

    @property
    def ready(self) -> bool:
        """Whether the engine is being asked, and what is asked of it stands."""
        return self._breaker.is_closed and self._seen.stands

    @property
    def triples(self) -> int | None:
        """How many statements the version has, graph by graph; None where nothing was pushed."""
        return self._seen.triples

    @property
    def edition(self) -> str:
        """Name the version that is served; without one, a new name every ``stale`` seconds."""
        if self._seen.view.version:
            return f"{self._seen.view.version}.{self._seen.pointer.position}"
        return f"unversioned.{int(self._loop.time() / self.settings.stale)}"

    @property
    def graphs(self) -> Sequence[str]:
        """Name the graphs of the version that is served."""
        return self._seen.view.names

    @asynccontextmanager
    async def query(self, query: Query) -> AsyncIterator[Reply]:
        """Ask; see :meth:`ketagraph.store.query.Store.query`. Leaving the block drops the connection.

        Raises:
            Overloaded: too many wait, or the engine is being left alone.
            EngineFailed: it is down, or its answer cannot be used.
            VersionRemoved: what is served is being removed, and what the engine points to cannot be used.
        """
        view, deadline = self._seen.view, self._loop.time() + query.timeout
        self._seen.check(view)
        await self._take_place(deadline)
        try:
            async with self._asking(query, view, deadline) as reply:
                yield reply
        finally:
            self._places.release()

    def nudge(self) -> None:
        """Look for another version now."""
        self._nudged.set()

    async def close(self) -> None:
        """Drop every connection."""
        if self._follower:
            self._follower.cancel()
            await asyncio.wait([self._follower])
        await self._client.aclose()
        self._asker.close()

    @asynccontextmanager
    async def _asking(self, query: Query, view: View, deadline: float) -> AsyncIterator[Reply]:
        outlet = Outlet(self._loop)
        reply = outlet.reply = Reply(_FIRST, self._budget, outlet.pause, outlet.resume)
        work = self._loop.create_task(self._answer(query, view, outlet, reply, deadline))
        try:
            await reply.opened()
            yield reply
        finally:
            outlet.stop()
            work.cancel()
            await asyncio.wait([work])
            reply.drop()

    async def _take_place(self, deadline: float) -> None:
        if self._places.locked() and self._waiting >= self.settings.queue:
            raise Overloaded("the engine is busy and the queue is full")
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError as error:
            raise Overloaded("no connection came free before the deadline") from error
        finally:
            self._waiting -= 1

    async def _answer(self, query: Query, view: View, outlet: Outlet, reply: Reply, deadline: float) -> None:
        """See an answer through; every way it can end is told to the reply and to the breaker."""
        try:
            self._breaker.admit()
        except Overloaded as error:
            reply.fail(error)
            return
        try:
            async with asyncio.timeout_at(deadline):
                outcome = await self._tried(query, view, outlet, deadline)
                self._breaker.succeeded()
                await self._seen.check_now(view)
            reply.end(outcome)
        except TimeoutError:
            # The query may be to blame: whoever asks hard ones must not shut others out.
            self._breaker.abandoned()
            reply.fail(QueryTimeout(f"the engine did not answer within {query.timeout:g} s"))
        except EngineFailed as error:
            self._breaker.failed()
            reply.fail(error)
        except KetaGraphError as error:
            self._breaker.succeeded()
            reply.fail(error)
        except asyncio.CancelledError:
            self._breaker.abandoned()
            raise

    async def _tried(self, query: Query, view: View, outlet: Outlet, deadline: float) -> Outcome:
        asked = view.asked(query)
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._asker.ask(query, asked, view, outlet, deadline - self._loop.time())
            except Again as again:
                if attempt == _TRIES:
                    raise again.error from again
            await asyncio.sleep(_PAUSE * 2**attempt)
        raise EngineFailed("no attempt was made")

    async def _follow(self) -> None:
        """Take up the version that the engine points to, whenever that changes."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), self.settings.recheck)
            self._nudged.clear()
            try:
                await self._look()
            except KetaGraphError as error:
                _log.error("engine: %s; still serving %s", error, self._seen.view.version or "what it has")

    async def _look(self) -> None:
        dialect = self._seen.view.dialect
        await self._seen.look(View(await self._recognised() if dialect.name == "generic" else dialect))

    async def _recognised(self) -> Dialect:
        try:
            response = await self._client.get(self.settings.address.url, params={"query": "ASK{}"})
        except httpx.HTTPError as error:
            raise EngineFailed(f"cannot be reached: {error or type(error).__name__}") from error
        return recognised(response.headers.get("server", ""))

    async def _rows(self, text: str, view: View) -> list[dict[str, str]]:
        """Ask a query of our own; no place is kept from others for it."""
        query, deadline = Query(text, timeout=_OURS, max_rows=_MOST_ROWS), self._loop.time() + _OURS
        async with self._asking(query, view, deadline) as answer:
            body = b"".join([piece async for piece in answer])
        return manifest.plain_rows(json.loads(body))
