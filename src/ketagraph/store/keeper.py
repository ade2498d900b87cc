"""The nursery as the web process sees it: started, asked for workers, told to kill them, mourned."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ketagraph.errors import EnvironmentFault, Fault, SourceError
from ketagraph.store import allowance, confine

__all__ = ["Keeper", "Nursing", "PoolSettings"]

_READ = 1 << 16
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """What a pool serves and how: ``union`` puts named graphs into the default graph as well.

    ``data`` is a file of any known type; ``imports`` are files that are loaded beside it.

    ``memory`` is what a query may take, in bytes; ``workers`` run at once, ``queue`` more may wait while
    the queue does not move. ``edition`` names the state of the data: equal names, equal answers.

    Data that would take more than ``disk_above`` bytes in memory are served from stores below ``disk``.
    """

    data: Path
    union: bool = False
    workers: int = 2
    queue: int = 4
    memory: int = 2 << 30
    edition: str = ""
    imports: tuple[Path, ...] = ()
    disk: Path | None = None
    disk_above: int = 0


@dataclass(frozen=True, slots=True)
class Nursing:
    """What a nursery reports once its data is loaded.

    ``quads`` as the file has them, ``graphs`` the IRIs of (at most a thousand) named graphs, sorted;
    ``network`` says that workers could reach one.
    """

    quads: int
    network: bool
    graphs: Sequence[str] = ()


class Keeper:
    """A running nursery process. All methods but :meth:`start` are for the loop that started it."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._process, self._control = process, control
        self._reports = b""

    @classmethod
    async def start(cls, settings: PoolSettings) -> tuple[Keeper, Nursing]:
        """Start a nursery and wait until its data is loaded.

        Raises:
            SourceError, EnvironmentFault: the data cannot be loaded, for the reason that the nursery gives.
        """
        keeper = cls(*_spawned())
        try:
            keeper._order(
                {
                    "data": [str(path) for path in (settings.data, *settings.imports)],
                    "union": settings.union,
                    "memory": settings.memory,
                    "disk": settings.disk and {"folder": str(settings.disk), "above": settings.disk_above},
                }
            )
            return keeper, await keeper._loaded(settings.data)
        except BaseException:
            await keeper.close()
            raise

    def watch(self, on_gone: Callable[[int, int], None], on_lost: Callable[[], None]) -> None:
        """Call ``on_gone(id, signal)`` for every worker that ends, ``on_lost()`` if the nursery does."""
        asyncio.get_running_loop().add_reader(self._control, self._listen, on_gone, on_lost)

    def fork(self, ident: int, link: socket.socket) -> None:
        """Ask for a worker named ``ident`` that serves ``link``; the caller closes its copy of that."""
        socket.send_fds(self._control, [json.dumps({"fork": ident}).encode() + b"\n"], [link.fileno()])

    def kill(self, ident: int) -> None:
        """End a worker now, whatever it does."""
        self._order({"kill": ident})

    async def close(self) -> None:
        """Hang up, and see that the nursery has ended (its workers end with it); again does no harm."""
        if self._control.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
        for _ in range(int(_PATIENCE / 0.01)):
            if self._process.poll() is not None:
                return
            await asyncio.sleep(0.01)
        self._process.kill()
        self._process.wait()

    def _order(self, message: dict[str, object]) -> None:
        self._control.send(json.dumps(message).encode() + b"\n")

    async def _loaded(self, data: Path) -> Nursing:
        loop = asyncio.get_running_loop()
        while b"\n" not in self._reports:
            received = b""
            # A process that ends before it has read its settings resets the connection.
            with suppress(ConnectionError):
                received = await loop.sock_recv(self._control, _READ)
            if not received:
                raise EnvironmentFault(f"{data}: cannot be loaded: {await self._last_words()}")
            self._reports += received
        line, self._reports = self._reports.split(b"\n", 1)
        report = json.loads(line)
        if report.get("faults"):
            raise SourceError([Fault(*fault) for fault in report["faults"]])
        if "failed" in report:
            raise EnvironmentFault(report["failed"])
        return Nursing(**report["ready"])

    async def _last_words(self) -> str:
        while self._process.poll() is None:
            await asyncio.sleep(0.01)
        return allowance.ended(self._process.returncode)

    def _listen(self, on_gone: Callable[[int, int], None], on_lost: Callable[[], None]) -> None:
        received = self._control.recv(_READ)
        if not received:
            asyncio.get_running_loop().remove_reader(self._control)
            on_lost()
            return
        self._reports += received
        *lines, self._reports = self._reports.split(b"\n")
        for report in map(json.loads, lines):
            on_gone(report["gone"], report["signal"])


def _spawned() -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    with theirs:
        # -P keeps modules of the current folder from standing in for the library's.
        command = [sys.executable, "-P", "-m", "ketagraph.store.nursery", str(theirs.fileno())]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=confine.environment()
        )
    return process, ours
