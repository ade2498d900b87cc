"""A user's own table of signed effects and a claim in, a judgement out; graphs may be large.

The paths are found in compressed adjacency; only the edges that carry one are handed to the judge, so the
answer has the same form as for our own graph. A hop's claims are the file and lines of its edge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from ketagraph.claims import Certainty, Claim, Effect, Judgement, Reason, Sign, judge
from ketagraph.claims.paths import union
from ketagraph.signed_graph import (
    CERTAINTIES,
    Limits,
    PathSet,
    SignedGraph,
    read,
    references,
    simple_paths,
)

__all__ = ["MOST", "cut_short", "judge_table"]

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
    return cut_short(judgement, found.cut) if found.cut else judgement


def _effects(graph: SignedGraph, found: PathSet, path: Path) -> Iterator[Effect]:
    edges = found.edges().tolist()
    rows = [each.tolist() for each in graph.rows(found.edges())]
    cited = references(path, chain.from_iterable(rows))
    for edge, own in zip(edges, rows, strict=True):
        yield Effect(
            graph.names[int(graph.subject[edge])],
            "acts on",
            graph.names[int(graph.object[edge])],
            _SIGNS.get(int(graph.sign[edge])),
            claims=tuple(f"{path.name}:{row + 2}" for row in own),
            certainty=Certainty(CERTAINTIES[int(graph.certainty[edge])]),
            references=union([filter(None, (cited.get(row, "") for row in own))]),
        )


def cut_short(judgement: Judgement, why: str) -> Judgement:
    """Say that not every path was looked at and ``why`` (:attr:`PathSet.cut`), before the verdict."""
    *others, verdict = (each for each in judgement.reasons if each.code != "paths-cut")
    return replace(
        judgement,
        mechanism=replace(judgement.mechanism, cut=True),
        reasons=(*others, Reason("paths-cut", _WHY[why]), verdict),
    )
