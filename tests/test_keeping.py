"""What is kept comes back as it was, under its own key, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ketagraph.errors import EnvironmentFault
from ketagraph.keeping import Kept, key_of


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "kept")


def test_what_was_kept_is_found_under_its_key_and_kind_alone(kept: Kept) -> None:
    kept.keep("drawn", "a", b"one\ntwo\n")
    assert kept.find("drawn", "a") == b"one\ntwo\n"
    assert kept.find("drawn", "b") is None
    assert kept.find("reasoned", "a") is None


def test_an_empty_result_is_a_result(kept: Kept) -> None:
    kept.keep("drawn", "a", b"")
    assert kept.find("drawn", "a") == b""


@pytest.mark.parametrize("size", [0, 10, 64, 65, 68])
def test_what_was_cut_is_not_used(kept: Kept, size: int) -> None:
    kept.keep("drawn", "a", b"body")
    path = kept.folder / "drawn" / "a"
    path.write_bytes(path.read_bytes()[:size])
    assert kept.find("drawn", "a") is None


def test_what_was_changed_is_not_used(kept: Kept) -> None:
    kept.keep("drawn", "a", b"body")
    path = kept.folder / "drawn" / "a"
    path.write_bytes(path.read_bytes().replace(b"body", b"boda"))
    assert kept.find("drawn", "a") is None


def test_only_the_newest_of_a_kind_stay_and_drafts_of_killed_builds_go(kept: Kept) -> None:
    kept.keep("reasoned", "other", b"")
    (kept.folder / "drawn").mkdir()
    (kept.folder / "drawn" / ".x-1").write_bytes(b"half")
    os.utime(kept.folder / "drawn" / ".x-1", (1, 1))
    for number, name in enumerate("abcdef", start=2):
        kept.keep("drawn", name, b"")
        os.utime(kept.folder / "drawn" / name, (number, number))
    assert sorted(path.name for path in (kept.folder / "drawn").iterdir()) == ["c", "d", "e", "f"]
    assert kept.find("reasoned", "other") == b""


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"")
    with pytest.raises(EnvironmentFault, match="cannot write below"):
        Kept(tmp_path / "kept").keep("drawn", "a", b"")


def test_a_key_says_where_each_part_ends() -> None:
    keys = {key_of(parts) for parts in ([b"ab", b"c"], [b"a", b"bc"], [b"abc"], [b"abc", b""], [])}
    assert len(keys) == 5
