"""The federated examples pass the guard where their endpoint is allowed; asking needs KETAGRAPH_NETWORK."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from ketagraph import guard
from ketagraph.errors import QueryRefused
from ketagraph.federation import plan
from ketagraph.federation.federated import bindings
from ketagraph.federation.inprocess import resolved
from ketagraph.store.engine import Engine

FOLDER = Path(__file__).parent.parent / "queries" / "federated"
JSON = "application/sparql-results+json"
EXAMPLES = sorted(FOLDER.glob("*.rq"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_names_the_origin_that_it_needs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    needed = re.search(r"--allow-service (\S+)", text.splitlines()[0])
    assert needed is not None
    assert guard.check(text, services=frozenset({needed[1]})).form == "SELECT"
    with pytest.raises(QueryRefused, match="SERVICE"):
        guard.check(text)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_identifiers_of_the_graph_go_along(path: Path, engine: Engine) -> None:
    steps = plan.federate(path.read_text(encoding="utf-8"))
    next(steps)
    local = steps.send(None)
    assert isinstance(local, plan.Bindings)
    remote = steps.send(bindings(json.loads(engine.select_bytes(local.text, JSON))))
    assert isinstance(remote, plan.Ask)
    values = remote.text.split("VALUES")[1].split("}")[0]
    assert 0 < values.count("(<") < plan.MOST_BINDINGS
    assert guard.check(remote.text).form == "SELECT"


@pytest.mark.skipif("KETAGRAPH_NETWORK" not in os.environ, reason="asks other hosts")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_endpoint_answers(path: Path, engine: Engine) -> None:
    text = resolved(path.read_text(encoding="utf-8"), engine, seconds=60)
    assert len(engine.select(text)[1]) > 0
