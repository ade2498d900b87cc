"""What is dear to work out, kept on disk under the digest of all that it comes from.

Nothing kept can be stale, since another input has another key; and nothing half-written or damaged is used,
since its own digest stands before it. A folder of these may be removed at any time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ketagraph.errors import EnvironmentFault

__all__ = ["Kept", "key_of"]

_NEWEST = 4
"""How many of a kind are kept: builds go back and forth between a few states of the sources."""


def key_of(parts: Iterable[bytes]) -> str:
    """Return the sha256 over ``parts`` in order, 64 hexadecimal digits; where each ends counts."""
    total = sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder of kept results; one below it for each kind."""

    folder: Path

    def find(self, kind: str, key: str) -> bytes | None:
        """Return what was kept, or None where there is nothing or what is there is not whole."""
        try:
            stated, _, body = (self.folder / kind / key).read_bytes().partition(b"\n")
        except OSError:
            return None
        return body if stated == _stated(body) else None

    def keep(self, kind: str, key: str, body: bytes) -> None:
        """Write ``body`` whole or not at all; of its kind only the newest stay.

        Raises:
            EnvironmentFault: the folder cannot be written.
        """
        place = self.folder / kind
        draft = place / f".{key}-{os.getpid()}"
        try:
            place.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(_stated(body) + b"\n" + body)
            draft.replace(place / key)
            for old in sorted(place.iterdir(), key=_written, reverse=True)[_NEWEST:]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentFault(f"cannot write below {place}: {error.strerror}") from error


def _written(path: Path) -> float:
    """When a file was written; one that another build has just removed is the oldest."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _stated(body: bytes) -> bytes:
    return sha256(body).hexdigest().encode()
