"""Every error KetaGraph raises on purpose, as one tree.

    KetaGraphError                    exit 1
    ├── SourceError                   exit 3   rows, Turtle or query files that break their rules
    ├── OntologyError                 exit 1   inconsistent, or a class that can have no member
    ├── ValidationFailed              exit 1   shapes or checks found violations
    ├── EnvironmentFault              exit 4   Java, a port, a file or a folder that cannot be used
    ├── UnknownName                   exit 5   no such entity, question or graph; suggestions attached
    │   └── AmbiguousName             exit 5   several entities answer to the name
    ├── QueryRefused                  exit 6   the guard said no; carries line and column
    │   └── QuerySyntaxError          exit 6   the engine could not parse it
    └── QueryStopped                  exit 6   deadline, memory cap or queue
        ├── QueryTimeout
        ├── QueryOutOfMemory
        ├── QueryCancelled
        ├── EngineFailed                      an engine elsewhere is down, or answers nothing usable
        ├── VersionRemoved                    what an engine was asked for is being removed from it
        ├── ServiceFailed                     another endpoint, asked by SERVICE, did not answer
        └── Overloaded
            └── RateLimited

Exit codes are a public contract (README, "Exit codes"); 7 is not an error: ``check`` answers it where
a claim has no evidence. A message says where, what was found, what was expected and how to mend it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "AmbiguousName",
    "EngineFailed",
    "EnvironmentFault",
    "Fault",
    "KetaGraphError",
    "OntologyError",
    "Overloaded",
    "QueryCancelled",
    "QueryOutOfMemory",
    "QueryRefused",
    "QueryStopped",
    "QuerySyntaxError",
    "QueryTimeout",
    "RateLimited",
    "ServiceFailed",
    "SourceError",
    "UnknownName",
    "ValidationFailed",
    "VersionRemoved",
]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong at one place: ``path:line: column: message``.

    ``line`` is 1-based (0: the whole file); ``column`` is a table's column name or a character
    position, empty where neither applies.
    """

    path: str
    line: int
    column: str
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return ": ".join(part for part in (place, self.column, self.message) if part)


class KetaGraphError(Exception):
    """Base of all deliberate errors; ``exit_code`` is what the command line exits with."""

    exit_code = 1


class SourceError(KetaGraphError):
    """Hand-written sources break their rules; ``faults`` lists every place, sorted."""

    exit_code = 3

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class OntologyError(KetaGraphError):
    """The ontology has no model, or ``classes`` (labels) can have no member."""

    def __init__(self, message: str, classes: Sequence[str] = ()) -> None:
        self.classes = tuple(classes)
        super().__init__(message)


class ValidationFailed(KetaGraphError):
    """Shapes or checks found violations; ``count`` says how many."""

    def __init__(self, message: str, count: int) -> None:
        self.count = count
        super().__init__(message)


class EnvironmentFault(KetaGraphError):
    """The machine lacks something: Java, a free port, a readable file, a built release."""

    exit_code = 4


class UnknownName(KetaGraphError):
    """A name that nothing answers to; ``suggestions`` are near labels, best first."""

    exit_code = 5

    def __init__(self, message: str, suggestions: Sequence[str] = ()) -> None:
        self.suggestions = tuple(suggestions)
        super().__init__(message)


class AmbiguousName(UnknownName):
    """A name that several entities answer to; ``suggestions`` lists them all."""


class QueryRefused(KetaGraphError):
    """A query the guard turns away; ``line`` and ``column`` are 1-based, in characters."""

    exit_code = 6

    def __init__(self, message: str, *, line: int = 0, column: int = 0, status: int = 400) -> None:
        self.line, self.column, self.status = line, column, status
        super().__init__(message)


class QuerySyntaxError(QueryRefused):
    """The engine could not parse the query."""


class QueryStopped(KetaGraphError):
    """An accepted query that was not finished."""

    exit_code = 6


class QueryTimeout(QueryStopped):
    """The deadline passed and the worker was killed."""


class QueryOutOfMemory(QueryStopped):
    """The worker hit its memory cap and was replaced."""


class QueryCancelled(QueryStopped):
    """Whoever asked, or knew the query's id, had it stopped."""


class ServiceFailed(QueryStopped):
    """Another endpoint, asked by SERVICE, could not be reached or did not answer as it should."""


class EngineFailed(QueryStopped):
    """An engine elsewhere is down, or what it answers cannot be used; nothing of that was passed on."""


class VersionRemoved(QueryStopped):
    """The version of a release that was asked for is being removed from its engine; ask anew for another."""


class Overloaded(QueryStopped):
    """Every worker is busy and the queue is full; ``retry_after`` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class RateLimited(Overloaded):
    """One client has asked for more than its share."""
