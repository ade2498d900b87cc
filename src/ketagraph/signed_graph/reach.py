"""One node in, what it can turn up or down out: fewest hops to each node by net sign.

Walks are followed, not simple paths: whether a simple path of one sign exists is a hard question
(https://doi.org/10.1016/0304-3975(80)90009-2), a walk is found in time linear in the edges. Edges that change
nothing or have no direction are not followed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketagraph.signed_graph.graph import SignedGraph, ranges

__all__ = ["Reach", "reach"]


@dataclass(frozen=True, slots=True)
class Reach:
    """Fewest hops to each node by a walk of sign + and of sign −; −1 where there is none."""

    up: NDArray[np.int32]
    down: NDArray[np.int32]


def reach(graph: SignedGraph, source: int, *, hops: int | None = None) -> Reach:
    """Follow signed walks from ``source``, of at most ``hops`` hops if given."""
    distance = np.full((2, graph.nodes), -1, dtype=np.int32)
    distance[0, source] = 0
    frontier = [np.array([source]), np.empty(0, dtype=np.int64)]
    step = 0
    while any(map(len, frontier)) and (hops is None or step < hops):
        step += 1
        for side in (0, 1):
            _spread(graph, frontier[side], side, distance, step)
        frontier = [np.flatnonzero(distance[side] == step) for side in (0, 1)]
    return Reach(distance[0], distance[1])


def _spread(
    graph: SignedGraph, nodes: NDArray[np.int64], side: int, distance: NDArray[np.int32], step: int
) -> None:
    edges = _leaving(graph, nodes)
    ends, signs = graph.object[edges], graph.sign[edges]
    for sign, into in ((1, side), (-1, 1 - side)):
        reached = ends[signs == sign]
        reached = reached[distance[into, reached] == -1]
        distance[into, reached] = step


def _leaving(graph: SignedGraph, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges that leave ``nodes``; where that is a good part of all, one look at every edge is quicker."""
    count = int((graph.out_start[nodes + 1] - graph.out_start[nodes]).sum())
    if count * 8 < graph.edges:
        return ranges(graph.out_start, nodes)[1]
    active = np.zeros(graph.nodes, dtype=np.bool_)
    active[nodes] = True
    return np.flatnonzero(active[graph.subject])
