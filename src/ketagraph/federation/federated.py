"""A store whose queries may have SERVICE: endpoints are asked first, the rest is a query like any other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, Protocol

from ketagraph.errors import Overloaded, QueryTimeout, ServiceFailed
from ketagraph.federation.broker import Broker
from ketagraph.federation.plan import (
    MOST_BINDINGS,
    Ask,
    Bindings,
    Syntax,
    Table,
    federate,
    mentions_service,
)
from ketagraph.sparql_terms import reference
from ketagraph.store import Answer, Query, Store

__all__ = ["Federated", "Local", "bindings", "rewritten"]


class Local(Protocol):
    """Our own data, for questions on the way."""

    async def parse(self, text: str) -> None:
        """Have the engine parse a query, over no data.

        Raises:
            QuerySyntaxError: it cannot.
        """

    async def select(self, text: str) -> Mapping[str, Any]:
        """Return what a SELECT finds, as SPARQL's JSON."""


_BROKERS = 4
_NOWHERE = "urn:ketagraph:nowhere"
_JSON = "application/sparql-results+json"


async def rewritten(query: str, local: Local, broker: Broker, remaining: Callable[[], float]) -> str:
    """Return ``query``, which has passed the guard, without SERVICE; ``remaining`` tells the seconds left.

    Raises:
        QueryRefused: it cannot be parsed, or not be done across endpoints.
        ServiceFailed: an endpoint failed, and not SILENT.
    """
    steps, room = federate(query), broker.max_bytes
    found: Table | None = None
    try:
        while True:
            match steps.send(found):
                case Syntax(text):
                    await local.parse(text)
                    found = None
                case Bindings(text):
                    found = bindings(await local.select(text))
                case Ask(endpoint, text, variables, is_silent):
                    found = await _asked(
                        _fitting(broker.ask(endpoint, text, variables, remaining()), room, endpoint),
                        is_silent=is_silent,
                    )
                    room -= found.size if found else 0
    except StopIteration as done:
        return str(done.value)


async def _fitting(answer: Awaitable[Table], room: int, endpoint: str) -> Table:
    """Pass rows on while those of all clauses together are no larger than one answer may be."""
    found = await answer
    if found.size > room:
        raise ServiceFailed(
            f"<{endpoint}>: the answers of all endpoints are too large together; ask for less"
        )
    return found


async def _asked(answer: Awaitable[Table], *, is_silent: bool) -> Table | None:
    try:
        return await answer
    except ServiceFailed:
        if not is_silent:
            raise
    return None


def bindings(answer: Mapping[str, Any]) -> Table:
    """Return the columns of an answer that hold an IRI in every row; none where there are too many rows."""
    rows = answer["results"]["bindings"]
    if len(rows) > MOST_BINDINGS:
        return Table((), ())
    names = [
        name for name in answer["head"]["vars"] if all(row.get(name, {}).get("type") == "uri" for row in rows)
    ]
    written = (f"({' '.join(reference(row[name]['value']) for name in names)})" for row in rows)
    return Table(tuple(names), tuple(dict.fromkeys(written)))


class Federated:
    """Implements :class:`ketagraph.store.query.Store` over another; the guard says where SERVICE may go."""

    def __init__(self, store: Store, broker: Broker) -> None:
        self._store, self._broker = store, broker
        self._free = asyncio.Semaphore(_BROKERS)

    @property
    def ready(self) -> bool:
        """Whether queries are being answered."""
        return self._store.ready

    @property
    def edition(self) -> str:
        """Name the state of the data that the next query will see."""
        return self._store.edition

    @property
    def graphs(self) -> Sequence[str]:
        """Name the named graphs, sorted."""
        return self._store.graphs

    def query(self, query: Query) -> AbstractAsyncContextManager[Answer]:
        """Ask; see :meth:`ketagraph.store.query.Store.query`.

        Raises:
            ServiceFailed: an endpoint failed, and not SILENT.
        """
        return self._across(query) if mentions_service(query.text) else self._store.query(query)

    async def close(self) -> None:
        """Close the other store."""
        await self._store.close()

    @asynccontextmanager
    async def _across(self, query: Query) -> AsyncIterator[Answer]:
        edition = self._store.edition
        clock = _Clock(query.timeout)
        async with self._free:
            local = _Asked(self._store, query, clock)
            text = await rewritten(query.text, local, self._broker, clock.remaining)
        if self._store.edition != edition:
            raise Overloaded("new data are being taken up; ask again")
        async with self._store.query(replace(query, text=text, timeout=clock.remaining())) as answer:
            yield answer


class _Clock:
    """The time of one query."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._now = seconds, asyncio.get_running_loop().time
        self._deadline = self._now() + seconds

    def remaining(self) -> float:
        """Tell the seconds left.

        Raises:
            QueryTimeout: there are none.
        """
        if (left := self._deadline - self._now()) <= 0:
            raise QueryTimeout(f"stopped after {self._seconds:g} seconds, while other endpoints were asked")
        return left


class _Asked:
    """Implements :class:`Local` over the store, with the dataset and the limits of a query."""

    def __init__(self, store: Store, query: Query, clock: _Clock) -> None:
        self._store, self._clock = store, clock
        self._query = replace(
            query, bindings_type=_JSON, graph_type="application/n-triples", max_rows=MOST_BINDINGS + 1
        )

    async def parse(self, text: str) -> None:
        await self._read(replace(self._query, text=text, default_graphs=(_NOWHERE,), named_graphs=()))

    async def select(self, text: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(await self._read(replace(self._query, text=text)))
        return found

    async def _read(self, query: Query) -> bytes:
        async with self._store.query(replace(query, timeout=self._clock.remaining())) as answer:
            return b"".join([piece async for piece in answer])
