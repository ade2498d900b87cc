"""Old versions are removed from an engine, and nothing that anybody reads or pushes with them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ketagraph.engines.history import POINTER
from ketagraph.engines.pruning import Pruned
from ketagraph.engines.pushing import version_of
from ketagraph.engines.view import View, versioned
from ketagraph.errors import EngineFailed, VersionRemoved
from ketagraph.releases import Release
from ketagraph.remote import Remote
from pushes import Clock, damages, prune, push, small, values
from scripted_engine import Killed, Scripted


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def releases(tmp_path: Path) -> list[Release]:
    return [small(tmp_path, number) for number in range(4)]


@pytest.fixture
def engine(clock: Clock, releases: list[Release]) -> Scripted:
    """An engine with versions 0 and 1, of which 0 was retired two days ago."""
    found = Scripted()
    for each in releases[:2]:
        push(each, found.remote(), clock=clock)
    prune(found.remote(), clock)
    clock.go_on(days=2)
    return found


def names(*releases: Release) -> tuple[str, ...]:
    return tuple(version_of(each) for each in releases)


def of(version: str, engine: Scripted) -> set[str]:
    return {each for each in engine.graphs() if each.startswith(versioned(version))}


def test_a_version_is_retired_first_and_removed_by_a_later_run(clock: Clock, releases: list[Release]) -> None:
    engine, said = Scripted(), []
    for each in releases[:3]:
        push(each, engine.remote(), clock=clock)
    first, second, third = names(*releases[:3])
    assert prune(engine.remote(), clock, keep=2, progress=said.append) == Pruned((first,), ())
    assert prune(engine.remote(), clock, keep=2) == Pruned((), ())
    clock.go_on(hours=23)
    assert prune(engine.remote(), clock, keep=2) == Pruned((), ())
    clock.go_on(hours=1)
    assert prune(engine.remote(), clock, keep=2, progress=said.append) == Pruned((), (first,))
    assert said == [
        f"version {first}: retired; removed by a push after 2026-01-02 00:00 UTC",
        f"version {first}: removed, 4 graphs",
    ]
    assert engine.graphs() == {POINTER} | of(second, engine) | of(third, engine)
    assert (values(engine.remote()), damages(engine.remote())) == ({"2"}, {})


def test_by_updates_the_same_is_removed(engine: Scripted, clock: Clock, releases: list[Release]) -> None:
    first, second = names(*releases[:2])
    assert prune(engine.remote(), clock, by_updates=True).removed == (first,)
    assert engine.graphs() == {POINTER} | of(second, engine)


def test_what_is_switched_to_again_is_retired_no_more(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    again = push(releases[0], engine.remote(), clock=clock)
    assert (again.loaded, again.switched, again.version) == (0, True, version_of(releases[0]))
    assert prune(engine.remote(), clock) == Pruned(names(releases[1]), ())
    clock.go_on(days=2)
    assert prune(engine.remote(), clock) == Pruned((), names(releases[1]))
    assert (values(engine.remote()), damages(engine.remote())) == ({"0"}, {})


def test_a_removed_release_that_is_pushed_again_gets_graphs_of_another_name(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    prune(engine.remote(), clock)
    again = push(releases[0], engine.remote(), clock=clock)
    assert (again.version, again.loaded) == (f"{version_of(releases[0])}.2", 4)
    assert of(version_of(releases[0]), engine) == set()
    assert (values(engine.remote()), damages(engine.remote())) == ({"0"}, {})
    # What served it before may still be told to drop a graph of the old name.
    engine.remote().client.drop(versioned(version_of(releases[0])) + "union")
    assert damages(engine.remote()) == {}
    assert push(releases[0], engine.remote(), clock=clock).switched is False


def test_what_a_killed_push_left_is_removed_after_lease_and_grace(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    with pytest.raises(Killed), engine.interrupted(20, partial(die, engine)):
        push(releases[2], engine.remote(), clock=clock)
    left = of(version_of(releases[2]), engine)
    assert 1 <= len(left) < 4
    clock.go_on(hours=5)
    assert prune(engine.remote(), clock) == Pruned((), names(releases[0]))
    clock.go_on(hours=1)
    assert prune(engine.remote(), clock) == Pruned(names(releases[2]), ())
    clock.go_on(days=1)
    assert prune(engine.remote(), clock) == Pruned((), names(releases[2]))
    assert engine.graphs() == {POINTER} | of(version_of(releases[1]), engine)


def test_a_push_that_lasts_for_days_is_not_taken_for_abandoned(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    pruned = []

    def meanwhile(said: str) -> None:
        clock.go_on(hours=5)
        pruned.append(prune(engine.remote(), clock))

    push(releases[2], engine.remote(), clock=clock, progress=meanwhile)
    assert [each.removed for each in pruned] == [names(releases[0]), (), (), ()]
    assert all(each.retired == () for each in pruned)
    assert (values(engine.remote()), damages(engine.remote())) == ({"2"}, {})


def test_a_push_that_slept_while_its_version_was_removed_says_so(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    def sleep() -> None:
        for _ in range(3):
            clock.go_on(days=2)
            prune(engine.remote(), clock)

    with (
        pytest.raises(EngineFailed, match=r"being removed since .*; push again"),
        engine.interrupted(30, sleep),
    ):
        push(releases[2], engine.remote(), clock=clock)
    assert values(engine.remote()) == {"1"}
    assert push(releases[2], engine.remote(), clock=clock).version == f"{version_of(releases[2])}.2"
    assert (values(engine.remote()), damages(engine.remote())) == ({"2"}, {})


def test_an_engine_that_does_not_remove_is_told_of(engine: Scripted, clock: Clock) -> None:
    remote = engine.remote()
    vars(remote.client)["drop"] = lambda _: None
    with pytest.raises(EngineFailed, match=r"still holds 20 statements of .*evidence after removing it"):
        prune(remote, clock)


@pytest.mark.parametrize("given", [{"keep": 0}, {"grace": timedelta(seconds=59)}])
def test_nothing_is_pruned_by_numbers_that_leave_nothing(
    engine: Scripted, clock: Clock, given: dict[str, Any]
) -> None:
    before = set(engine.store)
    with pytest.raises(ValueError, match="expected at least 1 and"):
        prune(engine.remote(), clock, **given)
    assert set(engine.store) == before


def test_graphs_outside_a_version_are_never_removed_whatever_its_manifest_says(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    first, second = names(*releases[:2])
    void, schema = "http://rdfs.org/ns/void#triples", "https://schema.org/sha256"
    other = versioned(second) + "union"
    planted = (
        f'<{other}> <{void}> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .\n<{other}> <{schema}> "x" .\n'
    )
    engine.remote().client.add(versioned(first) + "manifest", planted.encode())
    assert prune(engine.remote(), clock).removed == (first,)
    assert damages(engine.remote()) == {}


# Every place at which a prune or a push can be killed, or met by another.

Act = Callable[[Scripted], object]


def met(engine: Scripted, act: Act, other: Act, *, step: int = 1) -> Iterator[tuple[Scripted, object]]:
    """Do ``act`` and, before each of its requests in turn, ``other``: the engine then, and what came."""
    number = 1
    while True:
        there = engine.copy()
        with there.interrupted(number, partial(other, there)):
            try:
                came = act(there)
            except (Killed, EngineFailed) as error:
                came = error
            if there.before:
                break
        yield there, came
        number += step
    assert number > 15


def die(_: Scripted) -> None:
    raise Killed


def test_a_prune_killed_at_any_request_leaves_what_is_served_whole_and_goes_on(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    _, second = names(*releases[:2])
    for there, _ in met(engine, lambda there: prune(there.remote(), clock), die):
        assert (values(there.remote()), damages(there.remote())) == ({"1"}, {})
        prune(there.remote(), clock)
        assert there.graphs() == {POINTER} | of(second, there)
        assert there.remote().history().versions == (second,)


@pytest.mark.parametrize("by_updates", [False, True], ids=["graphs", "updates"])
def test_a_push_killed_at_any_request_leaves_what_is_served_whole_and_goes_on(
    engine: Scripted, clock: Clock, releases: list[Release], by_updates: bool
) -> None:
    def pushed(there: Scripted) -> None:
        push(releases[2], there.remote(), clock=clock, by_updates=by_updates)

    for there, _ in met(engine, pushed, die):
        assert (values(there.remote()) in ({"1"}, {"2"}), damages(there.remote())) == (True, {})
        pushed(there)
        assert (values(there.remote()), damages(there.remote())) == ({"2"}, {})


def test_a_reader_of_an_old_version_gets_its_rows_or_an_error_at_any_request_of_a_prune(
    engine: Scripted, clock: Clock
) -> None:
    seen = []

    def read(there: Scripted) -> None:
        seen.append(read_first(first_of(there)))

    for there, _ in met(engine, lambda there: prune(there.remote(), clock), read):
        assert read_first(first_of(there)) == "removed"
    # Rows until the removal is said, and none from then on.
    border = seen.index("removed")
    assert 1 < border < len(seen) - 8
    assert seen == [{"0"}] * border + ["removed"] * (len(seen) - border)


def test_a_prune_that_falls_within_the_reading_of_an_answer_is_seen(engine: Scripted, clock: Clock) -> None:
    reader = first_of(engine)
    # The answer is request 1; what tells whether its version still stands is request 2.
    with engine.interrupted(2, lambda: prune(engine.remote(), clock)), pytest.raises(VersionRemoved):
        values(reader)


def test_a_push_of_what_a_prune_removes_meets_it_anywhere_and_one_gives_way(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    """The prune stands still at each of its requests while the same version is pushed from end to end."""
    found = set()
    for there, _ in met(
        engine,
        lambda there: prune(there.remote(), clock),
        lambda there: push(releases[0], there.remote(), clock=clock),
    ):
        assert (values(there.remote()), damages(there.remote())) == ({"0"}, {})
        found.add(there.remote().history().current.version)
    assert found == {version_of(releases[0]), f"{version_of(releases[0])}.2"}


def test_a_prune_meets_a_push_of_what_it_would_remove_anywhere_and_one_gives_way(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    """The push stands still at each of its requests while a prune runs from end to end."""
    outcomes = []
    for there, came in met(
        engine,
        lambda there: push(releases[0], there.remote(), clock=clock),
        lambda there: prune(there.remote(), clock),
    ):
        outcomes.append(str(came).rpartition("; ")[2] if isinstance(came, EngineFailed) else "pushed")
        if isinstance(came, EngineFailed):
            assert (values(there.remote()), damages(there.remote())) == ({"1"}, {})
            push(releases[0], there.remote(), clock=clock)
        assert (values(there.remote()), damages(there.remote())) == ({"0"}, {})
    # Only between looking for a name and saying that it is taken can the prune come first.
    assert outcomes == ["pushed"] + 4 * ["push again"] + (len(outcomes) - 5) * ["pushed"]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("first", ["push", "prune"])
def test_a_push_and_a_prune_that_overlap_leave_what_is_served_whole(
    engine: Scripted, clock: Clock, releases: list[Release], first: str, seed: int
) -> None:
    """One stands still somewhere, the other goes on from its beginning to somewhere, then each to its end."""
    acts: dict[str, Callable[[Remote], object]] = {
        "push": lambda remote: push(releases[0], remote, clock=clock).version,
        "prune": lambda remote: prune(remote, clock).removed,
    }
    second = "prune" if first == "push" else "push"
    numbers = Random(f"{first} {seed}")
    for _ in range(20):
        there = engine.copy()
        came = overlapping(there, acts[first], acts[second], numbers.randint(1, 45), numbers.randint(1, 45))
        pushed = came[first == "prune"]
        expected = {"1"} if isinstance(pushed, EngineFailed) else {"0"}
        assert (values(there.remote()), damages(there.remote())) == (expected, {})
        push(releases[0], there.remote(), clock=clock)
        assert (values(there.remote()), damages(there.remote())) == ({"0"}, {})


def overlapping(
    there: Scripted,
    first: Callable[[Remote], object],
    second: Callable[[Remote], object],
    here: int,
    further: int,
) -> tuple[object, object]:
    """Do ``first`` to its request ``here``, ``second`` to its request ``further``, then the rest of each."""
    came: list[object] = []
    stands, goes_on = threading.Event(), threading.Event()

    def stand() -> None:
        stands.set()
        assert goes_on.wait(60)

    def other() -> None:
        try:
            came.append(outcome(second, there.remote(further, stand)))
        finally:
            stands.set()

    thread = threading.Thread(target=other)

    def begin() -> None:
        thread.start()
        assert stands.wait(60)

    ended = outcome(first, there.remote(here, begin))
    if thread.ident is None:
        # It had fewer requests.
        thread.start()
    goes_on.set()
    thread.join()
    return ended, came[0]


def outcome(act: Callable[[Remote], object], remote: Remote) -> object:
    try:
        return act(remote)
    except EngineFailed as error:
        return error


def test_two_pushes_that_prune_never_remove_each_others_version(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    def both(release: Release, there: Scripted) -> None:
        push(release, there.remote(), clock=clock)
        prune(there.remote(), clock)

    for there, _ in met(engine, partial(both, releases[2]), partial(both, releases[3]), step=2):
        assert (values(there.remote()) in ({"2"}, {"3"}), damages(there.remote())) == (True, {})
        assert set(there.remote().history().versions) >= set(names(*releases[2:]))


def test_two_prunes_at_once_remove_the_same_and_nothing_else(
    engine: Scripted, clock: Clock, releases: list[Release]
) -> None:
    _, second = names(*releases[:2])

    def act(there: Scripted) -> Pruned:
        return prune(there.remote(), clock)

    for there, came in met(engine, act, act):
        assert isinstance(came, Pruned)
        assert (there.graphs(), damages(there.remote())) == ({POINTER} | of(second, there), {})


def first_of(engine: Scripted) -> Remote:
    """A session that was opened when version 0 was served, and has looked at it."""
    reader = engine.remote()
    vars(reader)["view"] = View(reader.dialect, reader.history().switches[0].version)
    return reader


def read_first(reader: Remote) -> set[str] | str:
    try:
        return values(reader)
    except VersionRemoved:
        return "removed"
