"""Names that people use in, IRIs out, for the data that are being served: read once for each edition."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from functools import partial

from anyio import from_thread

from ketagraph.dossier import Dossier, Stored, stored_query
from ketagraph.errors import Overloaded
from ketagraph.lexicon import Entry, Lexicon
from ketagraph.store import Query, Store

__all__ = ["Lookup", "rows"]

_SECONDS = 30.0
_MOST_NAMES = 1_000_000


async def rows(store: Store, query: Query) -> list[dict[str, str]]:
    """Run a SELECT of our own; a variable that is not bound is missing.

    Raises:
        QueryStopped: a limit was reached.
    """
    async with store.query(query) as answer:
        body = json.loads(b"".join([piece async for piece in answer]))
    return [{name: term["value"] for name, term in row.items()} for row in body["results"]["bindings"]]


class Lookup:
    """The lexicon and the dossier of the data behind ``store``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reading = asyncio.Lock()
        self._edition: str | None = None
        self._lexicon = Lexicon.of(())
        self._dossier: tuple[str, Dossier] | None = None

    async def lexicon(self) -> Lexicon:
        """Return every name of every entity, as of now.

        Raises:
            QueryStopped: the store is busy or gone.
        """
        async with self._reading:
            edition = self._store.edition
            if self._edition != edition:
                text = stored_query("names")
                found = await rows(self._store, Query(text, timeout=_SECONDS, max_rows=_MOST_NAMES))
                self._lexicon, self._edition = Lexicon.of(map(_entry, found)), edition
            return self._lexicon

    def dossier(self) -> Dossier:
        """Return what the judge needs, as of now. For threads that the running loop has started.

        Raises:
            QueryStopped: the store is busy or gone, or goes over to other data (also later, when read).
        """
        edition = self._store.edition
        if self._dossier is None or self._dossier[0] != edition:
            self._dossier = edition, Dossier(Stored(partial(self._rows, edition)))
        return self._dossier[1]

    def _rows(self, edition: str, text: str) -> Iterator[dict[str, str]]:
        found = from_thread.run(rows, self._store, Query(text, timeout=_SECONDS, max_rows=_MOST_NAMES))
        if self._store.edition != edition:
            raise Overloaded("new data are being taken up; ask again")
        return iter(found)


def _entry(row: Mapping[str, str]) -> Entry:
    return Entry(row["iri"], row["name"], row["kind"], frozenset(row.get("classes", "").split()))
