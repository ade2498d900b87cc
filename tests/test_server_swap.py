"""A new release under a running server: taken up without a lost request, refused where it is damaged."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from ketagraph import names, releases
from test_releases import built
from test_server_running import Running, running

WORD = f"SELECT ?word {{ ?thing <{names.term('word')}> ?word }}"
MANY = " ".join(map(str, range(100)))
ENDLESS = "SELECT (COUNT(*) AS ?n) {" + "".join(f"VALUES ?v{i} {{ {MANY} }}" for i in range(8)) + "}"
BOUND = 15.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    releases.write(built("first"), tmp_path / "release")
    return tmp_path / "release"


@pytest.fixture(params=["in memory", "on disk"])
def server(folder: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    first = releases.current(folder)
    options = {"follow": str(folder), "edition": first.digest, "union_default_graph": True}
    if request.param == "on disk":
        options |= {"disk_folder": str(folder / ".stores"), "disk_above_mb": 0}
    with running(first.data, workers=2, timeout=2, **options) as server:
        yield server


def word(server: Running) -> str:
    answer = server.ask(WORD)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["results"]["bindings"][0]["word"]["value"])


def stores(folder: Path) -> list[str]:
    """Names of the stores on disk that are whole."""
    return sorted(path.parent.name for path in (folder / ".stores").glob("[!.]*/facts.json"))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def stderr_after(server: Running) -> str:
    server.process.send_signal(signal.SIGTERM)
    return server.process.communicate(timeout=20)[1]


def test_a_new_release_is_taken_up_without_a_lost_request(folder, server):
    seen: list[str] = []
    stop = threading.Event()

    def ask_on() -> None:
        with httpx.Client() as client:
            while not stop.is_set():
                answer = client.get(f"{server.url}/sparql", params={"query": WORD})
                seen.append(answer.text if answer.status_code == 200 else f"status {answer.status_code}")

    askers = [threading.Thread(target=ask_on) for _ in range(3)]
    for asker in askers:
        asker.start()
    releases.write(built("second"), folder)
    until(lambda: word(server) == "second")
    stop.set()
    for asker in askers:
        asker.join()
    kinds = ["first" if '"first"' in text else "second" if '"second"' in text else text for text in seen]
    assert set(kinds) == {"first", "second"}
    assert "swapped" in stderr_after(server)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_runs_on_the_old_data_ends_there_and_then_the_old_process_goes(folder, server):
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    old = threading.Thread(target=lambda: endings.append(server.ask(ENDLESS).status_code))
    endings: list[int] = []
    old.start()
    time.sleep(0.2)
    releases.write(built("second"), folder)
    server.process.send_signal(signal.SIGHUP)
    until(lambda: word(server) == "second")
    old.join()
    assert endings == [503]
    until(lambda: len(children.read_text().split()) == 1)


@pytest.mark.parametrize("server", ["on disk"], indirect=True)
def test_each_release_on_disk_has_a_store_and_the_one_in_use_stays(folder, server):
    (first,) = stores(folder)
    releases.write(built("second"), folder)
    until(lambda: word(server) == "second")
    (second,) = set(stores(folder)) - {first}
    releases.write(built("third"), folder)
    until(lambda: word(server) == "third")
    assert second in stores(folder)
    assert len(stores(folder)) in {2, 3}


def test_a_damaged_release_is_refused_and_the_old_one_serves_on(folder, server):
    releases.write(built("second"), folder.with_name("elsewhere"))
    moved = releases.current(folder.with_name("elsewhere")).path
    (moved / "ketagraph.nq").write_bytes(b"<http://e/a> <http://e/b> <http://e/c> .\n")
    point(folder, moved)
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert word(server) == "first"
    point(folder, folder / "nowhere")
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert word(server) == "first"
    releases.write(built("third"), folder)
    until(lambda: word(server) == "third")
    errors = stderr_after(server)
    assert errors.count("refused") >= 2
    assert "differs from its manifest" in errors


def point(folder: Path, target: Path) -> None:
    fresh = folder / ".fresh"
    fresh.symlink_to(target)
    fresh.replace(folder / "current")


def test_a_single_file_is_read_again_on_a_signal_and_only_if_it_can_be_read(tmp_path):
    data = tmp_path / "data.nt"
    data.write_text(f'<http://e/a> <{names.term("word")}> "first" .\n')
    with running(data, workers=1) as server:
        data.write_text(f'<http://e/a> <{names.term("word")}> "second" .\n')
        assert word(server) == "first"
        server.process.send_signal(signal.SIGHUP)
        until(lambda: word(server) == "second")
        data.write_text("broken")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert word(server) == "second"
        assert "data.nt:1" in stderr_after(server)
