"""Two engines side by side: the same values, in whatever order and spelling they come."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ketagraph.engines.parity import Feature, compared, features
from ketagraph.errors import KetaGraphError, QueryRefused
from ketagraph.questions import parse
from ketagraph.store.engine import Engine, Term

XSD = "http://www.w3.org/2001/XMLSchema#"
QUESTION = parse("#+ summary: Anything\nSELECT ?s { ?s ?p ?o } ORDER BY ?s", "anything", "anything.rq")


def typed(value: str, kind: str) -> Term:
    return Term("literal", value, XSD + kind)


@dataclass
class Says:
    """What answers every SELECT alike."""

    rows: list[tuple[Term | None, ...]]
    error: KetaGraphError | None = None

    def select(self, _: str) -> tuple[list[str], list[tuple[Term | None, ...]]]:
        if self.error:
            raise self.error
        return ["s"], self.rows


ONE, TWO = (typed("1", "integer"),), (typed("2", "integer"),)


@pytest.mark.parametrize(
    ("here", "there", "state"),
    [
        ([ONE, TWO], [ONE, TWO], "same"),
        ([ONE, TWO], [TWO, ONE], "order"),
        ([ONE, ONE], [ONE], "differs"),
        ([ONE, ONE, TWO], [ONE, TWO, TWO], "differs"),
        ([(typed("6", "decimal"),)], [(typed("6.0", "decimal"),)], "same"),
        ([(typed("true", "boolean"),)], [(typed("1", "boolean"),)], "same"),
        ([(typed("6", "decimal"),)], [(typed("6", "integer"),)], "differs"),
        ([(typed("6", "string"),)], [(typed("6.0", "string"),)], "differs"),
        ([(None,)], [(typed("", "string"),)], "differs"),
    ],
)
def test_rows_are_compared_as_values(
    here: list[tuple[Term | None, ...]], there: list[tuple[Term | None, ...]], state: str
) -> None:
    (found,) = compared([QUESTION], Says(here), Says(there), str)
    assert (found.question, found.state, found.rows, found.found) == (
        "anything",
        state,
        len(here),
        len(there),
    )


def test_a_refusal_is_told_as_the_engine_words_it() -> None:
    (found,) = compared([QUESTION], Says([ONE]), Says([], QueryRefused("no paths here")), str)
    assert (found.state, found.rows, found.found, found.says) == ("refused", 1, 0, "no paths here")


def test_features_are_tried_one_by_one() -> None:
    class Tells:
        def ask(self, query: str) -> bool:
            if "MINUS" in query:
                raise QueryRefused("no MINUS")
            return "SHA256" not in query

    found = {each.name: each for each in features(Tells())}
    assert found["minus"] == Feature("minus", present=False, says="no MINUS")
    assert found["hash functions"] == Feature("hash functions", present=False, says="gives a wrong answer")
    assert {name for name, each in found.items() if not each.present} == {"minus", "hash functions"}


def test_the_embedded_engine_has_what_needs_no_data(engine: Engine) -> None:
    assert [each.name for each in features(engine) if not each.present] == []
