"""A user's own table of signed effects and a claim in, a judgement out; graphs may be large.

The paths are found in compressed adjacency; only the edges that carry one are handed to the judge, so the
answer has the same form as for our own graph. A hop's claim is the file and line of its edge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ketagraph.claims import Certainty, Claim, Effect, Judgement, Reason, Sign, judge
from ketagraph.signed_graph import (
    CERTAINTIES,
    Limits,
    PathSet,
    SignedGraph,
    read,
    references,
    simple_paths,
)

__all__ = ["MOST", "judge_table"]

MOST = 10_000
"""How many paths a judgement lists."""

_SIGNS: dict[int, Sign] = {1: 1, -1: -1, 0: 0}
_WHY = {
    "paths": "the limit on paths was reached, and other paths were not looked at",
    "partial": "the graph is too dense between the two; longer paths were not looked at",
    "stopped": "the time was up, and longer paths were not looked at",
}


def judge_table(path: Path, claim: Claim, *, hops: int = 4, limits: Limits | None = None) -> Judgement:
    """Judge ``claim``, whose subject and object are names in the table at ``path``.

    Raises:
        EnvironmentFault, SourceError: the table cannot be read, or a line is broken.
        UnknownName: the subject or the object is no node of the graph.
    """
    graph = read(path)
    ends = graph.node(claim.subject), graph.node(claim.object)
    found = simple_paths(graph, *ends, hops=hops, limits=limits or Limits(paths=MOST))
    judgement = judge(claim, _effects(graph, found, path), hops=hops, max_paths=MOST)
    return _cut(judgement, found.cut) if found.cut else judgement


def _effects(graph: SignedGraph, found: PathSet, path: Path) -> Iterator[Effect]:
    edges = found.edges().tolist()
    rows = graph.row[edges].tolist() if edges else []
    cited = references(path, rows)
    for edge, row in zip(edges, rows, strict=True):
        yield Effect(
            graph.names[int(graph.subject[edge])],
            "acts on",
            graph.names[int(graph.object[edge])],
            _SIGNS.get(int(graph.sign[edge])),
            claims=(f"{path.name}:{row + 2}",),
            certainty=Certainty(CERTAINTIES[int(graph.certainty[edge])]),
            references=tuple(filter(None, (cited.get(row, ""),))),
        )


def _cut(judgement: Judgement, why: str) -> Judgement:
    """Say that not every path was looked at, before the verdict."""
    *others, verdict = (each for each in judgement.reasons if each.code != "paths-cut")
    return replace(
        judgement,
        mechanism=replace(judgement.mechanism, cut=True),
        reasons=(*others, Reason("paths-cut", _WHY[why]), verdict),
    )
