"""IRIs and texts in, N-Triples out: the few statements that every simple ontology format comes down to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ketagraph import names

__all__ = ["CLASS", "ONTOLOGY", "iri", "literal", "restriction", "statement", "term"]

_RDF, _RDFS, _OWL, _SKOS = (names.PREFIXES[prefix] for prefix in ("rdf", "rdfs", "owl", "skos"))
_OBO = "http://purl.obolibrary.org/obo/"
_FORBIDDEN = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
_SPELT = {
    "type": _RDF + "type",
    "label": _RDFS + "label",
    "parent": _RDFS + "subClassOf",
    "definition": _OBO + "IAO_0000115",
    "synonym": _SKOS + "altLabel",
    "deprecated": _OWL + "deprecated",
    "replaced": _OBO + "IAO_0100001",
    "version": _OWL + "versionInfo",
    "license": names.PREFIXES["dcterms"] + "license",
    "xref": "http://www.geneontology.org/formats/oboInOwl#hasDbXref",
    "on": _OWL + "onProperty",
    "some": _OWL + "someValuesFrom",
}
CLASS = f"<{_OWL}Class>"
ONTOLOGY = f"<{_OWL}Ontology>"


def iri(text: str) -> str:
    """Return an IRI in angle brackets: of a CURIE of ours, of the OBO library's form A:1, or as it stands.

    Raises:
        ValueError: it has characters that no IRI has.
    """
    found = text if text.startswith(("http://", "https://", "urn:")) else names.expand(text)
    if found is None:
        prefix, _, rest = text.partition(":")
        found = f"{_OBO}{prefix}_{rest}" if rest else f"{_OBO}{text}"
    if _FORBIDDEN.search(found):
        raise ValueError(f"{text!r} is not an identifier")
    return f"<{found}>"


def literal(text: str) -> str:
    """Return text as a plain literal."""
    return '"' + re.sub(r'[\\"\n\r]', lambda found: _ESCAPES[found[0]], text) + '"'


def term(name: str) -> str:
    """Return the property that stands for a short name such as ``label``, ``parent``, ``deprecated``."""
    return f"<{_SPELT[name]}>"


def statement(subject: str, name: str, value: str) -> str:
    """Return one statement; ``name`` as for :func:`term`."""
    return f"{subject} {term(name)} {value} ."


def restriction(subject: str, relation: str, target: str, number: int) -> Iterator[str]:
    """Yield that every ``subject`` has ``relation`` to some ``target``; ``number`` names the blank node."""
    node = f"_:r{number}"
    yield statement(subject, "parent", node)
    yield statement(node, "type", f"<{_OWL}Restriction>")
    yield statement(node, "on", relation)
    yield statement(node, "some", target)
