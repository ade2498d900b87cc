"""Counts and times of queries in, Prometheus text out; no query and no client is a label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["MEDIA_TYPE", "Metrics"]

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._queries = Counter(
            "ketagraph_queries",
            "Queries answered, by HTTP status and by whether the answer was kept from before.",
            ("status", "cached"),
            registry=self._registry,
        )
        # A counter takes a lock, which is more than a look-up should pay; they learn of these when asked.
        self._tally: defaultdict[tuple[int, bool], int] = defaultdict(int)
        self._sent = 0
        self._bytes = Counter(
            "ketagraph_sent_bytes", "Bytes of answers, as they were sent.", registry=self._registry
        )
        self._seconds = Histogram(
            "ketagraph_query_seconds",
            "From a query's arrival to its last byte; answers kept from before are left out.",
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def gauge(self, name: str, meaning: str, tell: Callable[[], float]) -> None:
        """Show a figure that is asked for when it is wanted."""
        Gauge(f"ketagraph_{name}", meaning, registry=self._registry).set_function(tell)

    def count_repeat(self, sent: int) -> None:
        """Count a query that was answered as before."""
        self._tally[200, True] += 1
        self._sent += sent

    def count(self, status: int, seconds: float, sent: int, *, cached: bool) -> None:
        """Count one query."""
        self._tally[status, cached] += 1
        self._sent += sent
        if not cached:
            self._seconds.observe(seconds)

    def written(self) -> bytes:
        """Write them all."""
        for (status, cached), count in sorted(self._tally.items()):
            self._queries.labels(str(status), str(cached).lower()).inc(count)
        self._bytes.inc(self._sent)
        self._tally.clear()
        self._sent = 0
        return generate_latest(self._registry)
