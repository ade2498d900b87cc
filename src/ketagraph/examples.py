"""Questions in, SHACL executables out: the form of SIB's query examples, for editors and assistants.

See https://github.com/sib-swiss/sparql-examples. Parameters stand at their defaults; prefixes are declared
beside the queries, which also name their own, and nothing is a blank node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rdflib import OWL, RDF, RDFS, SDO, SH, XSD, Graph, Literal, URIRef

from ketagraph import guard, names, questions, rdf
from ketagraph.questions import Question

__all__ = ["describe", "executables"]

_FORMS = {"SELECT": ("SPARQLSelectExecutable", "select"), "ASK": ("SPARQLAskExecutable", "ask")}
_FORMS |= dict.fromkeys(("CONSTRUCT", "DESCRIBE"), ("SPARQLConstructExecutable", "construct"))
_PREFIXES = URIRef(names.BASE + "prefixes")


def executables(found: Iterable[Question], resolve: Callable[[str], str]) -> Graph:
    """Return every question as an executable, with our prefixes; ``resolve`` turns a name into an IRI."""
    described = rdf.new_graph()
    described.bind("sh", str(SH))
    for question in found:
        described += describe(question, resolve)
    described.add((_PREFIXES, RDF.type, OWL.Ontology))
    for prefix, iri in names.PREFIXES.items():
        declared = URIRef(f"{_PREFIXES}/{prefix}")
        described.add((_PREFIXES, SH.declare, declared))
        described.add((declared, RDF.type, SH.PrefixDeclaration))
        described.add((declared, SH.prefix, Literal(prefix)))
        described.add((declared, SH.namespace, Literal(iri, datatype=XSD.anyURI)))
    return described


def describe(question: Question, resolve: Callable[[str], str]) -> Graph:
    """Return one question as a SHACL executable."""
    node = URIRef(names.BASE + "example/" + question.slug)
    text = questions.bind(question, {}, resolve)
    kind, predicate = _FORMS[guard.check(text).form]
    described = rdf.new_graph()
    described.add((node, RDF.type, SH.SPARQLExecutable))
    described.add((node, RDF.type, SH[kind]))
    described.add((node, RDFS.label, Literal(question.slug.replace("-", " "), lang="en")))
    described.add((node, RDFS.comment, Literal(question.summary, lang="en")))
    described.add((node, SH.prefixes, _PREFIXES))
    described.add((node, SH[predicate], Literal(text)))
    described.add((node, SDO.target, URIRef(names.BASE + "sparql")))
    for tag in question.tags:
        described.add((node, SDO.keywords, Literal(tag)))
    return described
