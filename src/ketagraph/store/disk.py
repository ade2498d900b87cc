"""Data too large for memory: stores on disk, built beside the old ones, whole or not at all, read by many.

A store is a folder named after the files it was made from. It is built under a hidden name and renamed when
all is written, so a build that is cut off leaves nothing that could be served. Whoever uses a store holds a
shared lock on it; stores of older data go when nobody does. The engine must not have been used before a
process forks workers that open a store, so a store is built in a process of its own.
"""

from __future__ import annotations

import faulthandler
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pyoxigraph
from pyoxigraph import DefaultGraph, NamedNode, Quad, Store

from ketagraph.errors import EnvironmentFault, Fault, SourceError
from ketagraph.store import allowance, confine, loading

__all__ = ["DiskStore", "build", "ensure", "memory_needed"]

_FACTS, _LOCK, _QUADS = "facts.json", "lock", "quads"
_BUILDING = ".building-"
_GRAPHS = 1000
_IN_MEMORY = 4
"""A file of one byte takes at most this many in memory once it is loaded."""
_UNFOLDED = 20
_BUILD_MEMORY = 8 << 30
"""Address space that building takes at most, however long the files: it writes what it has read."""


@dataclass(frozen=True, slots=True)
class DiskStore:
    """A built store: its folder, how many quads its files had, and their first named graphs, sorted."""

    path: Path
    quads: int
    graphs: tuple[str, ...]

    def open(self) -> Store:
        """Open it for reading, in a process that has not forked since it used the engine.

        Raises:
            EnvironmentFault: it has been damaged or removed.
        """
        try:
            return Store.read_only(str(self.path / _QUADS))
        except OSError as error:
            raise EnvironmentFault(f"{self.path}: cannot be opened: {error}") from error

    def hold(self) -> int:
        """Keep it from being removed until the descriptor that is returned is closed.

        Raises:
            EnvironmentFault: it has gone already.
        """
        try:
            descriptor = os.open(self.path / _LOCK, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        except OSError as error:
            raise EnvironmentFault(f"{self.path}: has been removed: {error.strerror}") from error
        return descriptor


def memory_needed(paths: Sequence[Path]) -> int:
    """Estimate the bytes of memory that the files would take once loaded.

    A file that is not there counts for nothing; whoever loads it says so.
    """
    return sum(
        path.stat().st_size * _IN_MEMORY * (_UNFOLDED if path.suffix == ".gz" else 1)
        for path in paths
        if path.is_file()
    )


def ensure(folder: Path, paths: Sequence[Path], *, union: bool) -> DiskStore:
    """Return the store of these files below ``folder``, built first where there is none.

    Raises:
        SourceError, EnvironmentFault: the files cannot be loaded, or the folder cannot be written.
    """
    target = folder / _name(paths, union=union)
    if not (target / _FACTS).is_file():
        _in_a_process(folder, paths, union=union)
    facts = json.loads((target / _FACTS).read_text(encoding="utf-8"))
    return DiskStore(target, facts["quads"], tuple(facts["graphs"]))


def build(folder: Path, paths: Sequence[Path], *, union: bool) -> Path:
    """Build the store of these files below ``folder``; older ones that nobody uses are removed.

    Raises:
        SourceError, EnvironmentFault: as :func:`ensure`.
    """
    target = folder / _name(paths, union=union)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear(folder, but=target)
        with _scratch(folder) as scratch:
            _fill(scratch, paths, union=union)
            if not (target / _FACTS).is_file():
                # What lies there without facts is damaged.
                shutil.rmtree(target, ignore_errors=True)
                scratch.rename(target)
    except OSError as error:
        raise EnvironmentFault(
            f"cannot build a store on disk below {folder}: {error.strerror or error}; free some space, or "
            "serve from memory (--disk-above-mb)"
        ) from error
    return target


def _fill(scratch: Path, paths: Sequence[Path], *, union: bool) -> None:
    store = Store(str(scratch / _QUADS))
    for path in paths:
        loading.load_file(store, path)
    quads = len(store)
    named = islice(store.named_graphs(), _GRAPHS)
    graphs = sorted(graph.value for graph in named if isinstance(graph, NamedNode))
    if union:
        everywhere = store.quads_for_pattern(None, None, None, None)
        inside = (quad for quad in everywhere if quad.graph_name != DefaultGraph())
        store.bulk_extend(Quad(quad.subject, quad.predicate, quad.object) for quad in inside)
    store.flush()
    # Bulk loading leaves many small files, all of which a look-up may have to search: five times as slow.
    store.optimize()
    # Last, and only now: a folder without it is no store.
    facts = json.dumps({"quads": quads, "graphs": graphs})
    (scratch / _FACTS).write_text(facts, encoding="utf-8")


def _name(paths: Sequence[Path], *, union: bool) -> str:
    """Name a store by what its files are: place, size and time of each, and the engine that writes it."""
    found = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return sha256(repr((found, union, pyoxigraph.__version__)).encode()).hexdigest()[:16]


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Make a hidden folder, locked while it is filled, and remove what is left of it."""
    scratch = folder / f"{_BUILDING}{os.getpid()}"
    scratch.mkdir()
    with (scratch / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _clear(folder: Path, *, but: Path) -> None:
    """Remove unfinished builds, and stores but the newest, that nobody holds."""
    found = [path for path in folder.iterdir() if path != but and path.is_dir()]
    built = sorted(
        (path for path in found if (path / _FACTS).is_file()), key=lambda path: path.stat().st_mtime
    )
    for path in set(found) - set(built[-1:]):
        if not _is_held(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_held(path: Path) -> bool:
    try:
        with (path / _LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # A folder that is no store of ours is none of our business.
        return True
    return False


def _in_a_process(folder: Path, paths: Sequence[Path], *, union: bool) -> None:
    """Build in a child, so that this process has never used the engine's files.

    Raises:
        SourceError, EnvironmentFault: what the child met.
    """
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        _be_builder(parent, writing, folder, paths, union=union)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    report: dict[str, Any] = (
        json.loads(told) if told else {"failed": _untold(folder, os.waitstatus_to_exitcode(status))}
    )
    if report.get("faults"):
        raise SourceError([Fault(*fault) for fault in report["faults"]])
    if "failed" in report:
        raise EnvironmentFault(report["failed"])


def _untold(folder: Path, code: int) -> str:
    return f"cannot build a store on disk below {folder}: {allowance.ended(code)}"


def _be_builder(parent: int, writing: int, folder: Path, paths: Sequence[Path], *, union: bool) -> None:
    report: dict[str, Any] = {}
    try:
        confine.die_with_parent(parent)
        confine.leave_no_core()
        # How it ends is told by its status; a trace of the stack says nothing to whoever asked for a store.
        faulthandler.disable()
        allowance.allow(paths, most=_BUILD_MEMORY)
        build(folder, paths, union=union)
    except SourceError as error:
        report = {"faults": [[each.path, each.line, each.column, each.message] for each in error.faults]}
    except EnvironmentFault as error:
        report = {"failed": str(error)}
    finally:
        # What else was raised ends the child without a word, which is told too; never back into the caller.
        if report or (folder / _name(paths, union=union) / _FACTS).is_file():
            os.write(writing, json.dumps(report).encode())
        os._exit(0)
