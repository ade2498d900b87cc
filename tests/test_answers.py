"""Every question gives, in the embedded store, exactly the answer that lies beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ketagraph import guard, questions, sources
from ketagraph.dossier import Dossier
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine

QUERIES = sorted(sources.layout(Path(__file__).parent.parent).queries.glob("*.rq"))
TSV = "text/tab-separated-values"


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_question_has_its_expected_answer(path: Path, engine: Engine, dossier: Dossier) -> None:
    question = questions.read(path)
    text = questions.bind(question, {}, dossier.lexicon.resolve)
    assert engine.select_bytes(text, TSV).decode() == path.with_suffix(".tsv").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_an_expected_answer_is_not_empty(path: Path) -> None:
    assert len(path.with_suffix(".tsv").read_text(encoding="utf-8").splitlines()) > 1


def test_the_guard_lets_our_own_stored_queries_pass(where: Layout) -> None:
    for path in [*where.ontology.glob("checks/*.rq"), *where.ontology.glob("rules/*/*.rq")]:
        assert guard.check(path.read_text(encoding="utf-8")).form in {"SELECT", "CONSTRUCT"}
