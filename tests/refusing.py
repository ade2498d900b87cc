"""The examples that shapes and checks are tried on, and what refuses them.

``good.ttl`` passes everything. ``bad/<name>.ttl`` is a small graph with one fault, which its first line
tells; the shape or check of that name refuses it and nothing else does.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rdflib import Graph

from ketagraph import rdf, sources
from ketagraph.examining import examine
from ketagraph.validate import Result
from ketagraph.vocabulary import read_ontology, read_turtle

HERE = Path(__file__).parent
LAYOUT = sources.layout(HERE.parent)
GOOD = HERE / "good.ttl"
BAD = {path.stem: path for path in sorted((HERE / "bad").glob("*.ttl"))}
SHAPES = {path.stem: path for path in sorted((LAYOUT.ontology / "shapes").glob("*.ttl"))}
CHECKS = {path.stem: path for path in sorted((LAYOUT.ontology / "checks").glob("*.rq"))}


@cache
def ontology() -> Graph:
    return rdf.canonical(read_ontology(LAYOUT).graph)


def findings(data: Graph) -> tuple[Result, ...]:
    return examine({"ontology": ontology(), "evidence": data}, LAYOUT, places={}).results


@cache
def found_wrong(name: str) -> tuple[Result, ...]:
    return findings(read_turtle(BAD[name], LAYOUT))
