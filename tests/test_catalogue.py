"""What catalogues, search engines and query editors find: descriptions, licences, shapes, examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from rdflib import DCAT, RDF, SDO, VOID, Graph, URIRef

from ketagraph import __version__, catalogue, guard, names, releases
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine
from paging import serving

PREFIXES = "".join(
    f"PREFIX {each}: <{names.PREFIXES[each]}> "
    for each in ("dcat", "dcterms", "rdfs", "schema", "sd", "sh", "void")
)
FORMS = {
    "text/turtle": "turtle",
    "application/ld+json": "json-ld",
    "application/n-triples": "nt",
    "application/rdf+xml": "xml",
}
DATASET = URIRef(names.BASE + "dataset")


@pytest.fixture(scope="module")
def client(release: releases.Release) -> Iterator[httpx.Client]:
    with serving(release.data, release.path.parent) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def values(engine: Engine, query: str) -> list[tuple[str, ...]]:
    return [tuple(term.value if term else "" for term in row) for row in engine.select(PREFIXES + query)[1]]


def test_a_query_editor_finds_every_question_and_can_run_it(engine: Engine, where: Layout) -> None:
    found = values(
        engine,
        "SELECT ?comment ?query { ?q a sh:SPARQLExecutable ; rdfs:comment ?comment ; schema:target ?e ; "
        "sh:select|sh:ask|sh:construct|sh:describe ?query }",
    )
    assert len(found) == len(list(where.queries.glob("*.rq")))
    for _, query in found:
        assert guard.check(query).form == "SELECT"
    assert engine.select(found[0][1])[0] != []


def test_a_query_editor_finds_the_prefixes(engine: Engine) -> None:
    found = values(engine, "SELECT ?prefix ?namespace { [] sh:prefix ?prefix ; sh:namespace ?namespace }")
    assert dict(found) == names.PREFIXES  # type: ignore[arg-type]


def test_every_shape_is_in_the_graph(engine: Engine, where: Layout) -> None:
    shapes = f"SELECT ?s {{ GRAPH <{names.graph('shapes')}> {{ ?s a sh:NodeShape }} }}"
    assert len(values(engine, shapes)) == len(list((where.ontology / "shapes").glob("*.ttl")))


def test_every_graph_has_a_licence_and_a_size(engine: Engine, release: releases.Release) -> None:
    found = values(engine, "SELECT ?g ?l ?n { ?g sd:name ?g ; dcterms:license ?l ; void:triples ?n }")
    sizes = {graph: int(size) for graph, _, size in found}
    described = {
        graph: size for graph, size in release.manifest["graphs"].items() if not graph.endswith("/void")
    }
    assert sizes == described
    assert {licence for _, licence, _ in found} == {catalogue.LICENCE}
    assert values(engine, f"SELECT ?l {{ <{names.graph('void')}> dcterms:license ?l }}") == [
        (catalogue.LICENCE,)
    ]


def test_the_well_known_address_has_partitions_files_and_version(client: httpx.Client) -> None:
    found = Graph().parse(data=client.get("/.well-known/void").text, format="turtle")
    for partition in (VOID.classPartition, VOID.propertyPartition):
        assert len(set(found.objects(DATASET, partition))) > 20
    assert {DCAT.Dataset, SDO.Dataset, VOID.Dataset} <= set(found.objects(DATASET, RDF.type))
    addresses = {str(url) for url in found.objects(None, DCAT.downloadURL)}
    for address in addresses:
        assert client.get(address.replace(names.BASE, "/")).status_code == 200
    assert len(addresses) == 3
    assert set(found.objects(DATASET, URIRef(names.PREFIXES["dcat"] + "hasCurrentVersion"))) == {
        URIRef(f"{names.BASE}release/{__version__}")
    }


@pytest.mark.parametrize("media_type", FORMS)
@pytest.mark.parametrize(
    "path",
    [
        *("Ketamine", "id/sigtermans-2009", "graph/discrepancies", "dataset", "example/null-findings"),
        *(f"release/{__version__}", f"ontology/{__version__}", "shapes/ArmShape"),
    ],
)
def test_an_iri_is_dereferenced_in_every_form(client: httpx.Client, path: str, media_type: str) -> None:
    answer = client.get(f"/{path}", headers={"Accept": media_type})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    found = Graph().parse(data=answer.content, format=FORMS[media_type])
    if not path.startswith("graph/"):
        assert any(URIRef(names.BASE + path) in triple for triple in found)
    page = client.get(f"/{path}", headers={"Accept": "text/html"}, follow_redirects=True)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_a_search_engine_finds_the_dataset_in_the_page(
    client: httpx.Client, release: releases.Release
) -> None:
    text = client.get("/data").text
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    found = json.loads(block)
    assert (found["@type"], found["license"], found["version"]) == ("Dataset", catalogue.LICENCE, __version__)
    (whole,) = [each for each in found["distribution"] if each["name"] == release.data.name]
    assert httpx.get(whole["contentUrl"]).status_code == 200


@pytest.mark.parametrize("path", ["/term/HP:0012531", "/api/terms/HP:0012531", "/search?q=HP:0012531"])
def test_pages_and_interface_answer_to_external_identifiers(client: httpx.Client, path: str) -> None:
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code == 200
    assert "keta:Pain" in answer.text or "/term/keta:Pain" in str(answer.url)


def test_questions_of_the_interface_answer_to_external_identifiers(client: httpx.Client) -> None:
    by_id, by_name = (
        client.get("/api/questions/trials-of-condition", params={"condition": name}).json()["results"]
        for name in ("MONDO:0005546", "fibromyalgia")
    )
    assert by_id == by_name
    assert by_id["bindings"] != []
