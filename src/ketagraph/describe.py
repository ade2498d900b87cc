"""Graphs in, their description out: VoID with class and property partitions, and plain counts.

See https://www.w3.org/TR/void/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rdflib import DCTERMS, OWL, RDF, VOID, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import __version__, catalogue, names, rdf
from ketagraph.sources import SourceFolder

__all__ = ["counts", "source_facts", "void"]

_COUNTED = {
    "studies": "Study",
    "arms": "Arm",
    "findings": "Finding",
    "adverse-event findings": "AdverseEventFinding",
    "claims": "Claim",
    "evidence lines": "EvidenceLine",
    "effects": "Effect",
    "contradictions": "Contradiction",
    "discrepancies": "Discrepancy",
    "judgements": "Judgement",
}


def counts(graphs: Mapping[str, Graph], *, warnings: int) -> dict[str, int]:
    """How many classes and records of each kind there are, and how many findings the validation left.

    A study that several sources report counts once, and so does a finding that they report alike.
    """
    found = {
        "classes": len({c for c in graphs["ontology"].subjects(RDF.type, OWL.Class) if isinstance(c, URIRef)})
    }
    again = _told_again(graphs["inferred"])
    for label, name in _COUNTED.items():
        kind = URIRef(names.term(name))
        found[label] = len({s for graph in graphs.values() for s in graph.subjects(RDF.type, kind)} - again)
    return {**found, "faults": warnings}


def _told_again(inferred: Graph) -> set[Node]:
    """Collect the records of each study but its first by name, and the findings that repeat another."""
    same = inferred.subject_objects(URIRef(names.term("sameStudyAs")))
    later: set[Node] = {record for record, other in same if str(other) < str(record)}
    return later | set(inferred.subjects(URIRef(names.term("repeats"))))


def void(graphs: Mapping[str, Graph], folders: Sequence[SourceFolder] = ()) -> Graph:
    """Describe the whole, each named graph, and what was taken from each source, with its licence.

    Partitions count instances per class, triples per property.
    """
    described = rdf.new_graph()
    whole = URIRef(names.BASE + "dataset")
    union = Graph()
    for name, graph in sorted(graphs.items()):
        union += graph
        for triple in _dataset(URIRef(names.graph(name)), f"KetaGraph: graph {name}", graph):
            described.add(triple)
        described.add((whole, VOID.subset, URIRef(names.graph(name))))
    for triple in _dataset(whole, "KetaGraph", union):
        described.add(triple)
    for folder in folders:
        part = URIRef(f"{whole}/source/{folder.id}")
        described.add((whole, VOID.subset, part))
        for triple in _source(part, folder, union):
            described.add(triple)
    described.add((whole, OWL.versionInfo, Literal(__version__)))
    described.add((whole, VOID.uriSpace, Literal(names.BASE)))
    described.add((whole, VOID.sparqlEndpoint, URIRef(names.BASE + "sparql")))
    texts = [f"https://doi.org/{folder.facts['doi']}" for folder in folders if "doi" in folder.facts]
    for triple in catalogue.triples([*sorted(graphs), "void"], texts):
        described.add(triple)
    return described


def _source(node: URIRef, folder: SourceFolder, union: Graph) -> Iterator[tuple[Node, Node, Node]]:
    """Describe the records taken from one source; the licence is theirs, that of the text is the source's."""
    source = URIRef(names.thing(folder.id))
    records = set(union.subjects(URIRef(names.term("fromSource")), source))
    yield node, RDF.type, VOID.Dataset
    yield node, DCTERMS.title, Literal(f"KetaGraph: records from {folder.id}", lang="en")
    yield node, DCTERMS.source, source
    yield node, DCTERMS.license, URIRef(folder.data_licence)
    yield node, DCTERMS.bibliographicCitation, Literal(folder.citation)
    yield node, VOID.entities, Literal(len(records))


def source_facts(folder: SourceFolder, graphs: Mapping[str, Graph]) -> dict[str, str | int]:
    """Return what a manifest says of a source: what it is, its licences, how many records came from it."""
    link, source = URIRef(names.term("fromSource")), URIRef(names.thing(folder.id))
    records = {record for graph in graphs.values() for record in graph.subjects(link, source)}
    return {
        "title": str(folder.facts["title"]),
        "citation": folder.citation,
        "text_licence": str(folder.facts["licence"]),
        "data_licence": folder.data_licence,
        "text_sha256": str(folder.facts["text_sha256"]),
        "records": len(records),
    }


def _dataset(node: URIRef, title: str, graph: Graph) -> Iterator[tuple[Node, Node, Node]]:
    yield node, RDF.type, VOID.Dataset
    yield node, DCTERMS.title, Literal(title, lang="en")
    yield node, VOID.triples, Literal(len(graph))
    classes = Counter(kind for kind in graph.objects(None, RDF.type) if isinstance(kind, URIRef))
    properties = Counter(predicate for _, predicate, _ in graph)
    yield node, VOID.classes, Literal(len(classes))
    yield node, VOID.properties, Literal(len(properties))
    for kind, number in sorted(classes.items()):
        part = _part(node, "class", kind)
        yield node, VOID.classPartition, part
        yield part, VOID["class"], kind
        yield part, VOID.entities, Literal(number)
    for predicate, number in sorted(properties.items()):
        part = _part(node, "property", URIRef(str(predicate)))
        yield node, VOID.propertyPartition, part
        yield part, VOID.property, URIRef(str(predicate))
        yield part, VOID.triples, Literal(number)


def _part(node: URIRef, kind: str, iri: URIRef) -> URIRef:
    """IRI of a partition, so that no blank node is needed."""
    return URIRef(f"{node}/{kind}/{names.converter().compress(iri) or iri.rsplit('/', 1)[-1]}")
