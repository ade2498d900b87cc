"""A checkout of the W3C tests in, one value per test out (https://w3c.github.io/rdf-tests/sparql/)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rdflib import RDF, RDFS, Graph, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

__all__ = ["BASE", "MF", "QT", "Test", "entries", "tests"]

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
_ENTAILS = Namespace("http://www.w3.org/ns/sparql-service-description#").entailmentRegime

BASE = "http://www.example/"
"""What relative IRIs of data, queries and results are resolved against; the endpoint is told by Host."""

_KINDS = {
    str(MF.QueryEvaluationTest): "evaluation",
    str(MF.CSVResultFormatTest): "evaluation",
    str(MF.PositiveSyntaxTest): "positive syntax",
    str(MF.PositiveSyntaxTest11): "positive syntax",
    str(MF.NegativeSyntaxTest): "negative syntax",
    str(MF.NegativeSyntaxTest11): "negative syntax",
}
_FROM = re.compile(r"^\s*FROM\s+(?:NAMED\s+)?<([^<>:]+)>", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Test:
    """One query test: ``name`` is folder and fragment, ``group`` the folder below ``sparql``.

    ``data`` is merged into the default graph, ``graphs`` pairs IRIs with the files of named graphs;
    ``is_lax`` allows REDUCED to leave duplicates; ``regime`` says that answers need an entailment.
    """

    name: str
    group: str
    kind: str
    query: Path
    data: tuple[Path, ...] = ()
    graphs: tuple[tuple[str, Path], ...] = ()
    result: Path | None = None
    is_lax: bool = False
    regime: bool = False

    @property
    def text(self) -> str:
        """The query as it stands in its file."""
        return self.query.read_text(encoding="utf-8")


def tests(checkout: Path, versions: Iterable[str]) -> Iterator[Test]:
    """Yield every query test that a version's manifests list, in their order, each once."""
    seen: set[str] = set()
    for version in versions:
        for manifest in sorted((checkout / "sparql" / version).glob("*/manifest.ttl")):
            for test in _of(manifest):
                if test.name not in seen:
                    seen.add(test.name)
                    yield test


def entries(graph: Graph) -> Iterator[Node]:
    """Yield the tests that a manifest lists, in order."""
    for head in graph.objects(None, MF.entries):
        yield from Collection(graph, head)


def _of(manifest: Path) -> Iterator[Test]:
    graph = Graph().parse(manifest, publicID=manifest.as_uri())
    group = f"{manifest.parts[-3]}/{manifest.parts[-2]}"
    for entry in entries(graph):
        kind = next((_KINDS[str(kind)] for kind in graph.objects(entry, RDF.type) if str(kind) in _KINDS), "")
        # Some syntax tests of updates are typed as those of queries.
        if kind and not str(graph.value(entry, MF.action)).endswith(".ru"):
            yield _test(graph, entry, f"{group}/{str(entry).rpartition('#')[2]}", group, kind)


def _test(graph: Graph, entry: Node, name: str, group: str, kind: str) -> Test:
    action = graph.value(entry, MF.action)
    if kind != "evaluation":
        return Test(name, group, kind, _path(action))
    query = _path(graph.value(action, QT.query))
    return Test(
        name,
        group,
        kind,
        query,
        tuple(sorted(_path(file) for file in graph.objects(action, QT.data))),
        tuple(sorted({*_graphs(graph, action), *_sources(query)})),
        _path(graph.value(entry, MF.result)),
        (entry, MF.resultCardinality, MF.LaxCardinality) in graph,
        (action, _ENTAILS, None) in graph,
    )


def _graphs(graph: Graph, action: Node | None) -> Iterator[tuple[str, Path]]:
    for given in graph.objects(action, QT.graphData):
        file = graph.value(given, QT.graph) or given
        path = _path(file)
        yield str(graph.value(given, RDFS.label) or BASE + path.name), path


def _sources(query: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files beside the query that its FROM clauses name."""
    for name in _FROM.findall(query.read_text(encoding="utf-8")):
        if (query.parent / name).exists():
            yield BASE + name, query.parent / name


def _path(node: Node | None) -> Path:
    if not isinstance(node, URIRef):
        raise TypeError(f"expected the IRI of a file, found {node!r}")
    return Path(unquote(urlsplit(node).path))
