"""A table of signed edges in, a compressed graph out; a broken line is named by file and line.

TSV with a header: ``subject``, ``sign``, ``object`` and, if wanted, ``reference`` and ``certainty``, in
any order. A sign is ``+``, ``-``, ``0`` or ``?`` (``1``, ``+1``, ``-1``, ``−`` and empty are understood); a
certainty is one of :data:`CERTAINTIES` or empty, which means established. References stay in the file and
are fetched by row, so that a graph a thousand times ours still fits into memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ketagraph.errors import EnvironmentFault, Fault, SourceError
from ketagraph.signed_graph.graph import UNSIGNED, SignedGraph

__all__ = ["CERTAINTIES", "read", "references"]

CERTAINTIES = ("Unknown", "Possible", "Believed", "Established")
"""The words for certainty, by rank from 0."""

_SIGNS = {
    **dict.fromkeys((b"+", b"1", b"+1"), 1),
    **dict.fromkeys((b"-", b"-1", "−".encode(), "−1".encode()), -1),
    b"0": 0,
    **dict.fromkeys((b"?", b""), UNSIGNED),
}
_SURE = {b"": 3, **{word.encode(): rank for rank, word in enumerate(CERTAINTIES)}}
_REQUIRED = ("subject", "sign", "object")
_OPTIONAL = ("reference", "certainty")
_CHUNK = 1 << 20


def read(path: Path) -> SignedGraph:
    """Read the table at ``path``.

    Raises:
        EnvironmentFault: the file cannot be read.
        SourceError: the header does not fit, a line is broken, or there is no edge.
    """
    reader = _Reader(path)
    try:
        with path.open("rb") as file:
            reader.read(file)
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be read: {error.strerror}") from error
    return reader.graph()


def references(path: Path, rows: Iterable[int]) -> dict[int, str]:
    """Fetch the ``reference`` of some rows (0 is the first after the header), in one pass over the file."""
    wanted = sorted(set(rows))
    found: dict[int, str] = {}
    with path.open("rb") as file:
        header = _columns(path, file.readline())
        place = header.get("reference")
        if place is None or not wanted:
            return found
        row = 0
        for line in wanted:
            for _ in range(line - row):
                file.readline()
            cells = file.readline().rstrip(b"\r\n").split(b"\t")
            found[line] = cells[place].decode(errors="replace")
            row = line + 1
    return found


def _columns(path: Path, line: bytes) -> dict[str, int]:
    header = line.decode("utf-8-sig", errors="replace").rstrip("\r\n").split("\t")
    fits = len(set(header)) == len(header) and set(_REQUIRED) <= set(header) <= {*_REQUIRED, *_OPTIONAL}
    if not fits:
        wanted = "subject, sign, object and, if wanted, reference and certainty"
        raise SourceError([Fault(str(path), 1, "", f"the header is {header!r}; expected {wanted}")])
    return {name: place for place, name in enumerate(header)}


def _numbered() -> defaultdict[bytes, int]:
    """Return a dictionary that gives each new key the next number."""
    numbers: defaultdict[bytes, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    return numbers


class _Broken(Exception):
    """A chunk holds a broken line; which one is looked for only then."""


def _regular(seams: NDArray[np.uint8]) -> bool:
    """Whether every line has its tabs, and a line feed at its end only."""
    return bool((seams[:, -1] == 10).all() and (seams[:, :-1] == 9).all())


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yield chunks of whole lines, with plain line feeds."""
    rest = b""
    while block := file.read(_CHUNK):
        block = rest + block
        cut = block.rfind(b"\n") + 1
        rest = block[cut:]
        if cut:
            yield block[:cut].replace(b"\r\n", b"\n")
    if rest:
        yield rest.removesuffix(b"\r") + b"\n"


@dataclass(slots=True)
class _Reader:
    """Reads a file chunk by chunk."""

    path: Path
    columns: Mapping[str, int] = field(default_factory=dict)
    numbers: defaultdict[bytes, int] = field(default_factory=_numbered)
    subject: list[NDArray[np.int32]] = field(default_factory=list)
    object: list[NDArray[np.int32]] = field(default_factory=list)
    sign: list[NDArray[np.int8]] = field(default_factory=list)
    certainty: list[NDArray[np.int8]] = field(default_factory=list)
    line: int = 2

    def read(self, file: BinaryIO) -> None:
        """Read a whole table.

        Raises:
            SourceError: it has no edge, or a broken line, told with its place.
        """
        self.columns = _columns(self.path, file.readline())
        for block in _blocks(file):
            try:
                self._add(block)
            except (KeyError, _Broken):
                raise SourceError([self._first_fault(block)]) from None
            self.line += block.count(b"\n")
        if not self.subject:
            raise SourceError([Fault(str(self.path), 1, "", "the table has no edge")])

    def _add(self, block: bytes) -> None:
        """Add whole lines, each ending in a line feed."""
        width = len(self.columns)
        letters = np.frombuffer(block, dtype=np.uint8)
        seams = letters[(letters == 9) | (letters == 10)]
        if len(seams) % width or not _regular(seams.reshape(-1, width)):
            raise _Broken
        cells = block.replace(b"\n", b"\t").split(b"\t")
        cells.pop()
        lines = len(cells) // width
        for name, parts in (("subject", self.subject), ("object", self.object)):
            numbers = map(self.numbers.__getitem__, cells[self.columns[name] :: width])
            parts.append(np.fromiter(numbers, np.int32, lines))
        for name, known, small in (("sign", _SIGNS, self.sign), ("certainty", _SURE, self.certainty)):
            small.append(self._words(cells, name, known, lines))
        if b"" in self.numbers:
            raise _Broken

    def _words(
        self, cells: list[bytes], name: str, known: Mapping[bytes, int], lines: int
    ) -> NDArray[np.int8]:
        """Translate a column of known words; where the table lacks it, every cell counts as empty."""
        place = self.columns.get(name)
        if place is None:
            return np.full(lines, known[b""], dtype=np.int8)
        return np.fromiter(map(known.__getitem__, cells[place :: len(self.columns)]), np.int8, lines)

    def _first_fault(self, block: bytes) -> Fault:
        for number, line in enumerate(block.split(b"\n")[:-1], start=self.line):
            if message := self._wrong(line):
                return Fault(str(self.path), number, "", message)
        return Fault(str(self.path), self.line, "", "a line near this one is broken")

    def _wrong(self, line: bytes) -> str:
        cells = line.split(b"\t")
        if len(cells) != len(self.columns):
            return f"{len(cells)} cell(s), expected {len(self.columns)}: {', '.join(self.columns)}"
        for name, known in (("sign", _SIGNS), ("certainty", _SURE)):
            place = self.columns.get(name)
            if place is not None and cells[place] not in known:
                told = cells[place].decode(errors="replace")
                wanted = ", ".join(key.decode() for key in known if key)
                return f"{name} {told!r} is not one of {wanted}"
        empty = [name for name in ("subject", "object") if not cells[self.columns[name]]]
        return f"{empty[0]} is empty" if empty else ""

    def graph(self) -> SignedGraph:
        """Make the graph of what was read, its nodes in the order of their names."""
        names = [self._decoded(name) for name in self.numbers]
        order = sorted(range(len(names)), key=names.__getitem__)
        rank = np.empty(len(names), dtype=np.int32)
        rank[order] = np.arange(len(names), dtype=np.int32)
        return SignedGraph.of(
            [names[place] for place in order],
            rank[np.concatenate(self.subject)],
            rank[np.concatenate(self.object)],
            np.concatenate(self.sign),
            np.concatenate(self.certainty),
        )

    def _decoded(self, name: bytes) -> str:
        try:
            return name.decode()
        except UnicodeDecodeError:
            number = self.numbers[name]
            ends = (np.concatenate(side) for side in (self.subject, self.object))
            row = min(int(np.flatnonzero(end == number)[0]) for end in ends if (end == number).any())
            raise SourceError([Fault(str(self.path), row + 2, "", "not UTF-8 text")]) from None
