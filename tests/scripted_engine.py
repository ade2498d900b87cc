"""An engine in this process that keeps what it is given, and before any request does what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import parse_qs

import httpx
import pyoxigraph as ox

from ketagraph.engines.address import Address
from ketagraph.engines.client import Client
from ketagraph.engines.dialect import DIALECTS
from ketagraph.remote import Remote

URL = "http://scripted.invalid/query"


class Killed(BaseException):
    """The end of a process, as far as a test can have it in its own."""


@dataclass
class Scripted:
    """What the engine holds, and what it does ``before`` a request, by the request's number from 1."""

    store: ox.Store = field(default_factory=ox.Store)
    before: dict[int, Callable[[], object]] = field(default_factory=dict)
    served: int = 0

    def remote(self, number: int = 0, act: Callable[[], object] | None = None) -> Remote:
        """Connect to it, as if from another process; before its request of this number, do ``act``."""
        asked = count(1)

        def answer(request: httpx.Request) -> httpx.Response:
            if next(asked) == number and act:
                act()
            return self._answer(request)

        client = Client(Address(URL, DIALECTS["oxigraph"]))
        vars(client)["_http"] = httpx.Client(transport=httpx.MockTransport(answer))
        remote = Remote(URL, dialect=DIALECTS["oxigraph"])
        vars(remote)["client"] = client
        return remote

    def copy(self) -> Scripted:
        """Make another engine that holds the same."""
        other = Scripted()
        other.store.extend(self.store)
        return other

    @contextmanager
    def interrupted(self, number: int, act: Callable[[], object]) -> Iterator[None]:
        """Within the block, do ``act`` before the request of this number, once."""
        self.served, self.before = 0, {number: act}
        try:
            yield
        finally:
            self.before = {}

    def graphs(self) -> set[str]:
        """Name what holds statements."""
        return {quad.graph_name.value for quad in self.store if isinstance(quad.graph_name, ox.NamedNode)}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.served += 1
        if act := self.before.pop(self.served, None):
            act()
        if request.url.path.endswith("/store"):
            return self._graph(request)
        if request.url.path.endswith("/update"):
            self.store.update(request.content.decode())
            return httpx.Response(204)
        return self._query(parse_qs(request.content.decode()), request.headers["accept"])

    def _graph(self, request: httpx.Request) -> httpx.Response:
        graph = ox.NamedNode(request.url.params["graph"])
        if request.method == "GET":
            found = self.store.quads_for_pattern(None, None, None, graph)
            statements = [each.triple for each in found]
            body = ox.serialize(statements, format=ox.RdfFormat.N_TRIPLES) or b""
            return httpx.Response(200, content=body, headers={"content-type": "application/n-triples"})
        if request.method in {"PUT", "DELETE"}:
            self.store.remove_graph(graph)
        if request.method != "DELETE":
            self.store.load(request.content, ox.RdfFormat.N_TRIPLES, to_graph=graph)
        return httpx.Response(204)

    def _query(self, form: dict[str, list[str]], accept: str) -> httpx.Response:
        found = self.store.query(
            form["query"][0],
            default_graph=[ox.NamedNode(each) for each in form.get("default-graph-uri", [])] or None,
            named_graphs=[ox.NamedNode(each) for each in form.get("named-graph-uri", [])] or None,
        )
        if isinstance(found, ox.QueryTriples):
            kind, body = "application/n-triples", found.serialize(format=ox.RdfFormat.N_TRIPLES)
        else:
            kind = "application/sparql-results+json"
            body = found.serialize(format=ox.QueryResultsFormat.JSON)
        return httpx.Response(200, content=body or b"", headers={"content-type": kind})
