"""Shapes in, queries to a store, results out: SHACL for graphs that are too large for rdflib.

A valid graph is the common case, so each query looks for offenders first, and one query serves every shape
that demands the same of the same path: the triples of a path are scanned once, whoever looks at them. Only
of offenders is it then asked whose focus nodes they are. The queries read the default graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rdflib import RDF, RDFS, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import names
from ketagraph.validate.conditions import COUNTS, conforms, holds, is_instance
from ketagraph.validate.paths import Path
from ketagraph.validate.report import Result, message, written
from ketagraph.validate.shapes import Shape, Target, Targeted, Test, read_targeted
from ketagraph.validate.sparql import (
    Condition,
    Pattern,
    all_of,
    any_of,
    exists,
    select,
    term,
    then,
    triple,
    unless,
    values,
    variable,
    where,
)

__all__ = ["Cell", "Solve", "run_compiled"]

Cell = tuple[str, str, str, str]
"""A term: its kind (iri, blank, literal), its text, its datatype's IRI, its language."""

Solve = Callable[[str], Iterable[Sequence[Cell | None]]]
"""Runs a SELECT query and yields its rows."""

_MOST_CLASSES = 1000
_LABELS_AT_ONCE = 500
_TYPE = f"<{RDF.type}>"
_HAS_VALUE = "HasValueConstraintComponent"
_NOTHING: Cell = ("", "", "", "")
_FOCUS, _VALUE = variable(0), variable(1)


@dataclass(frozen=True, slots=True)
class _Hit:
    """One offence: the shape whose target the focus is, the shape that says so, the test that fails."""

    owner: Targeted
    shape: Shape
    test: Test
    focus: Cell
    value: Cell


def run_compiled(shapes: Graph, solve: Solve, *, places: Mapping[str, str]) -> list[Result]:
    """Validate the default graph of a store against ``shapes``; the ontology must lie in it.

    Raises:
        SourceError: the shapes use what cannot be compiled, each feature named.
    """
    run = _Run(read_targeted(shapes), solve)
    hits = list(run.hits())
    labels = _labels({cell for hit in hits for cell in (hit.focus, hit.value) if cell[0] == "iri"}, solve)
    return [_result(hit, labels, places) for hit in hits]


class _Run:
    """One validation: what has been looked up of the store is kept while it lasts."""

    def __init__(self, targeted: Sequence[Targeted], solve: Solve) -> None:
        self._targeted, self._solve = targeted, solve
        self._classes: dict[str, tuple[str, ...]] = {}
        self._focuses: dict[Targeted, frozenset[Cell]] = {}

    def hits(self) -> Iterator[_Hit]:
        scans: dict[tuple[Path, Test], list[tuple[Targeted, Shape]]] = defaultdict(list)
        for owner in self._targeted:
            for shape in [owner.shape, *owner.shape.properties]:
                for test in shape.tests:
                    if shape.path and shape.path.predicates and _is_scanned(test):
                        scans[shape.path, test].append((owner, shape))
            yield from self._walked(owner)
        for (path, test), looking in scans.items():
            yield from self._scanned(path, test, looking)

    def _scanned(self, path: Path, test: Test, looking: list[tuple[Targeted, Shape]]) -> Iterator[_Hit]:
        """Find the triples of a path that fail a test, then whose they are."""
        targets = {target for owner, _ in looking for target in owner.targets}
        step = triple(_FOCUS, str(path), _VALUE)
        if test.component in COUNTS:
            step = where(step, triple(_FOCUS, str(path), variable(2)))
            offends, shown = Condition(f"!sameTerm({_VALUE}, {variable(2)})"), _FOCUS
        else:
            offends, shown = unless(holds(test, 1, self.classes)), f"{_FOCUS} {_VALUE}"
        wanted = any_of(self._is_target(target) for target in sorted(targets, key=str))
        rows = self._rows(select(shown, where(step, only=then(offends, wanted))))
        # A shape takes long to hash, so its focus nodes are looked up once, and only where they are needed.
        known = [(owner, shape, self.focuses(owner)) for owner, shape in looking] if rows else []
        for focus, value in rows:
            for owner, shape, focuses in known:
                if focus in focuses:
                    yield _Hit(owner, shape, test, focus, value)

    def _walked(self, owner: Targeted) -> Iterator[_Hit]:
        """Go through the focus nodes of one shape, for what cannot be seen from single triples."""
        expected: list[tuple[Shape, Test, Condition]] = []
        for shape in [owner.shape, *owner.shape.properties]:
            for test in shape.tests:
                if shape.path is None or not (shape.path.predicates and _is_scanned(test)):
                    demand = self._demand(shape, test)
                    if demand is None:
                        yield from self._judged(owner, shape, test)
                    else:
                        expected.append((shape, test, demand))
        # One walk tells whether anything is missing at all; only then is it asked what.
        met = all_of(demand for _, _, demand in expected)
        if expected and self._rows(self._over(owner, unless(met)) + " LIMIT 1"):
            for shape, test, demand in expected:
                value_shown = shape.path is None
                for focus, _ in self._rows(self._over(owner, unless(demand))):
                    yield _Hit(owner, shape, test, focus, focus if value_shown else _NOTHING)

    def _demand(self, shape: Shape, test: Test) -> Condition | None:
        """Say what a focus node must have, where that is no matter of single values of a path."""
        if shape.path is None:
            return holds(test, 0, self.classes)
        alone = Shape(shape.path, (test,), (), shape.severity, shape.message)
        if test.component == _HAS_VALUE or (test.component in COUNTS and _number(test) <= 1):
            return conforms(alone, 0, self.classes)
        return None

    def _judged(self, owner: Targeted, shape: Shape, test: Test) -> Iterator[_Hit]:
        """Judge the values of a path that must be walked from its start, or count them."""
        step = triple(_FOCUS, str(shape.path), _VALUE)
        if test.component in COUNTS:
            sign = "<" if test.component == "MinCountConstraintComponent" else ">"
            query = (
                f"SELECT {_FOCUS} WHERE {{ {self._targets(owner)} OPTIONAL {{ {step} }} }} GROUP BY {_FOCUS} "
                f"HAVING(COUNT(DISTINCT {_VALUE}) {sign} {_number(test)})"
            )
        else:
            offends = unless(holds(test, 1, self.classes))
            query = select(f"{_FOCUS} {_VALUE}", where(self._targets(owner), step, only=offends))
        for focus, value in self._rows(query):
            yield _Hit(owner, shape, test, focus, value)

    def _over(self, owner: Targeted, condition: Condition) -> str:
        return f"SELECT {_FOCUS} WHERE {{ {where(self._targets(owner), only=condition)} }}"

    def focuses(self, owner: Targeted) -> frozenset[Cell]:
        """Look up the focus nodes of a shape."""
        if owner not in self._focuses:
            found = self._rows(select(_FOCUS, self._targets(owner)))
            self._focuses[owner] = frozenset(focus for focus, _ in found)
        return self._focuses[owner]

    def classes(self, iri: str) -> tuple[str, ...]:
        """Look up the classes at or below one, sorted; none where they are more than a query should list."""
        if iri not in self._classes:
            below = triple(_FOCUS, f"<{RDFS.subClassOf}>+", f"<{iri}>")
            found = {focus[1] for focus, _ in self._rows(select(_FOCUS, below)) if focus[0] == "iri"} | {iri}
            self._classes[iri] = tuple(sorted(found)) if len(found) <= _MOST_CLASSES else ()
        return self._classes[iri]

    def _targets(self, owner: Targeted) -> Pattern:
        """Bind the focus to every target, each once."""
        parts = " UNION ".join(f"{{ {self._target(target)} }}" for target in owner.targets)
        return Pattern(f"{{ {select(_FOCUS, Pattern(parts))} }}")

    def _target(self, target: Target) -> Pattern:
        named = term(target.term)
        if target.kind == "targetNode":
            return values(_FOCUS, [named])
        if target.kind == "targetSubjectsOf":
            return triple(_FOCUS, named, "?any")
        if target.kind == "targetObjectsOf":
            return triple("?any", named, _FOCUS)
        listed = self.classes(str(target.term))
        if listed:
            kinds = values("?class", (f"<{each}>" for each in listed))
            return where(kinds, triple(_FOCUS, _TYPE, "?class"))
        return triple(_FOCUS, f"{_TYPE}/<{RDFS.subClassOf}>*", named)

    def _is_target(self, target: Target) -> Condition:
        named = term(target.term)
        if target.kind == "targetNode":
            return Condition(f"sameTerm({_FOCUS}, {named})")
        if target.kind == "targetSubjectsOf":
            return exists(triple(_FOCUS, named, "?any"))
        if target.kind == "targetObjectsOf":
            return exists(triple("?any", named, _FOCUS))
        return is_instance(0, str(target.term), self.classes)

    def _rows(self, query: str) -> list[tuple[Cell, Cell]]:
        return [
            (row[0] or _NOTHING, (row[1] if len(row) > 1 else None) or _NOTHING) for row in self._solve(query)
        ]


def _is_scanned(test: Test) -> bool:
    """Whether a test shows its offenders in single triples, or in two of one subject."""
    if test.component in COUNTS:
        return test.component == "MaxCountConstraintComponent" and _number(test) == 1
    return test.component != _HAS_VALUE


def _number(test: Test) -> int:
    return int(str(test.values[0]))


def _result(hit: _Hit, labels: Mapping[str, str], places: Mapping[str, str]) -> Result:
    focus = _plain(hit.focus)
    return Result(
        focus,
        labels.get(focus, focus.removeprefix(names.BASE)),
        message(hit.shape.message, hit.test.component, _found(hit.value, labels)),
        hit.shape.severity,
        "shapes/" + hit.owner.name,
        places.get(focus, ""),
        hit.shape.path,
        written(_term(hit.value)),
        hit.test.component,
    )


def _found(cell: Cell, labels: Mapping[str, str]) -> str:
    if cell[0] == "iri":
        return labels.get(cell[1], cell[1].removeprefix(names.BASE))
    # By way of rdflib, which writes numbers in its own way, so that both engines show the same.
    return str(_term(cell)) if cell[0] == "literal" else ""


def _plain(cell: Cell) -> str:
    return f"_:{cell[1]}" if cell[0] == "blank" else cell[1]


def _term(cell: Cell) -> Node | None:
    kind, text, datatype, language = cell
    if kind == "literal":
        return Literal(text, lang=language or None, datatype=None if language else URIRef(datatype))
    return {"iri": URIRef, "blank": BNode}[kind](text) if kind else None


def _labels(cells: set[Cell], solve: Solve) -> dict[str, str]:
    """Look up the label of each IRI, the first in the alphabet where it has several."""
    found: dict[str, str] = {}
    wanted = sorted(cell[1] for cell in cells)
    for start in range(0, len(wanted), _LABELS_AT_ONCE):
        terms = values(_FOCUS, (f"<{iri}>" for iri in wanted[start : start + _LABELS_AT_ONCE]))
        for row in solve(
            select(f"{_FOCUS} {_VALUE}", where(terms, triple(_FOCUS, f"<{RDFS.label}>", _VALUE)))
        ):
            if row[0] and row[1]:
                iri, label = row[0][1], str(_term(row[1]))
                found[iri] = min(found.get(iri, label), label)
    return found
