"""Checks: SELECT queries whose every row is a fault; the caller brings the engine that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ketagraph.sources import Layout
from ketagraph.validate.report import Result

__all__ = ["Select", "run_checks"]

Select = Callable[[str], Iterable[Sequence[str | None]]]
"""Runs a SELECT query and yields its rows as strings (IRIs bare, literals by their text)."""


def run_checks(where: Layout, select: Select, *, places: Mapping[str, str]) -> list[Result]:
    """Run ontology/checks/*.rq; each row is ``?focus ?label ?message`` and a violation."""
    return [
        _result(row, path, places)
        for path in sorted((where.ontology / "checks").glob("*.rq"))
        for row in select(path.read_text(encoding="utf-8"))
    ]


def _result(row: Sequence[str | None], path: Path, places: Mapping[str, str]) -> Result:
    focus, label, message = (cell or "" for cell in row)
    return Result(focus, label or focus, message, "violation", f"checks/{path.stem}", places.get(focus, ""))
