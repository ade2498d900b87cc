"""The engine's bytes in, at most so many rows out: results are cut on the stream, at row borders.

The query is never edited; the cutter counts the rows that the engine writes, and past the limit closes
the document well-formedly and stops the engine. Counting relies on what the engine's serialisers write
(no white space in JSON and XML, one line a row in TSV, RFC 4180 quoting in CSV) and is tested against
real parsers.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from ketagraph.store.query import Outcome

__all__ = ["Enough", "RowCutter", "announced_first"]

_BLOCK = 65_536

_LINE = re.compile(rb"\n(?!\Z)")
_QUOTED_LINE = re.compile(rb'"[^"]*+(?:"|\Z)|\n(?!\Z)')
_XML = re.compile(rb"<result>")
# `,{"x` cannot occur inside a JSON string: there the quote would be escaped, and a quote that ends a
# string is followed by punctuation. Rows are the only objects in an array. The pattern begins with fixed
# bytes, which makes the search some fifteen times faster than an alternative there. Its group tells rows
# from what may be an empty one: looking for those apart would take as long again.
_JSON = re.compile(rb',\{("[^,}:\]]|\})')
_JSON_HEAD, _JSON_FIRST = b'{"head":{"vars":[', b'"bindings":[{'
# An empty row, `{}`, can occur inside a string, so there strings are skipped one by one. (No possessive
# groups: early Python 3.11 matches them wrongly, https://github.com/python/cpython/issues/106052.)
_JSON_SLOW = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*(?:"|\\?\Z)|[,\[]\{', re.DOTALL)


class Enough(Exception):  # a signal to ourselves through the engine, never an error
    """Raised through the engine to stop it once the limit is reached."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How one format shows its rows, and how a document of it is closed after a cut.

    ``starts`` gives the offset just before each row that starts in a buffer; the buffer itself begins
    inside no string. ``tally`` gives their number and the last of them, 0 where there is none. ``keep`` is 1
    where the byte at that offset still belongs to the row before. ``closing`` has the limit at ``%d``;
    ``announces`` says that it tells the reader of the cut.
    """

    starts: Callable[[bytearray], list[int]]
    tally: Callable[[bytearray], tuple[int, int]]
    keep: int
    closing: bytes = b""
    announces: bool = False


def _offsets(pattern: re.Pattern[bytes], held: bytearray) -> list[int]:
    return [match.start() for match in pattern.finditer(held)]


def _unquoted(pattern: re.Pattern[bytes], held: bytearray) -> list[int]:
    return [start for start in _offsets(pattern, held) if held[start] != 0x22]


def _counted(starts: list[int]) -> tuple[int, int]:
    return len(starts), starts[-1] if starts else 0


def _csv(held: bytearray) -> list[int]:
    return _unquoted(_QUOTED_LINE, held) if b'"' in held else _offsets(_LINE, held)


def _json(held: bytearray) -> list[int]:
    if b"}" in _JSON.findall(held):
        return _unquoted(_JSON_SLOW, held)
    first = _json_first(held)
    return [first] * (first > 0) + _offsets(_JSON, held)


def _json_tally(held: bytearray) -> tuple[int, int]:
    """Count without looking where each row is; only the last is looked for, from the end."""
    found = _JSON.findall(held)
    if b"}" in found:
        return _counted(_unquoted(_JSON_SLOW, held))
    first = _json_first(held)
    return len(found) + (first > 0), _json_last(held) if found else first


def _json_first(held: bytearray) -> int:
    """Find the start of the document's first row, empty or not; 0 where it is not here."""
    found = held.find(_JSON_FIRST) if held.startswith(_JSON_HEAD) else -1
    return found + len(_JSON_FIRST) - 2 if found >= 0 else 0


def _json_last(held: bytearray) -> int:
    last = held.rfind(b",{")
    while not _JSON.match(held, last):
        last = held.rfind(b",{", 0, last)
    return last


def _lines(held: bytearray) -> list[int]:
    return _offsets(_LINE, held)


def _results(held: bytearray) -> list[int]:
    return _offsets(_XML, held)


def _form(starts: Callable[[bytearray], list[int]], *, keep: int, closing: bytes = b"") -> _Form:
    return _Form(starts, lambda held: _counted(starts(held)), keep, closing)


_MARK = b'"truncated":{"maxRows":%d}'
_JSON_CLOSING = b"]},%b}" % _MARK
_FORMS = {
    "json": _Form(_json, _json_tally, keep=0, closing=_JSON_CLOSING, announces=True),
    "xml": _form(_results, keep=0, closing=b"</results></sparql>"),
    "csv": _form(_csv, keep=1),
    "tsv": _form(_lines, keep=1),
}


async def announced_first(pieces: AsyncIterator[bytes], max_rows: int) -> AsyncIterator[bytes]:
    """Put what a body of JSON says of its cut before everything else; its length stays.

    The standard allows members of our own anywhere; some parsers read nothing behind the rows.
    """
    mark = _MARK % max_rows
    begin, held = b"{%b," % mark, b""
    async for piece in pieces:
        held += begin + piece[1:] if begin else piece
        begin = b""
        yield held[: -len(mark) - 2]
        held = held[-len(mark) - 2 :]
    yield b"}"


class RowCutter:
    """A file for the engine to write one SELECT result to, in ``json``, ``xml``, ``csv`` or ``tsv``.

    Args:
        emit: takes the bytes that pass, in pieces of about ``block`` bytes.
        max_rows: at least 1.
    """

    def __init__(
        self, form: str, max_rows: int, emit: Callable[[bytes], None], *, block: int = _BLOCK
    ) -> None:
        self._form = _FORMS[form]
        self._max_rows, self._emit, self._block = max_rows, emit, block
        self._held = bytearray()
        self._next_scan = block
        self._rows = 0
        self._stopped = False

    def write(self, piece: bytes) -> int:
        """Take a piece; raise :class:`Enough` once the document has been closed early."""
        if self._stopped:
            raise Enough
        self._held += piece
        if len(self._held) >= self._next_scan:
            self._scan()
        return len(piece)

    def flush(self) -> None:
        """Nothing to do: :meth:`finish` tells when the document ends."""

    def finish(self) -> Outcome:
        """Pass on what is held; call it once the engine has ended, by itself or by :class:`Enough`."""
        if not self._stopped:
            count, _ = self._form.tally(self._held)
            if self._rows + count > self._max_rows:
                self._cut()
            else:
                self._rows += count
                self._emit(bytes(self._held))
        return Outcome(self._rows, self._stopped, self._stopped and self._form.announces)

    def _scan(self) -> None:
        count, last = self._form.tally(self._held)
        if self._rows + count > self._max_rows:
            self._cut()
            raise Enough
        if count:
            self._rows += count
            self._pass(last + 1)
        # A row longer than a block is searched again only when it has doubled.
        self._next_scan = max(self._block, 2 * len(self._held))

    def _pass(self, border: int) -> None:
        """Emit up to and with the last border, so that it is not counted again."""
        passed = self._held
        self._held = passed[border:]
        del passed[border:]
        self._emit(bytes(passed))

    def _cut(self) -> None:
        border = self._form.starts(self._held)[self._max_rows - self._rows] + self._form.keep
        closing = self._form.closing.replace(b"%d", b"%d" % self._max_rows)
        self._emit(bytes(self._held[:border]) + closing)
        self._rows, self._stopped = self._max_rows, True
