"""A configuration in, a SPARQL 1.1 service description out: what this endpoint speaks, and its limits.

See https://www.w3.org/TR/sparql11-service-description/; the limits are terms of our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ketagraph import guard, names
from ketagraph.questions.terms import term
from ketagraph.server.config import ServeConfig
from ketagraph.store.evaluation import transcode
from ketagraph.store.formats import BINDINGS, GRAPHS

__all__ = ["describe", "describe_dataset"]

_Triple = tuple[str, str, str]

_SD = names.PREFIXES["sd"]
_VOID = names.PREFIXES["void"]
_XSD = names.PREFIXES["xsd"]
_TYPE = f"{names.PREFIXES['rdf']}type"
_FORMATS = "http://www.w3.org/ns/formats/"
_RESULTS = {"json": "SPARQL_Results_JSON", "xml": "SPARQL_Results_XML"}
_RESULTS |= {"csv": "SPARQL_Results_CSV", "tsv": "SPARQL_Results_TSV"}
_RESULTS |= {"turtle": "Turtle", "ntriples": "N-Triples", "rdfxml": "RDF_XML"}
_RESULTS |= {"jsonld": "JSON-LD", "trig": "TriG", "nquads": "N-Quads"}
_SHOWN = ("dcterms", "keta", "sd", "void", "xsd")

_FUNCTIONS = (
    "date",
    "dayTimeDuration",
    "duration",
    "gDay",
    "gMonth",
    "gMonthDay",
    "gYear",
    "gYearMonth",
    "time",
    "yearMonthDuration",
)
"""Casts that the engine knows beyond those of SPARQL 1.1, section 17.5."""


def describe(config: ServeConfig, graphs: Sequence[str], endpoint: str, media_type: str) -> bytes:
    """Describe the service at ``endpoint`` (its URL) in one of the media types for graphs."""
    found = [*_service(config, endpoint), *_limits(config, endpoint), *_dataset(graphs, endpoint)]
    return _written(found, media_type)


def describe_dataset(title: str, endpoint: str, media_type: str) -> bytes:
    """Describe data of which nothing more is known, as VoID (https://www.w3.org/TR/void/)."""
    dataset = f"{endpoint}#dataset"
    found = [
        (dataset, _TYPE, _iri(f"{_VOID}Dataset")),
        (dataset, f"{names.PREFIXES['dcterms']}title", term("literal", title)),
        (dataset, f"{_VOID}sparqlEndpoint", _iri(endpoint)),
    ]
    return _written(found, media_type)


def _service(config: ServeConfig, endpoint: str) -> Iterator[_Triple]:
    yield endpoint, _TYPE, _iri(f"{_SD}Service")
    yield endpoint, f"{_SD}endpoint", _iri(endpoint)
    yield endpoint, f"{_SD}supportedLanguage", _iri(f"{_SD}SPARQL11Query")
    if config.union_default_graph:
        yield endpoint, f"{_SD}feature", _iri(f"{_SD}UnionDefaultGraph")
    if config.allow_service:
        yield endpoint, f"{_SD}feature", _iri(f"{_SD}BasicFederatedQuery")
    for name in sorted({_RESULTS[kind] for kind in (*BINDINGS.values(), *GRAPHS.values())}):
        yield endpoint, f"{_SD}resultFormat", _iri(_FORMATS + name)
    for name in _FUNCTIONS:
        yield endpoint, f"{_SD}extensionFunction", _iri(_XSD + name)
        yield _XSD + name, _TYPE, _iri(f"{_SD}Function")


def _limits(config: ServeConfig, endpoint: str) -> Iterator[_Triple]:
    yield endpoint, names.term("timeoutSeconds"), f'"{config.timeout:g}"^^<{_XSD}decimal>'
    yield endpoint, names.term("maxRows"), _number(config.max_rows)
    yield endpoint, names.term("memoryMegabytes"), _number(config.memory_mb)
    yield endpoint, names.term("maxQueryBytes"), _number(guard.Limits().max_bytes)


def _dataset(graphs: Sequence[str], endpoint: str) -> Iterator[_Triple]:
    dataset, default = f"{endpoint}#dataset", f"{endpoint}#default-graph"
    yield endpoint, f"{_SD}defaultDataset", _iri(dataset)
    yield dataset, _TYPE, _iri(f"{_SD}Dataset")
    yield dataset, f"{_SD}defaultGraph", _iri(default)
    yield default, _TYPE, _iri(f"{_SD}Graph")
    for number, graph in enumerate(graphs, 1):
        node = f"{endpoint}#graph-{number}"
        yield dataset, f"{_SD}namedGraph", _iri(node)
        yield node, _TYPE, _iri(f"{_SD}NamedGraph")
        yield node, f"{_SD}name", _iri(graph)


def _written(found: Sequence[_Triple], media_type: str) -> bytes:
    statements = "".join(f"<{subject}> <{predicate}> {value} .\n" for subject, predicate, value in found)
    prefixes = {prefix: names.PREFIXES[prefix] for prefix in _SHOWN}
    return transcode(statements.encode(), "application/n-triples", media_type, prefixes)


def _iri(value: str) -> str:
    return f"<{value}>"


def _number(value: int) -> str:
    return f'"{value}"^^<{_XSD}integer>'
