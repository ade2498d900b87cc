"""Two nodes in, all simple signed paths between them out, shortest first, then by name and sign.

Both halves of a path are spread out at once, pruned by the distance to the other end, and joined in the
middle. Where that grows past the limits, the answer says that it was cut and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ketagraph.signed_graph.graph import UNSIGNED, Ints, SignedGraph, ranges

__all__ = ["Limits", "PathSet", "net", "simple_paths"]

_BATCH = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be found: ``paths`` in all, ``partial`` half paths at once; ``stop`` asks to end early."""

    paths: int = 1_000_000
    partial: int = 20_000_000
    stop: Callable[[], bool] = field(default=lambda: False)


@dataclass(frozen=True, slots=True)
class PathSet:
    """Paths by length: each array has one row per path and one column per hop, holding edge numbers.

    ``cut`` says why the search ended early: ``paths``, ``partial`` or ``stopped``; empty if it did not.
    """

    graph: SignedGraph
    source: int
    target: int
    by_length: tuple[Ints, ...]
    cut: str = ""

    def __len__(self) -> int:
        """How many paths there are."""
        return sum(len(each) for each in self.by_length)

    def signs(self) -> NDArray[np.int8]:
        """Net sign per path: the product, 0 where a hop changes nothing, 2 where one has no direction."""
        return np.concatenate(
            [net(self.graph.sign[each]) for each in self.by_length] or [np.empty(0, np.int8)]
        )

    def nodes(self) -> Iterator[tuple[int, ...]]:
        """Yield the nodes of each path, in order."""
        for each in self.by_length:
            for row in self.graph.object[each].tolist():
                yield (self.source, *row)

    def edges(self) -> Ints:
        """Return every edge that some path uses, sorted."""
        return np.unique(np.concatenate([each.ravel() for each in self.by_length] or [np.empty(0, np.int64)]))


def net(signs: NDArray[np.int8]) -> NDArray[np.int8]:
    """Multiply signs along the last axis: 0 if one is 0, else 2 (unsigned) if one is unsigned."""
    blocked = (signs == 0).any(axis=1)
    product: NDArray[np.int8] = np.where(signs == UNSIGNED, 1, signs).prod(axis=1).astype(np.int8)
    product[(signs == UNSIGNED).any(axis=1)] = UNSIGNED
    product[blocked] = 0
    return product


def simple_paths(
    graph: SignedGraph, source: int, target: int, *, hops: int = 4, limits: Limits | None = None
) -> PathSet:
    """Find all simple paths of 1 to ``hops`` hops from ``source`` to ``target``."""
    allowed = limits or Limits()
    if source == target:
        return PathSet(graph, source, target, ())
    search = _Search(
        graph,
        source,
        target,
        graph.distances(target, hops),
        graph.distances_from(source, hops),
        allowed,
    )
    found: list[Ints] = []
    left = allowed.paths
    for length in range(1, hops + 1):
        try:
            paths = search.paths(length, left)
        except _Cut as cut:
            return PathSet(graph, source, target, tuple(found), str(cut))
        found.append(paths[:left])
        if len(paths) > left:
            return PathSet(graph, source, target, tuple(found), "paths")
        left -= len(paths)
    return PathSet(graph, source, target, tuple(found))


class _Cut(Exception):
    """The search went past a limit, which is named."""


@dataclass(frozen=True, slots=True)
class _Search:
    graph: SignedGraph
    source: int
    target: int
    ahead: NDArray[np.int8]
    behind: NDArray[np.int8]
    limits: Limits

    def paths(self, length: int, most: int) -> Ints:
        """Return the paths of exactly ``length`` hops, in order; a few more than ``most`` at the most."""
        first = (length + 1) // 2
        forward = self._forward(first, length)
        if length == 1:
            return forward
        return self._join(forward, self._backward(length - first, length), most)

    def _forward(self, steps: int, length: int) -> Ints:
        """Spread out from the source: rows of edges, sorted by name and sign."""
        graph = self.graph
        paths = np.empty((1, 0), dtype=np.int64)
        ends = np.array([self.source])
        for step in range(1, steps + 1):
            owner, edges = ranges(graph.out_start, ends)
            keep = self.ahead[graph.object[edges]] <= length - step
            if step < length:
                keep &= graph.object[edges] != self.target
            paths, ends = self._grown(paths, owner[keep], edges[keep], graph.object[edges[keep]], self.source)
        return paths

    def _grown(
        self, paths: Ints, owner: Ints, edges: Ints, ends: NDArray[np.int32], start: int
    ) -> tuple[Ints, NDArray[np.int32]]:
        """Add a hop to each path, unless it comes back to a node of the path."""
        if len(edges) > self.limits.partial:
            raise _Cut("partial")
        if self.limits.stop():
            raise _Cut("stopped")
        fresh = ends != start
        for column in paths.T:
            fresh &= self.graph.object[column[owner]] != ends
        owner, edges, ends = owner[fresh], edges[fresh], ends[fresh]
        return np.column_stack([paths[owner], edges]), ends

    def _backward(self, steps: int, length: int) -> Ints:
        """Spread out from the target against the arrows: rows of edges in forward order, sorted by names."""
        graph = self.graph
        paths = np.empty((1, 0), dtype=np.int64)
        ends = np.array([self.target])
        for step in range(1, steps + 1):
            owner, places = ranges(graph.in_start, ends)
            edges = graph.in_edge[places].astype(np.int64)
            keep = self.behind[graph.subject[edges]] <= length - step
            keep &= graph.subject[edges] != self.source
            owner, edges = owner[keep], edges[keep]
            ends = graph.subject[edges]
            if len(edges) > self.limits.partial:
                raise _Cut("partial")
            fresh = ends != self.target
            for column in paths.T:
                fresh &= graph.subject[column[owner]] != ends
            paths = np.column_stack([edges[fresh], paths[owner[fresh]]])
            ends = ends[fresh]
        return paths[np.lexsort(paths.T[::-1])]

    def _join(self, forward: Ints, backward: Ints, most: int) -> Ints:
        """Join halves that meet in one node and share no other."""
        graph = self.graph
        meet = graph.object[forward[:, -1]]
        start = graph.subject[backward[:, 0]]
        low, high = np.searchsorted(start, meet, "left"), np.searchsorted(start, meet, "right")
        found: list[Ints] = []
        total = 0
        for begin, end in _batches(high - low):
            if self.limits.stop():
                raise _Cut("stopped")
            rows = np.arange(begin, end)
            count = high[rows] - low[rows]
            owner = np.repeat(rows, count)
            place = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
            other = np.repeat(low[rows], count) + place
            left, right = forward[owner], backward[other]
            apart = np.ones(len(owner), dtype=np.bool_)
            for node in graph.object[left[:, :-1]].T:
                for against in graph.object[right].T:
                    apart &= node != against
            found.append(np.column_stack([left[apart], right[apart]]))
            total += len(found[-1])
            if total > most:
                break
        width = forward.shape[1] + backward.shape[1]
        return np.concatenate(found) if found else np.empty((0, width), dtype=np.int64)


def _batches(counts: Ints) -> Iterator[tuple[int, int]]:
    """Cut rows into runs whose counts add up to about a batch."""
    begin, ends = 0, np.cumsum(counts)
    while begin < len(counts):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _BATCH, "right")))
        yield begin, end
        begin = end
