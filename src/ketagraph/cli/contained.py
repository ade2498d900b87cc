"""Commands that read a stranger's file, run in a process of their own with bounded memory and time.

What parses a file in this language or the engine's cannot be stopped from within; a process can. A command
whose file asks for more ends with a message, not with the machine.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ketagraph.errors import Fault, SourceError
from ketagraph.store import confine

__all__ = ["READERS", "enter", "is_within", "supervise"]

READERS = {"import", "validate"}
"""Commands that take such a file."""

_WITHIN = "KETAGRAPH_CONTAINED"
_MEMORY, _MEMORY_PER_BYTE = 4 << 30, 64
_SECONDS, _BYTES_PER_SECOND = 60, 100_000
_UNFOLDED = 20
"""How many times longer a compressed file may be once it is unfolded, for these bounds."""


def is_within() -> bool:
    """Whether this is already such a process."""
    return _WITHIN in os.environ


def supervise(arguments: Sequence[str]) -> int:
    """Run the command again in a process of its own, and return its exit code.

    Raises:
        SourceError: it was stopped at a bound.
    """
    files = [Path(word) for word in arguments if Path(word).is_file()]
    size = sum(path.stat().st_size * (_UNFOLDED if path.suffix == ".gz" else 1) for path in files)
    memory, seconds = _MEMORY + _MEMORY_PER_BYTE * size, _SECONDS + size // _BYTES_PER_SECOND
    bounds = {_WITHIN: f"{memory} {seconds}"}
    with subprocess.Popen(
        [sys.executable, "-m", "ketagraph", *arguments], env=os.environ | bounds
    ) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            # The terminal has told both.
            return 128 + signal.SIGINT
    if code >= 0:
        return code
    bound = f"{seconds} s" if -code == signal.SIGXCPU else f"{memory >> 20} MB, or nests too deeply"
    raise SourceError(
        [Fault(str(path), 0, "", f"needs more than {bound}; it was not read") for path in files]
    )


def enter() -> None:
    """Take on the bounds that :func:`supervise` has set for this process."""
    memory, seconds = os.environ[_WITHIN].split()
    confine.cap_memory(confine.address_space() + int(memory))
    confine.cap_cpu(float(seconds))
