"""A process made harmless: what a worker may use is taken from it, kernel by kernel as far as it goes.

Linux gives every measure; elsewhere those that do not exist are left out, and the caller is told where
that matters (:func:`isolate_network`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

import ketagraph

__all__ = [
    "address_space",
    "cap_cpu",
    "cap_memory",
    "die_with_parent",
    "environment",
    "expect_no_escape",
    "isolate_network",
    "leave_no_core",
    "peak_memory",
]

# From <sched.h> and <linux/prctl.h>; os.unshare came with Python 3.12 only.
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_LINUX = sys.platform == "linux"
# The engine frees and asks for thousands of small pieces in a query; by itself glibc keeps seven of a size.
# https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html
_TUNED, _PIECES = "glibc.malloc.tcache_count", 20_000


def environment() -> dict[str, str]:
    """Return our environment for a process that runs the same code, on an allocator that keeps small pieces.

    What an operator has tuned already stays as it is; other allocators than glibc's do not read it.
    """
    paths = [str(Path(ketagraph.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    if _TUNED not in tunables:
        tunables = ":".join(filter(None, [tunables, f"{_TUNED}={_PIECES}"]))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "GLIBC_TUNABLES": tunables}


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def isolate_network() -> bool:
    """Move this process into a network namespace of its own, without any interface; say if that worked.

    Needs a single-threaded process, and a kernel and container that allow user namespaces.
    """
    return _LINUX and _libc().unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when ``parent`` (a process id) ends; at once if it has already."""
    if _LINUX:
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def leave_no_core() -> None:
    """Have no core dump written: it would hold what was read."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def expect_no_escape() -> None:
    """No core dumps, no files written, no new privileges, first in line where memory runs out."""
    leave_no_core()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if _LINUX:
        _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")


def address_space() -> int:
    """Count the bytes of address space in use; 0 where the system does not tell."""
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return pages * resource.getpagesize()
    return 0


def cap_memory(limit: int | None) -> None:
    """Let this process's address space grow to ``limit`` bytes; None takes the cap off again."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = hard if limit is None else _within(limit, hard)
    # macOS refuses limits below what a process has mapped already.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def cap_cpu(seconds: float | None) -> None:
    """End this process after ``seconds`` more of processor time: a deadline behind the deadline.

    None takes the cap off again.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if seconds is None:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        return
    soft = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (_within(soft, hard), hard))


def peak_memory() -> int:
    """Tell the most bytes of memory that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1024 if _LINUX else 1)


def _within(soft: int, hard: int) -> int:
    return soft if hard == resource.RLIM_INFINITY else min(soft, hard)
