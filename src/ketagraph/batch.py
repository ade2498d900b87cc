"""A table of claims in, one judgement or one fault per row out; good rows finish whatever the bad ones do.

The file is TSV with a header: ``subject``, ``relation``, ``object`` and any of the qualifiers ``via``,
``dose``, ``route``, ``species``, ``outcome``, ``comparator``, ``week``. Empty lines and lines that begin
with ``#`` are skipped. A file without the first three columns, or with others, is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ketagraph.claims import HOPS, Claim, Judgement
from ketagraph.dossier import Dossier
from ketagraph.errors import EnvironmentFault, Fault, SourceError, UnknownName

__all__ = ["COLUMNS", "Asked", "Judged", "judge_rows", "read_rows"]

_REQUIRED = ("subject", "relation", "object")
_QUALIFIERS = ("via", "dose", "route", "species", "outcome", "comparator", "week")
COLUMNS = (*_REQUIRED, *_QUALIFIERS)
"""Every column that a table of claims may have."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One row: its line in the file (1-based) and its cells by column, or what is wrong with it."""

    line: int
    cells: Mapping[str, str]
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one row: a judgement, or a fault."""

    line: int
    judgement: Judgement | None
    fault: Fault | None


def read_rows(path: Path) -> list[Asked]:
    """Return the rows of the file at ``path`` in its order, broken ones with their fault.

    Raises:
        EnvironmentFault: the file cannot be read as UTF-8 text.
        SourceError: it has no header that fits.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(f"{path}: cannot be read as UTF-8 text: {error}") from error
    told = [(number, line) for number, line in enumerate(lines, start=1) if line and line[0] != "#"]
    header = _header(path, told)
    return [_asked(path, number, line, header) for number, line in told[1:]]


def _header(path: Path, told: list[tuple[int, str]]) -> tuple[str, ...]:
    number, line = told[0] if told else (1, "")
    header = tuple(line.split("\t"))
    lacking = [name for name in _REQUIRED if name not in header]
    strange = [name for name in header if name not in COLUMNS]
    if lacking or strange or len(set(header)) < len(header):
        message = (
            f"the header is {line!r}; expected subject, relation, object and any of {', '.join(_QUALIFIERS)}"
        )
        raise SourceError([Fault(str(path), number, "", message)])
    return header


def _asked(path: Path, number: int, line: str, header: tuple[str, ...]) -> Asked:
    cells = line.split("\t")
    if len(cells) != len(header):
        message = f"{len(cells)} cell(s), expected {len(header)}: {', '.join(header)}"
        return Asked(number, {}, Fault(str(path), number, "", message))
    return Asked(number, {name: cell.strip() for name, cell in zip(header, cells, strict=True)})


def judge_rows(dossier: Dossier, rows: Iterable[Asked], path: Path, *, hops: int = HOPS) -> Iterator[Judged]:
    """Yield what comes of each row, in order."""
    for row in rows:
        if row.fault:
            yield Judged(row.line, None, row.fault)
            continue
        try:
            judgement = dossier.judge(_claim(dossier, row.cells), hops=hops)
        except UnknownName as error:
            yield Judged(row.line, None, Fault(str(path), row.line, "", str(error)))
        else:
            yield Judged(row.line, judgement, None)


def _claim(dossier: Dossier, cells: Mapping[str, str]) -> Claim:
    given = {name: cells[name] for name in _QUALIFIERS if cells.get(name) and name != "week"}
    week = _week(cells.get("week", ""))
    return dossier.claim(cells["subject"], cells["relation"], cells["object"], week=week, **given)


def _week(text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise UnknownName(f"week {text!r} is not a number of weeks") from None
