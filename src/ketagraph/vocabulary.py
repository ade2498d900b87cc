"""Turtle modules in, the ontology and what tables may name out; a syntax error names file and line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rdflib import OWL, RDF, RDFS, Graph, URIRef
from rdflib.exceptions import ParserError
from rdflib.plugins.parsers.notation3 import BadSyntax

from ketagraph import names, rdf
from ketagraph.errors import Fault, SourceError
from ketagraph.sources import Layout

__all__ = ["Vocabulary", "read_ontology", "read_turtle"]

_PROPERTY_KINDS = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)


@dataclass(frozen=True)
class Vocabulary:
    """What the ontology lets tables name; terms go by their local names (``Ketamine``)."""

    graph: Graph

    @cached_property
    def parents(self) -> Mapping[str, frozenset[str]]:
        """Class → its asserted direct superclasses."""
        found: dict[str, set[str]] = {name: set() for name in self._declared(OWL.Class)}
        for child, parent in self.graph.subject_objects(RDFS.subClassOf):
            if (name := _local(child)) and (above := _local(parent)):
                found.setdefault(name, set()).add(above)
        return {name: frozenset(above) for name, above in found.items()}

    @cached_property
    def individuals(self) -> Mapping[str, frozenset[str]]:
        """Named individual → the classes it is asserted to belong to."""
        found: dict[str, set[str]] = defaultdict(set)
        for subject, kind in self.graph.subject_objects(RDF.type):
            if (name := _local(subject)) and (above := _local(kind)):
                found[name].add(above)
        return {name: frozenset(kinds) for name, kinds in found.items()}

    @cached_property
    def properties(self) -> frozenset[str]:
        """Every declared property of ours."""
        return frozenset(name for kind in _PROPERTY_KINDS for name in self._declared(kind))

    def ancestors(self, name: str) -> frozenset[str]:
        """``name`` and every asserted superclass above it."""
        seen, todo = {name}, [name]
        while todo:
            fresh = self.parents.get(todo.pop(), frozenset()) - seen
            seen |= fresh
            todo.extend(fresh)
        return frozenset(seen)

    def belongs(self, name: str, target: str) -> bool:
        """Whether ``name`` is a class at or below ``target``, or an individual of such a class."""
        kinds = self.individuals.get(name, frozenset())
        return target in self.ancestors(name) or any(target in self.ancestors(kind) for kind in kinds)

    def members(self, target: str) -> Iterator[str]:
        """Yield, sorted, the classes below ``target`` and the individuals of them."""
        for name in sorted({*self.parents, *self.individuals}):
            if name != target and self.belongs(name, target):
                yield name

    def _declared(self, kind: URIRef) -> Iterator[str]:
        for subject in self.graph.subjects(RDF.type, kind):
            if name := _local(subject):
                yield name


def read_ontology(where: Layout) -> Vocabulary:
    """Merge the Turtle modules of ontology/ (not its shapes).

    Raises:
        SourceError: a module that is not Turtle, with file and line.
    """
    merged = rdf.new_graph()
    for path in sorted(where.ontology.glob("*.ttl")):
        read_turtle(path, where, into=merged)
    return Vocabulary(merged)


def read_turtle(path: Path, where: Layout, *, into: Graph | None = None) -> Graph:
    """Parse one Turtle file; owl:imports is never followed.

    Raises:
        SourceError: the file is not Turtle in UTF-8.
    """
    graph = rdf.new_graph() if into is None else into
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        return graph.parse(data=text, format="turtle")
    except BadSyntax as error:
        # rdflib counts lines from 0, and runs past the end where the file breaks off.
        line = min(error.lines + 1, text.count("\n"))
        fault = Fault(where.show(path), line, "", f"Turtle syntax: {_reason(error)}")
        raise SourceError([fault]) from error
    except (ParserError, UnicodeDecodeError, ValueError) as error:
        raise SourceError([Fault(where.show(path), 0, "", f"not Turtle in UTF-8: {error}")]) from error


def _reason(error: BadSyntax) -> str:
    # BadSyntax's text repeats the whole neighbourhood; its private reason is the one-liner.
    return re.sub(r"\s+", " ", str(getattr(error, "_why", "") or error)).strip()


def _local(node: object) -> str:
    text = str(node) if isinstance(node, URIRef) else ""
    return (
        text.removeprefix(names.BASE)
        if text.startswith(names.BASE) and "/" not in text[len(names.BASE) :]
        else ""
    )
