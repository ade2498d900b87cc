"""A folder for one push, below a place that many share; what killed pushes left there is removed.

A folder is locked for as long as its push lives. The lock ends with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["scratch"]

_LOCK = "lock"


@contextmanager
def scratch(place: Path, prefix: str) -> Iterator[Path]:
    """Make a folder below ``place`` whose name begins with ``prefix``; it ends with the block.

    Raises:
        OSError: there is no room, or no leave to write.
    """
    _clear(place, prefix)
    folder, lock = _locked(place, prefix)
    try:
        with lock:
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _locked(place: Path, prefix: str) -> tuple[Path, IO[str]]:
    while True:
        folder = Path(tempfile.mkdtemp(dir=place, prefix=prefix))
        lock = (folder / _LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_SH)
        if (folder / _LOCK).exists():
            return folder, lock
        # Somebody who clears up came between the file and its lock.
        lock.close()


def _clear(place: Path, prefix: str) -> None:
    """Remove folders of pushes that are no more; those of others are theirs to remove."""
    for folder in sorted(place.glob(f"{prefix}*")):
        with suppress(OSError), (folder / _LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
