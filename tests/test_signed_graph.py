"""The large-graph engine against the judge's own search and against plain definitions."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketagraph.claims import Certainty, Claim, Effect, Sign, judge
from ketagraph.errors import SourceError, UnknownName
from ketagraph.signed_graph import (
    CERTAINTIES,
    Limits,
    SignedGraph,
    reach,
    read,
    references,
    simple_paths,
    surest_paths,
)

UNTIMED = settings(deadline=None, database=None)
NODES = "SABCDT"
SIGNS: list[Sign] = [1, -1, 0, None]
Edge = tuple[str, Sign, str, int]
edges = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(SIGNS), st.sampled_from(NODES), st.integers(0, 3)),
    max_size=24,
)


def built(rows: list[Edge]) -> SignedGraph:
    """A graph with all of NODES, sorted by name, whatever edges it has."""
    names = sorted(NODES)
    numbers = [[names.index(row[side]) for row in rows] for side in (0, 2)]
    return SignedGraph.of(
        names,
        np.array(numbers[0], dtype=np.int32),
        np.array(numbers[1], dtype=np.int32),
        np.array([2 if row[1] is None else row[1] for row in rows], dtype=np.int8),
        np.array([row[3] for row in rows], dtype=np.int8),
    )


def effects(rows: list[Edge]) -> list[Effect]:
    return [
        Effect(subject, "acts", obj, sign, certainty=Certainty(CERTAINTIES[sure]))
        for subject, sign, obj, sure in rows
    ]


def by_judge(rows: list[Edge], hops: int) -> list[tuple[tuple[str, ...], Sign, int]]:
    """Nodes, net sign and weakest certainty of every path, in the judge's order."""
    found = judge(Claim("S", "acts", "T", 1), effects(rows), hops=hops).mechanism
    paths = sorted((*found.paths, *found.unsigned, *found.blocked), key=lambda path: len(path.hops))
    return [(path.nodes, path.sign, CERTAINTIES.index(path.weakest.certainty)) for path in paths]


@UNTIMED
@given(edges, st.integers(1, 5))
def test_the_paths_are_those_of_the_judge(rows: list[Edge], hops: int) -> None:
    graph = built(rows)
    found = simple_paths(graph, graph.node("S"), graph.node("T"), hops=hops)
    shown = [
        (tuple(graph.names[node] for node in nodes), None if sign == 2 else sign)
        for nodes, sign in zip(found.nodes(), found.signs().tolist(), strict=True)
    ]
    assert sorted(map(repr, shown)) == sorted(repr(each[:2]) for each in by_judge(rows, hops))
    assert [len(nodes) for nodes, _ in shown] == sorted(len(nodes) for nodes, _ in shown)
    assert found.cut == ""


@UNTIMED
@given(edges, st.integers(1, 5), st.integers(1, 6))
def test_the_surest_paths_have_the_strongest_weakest_links(rows: list[Edge], hops: int, count: int) -> None:
    graph = built(rows)
    found = surest_paths(graph, graph.node("S"), graph.node("T"), count=count, hops=hops)
    expected = sorted((-weakest, len(nodes)) for nodes, _, weakest in by_judge(rows, hops))
    assert [(-path.weakest, len(path.nodes)) for path in found] == expected[:count]
    for path in found:
        assert len(set(path.nodes)) == len(path.nodes)


@UNTIMED
@given(edges)
def test_reach_is_the_fewest_hops_of_a_walk_by_sign(rows: list[Edge]) -> None:
    graph = built(rows)
    found = reach(graph, graph.node("S"))
    states = {("S", 1): 0}
    waiting = ["S+"]
    for state in waiting:
        node, sign = state[0], 1 if state[1] == "+" else -1
        for subject, hop, obj, _ in rows:
            if subject == node and hop and subject != obj and (obj, sign * hop) not in states:
                states[obj, sign * hop] = states[node, sign] + 1
                waiting.append(obj + ("+" if sign * hop == 1 else "-"))
    for side, sign in ((found.up, 1), (found.down, -1)):
        assert side.tolist() == [states.get((name, sign), -1) for name in graph.names]


@UNTIMED
@given(edges, st.integers(1, 5), st.integers(1, 10))
def test_a_limit_on_paths_keeps_the_first_and_says_so(rows: list[Edge], hops: int, most: int) -> None:
    graph = built(rows)
    ends = graph.node("S"), graph.node("T")
    everything = simple_paths(graph, *ends, hops=hops)
    found = simple_paths(graph, *ends, hops=hops, limits=Limits(paths=most))
    assert list(found.nodes()) == list(everything.nodes())[:most]
    assert found.cut == ("paths" if len(everything) > most else "")


def test_a_search_that_is_told_to_stop_says_so() -> None:
    rows: list[Edge] = [(a, 1, b, 3) for a, b in pairwise("SABT")]
    graph = built(rows)
    found = simple_paths(graph, graph.node("S"), graph.node("T"), limits=Limits(stop=lambda: True))
    assert (len(found), found.cut) == (0, "stopped")
    found = simple_paths(graph, graph.node("S"), graph.node("T"), limits=Limits(partial=0))
    assert found.cut == "partial"


def table(folder: Path, *lines: str, header: str = "subject\tsign\tobject\treference\tcertainty") -> Path:
    path = folder / "edges.tsv"
    path.write_bytes("\n".join((header, *lines, "")).encode())
    return path


def test_a_table_is_read_with_signs_certainties_and_references(tmp_path: Path) -> None:
    lines = ["b\t+\tc\tpmid:1\tPossible", "b\t1\tc\tpmid:2\tBelieved", "a\t-\tb\tpmid:3\t", "a\t?\tc\t\t"]
    path = table(tmp_path, *lines)
    graph = read(path)
    assert graph.names == ["a", "b", "c"]
    assert [
        (graph.names[s], sign, graph.names[o], CERTAINTIES[sure])
        for s, sign, o, sure in zip(
            graph.subject, graph.sign.tolist(), graph.object, graph.certainty, strict=True
        )
    ] == [("a", -1, "b", "Established"), ("a", 2, "c", "Established"), ("b", 1, "c", "Believed")]
    assert [rows.tolist() for rows in graph.rows(range(graph.edges))] == [[2], [3], [0, 1]]
    assert references(path, graph.row.tolist()) == {0: "pmid:1", 1: "pmid:2", 2: "pmid:3", 3: ""}


def test_windows_line_ends_and_a_missing_last_one_are_read(tmp_path: Path) -> None:
    path = tmp_path / "edges.tsv"
    path.write_bytes(b"object\tsubject\tsign\r\nb\ta\t-1\r\nc\tb\t+")
    graph = read(path)
    assert (graph.edges, graph.sign.tolist()) == (2, [-1, 1])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a\t+", "2 cell(s), expected 5"),
        ("a\t+\tb\tx\ty\tz", "6 cell(s), expected 5"),
        ("a\tup\tb\tx\t", "sign 'up' is not one of +, 1"),
        ("a\t+\tb\tx\tSure", "certainty 'Sure' is not one of Unknown"),
        ("\t+\tb\tx\t", "subject is empty"),
        ("a\t+\t\tx\t", "object is empty"),
        ("", "1 cell(s), expected 5"),
    ],
)
def test_a_broken_line_is_named_by_its_number(tmp_path: Path, line: str, told: str) -> None:
    good = ["a\t+\tb\tx\t"] * 3
    path = table(tmp_path, *good, line, *good)
    with pytest.raises(SourceError) as caught:
        read(path)
    (fault,) = caught.value.faults
    assert (fault.path, fault.line) == (str(path), 5)
    assert told in fault.message


def test_a_name_that_is_not_text_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "edges.tsv"
    path.write_bytes(b"subject\tsign\tobject\na\t+\tb\na\t+\t\xff\n")
    with pytest.raises(SourceError, match=r"edges\.tsv:3: not UTF-8 text"):
        read(path)


@pytest.mark.parametrize("header", ["subject\tsign", "subject\tsign\tobject\tcolour", "a\tb\tc", ""])
def test_a_table_without_its_columns_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(SourceError, match="expected subject, sign, object"):
        read(table(tmp_path, "a\t+\tb", header=header))


def test_a_table_without_edges_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the table has no edge"):
        read(table(tmp_path))


def test_a_broken_line_deep_in_a_large_table_is_found(tmp_path: Path) -> None:
    lines = [
        f"node-{number % 977}\t+\tnode-{number % 1009}\tref-{number}\tBelieved" for number in range(400_000)
    ]
    lines[399_000] = "node-1\t+\tnode-2"
    with pytest.raises(SourceError) as caught:
        read(table(tmp_path, *lines))
    assert [fault.line for fault in caught.value.faults] == [399_002]


def test_an_unknown_node_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no edge of the graph has a node called 'z'"):
        read(table(tmp_path, "a\t+\tb\t\t")).node("z")
