"""The pages of the server: HTML that works without JavaScript, except the editor and the drawings.

:func:`include` adds them to an application; every page is a function of the site and a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from anyio import to_thread
from fastapi import FastAPI, Request
from starlette.responses import Response

from ketagraph.errors import KetaGraphError, QueryRefused, UnknownName
from ketagraph.server import problem
from ketagraph.server.config import ServeConfig
from ketagraph.server.lookup import Lookup
from ketagraph.server.negotiation import choose
from ketagraph.server.pages import (
    about,
    asked,
    assets,
    bench,
    checks,
    claimed,
    home,
    overviews,
    terms,
    trials,
)
from ketagraph.server.pages.site import Site
from ketagraph.store import Store

__all__ = ["include"]

_FIRST = ("ketamine", "relieves", "fibromyalgia")
_Page = Callable[[Site, Request], Awaitable[Response]]


async def _asset(_: Site, request: Request) -> Response:
    name = request.path_params["name"]
    found = assets.serve(request, name)
    if found is None:
        raise UnknownName(f"there is no file called {name[:80]!r}")
    return found


_PAGES: dict[str, _Page] = {
    "/": home.front,
    "/search": home.search,
    "/suggest": home.suggest,
    "/questions": asked.catalogue,
    "/questions/{slug}": asked.question,
    "/term/{curie:path}": terms.term,
    "/trial/{slug}": trials.trial,
    "/claim/{slug}": claimed.claim,
    "/check": checks.check,
    "/evidence": overviews.evidence,
    "/contradictions": overviews.contradictions,
    "/coverage": overviews.coverage,
    "/workbench": bench.workbench,
    "/workbench/vocabulary.json": bench.vocabulary,
    "/schema": about.schema,
    "/links": about.links,
    "/data": about.data,
    "/data/{name}": about.file,
    "/api": about.api,
    "/status": about.status,
    "/static/{name}": _asset,
}


def include(app: FastAPI, config: ServeConfig, store: Store, lookup: Lookup) -> None:
    """Add every page to ``app``."""
    site = Site(config, store, lookup)
    for path, page in _PAGES.items():
        app.add_route(path, _endpoint(site, page), methods=["GET"], include_in_schema=False)
    with suppress(RuntimeError):
        # Outside a running loop, in a test perhaps, nobody waits.
        site.warming = asyncio.get_running_loop().create_task(_warm(site))


async def _warm(site: Site) -> None:
    """Read what every page needs before the first reader comes; if that fails, the first reader is told."""
    with suppress(KetaGraphError):
        await site.knowledge()
        if site.is_release:
            await to_thread.run_sync(_read_if_small, site.lookup)


def _read_if_small(lookup: Lookup) -> None:
    """Read what judges claims; of a large graph each claim reads what bears on it."""
    dossier = lookup.dossier()
    if dossier.is_small:
        dossier.judge(dossier.claim(*_FIRST))


def _endpoint(site: Site, page: _Page) -> Callable[[Request], Awaitable[Response]]:
    """Answer by ``page``; what it cannot answer becomes a page that says why."""

    async def answer(request: Request) -> Response:
        try:
            return await page(site, request)
        except KetaGraphError as error:
            return await _sorry(site, request, error)

    return answer


async def _sorry(site: Site, request: Request, error: KetaGraphError) -> Response:
    """Say why on a page; to programs, which ask for no page, in a problem document."""
    accept = request.headers.get("accept", "")
    if accept and choose(accept, ("text/html", *problem.FORMS)) != "text/html":
        found = problem.of(error)
        media_type, body = found.written(accept)
        return Response(body, found.status, {"Vary": "Accept"}, media_type)
    status = 404 if isinstance(error, UnknownName) else 503
    if isinstance(error, QueryRefused):
        status = error.status
    suggestions = error.suggestions if isinstance(error, UnknownName) else ()
    return await site.render(
        request, "error.html", status=status, message=str(error), suggestions=suggestions
    )
