"""The queries that ship inside the package in, their text out: for every record, or for some.

A query is narrowed by ``VALUES`` at its beginning, and asked in several parts where some are many.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType

from ketagraph.sparql_terms import is_reference, reference
from ketagraph.sparql_tokens import tokens

__all__ = ["Row", "Rows", "Stored", "narrowed", "stored_query"]

Row = Mapping[str, str]
Rows = Callable[[str], Iterable[Row]]
"""Runs a SELECT and yields rows as strings; a variable that is not bound is missing."""

_AT_ONCE = 400
"""Records that one query asks for: some 30 kB of text."""


def stored_query(name: str) -> str:
    """Return the text of a query that ships inside the package."""
    return (files("ketagraph") / "sparql" / f"{name}.rq").read_text(encoding="utf-8")


def narrowed(
    text: str, variable: str, terms: Iterable[str], among: Mapping[str, Iterable[str]] = MappingProxyType({})
) -> str:
    """Return a SELECT that answers only where ``variable`` (without ``?``) is one of some written terms.

    ``among`` narrows other variables likewise, by looking at each answer.
    """
    brace = next(token.start for token in tokens(text, comments=False) if token.text == "{")
    looked = "".join(f" FILTER(?{name} IN ({', '.join(few)}))" for name, few in among.items())
    return f"{text[: brace + 1]} VALUES ?{variable} {{ {' '.join(terms)} }}{looked}{text[brace + 1 :]}"


@dataclass(frozen=True, slots=True)
class Stored:
    """Stored queries, by name, over what ``rows`` reaches."""

    rows: Rows
    kept: dict[str, list[Row]] = field(default_factory=dict, repr=False, compare=False)
    """Name of a query → its answer for every record, once it was asked."""

    def all(self, name: str) -> list[Row]:
        """Answer a query for every record; the answer is kept."""
        if name not in self.kept:
            self.kept[name] = list(self.rows(stored_query(name)))
        return self.kept[name]

    def of(self, name: str, variable: str, iris: Iterable[str], **among: Collection[str]) -> list[Row]:
        """Answer a query where ``variable`` is one of ``iris``; what is no IRI, no record has.

        ``among``: IRIs that other variables have to be among; too many to be written are not looked at.
        """
        few = {other: _written(known) for other, known in among.items() if len(known) <= _AT_ONCE}
        return list(self._having(stored_query(name), variable, _written(iris), few))

    def having(self, name: str, variable: str, terms: Iterable[str]) -> list[Row]:
        """Answer a query where ``variable`` is one of some written terms."""
        return list(self._having(stored_query(name), variable, sorted(set(terms)), {}))

    def _having(
        self, text: str, variable: str, terms: list[str], among: Mapping[str, list[str]]
    ) -> Iterator[Row]:
        for start in range(0, len(terms), _AT_ONCE):
            yield from self.rows(narrowed(text, variable, terms[start : start + _AT_ONCE], among))


def _written(iris: Iterable[str]) -> list[str]:
    return sorted({reference(each) for each in iris if is_reference(each)})
