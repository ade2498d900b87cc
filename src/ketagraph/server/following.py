"""A folder of releases in, a store kept on the current one: looked at every second, and at once on SIGHUP.

A release that is damaged, half written or cannot be loaded is refused and logged, and the store serves on
what it has; it is tried again when it changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ketagraph import releases
from ketagraph.errors import KetaGraphError
from ketagraph.store.keeper import PoolSettings
from ketagraph.store.relay import Relay

__all__ = ["Follower", "ReleaseFolder", "SingleFile", "edition_of"]

_log = logging.getLogger("ketagraph.server")

_EVERY = 1.0


class Origin(Protocol):
    """Where the data come from."""

    def mark(self) -> Hashable:
        """Tell cheaply what is there; equal marks, equal data."""

    def settings(self, before: PoolSettings) -> PoolSettings:
        """Take the settings for what is there now.

        Raises:
            KetaGraphError: it cannot be served.
        """


class ReleaseFolder:
    """A folder whose ``current`` points to a release."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mark(self) -> Hashable:
        """Pointer, manifest, data and what was imported beside them, by name, size and time."""
        path = (self._folder / "current").resolve()
        return path, _mark(path / "manifest.json"), _mark(path / "ketagraph.nq"), self._imports()

    def settings(self, before: PoolSettings) -> PoolSettings:
        """Take the current release once its data agree with its manifest, and what was imported beside it."""
        release = releases.verified(self._folder)
        return self.with_imports(replace(before, data=release.data, edition=release.digest))

    def with_imports(self, settings: PoolSettings) -> PoolSettings:
        """Add what was imported beside the releases; the edition tells of it too."""
        found = self._imports()
        state = "".join(f"+{path.stem}-{edition_of(path)}" for path, _ in found)
        return replace(
            settings, imports=tuple(path for path, _ in found), edition=f"{settings.edition}{state}"
        )

    def _imports(self) -> tuple[tuple[Path, tuple[int, ...]], ...]:
        return tuple((path, _mark(path)) for path in releases.imports(self._folder))


class SingleFile:
    """A file of data; what changes it is only read on SIGHUP, for it may be half written until then."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mark(self) -> Hashable:
        """Never another."""
        return None

    def settings(self, before: PoolSettings) -> PoolSettings:
        """Read the file again."""
        return replace(before, edition=edition_of(self._path))


def edition_of(path: Path) -> str:
    """Name the state of a file by what changes with it, without reading it."""
    return "-".join(f"{number:x}" for number in _mark(path))


def _mark(path: Path) -> tuple[int, ...]:
    with suppress(OSError):
        found = path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns
    return ()


class Follower:
    """Keeps ``relay`` on what ``origin`` offers. All methods are for the running loop."""

    def __init__(self, origin: Origin, relay: Relay) -> None:
        self._origin, self._relay = origin, relay
        self._seen = origin.mark()
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Look now, whatever the mark says."""
        self._nudged.set()

    async def follow(self) -> None:
        """Follow until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), _EVERY)
            asked = self._nudged.is_set()
            self._nudged.clear()
            mark = self._origin.mark()
            if asked or mark != self._seen:
                self._seen = mark
                await self._change()

    async def _change(self) -> None:
        """Go over to what is there, or log why not."""
        before = self._relay.settings
        try:
            # Reading it through takes a second for each gigabyte or so.
            settings = await asyncio.to_thread(self._origin.settings, before)
            if settings != before:
                await self._relay.replace(settings)
                _log.warning("swapped: now serving %s (%s)", settings.edition[:16], settings.data.parent.name)
        except KetaGraphError as error:
            _log.error("refused: %s; still serving %s", error, before.edition[:16])
