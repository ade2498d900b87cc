"""An engine elsewhere in the place of a local graph, as values: for Python and the command line.

See https://www.w3.org/TR/sparql11-protocol/. An answer has a limit of size, and one that the engine says it
has cut is refused: it must not look whole. Where a release was pushed, one version of it is seen for as long
as that stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ketagraph.dossier import stored_query
from ketagraph.engines import manifest
from ketagraph.engines.address import ANONYMOUS, Address, Credentials
from ketagraph.engines.client import Client
from ketagraph.engines.dialect import GENERIC, Dialect
from ketagraph.engines.history import History
from ketagraph.engines.view import View, versioned
from ketagraph.errors import EngineFailed, QueryRefused
from ketagraph.store.engine import Term
from ketagraph.store.query import Outcome, Query

__all__ = ["Remote"]

_JSON = "application/sparql-results+json"
_NTRIPLES = "application/n-triples"
_KINDS = {"uri": "iri", "bnode": "blank", "literal": "literal", "typed-literal": "literal"}
_XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"
_LANG_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
_ALL = 1 << 40


@dataclass(frozen=True)
class Remote:
    """A SPARQL endpoint; ``timeout`` is in seconds, ``max_bytes`` what one answer may weigh."""

    url: str
    timeout: float = 60.0
    max_bytes: int = 256 << 20
    credentials: Credentials = ANONYMOUS
    dialect: Dialect = GENERIC

    def __post_init__(self) -> None:
        # An address that is none is refused now, not at the first query.
        Address(self.url)

    @cached_property
    def client(self) -> Client:
        """The engine, recognised."""
        address = Address(self.url, self.dialect, self.credentials)
        return Client(address, self.timeout, self.max_bytes).recognised()

    @cached_property
    def view(self) -> View:
        """What of the engine is seen; read once.

        Raises:
            EngineFailed: a version was pushed that is not whole.
        """
        bare = View(self.client.address.dialect)
        found = self.history().current
        if not found.version:
            return bare
        listed = self.listed(found.version)
        manifest.check_whole(listed, lambda graph: self.count(graph, bare), found.version)
        return manifest.view_of(bare.dialect, found.version, listed)

    @property
    def is_current(self) -> bool:
        """Whether the version that is seen is the one that the engine points to, now."""
        return self.view.version == self.history().current.version

    def count(self, graph: str, view: View) -> int:
        """Count the statements of a graph, by its name in the engine."""
        (row,) = self._rows(manifest.count_query(graph), view)
        return int(row["count"])

    def listed(self, version: str) -> tuple[manifest.Listed, ...]:
        """Read a version's manifest; nothing where it has none."""
        bare = View(self.client.address.dialect)
        return manifest.read_listed(self._rows(manifest.manifest_query(version), bare))

    def graphs_of(self, version: str) -> tuple[str, ...]:
        """Name every graph that may lie in the engine for a version, sorted, its manifest last."""
        last = manifest.manifest_iri(version)
        begun = self._rows(manifest.parts_query(version), View(self.client.address.dialect))
        found = {row["graph"] for row in begun} | {each.graph for each in self.listed(version)}
        own = {each for each in found if each.startswith(versioned(version))}
        return (*sorted(own - {last}), last)

    def history(self) -> History:
        """Read which versions were pushed, and which one the engine points to, now."""
        return History.of(self._rows(stored_query("engine-history"), View(self.client.address.dialect)))

    def select(self, query: str) -> tuple[list[str], list[tuple[Term | None, ...]]]:
        """Run a SELECT: variables and rows, None where unbound.

        Raises:
            QueryRefused: the endpoint turns the query away, or answers something else.
            QueryStopped: it did not finish, or its answer is cut or cannot be used.
            EnvironmentFault: it cannot be reached.
        """
        found = self._results(query)
        try:
            variables = [str(name) for name in found["head"]["vars"]]
            bindings = found["results"]["bindings"]
            return variables, [tuple(_term(row.get(name)) for name in variables) for row in bindings]
        except (KeyError, TypeError, AttributeError) as error:
            raise QueryRefused(f"{self.url} answered no rows; expected a SELECT query") from error

    def ask(self, query: str) -> bool:
        """Run an ASK; errors as for :meth:`select`."""
        answered = self._results(query).get("boolean")
        if not isinstance(answered, bool):
            raise QueryRefused(f"{self.url} answered neither true nor false; expected an ASK query")
        return answered

    def construct(self, query: str) -> list[str]:
        """Run a CONSTRUCT or DESCRIBE: sorted N-Triples statements; errors as for :meth:`select`."""
        lines = self.select_bytes(query, _NTRIPLES).decode("utf-8").splitlines()
        return sorted(set(filter(None, lines)))

    def select_bytes(self, query: str, media_type: str) -> bytes:
        """Run any query and return its whole answer as ``media_type``; errors as for :meth:`select`."""
        return self.answer(query, media_type, max_rows=_ALL)[0]

    def answer(self, query: str, media_type: str, *, max_rows: int) -> tuple[bytes, Outcome]:
        """Run any query: at most ``max_rows`` rows or triples as ``media_type``, and how it ended."""
        asked = Query(query, media_type, media_type, timeout=self.timeout, max_rows=max_rows)
        try:
            found = self.client.ask(asked, self.view)
            self._check_standing()
        except EngineFailed as error:
            if self.url in str(error):
                raise
            raise EngineFailed(f"{self.url}: {error}") from error
        return found

    def _check_standing(self) -> None:
        """Let an answer pass as whole: nothing of its version was being removed when it had come.

        Raises:
            VersionRemoved: something was.
        """
        if version := self.view.version:
            self.history().check(version, self.url)

    def _results(self, query: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.select_bytes(query, _JSON))
        return found

    def _rows(self, text: str, view: View) -> list[dict[str, str]]:
        asked = Query(text, timeout=self.timeout, max_rows=_ALL)
        return manifest.plain_rows(json.loads(self.client.ask(asked, view)[0]))


def _term(found: Mapping[str, Any] | None) -> Term | None:
    if found is None:
        return None
    kind = _KINDS.get(str(found["type"]), "triple")
    if kind != "literal":
        return Term(kind, str(found["value"]))
    language = str(found.get("xml:lang", "")).lower()
    datatype = str(found.get("datatype", _LANG_STRING if language else _XSD_STRING))
    return Term(kind, str(found["value"]), datatype, language)
