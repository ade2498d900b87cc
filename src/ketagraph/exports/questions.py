"""Questions as SHACL executables in a file of their own; see :mod:`ketagraph.examples`."""

from __future__ import annotations

from ketagraph import examples, questions, rdf
from ketagraph.exports.model import Export, Material

__all__ = ["sparql_examples"]


def sparql_examples(known: Material) -> Export:
    """Turtle: ``sparql-examples.ttl``."""
    found = [questions.read(path) for path in sorted(known.where.queries.glob("*.rq"))]
    described = examples.executables(found, known.kg.resolve)
    notes = dict.fromkeys(("dose", "scope"), "questions, not answers")
    return Export({"sparql-examples.ttl": rdf.turtle(described).encode()}, {}, notes)
