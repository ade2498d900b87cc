"""Files in, what reading them may take out: memory and processor time that grow with the files, and no more.

A hostile file ends the process that reads it, at worst; whoever started that says why.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ketagraph.store import confine

__all__ = ["allow", "ended", "lift"]

_LOADING = 32
"""A file of one byte may take this many in memory while it is loaded."""
_UNFOLDED = 20
_SECONDS, _BYTES_PER_SECOND = 30.0, 250_000
"""Loading may take this many seconds of processor time, and one more for so many bytes."""
_BUFFERS, _PER_CORE = 1 << 30, 128 << 20
"""Bytes that loading may take at least: the engine reserves hundreds of megabytes for the smallest file, and
more for each thread."""


def allow(paths: Sequence[Path], *, least: int = 0, most: int | None = None) -> None:
    """Bound this process from here on; ``least`` and ``most`` are bytes of memory.

    Where a file is not there nothing is bounded; whoever reads it says so.
    """
    with suppress(OSError):
        size = sum(map(_size, paths))
        memory = max(least, _BUFFERS + _PER_CORE * (os.cpu_count() or 1)) + _LOADING * size
        confine.cap_memory(confine.address_space() + (memory if most is None else min(memory, most)))
        confine.cap_cpu(_SECONDS + size / _BYTES_PER_SECOND)


def lift() -> None:
    """Take the bounds off again."""
    confine.cap_memory(None)
    confine.cap_cpu(None)


def ended(code: int) -> str:
    """Say what ended a process that was bounded so; ``code`` as :mod:`subprocess` has it."""
    name = signal.Signals(-code).name if code < 0 else f"status {code}"
    lack = "time" if code == -signal.SIGXCPU else "memory"
    return f"the process that read it ended with {name}; it needs more {lack} than loading may take"


def _size(path: Path) -> int:
    """Count a file's bytes, or estimate how many it unfolds to."""
    return path.stat().st_size * (_UNFOLDED if path.name.lower().endswith(".gz") else 1)
