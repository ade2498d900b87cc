"""A store whose data can be replaced while it answers: new queries go to the new, old ones end on the old."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from ketagraph.store.keeper import Nursing
from ketagraph.store.pool import Pool, PoolSettings
from ketagraph.store.query import Answer, Query

__all__ = ["Relay"]


class Relay:
    """One pool after another; implements :class:`ketagraph.store.query.Store`. Made by :meth:`open`.

    While it replaces its pool both datasets are in memory.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._retiring: dict[asyncio.Task[None], Pool] = {}
        self._closing = False

    @classmethod
    async def open(cls, settings: PoolSettings) -> Relay:
        """Load the first data.

        Raises:
            SourceError, EnvironmentFault: they cannot be loaded.
        """
        return cls(await Pool.open(settings))

    @property
    def ready(self) -> bool:
        """Whether queries are being answered."""
        return self._pool.ready and not self._closing

    @property
    def edition(self) -> str:
        """Name the state of the data that the next query will see."""
        return self._pool.edition

    @property
    def graphs(self) -> Sequence[str]:
        """Name the named graphs, sorted."""
        return self._pool.graphs

    @property
    def settings(self) -> PoolSettings:
        """What is being served, and how."""
        return self._pool.settings

    @property
    def nursing(self) -> Nursing:
        """What the loaded data is like."""
        return self._pool.nursing

    def query(self, query: Query) -> AbstractAsyncContextManager[Answer]:
        """Ask the newest pool; see :meth:`ketagraph.store.query.Store.query`."""
        return self._pool.query(query)

    async def replace(self, settings: PoolSettings) -> None:
        """Load other data beside the present ones, go over to them, and let the old pool end in its time.

        Raises:
            SourceError, EnvironmentFault: they cannot be loaded; the present data stay.
        """
        fresh = await Pool.open(settings)
        old, self._pool = self._pool, fresh
        task = asyncio.get_running_loop().create_task(old.retire())
        self._retiring[task] = old
        task.add_done_callback(self._retiring.pop)

    async def close(self) -> None:
        """Close every pool, whatever runs in it."""
        self._closing = True
        retiring = dict(self._retiring)
        for task in retiring:
            task.cancel()
        await asyncio.gather(*retiring, return_exceptions=True)
        # A pool may have been stopped in the middle of its own end, or before it began.
        for pool in (*retiring.values(), self._pool):
            await pool.close()
