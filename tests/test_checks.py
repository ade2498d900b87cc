"""Each check refuses its bad example alone, and says whose fault it is and what."""

from __future__ import annotations

import re

import pytest

from ketagraph import names
from ketagraph.store.engine import Engine
from refusing import CHECKS, found_wrong


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_and_only_it_refuses_its_bad_example_and_says_why(name: str) -> None:
    assert {result.source for result in found_wrong(name)} == {f"checks/{name}"}
    for result in found_wrong(name):
        assert result.focus.startswith(names.BASE)
        assert result.label
        assert re.fullmatch(r"\S.*[^.]", result.message)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_says_what_must_hold_and_answers_in_order(name: str) -> None:
    text = CHECKS[name].read_text(encoding="utf-8")
    comment = " ".join(line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))
    assert re.fullmatch(r"[A-Z].*\.", comment)
    assert re.search(r"^SELECT (DISTINCT )?\?focus \?label \?message$", text, re.MULTILINE)
    assert text.rstrip().splitlines()[-1].startswith("ORDER BY ?focus")


@pytest.mark.parametrize("name", CHECKS)
def test_the_release_has_no_such_fault(name: str, engine: Engine) -> None:
    assert engine.select(CHECKS[name].read_text(encoding="utf-8"))[1] == []
