"""One claim in, its words, its scope, and the evidence on both sides out."""

from __future__ import annotations

import asyncio

from fastapi import Request
from starlette.responses import Response

from ketagraph.server.pages.site import Site, thing
from ketagraph.server.pages.trials import facts_by_name

__all__ = ["claim"]

_SCOPE = (
    "doseRegime", "route", "species", "site", "inCondition", "populationAsStated", "via", "timeAsStated",
    "inYear", "quantityAsStated", "scopeNote", "editorialNote",
)  # fmt: skip
_TABLES = ("facts", "evidence", "papers")


async def claim(site: Site, request: Request) -> Response:
    """Show one claim."""
    knowledge = await site.knowledge()
    iri = thing("Claim", request.path_params["slug"], knowledge)
    facts, evidence, papers = await asyncio.gather(*(site.table(name, subject=iri) for name in _TABLES))
    said = facts_by_name(facts.rows)
    numbers = {row["reference"].value: row["number"].value for row in papers.rows}
    return await site.render(
        request,
        "claim.html",
        iri=iri,
        facts=said,
        scope=[(name, said[name]) for name in _SCOPE if name in said],
        evidence=evidence.rows,
        papers=papers.rows,
        numbers=numbers,
    )
