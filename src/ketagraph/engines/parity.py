"""An engine beside the embedded store: every question asked of both, and every feature of SPARQL tried.

Rows are compared as values, and as many times as they occur; that a different order is told, for ORDER BY
leaves engines some freedom (strings with and without language, IRIs beside literals).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, Protocol

from ketagraph.dossier import Selects
from ketagraph.errors import KetaGraphError
from ketagraph.questions import Question, bind
from ketagraph.store.engine import Term
from ketagraph.store.fingerprint import plain_value

__all__ = ["Feature", "Parity", "Tells", "as_values", "compared", "features"]

Row = tuple[Term | None, ...]


class Tells(Protocol):
    """What answers an ASK."""

    def ask(self, query: str) -> bool:
        """Return whether the pattern matches."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How one question fares: ``rows`` of the embedded store, ``found`` of the engine, ``seconds`` of both.

    ``state`` is same, order (the same rows in another order), differs, or refused (``says`` tells how).
    """

    question: str
    state: Literal["same", "order", "differs", "refused"]
    rows: int
    found: int
    seconds_here: float
    seconds_there: float
    says: str = ""


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of SPARQL 1.1 and whether the engine has it; ``says`` tells what it does instead."""

    name: str
    present: bool
    says: str = ""


def compared(
    asked: Iterable[Question], here: Selects, there: Selects, resolve: Callable[[str], str]
) -> Iterator[Parity]:
    """Put each question with its defaults to both; only SELECT questions compare."""
    for question in asked:
        text = bind(question, {}, resolve)
        started = time.perf_counter()
        _, rows = here.select(text)
        between = time.perf_counter()
        try:
            _, found = there.select(text)
        except KetaGraphError as error:
            seconds = between - started, time.perf_counter() - between
            yield Parity(question.slug, "refused", len(rows), 0, *seconds, str(error))
            continue
        seconds = between - started, time.perf_counter() - between
        state = _state(as_values(rows), as_values(found))
        yield Parity(question.slug, state, len(rows), len(found), *seconds)


def as_values(rows: Iterable[Row]) -> list[Row]:
    """Write each number and boolean the one way: engines spell what they have worked out as they like."""
    return [tuple(term and _as_value(term) for term in row) for row in rows]


def _as_value(term: Term) -> Term:
    return term._replace(value=plain_value(term.value, term.datatype))


def features(engine: Tells) -> Iterator[Feature]:
    """Try every probe: an ASK that is true where the feature works."""
    for probe in sorted((files("ketagraph") / "engines" / "probes").iterdir(), key=lambda each: each.name):
        name = probe.name.removesuffix(".rq").replace("-", " ")
        try:
            present = engine.ask(probe.read_text(encoding="utf-8"))
        except KetaGraphError as error:
            yield Feature(name, present=False, says=str(error))
            continue
        yield Feature(name, present, "" if present else "gives a wrong answer")


def _state(rows: list[Row], found: list[Row]) -> Literal["same", "order", "differs"]:
    if rows == found:
        return "same"
    return "order" if Counter(rows) == Counter(found) else "differs"
