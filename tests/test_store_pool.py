from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ketagraph.errors import (
    EnvironmentFault,
    Overloaded,
    QueryOutOfMemory,
    QueryRefused,
    QueryStopped,
    QuerySyntaxError,
    QueryTimeout,
    SourceError,
)
from ketagraph.store import Outcome, Query, confine
from ketagraph.store.pool import Pool, PoolSettings

THINGS = 3000
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
FLOOD = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
BOMB = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a ?d ?i"
DEEP = "SELECT * { FILTER" + "(" * 100_000 + "1" + ")" * 100_000 + "}"
BOUND = 5.0
"""Seconds that nothing here should take."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pool") / "data.nt"
    path.write_text("".join(f'<http://e/{number}> <http://e/p> "{number}" .\n' for number in range(THINGS)))
    return path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, "glibc.malloc.tcache_count=20000"),
        ("glibc.malloc.arena_max=1", "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=20000"),
        ("glibc.malloc.tcache_count=7", "glibc.malloc.tcache_count=7"),
    ],
)
def test_workers_are_begun_on_a_tuned_allocator_unless_it_is_tuned_already(monkeypatch, given, expected):
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    if given:
        monkeypatch.setenv("GLIBC_TUNABLES", given)
    assert confine.environment()["GLIBC_TUNABLES"] == expected


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_nursery_has_that_environment(data):
    async def look() -> list[list[bytes]]:
        async with opened(data):
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            return [Path(f"/proc/{child}/environ").read_bytes().split(b"\0") for child in children]

    tuned = f"GLIBC_TUNABLES={confine.environment()['GLIBC_TUNABLES']}".encode()
    assert any(tuned in lines for lines in asyncio.run(look()))


@asynccontextmanager
async def opened(data: Path, **settings: int) -> AsyncIterator[Pool]:
    pool = await Pool.open(PoolSettings(data, **({"memory": 200 << 20} | settings)))
    try:
        yield pool
    finally:
        await pool.close()


async def ask(pool: Pool, text: str, **limits: object) -> tuple[bytes, Outcome | None]:
    async with pool.query(Query(text, **({"timeout": BOUND} | limits))) as answer:
        return b"".join([piece async for piece in answer]), answer.outcome


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(BOUND):
        while not condition():
            await asyncio.sleep(0.01)


def run(data: Path, work: Callable[[Pool], Awaitable[None]], **settings: int) -> None:
    async def main() -> None:
        async with opened(data, **settings) as pool:
            await work(pool)

    asyncio.run(main())


def children(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def test_an_answer_comes_whole_with_its_outcome(data):
    async def work(pool: Pool) -> None:
        body, outcome = await ask(pool, "SELECT * { ?s ?p ?o }", bindings_type="text/csv")
        assert len(body.splitlines()) == THINGS + 1
        assert outcome == Outcome(THINGS, truncated=False)

    run(data, work)


def test_what_is_known_is_known_before_the_first_byte(data):
    async def work(pool: Pool) -> None:
        async with pool.query(Query("SELECT * { ?s ?p ?o }", max_rows=10)) as answer:
            assert answer.media_type == "application/sparql-results+json"
            assert answer.outcome == Outcome(10, truncated=True, announced=True)
            assert answer.size == len(b"".join([piece async for piece in answer]))

    run(data, work)


def test_errors_of_the_query_come_back_and_the_worker_lives(data):
    async def work(pool: Pool) -> None:
        with pytest.raises(QuerySyntaxError) as refused:
            await ask(pool, "SELECT *\n{")
        assert (refused.value.line, refused.value.column) == (2, 2)
        with pytest.raises(QueryRefused, match="custom function"):
            await ask(pool, "SELECT (<http://e/f>() AS ?x) {}")
        assert len(pool._idle) == 1

    run(data, work, workers=1)


def test_the_deadline_is_kept_while_others_are_served(data):
    async def work(pool: Pool) -> None:
        started = time.monotonic()
        endless = asyncio.create_task(ask(pool, ENDLESS, timeout=1.0))
        for _ in range(20):
            assert b"true" in (await ask(pool, "ASK {}"))[0]
        assert not endless.done()
        with pytest.raises(QueryTimeout):
            await endless
        assert time.monotonic() - started < 1.5
        assert b"true" in (await ask(pool, "ASK {}"))[0]

    run(data, work)


def test_a_stream_stops_at_the_deadline_and_is_never_complete(data):
    async def work(pool: Pool) -> None:
        async with pool.query(Query(FLOOD, max_rows=1 << 40, timeout=1.0)) as answer:
            assert answer.outcome is None
            with pytest.raises(QueryTimeout):
                async for _ in answer:
                    pass

    run(data, work)


def test_a_slow_reader_makes_the_worker_wait(data):
    async def work(pool: Pool) -> None:
        async with pool.query(Query(FLOOD, max_rows=1 << 40)) as answer:
            await asyncio.sleep(0.3)
            held = pool._budget.held
            assert 8 << 20 <= held < 10 << 20
            for _ in range(200):
                await anext(aiter(answer))
        assert pool._budget.held == 0

    run(data, work)


def test_a_tight_budget_hands_answers_on_at_once(data):
    async def work(pool: Pool) -> None:
        pool._budget.limit = 100_000
        async with pool.query(Query(FLOOD, max_rows=200_000)) as answer:
            await asyncio.sleep(0.2)
            assert answer.outcome is None
            assert pool._budget.held < 1_000_000
            assert sum([len(piece) async for piece in answer]) > 10_000_000
            assert answer.outcome == Outcome(200_000, truncated=True, announced=True)

    run(data, work)


@pytest.mark.skipif(sys.platform != "linux", reason="memory caps are Linux's")
def test_a_query_out_of_memory_is_told_so(data):
    async def work(pool: Pool) -> None:
        for query in (BOMB, BOMB):
            with pytest.raises(QueryOutOfMemory):
                await ask(pool, query)
        assert b"true" in (await ask(pool, "ASK {}"))[0]

    run(data, work, workers=1)


def test_a_query_that_crashes_its_worker_is_told_so(data):
    async def work(pool: Pool) -> None:
        for _ in range(3):
            with pytest.raises(QueryStopped, match="nested too deeply"):
                await ask(pool, DEEP)
        assert b"true" in (await ask(pool, "ASK {}"))[0]

    run(data, work, workers=1)


def test_beyond_workers_and_queue_nobody_is_let_in(data):
    async def work(pool: Pool) -> None:
        running = [asyncio.create_task(ask(pool, ENDLESS, timeout=1.0)) for _ in range(2)]
        await asyncio.sleep(0.7)
        with pytest.raises(Overloaded, match="queue is full") as turned_away:
            await ask(pool, "ASK {}")
        assert turned_away.value.retry_after >= 1
        results = await asyncio.gather(*running, return_exceptions=True)
        assert [type(result) for result in results] == [QueryTimeout, Overloaded]

    run(data, work, workers=1, queue=1)


def test_a_queue_that_moves_takes_a_crowd(data):
    async def work(pool: Pool) -> None:
        answers = await asyncio.gather(*(ask(pool, "ASK {}") for _ in range(100)))
        assert all(b"true" in body for body, _ in answers)
        assert not pool._waiting

    run(data, work, workers=1, queue=2)


def test_a_place_in_the_queue_becomes_a_worker(data):
    async def work(pool: Pool) -> None:
        endless = asyncio.create_task(ask(pool, ENDLESS, timeout=0.3))
        await asyncio.sleep(0.05)
        assert b"true" in (await ask(pool, "ASK {}"))[0]
        with pytest.raises(QueryTimeout):
            await endless

    run(data, work, workers=1, queue=1)


def test_who_leaves_frees_the_worker_and_the_queue(data):
    async def work(pool: Pool) -> None:
        tasks = [asyncio.create_task(ask(pool, ENDLESS, timeout=BOUND)) for _ in range(2)]
        await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not pool._waiting
        started = time.monotonic()
        assert b"true" in (await ask(pool, "ASK {}"))[0]
        assert time.monotonic() - started < 0.5

    run(data, work, workers=1, queue=1)


def test_a_lost_nursery_is_replaced(data):
    async def work(pool: Pool) -> None:
        endless = asyncio.create_task(ask(pool, ENDLESS))
        await asyncio.sleep(0.1)
        os.kill(pool._keeper._process.pid, signal.SIGKILL)
        with pytest.raises(QueryStopped, match="restarted"):
            await endless
        await until(lambda: pool.ready)
        assert b"true" in (await ask(pool, "ASK {}"))[0]

    run(data, work)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_survives_the_pool(data):
    processes: set[int] = set()

    async def work(pool: Pool) -> None:
        endless = asyncio.create_task(ask(pool, ENDLESS))
        await until(lambda: len(children(pool._keeper._process.pid)) == 3)
        processes.update({pool._keeper._process.pid} | children(pool._keeper._process.pid))
        await pool.close()
        with pytest.raises(QueryStopped, match="shutting down"):
            await endless

    run(data, work, workers=3)
    assert len(processes) == 4
    asyncio.run(until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes)))


def test_workers_reach_no_network(data):
    async def work(pool: Pool) -> None:
        if pool.nursing.network:
            pytest.skip("this kernel or container allows no network namespace")
        calls = 0

        def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal calls
            calls += 1
            writer.close()

        async with await asyncio.start_server(called, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(QueryRefused, match="cannot be evaluated"):
                await ask(pool, f"SELECT * {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}")
        assert calls == 0

    run(data, work)


def test_workers_write_no_files_and_hold_no_strangers(data):
    async def work(pool: Pool) -> None:
        if sys.platform != "linux":
            pytest.skip("reads /proc")
        await ask(pool, "ASK {}")
        (worker,) = children(pool._keeper._process.pid)
        limits = Path(f"/proc/{worker}/limits").read_text()
        assert all(
            [line.split()[-3] for line in limits.splitlines() if line.startswith(name)] == ["0"]
            for name in ("Max core file size", "Max file size")
        )
        links = [str(entry.readlink()) for entry in Path(f"/proc/{worker}/fd").iterdir()]
        assert sum(link.startswith("socket:") for link in links) == 1

    run(data, work, workers=1)


def test_data_that_cannot_be_loaded_is_told_as_it_is(tmp_path):
    broken = tmp_path / "broken.nt"
    broken.write_text("<http://e/a> <http://e/p> .\n")
    with pytest.raises(SourceError, match=r"broken\.nt:1"):
        asyncio.run(Pool.open(PoolSettings(broken)))
    with pytest.raises(EnvironmentFault, match="No such file"):
        asyncio.run(Pool.open(PoolSettings(tmp_path / "missing.nt")))


def test_the_union_is_made_when_asked_for(tmp_path):
    path = tmp_path / "data.nq"
    path.write_text("<http://e/a> <http://e/p> <http://e/b> <http://e/g> .\n")

    async def count(*, union: bool) -> bytes:
        pool = await Pool.open(PoolSettings(path, union=union, workers=1))
        try:
            return (await ask(pool, "ASK { ?s ?p ?o }"))[0]
        finally:
            await pool.close()

    assert b"false" in asyncio.run(count(union=False))
    assert b"true" in asyncio.run(count(union=True))


def test_little_memory_for_queries_leaves_enough_for_loading(data):
    async def work(pool: Pool) -> None:
        assert (await ask(pool, "ASK {}"))[0]

    run(data, work, memory=16 << 20)
