"""Routes for whoever runs the server: is it alive, is it ready, its figures; and how to stop a query."""

from __future__ import annotations

from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from ketagraph.errors import QueryRefused
from ketagraph.server.config import ServeConfig, is_loopback
from ketagraph.server.metrics import MEDIA_TYPE
from ketagraph.server.sparql import SparqlApp
from ketagraph.store import Store

__all__ = ["Standing", "include"]


class Standing(Protocol):
    """Whoever knows that the server has been asked to stop."""

    is_draining: bool


def include(app: FastAPI, config: ServeConfig, sparql: SparqlApp, store: Store, standing: Standing) -> None:
    """Add the routes to ``app``."""
    _add_health(app, store, standing)
    _add_metrics(app, config, sparql, store)

    @app.delete("/queries/{query_id}", status_code=204, tags=["operation"])
    async def cancel(query_id: str) -> Response:
        """Stop a running query: the id is in its X-KetaGraph-Query-Id, which the asker may choose."""
        if not sparql.running.cancel(query_id):
            raise QueryRefused("no query of that id is running", status=404)
        return Response(status_code=204)


def _add_health(app: FastAPI, store: Store, standing: Standing) -> None:
    @app.get("/healthz", tags=["operation"])
    async def healthz() -> dict[str, str]:
        """Tell that this process lives, and whether its workers do."""
        return {"status": "ok" if store.ready else "restarting"}

    @app.get("/readyz", tags=["operation"])
    async def readyz() -> JSONResponse:
        """Tell whether queries are answered here, and will be: 503 where not."""
        status = "draining" if standing.is_draining else "ready" if store.ready else "restarting"
        return JSONResponse({"status": status}, 200 if status == "ready" else 503)


def _add_metrics(app: FastAPI, config: ServeConfig, sparql: SparqlApp, store: Store) -> None:
    metrics = sparql.metrics
    metrics.gauge("running_queries", "Queries that run now.", lambda: len(sparql.running))
    metrics.gauge("cache_bytes", "Bytes of answers kept.", lambda: sparql.cache.held)
    metrics.gauge("cache_hits", "Queries answered from what was kept.", lambda: sparql.cache.hits)
    metrics.gauge("cache_misses", "Queries that had to be evaluated.", lambda: sparql.cache.misses)
    metrics.gauge("ready", "Whether queries are being answered.", lambda: store.ready)

    @app.get("/metrics", tags=["operation"])
    async def figures(request: Request) -> Response:
        """Show figures in Prometheus's text format, to this machine only unless --metrics opens them."""
        client = request.client.host if request.client else ""
        if not (config.metrics or is_loopback(client)):
            raise QueryRefused("the metrics are for this machine only; see --metrics", status=403)
        return Response(metrics.written(), media_type=MEDIA_TYPE)
