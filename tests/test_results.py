"""Rows as Python values and as frames: no type is lost on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ketagraph.errors import EnvironmentFault
from ketagraph.results import Rows, Value, library, python_value
from ketagraph.store.engine import Term

XSD = "http://www.w3.org/2001/XMLSchema#"


def literal(text: str, kind: str) -> Term:
    return Term("literal", text, XSD + kind)


@pytest.mark.parametrize(
    ("term", "value"),
    [
        (literal("7", "integer"), 7),
        (literal("4.30", "decimal"), Decimal("4.30")),
        (literal("1e3", "double"), 1000.0),
        (literal("true", "boolean"), True),
        (literal("2021-03-01", "date"), date(2021, 3, 1)),
        (literal("2021-03-01T10:00:00Z", "dateTime"), datetime(2021, 3, 1, 10, tzinfo=UTC)),
        (literal("seven", "integer"), "seven"),
        (literal("x", "decimal"), "x"),
        (literal("maybe", "boolean"), "maybe"),
        (Term("iri", "https://example.org/a"), "https://example.org/a"),
        (Term("literal", "pain", "", "en"), "pain"),
        (None, None),
    ],
)
def test_a_term_becomes_the_value_that_it_stands_for(term: Term | None, value: Value) -> None:
    assert python_value(term) == value
    assert type(python_value(term)) is type(value)


ROWS = Rows(
    ("name", "weeks", "arms", "null"),
    (
        (
            Term("iri", "https://w3id.org/ketagraph/Ketamine"),
            literal("4.3", "decimal"),
            literal("2", "integer"),
            None,
        ),
        (Term("literal", "<script>"), literal("12", "decimal"), None, None),
    ),
)


def test_rows_are_mappings_in_the_order_of_the_query() -> None:
    assert next(iter(ROWS)) == {
        "name": "https://w3id.org/ketagraph/Ketamine",
        "weeks": Decimal("4.3"),
        "arms": 2,
        "null": None,
    }
    assert ROWS[-1]["weeks"] == 12
    assert len(ROWS[:1]) == 1
    assert ROWS.column("arms") == [2, None]
    with pytest.raises(KeyError):
        ROWS.column("other")


def test_the_table_of_a_notebook_escapes_and_links() -> None:
    shown = ROWS._repr_html_()
    assert "&lt;script&gt;" in shown
    assert '<a href="https://w3id.org/ketagraph/Ketamine">keta:Ketamine</a>' in shown


def test_a_long_answer_is_shown_in_part_and_says_so() -> None:
    long = Rows(("n",), tuple((literal(str(n), "integer"),) for n in range(60)))
    assert "60 rows, 50 shown" in long._repr_html_()


def test_arrow_keeps_types_and_names_the_datatype() -> None:
    arrow = pytest.importorskip("pyarrow")
    schema = ROWS.to_arrow().schema
    assert [schema.field(name).type for name in ("name", "weeks", "arms")] == [
        arrow.string(),
        arrow.decimal128(3, 1),
        arrow.int64(),
    ]
    assert schema.field("arms").metadata == {b"datatype": (XSD + "integer").encode()}
    assert ROWS.to_arrow().to_pylist()[0]["weeks"] == Decimal("4.3")


@pytest.mark.parametrize("terms", [["1", "9" * 30], ["1", "one"]])
def test_what_no_type_holds_exactly_stays_text(terms: list[str]) -> None:
    pytest.importorskip("pyarrow")
    rows = Rows(("n",), tuple((literal(text, "integer"),) for text in terms))
    assert rows.to_arrow().to_pydict() == {"n": terms}


def test_an_answer_without_rows_still_has_its_columns() -> None:
    pytest.importorskip("pyarrow")
    assert Rows(("a", "b"), ()).to_arrow().column_names == ["a", "b"]


def test_pandas_keeps_integers_that_are_missing() -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    assert str(ROWS.to_pandas()["arms"].dtype) == "int64[pyarrow]"


def test_polars_has_the_same_types() -> None:
    pytest.importorskip("pyarrow")
    polars = pytest.importorskip("polars")
    assert ROWS.to_polars().schema["weeks"] == polars.Decimal(3, 1)


def test_a_missing_library_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(EnvironmentFault, match=r"pip install 'ketagraph\[frames\]'"):
        library("no_such_library", "frames")
