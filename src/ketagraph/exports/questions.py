"""Questions as SHACL executables, the form in which SIB publishes its query examples.

See https://github.com/sib-swiss/sparql-examples. Parameters stand at their defaults.
"""

from __future__ import annotations

from collections.abc import Callable

from rdflib import RDF, RDFS, SH, Graph, Literal, Namespace, URIRef

from ketagraph import guard, names, questions, rdf
from ketagraph.exports.model import Export, Material
from ketagraph.questions import Question

__all__ = ["describe", "sparql_examples"]

_SCHEMA = Namespace(names.PREFIXES["schema"])
_FORMS = {"SELECT": ("SPARQLSelectExecutable", "select"), "ASK": ("SPARQLAskExecutable", "ask")}
_FORMS |= dict.fromkeys(("CONSTRUCT", "DESCRIBE"), ("SPARQLConstructExecutable", "construct"))


def sparql_examples(known: Material) -> Export:
    """Turtle: ``sparql-examples.ttl``."""
    described = rdf.new_graph()
    described.bind("sh", str(SH))
    for path in sorted(known.where.queries.glob("*.rq")):
        described += describe(questions.read(path), known.kg.resolve)
    notes = dict.fromkeys(("dose", "scope"), "questions, not answers")
    return Export({"sparql-examples.ttl": rdf.turtle(described).encode()}, {}, notes)


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
    described.add((node, SH[predicate], Literal(text)))
    described.add((node, _SCHEMA.target, URIRef(names.BASE + "sparql")))
    for tag in question.tags:
        described.add((node, _SCHEMA.keywords, Literal(tag)))
    return described
