"""Competitors in, medians out: in every round they take turns, so that a busy machine disturbs all alike."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from statistics import median
from typing import Protocol, TypeVar

import psutil
from client import Client, row_count, target
from embedded import Embedded
from measure import hammer, spending
from peers import Running, free_port

__all__ = ["Competitor", "Served", "look_ups", "twelve"]

Figures = dict[str, float]
Item = TypeVar("Item")

_BATCH = 0.3
"""Seconds that one turn lasts at least: processor time is told in steps of 10 ms."""

_SLOW = 5.0
"""Seconds after which one turn is enough."""

_LONG_START = 30.0
"""Seconds of start beyond which a server that was stopped over a query does not come back."""

_CLIENTS = (1, 8, 32)
_FINDINGS = "SELECT ?f WHERE { ?f a <https://w3id.org/ketagraph/Finding> } ORDER BY ?f LIMIT 2000"
_LOOK_UP = "SELECT ?p ?o WHERE {{ <{}> ?p ?o }} LIMIT 1000000"
_JOIN = Path(__file__).with_name("queries") / "q02-class-hierarchy-join.rq"


class Competitor(Protocol):
    """One who answers queries, and whose processor time can be counted."""

    @property
    def name(self) -> str:
        """How it is called in tables."""

    @property
    def pid(self) -> int:
        """The process, or the first of a tree, that does the work."""

    def answer(self, query: str, limit: float) -> bytes:
        """Answer whole, within ``limit`` seconds."""

    @property
    def has_left(self) -> bool:
        """Whether it takes no further part."""

    def restart(self) -> None:
        """Leave behind a query that was given up."""


@dataclass(slots=True)
class Served:
    """A running peer as a competitor, over one kept connection."""

    running: Running
    has_left: bool = False
    _client: Client | None = None

    @property
    def name(self) -> str:
        """The peer's."""
        return self.running.peer.name

    @property
    def pid(self) -> int:
        """The server's process; it changes with a restart."""
        return self.running.process.pid

    def answer(self, query: str, limit: float) -> bytes:
        """Ask over HTTP."""
        peer = self.running.peer
        self._client = self._client or Client(self.running.port, peer.path, peer.extra, timeout=limit)
        return self._client.fetch(query)

    def restart(self) -> None:
        """Start the server anew, unless that would take longer than it is worth."""
        self._client = None
        if self.running.start > _LONG_START:
            self.running.stop()
            self.has_left = True
        else:
            self.running.again()

    def targets(self, queries: Sequence[str]) -> list[str]:
        """Write the request targets of queries."""
        return [target(self.running.peer.path, query, self.running.peer.extra) for query in queries]


@dataclass(slots=True)
class _Turns:
    """One competitor's turns at one query."""

    rows: int = -1
    size: int = 0
    fault: str = ""
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return bool(self.fault) or any(seconds > _SLOW for seconds in self.wall)

    def figures(self) -> dict[str, object]:
        if self.fault:
            return {"fault": self.fault}
        return {
            "rows": self.rows,
            "bytes": self.size,
            "wall_ms": median(self.wall) * 1e3,
            "cpu_ms": median(self.cpu) * 1e3,
            "client_cpu_ms": median(self.client) * 1e3,
            "turns": len(self.wall),
        }


def twelve(
    competitors: Sequence[Competitor],
    queries: Mapping[str, str],
    *,
    rounds: int,
    limit: float,
    batch: float = _BATCH,
) -> dict[str, dict[str, object]]:
    """Time every query at every competitor, one at a time, never in the same words twice.

    A turn lasts at least ``batch`` seconds.

    Returns milliseconds per request, by query and name.
    """
    turns: dict[tuple[str, str], _Turns] = defaultdict(_Turns)
    for number in range(rounds):
        for name, query in queries.items():
            for competitor in _rotated(competitors, number):
                _turn(competitor, query, turns[name, competitor.name], limit, batch)
        sys.stderr.write(f"  the twelve, round {number + 1} of {rounds}\n")
    return {
        name: {competitor.name: turns[name, competitor.name].figures() for competitor in competitors}
        for name in queries
    }


def _turn(competitor: Competitor, query: str, turns: _Turns, limit: float, batch: float) -> None:
    if competitor.has_left and not turns.wall:
        turns.fault = turns.fault or "left after a query that it did not answer in time"
    if competitor.has_left or turns.is_over:
        return
    try:
        if turns.rows < 0:
            body = competitor.answer(_fresh(query), limit)
            turns.rows, turns.size = row_count(query, body), len(body)
        with spending(competitor.pid) as spent:
            count = _repeat(competitor, query, limit, batch)
    except TimeoutError:
        turns.fault = f"more than {limit:g} s"
        competitor.restart()
    except (OSError, HTTPException, ValueError) as error:
        turns.fault = str(error)[:200]
    else:
        turns.wall.append(spent.wall / count)
        turns.cpu.append(spent.server / count)
        turns.client.append(spent.client / count)


def _fresh(query: str) -> str:
    """The same query in words never used before, so that no cache of answers has it."""
    return f"PREFIX fresh: <urn:fresh:{time.perf_counter_ns()}>\n{query}"


def _repeat(competitor: Competitor, query: str, limit: float, batch: float) -> int:
    count, until = 0, time.perf_counter() + batch
    while not count or time.perf_counter() < until:
        competitor.answer(_fresh(query), limit)
        count += 1
    return count


def look_ups(
    served: Sequence[Served], embedded: Embedded, *, rounds: int, seconds: int
) -> dict[str, dict[str, Figures]]:
    """Load every peer with look-ups, by kind and name; the ceiling stands among them.

    ``point 1``, ``8``, ``32`` are never the same query twice; ``repeat 8`` is one query again and again;
    ``join 8`` is the hierarchy join, never the same twice.
    """
    points = [_LOOK_UP.format(iri) for iri in embedded.names(_FINDINGS)]
    join = [_JOIN.read_text(encoding="utf-8") + " LIMIT 1000000"]
    kinds = {f"point {clients}": (points, clients, True) for clients in _CLIENTS}
    kinds |= {"repeat 8": (points[:1], 8, False), "join 8": (join, 8, True)}
    found: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    with _ceiling(embedded.answer(points[0], 0)) as ceiling:
        for number in range(rounds):
            for kind, (queries, clients, unique) in kinds.items():
                for one in _rotated([peer for peer in served if not peer.has_left], number):
                    serial = 1_000_001 + 10_000_000 * (sum(map(len, found.values())) + 1)
                    found[kind, one.name].append(
                        hammer(
                            one.running.port,
                            one.targets(queries),
                            one.pid,
                            clients=clients,
                            seconds=seconds,
                            unique=unique,
                            serial=serial,
                        )
                    )
            _hammer_ceiling(ceiling, found, seconds)
            sys.stderr.write(f"  look-ups, round {number + 1} of {rounds}\n")
    return _medians(found)


def _hammer_ceiling(
    process: tuple[int, int], found: dict[tuple[str, str], list[Figures]], seconds: int
) -> None:
    port, pid = process
    for kind, path, clients in (
        *((f"point {clients}", "/", clients) for clients in _CLIENTS),
        ("repeat 8", "/", 8),
        ("empty 8", "/empty", 8),
    ):
        figures = hammer(port, [path], pid, clients=clients, seconds=seconds, unique=False, serial=0)
        found[kind, "ceiling"].append(figures)


@contextmanager
def _ceiling(body: bytes) -> Iterator[tuple[int, int]]:
    """Run the bare server; yield its port and process."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(body)
        file.flush()
        port = free_port()
        script = Path(__file__).with_name("ceiling.py")
        with subprocess.Popen([sys.executable, str(script), str(port), file.name]) as process:
            try:
                _await_port(port)
                yield port, process.pid
            finally:
                process.terminate()


def _await_port(port: int) -> None:
    for _ in range(1000):
        if any(item.laddr and item.laddr.port == port for item in psutil.net_connections("tcp4")):
            return
        time.sleep(0.01)
    raise RuntimeError("the ceiling did not start")


def _medians(found: Mapping[tuple[str, str], Sequence[Figures]]) -> dict[str, dict[str, Figures]]:
    result: dict[str, dict[str, Figures]] = defaultdict(dict)
    for (kind, name), rounds in found.items():
        result[kind][name] = {key: median(one[key] for one in rounds) for key in rounds[0]}
    return dict(result)


def _rotated(items: Sequence[Item], number: int) -> list[Item]:
    shift = number % len(items)
    return [*items[shift:], *items[:shift]]
