"""What of an engine is served: the version that its pointer names, for as long as that stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ketagraph.dossier import stored_query
from ketagraph.engines import manifest
from ketagraph.engines.address import Address
from ketagraph.engines.history import History, Kind, Pointer
from ketagraph.engines.view import View

__all__ = ["Rows", "Seen"]

Rows = Callable[[str, View], Awaitable[list[dict[str, str]]]]
"""Asks a query of our own through a view."""


class Seen:
    """The view of an engine; what was read of its history is relied on for ``trusted`` seconds."""

    def __init__(self, rows: Rows, address: Address, trusted: float) -> None:
        self._rows, self._url, self._trusted = rows, address.url, trusted
        self._loop = asyncio.get_running_loop()
        self._history, self._read_at = History(), 0.0
        self._reading = asyncio.Lock()
        self.view = View(address.dialect)
        self.pointer = Pointer()
        self.triples: int | None = None
        """How many statements the version has, graph by graph; None where nothing was pushed."""

    @property
    def stands(self) -> bool:
        """Whether, as far as is known, nobody is removing the version."""
        return not self._history.since(Kind.REMOVING, self.view.version)

    async def look(self, bare: View) -> None:
        """Read the pointer and, where it has moved, check the version that it points to.

        Raises:
            KetaGraphError: the engine fails, or the version is not whole; the view stays as it was.
        """
        await self._read(bare)
        found = self._history.current
        if found == self.pointer and bare.dialect == self.view.dialect:
            return
        view, triples = bare, None
        if found.version:
            listed = manifest.read_listed(await self._rows(manifest.manifest_query(found.version), bare))
            counts = {each.graph: await self._count(each.graph, bare) for each in listed}
            manifest.check_whole(listed, counts.__getitem__, found.version)
            view = manifest.view_of(bare.dialect, found.version, listed)
            triples = sum(each.triples for each in listed if each.graph in view.graphs)
        self.view, self.pointer, self.triples = view, found, triples

    def check(self, view: View) -> None:
        """Pass a view whose version stands, as far as is known.

        Raises:
            VersionRemoved: it is being removed.
        """
        self._history.check(view.version, self._url)

    async def check_now(self, view: View) -> None:
        """Let an answer end as a whole one, unless its version was being removed before it had come.

        Raises:
            VersionRemoved: it was.
            KetaGraphError: the engine does not tell.
        """
        if not view.version:
            return
        async with self._reading:
            age = self._loop.time() - self._read_at
            if age > self._trusted or self._history.since(Kind.RETIRED, view.version):
                await self._read(View(view.dialect))
        self.check(view)

    async def _read(self, bare: View) -> None:
        began = self._loop.time()
        found = History.of(await self._rows(stored_query("engine-history"), bare))
        if began >= self._read_at:
            # One that was asked for later may have come first.
            self._history, self._read_at = found, began

    async def _count(self, graph: str, bare: View) -> int:
        (row,) = await self._rows(manifest.count_query(graph), bare)
        return int(row["count"])
