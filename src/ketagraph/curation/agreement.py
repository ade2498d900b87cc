"""Annotations and curated rows in; out what of the rows was found, what no row has, and what none uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import nan

from ketagraph.curation.annotation import Annotation
from ketagraph.curation.quantities import Quantity
from ketagraph.curation.terms import TARGETS
from ketagraph.tables import Row
from ketagraph.vocabulary import Vocabulary

__all__ = ["Agreement", "agreement", "uncovered"]

# Column of a number → column of its unit, or the unit that the column itself implies.
_NUMBERS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("interventions", "dose_value"): ("dose_unit", ""),
    ("interventions", "duration_hours"): ("", "h"),
    ("findings", "value"): ("value_unit", ""),
    ("findings", "timepoint_weeks"): ("", "wk"),
    ("claims", "low"): ("unit", ""),
    ("claims", "high"): ("unit", ""),
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """One kind of thing that curators wrote down: how often, how often it was found, what was missed.

    ``missed`` are (sentence, what), sorted; ``flagged`` counts the sentences in which any was found.
    ``finds`` counts each find in each sentence once, and ``unused`` are those that no row of their sentence
    has: wrong, or right and not written down there.
    """

    what: str
    curated: int
    found: int
    flagged: int
    missed: tuple[tuple[str, str], ...]
    finds: int
    unused: tuple[tuple[str, str], ...]

    @property
    def recall(self) -> float:
        """Share of what was curated that was found; not a number where nothing was curated."""
        return self.found / self.curated if self.curated else nan


_Item = tuple[tuple[str, ...], str]
"""The sentences that a row stands in, and what one of them should show."""


def agreement(
    annotations: Iterable[Annotation], rows: Iterable[Row], words: Vocabulary
) -> tuple[Agreement, ...]:
    """Compare with the rows of one source: concepts, quantities with unit, denied and hedged claims.

    A row that stands in several sentences counts once, and is found where one of them shows it.
    """
    known = {each.sentence.address: each for each in annotations}
    rows = list(rows)
    places = _places(rows)
    claims = [(places[row.key], row) for row in rows if row.table.name == "claims" and row.key in places]
    denied = [(told_in, row.key) for told_in, row in claims if row.one("polarity") == "Denied"]
    hedged = [(told_in, row.key) for told_in, row in claims if row.one("certainty") != "Established"]
    return (
        _counted("concepts", _concepts(rows, places, words), lambda each, term: term in each.named, known),
        _counted("quantities", _numbers(rows, places), lambda each, told: told in _measured(each), known),
        _counted("denials", denied, lambda each, _: bool(each.negation), known),
        _counted("hedges", hedged, lambda each, _: bool(each.hedges), known),
    )


def _found(each: Annotation, what: str) -> dict[str, frozenset[str]]:
    """Each find in a sentence → what rows would call it; empty where any row of the kind has it."""
    match what:
        case "concepts":
            return {term.text: frozenset(term.terms) for term in each.terms}
        case "quantities":
            return {found.text: _measures(found) for found in each.quantities}
        case _:
            cues = each.negation if what == "denials" else each.hedges
            return {cue: frozenset() for cue in cues}


def _counted(
    what: str,
    items: Iterable[_Item],
    shows: Callable[[Annotation, str], bool],
    known: Mapping[str, Annotation],
) -> Agreement:
    wanted = sorted(set(items))
    missed = tuple(
        (" ".join(told_in), item)
        for told_in, item in wanted
        if not any(shows(known[address], item) for address in told_in if address in known)
    )
    written: dict[str, set[str]] = {}
    for told_in, item in wanted:
        for address in told_in:
            written.setdefault(address, set()).add(item)
    finds = {
        (address, text): names
        for address, each in known.items()
        for text, names in _found(each, what).items()
    }
    unused = sorted(
        (address, text)
        for (address, text), names in finds.items()
        if not (names & written.get(address, set()) if names else address in written)
    )
    flagged = len({address for address, _ in finds})
    return Agreement(what, len(wanted), len(wanted) - len(missed), flagged, missed, len(finds), tuple(unused))


def _places(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Key of each claim → the sentences of its evidence."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.table.name == "evidence":
            found.setdefault(row.one("claim"), []).append(row.one("sentence"))
    return {claim: tuple(told_in) for claim, told_in in found.items()}


def _told_in(row: Row, places: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return places.get(row.key, ()) if row.table.name == "claims" else row.cells.get("sentences", ())


def _concepts(
    rows: Iterable[Row], places: Mapping[str, tuple[str, ...]], words: Vocabulary
) -> Iterator[_Item]:
    """Yield every term that a cell names and a finder could look for."""
    known = {name for target in TARGETS for name in words.members(target)}
    for row in rows:
        if told_in := _told_in(row, places):
            for column in row.table.columns:
                if column.kind in {"term", "node"}:
                    yield from ((told_in, value) for value in row.cells[column.name] if value in known)


def _numbers(rows: Iterable[Row], places: Mapping[str, tuple[str, ...]]) -> Iterator[_Item]:
    for row in rows:
        for (table, column), (unit_column, unit) in _NUMBERS.items():
            if row.table.name == table and (number := row.one(column)) and (told_in := _told_in(row, places)):
                code = row.one(unit_column) if unit_column else unit
                if code not in {"", "1"}:
                    yield told_in, f"{number} {code}"


# Tables count durations in hours and times in weeks, whatever the source counts in.
_IN_HOURS = {"min": 1 / 60, "h": 1, "d": 24, "wk": 168}
_IN_WEEKS = {"d": 1 / 7, "wk": 1, "mo": 52 / 12, "a": 52}


def _measured(annotation: Annotation) -> frozenset[str]:
    return frozenset().union(*map(_measures, annotation.quantities))


def _measures(quantity: Quantity) -> frozenset[str]:
    """Return both numbers with their unit, and the same in hours and weeks as tables have it."""
    found: set[str] = set()
    for number in {quantity.low, quantity.high}:
        found.add(f"{number} {quantity.unit}")
        for unit, sizes in (("h", _IN_HOURS), ("wk", _IN_WEEKS)):
            if quantity.unit in sizes:
                for digits in (1, 4):
                    found.add(f"{round(float(number) * sizes[quantity.unit], digits):g} {unit}")
    return frozenset(found)


def uncovered(annotations: Iterable[Annotation], rows: Iterable[Row]) -> Iterator[Annotation]:
    """Yield the annotations of sentences that no row uses and no excuse leaves out."""
    used: set[str] = set()
    for row in rows:
        if row.table.name == "sentences":
            used |= {row.one("sentence")} if row.one("excuse") else set()
        else:
            used |= {*row.cells.get("sentences", ()), *row.cells.get("sentence", ())}
    yield from (each for each in annotations if each.sentence.address not in used)
