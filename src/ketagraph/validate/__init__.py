"""A graph in, findings of the shapes and checks out, each with the place where its data was written.

Two engines read the same shapes. ``reference`` is pyshacl, which wants the graph in rdflib; ``compiled``
turns the shapes into SPARQL over a store, for graphs that are too large for that. They find the same.
"""

from __future__ import annotations

from rdflib import Graph

from ketagraph import rdf
from ketagraph.sources import Layout
from ketagraph.validate.checks import Select, run_checks
from ketagraph.validate.compiled import Cell, Solve, run_compiled
from ketagraph.validate.paths import Path
from ketagraph.validate.reference import run_shapes
from ketagraph.validate.report import Report, Result
from ketagraph.vocabulary import read_turtle

__all__ = [
    "Cell",
    "Path",
    "Report",
    "Result",
    "Select",
    "Solve",
    "read_shapes",
    "run_checks",
    "run_compiled",
    "run_shapes",
]


def read_shapes(where: Layout) -> Graph:
    """Merge ontology/shapes/*.ttl.

    Raises:
        SourceError: a file that is not Turtle.
    """
    merged = rdf.new_graph()
    for path in sorted((where.ontology / "shapes").glob("*.ttl")):
        read_turtle(path, where, into=merged)
    return merged
