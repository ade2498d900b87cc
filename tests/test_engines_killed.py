"""A real push, killed outright or out of room: what is served stays whole, and the next one goes on."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import IO, Any

import pytest

import real_engines
from ketagraph.engines.history import Kind
from ketagraph.engines.pushing import version_of
from ketagraph.engines.scratch import scratch
from ketagraph.engines.view import View
from ketagraph.releases import Release
from ketagraph.remote import Remote
from pushes import GRAPHS, Clock, damages, now, prune, push, served, small, written

pytestmark = pytest.mark.skipif(not real_engines.OXIGRAPH, reason="no oxigraph: pip install oxigraph")

KILLS = 6


@pytest.fixture
def engine_here(tmp_path: Path) -> Iterator[Remote]:
    with real_engines.oxigraph(tmp_path) as remote:
        yield remote


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def command(engine: Remote, release: Release | None, *more: str) -> list[str]:
    own = ["--release", str(release.path.parent)] if release else []
    return [sys.executable, "-m", "ketagraph", "push", "--engine", engine.url, *own, *more]


def killed(asked: list[str], temporary: Path, reached: Callable[[IO[str]], None]) -> int:
    """Run a command, kill it outright when ``reached`` returns, and return its status."""
    environment = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(asked, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        reached(process.stderr)
        process.kill()
    return process.returncode


def run(asked: list[str], temporary: Path, **given: Any) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TMPDIR": str(temporary)}
    return subprocess.run(asked, env=environment, capture_output=True, text=True, **given)


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What a command said besides how far it had come."""
    return [line for line in done.stderr.splitlines() if not line.endswith("loaded and verified")]


def test_pushes_killed_at_random_leave_what_is_served_whole_and_nothing_behind(
    engine_here: Remote, tmp_path: Path, temporary: Path
) -> None:
    numbers, unfinished = Random(20211), 0
    push(written(tmp_path, 0), engine_here)
    expected = {"0"}

    def reached(said: IO[str]) -> None:
        for _ in range(numbers.randint(0, GRAPHS + 2)):
            said.readline()
        time.sleep(numbers.uniform(0, 0.1))

    for number in range(1, KILLS + 1):
        release = written(tmp_path, number)
        status = killed(command(engine_here, release), temporary, reached)
        fresh, version = Remote(engine_here.url), version_of(release)
        if fresh.history().current.version == version:
            # It came as far as to switch.
            expected = {str(number)}
        else:
            assert status == -signal.SIGKILL
            bare = View(fresh.client.address.dialect)
            unfinished += any(fresh.count(graph, bare) for graph in fresh.graphs_of(version))
        assert (served(fresh), damages(fresh)) == (expected, {})
    assert unfinished > KILLS // 2
    done = run(command(engine_here, release), temporary)
    assert (done.returncode, "there already" in done.stderr) == (0, True)
    assert (served(engine_here), damages(engine_here)) == ({str(KILLS)}, {})
    # What the killed ones had on disk went with the next one, and in the engine it goes in time.
    assert list(temporary.iterdir()) == []
    clock = Clock(now())
    for _ in range(2):
        clock.go_on(days=2)
        prune(engine_here, clock)
    assert engine_here.history().versions == (version_of(release),)


def test_prunes_killed_at_random_are_finished_by_the_next(
    engine_here: Remote, tmp_path: Path, temporary: Path
) -> None:
    numbers, unfinished = Random(20212), 0
    releases = [written(tmp_path, number) for number in range(3)]
    for release in releases:
        push(release, engine_here)
    prune(engine_here, Clock())
    asked = command(engine_here, None, "--prune", "--keep", "1")

    def reached(_: IO[str]) -> None:
        before = len(engine_here.history().events)
        while len(engine_here.history().events) == before:
            time.sleep(0.02)
        time.sleep(numbers.uniform(0, 0.05))

    for _ in range(2):
        killed(asked, temporary, reached)
        history = engine_here.history()
        unfinished += any(history.since(Kind.REMOVING, each) for each in history.versions)
        assert (served(engine_here), damages(engine_here)) == ({"2"}, {})
    assert unfinished
    done = run(asked, temporary)
    assert (done.returncode, " removed" in done.stderr) == (0, True)
    assert engine_here.history().versions == (version_of(releases[2]),)
    assert (served(engine_here), damages(engine_here)) == ({"2"}, {})


def _short_of_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_no_room_for_temporary_files_is_one_message_and_the_next_push_completes(
    engine_here: Remote, tmp_path: Path, temporary: Path
) -> None:
    push(small(tmp_path, 0), engine_here)
    release = written(tmp_path, 1)
    done = run(command(engine_here, release), temporary, preexec_fn=_short_of_room)
    assert (done.returncode, said(done)) == (
        4,
        [
            f"cannot write below {temporary}: File too large; a push needs twice the size of the release "
            "there, and TMPDIR names another place; the engine serves what it served before"
        ],
    )
    assert list(temporary.iterdir()) == []
    assert (served(engine_here), damages(engine_here)) == ({"0"}, {})
    assert run(command(engine_here, release), temporary).returncode == 0
    assert (served(engine_here), damages(engine_here)) == ({"1"}, {})


@pytest.mark.parametrize("kilobytes", [4, 150, 400])
def test_a_disk_that_fills_up_during_a_push_is_one_message_and_nothing_is_lost(
    engine_here: Remote, tmp_path: Path, temporary: Path, kilobytes: int
) -> None:
    push(small(tmp_path, 0), engine_here)
    asked = command(engine_here, written(tmp_path, 1))
    mount = f'mount -t tmpfs -o size={kilobytes}k none "$TMPDIR" && exec "$@"'
    whole = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    if run([*whole, "true"], temporary).returncode:
        pytest.skip("no file system of one's own can be mounted here")
    done = run([*whole, *asked], temporary)
    (message,) = said(done)
    assert (done.returncode, "No space left on device; a push needs" in message) == (4, True)
    assert (served(engine_here), damages(engine_here)) == ({"0"}, {})


def test_a_folder_that_cannot_be_written_is_not_replaced_by_another_without_a_word(
    engine_here: Remote, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"
    done = run(command(engine_here, written(tmp_path, 1)), nowhere)
    message = f"TMPDIR names {nowhere}, where nothing can be written; free some space there"
    assert (done.returncode, said(done)) == (4, [message])


def test_folders_of_living_pushes_and_of_others_stay(temporary: Path) -> None:
    (temporary / "mine-without-lock").mkdir()
    (temporary / "other-1").mkdir()
    with scratch(temporary, "mine-") as first:
        with scratch(temporary, "mine-") as second:
            (second / "file").write_text("x")
            assert first != second
        left = {path.name for path in temporary.iterdir()}
        assert left == {"mine-without-lock", "other-1", first.name}
    (temporary / "mine-dead").mkdir()
    (temporary / "mine-dead" / "lock").touch()
    (temporary / "mine-dead" / "file").touch()
    with scratch(temporary, "mine-"):
        assert not (temporary / "mine-dead").exists()
    assert {path.name for path in temporary.iterdir()} == {"mine-without-lock", "other-1"}
