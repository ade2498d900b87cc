"""The SPARQL endpoint: one bare ASGI application, from the request's bytes to the answer's.

Both walls stand here: the guard is asked before the store, and the store runs queries where they can be
killed. What cannot be answered is a problem document; what fails after its first byte breaks the
transfer, so that no cut body passes for a whole one.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import secrets
import time
from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from ketagraph.errors import KetaGraphError, QueryRefused, QueryStopped
from ketagraph.server import problem, protocol
from ketagraph.server.config import ServeConfig
from ketagraph.server.description import describe
from ketagraph.server.negotiation import choose
from ketagraph.server.watch import DisconnectWatch
from ketagraph.store import Answer, Query, Store
from ketagraph.store.formats import BINDINGS, GRAPHS, SHORT_NAMES

__all__ = ["Check", "SparqlApp"]

Check = Callable[[str], object]
"""The guard: takes the query's text, raises QueryRefused."""

_log = logging.getLogger(__name__)

_LONGEST_BODY = 1 << 20
# The HTTP parser ends its reading of URLs at 65,535 bytes, with an answer that helps nobody.
_LONGEST_URL = 60_000
_STALL = 30.0
"""Seconds that a client may take for one piece of a long answer."""

_SMALL = 1 << 18

_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_EXPOSED = "Retry-After, " + ", ".join(
    f"X-KetaGraph-{name}" for name in ("Query-Id", "Elapsed-Ms", "Max-Rows", "Rows", "Truncated")
)
_COMMON = [
    (b"vary", b"Accept, Accept-Encoding"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", _EXPOSED.encode()),
    (b"x-content-type-options", b"nosniff"),
]
_ALLOW = (b"allow", ", ".join(protocol.METHODS).encode())
_PREFLIGHT = [
    _ALLOW,
    (b"access-control-allow-methods", _ALLOW[1]),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"86400"),
]


class SparqlApp:
    """``/sparql`` over one store; ``check`` is the guard, or None where there is none (tests)."""

    def __init__(self, config: ServeConfig, store: Store, check: Check | None) -> None:
        self._config, self._store, self._check = config, store, check
        self._run = secrets.token_hex(3)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = _Exchange(scope, send, f"{self._run}-{next(self._numbers):x}")
        try:
            await self._respond(exchange, scope, receive)
        except KetaGraphError as error:
            await exchange.refuse(error)

    async def _respond(self, exchange: _Exchange, scope: Scope, receive: Receive) -> None:
        if scope["method"] == "OPTIONS":
            await exchange.respond(204, _PREFLIGHT)
            return
        operation = await _read(exchange, scope, receive)
        if operation.text is None:
            await self._describe(exchange)
            return
        exchange.text = operation.text
        if self._check:
            self._check(operation.text)
        with DisconnectWatch(receive):
            await self._answer(exchange, self._query(exchange, operation, operation.text))

    async def _answer(self, exchange: _Exchange, query: Query) -> None:
        try:
            async with self._store.query(query) as answer:
                await exchange.stream(answer, query.max_rows)
        except QueryRefused as error:
            # Only the engine knows a query's form for certain.
            if error.status == 406:
                raise _with_choice(error) from error
            raise

    async def _describe(self, exchange: _Exchange) -> None:
        wanted = choose(exchange.accept, (*GRAPHS, "text/html"))
        if wanted is None:
            raise QueryRefused(f"the service description comes as {', '.join(GRAPHS)}", status=406)
        if wanted == "text/html":
            await exchange.respond(303, [(b"location", b"./")])
            return
        body = describe(self._config, exchange.url(self._config), wanted)
        await exchange.respond(200, [(b"content-type", _typed(wanted))], body)

    def _query(self, exchange: _Exchange, operation: protocol.Operation, text: str) -> Query:
        rows_as, graph_as = _forms(exchange.accept, operation.format)
        dataset = operation.default_graphs or operation.named_graphs
        return Query(
            text,
            rows_as,
            graph_as,
            min(operation.timeout or self._config.timeout, self._config.timeout),
            min(operation.max_rows or self._config.max_rows, self._config.max_rows),
            operation.default_graphs if dataset else None,
            operation.named_graphs if dataset else None,
            exchange.url(self._config),
        )


class _Exchange:
    """One request being answered: its headers as far as they matter, and the way back."""

    def __init__(self, scope: Scope, send: Send, query_id: str) -> None:
        self._send, self._scheme = send, scope["scheme"]
        self._headers: list[tuple[bytes, bytes]] = scope["headers"]
        self._started = time.perf_counter()
        self._is_head = scope["method"] == "HEAD"
        self._begun = False
        self._query_id = query_id
        self.accept = self.header(b"accept")
        self.text = ""

    def header(self, name: bytes) -> str:
        """Join the values of a header; empty where it is missing."""
        values = [value for key, value in self._headers if key == name]
        return b", ".join(values).decode("latin-1")

    def url(self, config: ServeConfig) -> str:
        """Tell the endpoint's own address as the client sees it."""
        host = self.header(b"host")
        if not _HOST.fullmatch(host):
            host = f"{config.host}:{config.port}"
        return f"{self._scheme}://{host}/sparql"

    async def respond(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
        """Send a whole response."""
        await self._begin(status, headers, len(body) if status != 204 else None)
        await self._body(b"" if self._is_head else body, more=False)

    async def refuse(self, error: KetaGraphError) -> None:
        """Send a problem document; once a body has begun, leave it broken instead."""
        if self._begun:
            _log.warning("query %s: transfer broken off: %s", self._query_id, error)
            return
        document = problem.of(error, query=self.text, query_id=self._query_id)
        content_type, body = document.written(self.accept)
        headers = [
            (b"content-type", content_type.encode()),
            (b"cache-control", b"no-store"),
            *document.headers,
        ]
        if document.status == 405:
            headers.append(_ALLOW)
        await self.respond(document.status, headers, body)

    async def stream(self, answer: Answer, max_rows: int) -> None:
        """Send an answer, in one piece or, where its end is not yet known, piece by piece.

        Raises:
            QueryStopped: it cannot be completed, or it was cut and there is no way left to say so.
        """
        size = answer.size
        await self._begin(200, self._facts(answer, max_rows), size)
        if self._is_head:
            await self._body(b"", more=False)
        elif size is not None and size <= _SMALL:
            await self._body(b"".join([piece async for piece in answer]), more=False)
        else:
            await self._stream_long(answer, was_known=size is not None)

    async def _stream_long(self, answer: Answer, *, was_known: bool) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_STALL) as clock:
                async for piece in answer:
                    if not was_known:
                        _expect_announced(answer)
                    await self._body(piece, more=True)
                    clock.reschedule(loop.time() + _STALL)
        except TimeoutError as error:
            raise QueryStopped(f"the client took nothing for {_STALL:g} s") from error
        await self._body(b"", more=False)

    def _facts(self, answer: Answer, max_rows: int) -> list[tuple[bytes, bytes]]:
        headers = [(b"content-type", _typed(answer.media_type)), (b"x-ketagraph-max-rows", b"%d" % max_rows)]
        if answer.outcome:
            headers.append((b"x-ketagraph-rows", b"%d" % answer.outcome.rows))
            headers.append((b"x-ketagraph-truncated", b"true" if answer.outcome.truncated else b"false"))
        return headers

    async def _begin(self, status: int, headers: list[tuple[bytes, bytes]], size: int | None) -> None:
        elapsed = (time.perf_counter() - self._started) * 1000
        ours = [
            *_COMMON,
            (b"x-ketagraph-query-id", self._query_id.encode()),
            (b"x-ketagraph-elapsed-ms", b"%.1f" % elapsed),
        ]
        length = [] if size is None else [(b"content-length", b"%d" % size)]
        self._begun = True
        await self._send(
            {"type": "http.response.start", "status": status, "headers": headers + length + ours}
        )

    async def _body(self, piece: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})


def _expect_announced(answer: Answer) -> None:
    """Refuse to go on with a body that was cut and neither says so nor has a header left to say it in."""
    outcome = answer.outcome
    if outcome and outcome.truncated and not outcome.announced:
        raise QueryStopped("cut at the row limit after the headers had gone")


async def _read(exchange: _Exchange, scope: Scope, receive: Receive) -> protocol.Operation:
    method = scope["method"]
    if method not in protocol.METHODS:
        raise QueryRefused(f"{method} is not for this endpoint; use GET or POST", status=405)
    if len(scope["query_string"]) > _LONGEST_URL:
        raise QueryRefused(f"the URL is longer than {_LONGEST_URL} bytes; send the query by POST", status=414)
    has_body = method in ("POST", "QUERY")
    body = await _body(exchange, receive) if has_body else b""
    return protocol.read(method, scope["query_string"], exchange.header(b"content-type"), body)


async def _body(exchange: _Exchange, receive: Receive) -> bytes:
    if exchange.header(b"content-encoding") not in ("", "identity"):
        raise QueryRefused("cannot read a compressed request; send it as it is", status=415)
    _measure(int(exchange.header(b"content-length")[:12] or 0))
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise QueryRefused("the request ended before its body was complete")
        body += message.get("body", b"")
        _measure(len(body))
        more = message.get("more_body", False)
    return bytes(body)


def _measure(length: int) -> None:
    if length > _LONGEST_BODY:
        raise QueryRefused(f"the request is longer than {_LONGEST_BODY} bytes", status=413)


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


def _typed(media_type: str) -> bytes:
    is_text = media_type.startswith("text/") or media_type.endswith("xml")
    return f"{media_type}; charset=utf-8".encode() if is_text else media_type.encode()
