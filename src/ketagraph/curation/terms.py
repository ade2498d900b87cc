"""Names of the ontology in, where they stand in a sentence out; the longest name wins.

Names are compared word by word: case, hyphens, plurals and American spelling do not tell them apart, but a
name in capitals of at most five letters (PLP, NMDA) must stand in capitals. A name that several terms bear
is theirs whose label it is; where several are left it is *ambiguous*, and all are given. Looking up tuples
of words needs no library: the names are few, and an automaton over characters would cut words in two.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rdflib import RDFS, SKOS, URIRef

from ketagraph import names
from ketagraph.vocabulary import Vocabulary

__all__ = ["TARGETS", "Finder", "Spotted"]

TARGETS = ("Concept", "DoseRegime", "Route", "Species")
"""Classes whose terms rows speak of; other controlled values are plain words (treatment, possible)."""

_WORD = re.compile(r"[A-Za-zµμκ]+(?:\d+[A-Za-z]*)?|\d+(?:\.\d+)?")
_CAPITALS = 5
_KIND_WORDS = {"route", "regime", "dose"}


@dataclass(frozen=True, slots=True)
class Spotted:
    """One name found: the ``text`` as it stands, from ``start`` to ``end``, and the terms it may mean."""

    text: str
    start: int
    end: int
    terms: tuple[str, ...]

    @property
    def ambiguous(self) -> bool:
        """Whether several terms bear the name alike."""
        return len(self.terms) > 1


@dataclass(frozen=True, slots=True)
class Finder:
    """Folded names → (preferred?, term) pairs, with the length of the longest in words."""

    index: Mapping[tuple[str, ...], tuple[tuple[bool, str], ...]]
    longest: int

    @classmethod
    def of(cls, words: Vocabulary) -> Finder:
        """Index every label and synonym of the terms that rows may name."""
        wanted = {name for target in TARGETS for name in words.members(target)}
        found: dict[tuple[str, ...], set[tuple[bool, str]]] = defaultdict(set)
        for term in sorted(wanted):
            node = URIRef(names.term(term))
            for value in words.graph.objects(node, RDFS.label):
                for each in _forms(str(value)):
                    found[each].add((True, term))
            for value in words.graph.objects(node, SKOS.altLabel):
                found[_key(str(value))].add((False, term))
        index = {key: tuple(sorted(pairs)) for key, pairs in found.items() if key}
        return cls(index, max(map(len, index), default=0))

    def find(self, sentence: str) -> Iterator[Spotted]:
        """Yield the names in ``sentence`` from left to right; none lies in another."""
        words = list(_WORD.finditer(sentence))
        place = 0
        while place < len(words):
            length = self._length(words, place)
            if length:
                first, last = words[place], words[place + length - 1]
                start, end = first.start(), last.end()
                key = tuple(_fold(word[0]) for word in words[place : place + length])
                yield Spotted(sentence[start:end], start, end, self._terms(key))
            place += length or 1

    def _length(self, words: list[re.Match[str]], place: int) -> int:
        """Count the words of the longest name that begins at ``place``; 0 where none does."""
        for length in range(min(self.longest, len(words) - place), 0, -1):
            if tuple(_fold(word[0]) for word in words[place : place + length]) in self.index:
                return length
        return 0

    def _terms(self, key: tuple[str, ...]) -> tuple[str, ...]:
        pairs = self.index[key]
        best = [term for preferred, term in pairs if preferred] or [term for _, term in pairs]
        return tuple(sorted(best))


def _forms(label: str) -> Iterator[tuple[str, ...]]:
    """Yield a label, and the same without the word for its kind: ``intravenous route``, ``intravenous``."""
    key = _key(label)
    yield key
    if len(key) > 1 and key[-1] in _KIND_WORDS - {"dose"}:
        yield key[:-1]


def _key(name: str) -> tuple[str, ...]:
    return tuple(_fold(word) for word in _WORD.findall(name))


def _fold(word: str) -> str:
    """Return a word as it is compared; short names in capitals stay as they are."""
    if word.isupper() and 1 < len(word) <= _CAPITALS:
        return word
    if word[:-1].isupper() and word.endswith("s") and 2 < len(word) <= _CAPITALS + 1:
        return word[:-1]
    spelt = word.lower().replace("µ", "mu").replace("μ", "mu").replace("κ", "kappa")
    spelt = spelt.replace("ae", "e").replace("oe", "e").replace("isation", "ization")
    spelt = spelt.replace("ise", "ize").replace("our", "or")
    if len(spelt) > 4 and spelt.endswith("ies"):
        return spelt[:-3] + "y"
    if len(spelt) > 3 and spelt.endswith("s") and not spelt.endswith(("ss", "us", "is")):
        return spelt[:-1]
    return spelt
