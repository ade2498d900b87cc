"""One trial in, its arms, findings over time, harms, and what the review says beside the paper out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from ketagraph.server.pages.knowledge import Knowledge
from ketagraph.server.pages.records import Record
from ketagraph.server.pages.site import Site, thing

__all__ = ["facts_by_name", "timeline", "trial"]

_TABLES = ("facts", "arms", "findings", "harms", "papers", "differences", "record")
_LEFT, _RIGHT, _ROW, _TOP, _WIDTH = 300, 40, 34, 34, 960


@dataclass(frozen=True, slots=True)
class Mark:
    """One finding in the drawing: from ``start`` to ``x``, at ``y``; ``icon`` names its sign."""

    x: float
    y: float
    start: float
    icon: str
    told: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drawing of findings by week: its size, the weeks of its axis, its rows and its marks."""

    width: int
    height: int
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...]


async def trial(site: Site, request: Request) -> Response:
    """Show one trial."""
    knowledge = await site.knowledge()
    iri = thing("Study", request.path_params["slug"], knowledge)
    found = await asyncio.gather(*(site.table(name, subject=iri) for name in _TABLES))
    rows = {name: table.rows for name, table in zip(_TABLES, found, strict=True)}
    return await site.render(
        request,
        "trial.html",
        iri=iri,
        facts=facts_by_name(rows["facts"]),
        timeline=timeline(rows["findings"], knowledge),
        tables=rows,
    )


def facts_by_name(rows: Sequence[Record]) -> dict[str, list[Record]]:
    """Return facts by the local name of their predicate, each value once."""
    found: dict[str, dict[str, Record]] = {}
    for row in rows:
        name = row["predicate"].value.replace("#", "/").rsplit("/", 1)[-1]
        found.setdefault(name, {}).setdefault(row["object"].value, row)
    return {name: list(values.values()) for name, values in found.items()}


def timeline(findings: Sequence[Record], knowledge: Knowledge) -> Timeline | None:
    """Lay out the findings whose time is known in weeks; None where there is none."""
    timed = [row for row in findings if "weeks" in row]
    if not timed:
        return None
    last = max(float(row["weeks"].value) for row in timed) or 1.0
    names = list(dict.fromkeys(_row_name(row, knowledge) for row in timed))
    places = {name: _TOP + _ROW * (number + 0.5) for number, name in enumerate(names)}

    def across(weeks: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * weeks / last, 1)

    def mark(row: Record) -> Mark:
        y = places[_row_name(row, knowledge)]
        return _mark(row, knowledge, y, across(float(row["weeks"].value)), across(0))

    return Timeline(
        _WIDTH,
        _TOP + _ROW * len(names) + 12,
        tuple((across(week), f"{week:g}") for week in _ticks(last)),
        tuple((y, name) for name, y in places.items()),
        tuple(map(mark, timed)),
    )


def _mark(row: Record, knowledge: Knowledge, y: float, x: float, zero: float) -> Mark:
    kind = row["timeKind"].value if "timeKind" in row else ""
    verdict = row["verdict"].value
    stated = row["time"].value if "time" in row else f"week {float(row['weeks'].value):g}"
    start = zero if kind.startswith(("until", "during", "within")) else x
    return Mark(x, y, start, knowledge.icon(verdict) or "open", f"{stated}: {verdict}")


def _row_name(row: Record, knowledge: Knowledge) -> str:
    return f"{knowledge.label(row['outcome'].value)}, {row['comparison'].value}"


def _ticks(last: float) -> list[float]:
    """Choose at most seven round weeks from 0 on."""
    step = next((size for size in (0.25, 0.5, 1, 2, 4, 8, 12, 26, 52, 104) if last / size <= 6), last / 4)
    return [step * number for number in range(int(last / step) + 1)]
