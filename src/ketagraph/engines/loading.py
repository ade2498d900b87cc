"""Graphs into one engine and out again, by the Graph Store Protocol or by SPARQL Update."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO

from ketagraph.dossier import stored_query
from ketagraph.engines.client import Client
from ketagraph.engines.history import POINTER, Event, Pointer
from ketagraph.engines.manifest import Listed
from ketagraph.engines.parts import Part
from ketagraph.engines.view import View
from ketagraph.errors import EngineFailed, EnvironmentFault
from ketagraph.questions import bind, parse
from ketagraph.remote import Remote
from ketagraph.store.fingerprint import fingerprint
from ketagraph.store.query import Query

__all__ = ["Loader"]


@dataclass(frozen=True)
class Loader:
    """How graphs get into one engine; ``by_updates`` speaks SPARQL Update. Made by :meth:`of`."""

    client: Client
    remote: Remote
    by_updates: bool

    @classmethod
    def of(cls, remote: Remote, *, by_updates: bool) -> Loader:
        """Choose the way in.

        Raises:
            EnvironmentFault: the engine has none, or cannot be reached.
        """
        address = remote.client.address
        if not (by_updates or address.graphs or address.updates):
            raise EnvironmentFault(f"{address.url}: a {address.dialect.name} engine takes no data over HTTP")
        return cls(remote.client, remote, by_updates or not address.graphs)

    def add(self, graph: str, statements: str) -> None:
        """Add statements to a graph."""
        if self.by_updates:
            # Not INSERT DATA: Virtuoso takes no blank node there.
            self.client.update(f"INSERT {{ GRAPH <{graph}> {{\n{statements}}} }} WHERE {{}}")
        else:
            self.client.add(graph, statements.encode())

    def note(self, happened: Event | Pointer) -> None:
        """Add to the engine's history."""
        told = happened.statement() if isinstance(happened, Pointer) else happened.statements()
        self.add(POINTER, told)

    def put(self, graph: str, statements: bytes) -> None:
        """Put statements in the place of what a graph holds."""
        if self.by_updates:
            self.drop(graph)
            self.add(graph, statements.decode())
        else:
            self.client.put(graph, statements)

    def drop(self, graph: str) -> None:
        """Remove a graph; one that is not there is no fault."""
        if self.by_updates:
            self.client.update(f"DROP SILENT GRAPH <{graph}>")
        else:
            self.client.drop(graph)

    def count(self, graph: str) -> int:
        """Count what the engine holds of a graph."""
        return self.remote.count(graph, View(self.client.address.dialect))

    def differs(self, listed: Listed) -> str:
        """Tell how what the engine holds of a graph differs; empty where it does not."""
        found = self.count(listed.graph)
        if found != listed.triples:
            return f"{found} of {listed.triples} statements"
        with self._fetched(listed.graph) as (statements, form):
            return "" if fingerprint(statements, form).digest == listed.digest else "others"

    def check(self, part: Part) -> None:
        """Pass a graph that has just been loaded.

        Raises:
            EngineFailed: the engine does not hold what it was given.
        """
        if found := self.differs(part.listed):
            raise EngineFailed(
                f"the engine holds {found} of {part.graph} after loading; what it served before is as it was"
            )

    def _fetched(self, graph: str) -> AbstractContextManager[tuple[IO[bytes], str]]:
        if not self.by_updates:
            return self.client.graph(graph)
        name = "engine-statements"
        text = bind(parse(stored_query(name), name, f"{name}.rq"), {"graph": graph})
        asked = Query(text, timeout=self.client.timeout, max_rows=1 << 40)
        return self.client.statements(asked, View(self.client.address.dialect))
