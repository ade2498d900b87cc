"""A graph in, the report of every shape and check out, by the engine that its size asks for.

The shapes have a reference engine and one for large graphs (:mod:`ketagraph.validate`); the checks run in
the store either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any

from rdflib import Graph

from ketagraph import contained, rdf, validate, vocabulary
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine
from ketagraph.validate import Report, Result
from ketagraph.validate.paths import Path as PropertyPath

__all__ = ["LARGE", "ShapesEngine", "contained_examination", "examine", "examine_file", "text_report"]

LARGE = 200_000
"""Quads above which shapes are compiled unless the reference engine is asked for."""

_BOUNDS = contained.Bounds()

_EVERYTHING = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"


class ShapesEngine(StrEnum):
    """What runs the shapes: pyshacl, or SPARQL compiled from them; ``AUTO`` takes what the size asks for."""

    AUTO = "auto"
    PYSHACL = "pyshacl"
    COMPILED = "compiled"

    def chosen(self, quads: int) -> ShapesEngine:
        """Take the reference engine for a graph that is not large."""
        if self is not ShapesEngine.AUTO:
            return self
        return ShapesEngine.COMPILED if quads > LARGE else ShapesEngine.PYSHACL


def examine(
    graphs: Mapping[str, Graph], where: Layout, *, places: Mapping[str, str], engine: str = ShapesEngine.AUTO
) -> Report:
    """Run every shape and check of ``where`` over ``graphs``."""
    store = Engine()
    store.load_quads(rdf.nquads(graphs))
    chosen = ShapesEngine(engine).chosen(len(store))
    store.unite_graphs()

    def data() -> Graph:
        union = rdf.new_graph()
        for name in graphs.keys() - {"ontology", "mappings", "void"}:
            union += graphs[name]
        return union

    return _examine(store, data, graphs["ontology"], where, places, chosen)


def examine_file(
    path: Path,
    where: Layout,
    *,
    places: Mapping[str, str],
    engine: str = ShapesEngine.AUTO,
    on_choice: Callable[[int, ShapesEngine], None] = lambda _, __: None,
    bounds: contained.Bounds = _BOUNDS,
) -> Report:
    """Run every shape and check over a file of RDF, with our ontology beside it.

    ``on_choice`` is told the number of quads in the file and the engine that runs the shapes. ``bounds`` are
    those of the process that does it.

    Raises:
        SourceError: the file breaks its syntax or a bound, or the compiled engine lacks what a shape uses.
        EnvironmentFault: the file cannot be read.
    """
    wanted = {"root": str(where.root), "places": dict(places), "engine": str(engine)}
    found = contained.run(contained_examination, path, wanted, bounds)
    quads, chosen = next(found)
    on_choice(quads, ShapesEngine(chosen))
    (results,) = found
    return Report.of(Result(**each | {"path": _path(each["path"])}) for each in results)


def contained_examination(
    file: str, *, root: str, places: Mapping[str, str], engine: str
) -> Iterator[object]:
    """Examine in this process; yield quads and engine, then the results. For :func:`examine_file`."""
    where, store = Layout(Path(root)), Engine()
    store.load_quads(Path(file))
    chosen = ShapesEngine(engine).chosen(len(store))
    yield len(store), chosen
    words = rdf.canonical(vocabulary.read_ontology(where).graph)
    store.load_quads(rdf.nquads({"ontology": words}))
    store.unite_graphs()

    def data() -> Graph:
        return rdf.new_graph().parse(data="\n".join(store.construct(_EVERYTHING)), format="nt")

    report = _examine(store, data, words, where, places, chosen)
    yield [asdict(each) for each in report.results]


def _path(said: Mapping[str, Any] | None) -> PropertyPath | None:
    """Read a path that was written as plain values."""
    if said is None:
        return None
    parts = (part for each in said["parts"] if (part := _path(each)))
    return PropertyPath(said["kind"], said["iri"], tuple(parts))


def _examine(
    store: Engine,
    data: Callable[[], Graph],
    words: Graph,
    where: Layout,
    places: Mapping[str, str],
    engine: ShapesEngine,
) -> Report:
    def select(query: str) -> list[list[str | None]]:
        return [[term and term.value for term in row] for row in store.select(query)[1]]

    shapes = validate.read_shapes(where)
    if engine is ShapesEngine.COMPILED:
        results = validate.run_compiled(shapes, lambda query: store.select(query)[1], places=places)
    else:
        results = validate.run_shapes(data(), shapes, words, places=places)
    return Report.of([*results, *validate.run_checks(where, select, places=places)])


def text_report(report: Report) -> str:
    """Return the report as lines for people: place or IRI, severity, label, message, shape.

    A value that breaks several parts of one shape is told of once: the shape's sentence names them all.
    """
    lines = (
        f"{each.place or each.focus}: {each.severity}: {each.label}: {each.message} [{each.source}]"
        for each in report.results
    )
    return "\n".join(dict.fromkeys(lines))
