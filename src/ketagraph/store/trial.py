"""Nothing in, what the wall of workers holds on this machine out: tried with queries that test it.

A pool over a few made-up statements is asked for another host, for more time, memory and nesting than it
gives. Kernels and containers differ in what they grant, so nothing here is concluded from their versions.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ketagraph.errors import KetaGraphError, QueryOutOfMemory, QueryTimeout
from ketagraph.store.pool import Pool, PoolSettings
from ketagraph.store.query import Query

__all__ = ["Trial", "try_workers"]

_STATEMENTS = 1000
_MEMORY = 64 << 20
_DEADLINE = 0.5
_PATIENCE = 10.0
"""Seconds for what ends by itself."""

_OTHER_HOST = "ASK {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}"
_ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
_GREEDY = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a"
_DEEP = "ASK { FILTER" + "(" * 20_000 + "1" + ")" * 20_000 + " }"


@dataclass(frozen=True, slots=True)
class Trial:
    """What held: no way to another host, the deadline, the memory cap, a new worker for one that crashed."""

    is_isolated: bool
    keeps_deadline: bool
    caps_memory: bool
    outlives_crash: bool


def try_workers() -> Trial:
    """Try them; takes a second or two, and listens on loopback meanwhile.

    Raises:
        EnvironmentFault: no worker can be started here at all.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "trial.nt")
        data.write_text("".join(f'<urn:x:{number}> <urn:p> "{number}" .\n' for number in range(_STATEMENTS)))
        return asyncio.run(_tried(PoolSettings(data, workers=1, memory=_MEMORY)))


async def _tried(settings: PoolSettings) -> Trial:
    pool = await Pool.open(settings)
    try:
        return Trial(
            is_isolated=not await _reaches_others(pool),
            keeps_deadline=isinstance(await _fate(pool, _ENDLESS, _DEADLINE), QueryTimeout),
            caps_memory=isinstance(await _fate(pool, _GREEDY), QueryOutOfMemory),
            outlives_crash=await _fate(pool, _DEEP) is not None and await _fate(pool, "ASK {}") is None,
        )
    finally:
        await pool.close()


async def _reaches_others(pool: Pool) -> bool:
    """Ask for a listener of ours, and say whether it was called."""
    called = asyncio.Event()

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await _fate(pool, _OTHER_HOST.format(port=port))
    return called.is_set()


async def _fate(pool: Pool, text: str, timeout: float = _PATIENCE) -> KetaGraphError | None:
    """Tell what ended a query; None where it was answered."""
    try:
        async with pool.query(Query(text, timeout=timeout)) as answer:
            with suppress(StopAsyncIteration):
                await anext(aiter(answer))
    except KetaGraphError as error:
        return error
    return None
