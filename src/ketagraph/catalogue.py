"""A description of the dataset for catalogues and search engines: DCAT 3 and schema.org, licence per graph.

See https://www.w3.org/TR/vocab-dcat-3/ and https://schema.org/Dataset. The same facts make the triples of
the graph ``void`` and the markup of the pages. Nothing here knows when it was published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rdflib import DCTERMS, OWL, RDF, SDO, Literal, Namespace, URIRef
from rdflib.term import Node

from ketagraph import __version__, names

__all__ = ["LICENCE", "markup", "triples"]

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_TITLE = "KetaGraph"
_SUMMARY = "An evidence knowledge graph of ketamine for chronic pain, with null findings and contradictions."
_KEYWORDS = ("chronic pain", "evidence", "ketamine", "knowledge graph", "null findings", "SPARQL")
_CREATOR = "The KetaGraph developers"
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
_FILES = (
    ("nquads", "ketagraph.nq", "application/n-quads"),
    ("ontology", "ontology.ttl", "text/turtle"),
    ("void", "void.ttl", "text/turtle"),
)
_DATASET = URIRef(names.BASE + "dataset")
_VERSION = URIRef(f"{names.BASE}release/{__version__}")
# rdflib's own knows DCAT 2 only, and warns of newer terms.
_DCAT = Namespace(names.PREFIXES["dcat"])
_SD = Namespace(names.PREFIXES["sd"])

_Triple = tuple[Node, Node, Node]


def triples(graphs: Iterable[str], sources: Iterable[str] = ()) -> Iterator[_Triple]:
    """Yield what catalogues want to know of the whole, version, files, endpoint and ``graphs``.

    ``sources`` are the IRIs of the texts that it was taken from.
    """
    for kind in (_DCAT.Dataset, SDO.Dataset):
        yield _DATASET, RDF.type, kind
    yield from _whole()
    for source in sources:
        yield _DATASET, DCTERMS.source, URIRef(source)
        yield _DATASET, SDO.isBasedOn, URIRef(source)
    yield from _version()
    for slug, name, media_type in _FILES:
        yield from _file(slug, name, media_type)
    yield from _service()
    for name in graphs:
        graph = URIRef(names.graph(name))
        yield graph, DCTERMS.license, URIRef(LICENCE)
        yield graph, DCTERMS.isPartOf, _DATASET
        yield graph, _SD.name, graph


def _whole() -> Iterator[_Triple]:
    yield _DATASET, DCTERMS.description, Literal(_SUMMARY, lang="en")
    yield _DATASET, DCTERMS.license, URIRef(LICENCE)
    yield _DATASET, DCTERMS.publisher, Literal(_CREATOR)
    yield _DATASET, SDO.name, Literal(_TITLE)
    yield _DATASET, SDO.description, Literal(_SUMMARY, lang="en")
    yield _DATASET, SDO.license, URIRef(LICENCE)
    yield _DATASET, SDO.version, Literal(__version__)
    for word in _KEYWORDS:
        yield _DATASET, _DCAT.keyword, Literal(word, lang="en")


def _version() -> Iterator[_Triple]:
    """Yield the version that the dataset is at: its IRI stays when the next one comes."""
    yield _DATASET, _DCAT.hasCurrentVersion, _VERSION
    yield _VERSION, RDF.type, _DCAT.Dataset
    yield _VERSION, _DCAT.isVersionOf, _DATASET
    yield _VERSION, DCTERMS.title, Literal(f"{_TITLE} {__version__}", lang="en")
    yield _VERSION, DCTERMS.license, URIRef(LICENCE)
    yield _VERSION, OWL.versionInfo, Literal(__version__)


def _file(slug: str, name: str, media_type: str) -> Iterator[_Triple]:
    node = URIRef(f"{names.BASE}distribution/{slug}")
    yield _DATASET, _DCAT.distribution, node
    yield node, RDF.type, _DCAT.Distribution
    yield node, DCTERMS.title, Literal(name)
    yield node, DCTERMS.license, URIRef(LICENCE)
    yield node, _DCAT.downloadURL, URIRef(f"{names.BASE}data/{name}")
    yield node, _DCAT.mediaType, URIRef(_MEDIA_TYPES + media_type)


def _service() -> Iterator[_Triple]:
    node = URIRef(names.BASE + "sparql")
    yield node, RDF.type, _DCAT.DataService
    yield node, DCTERMS.title, Literal(f"{_TITLE} SPARQL endpoint", lang="en")
    yield node, _DCAT.endpointURL, node
    yield node, _DCAT.servesDataset, _DATASET


def markup(address: str, files: Iterable[str] = ()) -> dict[str, object]:
    """Return schema.org's Dataset for a page: ``address`` is the server's, with its slash at the end."""
    forms = {name: media_type for _, name, media_type in _FILES}
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": str(_DATASET),
        "name": _TITLE,
        "description": _SUMMARY,
        "version": __version__,
        "url": address,
        "identifier": str(_VERSION),
        "license": LICENCE,
        "isAccessibleForFree": True,
        "keywords": list(_KEYWORDS),
        "creator": {"@type": "Organization", "name": _CREATOR},
        "distribution": [
            {
                "@type": "DataDownload",
                "name": name,
                "encodingFormat": forms[name],
                "contentUrl": f"{address}data/{name}",
            }
            for name in files
            if name in forms
        ],
    }
