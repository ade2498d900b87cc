"""A store in, what the pages know of its graph out: labels, kinds, names and sources.

Read once for each edition of the data, since every page needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

from ketagraph import names
from ketagraph.dossier import Dossier, Stored, stored_query
from ketagraph.server.pages.records import ask, texts
from ketagraph.store import Store

__all__ = ["Knowledge", "learn"]

_DOSSIER = ("names", "sources")
_MOST_ROWS = 200_000
_SECONDS = 30.0
_PAGES = {"Study": "trial", "Claim": "claim"}
_ICONS = {
    "favours intervention": "good",
    "improved within arm": "within",
    "no significant difference": "null",
    "no change within arm": "null",
    "favours comparator": "bad",
    "worsened within arm": "bad",
    "mixed results": "mixed",
    "not reported": "open",
}


@dataclass(frozen=True)
class Knowledge:
    """Labels and kinds of everything, and the dossier; empty for a file that is not a release."""

    edition: str
    labels: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, list[dict[str, str]]] = field(default_factory=dict)
    is_cut: bool = False
    """Whether there are more labels or names than are read."""

    @cached_property
    def dossier(self) -> Dossier:
        """Names of concepts and sources; what judges claims asks the store itself."""

        def found(query: str) -> Iterator[Mapping[str, str]]:
            return iter(self.rows.get(query, ()))

        return Dossier(Stored(found))

    def label(self, iri: str) -> str:
        """Return what people call ``iri``, or its CURIE."""
        return self.labels.get(iri) or names.compress(iri)

    def kind(self, iri: str) -> str:
        """Return the local name of its class: Study, Claim, Class, …; empty where unknown."""
        return self.kinds.get(iri, "").rsplit("/", 1)[-1].rsplit("#", 1)[-1]

    def slugs(self, kind: str) -> Iterator[str]:
        """Yield the last parts of the IRIs of all records whose class has that local name."""
        begin = names.PREFIXES["kid"]
        return (
            iri.removeprefix(begin) for iri in self.kinds if iri.startswith(begin) and self.kind(iri) == kind
        )

    def href(self, iri: str) -> str:
        """Return where to read about ``iri``: a page of ours, its own address for the web, else nothing."""
        if iri.startswith(names.BASE):
            page = _PAGES.get(self.kind(iri))
            if page and iri.startswith(names.PREFIXES["kid"]):
                return f"/{page}/{quote(iri.removeprefix(names.PREFIXES['kid']), safe='')}"
            return f"/term/{quote(names.compress(iri), safe=':')}"
        return iri if iri.startswith(("https://", "http://")) else ""

    def curie(self, iri: str) -> str:
        """Return the short form of ``iri``."""
        return names.compress(iri)

    def icon(self, verdict: str) -> str:
        """Return the name of a verdict's sign, which has a shape and a colour; empty for other texts."""
        return _ICONS.get(verdict, "")

    def resolve(self, name: str) -> str:
        """Return the IRI of a label, synonym, CURIE or IRI of anything.

        Raises:
            UnknownName: nothing, or several things, are called so.
        """
        iri = names.expand(name) or name
        if iri in self.labels:
            return iri
        claims = self._claims_by_label.get(name.strip().lower(), ())
        if len(claims) == 1:
            return claims[0]
        return self.dossier.lexicon.resolve(name)

    def members(self, rdf_class: str) -> list[tuple[str, str]]:
        """IRI and label of everything below or in ``rdf_class``, by label."""
        if rdf_class == names.term("Claim"):
            found: Iterable[str] = (iri for iri, kind in self.kinds.items() if kind == rdf_class)
        else:
            found = {entry.iri for entry in self.dossier.lexicon.entries if rdf_class in entry.classes} - {
                rdf_class
            }
        return sorted(((iri, self.label(iri)) for iri in found), key=lambda pair: (pair[1].lower(), pair[0]))

    def named(self, text: str) -> str:
        """Return the IRI of the one concept, trial or claim with this very label, or nothing."""
        found = self._by_label.get(text, ())
        return found[0] if len(found) == 1 else ""

    @cached_property
    def _by_label(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for iri in self.labels:
            if self.kind(iri) in {"Class", "Study", "Claim"}:
                found.setdefault(self.label(iri), []).append(iri)
        return found

    @cached_property
    def _claims_by_label(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for iri, kind in self.kinds.items():
            if kind == names.term("Claim"):
                found.setdefault(self.label(iri).lower(), []).append(iri)
        return found


async def learn(store: Store) -> Knowledge:
    """Read the graph behind ``store``.

    Raises:
        QueryStopped: the store is busy or gone.
    """
    edition = store.edition
    read = {
        query: await ask(store, query, timeout=_SECONDS, max_rows=_MOST_ROWS)
        for query in map(stored_query, ("page-labels", *_DOSSIER))
    }
    labels, *_ = (texts(table.rows) for table in read.values())
    return Knowledge(
        edition,
        {row["iri"]: row["label"] for row in reversed(labels)},
        {row["iri"]: row["type"] for row in labels if "type" in row},
        {query: texts(read[query].rows) for query in map(stored_query, _DOSSIER)},
        is_cut=any(table.truncated for table in read.values()),
    )
