"""Addresses of ours in, what the graph says there out: as RDF, as JSON, or as a plain page.

Every minted IRI is dereferenced at its own path: a term, ``id/`` a record, ``graph/`` a named graph with
all that it holds, ``errors/`` a kind of problem. The same for any IRI at ``/api/terms``.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from ketagraph import names, questions
from ketagraph.dossier import stored_query
from ketagraph.errors import QueryRefused, UnknownName
from ketagraph.lexicon import Entry, Lexicon
from ketagraph.questions import Question
from ketagraph.server import problem
from ketagraph.server.config import ServeConfig
from ketagraph.server.description import describe_dataset
from ketagraph.server.lookup import Lookup, rows
from ketagraph.server.negotiation import choose
from ketagraph.server.plain import policy, resource_page
from ketagraph.server.relayed import Relayed, controls, operation
from ketagraph.server.sparql import SparqlApp
from ketagraph.sparql_terms import reference
from ketagraph.store import Query, Store
from ketagraph.store.formats import GRAPHS

__all__ = ["include_resources", "include_terms"]

_MINTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,200}")
_TERM = re.compile(r"[A-Z][A-Za-z0-9]{2,80}")
_SUGGESTIONS = 3
_LONGEST_NAME, _MOST_NAMES = 1000, 100_000
_RDF = tuple(media_type for media_type in GRAPHS if media_type not in ("application/xml", "application/json"))
_MOST_TRIPLES = 1 << 40
_MOST_FACTS = 1000


class Fact(BaseModel):
    """One statement of which a resource is subject (out) or object (in)."""

    direction: str
    property: str
    property_label: str | None = Field(serialization_alias="propertyLabel")
    value: str
    value_label: str | None = Field(serialization_alias="valueLabel")
    graph: str


class Resource(BaseModel):
    """What is said of one resource and by it; ``truncated`` where there is more."""

    iri: str
    curie: str
    label: str | None
    facts: list[Fact]
    truncated: bool


class Hit(BaseModel):
    """A resource that answers to a name; ``score`` is how like the name is, up to 100."""

    iri: str
    curie: str
    label: str
    matched: str
    kind: str
    score: float


def include_terms(app: FastAPI, config: ServeConfig, sparql: SparqlApp, store: Store, lookup: Lookup) -> None:
    """Add the look-up of names and of resources by name."""

    @app.get("/api/search", tags=["terms"])
    async def search(q: str, limit: int = 20, within: str = "") -> list[Hit]:
        """Find things by label, synonym or identifier, best first; ``within`` is the CURIE of a class."""
        lexicon = await lookup.lexicon()
        bounded = max(1, min(limit, 100))
        rdf_class = names.expand(within) or within
        # Some milliseconds of comparing names, which the loop should not wait for.
        found = await asyncio.to_thread(lexicon.search, q[:200], within=rdf_class, limit=bounded)
        return [_hit(lexicon, entry, score) for entry, score in found]

    @app.get("/api/terms", tags=["terms"])
    async def terms(within: str = "", limit: int = 1000) -> list[Hit]:
        """List what has a name; ``within`` is the CURIE of a class."""
        lexicon = await lookup.lexicon()
        rdf_class = names.expand(within) or within
        found = (
            entry
            for entry in lexicon.entries
            if entry.kind == "label" and (not rdf_class or rdf_class in entry.classes)
        )
        return [_hit(lexicon, entry, 100.0) for entry in islice(found, max(1, min(limit, _MOST_NAMES)))]

    @app.get("/api/terms/{name:path}", tags=["terms"], response_model=Resource)
    async def term(request: Request, name: str) -> Resource | Response:
        """Say what is known of a thing by CURIE, IRI, label, synonym or identifier: JSON, or RDF."""
        iri = await _addressed(name, lookup)
        wanted = choose(request.headers.get("accept", ""), ("application/json", *_RDF))
        if controls(request.query_params).get("format") or wanted in _RDF:
            return _as_rdf(request, sparql, "resource", iri, wanted)
        found = await _resource(store, config, iri)
        if not found.facts:
            raise problem.NothingThere(f"the graph does not speak of {names.compress(iri)}")
        return found


def include_resources(
    app: FastAPI, config: ServeConfig, sparql: SparqlApp, store: Store, lookup: Lookup
) -> None:
    """Add the addresses of minted IRIs, after all other routes, and the description of the dataset."""

    @app.get("/.well-known/void", include_in_schema=False)
    async def void(request: Request) -> Response:
        wanted = _negotiated(request, _RDF)
        if names.graph("void") in store.graphs:
            return _as_rdf(request, sparql, "graph", names.graph("void"), wanted)
        title = config.info.get("title", config.data.name)
        return Response(describe_dataset(title, f"{request.base_url}sparql", wanted), media_type=wanted)

    @app.get("/errors/{slug}", include_in_schema=False)
    async def kind_of_problem(slug: str) -> Response:
        meaning = problem.meanings().get(slug)
        if meaning is None:
            raise QueryRefused(f"no kind of problem is called {slug[:80]!r}", status=404)
        return Response(f"{slug}: {meaning}\n", media_type="text/plain")

    @app.get("/{path:path}", include_in_schema=False)
    async def dereference(request: Request, path: str) -> Response:
        """Answer an address of ours with what is said of it: a page, or RDF."""
        iri = names.BASE + path
        if not _MINTED.fullmatch(path) or not await _is_spoken_of(store, config, iri):
            raise await _nothing_at(path, lookup)
        wanted = _negotiated(request, (*_RDF, "text/html"))
        if wanted == "text/html" and config.questions:
            # A release has a page for each of its terms.
            return RedirectResponse(f"/term/{quote(names.compress(iri), safe=':/')}", 303)
        if wanted == "text/html":
            found = await _resource(store, config, iri)
            page = resource_page(found.model_dump(), str(request.base_url))
            return HTMLResponse(page, headers={"Content-Security-Policy": policy(), "Vary": "Accept"})
        return _as_rdf(request, sparql, "graph" if iri in store.graphs else "resource", iri, wanted)


def _hit(lexicon: Lexicon, entry: Entry, score: float) -> Hit:
    return Hit(
        iri=entry.iri,
        curie=names.compress(entry.iri),
        label=lexicon.labels.get(entry.iri, entry.name),
        matched=entry.name,
        kind=entry.kind,
        score=round(score, 1),
    )


def _resolved(name: str, lexicon: Lexicon) -> str:
    """IRI of a name; an identifier of something of ours stands for that, another for itself."""
    known = name if name.startswith(("https://", "http://")) else names.expand(name) or ""
    if known.startswith(names.BASE):
        return known
    try:
        return lexicon.resolve(name)
    except UnknownName:
        if known:
            return known
        raise


async def _addressed(name: str, lookup: Lookup) -> str:
    """IRI of a name in an address."""
    if len(name) > _LONGEST_NAME:
        raise problem.NothingThere(f"nothing is called {name[:80]!r}…")
    lexicon = await lookup.lexicon()
    try:
        # Some milliseconds of comparing names, where it is unknown.
        iri = await asyncio.to_thread(_resolved, name, lexicon)
        reference(iri)
    except UnknownName as error:
        raise problem.NothingThere.of(error) from error
    except ValueError as error:
        raise problem.NothingThere(f"{name[:80]!r} is no IRI") from error
    return iri


async def _nothing_at(path: str, lookup: Lookup) -> problem.NothingThere:
    """Say that there is nothing at a path; where a term could be, name those that are called like it."""
    near: list[str] = []
    if _TERM.fullmatch(path):
        lexicon = await lookup.lexicon()
        found = await asyncio.to_thread(lexicon.search, path, limit=_SUGGESTIONS)
        near = [names.compress(entry.iri) for entry, _ in found]
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    return problem.NothingThere(f"there is nothing at /{path[:200]}{hint}", near)


def _negotiated(request: Request, offers: Sequence[str]) -> str:
    """Pick a media type, ``format=`` first (which need not be named here: the endpoint reads it again)."""
    if controls(request.query_params).get("format"):
        return offers[0]
    wanted = choose(request.headers.get("accept", ""), offers)
    if wanted is None:
        raise QueryRefused(f"this comes as {', '.join(offers)}", status=406)
    return wanted


def _as_rdf(request: Request, sparql: SparqlApp, name: str, iri: str, wanted: str | None) -> Relayed:
    text = questions.bind(_stored(name), {"graph" if name == "graph" else "resource": iri})
    form = "" if controls(request.query_params).get("format") else wanted or ""
    most = _MOST_TRIPLES if name == "graph" else None
    return Relayed(sparql, lambda: replace(operation(request, text, form=form), most_rows=most))


async def _is_spoken_of(store: Store, config: ServeConfig, iri: str) -> bool:
    if iri in store.graphs:
        return True
    text = questions.bind(_stored("facts"), {"resource": iri})
    return bool(await rows(store, Query(text, timeout=config.timeout, max_rows=1)))


async def _resource(store: Store, config: ServeConfig, iri: str) -> Resource:
    text = questions.bind(_stored("facts"), {"resource": iri})
    found = await rows(store, Query(text, timeout=config.timeout, max_rows=_MOST_FACTS + 1))
    labels = [row["value"] for row in found if _is_label(row)]
    return Resource(
        iri=iri,
        curie=names.compress(iri),
        label=labels[0] if labels else None,
        facts=[_fact(row) for row in found[:_MOST_FACTS]],
        truncated=len(found) > _MOST_FACTS,
    )


def _is_label(row: Mapping[str, str]) -> bool:
    return row["direction"] == "out" and row["property"] == f"{names.PREFIXES['rdfs']}label"


def _fact(row: Mapping[str, str]) -> Fact:
    return Fact(
        direction=row["direction"],
        property=row["property"],
        property_label=row.get("propertyLabel"),
        value=row["value"],
        value_label=row.get("valueLabel"),
        graph=row["graph"],
    )


@cache
def _stored(name: str) -> Question:
    return questions.parse(stored_query(name), name, f"{name}.rq")
