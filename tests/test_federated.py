"""The federated examples pass the guard where their endpoint is allowed, and only there; none is asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ketagraph import guard
from ketagraph.errors import QueryRefused

FOLDER = Path(__file__).parent.parent / "queries" / "federated"
EXAMPLES = sorted(FOLDER.glob("*.rq"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_names_the_origin_that_it_needs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    needed = re.search(r"--allow-service (\S+)", text.splitlines()[0])
    assert needed is not None
    assert guard.check(text, services=frozenset({needed[1]})).form == "SELECT"
    with pytest.raises(QueryRefused, match="SERVICE"):
        guard.check(text)
