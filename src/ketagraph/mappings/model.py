"""Mappings in, triples out: the match itself where it is asserted, and a node that says how it was made.

The nodes have the shape of SSSOM's RDF, https://mapping-commons.github.io/sssom/spec-formats-rdf/, so that
SSSOM tools read the graph back; each is named, none is blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rdflib import OWL, RDF, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import names, rdf
from ketagraph.tables import slug

__all__ = ["COLUMNS", "FILE", "HEADER", "NOT_FOUND", "PREDICATES", "Mapping", "graph", "triples"]

FILE = "mappings.sssom.tsv"
"""Its name below data/."""

NOT_FOUND = "sssom:NoTermFound"
"""Stands for the object where a look-up found none."""

PREDICATES = tuple(f"skos:{kind}Match" for kind in ("exact", "close", "broad", "narrow", "related"))

HEADER = {
    "mapping_set_id": names.graph("mappings"),
    "mapping_set_title": "KetaGraph mappings",
    "mapping_set_description": "What the terms of the KetaGraph ontology are called in public vocabularies",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "subject_source": "keta:ontology",
}

COLUMNS = (
    *("subject_id", "subject_label", "predicate_id", "predicate_modifier", "object_id", "object_label"),
    *("mapping_justification", "object_source", "object_source_version", "see_also", "comment"),
)

# Where SSSOM names a slot by another vocabulary's property: https://w3id.org/sssom/
_PROPERTIES = {
    "subject_id": "owl:annotatedSource",
    "predicate_id": "owl:annotatedProperty",
    "object_id": "owl:annotatedTarget",
    "see_also": "rdfs:seeAlso",
    "comment": "rdfs:comment",
    "license": "dcterms:license",
    "mapping_set_title": "dcterms:title",
    "mapping_set_description": "dcterms:description",
}
_REFERENCES = {"subject_id", "predicate_id", "object_id", "mapping_justification", "object_source"}
_REFERENCES |= {"subject_source"}
_SET = URIRef(HEADER["mapping_set_id"])


@dataclass(frozen=True, slots=True)
class Mapping:
    """One row. ``cells`` has every column, empty where nothing is said; ``line`` is 1-based."""

    cells: tuple[str, ...]
    line: int

    def __getitem__(self, column: str) -> str:
        """Return the cell of a column of :data:`COLUMNS`."""
        return self.cells[COLUMNS.index(column)]

    @property
    def subject(self) -> str:
        """CURIE of our term."""
        return self["subject_id"]

    @property
    def predicate(self) -> str:
        """CURIE of the SKOS match."""
        return self["predicate_id"]

    @property
    def object(self) -> str:
        """CURIE of the other vocabulary's term, or :data:`NOT_FOUND`."""
        return self["object_id"]

    @property
    def source(self) -> str:
        """Where the object is from: the prefix of a vocabulary in the Bioregistry, such as ``mesh``."""
        return self["object_source"].partition(":")[2]

    @property
    def found(self) -> bool:
        """Whether the look-up found a term."""
        return self.object != NOT_FOUND

    @property
    def asserted(self) -> bool:
        """Whether the match holds: a term was found, and it is not said to be something else."""
        return self.found and not self["predicate_modifier"]

    @property
    def id(self) -> str:
        """Slug of the IRI, unique over subject, object and source; never dependent on the line."""
        other = self.object if self.found else f"no-term-found-{self.source}"
        return slug(f"mapping-{slug(self.subject.partition(':')[2])}-{re.sub(r'[^A-Za-z0-9]+', '-', other)}")


def graph(mappings: Iterable[Mapping]) -> Graph:
    """Return the mapping set as RDF: its own description, and the triples of each mapping."""
    made = rdf.new_graph()
    made.add((_SET, RDF.type, _property("sssom:MappingSet")))
    for name, value in HEADER.items():
        if name != "mapping_set_id":
            made.add((_SET, _named(name), _value(name, value)))
    for mapping in mappings:
        for triple in triples(mapping):
            made.add(triple)
    return made


def triples(mapping: Mapping) -> Iterator[tuple[Node, Node, Node]]:
    """Yield the match where it is asserted, then the node that describes it."""
    if mapping.asserted:
        subject, predicate, object_ = map(_property, (mapping.subject, mapping.predicate, mapping.object))
        yield subject, predicate, object_
    node = URIRef(names.thing(mapping.id))
    yield _SET, _property("sssom:mappings"), node
    yield node, RDF.type, OWL.Axiom
    for column, cell in zip(COLUMNS, mapping.cells, strict=True):
        for value in cell.split("|") if column == "see_also" else [cell]:
            if value:
                yield node, _named(column), _value(column, value)


def _named(slot: str) -> URIRef:
    return _property(_PROPERTIES.get(slot, f"sssom:{slot}"))


def _value(slot: str, value: str) -> Node:
    if slot in _REFERENCES:
        return _property(value)
    if slot == "predicate_modifier":
        return _property("sssom:NegatedPredicate")
    return URIRef(value) if slot in {"see_also", "license"} else Literal(value)


def _property(curie: str) -> URIRef:
    return URIRef(names.converter().expand(curie, strict=True))
