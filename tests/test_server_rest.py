"""Questions, terms and addresses over a real server: REST with its description, minted IRIs dereferenced."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from rdflib import Dataset, Graph, URIRef

from ketagraph import names, questions
from ketagraph.server import ServeConfig, create_app
from ketagraph.server.questioning import _described
from ketagraph.store.formats import GRAPHS
from test_server_cache import Counting
from test_server_running import kind, running

DATA = """
@prefix keta: <https://w3id.org/ketagraph/> .
@prefix kid: <https://w3id.org/ketagraph/id/> .
@prefix graph: <https://w3id.org/ketagraph/graph/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix void: <http://rdfs.org/ns/void#> .
graph:ontology {
  keta:Drug a owl:Class ; rdfs:label "drug"@en .
  keta:Ketamine a owl:Class ; rdfs:label "ketamine"@en ; skos:altLabel "<b>CI-581</b>"@en ;
    skos:exactMatch <http://purl.obolibrary.org/obo/CHEBI_6121> ; rdfs:subClassOf keta:Drug ,
    [ a owl:Restriction ; owl:onProperty keta:actsOn ;
      owl:someValuesFrom [ owl:unionOf ( keta:A keta:B ) ] ] .
  keta:Memantine a owl:Class ; rdfs:label "memantine"@en ; rdfs:subClassOf keta:Drug .
  keta:Pain skos:altLabel "twin"@en . keta:Memantine skos:altLabel "twin"@en .
  keta:Pain a owl:Class ; rdfs:label "pain"@en .
}
graph:evidence {
  kid:trial-1 a keta:Study ; keta:agent keta:Ketamine ; rdfs:label "A trial"@en ; keta:weeks 4 .
}
graph:void { graph:evidence a void:Dataset ; void:triples 4 . }
"""
TRIALS = """#+ summary: Trials of a drug
#+ tags: [trials]
#+ params:
#+   drug: {type: iri, class: keta:Drug, default: keta:Memantine, description: The drug.}
#+   weeks: {type: integer, required: false}

PREFIX keta: <https://w3id.org/ketagraph/>
SELECT ?trial (STR(?drug) AS ?given)
WHERE { ?trial keta:agent ?_drug_iri ; keta:weeks ?_weeks_integer BIND(?_drug_iri AS ?drug) }
ORDER BY ?trial
"""
GRAPH = "#+ summary: All of it\nCONSTRUCT WHERE { ?s ?p ?o }\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("rest")
    (folder / "data.trig").write_text(DATA)
    (folder / "trials.rq").write_text(TRIALS)
    (folder / "everything.rq").write_text(GRAPH)
    with (
        running(folder / "data.trig", workers=1, union_default_graph=True, asked=str(folder)) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, object]:
    return client.get("/openapi.json").json()


def trials(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["trial"]["value"] for row in answer.json()["results"]["bindings"]]


@pytest.mark.parametrize(
    "drug", ["ketamine", "Ketamine", "keta:Ketamine", "CHEBI:6121", names.term("Ketamine"), "<b>CI-581</b>"]
)
def test_a_question_takes_any_name_of_a_thing(client, drug):
    assert trials(client.get("/api/questions/trials", params={"drug": drug})) == [names.thing("trial-1")]


def test_defaults_and_choices_are_of_the_type_that_is_described():
    """A default of "12" for a number makes the whole document invalid."""
    text = TRIALS.replace("required: false", "default: 4").replace("integer", "number")
    question = questions.parse(text, "trials", "trials.rq")
    (schema,) = [each["schema"] for each in _described(question)["parameters"] if each["name"] == "weeks"]
    assert schema == {"type": "number", "default": 4.0}
    assert not isinstance(schema["default"], str)


def test_a_question_without_values_takes_its_defaults_and_empty_fields_are_none(client):
    assert trials(client.get("/api/questions/trials")) == []
    assert trials(client.get("/api/questions/trials?drug=ketamine&weeks=&timeout=")) == [
        names.thing("trial-1")
    ]
    assert trials(client.get("/api/questions/trials?drug=ketamine&weeks=5")) == []


@pytest.mark.parametrize(
    ("query", "wanted", "said"),
    [
        ("drug=pain", "unknown-name", "nothing is called 'pain'"),
        ("drug=memantne", "unknown-name", "did you mean memantine?"),
        ("dose=3", "unknown-name", "has no parameter 'dose'; it takes drug, weeks"),
        ("weeks=many", "parameter", "expected a whole number"),
        ("drug=ketamine&drug=pain", "parameter", "more than once"),
    ],
)
def test_a_value_that_does_not_fit_is_told(client, query, wanted, said):
    answer = client.get(f"/api/questions/trials?{query}")
    assert (answer.status_code, kind(answer)) == (422, wanted)
    assert said in answer.json()["detail"]


def test_near_names_are_suggested(client):
    assert client.get("/api/questions/trials?drug=memantne").json()["suggestions"] == ["memantine"]


def test_a_question_is_answered_in_the_form_that_is_asked_for(client):
    first = client.get("/api/questions/trials?drug=ketamine", headers={"accept": "text/csv"})
    second = client.get("/api/questions/trials?drug=ketamine&format=csv")
    assert (
        first.content
        == second.content
        == b"trial,given\r\n%s,%s\r\n"
        % (
            names.thing("trial-1").encode(),
            names.term("Ketamine").encode(),
        )
    )
    assert (
        client.get("/api/questions/everything?format=nt").headers["content-type"] == "application/n-triples"
    )


def test_answers_to_questions_are_tagged_limited_and_open_to_other_pages(client):
    answer = client.get("/api/questions/trials?drug=ketamine&max-rows=1", headers={"origin": "http://other"})
    assert answer.headers["x-ketagraph-truncated"] == "false"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    again = client.get(answer.url, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_questions_are_listed_with_what_they_ask_for(client):
    everything, found = client.get("/api/questions").json()
    assert (everything["slug"], everything["columns"]) == ("everything", [])
    assert (found["summary"], found["columns"]) == ("Trials of a drug", ["trial", "given"])
    assert found["parameters"][0] == {
        "name": "drug",
        "kind": "iri",
        "rdf_class": "keta:Drug",
        "default": "keta:Memantine",
        "choices": [],
        "required": False,
        "description": "The drug.",
    }
    assert client.get(found["href"]).status_code == 200


def test_each_question_is_described_with_its_parameters_and_columns(document):
    described = document["paths"]["/api/questions/trials"]["get"]
    parameters = {each["name"]: each for each in described["parameters"]}
    assert parameters["weeks"]["schema"] == {"type": "integer"}
    assert parameters["drug"]["schema"]["x-class"] == "keta:Drug"
    rows = described["responses"]["200"]["content"]["application/sparql-results+json"]["schema"]
    row = rows["properties"]["results"]["properties"]["bindings"]["items"]
    assert list(row["properties"]) == ["trial", "given"]
    assert row["properties"]["trial"] == {"$ref": "#/components/schemas/Term"}


def test_every_reference_in_the_description_leads_somewhere(document):
    wanted = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert wanted <= set(document["components"]["schemas"])


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_reference_runs_no_script_and_loads_nothing(client):
    page = client.get("/docs", headers={"accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    elements = Elements()
    elements.feed(page.text)
    tags = {tag for tag, _ in elements.found}
    assert not tags & {"script", "img", "iframe", "object", "b"}
    assert not [attributes for tag, attributes in elements.found if tag == "link" or "src" in attributes]


def test_the_reference_has_a_form_for_each_question(client):
    elements = Elements()
    elements.feed(client.get("/docs").text)
    actions = [attributes.get("action") for tag, attributes in elements.found if tag == "form"]
    assert {"/api/questions/trials", "/api/questions/everything", "/api/search"} <= set(actions)


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("ket", "Ketamine"),
        ("ci-581", None),
        ("CHEBI:6121", "Ketamine"),
        ("keta:Pain", "Pain"),
        ("memantne", "Memantine"),
    ],
)
def test_search_finds_by_label_synonym_and_identifier(client, asked, first):
    hits = client.get("/api/search", params={"q": asked}).json()
    found = [hit["iri"] for hit in hits][:1]
    assert found == ([names.term(first)] if first else [names.term("Ketamine")])
    assert len({hit["iri"] for hit in hits}) == len(hits)


def test_search_keeps_within_a_class_and_a_number(client):
    drugs = client.get("/api/terms?within=keta:Drug").json()
    assert [hit["label"] for hit in drugs] == ["drug", "ketamine", "memantine"]
    assert len(client.get("/api/search?q=m&limit=1").json()) <= 1
    assert client.get("/api/search?q=pain&within=keta:Drug").json() == []


def test_a_term_is_told_as_json_or_as_rdf(client):
    told = client.get("/api/terms/CHEBI:6121").json()
    assert told == client.get("/api/terms/ketamine").json()
    assert (told["iri"], told["curie"], told["label"]) == (
        names.term("Ketamine"),
        "keta:Ketamine",
        "ketamine",
    )
    facts = {(fact["direction"], names.compress(fact["property"]), fact["value"]) for fact in told["facts"]}
    assert ("in", "keta:agent", names.thing("trial-1")) in facts
    assert ("out", "rdfs:label", "ketamine") in facts
    rdf = client.get("/api/terms/ketamine", headers={"accept": "text/turtle"})
    assert rdf.headers["content-type"] == "text/turtle; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/api/terms/ketamin", "ketamine"),
        ("/api/terms/keta:Unheard", None),
        ("/api/terms/nothing-of-that-name", None),
        ("/api/terms/" + "k%20" * 2000, None),
        ("/api/terms/http://x/%3E%20%7B", None),
        ("/api/questions/trails", "trials"),
        ("/Ketamin", "keta:Ketamine"),
        ("/trial/trial-2", "trial-1"),
        ("/term/keta:Ketamin", "keta:Ketamine"),
        ("/questions/trails", "trials"),
    ],
)
def test_an_address_that_leads_nowhere_names_those_near_it(client, path, near):
    answer = client.get(path, headers={"accept": "application/json"})
    assert (answer.status_code, kind(answer)) == (404, "not-found")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (near is None) or near in answer.json()["suggestions"]


def test_a_limit_beyond_all_numbers_is_as_good_as_none(client):
    some = client.get("/api/terms").json()
    assert len(some) > 1
    assert client.get("/api/terms?limit=99999999999999999999999").json() == some
    assert len(client.get("/api/terms?limit=-9").json()) == 1


def test_a_name_of_several_things_in_an_address_leads_nowhere_and_lists_them(client):
    answer = client.get("/api/terms/twin")
    assert (answer.status_code, kind(answer)) == (404, "not-found")
    assert answer.json()["suggestions"] == ["memantine (keta:Memantine)", "pain (keta:Pain)"]


@pytest.mark.parametrize("media_type", [name for name in GRAPHS if name.split("/")[1] not in ("xml", "json")])
def test_a_minted_iri_is_dereferenced_in_every_form(client, media_type):
    answer = client.get("/Ketamine", headers={"accept": media_type})
    assert answer.headers["content-type"].split(";")[0] == media_type
    read = Dataset()
    read.parse(
        data=answer.content, format=GRAPHS[media_type].replace("rdfxml", "xml").replace("jsonld", "json-ld")
    )
    triples = {(s, p, o) for s, p, o, _ in read.quads()}
    ketamine = URIRef(names.term("Ketamine"))
    assert (URIRef(names.thing("trial-1")), URIRef(names.term("agent")), ketamine) in triples
    # The restriction, its union and the list of two, down to rdf:nil.
    assert len(triples) == 6 + 1 + 3 + 1 + 4


def test_a_browser_is_led_to_the_page_of_a_term(client):
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    answer = client.get("/Ketamine", headers={"accept": browser})
    assert (answer.status_code, answer.headers["location"]) == (303, "/term/keta:Ketamine")
    assert client.get("/Ketamine").headers["content-type"] == "text/turtle; charset=utf-8"


def test_no_page_stands_where_a_term_is_minted(document):
    ontology = Path(__file__).parent.parent / "ontology"
    minted = {
        name for path in ontology.glob("*.ttl") for name in re.findall(r"^keta:(\w+)", path.read_text(), re.M)
    }
    application = create_app(ServeConfig(Path("x.nq")), Counting())
    routes = {route.path.split("/")[1] for route in application.routes if hasattr(route, "path")}
    assert len(minted) > 100
    assert not minted & routes


def test_a_record_and_a_graph_are_dereferenced(client):
    record, graph = Graph(), Graph()
    record.parse(data=client.get("/id/trial-1?format=nt").text, format="nt")
    graph.parse(data=client.get("/graph/evidence").text, format="turtle")
    assert len(record) == len(graph) == 4


def test_void_is_at_its_well_known_address(client):
    found = Graph().parse(data=client.get("/.well-known/void").text, format="turtle")
    assert len(found) == 2
    assert client.get("/.well-known/void", headers={"accept": "text/html"}).status_code == 406


@pytest.mark.parametrize(
    "path", ["/Nonsense", "/id/nobody", "/graph/none", "/favicon.ico", "/a%20b", "/id/%0d%0aX"]
)
def test_what_the_graph_does_not_speak_of_is_not_found(client, path):
    answer = client.get(path)
    assert (answer.status_code, kind(answer)) == (404, "not-found")


def test_kinds_of_problem_are_explained_at_their_addresses(client):
    problem = client.get("/api/questions/trials?weeks=many").json()["type"]
    assert client.get(problem.removeprefix(names.BASE[:-1])).text == "parameter: A value that does not fit\n"


@pytest.mark.parametrize("path", ["/", "/docs", "/api/questions", "/api/search?q=x", "/Ketamine", "/healthz"])
def test_head_and_options_work_on_every_route(client, path):
    head, whole = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    options = client.options(path, headers={"origin": "http://other"})
    assert (options.status_code, options.headers["access-control-allow-origin"]) == (204, "*")
    assert "DELETE" not in options.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/search", "GET, HEAD, OPTIONS"),
        ("/api/judge", "OPTIONS, POST"),
        ("/queries/some-query", "DELETE, OPTIONS"),
    ],
)
def test_options_and_405_name_the_methods_of_the_route(client, path, allowed):
    refused = client.put(path)
    assert client.options(path).headers["allow"] == allowed
    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)


def test_every_route_describes_its_problems(document):
    operations = [each for item in document["paths"].values() for each in item.values()]
    forms = {media_type for each in operations for media_type in each["responses"]["422"]["content"]}
    assert forms == {"application/problem+json"}


def test_the_service_description_lists_graphs_functions_and_limits(client):
    found = Graph().parse(data=client.get("/sparql?format=nt").text, format="nt")
    values = {str(value) for _, predicate, value in found if str(predicate).endswith("#name")}
    assert values == {names.graph(name) for name in ("ontology", "evidence", "void")}
    said = {names.compress(str(predicate)) for predicate in found.predicates()}
    assert {"keta:timeoutSeconds", "keta:maxRows", "keta:memoryMegabytes", "sd:extensionFunction"} <= said
