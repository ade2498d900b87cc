"""Data served from disk answer as from memory; a store is built whole or not at all, and kept in use."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
from pathlib import Path

import pytest

from ketagraph.errors import EnvironmentFault, QueryOutOfMemory, QueryTimeout, SourceError
from ketagraph.store import Query, allowance
from ketagraph.store import disk as module
from ketagraph.store.disk import ensure, memory_needed
from ketagraph.store.pool import Pool, PoolSettings
from ketagraph.store.relay import Relay

BOUND = 30.0
ALL = "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p ?o"
GRAPHS = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
BOMB = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a ?d ?i"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.nq"
    lines = [f'<http://e/{n}> <http://e/p> "{n}" <http://g/{n % 2}> .\n' for n in range(3000)]
    path.write_text("".join([*lines, '<http://e/0> <http://e/p> "0" <http://g/1> .\n']), encoding="utf-8")
    return path


def on_disk(data: Path, **settings: object) -> PoolSettings:
    return PoolSettings(
        data, **({"disk": data.parent / "stores", "workers": 1, "memory": 200 << 20} | settings)
    )


async def ask(pool: Pool | Relay, text: str, timeout: float = BOUND) -> bytes:
    async with pool.query(Query(text, timeout=timeout)) as answer:
        return b"".join([piece async for piece in answer])


def answers(settings: PoolSettings, *texts: str) -> list[bytes]:
    async def main() -> list[bytes]:
        pool = await Pool.open(settings)
        try:
            return [await ask(pool, text) for text in texts] + [repr(pool.nursing).encode()]
        finally:
            await pool.close()

    return asyncio.run(main())


def stores(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("union", [False, True])
def test_data_on_disk_answer_as_in_memory(data: Path, union: bool) -> None:
    memory = answers(on_disk(data, disk=None, union=union), ALL, GRAPHS)
    assert answers(on_disk(data, union=union), ALL, GRAPHS) == memory
    assert (memory[0].count(b"http://e/0") > 0) == union
    assert not list((data.parent / "stores").glob(".building-*"))


def test_what_fits_is_served_from_memory(data: Path) -> None:
    answers(on_disk(data, disk_above=memory_needed([data])), "ASK {}")
    assert not (data.parent / "stores").exists()


def test_a_store_is_built_once_and_again_when_its_file_changes(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stores"
    first = ensure(folder, [data], union=False)
    built = first.path.stat().st_mtime_ns
    assert ensure(folder, [data], union=False) == first
    assert first.path.stat().st_mtime_ns == built
    os.utime(data, ns=(1, 1))
    second = ensure(folder, [data], union=False)
    assert (second.quads, second.graphs) == (3001, ("http://g/0", "http://g/1"))
    assert stores(folder) == sorted([first.path.name, second.path.name])


def test_a_store_of_many_files_is_packed_as_one_of_a_single_file(tmp_path: Path) -> None:
    paths = [tmp_path / f"{part}.nq" for part in range(3)]
    for part, path in enumerate(paths):
        lines = (f'<http://e/{n}> <http://e/{part}> "{n}" <http://g/1> .\n' for n in range(50))
        path.write_text("".join(lines), encoding="utf-8")
    one, many = (ensure(tmp_path / "stores", some, union=False) for some in (paths[:1], paths))
    tables = [len(list(each.path.rglob("*.sst"))) for each in (one, many)]
    assert tables[1] < 2 * tables[0]


def test_stores_of_old_data_go_unless_somebody_uses_them(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stores"
    held = ensure(folder, [data], union=False)
    descriptor = held.hold()
    names = []
    for number in range(1, 4):
        os.utime(data, ns=(number, number))
        names.append(ensure(folder, [data], union=False).path.name)
    assert stores(folder) == sorted([held.path.name, *names[-2:]])
    os.close(descriptor)
    os.utime(data, ns=(9, 9))
    assert held.path.name not in stores(ensure(folder, [data], union=False).path.parent)


def test_a_build_that_fails_leaves_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    # In a process of its own, as always: this one forks, and so may not use the engine's files.
    monkeypatch.setattr(module.loading, "load_file", full)
    with pytest.raises(EnvironmentFault, match="No space left on device; free some space"):
        ensure(tmp_path / "stores", [data], union=False)
    assert stores(tmp_path / "stores") == []


def test_a_build_that_is_killed_is_told_and_leaves_nothing_that_could_be_served(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    folder = tmp_path / "stores"
    with monkeypatch.context() as patched:
        patched.setattr(module, "_fill", killed)
        with pytest.raises(EnvironmentFault, match="ended with SIGKILL; it needs more memory"):
            ensure(folder, [data], union=False)
    assert [name[:10] for name in stores(folder)] == [".building-"]
    again = ensure(folder, [data], union=False)
    assert stores(folder) == [again.path.name]


def test_a_file_that_cannot_be_loaded_is_named_with_its_line(data: Path) -> None:
    data.write_text("<http://e/1> <http://e/p> <http://e/2> .\nnonsense\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"data\.nq:2: "):
        answers(on_disk(data), "ASK {}")
    assert stores(data.parent / "stores") == []


RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/"'
BOMB_OF_ENTITIES = f'<!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "{"&a;" * 10}">]><rdf:RDF {RDF}/>'


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("entities.rdf", BOMB_OF_ENTITIES.encode(), "declares an entity"),
        ("deep.ttl", b"<http://e/a> <http://e/p> " + b"[ <http://e/p> " * 300_000, "deep.ttl"),
        ("deep.jsonld", b'{"http://e/p": ' * 300_000, "deep.jsonld"),
        ("literal.nt", b'<http://e/a> <http://e/p> "%b" .\n' % (b"x" * (17 << 20)), "longer than the engine"),
        ("cut.trig", b"<http://e/g> { <http://e/a> <http://e/p> <http://e/b> ", "cut.trig"),
        ("latin.nt", b'<http://e/a> <http://e/p> "\xe9" .\n', "latin.nt:1"),
        ("bomb.ttl.gz", gzip.compress(b" " * 50_000_000, mtime=0), "unfolds to more than 200 times"),
        ("cut.nt.gz", gzip.compress(b"<http://e/a> " * 1000, mtime=0)[:-9], "cut.nt.gz"),
        ("context.jsonld", b'{"@context": "http://127.0.0.1:9/", "@id": "http://e/a"}', "not fetched"),
    ],
)
def test_a_hostile_file_ends_its_builder_at_worst(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=said):
        ensure(tmp_path / "stores", [path], union=False)
    assert stores(tmp_path / "stores") == []


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"_BUFFERS": 200 << 20, "_PER_CORE": 0, "_LOADING": 0}, "needs more memory"),
        ({"_SECONDS": -2.0, "_BYTES_PER_SECOND": 1 << 40}, "ended with SIGXCPU; it needs more time"),
    ],
)
def test_building_takes_no_more_than_loading_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bounds: dict[str, float], said: str
) -> None:
    path = tmp_path / "many.nt"
    path.write_text("".join(f'<http://e/{n}> <http://e/p> "{n}" .\n' for n in range(400_000)))
    for bound, value in bounds.items():
        monkeypatch.setattr(allowance, bound, value)
    with pytest.raises(EnvironmentFault, match=said):
        ensure(tmp_path / "stores", [path], union=False)


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"absent\.nq: cannot be read"):
        answers(on_disk(tmp_path / "absent.nq"), "ASK {}")


def test_a_worker_on_disk_is_stopped_and_replaced_like_any(data: Path) -> None:
    async def main() -> None:
        pool = await Pool.open(on_disk(data, union=True))
        try:
            with pytest.raises(QueryTimeout):
                await ask(pool, ENDLESS, timeout=0.3)
            with pytest.raises(QueryOutOfMemory):
                await ask(pool, BOMB)
            assert b"http://g/0" in await ask(pool, GRAPHS)
        finally:
            await pool.close()

    asyncio.run(main())


def test_nobody_can_write_through_a_store_that_is_open(data: Path, tmp_path: Path) -> None:
    found = ensure(tmp_path / "stores", [data], union=False)
    pid = os.fork()
    if not pid:
        try:
            found.open().update("INSERT DATA { <http://e/new> <http://e/p> 1 }")
        finally:
            os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert b"http://e/new" not in answers(on_disk(data), ALL)[0]


def test_new_data_are_built_beside_the_old_ones_and_then_served(data: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.nq"
    new.write_text("<http://e/new> <http://e/p> <http://e/o> .\n", encoding="utf-8")

    async def main() -> None:
        relay = await Relay.open(on_disk(data, edition="1"))
        try:
            assert b"http://g/0" in await ask(relay, GRAPHS)
            await relay.replace(on_disk(new, edition="2"))
            assert b"http://e/new" in await ask(relay, ALL)
        finally:
            await relay.close()

    asyncio.run(main())
    assert len(stores(tmp_path / "stores")) == 2
