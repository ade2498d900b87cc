"""What is asked of a store and what comes back: one query in, one streamed answer out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Answer", "Outcome", "Query", "Store"]


@dataclass(frozen=True, slots=True)
class Query:
    """One read-only SPARQL query with its limits; the text is never edited.

    ``bindings_type`` is the media type for SELECT and ASK, ``graph_type`` the one for CONSTRUCT and
    DESCRIBE, None where the asker takes neither. ``timeout`` is in seconds, from arrival to the last
    byte; ``max_rows`` counts rows or triples. ``default_graphs`` and ``named_graphs`` are the dataset
    of the request (https://www.w3.org/TR/sparql11-protocol/#dataset), None together where it has none;
    they prevail over FROM. ``base`` resolves relative IRIs.
    """

    text: str
    bindings_type: str | None = "application/sparql-results+json"
    graph_type: str | None = "text/turtle"
    timeout: float = 10.0
    max_rows: int = 10_000
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an evaluation ended: the rows (or triples) written, and whether there were more.

    ``announced`` says that the body itself tells that it was cut.
    """

    rows: int
    truncated: bool
    announced: bool = False


class Answer(Protocol):
    """An open answer. ``outcome`` and ``size`` (bytes) are None while the end is not yet known.

    Iterating gives the body in pieces; it raises QueryStopped or QueryRefused if the body cannot be
    completed, and then what was given must not be passed off as whole.
    """

    @property
    def media_type(self) -> str:
        """What the body is written in."""

    @property
    def outcome(self) -> Outcome | None:
        """How it ended."""

    @property
    def size(self) -> int | None:
        """How many bytes are left to read."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...


class Store(Protocol):
    """A dataset that answers queries within their limits; leaving an answer's block stops its work."""

    @property
    def ready(self) -> bool:
        """Whether queries are being answered."""

    @property
    def edition(self) -> str:
        """Name the state of the data that the next query will see; equal names, equal answers."""

    @property
    def graphs(self) -> Sequence[str]:
        """Name the named graphs, sorted; of very many only some."""

    def query(self, query: Query) -> AbstractAsyncContextManager[Answer]:
        """Ask.

        Raises:
            QueryRefused: the query cannot be parsed or evaluated, or has no acceptable form.
            QueryStopped: a limit was reached before the first byte.
        """

    async def close(self) -> None:
        """Stop every worker and give the memory back."""
