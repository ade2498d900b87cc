"""Queries in, answers out, in worker processes that may die: the store that faces the internet.

A query gets a worker of its own while it runs. At the deadline, when its reader leaves, or when its
memory runs out, the worker is killed and a new one forked from the loaded nursery; this process neither
evaluates nor waits. More queries than workers wait in a bounded queue, and beyond that are turned away.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import socket
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial

from ketagraph.errors import KetaGraphError, Overloaded, QueryOutOfMemory, QueryStopped, QueryTimeout
from ketagraph.store.keeper import Keeper, Nursing, PoolSettings
from ketagraph.store.link import Link
from ketagraph.store.query import Query
from ketagraph.store.reply import Budget, Reply

__all__ = ["Pool", "PoolSettings"]

_BUFFERED = 256 << 20
_PAUSE = 0.5
"""Seconds between attempts to replace workers that die at birth, or a nursery."""

_GLANCE = 0.05
"""Seconds between looks at a pool that is to end."""

_STANDSTILL = 0.5
"""Seconds after which the first in the queue shows that it does not move."""
_LONGEST_QUEUE = 256

_MEMORY_SIGNALS = {signal.SIGABRT, signal.SIGKILL}


class Pool:
    """Workers over one dataset; implements :class:`ketagraph.store.query.Store`. Made by :meth:`open`."""

    def __init__(self, settings: PoolSettings, keeper: Keeper, nursing: Nursing) -> None:
        self.settings, self.nursing = settings, nursing
        self._keeper = keeper
        self._budget = Budget(_BUFFERED)
        self._numbers = itertools.count(1)
        self._links: dict[int, Link] = {}
        self._idle: deque[Link] = deque()
        self._waiting: dict[asyncio.Future[Link], float] = {}
        """Who waits, in order, and since when."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._is_nursed = True
        self._births = 0

    @classmethod
    async def open(cls, settings: PoolSettings) -> Pool:
        """Load the data and fork the workers.

        Raises:
            SourceError, EnvironmentFault: the data cannot be loaded.
        """
        pool = cls(settings, *await Keeper.start(settings))
        await pool._populate()
        return pool

    @property
    def ready(self) -> bool:
        """Whether the nursery lives; workers come and go."""
        return self._is_nursed

    @property
    def edition(self) -> str:
        """Name the loaded state of the data: a lost nursery reads the file again, which may have changed."""
        return f"{self.settings.edition}.{self._births}" if self._births else self.settings.edition

    def query(self, query: Query) -> AbstractAsyncContextManager[Reply]:
        """Ask; the answer is open inside the block, and leaving the block stops the work on it.

        Raises:
            Overloaded: the queue is full, or no worker came free before the deadline.
            QueryTimeout, QueryOutOfMemory, QueryStopped: a limit was reached, or the worker died.
            QueryRefused: the engine cannot parse or evaluate it, or it has no acceptable form.
        """
        return _Asking(self, query)

    async def ask(self, query: Query) -> tuple[Link, Reply]:
        """Find a free worker and send it a query; see :meth:`query`."""
        deadline = asyncio.get_running_loop().time() + query.timeout
        while (link := await self._free_link(deadline)).ident not in self._links:
            # It died between being handed over and being taken.
            continue
        return link, link.ask(query, deadline)

    async def close(self) -> None:
        """Turn everyone away, kill the workers and see the nursery end."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._drop_all(QueryStopped("the server is shutting down"))
        for waiter in self._waiting:
            _settle(waiter, Overloaded("the server is shutting down"))
        await self._keeper.close()

    @property
    def graphs(self) -> Sequence[str]:
        """Name the named graphs, sorted."""
        return self.nursing.graphs

    async def retire(self) -> None:
        """Close once nobody asks any more; deadlines see to it that this comes.

        New queries must have gone elsewhere by then.
        """
        try:
            while self._waiting or len(self._idle) < len(self._links):
                await asyncio.sleep(_GLANCE)
        finally:
            await self.close()

    def release(self, link: Link) -> None:
        """Hand a free worker to the first in the queue."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(link)
                return
        self._idle.append(link)

    def dismiss(self, link: Link) -> None:
        """Kill a worker and replace it."""
        if self._links.pop(link.ident, None) and not self._closing:
            link.close()
            with suppress(OSError):
                # If the nursery has gone, so has the worker.
                self._keeper.kill(link.ident)
            self._begin(self._spawn(0))

    def hung_up(self, link: Link) -> None:
        """Wait a moment for the nursery to say why."""
        asyncio.get_running_loop().call_later(_PAUSE, self._bury, link.ident, 0)

    async def _free_link(self, deadline: float) -> Link:
        if self._idle:
            return self._idle.pop()
        loop = asyncio.get_running_loop()
        if self._closing or self._is_full(loop.time()):
            raise Overloaded("every worker is busy and the queue is full")
        waiter: asyncio.Future[Link] = loop.create_future()
        self._waiting[waiter] = loop.time()
        timer = loop.call_at(deadline, _settle, waiter, Overloaded("no worker came free before the deadline"))
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                # The worker came in the same moment.
                self.release(waiter.result())
            raise
        finally:
            timer.cancel()
            del self._waiting[waiter]

    def _is_full(self, now: float) -> bool:
        """Tell a queue that stands still from one that moves: many short queries may wait for a moment."""
        if len(self._waiting) < self.settings.queue:
            return False
        first_since = next(iter(self._waiting.values()))
        return len(self._waiting) >= _LONGEST_QUEUE or now - first_since > _STANDSTILL

    async def _populate(self) -> None:
        self._keeper.watch(self._bury, self._nursery_lost)
        await asyncio.gather(*(self._spawn(0) for _ in range(self.settings.workers)))

    async def _spawn(self, pause: float) -> None:
        await asyncio.sleep(pause)
        ident = next(self._numbers)
        make = partial(Link, ident, self, self._budget)
        _, link = await asyncio.get_running_loop().create_unix_connection(make, sock=self._forked(ident))
        self._links[ident] = link
        self.release(link)

    def _forked(self, ident: int) -> socket.socket:
        ours, theirs = socket.socketpair()
        # If the nursery has gone, the other end closes at once, which is what a dead worker does.
        with theirs, suppress(OSError):
            self._keeper.fork(ident, theirs)
        return ours

    def _bury(self, ident: int, number: int) -> None:
        """Tell the reader of a worker that has ended by itself why, and replace it."""
        link = self._links.pop(ident, None)
        if link is None or self._closing:
            return
        with suppress(ValueError):
            self._idle.remove(link)
        link.fail(_cause(number))
        link.close()
        self._begin(self._spawn(0 if link.asked else _PAUSE))

    def _nursery_lost(self) -> None:
        self._is_nursed = False
        self._drop_all(QueryStopped("the workers have been lost; they are being restarted"))
        if not self._closing:
            self._begin(self._restart())

    async def _restart(self) -> None:
        await self._keeper.close()
        while True:
            await asyncio.sleep(_PAUSE)
            with suppress(KetaGraphError):
                self._keeper, self.nursing = await Keeper.start(self.settings)
                break
        await self._populate()
        self._births += 1
        self._is_nursed = True

    def _drop_all(self, error: QueryStopped) -> None:
        links = list(self._links.values())
        self._links.clear()
        self._idle.clear()
        for link in links:
            link.fail(error)
            link.close()

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        # The loop holds tasks weakly only.
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Asking:
    """The block in which an answer is open; a generator would be shorter, and twice as slow."""

    __slots__ = ("_link", "_pool", "_query", "_reply")

    def __init__(self, pool: Pool, query: Query) -> None:
        self._pool, self._query = pool, query

    async def __aenter__(self) -> Reply:
        self._link, self._reply = await self._pool.ask(self._query)
        try:
            await self._reply.opened()
        except BaseException:
            self._link.abandon(self._reply)
            raise
        return self._reply

    async def __aexit__(self, *_: object) -> None:
        self._link.abandon(self._reply)


def _settle(waiter: asyncio.Future[Link], error: Overloaded) -> None:
    if not waiter.done():
        waiter.set_exception(error)


def _cause(number: int) -> QueryStopped:
    if number in _MEMORY_SIGNALS:
        return QueryOutOfMemory("the query needs more memory than a query may have")
    if number == signal.SIGXCPU:
        return QueryTimeout("stopped: the query has used up its processor time")
    return QueryStopped("the query ended its worker; it may be nested too deeply")
