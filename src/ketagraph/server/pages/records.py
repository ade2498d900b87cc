"""A query and a store in, the rows of its answer out: terms with their kind, language and datatype."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ketagraph.store import Query, Store

__all__ = ["Record", "Table", "Term", "ask", "texts"]

_XSD = "http://www.w3.org/2001/XMLSchema#"
_NUMBERS = frozenset(_XSD + name for name in ("integer", "decimal", "double", "float"))


@dataclass(frozen=True, slots=True)
class Term:
    """One RDF term; ``kind`` is ``uri``, ``literal`` or ``bnode``."""

    kind: str
    value: str
    language: str = ""
    datatype: str = ""

    @property
    def is_iri(self) -> bool:
        """Whether it names something."""
        return self.kind == "uri"

    @property
    def is_number(self) -> bool:
        """Whether it is set flush right."""
        return self.datatype in _NUMBERS

    def __str__(self) -> str:
        return self.value


Record = Mapping[str, Term]
"""Variable → term; a variable that is not bound is missing."""


@dataclass(frozen=True, slots=True)
class Table:
    """An answer: its columns in order, its rows, and whether rows were cut off."""

    columns: tuple[str, ...]
    rows: Sequence[Record]
    truncated: bool


async def ask(store: Store, text: str, *, timeout: float = 10.0, max_rows: int = 10_000) -> Table:
    """Run a SELECT and read its answer.

    Raises:
        QueryRefused: it is not a SELECT, or the engine refuses it.
        QueryStopped: a limit was reached.
    """
    async with store.query(Query(text, graph_type=None, timeout=timeout, max_rows=max_rows)) as answer:
        body = json.loads(b"".join([piece async for piece in answer]))
        outcome = answer.outcome
    rows = [
        {name: _term(value) for name, value in row.items()}
        for row in body.get("results", {}).get("bindings", ())
    ]
    return Table(tuple(body["head"].get("vars", ())), rows, bool(outcome and outcome.truncated))


def texts(rows: Sequence[Record]) -> list[dict[str, str]]:
    """Return rows as plain strings."""
    return [{name: term.value for name, term in row.items()} for row in rows]


def _term(value: Mapping[str, Any]) -> Term:
    return Term(value["type"], value["value"], value.get("xml:lang", ""), value.get("datatype", ""))
