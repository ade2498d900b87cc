"""Old versions out of an engine: retired first, removed by a later run, never while anybody may need them.

Each step is said in the engine's history before it is done, so that whoever reads or pushes a version sees
it; what was begun and broken off, the next run finishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ketagraph.engines.history import Event, History, Kind
from ketagraph.engines.loading import Loader
from ketagraph.engines.work import Clock
from ketagraph.errors import EngineFailed
from ketagraph.remote import Remote

__all__ = ["LEAST_GRACE", "Pruned", "prune"]

LEAST_GRACE = timedelta(minutes=1)
"""Servers look at the history every few seconds, and rely on this much between retiring and removing."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pruned:
    """Which versions were retired, and which were removed, each in the order in which it was done."""

    retired: tuple[str, ...]
    removed: tuple[str, ...]


def prune(
    remote: Remote,
    *,
    keep: int,
    grace: timedelta,
    by_updates: bool = False,
    clock: Clock,
    progress: Progress,
) -> Pruned:
    """Retire all versions but the last ``keep`` that were served; remove those retired ``grace`` ago.

    Raises:
        ValueError: ``keep`` is below 1, or ``grace`` below LEAST_GRACE.
        EngineFailed, EnvironmentFault: the engine failed; the same call goes on where it ended.
    """
    if keep < 1 or grace < LEAST_GRACE:
        raise ValueError(f"keep {keep}, grace {grace}: expected at least 1 and {LEAST_GRACE}")
    loader = Loader.of(remote, by_updates=by_updates)
    retired = tuple(_retired(loader, keep, grace, clock, progress))
    history = remote.history()
    due = [each for each in history.surplus(keep, clock()) if _is_due(history, each, grace, clock())]
    removed = tuple(each for each in due if _is_removed(loader, history, each, clock, progress))
    return Pruned(retired, removed)


def _retired(loader: Loader, keep: int, grace: timedelta, clock: Clock, progress: Progress) -> Iterator[str]:
    """Retire what is surplus; yield each version once that is said."""
    history, now = loader.remote.history(), clock()
    for version in history.surplus(keep, now):
        if history.since(Kind.RETIRED, version) or history.since(Kind.REMOVING, version):
            continue
        loader.note(Event(Kind.RETIRED, version, history.current.position, now))
        progress(f"version {version}: retired; removed by a push after {now + grace:%Y-%m-%d %H:%M} UTC")
        yield version


def _is_due(history: History, version: str, grace: timedelta, now: datetime) -> bool:
    if history.is_pushed(version, now):
        return False
    retired = history.since(Kind.RETIRED, version)
    return bool(history.since(Kind.REMOVING, version) or (retired and now - retired >= grace))


def _is_removed(loader: Loader, history: History, version: str, clock: Clock, progress: Progress) -> bool:
    """Remove the graphs of a version, the manifest last; False where somebody turned out to need them.

    ``history`` is that by which it was found to be due: a later switch to it undoes what is said here.

    Raises:
        EngineFailed: the engine keeps what it was to remove.
    """
    if not history.since(Kind.REMOVING, version):
        loader.note(Event(Kind.REMOVING, version, history.current.position, clock()))
    graphs = loader.remote.graphs_of(version)
    for graph in graphs:
        if needed := _needed(loader.remote.history(), version, clock()):
            progress(f"version {version}: left where it is: {needed}")
            return False
        loader.drop(graph)
        if left := loader.count(graph):
            raise EngineFailed(f"the engine still holds {left} statements of {graph} after removing it")
    loader.note(Event(Kind.REMOVED, version, history.current.position, clock()))
    progress(f"version {version}: removed, {len(graphs)} graphs")
    return True


def _needed(history: History, version: str, now: datetime) -> str:
    if not history.since(Kind.REMOVING, version):
        return "it has been switched to"
    return "a push of it is under way" if history.is_pushed(version, now) else ""
