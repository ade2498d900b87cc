"""The text of a source in, addressed and hashed sentences out; nothing of the text is kept.

A block is a non-empty line; white space runs become one space. A heading is a block of at most 70
characters without a final ``.``, ``?`` or ``!``; every other block is a paragraph, numbered over the
file. A sentence ends after ``.``, ``?`` or ``!`` with an optional closing quote and an optional glued
citation cluster, where white space and a capital letter follow, never after ``al.``. Its citation
digits stay with it. The hash is the sha256 of the sentence in UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

__all__ = ["HEADING_MAX", "Sentence", "headings", "mismatches", "sentences"]

HEADING_MAX = 70
_END = re.compile(r"(?<!\bal\.)(?<=[.?!])([\"”’']?(?:\d{1,2}(?:[,–]\d{1,2})*)?)\s+(?=[A-Z])")
_CLUSTER = re.compile(r"[.?!][\"”’']?(\d{1,2}(?:[,–]\d{1,2})*)$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: 1-based ``paragraph`` and ``number``, its section's heading, and its text."""

    paragraph: int
    number: int
    section: str
    text: str

    @property
    def address(self) -> str:
        """``paragraph.number``, as in ``20.2``."""
        return f"{self.paragraph}.{self.number}"

    @property
    def references(self) -> tuple[int, ...]:
        """The numbers of the citation cluster that closes the sentence, ranges spelt out, sorted."""
        cluster = _CLUSTER.search(self.text)
        numbers: set[int] = set()
        for part in cluster[1].split(",") if cluster else ():
            first, _, last = part.partition("–")
            numbers |= set(range(int(first), int(last or first) + 1))
        return tuple(sorted(numbers))

    @property
    def sha256(self) -> str:
        """Digest of the normalised text, 64 hexadecimal digits."""
        return sha256(self.text.encode()).hexdigest()


def _blocks(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if block := " ".join(line.split()):
            yield block


def _is_heading(block: str) -> bool:
    return len(block) <= HEADING_MAX and block[-1] not in ".?!"


def _split(paragraph: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(paragraph):
        yield paragraph[start : match.end(1)]
        start = match.end()
    yield paragraph[start:]


def headings(text: str) -> tuple[str, ...]:
    """List the headings of ``text`` in order."""
    return tuple(block for block in _blocks(text) if _is_heading(block))


def sentences(text: str) -> Iterator[Sentence]:
    """Yield every sentence of ``text`` in order."""
    section, paragraph = "", 0
    for block in _blocks(text):
        if _is_heading(block):
            section = block
            continue
        paragraph += 1
        for number, sentence in enumerate(_split(block), start=1):
            yield Sentence(paragraph, number, section, sentence)


def mismatches(text: str, expected: Mapping[str, tuple[str, tuple[int, ...]]]) -> Iterator[str]:
    """Yield one line per address whose sha256 or references (``expected``) ``text`` does not bear out.

    Addresses that the text has and ``expected`` lacks are reported too.
    """
    found = {sentence.address: sentence for sentence in sentences(text)}
    for address in sorted({*found, *expected}, key=lambda each: [int(part) for part in each.split(".")]):
        if address not in found:
            yield f"{address}: the text has no such sentence"
        elif address not in expected:
            yield f"{address}: the table has no such sentence"
        else:
            yield from _differences(found[address], *expected[address])


def _differences(sentence: Sentence, digest: str, references: tuple[int, ...]) -> Iterator[str]:
    if sentence.sha256 != digest:
        yield f"{sentence.address}: sha256 is {sentence.sha256[:12]}…, the table says {digest[:12]}…"
    elif sentence.references != references:
        printed, told = (", ".join(map(str, each)) or "none" for each in (sentence.references, references))
        yield f"{sentence.address}: the text cites {printed}, the table says {told}"
