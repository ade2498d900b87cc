"""Two nodes in, the paths with the strongest weakest link out.

The strongest certainty that any path can keep up is tried first; under it, shorter paths come before
longer ones, then by name and sign. Paths are simple.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ketagraph.signed_graph.graph import SignedGraph

__all__ = ["SurePath", "surest_paths"]


@dataclass(frozen=True, slots=True)
class SurePath:
    """A path: its edges by number, its nodes, and the certainty of its weakest link (3 surest … 0)."""

    edges: tuple[int, ...]
    nodes: tuple[int, ...]
    weakest: int


def surest_paths(
    graph: SignedGraph,
    source: int,
    target: int,
    *,
    count: int = 10,
    hops: int = 6,
    stop: Callable[[], bool] = lambda: False,
) -> list[SurePath]:
    """Return the ``count`` paths of at most ``hops`` hops whose weakest link is strongest.

    Where ``stop`` says so, the list ends early; it is then shorter than ``count``.
    """
    found: list[SurePath] = []
    if source == target:
        return found
    for level in sorted(set(graph.certainty.tolist()), reverse=True):
        allowed = graph.certainty >= level
        walk = _Walk(graph, target, allowed, graph.distances(target, hops, allowed), stop)
        for length in range(1, hops + 1):
            for edges in walk.trails(source, length, {source}):
                weakest = min(graph.certainty[list(edges)].tolist())
                if weakest == level:
                    nodes = (source, *graph.object[list(edges)].tolist())
                    found.append(SurePath(edges, nodes, weakest))
                if len(found) == count:
                    return found
    return found


@dataclass(frozen=True, slots=True)
class _Walk:
    graph: SignedGraph
    target: int
    allowed: NDArray[np.bool_]
    distance: NDArray[np.int8]
    stop: Callable[[], bool]
    _moves: dict[int, tuple[list[int], list[int], list[int]]] = field(default_factory=dict)

    def trails(self, node: int, left: int, seen: set[int]) -> Iterator[tuple[int, ...]]:
        """Yield every simple trail of exactly ``left`` hops to the target."""
        if self.stop() or self.distance[node] > left:
            return
        for edge, end, away in zip(*self.moves(node), strict=True):
            if end == self.target:
                if left == 1:
                    yield (edge,)
            elif away < left and end not in seen:
                for rest in self.trails(end, left - 1, seen | {end}):
                    yield (edge, *rest)

    def moves(self, node: int) -> tuple[list[int], list[int], list[int]]:
        """List the edges towards the target, where each ends, and how far from the target that is."""
        if node not in self._moves:
            begin, end = self.graph.out_start[node], self.graph.out_start[node + 1]
            edges = np.arange(begin, end)[self.allowed[begin:end]]
            ends = self.graph.object[edges]
            near = self.distance[ends] < 127
            edges, ends = edges[near], ends[near]
            self._moves[node] = edges.tolist(), ends.tolist(), self.distance[ends].tolist()
        return self._moves[node]
