"""The SPARQL endpoint: one bare ASGI application, from the request's bytes to the answer's.

Both walls stand here: the guard is asked before the store, and the store runs queries where they can be
killed. An answer that was given before about the same data is given again without either.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable, Hashable
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from ketagraph.errors import KetaGraphError, QueryRefused
from ketagraph.server import coding, protocol
from ketagraph.server.cache import Cache, Entry, is_lasting, query_key
from ketagraph.server.config import ServeConfig
from ketagraph.server.exchange import ALLOW, PIECE, Exchange, typed
from ketagraph.server.intake import Bodies
from ketagraph.server.logs import QueryLog
from ketagraph.server.metrics import Metrics
from ketagraph.server.negotiation import choose
from ketagraph.server.watch import FreshIds, Running, chosen_id
from ketagraph.server.wire import REQUEST
from ketagraph.store import Query, Store
from ketagraph.store.formats import BINDINGS, GRAPHS, SHORT_NAMES

if TYPE_CHECKING:
    from ketagraph.server.rates import Rates

__all__ = ["BOOKED", "Check", "SparqlApp"]

Check = Callable[[str], object]
"""The guard: takes the query's text, raises QueryRefused."""

# The HTTP parser ends its reading of URLs at 65,535 bytes, with an answer that helps nobody.
_LONGEST_URL = 60_000
_PREFLIGHT = [
    ALLOW,
    (b"access-control-allow-methods", ALLOW[1]),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"86400"),
]
BOOKED = "ketagraph.booked"
"""Key of a scope's state: what the request cost its client has been booked here."""

_CHOSEN = b"x-ketagraph-query-id"
_REPEATED = b"%bx-ketagraph-query-id: %b-%x\r\nx-ketagraph-elapsed-ms: 0.0\r\n"


class SparqlApp:
    """``/sparql`` over one store; ``check`` is the guard, or None where there is none (tests).

    ``rates`` are the accounts of the clients, None where nobody is limited; ``bodies`` are what is arriving.
    """

    def __init__(self, config: ServeConfig, store: Store, check: Check | None) -> None:
        self._config, self._store, self._check = config, store, check
        self.cache, self.running, self.metrics = Cache(config.cache_mb << 20), Running(), Metrics()
        self.rates = _rates(config) if config.limits_clients else None
        self.bodies = Bodies()
        self._ids = FreshIds()
        self._run, self._numbers = secrets.token_hex(3).encode(), itertools.count(1)
        self._log = QueryLog(text=config.log_text) if config.log_queries else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of the SPARQL Protocol."""
        exchange = self._exchange(scope, send)
        await self._conduct(exchange, lambda: self._respond(exchange, scope, receive))

    def repeated(self, request: bytes) -> tuple[bytes, bytes] | None:
        """Return head and body of the answer to a request that has been answered byte for byte."""
        found = None if self._log else self.cache.repeated(self._store.edition, request)
        if found is None:
            return None
        head, body = found
        self.metrics.count_repeat(len(body))
        return _REPEATED % (head, self._run, next(self._numbers)), body

    async def run(
        self, scope: Scope, receive: Receive, send: Send, read: Callable[[], protocol.Operation]
    ) -> None:
        """Answer a request that comes down to the query operation that ``read`` gives."""
        exchange = self._exchange(scope, send)
        scope.setdefault("state", {})[BOOKED] = True
        await self._conduct(exchange, lambda: self._operate(exchange, receive, read()))

    def _exchange(self, scope: Scope, send: Send) -> Exchange:
        return Exchange(scope, send, next(self._ids), self._config.max_age)

    async def _conduct(self, exchange: Exchange, answer: Callable[[], Awaitable[None]]) -> None:
        try:
            chosen = exchange.header(_CHOSEN)
            exchange.query_id = chosen_id(chosen) if chosen else exchange.query_id
            await answer()
        except KetaGraphError as error:
            await exchange.refuse(error)
        finally:
            self._book(exchange)

    async def _respond(self, exchange: Exchange, scope: Scope, receive: Receive) -> None:
        if scope["method"] == "OPTIONS":
            await exchange.respond(204, _PREFLIGHT)
            return
        operation = await _read(exchange, scope, receive, self.bodies)
        if operation.text is None:
            await self._describe(exchange, operation.format)
        else:
            await self._operate(exchange, receive, operation)

    async def _operate(self, exchange: Exchange, receive: Receive, operation: protocol.Operation) -> None:
        exchange.text = operation.text or ""
        if operation.query_id:
            exchange.query_id = chosen_id(operation.query_id)
        query = self._query(exchange, operation, exchange.text)
        wanted = coding.choose(exchange.header(b"accept-encoding"))
        key = query_key(query, wanted)
        # Nothing is awaited from here until the store has the query: both speak of the same data.
        edition = self._store.edition
        entry = self.cache.find(edition, key)
        if entry:
            exchange.is_cached = True
            await exchange.send_entry(entry)
        else:
            self._admit(exchange)
            with self.running.watched(exchange.query_id, receive):
                entry = await self._answer(exchange, query, wanted)
        if entry and entry.is_lasting:
            self._keep(exchange, edition, key, entry)

    def _admit(self, exchange: Exchange) -> None:
        if self.rates:
            self.rates.check(exchange.client)
        if self._check:
            self._check(exchange.text)

    async def _answer(self, exchange: Exchange, query: Query, wanted: str) -> Entry | None:
        try:
            async with self._store.query(query) as answer:
                return await exchange.stream(answer, query.max_rows, wanted, lasting=is_lasting(query.text))
        except QueryRefused as error:
            # Only the engine knows a query's form for certain.
            if error.status == 406:
                raise _with_choice(error) from error
            raise

    def _keep(self, exchange: Exchange, edition: str, key: Hashable, entry: Entry) -> None:
        if not exchange.is_cached:
            self.cache.keep(edition, key, entry)
        elif exchange.is_plain:
            # Only what has been asked twice is worth a short cut.
            request = exchange.scope.get(REQUEST)
            if request and len(entry.body) <= PIECE:
                self.cache.recall(request, key, _head(entry))

    def _book(self, exchange: Exchange) -> None:
        """Write down how it went."""
        seconds, status = exchange.elapsed, exchange.status
        self.metrics.count(status, seconds, exchange.sent, cached=exchange.is_cached)
        if self.rates and not exchange.is_cached and status != 429:
            self.rates.spend(exchange.client, seconds, failed=status >= 400)
        if self._log:
            facts = {"status": status, "ms": round(seconds * 1000, 1), "rows": exchange.rows}
            facts |= {"bytes": exchange.sent, "cached": exchange.is_cached}
            self._log.write(exchange.query_id, exchange.text, facts)

    async def _describe(self, exchange: Exchange, form: str) -> None:
        wanted = _forms("", form)[1] if form else choose(exchange.accept, (*GRAPHS, "text/html"))
        if wanted is None:
            raise QueryRefused(f"the service description comes as {', '.join(GRAPHS)}", status=406)
        if wanted == "text/html":
            await exchange.respond(303, [(b"location", b"./")])
            return
        # Only here: a server that starts has better things to load first.
        from ketagraph.server.description import describe

        body = describe(self._config, self._store.graphs, self._url(exchange), wanted)
        await exchange.respond(200, [(b"content-type", typed(wanted))], body)

    def _url(self, exchange: Exchange) -> str:
        return exchange.url(f"{self._config.host}:{self._config.port}")

    def _query(self, exchange: Exchange, operation: protocol.Operation, text: str) -> Query:
        rows_as, graph_as = _forms(exchange.accept, operation.format)
        dataset = operation.default_graphs or operation.named_graphs
        most_rows = operation.most_rows or self._config.max_rows
        return Query(
            text,
            rows_as,
            graph_as,
            min(operation.timeout or self._config.timeout, self._config.timeout),
            min(operation.max_rows or most_rows, most_rows),
            operation.default_graphs if dataset else None,
            operation.named_graphs if dataset else None,
            self._url(exchange),
        )


def _head(entry: Entry) -> bytes:
    return b"".join(b"%b: %b\r\n" % pair for pair in entry.headers)


def _rates(config: ServeConfig) -> Rates:
    # The library is not for a server that only its own machine can ask.
    from ketagraph.server.rates import Rates

    return Rates(config.client_seconds, config.client_errors)


async def _read(exchange: Exchange, scope: Scope, receive: Receive, bodies: Bodies) -> protocol.Operation:
    method = scope["method"]
    if method not in protocol.METHODS:
        raise QueryRefused(f"{method} is not for this endpoint; use GET or POST", status=405)
    if len(scope["query_string"]) > _LONGEST_URL:
        raise QueryRefused(f"the URL is longer than {_LONGEST_URL} bytes; send the query by POST", status=414)
    body = b""
    if method in ("POST", "QUERY"):
        with bodies.received(scope, receive) as take:
            body = await _body(exchange, take)
    return protocol.read(method, scope["query_string"], exchange.header(b"content-type"), body)


async def _body(exchange: Exchange, receive: Receive) -> bytes:
    if exchange.header(b"content-encoding") not in ("", "identity"):
        raise QueryRefused("cannot read a compressed request; send it as it is", status=415)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise QueryRefused("the request ended before its body was complete")
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _forms(accept: str, wanted: str) -> tuple[str | None, str | None]:
    """Settle the media types for rows and for graphs; ``format=`` prevails over Accept."""
    if not wanted:
        return choose(accept, BINDINGS), choose(accept, GRAPHS)
    name = wanted.lower()
    if name in SHORT_NAMES:
        return SHORT_NAMES[name]
    forms = (name if name in BINDINGS else None), (name if name in GRAPHS else None)
    if forms == (None, None):
        raise _with_choice(QueryRefused(f"format={wanted[:40]!r} is not known", status=406))
    return forms


def _with_choice(error: QueryRefused) -> QueryRefused:
    choice = f"rows come as {', '.join(BINDINGS)}; graphs as {', '.join(GRAPHS)}"
    return QueryRefused(f"{error}; {choice}; or format={', '.join(SHORT_NAMES)}", status=error.status)
