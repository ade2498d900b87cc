"""Equal graphs give equal bytes."""

from __future__ import annotations

from rdflib import OWL, RDF, BNode, Graph, Literal, URIRef

from ketagraph import names, rdf


def restriction(order: int) -> Graph:
    graph, nodes = Graph(), [BNode(), BNode()]
    triples = [
        (URIRef(names.term("A")), OWL.equivalentClass, nodes[0]),
        (nodes[0], RDF.type, OWL.Restriction),
        (nodes[0], OWL.someValuesFrom, nodes[1]),
        (nodes[1], RDF.type, OWL.Class),
    ]
    for triple in triples[::order]:
        graph.add(triple)
    return graph


def test_blank_nodes_are_named_after_their_content() -> None:
    one, other = (rdf.nquads({"ontology": rdf.canonical(restriction(order))}) for order in (1, -1))
    assert one == other


def test_turtle_of_equal_graphs_is_equal_and_reads_back() -> None:
    text = rdf.turtle(restriction(1))
    assert text == rdf.turtle(restriction(-1))
    assert rdf.turtle(Graph().parse(data=text, format="turtle")) == text


def test_turtle_blocks_are_sorted_by_subject() -> None:
    graph = Graph()
    for name in "BAC":
        graph.add((URIRef(names.term(name)), RDF.type, OWL.Class))
        graph.add((URIRef(names.term("A")), URIRef(names.term("p")), URIRef(names.term(name))))
    subjects = [line for line in rdf.turtle(graph).splitlines() if line.startswith("keta:")]
    assert subjects == ["keta:A", "keta:B", "keta:C"]


def test_nquads_are_sorted_utf8_with_their_graph() -> None:
    graph = Graph()
    graph.add((URIRef(names.thing("x")), URIRef(names.term("p")), Literal('μ\n"quoted"', lang="en")))
    assert rdf.nquads({"evidence": graph}).decode() == (
        '<https://w3id.org/ketagraph/id/x> <https://w3id.org/ketagraph/p> "μ\\n\\"quoted\\""@en '
        "<https://w3id.org/ketagraph/graph/evidence> .\n"
    )
