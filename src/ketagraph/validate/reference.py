"""A graph in, results of the shapes out, by the reference engine: the only door to pyshacl.

Shapes are parsed by us and handed over as a graph: given text or a path, pyshacl switches rdflib's handling
of literals for the whole process while it reads. The ontology is inference input; shapes target records, so
its classes are no focus nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyshacl
from rdflib import RDFS, SH, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import names
from ketagraph.validate.paths import Path, read_path
from ketagraph.validate.report import SEVERITIES, Result, message, written
from ketagraph.validate.shapes import shape_name

__all__ = ["run_shapes"]


def run_shapes(data: Graph, shapes: Graph, ontology: Graph, *, places: Mapping[str, str]) -> list[Result]:
    """Validate ``data`` against ``shapes``; ``ontology`` says which class lies below which.

    See https://www.w3.org/TR/shacl/#validation-report
    """
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes, ont_graph=ontology, inference="none")
    if not isinstance(report, Graph):
        raise TypeError(f"pyshacl gave no report graph: {report!r}")
    labels = _Labels((data, ontology))
    return [_result(report, node, shapes, labels, places) for node in report.objects(None, SH.result)]


def _result(report: Graph, node: Node, shapes: Graph, labels: _Labels, places: Mapping[str, str]) -> Result:
    focus = report.value(node, SH.focusNode)
    value = report.value(node, SH.value)
    shape = report.value(node, SH.sourceShape)
    component = str(report.value(node, SH.sourceConstraintComponent)).removeprefix(str(SH))
    said = min((str(text) for text in shapes.objects(shape, SH.message)), default="")
    return Result(
        _plain(focus),
        labels.of(_plain(focus)),
        message(said, component, _found(value, labels)),
        SEVERITIES[str(report.value(node, SH.resultSeverity))],
        "shapes/" + shape_name(shapes, shape),
        places.get(str(focus), ""),
        _path(shapes, shape),
        written(value),
        component,
    )


def _path(shapes: Graph, shape: Node | None) -> Path | None:
    path = shapes.value(shape, SH.path)
    return None if path is None else read_path(shapes, path)


def _plain(node: Node | None) -> str:
    return f"_:{node}" if isinstance(node, BNode) else str(node)


def _found(value: Node | None, labels: _Labels) -> str:
    if isinstance(value, URIRef):
        return labels.of(str(value))
    return str(value) if isinstance(value, Literal) else ""


@dataclass(frozen=True, slots=True)
class _Labels:
    graphs: tuple[Graph, ...]

    def of(self, iri: str) -> str:
        found = (str(label) for graph in self.graphs for label in graph.objects(URIRef(iri), RDFS.label))
        return min(found, default=iri.removeprefix(names.BASE))
