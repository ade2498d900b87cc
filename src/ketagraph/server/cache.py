"""Answers kept as the bytes that were sent, for as long as the data stay the same.

An answer is kept under the query's exact text, surrounding white space taken off and nothing else
normalised, with everything else that shapes its bytes; and, as a short cut, under the bytes of the GET
request that it answered. Only whole answers are kept, never errors, never one that was cut after it began,
never one to a query whose answer changes by itself.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Generic, TypeVar

from ketagraph.store import Query

__all__ = ["Cache", "Entry", "Shelf", "is_lasting", "matches", "query_key"]

_SHARE = 16
"""One entry may take this fraction of the cache; short cuts together as much."""
_OVERHEAD = 512
_PASSING = re.compile(r"\b(?:NOW|RAND|SERVICE|UUID|STRUUID)\b")
_HINTS = ("NOW", "RAND", "SERVICE", "UUID")
"""One of these stands in whatever matches; looking for them alone takes a tenth of the time."""
_BLANK = " \t\r\n"

Headers = Sequence[tuple[bytes, bytes]]
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Entry:
    """One whole answer as it is sent: headers (but those of a request), body (packed or not), strong ETag."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    etag: bytes
    is_lasting: bool = True

    @classmethod
    def of(cls, headers: Headers, body: bytes, shared: Headers = (), *, lasting: bool = True) -> Entry:
        """Tag an answer by its bytes and by ``headers``, which say how to read them; ``shared`` go along."""
        digest = blake2b(body, digest_size=16)
        digest.update(b"\n".join(value for _, value in headers))
        tag = b'"%s"' % digest.hexdigest().encode()
        return cls((*headers, (b"etag", tag), *shared), body, tag, lasting)


def matches(etag: bytes, wanted: str) -> bool:
    """Whether an If-None-Match header names ``etag`` (RFC 9110, section 13.1.2: compared weakly)."""
    tags = [tag.strip().removeprefix("W/") for tag in wanted.split(",")]
    return "*" in tags or etag.decode() in tags


def is_lasting(text: str) -> bool:
    """Whether a query's answer stays the same while the data do; false rather too often than too seldom."""
    upper = text.upper()
    return not any(hint in upper for hint in _HINTS) or not _PASSING.search(upper)


def query_key(query: Query, coding: str) -> Hashable:
    """Everything that shapes an answer's bytes, but the data; the deadline does not."""
    return (
        query.text.strip(_BLANK),
        query.bindings_type,
        query.graph_type,
        query.max_rows,
        query.default_graphs,
        query.named_graphs,
        query.base,
        coding,
    )


class Shelf(Generic[K, V]):
    """Values by key, the least recently used given up where their cost together passes ``limit``."""

    def __init__(self, limit: int) -> None:
        self.limit, self.held = limit, 0
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._items)

    def find(self, key: K) -> V | None:
        """Return the value under ``key``, which counts as its use."""
        found = self._items.get(key)
        if found is None:
            return None
        self._items.move_to_end(key)
        return found[0]

    def keep(self, key: K, value: V, cost: int) -> None:
        """Put a value there, unless it costs more than all may."""
        if cost > self.limit:
            return
        self._drop(key)
        self._items[key] = value, cost
        self.held += cost
        while self.held > self.limit:
            self._drop(next(iter(self._items)))

    def clear(self) -> None:
        """Give everything up."""
        self._items.clear()
        self.held = 0

    def _drop(self, key: K) -> None:
        _, cost = self._items.pop(key, (None, 0))
        self.held -= cost


class Cache:
    """Answers about one edition of the data at a time, in at most ``limit`` bytes; 0 keeps none."""

    def __init__(self, limit: int) -> None:
        self.largest = limit // _SHARE
        self._answers: Shelf[Hashable, Entry] = Shelf(limit - self.largest)
        self._requests: Shelf[bytes, tuple[Hashable, bytes]] = Shelf(self.largest)
        self._edition = ""
        self.hits, self.misses = 0, 0

    @property
    def held(self) -> int:
        """Bytes in use, as far as they are counted."""
        return self._answers.held + self._requests.held

    def repeated(self, edition: str, request: bytes) -> tuple[bytes, bytes] | None:
        """Return head and body of the answer to a request that has been seen byte for byte."""
        self._turn(edition)
        known = self._requests.find(request)
        if known is None:
            return None
        key, head = known
        entry = self._answers.find(key)
        if entry is None:
            return None
        self.hits += 1
        return head, entry.body

    def find(self, edition: str, key: Hashable) -> Entry | None:
        """Return the answer to a query about ``edition``."""
        self._turn(edition)
        entry = self._answers.find(key)
        if entry:
            self.hits += 1
        else:
            self.misses += 1
        return entry

    def keep(self, edition: str, key: Hashable, entry: Entry) -> None:
        """Keep an answer, unless the data have changed since the query was put."""
        if edition == self._edition:
            text = key[0] if isinstance(key, tuple) else ""
            self._answers.keep(key, entry, len(entry.body) + 2 * len(text) + _OVERHEAD)

    def recall(self, request: bytes, key: Hashable, head: bytes) -> None:
        """Remember that a request comes down to ``key``, and the head under which that answer is sent."""
        self._requests.keep(request, (key, head), len(request) + len(head) + _OVERHEAD)

    def _turn(self, edition: str) -> None:
        if edition != self._edition:
            self._edition = edition
            self._answers.clear()
            self._requests.clear()
