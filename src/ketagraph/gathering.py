"""Answers of several small queries in, one row per claim and one per finding out, as the judge reads them.

One query that gathered everything would multiply what a claim has several of, and engines plan it badly;
small ones take time in proportion to the records. A row's lists are joined by spaces (IRIs) or ``|`` (texts).
"""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product

from ketagraph import names
from ketagraph.claims import Hierarchy
from ketagraph.relation import Relation
from ketagraph.stored import Row

__all__ = ["Asked", "claims", "findings", "hierarchy"]

Asked = Callable[[str], Iterable[Row]]
"""Answers a stored query by its name: for every record, or for those that are asked for."""

_LINE = {"lines": "line", "roles": "role", "anchors": "anchor", "references": "reference"}
_KINDS = ("pain", "function", "quality-of-life", "mood")
"""What an outcome is about; the first that holds counts."""
_OF_TRIAL = ("conditions", "designs", "references", "reports")
_GIVEN = {"doses": ("dose", " "), "routes": ("route", " ")}
_GIVEN |= {name: (name, "|") for name in ("doseStated", "schedule", "duration")}


def claims(asked: Asked, relations: Mapping[str, Relation]) -> list[Row]:
    """Return every claim of an effect or a therapy with its evidence, sorted.

    ``relations`` (by IRI) says which those are. A claim that no evidence line bears out is left out.
    """
    evidence = _grouped(asked("claim-evidence"), "claim")
    through: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    for row in asked("claims"):
        known = relations.get(row["relation"])
        if known and (known.acts or known.therapeutic) and row["claim"] in evidence:
            told = {name: value for name, value in row.items() if name != "mediator"}
            through[tuple(sorted(told.items()))].append(row.get("mediator", ""))
    found = [
        {
            **(told := dict(items)),
            **_related(relations[told["relation"]]),
            "affirmed": _word(told["polarity"] == names.term("Affirmed")),
            "via": _joined(mediators),
            **{
                name: _joined(row.get(column, "") for row in evidence[told["claim"]])
                for name, column in _LINE.items()
            },
        }
        for items, mediators in through.items()
    ]
    return sorted(found, key=lambda row: (row["claim"], sorted(row.items())))


def _related(relation: Relation) -> Row:
    told = {"acts": _word(relation.acts), "therapeutic": _word(relation.therapeutic)}
    return told if relation.sign is None else {**told, "sign": str(relation.sign)}


def findings(asked: Asked) -> list[Row]:
    """Return every finding with what it tests, its trial, and how its arms were treated, sorted.

    A finding without a sentence, or of a trial without purpose or species, is left out.
    """
    links, given = _listed(asked("finding-links"), "finding"), _grouped(asked("arms-given"), "arm")
    trials, kinds = _listed(asked("trial-facts"), "trial"), _grouped(asked("outcome-kinds"), "outcome")
    found: list[Row] = []
    for row in asked("findings"):
        own, trial = links[row["finding"]], trials[row["trial"]]
        if own["anchors"]:
            about = {"kind": _kind(kinds.get(row["outcome"], ())), "anchors": _joined(own["anchors"])}
            about |= {name: _joined(trial[name]) for name in _OF_TRIAL}
            about["alongside"] = _joined(own["alongside"])
            about |= _treated(row["arm"], own, given)
            found += [{**row, **about, **told} for told in _told_of(trial)]
    return sorted(found, key=lambda row: (row["finding"], sorted(row.items())))


def hierarchy(asked: Asked) -> Hierarchy:
    """Return the classes directly above each class."""
    rows = _grouped(asked("hierarchy"), "child")
    return Hierarchy({child: frozenset(row["parent"] for row in above) for child, above in rows.items()})


def _kind(rows: Iterable[Row]) -> str:
    said = {row["kind"] for row in rows}
    return next((kind for kind in _KINDS if kind in said), "other")


def _told_of(trial: Mapping[str, Sequence[str]]) -> Iterator[Row]:
    """Yield what is said once of a trial; it is to be said once, and if it is not, each way counts."""
    needed = [[{name: value} for value in trial[name]] for name in ("purpose", "species")]
    stated = [[{name: value} for value in trial[name]] or [{}] for name in ("refractory", "population")]
    for parts in product(*needed, *stated):
        yield dict(ChainMap(*parts))


def _treated(arm: str, own: Mapping[str, Sequence[str]], given: Mapping[str, Sequence[Row]]) -> Row:
    """Tell the agents that a finding tests, those of its arm beside them, and how the tested were given."""
    tested = set(own["agents"])
    received = {row["agent"] for row in given.get(arm, ())}
    compared = {row["agent"] for each in own["against"] for row in given.get(each, ())}
    how = [row for row in given.get(arm, ()) if row["agent"] in tested]
    return {
        "agents": _joined(tested),
        "coAgents": _joined(received & compared),
        "backgrounds": _joined(received - tested),
        **{
            name: _joined((row.get(column, "") for row in how), between)
            for name, (column, between) in _GIVEN.items()
        },
    }


def _grouped(rows: Iterable[Row], by: str) -> Mapping[str, Sequence[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[by]].append(row)
    return found


def _listed(rows: Iterable[Row], by: str) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Sort values by record and kind; whatever is not said is an empty list."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row[by]][row["kind"]].append(row["value"])
    return found


def _joined(values: Iterable[str], between: str = " ") -> str:
    return between.join(sorted(set(filter(None, values))))


def _word(holds: object) -> str:
    return "true" if holds else "false"
