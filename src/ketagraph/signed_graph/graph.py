"""Edges as arrays in, compressed adjacency out, forwards and backwards.

Nodes are numbered in the order of their names, so that order by number is order by name. Parallel edges
of one sign are one edge with the surest certainty; an edge is sorted by subject, object, then sign
(+, −, 0, unsigned), the order of :mod:`ketagraph.claims`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketagraph.errors import UnknownName

__all__ = ["UNSIGNED", "Ints", "SignedGraph", "ranges"]

Ints = NDArray[np.int64]
_Small = NDArray[np.int8]
_Numbers = NDArray[np.int32]

UNSIGNED = 2
"""How an edge without direction is stored; signs are 1, −1 and 0."""

_SIGN_RANK = np.array([2, 0, 3, 1], dtype=np.int8)
"""Rank of the signs 0, 1, 2 (unsigned) and −1 (the last, by Python's negative index)."""


@dataclass(frozen=True, slots=True)
class SignedGraph:
    """A signed graph: ``names`` sorted; per edge its ends, sign, certainty (3 surest … 0) and table rows.

    ``row[row_start[e] : row_start[e + 1]]`` are the rows of edge e, since parallel ones are one edge.
    ``out_start[n] : out_start[n + 1]`` are the edges that leave node n; ``in_edge`` holds edge numbers
    sorted by object, and ``in_start`` cuts it likewise.
    """

    names: Sequence[str]
    subject: _Numbers
    object: _Numbers
    sign: _Small
    certainty: _Small
    row: _Numbers
    row_start: _Numbers
    out_start: Ints
    in_start: Ints
    in_edge: _Numbers

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        subject: _Numbers,
        obj: _Numbers,
        sign: _Small,
        certainty: _Small,
    ) -> SignedGraph:
        """Compress edges whose ends are indices into the sorted ``names``; self-loops are dropped."""
        size = len(names)
        key = subject.astype(np.int64)
        key *= size
        key += obj
        key *= 4
        key += _SIGN_RANK[sign]
        order = np.argsort(key, kind="stable").astype(np.int32)
        order = order[subject[order] != obj[order]]
        key = key[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        del key
        surest = np.maximum.reduceat(certainty[order], first) if len(first) else certainty[:0]
        one = order[first]
        subject, obj = subject[one], obj[one]
        incoming = np.argsort(obj, kind="stable").astype(np.int32)
        return cls(
            names,
            subject,
            obj,
            sign[one],
            surest,
            order,
            np.append(first, len(order)).astype(np.int32),
            np.searchsorted(subject, np.arange(size + 1)),
            np.searchsorted(obj[incoming], np.arange(size + 1)),
            incoming,
        )

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.names)

    @property
    def edges(self) -> int:
        """How many edges there are, parallel ones of one sign counted once."""
        return len(self.subject)

    def node(self, name: str) -> int:
        """Return the number of the node called ``name``.

        Raises:
            UnknownName: there is none.
        """
        place = int(np.searchsorted(self.names, name)) if self.nodes else 0
        if place == self.nodes or self.names[place] != name:
            raise UnknownName(f"no edge of the graph has a node called {name!r}")
        return place

    def rows(self, edges: Iterable[int]) -> Iterator[_Numbers]:
        """Yield the rows that state each of ``edges``, in the order of the table."""
        for edge in edges:
            yield self.row[self.row_start[edge] : self.row_start[edge + 1]]

    def distances(self, target: int, hops: int, allowed: NDArray[np.bool_] | None = None) -> _Small:
        """Fewest hops from each node to ``target``, signs aside; 127 where it takes more than ``hops``."""
        return self._spread(target, hops, self.in_start, self.in_edge, self.subject, allowed)

    def distances_from(self, source: int, hops: int) -> _Small:
        """Fewest hops from ``source`` to each node, signs aside; 127 where it takes more than ``hops``."""
        return self._spread(source, hops, self.out_start, None, self.object, None)

    def _spread(
        self,
        start: int,
        hops: int,
        cuts: Ints,
        edges: _Numbers | None,
        ends: _Numbers,
        allowed: NDArray[np.bool_] | None,
    ) -> _Small:
        distance = np.full(self.nodes, 127, dtype=np.int8)
        distance[start] = 0
        frontier = np.array([start], dtype=np.int64)
        for step in range(1, min(hops, 126) + 1):
            _, places = ranges(cuts, frontier)
            found = places if edges is None else edges[places]
            reached = ends[found if allowed is None else found[allowed[found]]]
            reached = reached[distance[reached] == 127]
            if not len(reached):
                break
            distance[reached] = step
            frontier = np.flatnonzero(distance == step)
        return distance


def ranges(cuts: Ints, nodes: NDArray[np.integer]) -> tuple[Ints, Ints]:
    """Concatenate ``cuts[n] : cuts[n + 1]`` over ``nodes``: the index into ``nodes``, and the place."""
    begin, count = cuts[nodes], cuts[nodes + 1] - cuts[nodes]
    owner = np.repeat(np.arange(len(nodes)), count)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, np.repeat(begin, count) + offset
