"""The queries that ship inside the package in, their text out: for every record, or for some.

A query is narrowed by ``VALUES`` at its beginning, and asked in several parts where some are many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files

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


def narrowed(text: str, variable: str, terms: Iterable[str]) -> str:
    """Return a SELECT that answers only where ``variable`` (without ``?``) is one of some written terms."""
    brace = next(token.start for token in tokens(text, comments=False) if token.text == "{")
    return f"{text[: brace + 1]} VALUES ?{variable} {{ {' '.join(terms)} }}{text[brace + 1 :]}"


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

    def of(self, name: str, variable: str, iris: Iterable[str]) -> list[Row]:
        """Answer a query where ``variable`` is one of ``iris``; what is no IRI, no record has."""
        return self.having(name, variable, map(reference, filter(is_reference, iris)))

    def having(self, name: str, variable: str, terms: Iterable[str]) -> list[Row]:
        """Answer a query where ``variable`` is one of some written terms."""
        return list(self._having(stored_query(name), variable, sorted(set(terms))))

    def _having(self, text: str, variable: str, terms: list[str]) -> Iterator[Row]:
        for start in range(0, len(terms), _AT_ONCE):
            yield from self.rows(narrowed(text, variable, terms[start : start + _AT_ONCE]))
