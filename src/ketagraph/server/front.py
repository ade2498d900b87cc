"""Requests in, each to whoever answers it: queries at once, pages and REST as soon as they are built.

The endpoint is a bare application: on a look-up, middleware and routing cost more than the query. Pages
need FastAPI and every named question, which take longer to load than a release; nobody who asks in
SPARQL waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["SPARQL", "Front"]

SPARQL = frozenset(("/sparql", "/sparql/"))
"""Paths of the endpoint."""


class Front:
    """The whole server as one application; ``build`` makes the pages, in a thread."""

    is_draining: bool = False

    def __init__(self, sparql: ASGIApp, build: Callable[[Front], ASGIApp]) -> None:
        self._sparql, self._build = sparql, build
        self._pages: asyncio.Task[ASGIApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a request to the endpoint, or to the pages once they are there."""
        if scope["type"] == "http" and scope["path"] in SPARQL:
            await self._sparql(scope, receive, send)
        else:
            await (await self.pages())(scope, receive, send)

    async def pages(self) -> ASGIApp:
        """Return the pages, built when they are first wanted.

        Raises:
            KetaGraphError: what they are made from is broken.
        """
        if self._pages is None:
            self._pages = asyncio.create_task(asyncio.to_thread(self._build, self))
        return await asyncio.shield(self._pages)
