"""Checked rows in, asserted triples out: a row becomes a node, a cell becomes a triple.

The schema says which property a cell becomes; nothing here knows a column by name but the three
facts that no cell holds: the parts of a sentence's address, the source of a row, and its label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, XSD, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import names, rdf
from ketagraph.columns import Column
from ketagraph.schema import table
from ketagraph.sources import SourceFolder
from ketagraph.tables import Row, row_id, slug

__all__ = ["lift", "places", "property_iri", "source_triples"]


def lift(rows: Iterable[Row], marks: Mapping[str, str] | None = None) -> dict[str, Graph]:
    """Return the asserted triples of ``rows`` per graph name (``evidence``, ``discrepancies``).

    ``marks`` maps the id of a source to what the addresses of its sentences begin with.
    """
    graphs = {"evidence": rdf.new_graph(), "discrepancies": rdf.new_graph()}
    for row in rows:
        for triple in _row_triples(row, (marks or {}).get(row.source, "")):
            graphs[row.table.graph].add(triple)
    return graphs


def places(rows: Iterable[Row]) -> dict[str, str]:
    """IRI of each row → ``data/…tsv:line``."""
    return {names.thing(row.id): f"{row.path}:{row.line}" for row in rows}


def property_iri(name: str) -> URIRef:
    """IRI of a schema property: a CURIE, or a local name of ours."""
    return URIRef(names.converter().expand(name, strict=True) if ":" in name else names.term(name))


def source_triples(folder: SourceFolder) -> Iterator[tuple[Node, Node, Node]]:
    """Describe the source itself, after its source.toml."""
    node = URIRef(names.thing(folder.id))
    facts = folder.facts
    yield node, RDF.type, URIRef(names.term("Source"))
    yield node, RDFS.label, Literal(facts["title"], lang="en")
    yield node, SKOS.notation, Literal(folder.id)
    yield node, DCTERMS.title, Literal(facts["title"], lang="en")
    yield node, DCTERMS.creator, Literal(facts["authors"])
    yield node, DCTERMS.license, URIRef(str(facts["licence"]))
    yield node, DCTERMS.bibliographicCitation, Literal(folder.citation)
    if "doi" in facts:
        yield node, URIRef(names.term("doi")), URIRef(names.PREFIXES["doi"] + str(facts["doi"]))
    yield node, URIRef(names.term("publicationYear")), Literal(facts["year"])
    yield node, URIRef(names.term("sha256")), Literal(facts["text_sha256"])


def _row_triples(row: Row, mark: str) -> Iterator[tuple[Node, Node, Node]]:
    node = URIRef(names.thing(row.id))
    yield node, RDF.type, URIRef(names.term(row.table.rdf_class))
    yield node, RDF.type, OWL.NamedIndividual
    yield node, URIRef(names.term("fromSource")), URIRef(names.thing(row.source))
    for column in row.table.columns:
        for value in row.cells[column.name] if column.property else ():
            yield node, property_iri(column.property), _object(row, column, value, mark)
    if row.table.name in _LABELS:
        yield node, RDFS.label, Literal(_LABELS[row.table.name](row), lang="en")
    if row.table.name == "sentences":
        yield from _address_parts(node, row.one("sentence"))


def _address_parts(node: Node, address: str) -> Iterator[tuple[Node, Node, Node]]:
    paragraph, sentence = address.split(".")
    yield node, URIRef(names.term("paragraph")), Literal(int(paragraph))
    yield node, URIRef(names.term("sentenceNumber")), Literal(int(sentence))


def _object(row: Row, column: Column, value: str, mark: str) -> Node:
    if column.kind == "sentence" and row.table.name == "sentences":
        return Literal(f"{mark}:{value}" if mark else value)
    if column.kind == "sentence":
        return URIRef(names.thing(row_id(table("sentences"), row.source, value)))
    if column.kind in {"row", "elsewhere"}:
        return URIRef(names.thing(row_id(table(column.target), row.source, value)))
    return _TERMS[column.kind](value)


def _node(value: str) -> Node:
    return URIRef(names.term(value) if value[0].isupper() else names.thing(value))


def _typed(datatype: URIRef) -> Callable[[str], Node]:
    return lambda value: Literal(value, datatype=datatype)


_TERMS: Mapping[str, Callable[[str], Node]] = {
    "boolean": _typed(XSD.boolean),
    "decimal": _typed(XSD.decimal),
    "doi": lambda value: URIRef(names.PREFIXES["doi"] + value),
    "integer": _typed(XSD.integer),
    "node": _node,
    "pmid": lambda value: URIRef(names.PREFIXES["pubmed"] + value),
    "property": lambda value: URIRef(names.term(value)),
    "sha256": Literal,
    "string": Literal,
    "term": lambda value: URIRef(names.term(value)),
    "text": lambda value: Literal(value, lang="en"),
    "unit": Literal,
    "year": _typed(XSD.integer),
}


def _reference_label(row: Row) -> str:
    author, year = row.one("author_as_written") or row.one("first_author"), row.one("year")
    about = " ".join(part for part in (author, year) if part)
    return f"reference {row.key}" + (f" ({about})" if about else "")


def _finding_label(row: Row) -> str:
    against = f" against {row.one('comparator')}" if row.one("comparator") else ""
    what = row.one("outcome") if row.table.name == "findings" else row.one("event")
    result = row.one("verdict") if row.table.name == "findings" else row.one("occurrence")
    return f"{row.one('arm')}{against}: {_spoken(what)}, {_spoken(result)}"


def _spoken(name: str) -> str:
    return slug(name).replace("-", " ")


_LABELS: Mapping[str, Callable[[Row], str]] = {
    "references": _reference_label,
    "sentences": lambda row: f"sentence {row.key} of {row.source}",
    "interventions": lambda row: f"{_spoken(row.one('agent'))} in {row.one('arm')}",
    "findings": _finding_label,
    "adverse-events": _finding_label,
    "study-identities": lambda row: (
        f"{row.one('trial')} and {row.one('other')}: {_spoken(row.one('identity'))}"
    ),
    "published-records": lambda row: f"published record of {row.one('trial')}",
    "evidence": lambda row: f"evidence for {row.one('claim')} in sentence {row.one('sentence')}",
}
