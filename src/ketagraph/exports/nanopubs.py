"""Claims as nanopublications with trusty URIs, in one TriG file.

See https://nanopub.net/guidelines/working_draft/ and, for the hash, module RA of
https://trustyuri.net/spec/v1/.
They are not signed and name no time, so that the same claims have the same addresses.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from rdflib import DCTERMS, OWL, PROV, RDF, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import __version__, names, sources
from ketagraph.exports.model import Export, Material
from ketagraph.sources import DATA_LICENCE

__all__ = ["PLACEHOLDER", "artifact_code", "nanopubs"]

_NP = "http://www.nanopub.org/nschema#"
_BASE = names.BASE + "np/"
PLACEHOLDER = "code-to-be-computed"
"""Stands for the code until it is known."""
_PROPERTIES = ("hasAssertion", "hasProvenance", "hasPublicationInfo")
_PARTS = ("assertion", "provenance", "pubinfo")
_NOTES = {
    "comparator": "findings are not claims",
    "null finding": "findings are not claims",
    "sentence": "by IRI",
    "dose": "of claims",
    "route": "of claims",
    "time": "of claims",
}

_Quad = tuple[URIRef, Node, Node, Node]


def nanopubs(known: Material) -> Export:
    """Nanopublications of every claim: ``claims.trig``."""
    # Each claim comes under the licence of the records of its own source.
    licences = {
        names.thing(folder.id): URIRef(folder.data_licence) for folder in sources.source_folders(known.where)
    }
    evidence = Graph().parse(data="\n".join(known.merged(["evidence", "effects"])), format="nt")
    claims = sorted(set(evidence.subjects(RDF.type, _term("Claim"))), key=str)
    text = "\n".join(_published(evidence, URIRef(str(claim)), licences) for claim in claims)
    carried = {aspect: count for aspect, count in known.aspects.items() if aspect[1] == "claim"}
    return Export({"claims.trig": text.encode()}, carried, _NOTES)


def artifact_code(quads: Iterable[_Quad]) -> str:
    """Return the code (RA and 43 letters) of quads whose own IRIs hold :data:`PLACEHOLDER` in its place."""
    text = "".join(_line(each) for quad in sorted(quads, key=_order) for each in quad)
    return "RA" + base64.urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")


def _order(quad: _Quad) -> tuple[bytes | bool, ...]:
    """IRIs stand before literals; of literals, text, datatype and language decide."""
    value = quad[3]
    literal = value if isinstance(value, Literal) else None
    datatype = _datatype(literal) if literal is not None and not literal.language else ""
    language = (literal.language or "") if literal is not None else ""
    graph, subject, predicate, object_ = map(_plain, quad)
    ends = (object_, datatype.encode(), language.encode())
    return (graph, subject, predicate, literal is not None, *ends)


def _plain(node: Node) -> bytes:
    # The specification has the code stand as a space, which no library takes within an IRI.
    return (str(node) if isinstance(node, Literal) else str(node).replace(PLACEHOLDER, " ")).encode()


def _datatype(value: Literal) -> str:
    return str(value.datatype or names.PREFIXES["xsd"] + "string")


def _line(node: Node) -> str:
    if not isinstance(node, Literal):
        return _plain(node).decode() + "\n"
    text = str(node).replace("\\", "\\\\").replace("\n", "\\n")
    return f"@{node.language.lower()} {text}\n" if node.language else f"^{_datatype(node)} {text}\n"


def _published(evidence: Graph, claim: URIRef, licences: Mapping[str, URIRef]) -> str:
    quads = set(_quads(evidence, claim, licences))
    code = artifact_code(quads)
    return _trig(quads, _BASE + code)


def _quads(evidence: Graph, claim: URIRef, licences: Mapping[str, URIRef]) -> Iterator[_Quad]:
    this = URIRef(_BASE + PLACEHOLDER)
    head, assertion, provenance, pubinfo = (URIRef(f"{this}#{part}") for part in ("Head", *_PARTS))
    yield head, this, RDF.type, URIRef(_NP + "Nanopublication")
    for name, graph in zip(_PROPERTIES, (assertion, provenance, pubinfo), strict=True):
        yield head, this, URIRef(_NP + name), graph
    for triple in _assertion(evidence, claim):
        yield (assertion, *triple)
    for triple in _provenance(evidence, claim, assertion):
        yield (provenance, *triple)
    source = str(evidence.value(claim, _term("fromSource")))
    yield pubinfo, this, DCTERMS.license, licences.get(source, URIRef(DATA_LICENCE))
    yield pubinfo, this, DCTERMS.creator, URIRef(names.BASE + "dataset")
    yield pubinfo, this, DCTERMS.subject, claim
    yield pubinfo, this, OWL.versionInfo, Literal(__version__)


def _assertion(evidence: Graph, claim: URIRef) -> Iterator[tuple[Node, Node, Node]]:
    """Yield what is said of the claim; and the plain triple where it is affirmed and makes an effect."""
    for predicate, value in evidence.predicate_objects(claim):
        if predicate != _term("fromSource"):
            yield claim, predicate, value
    if any(evidence.subjects(_term("generatedFrom"), claim)):
        ends = [evidence.value(claim, _term(name)) for name in ("subject", "predicate", "object")]
        match [end for end in ends if end is not None]:
            case [subject, relation, object_]:
                yield subject, relation, object_


def _provenance(evidence: Graph, claim: URIRef, assertion: URIRef) -> Iterator[tuple[Node, Node, Node]]:
    for source in evidence.objects(claim, _term("fromSource")):
        yield assertion, PROV.wasDerivedFrom, source
    for line in evidence.subjects(_term("evidenceFor"), claim):
        yield assertion, _term("hasEvidence"), line
        for name in ("evidenceType", "evidenceRole", "direction", "anchoredIn"):
            for value in evidence.objects(line, _term(name)):
                yield line, _term(name), value


def _trig(quads: set[_Quad], address: str) -> str:
    lines: dict[str, list[str]] = {}
    for graph, *triple in sorted(quads, key=_order):
        text = " ".join(each.n3() for each in triple)
        lines.setdefault(graph, []).append(f"  {text} .\n")
    blocks = [f"<{graph}> {{\n{''.join(found)}}}\n" for graph, found in lines.items()]
    return "".join(blocks).replace(_BASE + PLACEHOLDER, address)


def _term(name: str) -> URIRef:
    return URIRef(names.term(name))
