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

__all__ = ["Entry", "Lexicon"]

_SUGGESTIONS = 5
_NEAR = 60.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of one entity. ``kind`` is ``label``, ``synonym`` or ``identifier``."""

    iri: str
    name: str
    kind: str
    classes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Lexicon:
    """Every name of every entity."""

    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Lexicon:
        """Collect ``entries``, sorted, so that suggestions come in a stable order."""
        return cls(tuple(sorted(entries, key=lambda entry: (entry.name.lower(), entry.kind, entry.iri))))

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

    def _as_iri(self, name: str) -> str:
        bare = name[1:-1] if name.startswith("<") and name.endswith(">") else name
        iri = bare if bare.startswith(("http://", "https://")) else names.expand(bare) or ""
        if iri in self.labels:
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
            name, list(pool), scorer=fuzz.WRatio, processor=_fold, limit=_SUGGESTIONS, score_cutoff=_NEAR
        )
        suggestions = list(dict.fromkeys(self.labels.get(pool[match], match) for match, _, _ in near))
        hint = f"; did you mean {', '.join(suggestions)}?" if suggestions else ""
        return UnknownName(f"nothing is called {name!r}{hint}", suggestions)


def _fold(name: str) -> str:
    """Case, hyphens, quotes and runs of space do not tell names apart; Greek mu and kappa are spelt out."""
    spelt = name.lower().replace("μ", "mu").replace("µ", "mu").replace("κ", "kappa")
    return re.sub(r"[\s\-‐–_'’]+", " ", spelt).strip()
