"""OBO Graphs JSON in, statements out. See https://github.com/geneontology/obographs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ketagraph.errors import Fault, SourceError
from ketagraph.ontologies.terms import CLASS, ONTOLOGY, iri, literal, restriction, statement

__all__ = ["statements"]

_TRUE = '"true"^^<http://www.w3.org/2001/XMLSchema#boolean>'
_REPLACED = "http://purl.obolibrary.org/obo/IAO_0100001"


def statements(text: str, path: str) -> list[str]:
    """Read a whole document.

    Raises:
        SourceError: it is no JSON (with line), or not in the form of OBO Graphs.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError([Fault(path, error.lineno, "", f"not JSON, or broken off: {error.msg}")]) from error
    except RecursionError as error:
        raise SourceError([Fault(path, 0, "", "nested too deeply")]) from error
    try:
        return [line for graph in document["graphs"] for line in _graph(graph)]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SourceError([Fault(path, 0, "", f"not in the form of OBO Graphs: {error!r}")]) from error


def _graph(graph: Mapping[str, Any]) -> Iterator[str]:
    node = iri(graph["id"])
    yield statement(node, "type", ONTOLOGY)
    if version := graph.get("meta", {}).get("version"):
        yield statement(node, "version", literal(version))
    for each in graph["nodes"]:
        if each.get("type", "CLASS") == "CLASS":
            yield from _node(each)
    for number, edge in enumerate(graph.get("edges", ()), start=1):
        yield from _edge(edge, number)


def _node(each: Mapping[str, Any]) -> Iterator[str]:
    node, meta = iri(each["id"]), each.get("meta", {})
    yield statement(node, "type", CLASS)
    if "lbl" in each:
        yield statement(node, "label", literal(each["lbl"]))
    if "definition" in meta:
        yield statement(node, "definition", literal(meta["definition"]["val"]))
    for synonym in meta.get("synonyms", ()):
        yield statement(node, "synonym", literal(synonym["val"]))
    if meta.get("deprecated"):
        yield statement(node, "deprecated", _TRUE)
    for said in meta.get("basicPropertyValues", ()):
        if said["pred"] == _REPLACED:
            yield statement(node, "replaced", iri(said["val"]))


def _edge(edge: Mapping[str, str], number: int) -> Iterator[str]:
    subject, target = iri(edge["sub"]), iri(edge["obj"])
    if edge["pred"] in {"is_a", "subClassOf"}:
        yield statement(subject, "parent", target)
    elif edge["pred"].startswith("http"):
        yield from restriction(subject, iri(edge["pred"]), target, number)
