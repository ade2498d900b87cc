"""What ``serve`` needs to know, as one value."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ketagraph.engines.address import Address

__all__ = ["Listed", "ServeConfig", "is_loopback"]


class Listed(Protocol):
    """As much of a question as a list of questions shows."""

    @property
    def slug(self) -> str:
        """Its name."""

    @property
    def summary(self) -> str:
        """One line of plain words."""


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """How and what to serve.

    ``timeout`` is in seconds; ``max_rows`` counts rows or triples; ``memory_mb`` is what one query may take.
    ``workers`` defaults to the cores, but at least 4, so that a few hostile queries leave room for others.
    ``port`` 0 takes any free one. ``union_default_graph`` is for a release, whose default graph is the union
    of its graphs; a user's file keeps its own. ``follow`` is the folder of releases that ``data`` comes from,
    and whose next release is taken up; ``edition`` names the state of the data (see PoolSettings).

    ``cache_mb`` bounds the answers that are kept (0: none), ``max_age`` is for how many seconds others may
    keep one. With ``client_limits`` (None: wherever ``host`` is not this machine alone) a client has
    ``client_seconds`` of query time and ``client_errors`` errors a minute. ``metrics`` shows /metrics to
    everybody, not only to this machine. ``log_queries`` writes a line for each query, with its text if
    ``log_text``. ``drain`` is for how many seconds /readyz says no before the port closes.
    ``allow_service`` are the origins that SERVICE may name (none: SERVICE is refused), ``service_timeout`` is
    for how many seconds one of them is waited for.
    Data that would take more than ``disk_above_mb`` megabytes in memory (None: half of what the machine
    has) are served from a store on disk, built below ``disk_folder``; without a folder, from memory.
    ``engine`` is an engine elsewhere that answers instead of ``data``; ``engine_mb`` is what one answer of
    it may weigh.
    ``info`` holds title, version and summary for the front page.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8000
    timeout: float = 10.0
    max_rows: int = 10_000
    workers: int | None = None
    memory_mb: int = 2048
    union_default_graph: bool = False
    follow: Path | None = None
    edition: str = ""
    cache_mb: int = 64
    max_age: int = 60
    client_limits: bool | None = None
    client_seconds: float = 60.0
    client_errors: int = 60
    metrics: bool = False
    log_queries: bool = False
    log_text: bool = False
    drain: float = 0.0
    allow_service: Sequence[str] = ()
    service_timeout: float = 5.0
    disk_above_mb: int | None = None
    disk_folder: Path | None = None
    engine: Address | None = None
    engine_mb: int = 256
    questions: Sequence[Listed] = ()
    info: Mapping[str, str] = field(default_factory=dict)

    @property
    def worker_count(self) -> int:
        """How many queries may run at once."""
        return self.workers or max(4, os.cpu_count() or 1)

    @property
    def disk_above(self) -> int:
        """Bytes of memory that data may take before they are served from disk."""
        if self.disk_above_mb is not None:
            return self.disk_above_mb << 20
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2

    @property
    def limits_clients(self) -> bool:
        """Whether clients have a share each."""
        return not is_loopback(self.host) if self.client_limits is None else self.client_limits


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
