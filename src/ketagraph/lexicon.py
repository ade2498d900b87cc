"""Names in, IRIs out: labels, synonyms, CURIEs, IRIs and external identifiers of the graph's entities.

A name that nothing bears is refused with near labels; a name that several entities bear is refused with
all of them. Nothing is guessed: a synonym never beats another synonym, only a preferred label does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz, process

from ketagraph import names
from ketagraph.errors import AmbiguousName, UnknownName

__all__ = ["Entry", "Lexicon", "nearest"]

_SUGGESTIONS = 5
_NEAR, _ALIKE = 60.0, 70.0
_LONGEST = 200
"""Characters of a name that are compared with others."""
_LIKE = 80.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of one entity. ``kind`` is ``label``, ``synonym`` or ``identifier``."""

    iri: str
    name: str
    kind: str
    classes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Lexicon:
    """Every name of every entity; ``records`` are IRIs that can only be named in full."""

    entries: tuple[Entry, ...]
    records: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[Entry], records: Iterable[str] = ()) -> Lexicon:
        """Collect ``entries``, sorted, so that suggestions come in a stable order."""
        ordered = sorted(entries, key=lambda entry: (entry.name.lower(), entry.kind, entry.iri))
        return cls(tuple(ordered), frozenset(records))

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """IRI → preferred label."""
        return {entry.iri: entry.name for entry in self.entries if entry.kind == "label"}

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Entry, ...]]:
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            found[_fold(entry.name)].append(entry)
        return {name: tuple(entries) for name, entries in found.items()}

    def resolve(self, name: str, *, within: str = "") -> str:
        """Return the IRI that ``name`` stands for; ``within`` (a class IRI) narrows the candidates.

        Raises:
            UnknownName: nothing is called so; near labels are suggested.
            AmbiguousName: several entities are; all are listed.
        """
        if iri := self._as_iri(name):
            return iri
        found = [
            entry for entry in self._by_name.get(_fold(name), ()) if not within or within in entry.classes
        ]
        for kind in ("label", "identifier", "synonym"):
            iris = sorted({entry.iri for entry in found if entry.kind == kind})
            if len(iris) == 1:
                return iris[0]
            if iris:
                raise self._ambiguous(name, iris)
        raise self._unknown(name, within)

    def search(self, text: str, *, within: str = "", limit: int = 20) -> list[tuple[Entry, float]]:
        """Return names like ``text``, best first, each with how like it is (0 to 100); one for each entity.

        What ``text`` names goes first, by an identifier too; then names that begin with it, names with a
        word that does, and names that are only like it; within these, labels before the rest.
        """
        wanted, iri = _fold(text), names.expand(text) or text
        exact = [
            entry for entry in self.entries if iri in (entry.iri, entry.name) and entry.kind != "synonym"
        ]
        found = [((0, 0.0), entry, 100.0) for entry in exact]
        for name, score in self._like(wanted).items():
            found += [(_distance(wanted, name, score), entry, score) for entry in self._by_name[name]]
        best: dict[str, tuple[Entry, float]] = {}
        for _, entry, score in sorted(found, key=_rank):
            if not within or within in entry.classes:
                best.setdefault(entry.iri, (entry, score))
        return list(best.values())[:limit]

    def _like(self, wanted: str) -> dict[str, float]:
        """Folded names that hold ``wanted`` at the beginning of a word, or are like it."""
        if not wanted:
            return {}
        near = process.extract(
            wanted, self._by_name.keys(), scorer=fuzz.WRatio, limit=None, score_cutoff=_LIKE
        )
        held = {name: 100.0 for name in self._by_name if f" {wanted}" in f" {name}"}
        return {name: score for name, score, _ in near} | held

    def _as_iri(self, name: str) -> str:
        bare = name[1:-1] if name.startswith("<") and name.endswith(">") else name
        iri = bare if bare.startswith(("http://", "https://")) else names.expand(bare) or ""
        if iri in self.labels or iri in self.records:
            return iri
        matched = sorted(
            {entry.iri for entry in self.entries if entry.kind == "identifier" and entry.name == iri}
        )
        if len(matched) > 1:
            raise self._ambiguous(name, matched)
        return matched[0] if matched else ""

    def _ambiguous(self, name: str, iris: list[str]) -> AmbiguousName:
        shown = [f"{self.labels.get(iri, iri)} ({names.compress(iri)})" for iri in iris]
        return AmbiguousName(f"{name!r} is ambiguous: {'; '.join(shown)}; name one of them in full", shown)

    def _unknown(self, name: str, within: str) -> UnknownName:
        pool = {entry.name: entry.iri for entry in self.entries if not within or within in entry.classes}
        near = process.extract(
            name[:_LONGEST],
            list(pool),
            scorer=fuzz.WRatio,
            processor=_fold,
            limit=_SUGGESTIONS,
            score_cutoff=_NEAR,
        )
        suggestions = list(dict.fromkeys(self.labels.get(pool[match], match) for match, _, _ in near))
        hint = f"; did you mean {', '.join(suggestions)}?" if suggestions else ""
        shown = f"{name[:_LONGEST]!r}" + "…" * (len(name) > _LONGEST)
        return UnknownName(f"nothing is called {shown}{hint}", suggestions)


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return those of the ``known`` names that are most like ``name``, best first."""
    found = process.extract(name, list(known), scorer=fuzz.ratio, limit=_SUGGESTIONS, score_cutoff=_ALIKE)
    return [match for match, _, _ in found]


def _distance(wanted: str, name: str, score: float) -> tuple[int, float]:
    """How far a name is from what was asked for, to be minimised."""
    if name == wanted:
        return 0, 0.0
    if name.startswith(wanted):
        return 1, 0.0
    return (2, 0.0) if f" {wanted}" in name else (3, -score)


def _rank(found: tuple[tuple[int, float], Entry, float]) -> tuple[object, ...]:
    distance, entry, _ = found
    return distance, entry.kind != "label", len(entry.name), entry.name, entry.iri


def _fold(name: str) -> str:
    """Case, hyphens, quotes and runs of space do not tell names apart; Greek mu and kappa are spelt out."""
    spelt = name.lower().replace("μ", "mu").replace("µ", "mu").replace("κ", "kappa")
    return re.sub(r"[\s\-‐–_'’]+", " ", spelt).strip()
