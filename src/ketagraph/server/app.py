"""A configuration and a store in, the web application out: pages by FastAPI, SPARQL by a bare application.

The SPARQL route is taken before any middleware or routing: on a look-up those cost more than the query.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from ketagraph import guard
from ketagraph.errors import QueryRefused
from ketagraph.server import problem
from ketagraph.server.config import ServeConfig
from ketagraph.server.page import front_page, policy
from ketagraph.server.sparql import Check, SparqlApp
from ketagraph.store import Store

__all__ = ["Application", "create_app"]

_SPARQL = frozenset(("/sparql", "/sparql/"))


class Application(FastAPI):
    """FastAPI with the SPARQL endpoint beneath it, at ``/sparql``."""

    sparql: SparqlApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a request to the endpoint or to the pages."""
        if scope["type"] == "http" and scope["path"] in _SPARQL:
            await self.sparql(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(config: ServeConfig, store: Store, *, check: Check | None = guard.check) -> Application:
    """Build the application; the caller opens and closes ``store``.

    ``check`` is the guard; None leaves the worker wall standing alone.
    """
    # The interactive documentation pages would load scripts from other hosts.
    app = Application(title="KetaGraph", docs_url=None, redoc_url=None)
    app.sparql = SparqlApp(config, store, check)
    app.add_exception_handler(HTTPException, _problem)
    _add_pages(app, config)
    _add_health(app, store)
    return app


def _add_pages(app: FastAPI, config: ServeConfig) -> None:
    headers = {
        "Content-Security-Policy": policy(),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def front(request: Request) -> HTMLResponse:
        return HTMLResponse(front_page(config, f"{request.base_url}sparql"), headers=headers)


def _add_health(app: FastAPI, store: Store) -> None:
    @app.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> dict[str, str]:
        """Tell that this process lives, and whether its workers do."""
        return {"status": "ok" if store.ready else "restarting"}


async def _problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    found = problem.of(QueryRefused(f"{request.method} {request.url.path}", status=status))
    media_type, body = found.written(request.headers.get("accept", ""))
    return Response(body, status, media_type=media_type)
