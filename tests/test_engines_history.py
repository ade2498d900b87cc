"""What an engine's history says, whatever order its statements come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from ketagraph.engines.history import LEASE, Event, History, Kind, Pointer, Standing
from ketagraph.errors import EngineFailed, VersionRemoved

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
GRAPH = "https://w3id.org/ketagraph/graph/v."
ENGINE = "https://w3id.org/ketagraph/engine/"


def history(*told: Event | Pointer) -> History:
    switches = [each for each in told if isinstance(each, Pointer)]
    return History(tuple(switches), tuple(each for each in told if isinstance(each, Event)))


def test_rows_become_switches_and_events() -> None:
    rows = [
        {"version": f"{GRAPH}b/", "position": "2"},
        {"version": f"{GRAPH}a/", "position": "1"},
        {
            "version": f"{GRAPH}a/",
            "position": "2",
            "kind": f"{ENGINE}retired",
            "since": "2026-01-01T13:00:00+01:00",
        },
    ]
    event = Event(Kind.RETIRED, "a", 2, NOON)
    expected = History((Pointer(1, "a"), Pointer(2, "b")), (event,))
    assert [History.of(list(each)) for each in permutations(rows)] == [expected] * 6


@pytest.mark.parametrize(
    "row",
    [
        {"version": "urn:a", "position": "1"},
        {"version": f"{GRAPH}a/", "position": "first"},
        {"version": f"{GRAPH}a/", "position": "1", "kind": f"{ENGINE}burnt", "since": "2026-01-01T12:00:00Z"},
        {"version": f"{GRAPH}a/", "position": "1", "kind": f"{ENGINE}retired", "since": "yesterday"},
        {"version": f"{GRAPH}a/", "position": "1", "kind": f"{ENGINE}retired"},
    ],
)
def test_what_no_push_wrote_is_refused(row: dict[str, str]) -> None:
    with pytest.raises(EngineFailed, match="holds what no push wrote"):
        History.of([row])


def test_nothing_pushed_is_nothing_served() -> None:
    assert (History().current, History().versions) == (Pointer(), ())


def test_the_highest_switch_is_served_and_of_two_equal_ones_the_later_name() -> None:
    assert history(Pointer(1, "c"), Pointer(2, "a"), Pointer(2, "b")).current.version == "b"


def test_a_switch_undoes_what_was_said_before_it_and_not_what_was_said_after() -> None:
    retired = Event(Kind.RETIRED, "a", 2, NOON)
    superseded = (Pointer(1, "a"), Pointer(2, "b"), retired)
    assert history(*superseded).since(Kind.RETIRED, "a") == NOON
    assert history(*superseded, Pointer(3, "a")).since(Kind.RETIRED, "a") is None
    again = Event(Kind.RETIRED, "a", 4, NOON + timedelta(1))
    later = history(*superseded, Pointer(3, "a"), Pointer(4, "b"), again)
    assert later.since(Kind.RETIRED, "a") == NOON + timedelta(1)


def test_a_name_that_is_being_removed_is_free_no_more() -> None:
    removing = Event(Kind.REMOVING, "a", 2, NOON)
    assert history(Pointer(1, "a")).free("a") == "a"
    assert history(Pointer(1, "a"), removing).free("a") == "a.2"
    assert history(Pointer(1, "a"), removing, Event(Kind.REMOVING, "a.2", 3, NOON)).free("a") == "a.3"


def test_what_is_being_removed_cannot_be_read() -> None:
    found = history(Pointer(1, "a"), Pointer(2, "b"), Event(Kind.REMOVING, "a", 2, NOON))
    found.check("b", "http://engine")
    with pytest.raises(VersionRemoved, match=r"version a, .* since 2026-01-01 12:00:00 UTC; .* version b"):
        found.check("a", "http://engine")


def test_as_many_versions_are_kept_as_were_asked_for_and_what_is_served_is_one() -> None:
    told = [Pointer(number, name) for number, name in enumerate("abcda", start=1)]
    assert [history(*told).surplus(keep, NOON) for keep in (1, 2, 4)] == [("d", "c", "b"), ("c", "b"), ()]


def test_what_is_being_removed_is_not_counted_among_what_is_kept() -> None:
    told = [Pointer(1, "a"), Pointer(2, "b"), Pointer(3, "c"), Event(Kind.REMOVING, "b", 3, NOON)]
    assert history(*told).surplus(2, NOON) == ("b",)


def test_what_is_served_is_never_surplus_whatever_is_said_of_it() -> None:
    removing = Event(Kind.REMOVING, "b", 2, NOON)
    assert history(Pointer(1, "a"), Pointer(2, "b"), removing).surplus(1, NOON) == ()


def test_a_half_loaded_version_is_surplus_once_its_push_has_been_silent_for_long() -> None:
    found = history(Pointer(1, "a"), Event(Kind.PUSHING, "b", 1, NOON))
    assert found.surplus(1, NOON + LEASE - timedelta(seconds=1)) == ()
    assert found.surplus(1, NOON + LEASE) == ("b",)


def test_every_version_stands_somehow() -> None:
    told = [
        *(Pointer(number, name) for number, name in enumerate("abcd", start=1)),
        Event(Kind.REMOVED, "a", 4, NOON),
        Event(Kind.REMOVING, "b", 4, NOON),
        Event(Kind.RETIRED, "c", 4, NOON),
        Event(Kind.PUSHING, "e", 4, NOON),
        Event(Kind.PUSHING, "f", 4, NOON - LEASE),
    ]
    assert history(*told).standings(NOON) == (
        Standing("d", "served"),
        Standing("c", "retired", NOON),
        Standing("b", "being removed", NOON),
        Standing("f", "unfinished", NOON - LEASE),
        Standing("e", "being pushed", NOON),
    )
    assert history(*told[:2]).standings(NOON) == (Standing("b", "served"), Standing("a", "kept"))
