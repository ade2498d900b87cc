"""A graph in, findings of the shapes and checks out, each with the place where its data was written.

The only door to pyshacl. Shapes are parsed here and handed over as a graph: given text or a path,
pyshacl switches rdflib's handling of literals for the whole process while it reads. The ontology is
inference input; shapes target records, so its classes are no focus nodes. Checks are SELECT queries
whose every row is a fault; the caller brings the engine that runs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyshacl
from rdflib import RDF, RDFS, SH, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import names, rdf
from ketagraph.sources import Layout
from ketagraph.vocabulary import read_turtle

__all__ = ["Report", "Result", "Select", "read_shapes", "run_checks", "run_shapes"]

Select = Callable[[str], Iterable[Sequence[str | None]]]
"""Runs a SELECT query and yields its rows as strings (IRIs bare, literals by their text)."""

_SEVERITY = {SH.Violation: "violation", SH.Warning: "warning", SH.Info: "info"}
_ORDER = ("violation", "warning", "info")


@dataclass(frozen=True, slots=True)
class Result:
    """One finding: ``focus`` IRI and label, what is wrong, how bad, by which shape or check, where."""

    focus: str
    label: str
    message: str
    severity: str
    source: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Findings, gravest first, then by focus."""

    results: tuple[Result, ...] = field(default=())

    @classmethod
    def of(cls, results: Iterable[Result]) -> Report:
        """Sort ``results`` into a report; equal findings are kept once."""
        return cls(tuple(sorted(set(results), key=_rank)))

    @property
    def violations(self) -> int:
        """How many findings make the graph invalid."""
        return sum(result.severity == "violation" for result in self.results)

    def graph(self) -> Graph:
        """Return the report as a SHACL validation report; nodes are numbered, no blank nodes."""
        graph = rdf.new_graph()
        report = URIRef(names.thing("validation-report"))
        graph.add((report, RDF.type, SH.ValidationReport))
        graph.add((report, SH.conforms, Literal(self.violations == 0)))
        for number, result in enumerate(self.results, start=1):
            node = URIRef(f"{report}-{number}")
            graph.add((report, SH.result, node))
            for predicate, value in _result_triples(result):
                graph.add((node, predicate, value))
        return graph


def _rank(result: Result) -> tuple[int, str, str, str]:
    return (_ORDER.index(result.severity), result.focus, result.source, result.message)


def _result_triples(result: Result) -> Iterator[tuple[URIRef, Node]]:
    severity = next(iri for iri, name in _SEVERITY.items() if name == result.severity)
    yield RDF.type, SH.ValidationResult
    yield SH.focusNode, URIRef(result.focus)
    yield SH.resultMessage, Literal(result.message, lang="en")
    yield SH.resultSeverity, severity
    yield SH.sourceShape, URIRef(names.BASE + result.source)
    if result.place:
        yield URIRef(names.term("writtenAt")), Literal(result.place)


def read_shapes(where: Layout) -> Graph:
    """Merge ontology/shapes/*.ttl.

    Raises:
        SourceError: a file that is not Turtle.
    """
    merged = rdf.new_graph()
    for path in sorted((where.ontology / "shapes").glob("*.ttl")):
        read_turtle(path, where, into=merged)
    return merged


def run_shapes(data: Graph, shapes: Graph, ontology: Graph, *, places: Mapping[str, str]) -> list[Result]:
    """Validate ``data`` against ``shapes``; ``ontology`` says which class lies below which.

    See https://www.w3.org/TR/shacl/#validation-report
    """
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes, ont_graph=ontology, inference="none")
    if not isinstance(report, Graph):
        raise TypeError(f"pyshacl gave no report graph: {report!r}")
    labels = _Labels((data, ontology))
    return [_shape_result(report, node, shapes, labels, places) for node in report.objects(None, SH.result)]


def _shape_result(
    report: Graph, node: Node, shapes: Graph, labels: _Labels, places: Mapping[str, str]
) -> Result:
    focus = str(report.value(node, SH.focusNode))
    message = str(report.value(node, SH.resultMessage))
    value = report.value(node, SH.value)
    severity = report.value(node, SH.resultSeverity)
    shape = _named_shape(shapes, report.value(node, SH.sourceShape))
    return Result(
        focus,
        labels.of(focus),
        message
        if value is None or isinstance(value, BNode)
        else f"{message} (found {labels.of(str(value))})",
        _SEVERITY[URIRef(str(severity))],
        "shapes/" + shape,
        places.get(focus, ""),
    )


def _found(value: Node | None, labels: _Labels) -> str:
    if value is None or isinstance(value, BNode):
        return ""
    return f" (found {labels.of(value) if isinstance(value, URIRef) else value})"


def _named_shape(shapes: Graph, node: Node | None) -> str:
    """Return the file-like name of the node shape that a (blank) property shape belongs to."""
    while isinstance(node, BNode):
        node = min(shapes.subjects(None, node), key=str, default=None)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", str(node).rsplit("/", 1)[-1].removesuffix("Shape")).lower()


@dataclass(frozen=True, slots=True)
class _Labels:
    graphs: tuple[Graph, ...]

    def of(self, iri: str) -> str:
        found = (graph.value(URIRef(iri), RDFS.label) for graph in self.graphs)
        return str(next((label for label in found if label is not None), iri.removeprefix(names.BASE)))


def run_checks(where: Layout, select: Select, *, places: Mapping[str, str]) -> list[Result]:
    """Run ontology/checks/*.rq; each row is ``?focus ?label ?message`` and a violation."""
    return [
        _check_result(row, path, places)
        for path in sorted((where.ontology / "checks").glob("*.rq"))
        for row in select(path.read_text(encoding="utf-8"))
    ]


def _check_result(row: Sequence[str | None], path: Path, places: Mapping[str, str]) -> Result:
    focus, label, message = (cell or "" for cell in row)
    return Result(focus, label or focus, message, "violation", f"checks/{path.stem}", places.get(focus, ""))
