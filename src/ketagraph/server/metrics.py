"""Counts and times of queries in, Prometheus text out; no query and no client is a label."""

from __future__ import annotations

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
        # Looking a label up costs more than counting.
        self._outcomes: dict[tuple[int, bool], Counter] = {}
        # A repeat is answered in less time than two counters take; they learn of it when they are asked.
        self._repeats = self._repeated_bytes = 0
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
        self._repeats += 1
        self._repeated_bytes += sent

    def count(self, status: int, seconds: float, sent: int, *, cached: bool) -> None:
        """Count one query."""
        kind = status, cached
        if kind not in self._outcomes:
            self._outcomes[kind] = self._queries.labels(str(status), str(cached).lower())
        self._outcomes[kind].inc()
        self._bytes.inc(sent)
        if not cached:
            self._seconds.observe(seconds)

    def written(self) -> bytes:
        """Write them all."""
        self._queries.labels("200", "true").inc(self._repeats)
        self._bytes.inc(self._repeated_bytes)
        self._repeats = self._repeated_bytes = 0
        return generate_latest(self._registry)
