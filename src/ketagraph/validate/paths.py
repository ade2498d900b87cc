"""SHACL property paths as values: read from a shapes graph, written as SPARQL or again as SHACL.

See https://www.w3.org/TR/shacl/#property-paths
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rdflib import RDF, SH, BNode, Graph, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

__all__ = ["Path", "read_path"]

_SUFFIXES = {"zeroOrMorePath": "*", "oneOrMorePath": "+", "zeroOrOnePath": "?"}
_UNARY = ("inversePath", *_SUFFIXES)


@dataclass(frozen=True, slots=True)
class Path:
    """A predicate (``kind`` empty, ``iri`` given), or a SHACL path of ``kind`` over its ``parts``.

    Kinds are SHACL's own words (alternativePath, inversePath, …) and ``sequence``.
    """

    kind: str = ""
    iri: str = ""
    parts: tuple[Path, ...] = ()

    def __str__(self) -> str:
        """Write it as a SPARQL property path, IRIs in full."""
        if not self.kind:
            return f"<{self.iri}>"
        inner = [f"({part})" if part.kind else str(part) for part in self.parts]
        if self.kind == "inversePath":
            return f"^{inner[0]}"
        if self.kind in _SUFFIXES:
            return inner[0] + _SUFFIXES[self.kind]
        return ("/" if self.kind == "sequence" else "|").join(inner)

    @property
    def predicates(self) -> tuple[str, ...]:
        """The predicates whose triples are all that the path walks; empty for longer paths."""
        if not self.kind:
            return (self.iri,)
        parts = self.parts if self.kind == "alternativePath" else ()
        return tuple(part.iri for part in parts) if all(not part.kind for part in parts) else ()

    def described(self, subject: URIRef, predicate: URIRef) -> Iterator[tuple[Node, Node, Node]]:
        """Yield the path as SHACL says it, as the object of ``predicate``; its nodes get IRIs."""
        if not self.kind:
            yield subject, predicate, URIRef(self.iri)
            return
        node = URIRef(f"{subject}-{predicate.rsplit('#', 1)[-1]}")
        yield subject, predicate, node
        if self.kind in _UNARY:
            yield from self.parts[0].described(node, SH[self.kind])
        elif self.kind == "sequence":
            yield from _listed(node, self.parts)
        else:
            head = URIRef(f"{node}-{self.kind}")
            yield node, SH[self.kind], head
            yield from _listed(head, self.parts)


def _listed(head: URIRef, parts: tuple[Path, ...]) -> Iterator[tuple[Node, Node, Node]]:
    """Yield an RDF list whose first cell is ``head``."""
    for number, part in enumerate(parts, start=1):
        yield from part.described(head, RDF.first)
        rest = URIRef(f"{head}-{number}") if number < len(parts) else RDF.nil
        yield head, RDF.rest, rest
        head = rest


def read_path(shapes: Graph, node: Node) -> Path:
    """Read the path that ``node`` stands for.

    Raises:
        ValueError: it is none.
    """
    if isinstance(node, URIRef):
        return Path(iri=str(node))
    if (node, RDF.first, None) in shapes:
        return Path("sequence", parts=_parts(shapes, node))
    for kind in _UNARY:
        inner = shapes.value(node, SH[kind])
        if inner is not None:
            return Path(kind, parts=(read_path(shapes, inner),))
    alternatives = shapes.value(node, SH.alternativePath)
    if isinstance(alternatives, BNode | URIRef):
        return Path("alternativePath", parts=_parts(shapes, alternatives))
    raise ValueError("a path that SHACL does not define")


def _parts(shapes: Graph, head: Node) -> tuple[Path, ...]:
    return tuple(read_path(shapes, node) for node in Collection(shapes, head))
