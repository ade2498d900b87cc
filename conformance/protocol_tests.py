"""The W3C's protocol and service description tests in, faults by name out; updates must be refused.

See https://www.w3.org/TR/sparql11-protocol/ and https://www.w3.org/TR/sparql11-service-description/.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from endpoint import Endpoint, Response, quads, serving
from manifest import BASE, MF, entries
from rdflib import RDF, RDFS, Graph, Namespace
from rdflib.collection import Collection
from rdflib.term import Node

__all__ = ["ProtocolVerdict", "judge_protocol"]

_HT = Namespace("http://www.w3.org/2011/http#")
_CNT = Namespace("http://www.w3.org/2011/content#")
_UT = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
_SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
_JSON = "application/sparql-results+json"
_XML = "application/sparql-results+xml"
_FORMATS = {
    "boolean": {_JSON, _XML},
    "tabular": {_JSON, _XML, "text/csv", "text/tab-separated-values"},
    "RDF": {"text/turtle", "application/rdf+xml", "application/n-triples", "application/ld+json"},
}


@dataclass(frozen=True, slots=True)
class ProtocolVerdict:
    """``fault`` is empty where the test passed; ``is_update`` marks what a read-only service refuses."""

    name: str
    fault: str
    is_update: bool = False


def judge_protocol(checkout: Path) -> Iterator[ProtocolVerdict]:
    """Run every protocol test, and the three of the service description, against one server."""
    folder = checkout / "sparql" / "sparql11" / "protocol"
    manifest = folder / "manifest.ttl"
    graph = Graph().parse(manifest, publicID=manifest.as_uri())
    with serving(quads((), sorted(_data(graph)))) as endpoint:
        for entry in entries(graph):
            yield _judge(graph, entry, endpoint)
        yield from _description(endpoint)


def _data(graph: Graph) -> set[tuple[str, Path]]:
    return {
        (
            str(graph.value(given, RDFS.label)),
            Path(unquote(urlsplit(str(graph.value(given, _UT.graph))).path)),
        )
        for given in graph.objects(None, _UT.graphData)
    }


def _judge(graph: Graph, entry: Node, endpoint: Endpoint) -> ProtocolVerdict:
    name = str(entry).rpartition("#")[2]
    head = graph.value(graph.value(entry, MF.action), _HT.requests)
    for request in Collection(graph, head) if head else ():
        response = endpoint.send(*_request(graph, request))
        if fault := _fault(graph, graph.value(request, _HT.resp), response):
            # What an update should have changed cannot be seen once it has been refused.
            return ProtocolVerdict(name, fault, name.startswith("update_") and response.status == 403)
    return ProtocolVerdict(name, "")


def _request(graph: Graph, request: Node) -> tuple[str, str, bytes, dict[str, str]]:
    body = graph.value(request, _HT.body)
    encoding = str(graph.value(body, _CNT.characterEncoding) or "UTF-8")
    listed = graph.value(request, _HT.headers)
    headers = Collection(graph, listed) if listed else ()
    return (
        str(graph.value(request, _HT.methodName)),
        str(graph.value(request, _HT.absolutePath)),
        str(graph.value(body, _CNT.chars) or "").encode(encoding),
        {
            str(graph.value(header, _HT.fieldName)): str(graph.value(header, _HT.fieldValue))
            for header in headers
        },
    )


def _fault(graph: Graph, expected: Node | None, response: Response) -> str:
    statuses = sorted(str(status)[-3:] for status in graph.objects(expected, MF.expectedStatus))
    if f"{response.status // 100}xx" not in statuses:
        return f"expected {' or '.join(statuses)}, found {response.status}"
    wanted = str(graph.value(expected, MF.expectedFormat) or "")
    if wanted and response.media_type not in _FORMATS[wanted]:
        return f"expected {wanted}, found {response.media_type}"
    truth = graph.value(expected, MF.expectedBoolean)
    if truth is not None and _boolean(response) != (str(truth) == "true"):
        return f"expected {truth}"
    return ""


def _boolean(response: Response) -> bool | None:
    if response.media_type == _JSON:
        told = json.loads(response.body).get("boolean")
        return told if isinstance(told, bool) else None
    found = ElementTree.fromstring(response.body).find("{*}boolean")  # noqa: S314 - our own server's
    return None if found is None else found.text == "true"


def _description(endpoint: Endpoint) -> Iterator[ProtocolVerdict]:
    response = endpoint.fetch()
    if response.media_type not in _FORMATS["RDF"]:
        yield ProtocolVerdict("returns-rdf", f"expected RDF, found {response.media_type}")
        return
    yield ProtocolVerdict("returns-rdf", "")
    graph = Graph().parse(data=response.body, format=response.media_type, publicID=BASE)
    services = list(graph.subjects(RDF.type, _SD.Service))
    named = [str(node) for service in services for node in graph.objects(service, _SD.endpoint)]
    yield ProtocolVerdict("has-endpoint-triple", "" if named == [BASE + "sparql"] else f"found {named}")
    yield ProtocolVerdict("conforms-to-schema", _schema_fault(graph))


def _schema_fault(graph: Graph) -> str:
    """Terms of the vocabulary only, languages and features among those that it names."""
    known = {"Service", "endpoint", "supportedLanguage", "feature", "resultFormat", "defaultDataset"}
    known |= {"SPARQL11Query", "UnionDefaultGraph", "Dataset", "defaultGraph", "Graph", "namedGraph", "name"}
    known |= {"NamedGraph", "graph", "extensionFunction", "Function", "BasicFederatedQuery", "EmptyGraphs"}
    known |= {"availableGraphs", "GraphCollection", "inputFormat", "languageExtension", "propertyFeature"}
    used = {str(term) for triple in graph for term in triple if str(term).startswith(str(_SD))}
    unknown = sorted(term for term in used if term.removeprefix(str(_SD)) not in known)
    return f"no such terms: {', '.join(unknown)}" if unknown else ""
