"""Reviewed proposals in, rows of our mappings out: checked as a whole before anything is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path

from ketagraph import mappings
from ketagraph.errors import EnvironmentFault, Fault, SourceError
from ketagraph.mappings.model import COLUMNS
from ketagraph.sources import Layout

__all__ = ["accept"]

_NEEDED = ("subject_id", "predicate_id", "object_id", "mapping_justification", "object_source")


def accept(path: Path, where: Layout, known: Collection[str]) -> int:
    """Move the rows of a reviewed SSSOM file into data/mappings.sssom.tsv; return how many were new.

    Whoever reviews deletes the rows that are wrong and corrects predicates. ``known`` are the local names of
    our terms. The file itself is left as it is.

    Raises:
        SourceError: a row breaks the rules of our mappings, or contradicts one: nothing is written.
        EnvironmentFault: a file cannot be read or written.
    """
    target = where.data / mappings.FILE
    try:
        text, before = path.read_text(encoding="utf-8"), target.read_bytes()
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(f"{path}: cannot be read: {error}") from error
    fresh = _rows(text, str(path))
    lines = dict.fromkeys(before.decode().splitlines())
    added = [line for line in fresh if line not in lines]
    after = mappings.canonical("".join(f"{line}\n" for line in [*lines, *added]).encode())
    _, faults = mappings.read_bytes(after, known, path=where.show(target), thorough=False)
    if faults:
        raise SourceError(faults)
    _replace(target, after)
    return len(added)


def _rows(text: str, shown: str) -> list[str]:
    body = "".join(line + "\n" for line in text.splitlines() if not line.startswith("#"))
    reader = csv.DictReader(io.StringIO(body), delimiter="\t", quoting=csv.QUOTE_NONE)
    lacking = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
    if lacking:
        raise SourceError([Fault(shown, 0, "", f"columns are missing: {', '.join(lacking)}")])
    return ["\t".join((row.get(column) or "").strip() for column in COLUMNS) for row in reader]


def _replace(target: Path, content: bytes) -> None:
    fresh = target.with_name(f".{target.name}")
    try:
        fresh.write_bytes(content)
        fresh.replace(target)
    except OSError as error:
        raise EnvironmentFault(f"{target}: cannot be written: {error.strerror or error}") from error
