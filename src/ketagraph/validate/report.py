"""What a validation finds, as values: one result for each SHACL result or row of a check, and their report.

A result says all that a SHACL validation report says of it (https://www.w3.org/TR/shacl/#results-validation-result),
and where its data was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rdflib import RDF, SH, XSD, BNode, Graph, Literal, URIRef
from rdflib.term import Node
from rdflib.util import from_n3

from ketagraph import names, rdf
from ketagraph.validate import sparql
from ketagraph.validate.paths import Path

__all__ = ["SEVERITIES", "Report", "Result", "message", "written"]

SEVERITIES = {str(SH.Violation): "violation", str(SH.Warning): "warning", str(SH.Info): "info"}
"""IRI of a severity → its name here, gravest first."""

_ORDER = tuple(SEVERITIES.values())


@dataclass(frozen=True, slots=True)
class Result:
    """One finding: ``focus`` IRI and label, what is wrong, how bad, by which shape or check, where.

    A finding of a shape also has the ``path`` it looked along (None: at the focus itself), the ``value``
    found wrong as N-Triples writes it (empty where the fault is in their number), and the local name of
    the SHACL constraint ``component``.
    """

    focus: str
    label: str
    message: str
    severity: str
    source: str
    place: str = ""
    path: Path | None = None
    value: str = ""
    component: str = ""


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
            for triple in _result_triples(node, result):
                graph.add(triple)
        return graph


def written(node: Node | None) -> str:
    """Write a term as N-Triples does; nothing where there is none."""
    if isinstance(node, Literal):
        plain = Literal(str(node)) if node.datatype == XSD.string else node
        return sparql.term(plain)
    if isinstance(node, BNode):
        return f"_:{node}"
    return "" if node is None else f"<{node}>"


def message(text: str, component: str, found: str) -> str:
    """Say what a shape says, or which constraint is broken where it says nothing, and what was found."""
    said = text or f"The constraint {component.removesuffix('ConstraintComponent')} is not met."
    return f"{said} (found {found})" if found else said


def _rank(result: Result) -> tuple[int, str, str, str, str, str, str]:
    about = (result.focus, result.source, result.message)
    return (_ORDER.index(result.severity), *about, str(result.path or ""), result.value, result.component)


def _result_triples(node: URIRef, result: Result) -> Iterator[tuple[Node, Node, Node]]:
    severity = next(iri for iri, name in SEVERITIES.items() if name == result.severity)
    yield node, RDF.type, SH.ValidationResult
    yield node, SH.focusNode, _focus(result.focus)
    yield node, SH.resultMessage, Literal(result.message, lang="en")
    yield node, SH.resultSeverity, URIRef(severity)
    yield node, SH.sourceShape, URIRef(names.BASE + result.source)
    if result.path:
        yield from result.path.described(node, SH.resultPath)
    if result.value:
        yield node, SH.value, _term(result.value)
    if result.component:
        yield node, SH.sourceConstraintComponent, SH[result.component]
    if result.place:
        yield node, URIRef(names.term("writtenAt")), Literal(result.place)


def _focus(text: str) -> Node:
    """Give blank nodes, whose names say nothing elsewhere, IRIs of the form that RDF has for them."""
    return URIRef(f"{names.BASE}.well-known/genid/{text.removeprefix('_:')}" if text[:2] == "_:" else text)


def _term(text: str) -> Node:
    if text.startswith("_:"):
        return _focus(text)
    term = from_n3(text)
    if not isinstance(term, Node):
        raise TypeError(f"not a term of N-Triples: {text!r}")
    return term
