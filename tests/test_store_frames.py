from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ketagraph.errors import QueryOutOfMemory, QueryRefused, QuerySyntaxError
from ketagraph.store import Outcome, Query, frames


def payload(frame: bytes) -> bytes:
    ((_, found),) = frames.Decoder().feed(frame)
    return found


@given(st.lists(st.tuples(st.integers(0, 4), st.binary(max_size=40))), st.integers(1, 50))
def test_frames_arrive_whole_however_they_are_cut(sent, step):
    stream = b"".join(frames.frame(kind, data) for kind, data in sent)
    decoder = frames.Decoder()
    arrived = [
        found for start in range(0, len(stream), step) for found in decoder.feed(stream[start : start + step])
    ]
    assert arrived == sent


@given(st.text(), st.none() | st.lists(st.text()).map(tuple), st.none() | st.text())
def test_a_query_survives_the_way(text, graphs, base):
    query = Query(text, None, "text/turtle", 1.5, 7, graphs, graphs, base)
    assert frames.read_query(payload(frames.query(query))) == query


def test_an_end_survives_the_way():
    outcome = Outcome(3, truncated=True, announced=True)
    assert frames.read_end(payload(frames.end(outcome, spent=True))) == (outcome, True)


def test_errors_survive_the_way():
    for error in (
        QuerySyntaxError("x", line=2, column=3),
        QueryRefused("y", status=406),
        QueryOutOfMemory("z"),
    ):
        arrived = frames.read_fault(payload(frames.fault(error)))
        assert (type(arrived), str(arrived), vars(arrived)) == (type(error), str(error), vars(error))
