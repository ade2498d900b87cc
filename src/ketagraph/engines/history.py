"""What an engine's pointer graph tells of pushed versions: loaded, switched to, retired, removed.

The graph is a log: statements are added to it and never taken away, for one statement more is the only
change that every engine makes wholly or not at all. Switches are numbered, and the highest number is served.
What else happens names the highest number of its time, so that a later switch to the same version undoes it,
in whatever order the statements arrive. See docs/decisions/0018.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from itertools import count, islice

from ketagraph import names
from ketagraph.engines.view import versioned
from ketagraph.errors import EngineFailed, VersionRemoved

__all__ = ["LEASE", "POINTER", "Event", "History", "Kind", "Pointer", "Standing", "part_statement"]

_ENGINE = names.BASE + "engine/"
POINTER = _ENGINE + "pointer"
LEASE = timedelta(hours=6)
"""How long a push that says nothing more counts as under way. It says so anew each hour."""

_XSD, _SCHEMA, _PROV = (names.PREFIXES[each] for each in ("xsd", "schema", "prov"))

Row = Mapping[str, str]


class Kind(StrEnum):
    """What happens to a version, besides that it is switched to."""

    PUSHING = "pushing"
    RETIRED = "retired"
    REMOVING = "removing"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, order=True)
class Pointer:
    """A switch: its number, and the version; 0 and "" where nothing has been pushed."""

    position: int = 0
    version: str = ""

    def statement(self) -> str:
        """Write it as N-Triples."""
        position = f'"{self.position}"^^<{_XSD}integer>'
        return f"<{versioned(self.version)}> <{_SCHEMA}position> {position} .\n"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a version, ``after`` which switch, and when (to the second)."""

    kind: Kind
    version: str
    after: int
    since: datetime

    def statements(self) -> str:
        """Write it as N-Triples; while one of them is missing it counts for nothing."""
        when = self.since.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
        told = f"{self.kind} {self.version} {self.after} {when}"
        event = f"<{_ENGINE}event/{sha256(told.encode()).hexdigest()[:16]}>"
        return (
            f'{event} <{_ENGINE}after> "{self.after}"^^<{_XSD}integer> .\n'
            f'{event} <{_PROV}atTime> "{when}"^^<{_XSD}dateTime> .\n'
            f"{event} <{_ENGINE}{self.kind}> <{versioned(self.version)}> .\n"
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How a version stands in an engine, in a word, and since when where that is known."""

    version: str
    state: str
    since: datetime | None = None


def part_statement(version: str, graph: str) -> str:
    """Say, as N-Triples, that a graph is being loaded for a version."""
    return f"<{versioned(version)}> <{_SCHEMA}hasPart> <{graph}> .\n"


@dataclass(frozen=True, slots=True)
class History:
    """Every switch and every event of an engine, each sorted."""

    switches: tuple[Pointer, ...] = ()
    events: tuple[Event, ...] = ()

    @classmethod
    def of(cls, rows: Sequence[Row]) -> History:
        """Read the rows of ``engine-history.rq``.

        Raises:
            EngineFailed: the pointer graph holds what no push wrote.
        """
        try:
            switches = {_switch(row) for row in rows if "kind" not in row}
            events = {_event(row) for row in rows if "kind" in row}
        except (KeyError, ValueError) as error:
            raise EngineFailed(f"the graph {POINTER} holds what no push wrote: {error}") from error
        return cls(tuple(sorted(switches)), tuple(sorted(events, key=lambda each: (each.since, each.kind))))

    @property
    def current(self) -> Pointer:
        """What is served: the highest switch, of two equal ones the later name."""
        return max(self.switches, default=Pointer())

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version of which something may stand there: the latest switched to first."""
        known = {each.version for each in self.switches} | {each.version for each in self.events}
        there = (each for each in known if not self.since(Kind.REMOVED, each))
        return tuple(sorted(there, key=lambda each: (self.position(each), each), reverse=True))

    def position(self, version: str) -> int:
        """Return the number of the last switch to a version; 0 if there was none."""
        return max((each.position for each in self.switches if each.version == version), default=0)

    def since(self, kind: Kind, version: str) -> datetime | None:
        """Return when something happened to a version, the last time; None if not, or no more."""
        last = self.position(version)
        found = (each for each in self.events if (each.kind, each.version) == (kind, version))
        return max((each.since for each in found if each.after >= last), default=None)

    def check(self, version: str, where: str) -> None:
        """Pass a version that stands; ``where`` names the engine.

        Raises:
            VersionRemoved: it is being removed.
        """
        if since := self.since(Kind.REMOVING, version):
            raise VersionRemoved(
                f"{where}: version {version}, which was being read, is being removed since "
                f"{since:%Y-%m-%d %H:%M:%S} UTC; open it again to read version {self.current.version}"
            )

    def is_pushed(self, version: str, now: datetime) -> bool:
        """Whether a push of the version may be under way."""
        since = self.since(Kind.PUSHING, version)
        return since is not None and now - since < LEASE

    def free(self, version: str) -> str:
        """Name a version so that nobody is removing, or has removed, graphs of that name."""
        names_of = (version if number == 1 else f"{version}.{number}" for number in count(1))
        return next(each for each in names_of if not self.since(Kind.REMOVING, each))

    def surplus(self, keep: int, now: datetime) -> tuple[str, ...]:
        """Name what need not stand: all but the last ``keep`` that were served, and half-loaded ones.

        A version that is served, or that a push has yet to finish, is never among them.
        """
        whole = (each for each in self.versions if self.position(each))
        standing = (each for each in whole if not self.since(Kind.REMOVING, each))
        kept = {*islice(standing, keep), self.current.version}
        return tuple(
            each
            for each in self.versions
            if each not in kept and not (self.position(each) == 0 and self.is_pushed(each, now))
        )

    def standings(self, now: datetime) -> tuple[Standing, ...]:
        """Tell how every version stands, the one that is served first."""
        return tuple(self._standing(each, now) for each in self.versions)

    def _standing(self, version: str, now: datetime) -> Standing:
        if version == self.current.version:
            return Standing(version, "served")
        if since := self.since(Kind.REMOVING, version):
            return Standing(version, "being removed", since)
        pushing = self.since(Kind.PUSHING, version)
        if self.is_pushed(version, now):
            return Standing(version, "being pushed", pushing)
        if since := self.since(Kind.RETIRED, version):
            return Standing(version, "retired", since)
        return (
            Standing(version, "kept") if self.position(version) else Standing(version, "unfinished", pushing)
        )


def _name(iri: str) -> str:
    _, found, version = iri.rstrip("/").rpartition("/v.")
    if not found or not version:
        raise ValueError(iri)
    return version


def _switch(row: Row) -> Pointer:
    return Pointer(int(row["position"]), _name(row["version"]))


def _event(row: Row) -> Event:
    since = datetime.fromisoformat(row["since"])
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    kind = Kind(row["kind"].removeprefix(_ENGINE))
    return Event(kind, _name(row["version"]), int(row["position"]), since)
