"""The front page with its search box and six questions, and what the search box finds."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict, dataclass

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from ketagraph import names, questions
from ketagraph.server.pages.searching import find
from ketagraph.server.pages.site import HEADERS, Site

__all__ = ["front", "search", "suggest"]

_LONGEST = 200
_ADDRESS = re.compile(r"([a-z0-9-]+:)?\d+\.\d+")
_CARDS = (
    (
        "trials-of-condition",
        "complex regional pain syndrome",
        "finding",
        "What did the trials of complex regional pain syndrome find?",
    ),
    ("null-findings", "", "finding", "Where did a trial find no difference?"),
    (
        "drugs-in-condition",
        "phantom limb pain",
        "finding",
        "Which drugs were tested in phantom limb pain, and how did they do?",
    ),
    (
        "mechanism-but-only-null-trials",
        "",
        "finding",
        "Where should ketamine help by its mechanism, but trials found nothing?",
    ),
    ("nmda-receptor-antagonists", "", "statement", "Which substances block the NMDA receptor?"),
    (
        "contradictions",
        "",
        "difference",
        "Who says otherwise, and what differs: dose, comparator, time or people?",
    ),
)
"""Question, condition to ask it for, what a row is, and the question in plain words."""

_COUNTED = {
    names.term("Study"): "studies",
    names.term("Arm"): "arms",
    names.term("Finding"): "findings",
    names.term("AdverseEventFinding"): "harms observed",
    names.term("Claim"): "claims",
    names.term("Effect"): "signed effects",
    names.term("Contradiction"): "contradictions",
    names.term("Anchor"): "sentences",
}


@dataclass(frozen=True, slots=True)
class Card:
    """A question on the front page; ``count`` is how many rows its answer has now."""

    slug: str
    query: str
    asked: str
    count: int
    noun: str


async def front(site: Site, request: Request) -> Response:
    """Show the search box, six questions with live counts, and what the graph holds."""
    cards = [card for card in _CARDS if card[0] in site.questions]
    counts = await asyncio.gather(*(_count(site, slug, value) for slug, value, *_ in cards))
    shown = [
        Card(slug, f"?condition={value.replace(' ', '+')}" if value else "", asked, count, noun)
        for (slug, value, noun, asked), count in zip(cards, counts, strict=True)
    ]
    totals = (await site.table("totals")).rows if site.is_release else ()
    return await site.render(
        request,
        "home.html",
        cards=shown,
        totals=[(_COUNTED[row["type"].value], int(row["count"].value)) for row in totals],
        endpoint=f"{request.base_url}sparql",
    )


async def _count(site: Site, slug: str, condition: str) -> int:
    values = {"condition": (await site.knowledge()).resolve(condition)} if condition else {}
    return len((await site.ask(questions.bind(site.questions[slug], values))).rows)


async def search(site: Site, request: Request) -> Response:
    """Show what a name may mean; a sentence's address leads to that sentence."""
    text = request.query_params.get("q", "")[:_LONGEST].strip()
    if _ADDRESS.fullmatch(text) and "from-sentence" in site.questions:
        return RedirectResponse(f"/questions/from-sentence?sentence={text}", 303, HEADERS)
    hits = find(await site.knowledge(), text, limit=60)
    return await site.render(request, "search.html", text=text, hits=hits)


async def suggest(site: Site, request: Request) -> Response:
    """Tell the best few as JSON, for the search box while someone types."""
    text = request.query_params.get("q", "")[:_LONGEST]
    hits = find(await site.knowledge(), text, limit=8)
    body = json.dumps([asdict(hit) for hit in hits], ensure_ascii=False).encode()
    return Response(body, headers=HEADERS | {"Cache-Control": "no-cache"}, media_type="application/json")
