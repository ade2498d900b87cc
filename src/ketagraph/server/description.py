"""A configuration in, a SPARQL 1.1 service description out: what this endpoint speaks, and its limits.

See https://www.w3.org/TR/sparql11-service-description/.
"""

from __future__ import annotations

from ketagraph import names
from ketagraph.server.config import ServeConfig
from ketagraph.store.evaluation import transcode
from ketagraph.store.formats import BINDINGS, GRAPHS

__all__ = ["describe"]

_SD = names.PREFIXES["sd"]
_FORMATS = "http://www.w3.org/ns/formats/"
_RESULTS = {"json": "SPARQL_Results_JSON", "xml": "SPARQL_Results_XML"}
_RESULTS |= {"csv": "SPARQL_Results_CSV", "tsv": "SPARQL_Results_TSV"}
_RESULTS |= {"turtle": "Turtle", "ntriples": "N-Triples", "rdfxml": "RDF_XML"}
_RESULTS |= {"jsonld": "JSON-LD", "trig": "TriG", "nquads": "N-Quads"}
_SHOWN = ("dcterms", "keta", "sd", "xsd")


def describe(config: ServeConfig, endpoint: str, media_type: str) -> bytes:
    """Describe the service at ``endpoint`` (its URL) in one of the media types for graphs."""
    statements = "".join(
        f"<{endpoint}> {predicate} {value} .\n" for predicate, value in _facts(config, endpoint)
    )
    prefixes = {prefix: names.PREFIXES[prefix] for prefix in _SHOWN}
    return transcode(statements.encode(), "application/n-triples", media_type, prefixes)


def _facts(config: ServeConfig, endpoint: str) -> list[tuple[str, str]]:
    """Predicates and objects in N-Triples."""
    xsd = names.PREFIXES["xsd"]
    formats = sorted({_RESULTS[kind] for kind in (*BINDINGS.values(), *GRAPHS.values())})
    return [
        (f"<{names.PREFIXES['rdf']}type>", f"<{_SD}Service>"),
        (f"<{_SD}endpoint>", f"<{endpoint}>"),
        (f"<{_SD}supportedLanguage>", f"<{_SD}SPARQL11Query>"),
        *([(f"<{_SD}feature>", f"<{_SD}UnionDefaultGraph>")] if config.union_default_graph else []),
        *((f"<{_SD}resultFormat>", f"<{_FORMATS}{name}>") for name in formats),
        (f"<{names.term('timeoutSeconds')}>", f'"{config.timeout:g}"^^<{xsd}decimal>'),
        (f"<{names.term('maxRows')}>", f'"{config.max_rows}"^^<{xsd}integer>'),
    ]
