"""Questions that the review determines have the answers, sentences and references that it gives.

competency.tsv holds one expectation a line: a named question, its parameters, columns of its answer joined by
``+`` (their values by `` / ``), and expected values joined by ``|``. Modes: ``equals`` (these and no others),
``contains`` (these at least), ``count`` (so many different ones that are not empty), ``absent`` (none of
these). Ids that begin with Q are given questions, those with M are more of the same kinds.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from ketagraph import questions
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine

TABLE = Path(__file__).with_name("competency.tsv")
GIVEN = 40


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line of the table, as written."""

    id: str
    asks: str
    question: str
    parameters: str
    column: str
    expected: str
    mode: str


def expectations() -> list[Expectation]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [Expectation(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def found_values(expectation: Expectation, engine: Engine, where: Layout) -> set[str]:
    """Ask, and join the values of the named columns of each row."""
    question = questions.read(where.queries / f"{expectation.question}.rq")
    values = dict(pair.split("=", 1) for pair in expectation.parameters.split(";") if pair)
    variables, rows = engine.select(questions.bind(question, values))
    places = [variables.index(name) for name in expectation.column.split("+")]
    return {" / ".join(term.value if (term := row[place]) else "" for place in places) for row in rows}


@pytest.mark.parametrize(
    "expectation", expectations(), ids=lambda each: f"{each.id}-{each.question}-{each.column}-{each.mode}"
)
def test_an_answer_is_the_one_that_the_review_gives(
    expectation: Expectation, engine: Engine, where: Layout
) -> None:
    found = found_values(expectation, engine, where)
    expected = set(expectation.expected.split("|"))
    match expectation.mode:
        case "equals":
            assert found == expected
        case "contains":
            assert expected - found == set()
        case "count":
            assert len(found - {""}) == int(expectation.expected)
        case "absent":
            assert found & expected == set()
        case other:
            pytest.fail(f"unknown mode {other}")


def test_every_given_question_has_an_expectation_that_wrong_data_would_break() -> None:
    firm = {each.id for each in expectations() if each.mode != "absent" and each.id.startswith("Q")}
    assert len(firm) == GIVEN
