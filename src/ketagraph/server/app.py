"""A configuration and a store in, the web application out: pages and REST by FastAPI, around the endpoint."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from ketagraph import __version__, guard
from ketagraph.errors import KetaGraphError, QueryRefused
from ketagraph.questions import Question
from ketagraph.server import coding, judging, operating, pages, problem, questioning, reference, resources
from ketagraph.server.config import ServeConfig
from ketagraph.server.courtesy import Courtesy
from ketagraph.server.front import SPARQL
from ketagraph.server.intake import Intake
from ketagraph.server.lookup import Lookup
from ketagraph.server.sparql import Check, SparqlApp
from ketagraph.store import Store

__all__ = ["Application", "create_app"]

_PROBLEM: dict[str, Any] = problem.described("What was asked for cannot be had, and why.")
_OF_ADDRESS = {404, 405}
"""Statuses of which Starlette says nothing that the request does not say better."""
_INTERNAL = "this should not have happened; please report it"


class Application(FastAPI):
    """FastAPI with the SPARQL endpoint beneath it, at ``/sparql``."""

    sparql: SparqlApp
    is_draining: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a request to the endpoint or to the pages."""
        if scope["type"] == "http" and scope["path"] in SPARQL:
            await self.sparql(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Describe the routes; forms that many of them share are described once."""
        if not self.openapi_schema:
            document = super().openapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas |= questioning.SHARED
        return self.openapi_schema or {}


def create_app(
    config: ServeConfig,
    store: Store,
    *,
    check: Check | None = guard.check,
    sparql: SparqlApp | None = None,
    standing: operating.Standing | None = None,
) -> Application:
    """Build the application; the caller opens and closes ``store``.

    ``check`` is the guard; None leaves the worker wall standing alone. ``sparql`` is an endpoint over the
    same store that answers already, ``standing`` whoever knows when the server is to stop.
    """
    # The interactive documentation pages would load scripts from other hosts.
    app = Application(
        title="KetaGraph",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        responses={"422": _PROBLEM, "default": _PROBLEM},
    )
    app.sparql = sparql or SparqlApp(config, store, check)
    app.add_middleware(GZipMiddleware, minimum_size=coding.SMALLEST, compresslevel=1)
    app.add_middleware(Courtesy)
    app.add_middleware(Intake, bodies=app.sparql.bodies)
    if app.sparql.rates:
        from ketagraph.server.rationing import Rationing

        app.add_middleware(Rationing, rates=app.sparql.rates)
    app.add_exception_handler(HTTPException, _missing)
    app.add_exception_handler(KetaGraphError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _problem)
    lookup = Lookup(store)
    pages.include(app, config, store, lookup)
    operating.include(app, config, app.sparql, store, standing or app)
    _add_rest(app, config, store, lookup)
    return app


def _add_rest(app: Application, config: ServeConfig, store: Store, lookup: Lookup) -> None:
    questioning.include(
        app, app.sparql, lookup, [each for each in config.questions if isinstance(each, Question)]
    )
    app.include_router(judging.routes(lookup.dossier))
    reference.include(app)
    resources.include_terms(app, config, app.sparql, store, lookup)
    resources.include_resources(app, config, app.sparql, store, lookup)


async def _missing(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    shown = f"{request.method} {request.url.path}"
    if isinstance(error, HTTPException) and status not in _OF_ADDRESS:
        shown = error.detail
    answer = await _problem(request, QueryRefused(shown, status=status))
    answer.headers.update(headers or {})
    return answer


async def _invalid(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    said = [f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in found]
    return await _problem(request, QueryRefused("; ".join(said), status=422))


async def _problem(request: Request, error: Exception) -> Response:
    found = problem.of(error if isinstance(error, KetaGraphError) else QueryRefused(_INTERNAL, status=500))
    media_type, body = found.written(request.headers.get("accept", ""), request.headers.get("user-agent", ""))
    headers = {name.decode(): value.decode() for name, value in found.headers}
    return Response(body, found.status, {"Cache-Control": "no-store", **headers}, media_type)
