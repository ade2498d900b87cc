"""The workbench: its page with examples, and what its editor completes and labels by."""

from __future__ import annotations

import json

from fastapi import Request
from starlette.responses import Response

from ketagraph import names, questions
from ketagraph.errors import QueryRefused
from ketagraph.questions import Question
from ketagraph.server.pages.asked import by_tag
from ketagraph.server.pages.conditional import matches
from ketagraph.server.pages.knowledge import Knowledge
from ketagraph.server.pages.records import texts
from ketagraph.server.pages.site import HEADERS, Site

__all__ = ["vocabulary", "workbench"]

_FRESH = """PREFIX keta: <https://w3id.org/ketagraph/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

# Type a name such as "neuropathic" and press Ctrl-Space; Ctrl-Enter runs.
SELECT ?trial ?outcome ?verdict ?sentence
WHERE {
  ?study keta:studiesCondition/rdfs:subClassOf* keta:ChronicPrimaryPain ;
    rdfs:label ?trial ;
    keta:hasFinding ?finding .
  ?finding keta:outcome/rdfs:label ?outcome ;
    keta:verdict/rdfs:label ?verdict ;
    keta:anchoredIn/keta:address ?sentence .
}
ORDER BY ?trial ?outcome
"""
_OTHER = (
    "SELECT ?type (COUNT(*) AS ?count)\nWHERE { ?thing a ?type }\nGROUP BY ?type\nORDER BY DESC(?count)\n"
)


async def workbench(site: Site, request: Request) -> Response:
    """Show the editor, or a form where no scripts run."""
    examples = [
        (tag, [(each, text) for each in listed if (text := _bound(each))])
        for tag, listed in by_tag(site.questions.values())
    ]
    return await site.render(
        request,
        "workbench.html",
        query=request.query_params.get("query", "")[:65_536] or (_FRESH if site.is_release else _OTHER),
        examples=examples,
    )


def _bound(question: Question) -> str:
    """Write the question with its defaults; empty where it has none for something that it needs."""
    try:
        return questions.bind(question, {})
    except QueryRefused:
        return ""


async def vocabulary(site: Site, request: Request) -> Response:
    """List prefixes, terms with label and synonyms, and how often each property is used, as JSON."""
    knowledge = await site.knowledge()
    tag = f'W/"v-{knowledge.edition[:32]}"'
    headers = HEADERS | {"ETag": tag, "Cache-Control": "no-cache"}
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    used = texts((await site.table("usage")).rows)
    body = {
        "prefixes": names.PREFIXES,
        "terms": _terms(knowledge),
        "properties": [[row["predicate"], int(row["count"])] for row in used],
    }
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, headers=headers, media_type="application/json")


def _terms(knowledge: Knowledge) -> list[tuple[str, str, str, list[str]]]:
    synonyms: dict[str, list[str]] = {}
    if knowledge.rows:
        for entry in knowledge.dossier.lexicon.entries:
            if entry.kind == "synonym":
                synonyms.setdefault(entry.iri, []).append(entry.name)
    return [
        (iri, label, knowledge.kind(iri), synonyms.get(iri, []))
        for iri, label in sorted(knowledge.labels.items())
        # Lines of evidence, effects and the like have labels that nobody looks for.
        if knowledge.kind(iri) or not iri.startswith(names.PREFIXES["kid"])
    ]
