"""What the whole graph says, at a glance: every drug in every condition, contradictions, coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from ketagraph.server.pages.checks import ICONS
from ketagraph.server.pages.knowledge import Knowledge
from ketagraph.server.pages.records import Record
from ketagraph.server.pages.site import Site

__all__ = ["contradictions", "coverage", "evidence"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One judgement in the matrix: where it is told, its verdict and sign, and how many trials there are."""

    href: str
    verdict: str
    icon: str
    purpose: str
    trials: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence by its address: what was taken from it, or why nothing was."""

    address: str
    records: tuple[str, ...]
    excuse: str
    note: str


async def evidence(site: Site, request: Request) -> Response:
    """Show the matrix of drugs and conditions; ``all`` adds pairs that no trial speaks of."""
    knowledge = await site.knowledge()
    everything = "all" in request.query_params
    source = _source(request, knowledge)
    judged = (await site.table("judgements", **source)).rows
    shown = [row for row in judged if everything or row["trials"].value != "0"]
    cells: dict[tuple[str, str], list[Cell]] = {}
    for row in shown:
        cells.setdefault((row["condition"].value, row["agent"].value), []).append(
            _cell(row, knowledge, **source)
        )
    return await site.render(
        request,
        "evidence.html",
        drugs=_ordered(knowledge, [row["agent"].value for row in shown]),
        conditions=_ordered(knowledge, [row["condition"].value for row in shown]),
        cells=cells,
        everything=everything,
        total=len(judged),
        shown=len(shown),
        tally=Counter(row["verdict"].value for row in shown).most_common(),
        icons=ICONS,
        sources=knowledge.dossier.sources,
        chosen=source.get("source", ""),
    )


def _source(request: Request, knowledge: Knowledge) -> dict[str, str]:
    """Return the IRI of the source asked for as a query's parameter; nothing where all are.

    Raises:
        UnknownName: there is no such source.
    """
    name = request.query_params.get("source", "").strip()[:300]
    return {"source": knowledge.dossier.source(name)} if name else {}


def _ordered(knowledge: Knowledge, iris: Iterable[str]) -> list[str]:
    """Return each IRI once, those with most judgements first."""
    counts = Counter(iris)
    return sorted(counts, key=lambda iri: (-counts[iri], knowledge.label(iri).lower()))


def _cell(row: Record, knowledge: Knowledge, source: str = "") -> Cell:
    claim = {"subject": "agent", "relation": "relation", "object": "condition"}
    named = {name: knowledge.label(row[variable].value) for name, variable in claim.items()}
    if source:
        named["source"] = source.rsplit("/", 1)[-1]
    verdict = row["verdict"].value
    icon = ICONS.get(verdict, "open")
    return Cell(f"/check?{urlencode(named)}", verdict, icon, row["purpose"].value, int(row["trials"].value))


async def contradictions(site: Site, request: Request) -> Response:
    """Show who says otherwise, by what explains it."""
    knowledge = await site.knowledge()
    source = _source(request, knowledge)
    rows = (await site.table("contradictions", **source)).rows
    groups = [(kind, list(found)) for kind, found in groupby(rows, lambda row: row["kind"].value)]
    return await site.render(
        request,
        "contradictions.html",
        groups=groups,
        count=len(rows),
        sources=knowledge.dossier.sources,
        chosen=source.get("source", ""),
    )


async def coverage(site: Site, request: Request) -> Response:
    """Show every sentence: used, or excused."""
    found = list(_sentences((await site.table("sentences")).rows))
    sections = [
        (source, name, [each for *_, each in grouped])
        for (source, name), grouped in groupby(found, lambda one: one[:2])
    ]
    used = sum(1 for *_, each in found if each.records)
    excused = sum(1 for *_, each in found if not each.records and each.excuse)
    return await site.render(
        request,
        "coverage.html",
        sections=sections,
        several=len({source for source, *_ in found}) > 1,
        total=len(found),
        used=used,
        excused=excused,
        open=len(found) - used - excused,
    )


def _sentences(rows: Iterable[Record]) -> Iterator[tuple[str, str, Sentence]]:
    """Yield source, section and sentence, by source in the order of its text."""
    for _, grouped in groupby(rows, lambda row: row["address"].value):
        found = list(grouped)
        first = found[0]
        yield (
            first["source"].value,
            first["section"].value,
            Sentence(
                first["address"].value,
                tuple(dict.fromkeys(row["record"].value for row in found if "record" in row)),
                first["excuse"].value if "excuse" in first else "",
                first["note"].value if "note" in first else "",
            ),
        )
