"""One thing of the graph in, everything said of it out: as a page, or as RDF for programs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from ketagraph import names, questions
from ketagraph.server.absent import absent
from ketagraph.server.pages.knowledge import Knowledge
from ketagraph.server.pages.records import Record, Term
from ketagraph.server.pages.site import HEADERS, Site, page_query
from ketagraph.server.problem import NothingThere
from ketagraph.store import Query

__all__ = ["term"]

_MOST = 40
"""Values shown of one predicate."""

_FORMS = {"ttl": "text/turtle", "nt": "application/n-triples", "jsonld": "application/ld+json"}
_SKOS, _RDFS = names.PREFIXES["skos"], names.PREFIXES["rdfs"]
_LABELS = (_RDFS + "label",)
_DEFINITIONS = (_SKOS + "definition", _SKOS + "scopeNote", _SKOS + "editorialNote", _RDFS + "comment")
_SYNONYMS = (_SKOS + "altLabel",)
_MATCHING = ("notation", "exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
_MATCHES = tuple(_SKOS + name for name in _MATCHING)
_ABOVE = (_RDFS + "subClassOf",)
_TABLES = ("facts", "mentions", "statements", "place", "trials")
_APART = frozenset((*_LABELS, *_DEFINITIONS, *_SYNONYMS, *_MATCHES, *_ABOVE))


@dataclass(frozen=True, slots=True)
class Group:
    """What one predicate says: its values, each with its graphs, and how many more there are."""

    predicate: str
    values: tuple[tuple[Term, str], ...]
    more: int


async def term(site: Site, request: Request) -> Response:
    """Show everything about one thing."""
    curie, knowledge = request.path_params["curie"], await site.knowledge()
    name, _, form = curie.rpartition(".")
    if form in _FORMS and name:
        return await _rdf(site, name, form)
    iri = _iri(curie)
    found = await asyncio.gather(*(site.table(each, subject=iri) for each in _TABLES))
    facts, mentions, statements, place, trials = (table.rows for table in found)
    if not facts and not mentions:
        raise absent("term", curie, map(names.compress, knowledge.labels))
    return await site.render(
        request,
        "term.html",
        iri=iri,
        kind=knowledge.kind(iri),
        definitions=_of(facts, _DEFINITIONS),
        synonyms=_of(facts, _SYNONYMS),
        matches=_of(facts, _MATCHES),
        above=[row["iri"].value for row in place if row["where"].value == "above"],
        below=[row["iri"].value for row in place if row["where"].value == "below"],
        statements=_by_predicate(statements, knowledge),
        trials=trials,
        facts=list(_groups(_other(facts), "object", knowledge)),
        mentions=list(_groups(mentions, "subject", knowledge)),
        forms=tuple(_FORMS),
        query=questions.bind(page_query("facts"), {"subject": iri}),
    )


def _iri(curie: str) -> str:
    iri = curie if curie.startswith(("http://", "https://")) else names.expand(curie)
    if not iri or any(letter in iri for letter in '<>"{}|\\^` \n\r\t'):
        raise NothingThere(f"{curie[:120]!r} is no CURIE or IRI; terms are written like keta:Ketamine")
    return iri


async def _rdf(site: Site, curie: str, form: str) -> Response:
    text = questions.bind(page_query("describe"), {"subject": _iri(curie)})
    query = Query(text, None, _FORMS[form], site.config.timeout, site.config.max_rows)
    async with site.store.query(query) as answer:
        body = b"".join([piece async for piece in answer])
        empty = answer.outcome is not None and not answer.outcome.rows
    if empty:
        raise NothingThere(f"nothing in the graph is called {curie[:120]!r}")
    return Response(body, headers=HEADERS | {"Access-Control-Allow-Origin": "*"}, media_type=_FORMS[form])


def _of(facts: Iterable[Record], predicates: Sequence[str]) -> list[Record]:
    """Return the facts of some predicates, each value once, in the order of the predicates."""
    found: dict[tuple[str, str], Record] = {}
    for row in facts:
        if row["predicate"].value in predicates:
            found.setdefault((row["predicate"].value, row["object"].value), row)
    return sorted(found.values(), key=lambda row: predicates.index(row["predicate"].value))


def _other(facts: Iterable[Record]) -> Iterator[Record]:
    """Yield the facts that have no place of their own on the page."""
    return (row for row in facts if row["predicate"].value not in _APART)


def _groups(rows: Iterable[Record], side: str, knowledge: Knowledge) -> Iterator[Group]:
    """Group rows by predicate, by label; a value that stands in several graphs names them all."""
    found: dict[str, dict[Term, list[str]]] = {}
    for row in rows:
        graph = row["graph"].value.rsplit("/", 1)[-1]
        found.setdefault(row["predicate"].value, {}).setdefault(row[side], []).append(graph)
    for predicate in sorted(found, key=lambda iri: knowledge.label(iri).lower()):
        values = sorted(found[predicate].items(), key=lambda pair: knowledge.label(pair[0].value).lower())
        shown = tuple((value, ", ".join(graphs)) for value, graphs in values[:_MOST])
        yield Group(predicate, shown, len(values) - len(shown))


def _by_predicate(rows: Iterable[Record], knowledge: Knowledge) -> list[tuple[str, str, list[Record]]]:
    """Group claims by the side the thing is on and by relation: side, relation, claims."""
    found: dict[tuple[str, str], list[Record]] = {}
    for row in rows:
        found.setdefault((row["side"].value, row["predicate"].value), []).append(row)
    ordered = sorted(found, key=lambda key: (key[0] != "subject", knowledge.label(key[1])))
    return [(side, predicate, found[side, predicate]) for side, predicate in ordered]
