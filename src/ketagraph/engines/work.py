"""A push that others can see: it says that it is under way, and sees whether its graphs are being removed.

Who pushes writes first and reads then, and so does who removes: of the two at least one sees the other, and
gives way. See docs/decisions/0018.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ketagraph.engines.history import POINTER, Event, History, Kind, part_statement
from ketagraph.engines.loading import Loader
from ketagraph.errors import EngineFailed

__all__ = ["Clock", "Work"]

Clock = Callable[[], datetime]
"""Tells the time, with its zone."""

_RENEW = timedelta(hours=1)


@dataclass
class Work:
    """The push of one version, named as its graphs are. Made by :meth:`begin`."""

    loader: Loader
    version: str
    clock: Clock
    told: datetime
    _parts: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, loader: Loader, version: str, clock: Clock) -> Work:
        """Say that a version is being pushed; under another name where one of its name was removed.

        Raises:
            EngineFailed, EnvironmentFault: the engine cannot be read or written.
        """
        history, now = loader.remote.history(), clock()
        work = cls(loader, history.free(version), clock, now)
        if work.version == history.current.version:
            # What is served is not removed: nothing need be said.
            return work
        work._parts |= set(loader.remote.graphs_of(work.version))
        work.renewed()
        return work

    def tell(self, graph: str) -> None:
        """Say that a graph is being loaded, so that it is found again whatever becomes of this push."""
        self.renew()
        if graph not in self._parts:
            self.loader.add(POINTER, part_statement(self.version, graph))
            self._parts.add(graph)

    def renew(self) -> None:
        """Say anew, once in a while, that this goes on."""
        if self.clock() - self.told >= _RENEW:
            self.renewed()

    def renewed(self) -> History:
        """Say that this goes on; return what has happened until now.

        Raises:
            EngineFailed: the version's graphs are being removed.
        """
        loader, self.told = self.loader, self.clock()
        position = loader.remote.history().current.position
        loader.note(Event(Kind.PUSHING, self.version, position, self.told))
        history = loader.remote.history()
        if since := history.since(Kind.REMOVING, self.version):
            raise EngineFailed(
                f"version {self.version} is being removed since {since:%Y-%m-%d %H:%M:%S} UTC, "
                "as if its push had been abandoned; push again"
            )
        return history
