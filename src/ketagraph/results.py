"""SPARQL rows in, Python values and data frames out, each keeping the XML Schema type it came with.

An integer stays an integer and a decimal a decimal; a literal whose text does not fit its type stays text.
Frames come from Arrow, so that pandas and Polars agree on every type; the libraries are an extra.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, DecimalException
from importlib import import_module
from typing import TYPE_CHECKING, Any, overload

from ketagraph import names
from ketagraph.errors import EnvironmentFault
from ketagraph.store.engine import Term

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["Rows", "Value", "library", "python_value"]

Value = str | int | float | bool | Decimal | date | datetime | None
"""What a term becomes; None where a variable is not bound."""

_XSD = names.PREFIXES["xsd"]
_SHOWN = 50
_INTEGERS = (
    *("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger"),
    *("nonPositiveInteger", "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort"),
)
_INT64 = range(-(1 << 63), 1 << 63)
_DECIMAL_DIGITS = 38


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text]


_READERS: Mapping[str, Callable[[str], Value]] = {
    **{_XSD + name: int for name in _INTEGERS},
    _XSD + "decimal": Decimal,
    _XSD + "double": float,
    _XSD + "float": float,
    _XSD + "boolean": _boolean,
    _XSD + "date": date.fromisoformat,
    _XSD + "dateTime": datetime.fromisoformat,
}


def python_value(term: Term | None) -> Value:
    """Return what ``term`` stands for in Python: IRIs, text and unknown types are strings."""
    if term is None:
        return None
    reader = _READERS.get(term.datatype)
    if reader is None:
        return term.value
    try:
        return reader(term.value)
    except (ValueError, KeyError, DecimalException):
        return term.value


def library(name: str, extra: str) -> Any:
    """Import a library that is an extra.

    Raises:
        EnvironmentFault: it is not installed; the message says how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        message = f"the {name} library is not installed; run: pip install 'ketagraph[{extra}]'"
        raise EnvironmentFault(message) from error


@dataclass(frozen=True)
class Rows(Sequence[Mapping[str, Value]]):
    """The answer to a SELECT: iterating gives one mapping from variable to Python value per row.

    ``variables`` are in the order of the query; ``terms`` are the exact RDF terms, row by row.
    """

    variables: tuple[str, ...]
    terms: tuple[tuple[Term | None, ...], ...]

    def __len__(self) -> int:
        return len(self.terms)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Value]: ...
    @overload
    def __getitem__(self, index: slice) -> Rows: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Value] | Rows:
        """Return one row, or some rows as another answer."""
        if isinstance(index, slice):
            return Rows(self.variables, self.terms[index])
        return dict(zip(self.variables, map(python_value, self.terms[index]), strict=True))

    def __iter__(self) -> Iterator[Mapping[str, Value]]:
        return (self[index] for index in range(len(self)))

    def column(self, variable: str) -> list[Value]:
        """Return the values of one variable, None where it is not bound.

        Raises:
            KeyError: the query has no such variable.
        """
        if variable not in self.variables:
            raise KeyError(variable)
        place = self.variables.index(variable)
        return [python_value(row[place]) for row in self.terms]

    def to_arrow(self) -> pyarrow.Table:
        """Return an Arrow table; a field's metadata names the datatype of its column under ``datatype``.

        Integers beyond 64 bits, decimals beyond 38 digits and columns of mixed types are text.

        Raises:
            EnvironmentFault: pyarrow is not installed.
        """
        arrow = library("pyarrow", "frames")
        columns = [self._arrow_column(arrow, place) for place in range(len(self.variables))]
        fields = [
            arrow.field(name, array.type, metadata={"datatype": datatype})
            for name, (array, datatype) in zip(self.variables, columns, strict=True)
        ]
        return arrow.Table.from_arrays([array for array, _ in columns], schema=arrow.schema(fields))

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas frame with Arrow-backed columns, so that missing integers stay integers.

        Raises:
            EnvironmentFault: pandas or pyarrow is not installed.
        """
        frames = library("pandas", "frames")
        return self.to_arrow().to_pandas(types_mapper=frames.ArrowDtype)

    def to_polars(self) -> polars.DataFrame:
        """Return a Polars frame.

        Raises:
            EnvironmentFault: polars or pyarrow is not installed.
        """
        frame: polars.DataFrame = library("polars", "frames").from_arrow(self.to_arrow())
        return frame

    def _arrow_column(self, arrow: Any, place: int) -> tuple[Any, str]:
        terms = [row[place] for row in self.terms]
        datatypes = {term.datatype for term in terms if term}
        values = [python_value(term) for term in terms]
        kind = _arrow_type(arrow, [value for value in values if value is not None])
        if kind is None:
            values, kind = [term.value if term else None for term in terms], arrow.string()
        return arrow.array(values, kind), datatypes.pop() if len(datatypes) == 1 else ""

    def _repr_html_(self) -> str:
        """Show the first rows as a table, IRIs as links; every cell is escaped."""
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.variables)
        body = "".join(
            "<tr>" + "".join(f"<td>{_cell(term)}</td>" for term in row) + "</tr>"
            for row in self.terms[:_SHOWN]
        )
        rest = f"<p>{len(self)} rows, {_SHOWN} shown</p>" if len(self) > _SHOWN else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"


def _cell(term: Term | None) -> str:
    if term is None:
        return ""
    if term.kind == "iri" and term.value.startswith(("http://", "https://")):
        return f'<a href="{html.escape(term.value)}">{html.escape(names.compress(term.value))}</a>'
    return html.escape(term.value)


def _arrow_type(arrow: Any, values: Sequence[Value]) -> Any:
    """Return the type that holds every value exactly; None where only text does."""
    kinds = {type(value) for value in values}
    if kinds == {int}:
        return arrow.int64() if all(value in _INT64 for value in values) else None
    if kinds and kinds <= {Decimal, int}:
        return _decimal_type(arrow, values)
    if kinds == {datetime}:
        return _time_type(arrow, values)
    simple = {float: arrow.float64, bool: arrow.bool_, date: arrow.date32}
    return simple[kinds.pop()]() if len(kinds) == 1 and kinds <= simple.keys() else None


def _decimal_type(arrow: Any, values: Sequence[Value]) -> Any:
    parts = [Decimal(str(value)).as_tuple() for value in values]
    exponents = [part.exponent for part in parts if isinstance(part.exponent, int)]
    scale = max(0, -min(exponents))
    whole = max(len(part.digits) + exponent for part, exponent in zip(parts, exponents, strict=True))
    precision = max(1, whole, 0) + scale
    return arrow.decimal128(precision, scale) if precision <= _DECIMAL_DIGITS else None


def _time_type(arrow: Any, values: Sequence[Value]) -> Any:
    zoned = {isinstance(value, datetime) and value.tzinfo is not None for value in values}
    return arrow.timestamp("us", tz="UTC" if True in zoned else None) if len(zoned) == 1 else None
