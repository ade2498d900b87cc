"""RDF in and out, the same bytes for the same triples: sorted N-Quads and canonical Turtle."""

from __future__ import annotations

import io
from collections.abc import Mapping

from rdflib import BNode, Graph
from rdflib.compare import to_canonical_graph
from rdflib.plugins.serializers.longturtle import LongTurtleSerializer
from rdflib.term import Node

from ketagraph import names

__all__ = ["canonical", "new_graph", "nquads", "ntriples", "turtle"]


class _SortedTurtle(LongTurtleSerializer):
    """rdflib's one-predicate-a-line Turtle, with blocks by subject instead of by popularity."""

    def orderSubjects(self) -> list[Node]:  # noqa: N802
        """Named subjects by IRI, then the blank nodes that nothing refers to."""
        return sorted(self._subjects, key=self._place)

    def _place(self, node: Node) -> tuple[bool, int, str]:
        # A blank node that another refers to must wait, or it would be written apart from it.
        return (True, self._references[node], str(node)) if isinstance(node, BNode) else (False, 0, str(node))


def new_graph() -> Graph:
    """Return an empty graph that knows our prefixes and no others."""
    return _bind(Graph(bind_namespaces="none"))


def canonical(graph: Graph) -> Graph:
    """Return a copy of ``graph`` whose blank nodes are named after their content, so that bytes are stable.

    The naming is rdflib's isomorphism hash; see
    https://rdflib.readthedocs.io/en/stable/apidocs/rdflib.compare/
    """
    copy = new_graph()
    for triple in to_canonical_graph(graph):
        copy.add(triple)
    return copy


def turtle(graph: Graph) -> str:
    """Turtle, one predicate per line, blocks sorted by subject; equal graphs give equal text."""
    # Blank nodes are written in the order of their names, so these must come from their content.
    graph = canonical(graph)
    buffer = io.BytesIO()
    serializer: LongTurtleSerializer = _SortedTurtle(_bind(graph))  # type: ignore[no-untyped-call]
    serializer.serialize(buffer, encoding="utf-8")
    lines = buffer.getvalue().decode().rstrip("\n").split("\n")
    # The serialiser leaves indented empty lines inside lists.
    return "".join(line.rstrip() + "\n" for line in lines if line.strip() or not line)


def ntriples(graph: Graph) -> list[bytes]:
    """Return the triples of ``graph`` as sorted N-Triples lines, UTF-8, each without its line end."""
    # Without the encoding, rdflib's N-Triples serialiser escapes to ASCII.
    lines = graph.serialize(format="nt", encoding="utf-8").splitlines()
    return sorted({line for line in lines if line})


def nquads(graphs: Mapping[str, Graph]) -> bytes:
    """Sorted N-Quads of ``graphs`` (graph name → triples), UTF-8, one statement a line.

    Blank nodes keep their labels: pass :func:`canonical` graphs where the bytes must be stable.
    """
    lines = [
        line.removesuffix(b".") + f"<{names.graph(name)}> .\n".encode()
        for name, graph in graphs.items()
        for line in ntriples(graph)
    ]
    return b"".join(sorted(lines))


def _bind(graph: Graph) -> Graph:
    for prefix, iri in names.PREFIXES.items():
        graph.bind(prefix, iri, override=True, replace=True)
    return graph
