"""A result document in, its rows, its truth or its graph out, in each of the W3C's forms.

Read here without the engine under test, and with lexical forms kept.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

import rdflib
from rdflib import RDF, XSD, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

__all__ = ["Result", "Rows", "Term", "read"]

Term = tuple[str, ...]
"""("iri", value), ("blank", label), ("literal", lexical form, datatype, language) or ("text", CSV cell)."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A SELECT result; ``variables`` is None where the document does not tell."""

    variables: tuple[str, ...] | None
    rows: tuple[Mapping[str, Term], ...]


Result = Rows | bool | Graph

_RS = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/result-set#")
_SRX = "{http://www.w3.org/2005/sparql-results#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TSV_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?\Z', re.DOTALL)
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}
_TSV_NUMBERS = (
    (re.compile(r"[+-]?\d+\Z"), XSD.integer),
    (re.compile(r"[+-]?\d*\.\d+\Z"), XSD.decimal),
    (re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+\Z"), XSD.double),
    (re.compile(r"(?:true|false)\Z"), XSD.boolean),
)


def read(body: bytes, form: str, base: str) -> Result:
    """Read ``body``; ``form`` is srx, srj, csv, tsv, ttl, rdf or nt; ``base`` resolves relative IRIs.

    Raises:
        ValueError (or one of the parsers' own errors): no such form, or not well-formed.
    """
    return _READERS[form](body, base)


def _literal(value: str, datatype: str = "", language: str = "") -> Term:
    if language:
        return "literal", value, str(RDF.langString), language.lower()
    return "literal", value, datatype or str(XSD.string), ""


def _json(body: bytes, _: str) -> Result:
    document = json.loads(body)
    if "boolean" in document:
        return bool(document["boolean"])
    rows = [{name: _json_term(term) for name, term in row.items()} for row in document["results"]["bindings"]]
    return Rows(tuple(document["head"]["vars"]), tuple(rows))


def _json_term(term: Mapping[str, str]) -> Term:
    if term["type"] == "uri":
        return "iri", term["value"]
    if term["type"] == "bnode":
        return "blank", term["value"]
    return _literal(term["value"], term.get("datatype", ""), term.get("xml:lang", ""))


def _xml(body: bytes, _: str) -> Result:
    root = ElementTree.fromstring(body)  # noqa: S314 - the W3C's files, and our own server's
    truth = root.find(f"{_SRX}boolean")
    if truth is not None:
        return (truth.text or "").strip() == "true"
    names = [variable.get("name", "") for variable in root.iterfind(f"{_SRX}head/{_SRX}variable")]
    rows = [
        {binding.get("name", ""): _xml_term(binding[0]) for binding in result}
        for result in root.iter(f"{_SRX}result")
    ]
    return Rows(tuple(names), tuple(rows))


def _xml_term(element: ElementTree.Element) -> Term:
    kind, value = element.tag.removeprefix(_SRX), element.text or ""
    if kind == "uri":
        return "iri", value.strip()
    if kind == "bnode":
        return "blank", value
    return _literal(value, element.get("datatype", ""), element.get(_LANG, ""))


def _csv(body: bytes, _: str) -> Result:
    names, *lines = csv.reader(io.StringIO(body.decode(), newline=""))
    rows = [{name: _csv_term(cell) for name, cell in zip(names, line, strict=True)} for line in lines if line]
    return Rows(tuple(names), tuple(rows))


def _csv_term(cell: str) -> Term:
    return ("blank", cell) if cell.startswith("_:") else ("text", cell)


def _tsv(body: bytes, _: str) -> Result:
    first, *lines = body.decode().removesuffix("\n").split("\n")
    names = [name.strip().removeprefix("?") for name in first.split("\t")]
    cells = [line.removesuffix("\r").split("\t") for line in lines]
    rows = [{name: _tsv_term(cell) for name, cell in zip(names, row, strict=True) if cell} for row in cells]
    return Rows(tuple(names), tuple(rows))


def _tsv_term(cell: str) -> Term:
    if cell.startswith("<"):
        return "iri", cell[1:-1]
    if cell.startswith("_:"):
        return "blank", cell
    if found := _TSV_LITERAL.match(cell):
        return _literal(_ESCAPED.sub(_character, found[1]), found[3] or "", found[2] or "")
    for pattern, datatype in _TSV_NUMBERS:
        if pattern.match(cell):
            return _literal(cell, str(datatype))
    raise ValueError(f"no term of TSV: {cell!r}")


def _character(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _ESCAPES.get(found[3], found[3])


def _rdf(form: str) -> Callable[[bytes, str], Result]:
    def reader(body: bytes, base: str) -> Result:
        # Process-wide in rdflib; without it "01" becomes "1".
        rdflib.NORMALIZE_LITERALS = False
        graph = Graph().parse(data=body, format=form, publicID=base)
        found = graph.value(None, RDF.type, _RS.ResultSet)
        return graph if found is None else _result_set(graph, found)

    return reader


def _result_set(graph: Graph, node: Node) -> Result:
    truth = graph.value(node, _RS.boolean)
    if truth is not None:
        return str(truth) == "true"
    names = sorted(str(name) for name in graph.objects(node, _RS.resultVariable))
    solutions = sorted(graph.objects(node, _RS.solution), key=lambda one: _index(graph, one))
    return Rows(tuple(names), tuple(_solution(graph, solution) for solution in solutions))


def _index(graph: Graph, solution: Node) -> int:
    return int(str(graph.value(solution, _RS["index"]) or 0))


def _solution(graph: Graph, solution: Node) -> dict[str, Term]:
    bindings = graph.objects(solution, _RS.binding)
    return {
        str(graph.value(binding, _RS.variable)): _rdf_term(graph.value(binding, _RS.value))
        for binding in bindings
    }


def _rdf_term(node: Node | None) -> Term:
    if isinstance(node, Literal):
        return _literal(str(node), str(node.datatype or ""), node.language or "")
    return ("iri" if isinstance(node, URIRef) else "blank"), str(node)


_READERS: Mapping[str, Callable[[bytes, str], Result]] = {
    "srx": _xml,
    "srj": _json,
    "csv": _csv,
    "tsv": _tsv,
    "ttl": _rdf("turtle"),
    "rdf": _rdf("xml"),
    "nt": _rdf("nt"),
}
