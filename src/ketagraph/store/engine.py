"""A dataset in this process, for the build and for tests: our own queries only.

Nothing here has a deadline or a memory cap; queries from outside go through ``pool``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox

from ketagraph.errors import QueryRefused
from ketagraph.store import loading
from ketagraph.store.evaluation import evaluate, solve
from ketagraph.store.query import Outcome, Query
from ketagraph.store.rules import Rule, saturate

__all__ = ["Engine", "Term", "looks_at", "open_store"]


class Term(NamedTuple):
    """One RDF term as plain strings; ``kind`` is iri, blank, literal or triple.

    ``datatype`` is an IRI, empty unless a literal; ``language`` a lower-case tag or empty.
    """

    kind: str
    value: str
    datatype: str = ""
    language: str = ""


def open_store(path: Path | None = None, *, union: bool = False, media_type: str | None = None) -> ox.Store:
    """Load one file into memory; ``union`` also puts its named graphs into the default graph.

    Raises:
        EnvironmentFault, SourceError: see :func:`ketagraph.store.loading.load_file`.
    """
    store = ox.Store()
    if path:
        loading.load_file(store, path, media_type=media_type)
    if union:
        loading.unite(store)
    return store


class _Collected:
    """A sink that keeps the answer."""

    def __init__(self) -> None:
        self.media_type, self.body = "", bytearray()

    def start(self, media_type: str) -> None:
        self.media_type = media_type

    def write(self, data: bytes) -> None:
        self.body += data


class Engine:
    """A dataset in memory for the build and for tests: our own queries, no limits, no other process."""

    def __init__(self) -> None:
        self._store = ox.Store()

    def __len__(self) -> int:
        """Count the quads."""
        return len(self._store)

    def load_quads(self, source: bytes | Path, *, graph: str | None = None) -> None:
        """Add N-Quads from bytes, N-Triples into ``graph`` if one is named, or a file of any known type.

        Raises:
            SourceError: a file that breaks its syntax (bytes that do are a SyntaxError: they are ours).
        """
        if isinstance(source, Path):
            loading.load_file(self._store, source)
        elif graph:
            self._store.load(source, ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(graph))
        else:
            self._store.load(source, ox.RdfFormat.N_QUADS)

    def unite_graphs(self) -> None:
        """Put every named graph's triples into the default graph as well; again after later loads."""
        loading.unite(self._store)

    def load_triples(self, lines: bytes) -> None:
        """Add N-Triples to the default graph."""
        self._store.load(lines, ox.RdfFormat.N_TRIPLES)

    def saturate(self, rules: Sequence[str], *, rested: Sequence[str] = ()) -> list[str]:
        """Apply CONSTRUCT queries in the store until they add nothing; see :func:`.rules.saturate`."""
        at_rest = [Rule.of(text) for text in rested]
        return saturate(self._store, [Rule.of(text) for text in rules], rested=at_rest)

    def construct(self, query: str) -> list[str]:
        """Run a CONSTRUCT or DESCRIBE: sorted N-Triples statements, each once, without line ends.

        Raises:
            QuerySyntaxError, QueryRefused: also where the query gives no graph.
        """
        solved = solve(self._store, Query(query))
        if not isinstance(solved, ox.QueryTriples):
            raise QueryRefused("expected a CONSTRUCT or DESCRIBE query")
        return sorted({f"{triple} ." for triple in solved})

    def select(self, query: str) -> tuple[list[str], list[tuple[Term | None, ...]]]:
        """Run a SELECT: its variables (without ``?``) and its rows in order, None where unbound.

        Raises:
            QuerySyntaxError, QueryRefused: also where the query gives no rows.
        """
        solved = solve(self._store, Query(query))
        if not isinstance(solved, ox.QuerySolutions):
            raise QueryRefused("expected a SELECT query")
        variables = [variable.value for variable in solved.variables]
        return variables, [tuple(_term(value) for value in solution) for solution in solved]

    def ask(self, query: str) -> bool:
        """Run an ASK."""
        return bool(solve(self._store, Query(query)))

    def select_bytes(self, query: str, media_type: str, *, max_rows: int = 1 << 40) -> bytes:
        """Run any query and serialise its whole answer as ``media_type``."""
        return self.answer(query, media_type, max_rows=max_rows)[0]

    def answer(self, query: str, media_type: str, *, max_rows: int) -> tuple[bytes, Outcome]:
        """Run any query: at most ``max_rows`` rows or triples as ``media_type``, and how it ended."""
        sink = _Collected()
        outcome = evaluate(self._store, Query(query, media_type, media_type, max_rows=max_rows), sink)
        return bytes(sink.body), outcome


def looks_at(rule: str, *, rested: bool = False) -> set[str]:
    """Name the predicates that a rule looks at; empty: any.

    A rule at rest that looks at each statement by itself looks at the schema alone, and at what is new.
    """
    read = Rule.of(rule)
    return {facet[0] for facet in (read.schema() if rested and read.alone else read.reads)}


def _term(value: object) -> Term | None:
    if isinstance(value, ox.Literal):
        return Term("literal", value.value, value.datatype.value, value.language or "")
    if isinstance(value, ox.NamedNode):
        return Term("iri", value.value)
    if isinstance(value, ox.BlankNode):
        return Term("blank", value.value)
    return None if value is None else Term("triple", str(value))
