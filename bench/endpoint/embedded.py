"""A file of N-Triples in, the embedded engine's answers out, in this process: what HTTP and walls add to."""

from __future__ import annotations

import os
from pathlib import Path

import pyoxigraph as ox

__all__ = ["Embedded"]


class Embedded:
    """pyoxigraph in memory, without a server; stands beside the peers in the rounds of the twelve."""

    name = "embedded engine"
    has_left = False

    def __init__(self, data: Path) -> None:
        self._store = ox.Store()
        self._store.bulk_load(path=str(data), format=ox.RdfFormat.N_TRIPLES)
        self.pid = os.getpid()

    def answer(self, query: str, _: float) -> bytes:
        """Evaluate and serialise, as a server would."""
        solved = self._store.query(query)
        if isinstance(solved, ox.QueryTriples):
            return ox.serialize(solved, None, ox.RdfFormat.TURTLE) or b""
        return solved.serialize(None, ox.QueryResultsFormat.JSON) or b""

    def restart(self) -> None:
        """Nothing to restart: a query in this process cannot be given up."""

    def names(self, query: str) -> list[str]:
        """List the IRIs of the first column."""
        solved = self._store.query(query)
        return [one[0].value for one in solved] if isinstance(solved, ox.QuerySolutions) else []
