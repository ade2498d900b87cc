"""Pushes to an engine that is quick to start: by any way, cut off, seen by servers, sessions and commands."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import real_engines
from ketagraph import names
from ketagraph.engines import pushing
from ketagraph.engines.client import Client
from ketagraph.engines.history import POINTER, Pointer
from ketagraph.engines.store import EngineSettings, EngineStore
from ketagraph.engines.view import versioned
from ketagraph.errors import EngineFailed, EnvironmentFault, VersionRemoved
from ketagraph.mcp_server import Limits, Tools
from ketagraph.releases import Release
from ketagraph.remote import Remote
from ketagraph.store import Query
from pushes import VALUES, Clock, damages, now, prune, push, served, small, written
from real_engines import serving_from
from scripted_engine import Killed

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
NEEDS_OXIGRAPH = pytest.mark.skipif(not real_engines.OXIGRAPH, reason="no oxigraph: pip install oxigraph")


@pytest.fixture
def engine_here(tmp_path: Path) -> Iterator[Remote]:
    with real_engines.oxigraph(tmp_path) as remote:
        yield remote


@NEEDS_OXIGRAPH
@pytest.mark.parametrize("by_updates", [False, True], ids=["graphs", "updates"])
def test_killed_at_any_request_the_old_version_is_whole_and_the_push_goes_on(
    engine_here: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_updates: bool
) -> None:
    old = small(tmp_path, 1)
    push(old, engine_here, by_updates=by_updates)
    sent, most = Client._sent, 0
    for number in range(2, 60, 4):
        calls = [0]

        def dying(
            self: Client, *args: Any, calls: list[int] = calls, last: int = number - 2, **given: Any
        ) -> Any:
            calls[0] += 1
            if calls[0] > last:
                raise Killed
            return sent(self, *args, **given)

        monkeypatch.setattr(Client, "_sent", dying)
        try:
            push(small(tmp_path, number), Remote(engine_here.url), by_updates=by_updates)
        except Killed:
            monkeypatch.setattr(Client, "_sent", sent)
            assert (len(served(engine_here)), damages(engine_here)) == (1, {})
            most = number
        else:
            break
    monkeypatch.setattr(Client, "_sent", sent)
    assert most > 5
    assert served(engine_here) == {str(number)}
    resumed = push(old, engine_here, by_updates=by_updates)
    assert (resumed.loaded, resumed.switched) == (0, True)
    assert served(engine_here) == {"1"}


@NEEDS_OXIGRAPH
def test_what_was_imported_is_pushed_with_the_release(engine_here: Remote, tmp_path: Path) -> None:
    release, external = small(tmp_path, 1), names.graph("external/other")
    imported = tmp_path / "other.nq"
    shared = f'<urn:s1> <urn:p> "1" <{external}> .\n'
    imported.write_text(f"{shared}<urn:x> <urn:is> <urn:imported> <{external}> .\n", encoding="utf-8")
    push(release, engine_here, imported=[imported])
    seen = Remote(engine_here.url)
    assert seen.view.names == (names.graph("evidence"), external, names.graph("ontology"))
    # A statement of several graphs counts once in the default graph.
    assert seen.ask("ASK { <urn:x> <urn:is> <urn:imported> }")
    assert [row[0].value for row in seen.select(COUNT)[1] if row[0]] == ["22"]
    assert pushing.version_of(release, [imported]) != pushing.version_of(release)


@NEEDS_OXIGRAPH
def test_a_half_loaded_version_is_not_taken_up(engine_here: Remote, tmp_path: Path) -> None:
    first, second = small(tmp_path, 1), small(tmp_path, 2)
    push(first, engine_here)

    async def followed() -> tuple[str, str]:
        settings = EngineSettings(engine_here.client.address, recheck=0.05)
        store = await EngineStore.open(settings)
        before = store.edition
        await asyncio.to_thread(push, second, engine_here)
        while store.edition == before:
            await asyncio.sleep(0.05)
        taken = store.edition
        evidence = versioned(pushing.version_of(first)) + "evidence"
        engine_here.client.drop(evidence)
        pointer = Pointer(99, pushing.version_of(first))
        engine_here.client.add(POINTER, pointer.statement().encode())
        store.nudge()
        await asyncio.sleep(0.5)
        async with store.query(Query(COUNT)) as answer:
            assert b"".join([piece async for piece in answer])
        still = store.edition
        await store.close()
        return taken, still

    taken, still = asyncio.run(followed())
    assert taken == still
    with pytest.raises(EngineFailed, match=r"holds 0 of 20 statements .*; run: ketagraph push"):
        Remote(engine_here.url).select(COUNT)


@NEEDS_OXIGRAPH
def test_a_read_only_engine_is_one_message_and_serves_on(tmp_path: Path) -> None:
    with real_engines.oxigraph(tmp_path) as remote:
        push(small(tmp_path, 1), remote)
    with real_engines.oxigraph(tmp_path, read_only=True) as remote:
        with pytest.raises(EngineFailed, match=r"cannot write to it|does not let us"):
            push(small(tmp_path, 2), remote)
        assert served(remote) == {"1"}


@NEEDS_OXIGRAPH
def test_a_disk_that_is_full_leaves_the_old_version(
    engine_here: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(small(tmp_path, 1), engine_here)
    put, calls = Client.put, []

    def full(self: Client, iri: str, statements: bytes) -> None:
        calls.append(iri)
        if len(calls) == 2:
            raise EngineFailed(f"{self.address.url}: cannot write to it: 507: no space left on device")
        put(self, iri, statements)

    monkeypatch.setattr(Client, "put", full)
    with pytest.raises(EngineFailed, match="no space left"):
        push(small(tmp_path, 2), engine_here)
    assert served(engine_here) == {"1"}


@NEEDS_OXIGRAPH
def test_files_for_a_bulk_loader_are_found_when_they_are_loaded(engine_here: Remote, tmp_path: Path) -> None:
    release = small(tmp_path, 1)
    dialect, version = engine_here.client.address.dialect, pushing.version_of(release)
    for path in pushing.write_files(release, dialect, tmp_path / "bulk", version=version):
        graph = path.with_name(f"{path.name}.graph").read_text(encoding="utf-8").strip()
        engine_here.client.put(graph, path.read_bytes())
    pushed = push(release, engine_here)
    # The manifest alone is left to load.
    assert (pushed.loaded, pushed.switched) == (1, True)


def test_an_engine_that_is_down_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="cannot be reached"):
        push(small(tmp_path, 1), Remote("http://127.0.0.1:9/query"))


@NEEDS_OXIGRAPH
def test_a_server_never_passes_on_an_answer_of_a_version_that_is_being_removed(
    engine_here: Remote, tmp_path: Path
) -> None:
    first, second = small(tmp_path, 1), small(tmp_path, 2)
    clock = Clock(now())
    push(first, engine_here, clock=clock)

    async def asked(**given: float) -> bytes:
        # As if it could not look at the pointer for ten minutes.
        store = await EngineStore.open(EngineSettings(engine_here.client.address, recheck=600, **given))
        try:
            async with store.query(Query(VALUES)) as answer:
                before = b"".join([piece async for piece in answer])
            await asyncio.to_thread(push, second, engine_here, clock=clock)
            await asyncio.to_thread(prune, engine_here, clock)
            clock.go_on(days=2)
            await asyncio.to_thread(prune, engine_here, clock)
            async with store.query(Query(VALUES)) as answer:
                assert b"".join([piece async for piece in answer]) == before
        finally:
            await store.close()
        return before

    with pytest.raises(VersionRemoved, match="is being removed since"):
        asyncio.run(asked(trusted=0.0))


@NEEDS_OXIGRAPH
def test_a_server_whose_version_is_removed_says_503_until_it_finds_a_whole_one(
    engine_here: Remote, tmp_path: Path
) -> None:
    first, clock = small(tmp_path, 1), Clock(now())
    push(first, engine_here, clock=clock)
    with serving_from(engine_here) as client:
        limit = count(1)

        def shown() -> tuple[int, str, int]:
            # Each time another query, for answers are kept.
            found = client.get("/sparql", params={"query": f"{VALUES} LIMIT {next(limit)}"})
            return found.status_code, found.json().get("type", "rows"), client.get("/readyz").status_code

        def waits_for(expected: tuple[int, str, int]) -> None:
            until = time.monotonic() + 30
            while shown() != expected:
                assert time.monotonic() < until, shown()
                time.sleep(0.2)

        assert shown() == (200, "rows", 200)
        # A version that is not there is never taken up; so the old one is served on, also when it is retired.
        engine_here.client.add(POINTER, Pointer(99, "missing").statement().encode())
        assert len(prune(engine_here, clock).retired) == 1
        time.sleep(2.5)
        assert shown() == (200, "rows", 200)
        clock.go_on(days=2)
        assert len(prune(engine_here, clock).removed) == 1
        waits_for((503, "https://w3id.org/ketagraph/errors/version-removed", 503))
        assert push(first, engine_here, clock=clock).version == f"{pushing.version_of(first)}.2"
        waits_for((200, "rows", 200))


@NEEDS_OXIGRAPH
def test_assistants_are_answered_from_the_version_that_is_current(
    engine_here: Remote, tmp_path: Path
) -> None:
    tools, found = Tools(engine_here.client.address, Limits()), []
    for number in (1, 2):
        push(small(tmp_path, number), engine_here)
        found.append([row["value"] for row in tools.kg.select(VALUES)])
    assert found == [["1"], ["2"]]


@NEEDS_OXIGRAPH
def test_the_command_retires_and_removes(engine_here: Remote, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        push(small(tmp_path, number), engine_here)
    # Long ago, by the clock of the command.
    prune(engine_here, Clock(), keep=2)
    command = [sys.executable, "-m", "ketagraph", "push", "--engine", engine_here.url, "--prune"]
    done = subprocess.run([*command, "--keep", "1", "--grace", "0.1"], capture_output=True, text=True)
    first, second, third = (pushing.version_of(small(tmp_path, number)) for number in (1, 2, 3))
    assert done.returncode == 0
    assert re.sub("after .*", "after …", done.stderr).splitlines() == [
        f"version {second}: retired; removed by a push after …",
        f"version {first}: removed, 4 graphs",
        f"{engine_here.url}: 1 version(s) retired, 1 removed",
    ]
    assert engine_here.history().versions == (third, second)


def test_files_are_written_for_an_engine_that_is_not_started_yet(tmp_path: Path) -> None:
    release, folder = written(tmp_path, 1), tmp_path / "bulk"
    url = "http://127.0.0.1:9/query"
    command = [sys.executable, "-m", "ketagraph", "push", "--engine", url, "--to-files", str(folder)]
    done = subprocess.run([*command, "--release", str(release.path.parent)], capture_output=True, text=True)
    assert done.returncode == 0
    first, second = done.stderr.splitlines()
    assert first.endswith("files are named as for an engine that never held this release")
    assert second == f"9 graph(s) written below {folder}; load them, then push again"
    version = versioned(pushing.version_of(release))
    assert (folder / "graph-0.nt.graph").read_text(encoding="utf-8") == f"{version}graph-0\n"
    assert len((folder / "union.nt").read_bytes().splitlines()) == 8000


def test_a_prune_has_nothing_to_write(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ketagraph", "push", "--engine", "http://127.0.0.1:9/query", "--prune"]
    done = subprocess.run([*command, "--to-files", str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, "nothing to write" in done.stderr) == (2, True)


@NEEDS_OXIGRAPH
def test_doctor_tells_which_versions_stand_in_an_engine(
    engine_here: Remote, tmp_path: Path, release: Release
) -> None:
    clock = Clock()
    for each in (small(tmp_path, 1), small(tmp_path, 2), release):
        push(each, engine_here, clock=clock)
    prune(engine_here, clock, keep=2)
    command = [sys.executable, "-m", "ketagraph", "doctor", "--engine", engine_here.url, "--format", "json"]
    done = subprocess.run([*command, "--release", str(release.path.parent)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = (pushing.version_of(small(tmp_path, number)) for number in (1, 2))
    assert json.loads(done.stdout)["versions"] == [
        {"version": pushing.version_of(release), "state": "served", "since": None},
        {"version": second, "state": "kept", "since": None},
        {"version": first, "state": "retired", "since": "2026-01-01T00:00:00Z"},
    ]
