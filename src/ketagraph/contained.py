"""A stranger's file and a task in, plain values out: done in a process that may be killed.

What parses a file in this language or the engine's cannot be stopped from within; a process can. One whose
file asks for more memory or time than the file's size allows ends with a message, not with the machine.

The process runs this module; a task (JSON) comes on standard input, and goes out as lines of JSON::

    {"value": …} for each value, or at the end {"faults": [[path, line, column, message], …]}
    or {"lacks": message}

Nothing that it says is unpickled: it may have read a hostile file.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from ketagraph.errors import EnvironmentFault, Fault, KetaGraphError, SourceError
from ketagraph.store import confine

__all__ = ["Bounds", "main", "run"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the process may use: bytes of address space and seconds of processor time.

    Both grow with the size of the file; one that is compressed counts as ``unfolded`` times its size.
    """

    memory: int = 4 << 30
    memory_per_byte: int = 64
    seconds: float = 60.0
    bytes_per_second: int = 100_000
    unfolded: int = 20

    def of(self, path: Path) -> tuple[int, float]:
        """Memory and time for the file at ``path``; one that cannot be looked at counts as empty."""
        size = path.stat().st_size if path.is_file() else 0
        size *= self.unfolded if path.name.lower().endswith(".gz") else 1
        return self.memory + self.memory_per_byte * size, self.seconds + size / self.bytes_per_second


def run(
    task: Callable[..., Iterable[object]], path: Path, arguments: Mapping[str, object], bounds: Bounds
) -> Iterator[Any]:
    """Yield what ``task(str(path), **arguments)`` yields in a process of its own, as JSON carries it.

    ``task`` is a function of a module of ours. Leaving the iteration ends the process.

    Raises:
        SourceError: the file breaks its rules, or reading it was stopped at a bound.
        EnvironmentFault: what the task lacks; or the process was lost.
    """
    memory, seconds = bounds.of(path)
    order = {
        "task": f"{task.__module__}:{task.__name__}",
        "path": str(path),
        "arguments": arguments,
        "memory": memory,
        "seconds": seconds,
        "parent": os.getpid(),
    }
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "ketagraph.contained"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=confine.environment(),
    ) as process:
        try:
            _tell(process, order)
            yield from _values(process)
        finally:
            process.kill()
    _explain(process.returncode, path, memory, seconds)


def _tell(process: subprocess.Popen[bytes], order: Mapping[str, object]) -> None:
    pipe: Any = process.stdin
    # Where it has ended already, its status says more.
    with suppress(BrokenPipeError), pipe:
        pipe.write(json.dumps(order).encode())


def _values(process: subprocess.Popen[bytes]) -> Iterator[Any]:
    pipe: Any = process.stdout
    for line in pipe:
        said = json.loads(line)
        if "faults" in said:
            raise SourceError([Fault(*fault) for fault in said["faults"]])
        if "lacks" in said:
            raise EnvironmentFault(said["lacks"])
        yield said["value"]
    process.wait()


def _explain(code: int, path: Path, memory: int, seconds: float) -> None:
    """Say what ended the process, unless it did what it should."""
    if code > 0:
        raise EnvironmentFault(f"{path}: the process that read it was lost (status {code})")
    if code < 0:
        bound = f"{seconds:.0f} s" if code == -signal.SIGXCPU else f"{memory >> 20} MB, or nests too deeply"
        raise SourceError([Fault(str(path), 0, "", f"needs more than {bound}; it was not read")])


def main() -> None:
    """Do the task on standard input, within its bounds."""
    order = json.loads(sys.stdin.buffer.read())
    out, sys.stdout = sys.stdout.buffer, sys.stderr
    confine.die_with_parent(order["parent"])
    confine.leave_no_core()
    # Ctrl-C goes to the whole group; whoever started this decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    module, _, name = order["task"].partition(":")
    task = getattr(import_module(module), name)
    confine.cap_memory(confine.address_space() + order["memory"])
    confine.cap_cpu(order["seconds"])
    try:
        for value in task(order["path"], **order["arguments"]):
            _say(out, {"value": value})
    except SourceError as error:
        _say(out, {"faults": [astuple(fault) for fault in error.faults]})
    except KetaGraphError as error:
        _say(out, {"lacks": str(error)})
    except (MemoryError, RecursionError):
        os.kill(os.getpid(), signal.SIGKILL)


def _say(out: IO[bytes], message: Mapping[str, object]) -> None:
    out.write(json.dumps(message).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
