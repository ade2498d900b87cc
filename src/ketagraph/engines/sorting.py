"""Lines in, each of them once and sorted out, in bounded memory: sorted runs on disk, then merged."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

__all__ = ["Sorter"]

_MOST = 32 << 20
"""Bytes of lines that lie in memory before they become a run on disk."""


class Sorter:
    """Sorts lines, each with its line feed; ``name`` begins the names of its runs below ``folder``."""

    def __init__(self, folder: Path, name: str, *, most: int = _MOST) -> None:
        self._folder, self._name, self._most = folder, name, most
        self._lines: list[bytes] = []
        self._held = 0
        self._runs: list[Path] = []

    def add(self, line: bytes) -> None:
        """Take a line."""
        self._lines.append(line)
        self._held += len(line)
        if self._held >= self._most:
            self._spill()

    def lines(self) -> Iterator[bytes]:
        """Yield every line once, sorted; the runs are removed when all have been read."""
        self._lines.sort()
        with ExitStack() as stack:
            runs = [stack.enter_context(run.open("rb")) for run in self._runs]
            for line, _ in groupby(heapq.merge(self._lines, *runs)):
                yield line
        self._lines.clear()
        for run in self._runs:
            run.unlink()

    def _spill(self) -> None:
        run = self._folder / f"{self._name}-{len(self._runs)}.run"
        self._lines.sort()
        with run.open("wb") as file:
            file.writelines(self._lines)
        self._runs.append(run)
        self._lines.clear()
        self._held = 0
