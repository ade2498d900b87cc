"""Two results in, what differs between them out; empty where they are the same.

Rows are a multiset up to the names of blank nodes, a sequence where the query orders them; graphs are
compared up to isomorphism.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from rdflib import XSD, Graph
from rdflib.compare import isomorphic
from results import Result, Rows, Term

__all__ = ["difference"]

Row = Mapping[str, Term]

_NUMERIC = {str(XSD[name]) for name in ("integer", "decimal", "double", "float")}
_DATES = {str(XSD[name]) for name in ("date", "dateTime", "time")}


def difference(found: Result, expected: Result, *, ordered: bool, lax: bool, by_value: bool = False) -> str:
    """Tell what differs; ``by_value`` takes literals of one datatype and one value for the same."""
    if type(found) is not type(expected):
        return f"expected {_kind(expected)}, found {_kind(found)}"
    if isinstance(found, Graph) and isinstance(expected, Graph):
        return (
            ""
            if isomorphic(found, expected)
            else f"graphs of {len(found)} and {len(expected)} triples differ"
        )
    if isinstance(found, Rows) and isinstance(expected, Rows):
        return _rows(found, expected, ordered=ordered, lax=lax, by_value=by_value)
    return "" if found == expected else f"expected {str(expected).lower()}"


def _kind(result: Result) -> str:
    return {Rows: "rows", bool: "a boolean", Graph: "a graph"}[type(result)]


def _rows(found: Rows, expected: Rows, *, ordered: bool, lax: bool, by_value: bool) -> str:
    if set(found.variables or ()) != set(expected.variables or ()):
        return f"expected variables {sorted(expected.variables or ())}, found {sorted(found.variables or ())}"
    ours, theirs = (
        [_valued(row) if by_value else row for row in rows] for rows in (found.rows, expected.rows)
    )
    if lax:
        return _lax(ours, theirs)
    if len(ours) != len(theirs):
        return f"expected {len(theirs)} rows, found {len(ours)}"
    if _match(ours, theirs, ordered=ordered):
        return ""
    return "rows in another order" if ordered and _match(ours, theirs, ordered=False) else "rows differ"


def _lax(ours: Sequence[Row], theirs: Sequence[Row]) -> str:
    """REDUCED: each solution at least once and at most as often as without it."""
    found, most = (Counter(_frozen(row) for row in rows) for rows in (ours, theirs))
    if set(found) != set(most):
        return "rows differ"
    return "" if all(found[row] <= most[row] for row in found) else "more duplicates than without REDUCED"


def _match(ours: Sequence[Row], theirs: Sequence[Row], *, ordered: bool) -> bool:
    if not ordered and Counter(map(_shape, ours)) != Counter(map(_shape, theirs)):
        return False
    return _pair(list(ours), list(theirs), {}, {}, ordered=ordered)


def _pair(
    ours: list[Row], theirs: list[Row], forth: dict[str, str], back: dict[str, str], *, ordered: bool
) -> bool:
    """Search for a pairing of rows that renames blank nodes one to one; the rows are few."""
    if not ours:
        return True
    first, rest = ours[0], ours[1:]
    candidates = range(1 if ordered else len(theirs))
    tried: set[tuple[tuple[str, Term], ...]] = set()
    for index in candidates:
        if (frozen := _frozen(theirs[index])) in tried or _shape(first) != _shape(theirs[index]):
            continue
        tried.add(frozen)
        renamed = _rename(first, theirs[index], forth, back)
        if renamed and _pair(rest, theirs[:index] + theirs[index + 1 :], *renamed, ordered=ordered):
            return True
    return False


def _rename(
    ours: Row, theirs: Row, forth: dict[str, str], back: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]] | None:
    forth, back = dict(forth), dict(back)
    for name, term in ours.items():
        if term[0] == "blank":
            other = theirs[name][1]
            if forth.setdefault(term[1], other) != other or back.setdefault(other, term[1]) != term[1]:
                return None
    return forth, back


def _shape(row: Row) -> tuple[tuple[str, Term], ...]:
    """Take a row without the names of its blank nodes."""
    return tuple(sorted((name, term[:1] if term[0] == "blank" else term) for name, term in row.items()))


def _frozen(row: Row) -> tuple[tuple[str, Term], ...]:
    return tuple(sorted(row.items()))


def _valued(row: Row) -> Row:
    return {name: _value(term) for name, term in row.items()}


def _value(term: Term) -> Term:
    """Bring a term to one lexical form for its value; a cell of CSV that reads as a number is one."""
    if term[0] == "text":
        return "text", _number(term[1])
    if term[0] != "literal":
        return term
    _, value, datatype, language = term
    if datatype in _NUMERIC:
        value = _number(value)
    elif datatype == str(XSD.boolean):
        value = {"1": "true", "0": "false"}.get(value, value)
    elif datatype in _DATES:
        value = value.replace("+00:00", "Z").replace("-00:00", "Z")
    return "literal", value, datatype, language


def _number(value: str) -> str:
    try:
        return str(Decimal(value).normalize())
    except InvalidOperation:
        return value
