"""The graph as statements: Turtle, N-Quads, JSON-LD, OWL in RDF/XML; and the mappings as they are written.

Base files hold what was asserted, full files everything. JSON-LD names its context as a file beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from rdflib import RDF, Graph, Literal
from rdflib.term import Node

from ketagraph import mappings, names
from ketagraph.exports.model import ASSERTED, Export, Material
from ketagraph.store.evaluation import transcode

__all__ = ["CONTEXT", "jsonld", "nquads", "owl", "sssom", "turtle"]

_NTRIPLES = "application/n-triples"
_PARTS = ("base", "full")
_SKOLEM = "urn:blank:"
_BLANK_SUBJECT = re.compile(r"_:(\w+) ")
_BLANK_OBJECT = re.compile(r"(\S+ \S+ )_:(\w+) \.")
_NOTES = {"contradiction": "in the full file only"}


def turtle(known: Material) -> Export:
    """Turtle: ``ketagraph-base.ttl`` and ``ketagraph-full.ttl``."""
    return _transcoded(known, "text/turtle", "ttl")


def owl(known: Material) -> Export:
    """OWL in RDF/XML, as Protégé reads it: ``ketagraph-base.owl`` and ``ketagraph-full.owl``."""
    return _transcoded(known, "application/rdf+xml", "owl")


def nquads(known: Material) -> Export:
    """N-Quads with the graphs' names: ``ketagraph-base.nq`` and ``ketagraph-full.nq``."""
    files = {}
    for part in _PARTS:
        quads = [
            f"{line.removesuffix('.')}<{names.graph(name)}> .\n"
            for name in _graphs(known, part)
            for line in known.graphs.get(name, ())
        ]
        files[f"ketagraph-{part}.nq"] = "".join(sorted(quads)).encode()
    return Export(files, known.aspects, _NOTES)


def jsonld(known: Material) -> Export:
    """JSON-LD: ``context.jsonld``, and ``ketagraph-base.jsonld`` and ``ketagraph-full.jsonld``."""
    files = {"context.jsonld": _json({"@context": CONTEXT})}
    for part in _PARTS:
        nodes = list(_nodes(known.merged(_graphs(known, part))))
        files[f"ketagraph-{part}.jsonld"] = _json({"@context": CONTEXT, "@graph": nodes})
    return Export(files, known.aspects, _NOTES)


def sssom(known: Material) -> Export:
    """Return the mappings as SSSOM, as they are written by hand."""
    notes = dict.fromkeys(("scope", "dose"), "mappings tell of terms, not of evidence")
    return Export({mappings.FILE: (known.where.data / mappings.FILE).read_bytes()}, {}, notes)


CONTEXT: Mapping[str, object] = {
    # Without the flag, JSON-LD 1.1 takes no prefix whose IRI ends in a letter, a digit, _ or =.
    **{prefix: {"@id": iri, "@prefix": True} for prefix, iri in names.PREFIXES.items()},
    "id": "@id",
    "type": "@type",
}
"""Our JSON-LD context: the prefixes, and short names for what every node has."""


def _graphs(known: Material, part: str) -> Iterable[str]:
    return ASSERTED if part == "base" else tuple(known.graphs)


def _transcoded(known: Material, media_type: str, ending: str) -> Export:
    files = {
        f"ketagraph-{part}.{ending}": _written(known.merged(_graphs(known, part)), media_type)
        for part in _PARTS
    }
    return Export(files, known.aspects, _NOTES)


def _written(lines: Iterable[str], media_type: str) -> bytes:
    return transcode("\n".join(lines).encode(), _NTRIPLES, media_type, names.PREFIXES)


def _json(content: object) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"


def _nodes(lines: Iterable[str]) -> Iterator[dict[str, object]]:
    """Yield one object per subject, subjects and keys sorted."""
    # The reader would rename blank nodes; as IRIs they keep their names.
    graph = Graph().parse(data="\n".join(map(_named, lines)), format="nt")
    for subject in sorted(set(graph.subjects()), key=str):
        node: dict[str, object] = {"id": _reference(subject)}
        kinds = sorted(_reference(kind) for kind in graph.objects(subject, RDF.type))
        if kinds:
            node["type"] = kinds
        for predicate in sorted(set(graph.predicates(subject)) - {RDF.type}, key=str):
            node[_short(str(predicate))] = [
                _value(each) for each in sorted(graph.objects(subject, predicate), key=_place)
            ]
        yield node


def _named(line: str) -> str:
    """Return a statement of N-Triples with IRIs for its blank nodes."""
    if found := _BLANK_OBJECT.fullmatch(line):
        line = f"{found[1]}<{_SKOLEM}{found[2]}> ."
    return _BLANK_SUBJECT.sub(rf"<{_SKOLEM}\1> ", line, count=1) if line.startswith("_:") else line


def _place(node: Node) -> str:
    return node.n3()


def _short(iri: str) -> str:
    """Return the CURIE where the context knows its prefix, else the IRI."""
    curie = names.compress(iri)
    prefix, _, rest = curie.partition(":")
    return curie if prefix in names.PREFIXES and not rest.startswith("//") else iri


def _reference(node: Node) -> str:
    text = str(node)
    return f"_:{text.removeprefix(_SKOLEM)}" if text.startswith(_SKOLEM) else _short(text)


def _value(node: Node) -> object:
    if isinstance(node, Literal):
        if node.language:
            return {"@value": str(node), "@language": node.language}
        return {"@value": str(node), "@type": _short(str(node.datatype))} if node.datatype else str(node)
    return {"id": _reference(node)}
