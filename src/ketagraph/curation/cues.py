"""A sentence in, the words out that deny or hedge; the words are lines of cues.tsv."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

__all__ = ["cues"]


def cues(sentence: str, kind: str) -> tuple[str, ...]:
    """Return the cues of ``kind`` (negation, hedge) in the order of the sentence, as they stand."""
    return tuple(match[0] for match in _pattern(kind).finditer(sentence))


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    lines = (files("ketagraph.curation") / "cues.tsv").read_text(encoding="utf-8").splitlines()[1:]
    words = [cue for each, cue in (line.split("\t") for line in lines) if each == kind]
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)
