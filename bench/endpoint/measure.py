"""A process tree in, its processor seconds and memory out; work done in a block, counted."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["Spent", "hammer", "memory_mb", "spending"]

_LUA = Path(__file__).with_name("wrk.lua")


@dataclass(slots=True)
class Spent:
    """Seconds: of the clock, of the server's processors (its whole tree), of the client's."""

    wall: float = 0.0
    server: float = 0.0
    client: float = 0.0


@contextmanager
def spending(pid: int) -> Iterator[Spent]:
    """Count what a server and this process with its children spend in the block."""
    spent = Spent()
    server, client, began = _server(pid), _client(), time.perf_counter()
    yield spent
    spent.wall = time.perf_counter() - began
    spent.server, spent.client = _server(pid) - server, _client() - client


def memory_mb(pid: int) -> float:
    """Sum the proportional set size of a process tree, in megabytes: shared pages count once."""
    return float(sum(process.memory_full_info().pss for process in _tree(pid))) / 1e6


def hammer(
    port: int, targets: Iterable[str], pid: int, *, clients: int, seconds: int, unique: bool, serial: int
) -> dict[str, float]:
    """Load a server with wrk; figures per request, processor time in microseconds.

    Raises:
        RuntimeError: wrk is not installed, or told nothing.
    """
    if not shutil.which("wrk"):
        raise RuntimeError("the program wrk is not installed")
    with tempfile.NamedTemporaryFile("w", suffix=".targets") as file:
        file.write("\n".join(targets) + "\n")
        file.flush()
        environment = {**os.environ, "TARGETS": file.name, "UNIQUE": str(int(unique)), "SERIAL": str(serial)}
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", str(_LUA)]
        with spending(pid) as spent:
            told = subprocess.run(
                [*command, f"http://127.0.0.1:{port}/"],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
    figures: dict[str, float] = json.loads(told[told.index("\n{") :])
    return _per_request(figures, spent)


def _per_request(figures: dict[str, float], spent: Spent) -> dict[str, float]:
    requests = figures["requests"] or 1
    return {
        "per_second": figures["requests"] / figures["seconds"],
        "p50_ms": figures["p50_ms"],
        "p99_ms": figures["p99_ms"],
        "server_cpu_us": spent.server / requests * 1e6,
        "client_cpu_us": spent.client / requests * 1e6,
        "bytes": figures["bytes"] / requests,
        "errors": figures["errors"],
    }


def _server(pid: int) -> float:
    """Sum a tree's processor time, with that of children that have ended; in steps of 10 ms."""
    return sum(sum(process.cpu_times()[:4]) for process in _tree(pid))


def _client() -> float:
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]
