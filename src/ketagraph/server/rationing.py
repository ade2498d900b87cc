"""Middleware: what the routes cost a client is booked on the account that its queries are booked on.

A judgement or a long page is computed in the web process; who asks for many must not shut others out. How
the server does, and what a page loads beside itself, is free.
"""

from __future__ import annotations

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ketagraph.errors import RateLimited
from ketagraph.server import problem
from ketagraph.server.rates import Rates
from ketagraph.server.sparql import BOOKED

__all__ = ["Rationing"]

_FREE = ("/healthz", "/readyz", "/metrics", "/queries/", "/static/")


class Rationing:
    """Middleware around the routes; ``rates`` are the endpoint's own."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self._app, self._rates = app, rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, if its client may ask."""
        if scope["type"] != "http" or scope["path"].startswith(_FREE):
            await self._app(scope, receive, send)
            return
        client = str((scope.get("client") or [""])[0])
        try:
            self._rates.check(client)
        except RateLimited as error:
            await _refuse(error, Headers(scope=scope), send)
            return
        await self._book(client, scope, receive, send)

    async def _book(self, client: str, scope: Scope, receive: Receive, send: Send) -> None:
        state, started, status = scope.setdefault("state", {}), time.perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            if not state.get(BOOKED):
                self._rates.spend(client, time.perf_counter() - started, failed=status >= 400)


async def _refuse(error: RateLimited, asked: Headers, send: Send) -> None:
    found = problem.of(error)
    media_type, body = found.written(asked.get("accept", ""), asked.get("user-agent", ""))
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"access-control-allow-origin", b"*"),
        *found.headers,
    ]
    await send({"type": "http.response.start", "status": found.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
