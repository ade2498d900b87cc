"""What someone types in, the things they may mean out: labels first, then synonyms, then near names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ketagraph.errors import UnknownName
from ketagraph.lexicon import Entry
from ketagraph.server.pages.knowledge import Knowledge

__all__ = ["Hit", "find"]

_SPACE = re.compile(r"[\s\-‐–_'’]+")
_KINDS = {"Class": "concept", "ObjectProperty": "relation", "Study": "trial", "Claim": "claim"}
_ORDER = {"label": 0, "synonym": 1, "identifier": 2}


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found; ``via`` is the name it was found by where that is not its label."""

    iri: str
    label: str
    kind: str
    href: str
    via: str


def find(knowledge: Knowledge, text: str, *, limit: int = 20) -> list[Hit]:
    """Return what answers to ``text``, best first; near labels where nothing does."""
    wanted = _fold(text)
    if not wanted:
        return []
    ranked = sorted(_ranked(knowledge, wanted), key=lambda pair: pair[0])
    best: dict[str, Entry] = {}
    for _, entry in ranked:
        best.setdefault(entry.iri, entry)
    hits = [_hit(knowledge, entry) for entry in list(best.values())[:limit]]
    return hits or [_hit(knowledge, Entry(iri, "", "label")) for iri in _near(knowledge, text)]


def _ranked(knowledge: Knowledge, wanted: str) -> Iterator[tuple[tuple[int, int, int, str], Entry]]:
    for entry in _entries(knowledge):
        name = _fold(entry.name)
        rank = _rank(name, wanted)
        if rank is not None:
            kind = knowledge.kind(entry.iri)
            yield (rank, _ORDER[entry.kind], 2 * (kind == "Claim") + (kind == "Study"), name), entry


def _rank(name: str, wanted: str) -> int | None:
    """0 the name itself, 1 its beginning, 2 the beginning of a word, 3 anywhere, 4 all words somewhere."""
    if name == wanted:
        return 0
    if name.startswith(wanted):
        return 1
    if f" {wanted}" in name:
        return 2
    if wanted in name:
        return 3
    return 4 if all(word in name for word in wanted.split()) else None


def _entries(knowledge: Knowledge) -> Iterator[Entry]:
    yield from knowledge.dossier.lexicon.entries
    for iri, kind in knowledge.kinds.items():
        if kind.endswith("/Claim"):
            yield Entry(iri, knowledge.label(iri), "label")


def _near(knowledge: Knowledge, text: str) -> list[str]:
    try:
        return [knowledge.resolve(text)]
    except UnknownName as error:
        return [iri for label in error.suggestions if (iri := _by_label(knowledge, label))]


def _by_label(knowledge: Knowledge, label: str) -> str:
    try:
        return knowledge.resolve(label)
    except UnknownName:
        return ""


def _hit(knowledge: Knowledge, entry: Entry) -> Hit:
    label = knowledge.label(entry.iri)
    via = entry.name if entry.name and _fold(entry.name) != _fold(label) else ""
    kind = _KINDS.get(knowledge.kind(entry.iri), "record")
    return Hit(entry.iri, label, kind, knowledge.href(entry.iri), via)


def _fold(text: str) -> str:
    return _SPACE.sub(" ", text.lower().replace("κ", "kappa").replace("μ", "mu")).strip()
