from __future__ import annotations

import json

import pytest

from ketagraph.errors import QueryRefused, QuerySyntaxError
from ketagraph.store import Outcome, Query
from ketagraph.store.engine import Engine, Term, open_store
from ketagraph.store.evaluation import evaluate, transcode
from ketagraph.store.formats import BINDINGS, GRAPHS

DATA = b"""<http://e/a> <http://e/p> "x"@en-GB .
<http://e/a> <http://e/p> "1"^^<http://www.w3.org/2001/XMLSchema#integer> <http://e/g> .
<http://e/a> <http://e/p> _:b <http://e/h> .
"""


@pytest.fixture
def engine() -> Engine:
    engine = Engine()
    engine.load_quads(DATA)
    return engine


class Kept:
    def __init__(self) -> None:
        self.media_type, self.body = "", b""

    def start(self, media_type: str) -> None:
        self.media_type = media_type

    def write(self, data: bytes) -> None:
        self.body += data


def answer(query: Query, data: bytes = DATA) -> tuple[Kept, Outcome]:
    store = open_store()
    store.bulk_load(data, _nquads())
    kept = Kept()
    return kept, evaluate(store, query, kept)


def _nquads() -> object:
    from pyoxigraph import RdfFormat

    return RdfFormat.N_QUADS


def test_select_gives_variables_and_plain_terms(engine):
    variables, rows = engine.select(
        "SELECT ?o ?none { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } } ORDER BY ?o"
    )
    assert variables == ["o", "none"]
    blank, number, text = (row[0] for row in rows)
    assert blank.kind == "blank"
    assert text == Term("literal", "x", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString", "en-gb")
    assert number == Term("literal", "1", "http://www.w3.org/2001/XMLSchema#integer")
    assert all(row[1] is None for row in rows)


def test_construct_gives_sorted_statements_once(engine):
    statements = engine.construct(
        "CONSTRUCT { ?s <http://e/q> ?s . ?s <http://e/b> 1 } { GRAPH ?g { ?s ?p ?o } }"
    )
    assert statements == [
        '<http://e/a> <http://e/b> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .',
        "<http://e/a> <http://e/q> <http://e/a> .",
    ]


def test_ask_and_length(engine):
    assert engine.ask("ASK { ?s ?p ?o }")
    assert not engine.ask("ASK { ?s ?s ?s }")
    assert len(engine) == 3


def test_triples_go_into_a_named_graph(engine):
    engine.load_quads(b"<http://e/n> <http://e/p> <http://e/o> .", graph="http://e/new")
    assert engine.select("SELECT ?g { GRAPH ?g { <http://e/n> ?p ?o } }")[1] == [
        (Term("iri", "http://e/new"),)
    ]


def test_the_wrong_form_is_refused(engine):
    with pytest.raises(QueryRefused, match="expected a SELECT"):
        engine.select("ASK {}")
    with pytest.raises(QueryRefused, match="expected a CONSTRUCT"):
        engine.construct("ASK {}")


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("SELECT * {", 1, 11, "line 1, column 11: unexpected the end; the parser looked for"),
        ("SELECT * {\n ?s ex:p ?o }", 2, 5, "prefix ex: is not declared; put PREFIX ex: <…> at the top"),
        ("ASK {\n ?s\tskos:note ?o }", 2, 5, "put PREFIX skos: <http://www.w3.org/2004/02/skos/core#> at"),
        ('SELECT * { ?é ?p "𝒳" } }', 1, 25, "unexpected the end"),
        ("SELECT * { ?s ?p <relative> }", 1, 28, "IRI parsing failed, before }"),
        ("SELECT (SUM(?x) AS ?y) ?x { ?x ?y ?z }", 1, 39, "variable that is unbound, before the end"),
    ],
)
def test_a_syntax_error_has_its_place_in_characters(engine, text, line, column, message):
    with pytest.raises(QuerySyntaxError) as refused:
        engine.select(text)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert message in str(refused.value)


def test_an_unknown_function_is_refused(engine):
    with pytest.raises(QueryRefused, match="cannot be evaluated: The custom function <http://e/f>"):
        engine.select_bytes("SELECT (<http://e/f>() AS ?x) {}", "text/csv")


def test_the_form_of_the_answer_follows_the_form_of_the_query():
    assert answer(Query("ASK {}"))[0].media_type == "application/sparql-results+json"
    assert answer(Query("DESCRIBE <http://e/a>"))[0].media_type == "text/turtle"


@pytest.mark.parametrize("query", [Query("ASK {}", None), Query("DESCRIBE <http://e/a>", graph_type=None)])
def test_no_acceptable_form_is_a_406(query):
    with pytest.raises(QueryRefused) as refused:
        answer(query)
    assert refused.value.status == 406


@pytest.mark.parametrize("media_type", BINDINGS)
def test_every_form_of_rows_can_be_written(engine, media_type):
    assert engine.select_bytes("SELECT * { ?s ?p ?o }", media_type)
    assert b"true" in engine.select_bytes("ASK {}", media_type)


@pytest.mark.parametrize("media_type", GRAPHS)
def test_every_form_of_graphs_can_be_written(engine, media_type):
    assert b"http://e/a" in engine.select_bytes("CONSTRUCT WHERE { ?s ?p ?o }", media_type)


@pytest.mark.parametrize("media_type", GRAPHS)
def test_a_cut_graph_still_parses(media_type):
    data = b"".join(b"<http://e/%d> <http://e/p> <http://e/o> .\n" % number for number in range(50))
    kept, outcome = answer(Query("CONSTRUCT WHERE { ?s ?p ?o }", graph_type=media_type, max_rows=7), data)
    assert outcome == Outcome(7, truncated=True)
    lines = transcode(kept.body, media_type, "application/n-triples", {}).splitlines()
    assert len(lines) == 7
    assert answer(Query("CONSTRUCT WHERE { ?s ?p ?o }", max_rows=50), data)[1] == Outcome(50, truncated=False)


def test_turtle_uses_the_prefixes_of_the_query(engine):
    query = (
        'PREFIX ex: <http://e/> PREFIX bad: <relative>\nPREFIX : <http://f/>\nCONSTRUCT { ex:a :q "x" } {}'
    )
    assert b'ex:a :q "x"' in engine.select_bytes(query.replace("PREFIX bad: <relative>", ""), "text/turtle")


DATASETS = [
    ({}, ["x"], ["http://e/g", "http://e/h"]),
    ({"default_graphs": ("http://e/g",), "named_graphs": ()}, ["1"], []),
    ({"default_graphs": (), "named_graphs": ("http://e/g",)}, [], ["http://e/g"]),
    ({"default_graphs": ("http://e/unknown",), "named_graphs": ("http://e/unknown",)}, [], []),
]


@pytest.mark.parametrize(("dataset", "objects", "graphs"), DATASETS)
def test_the_dataset_of_the_request_is_heeded(dataset, objects, graphs):
    def column(text: str) -> list[str]:
        body = answer(Query(text, **dataset))[0].body
        return sorted(next(iter(row.values()))["value"] for row in json.loads(body)["results"]["bindings"])

    assert column("SELECT ?o { ?s ?p ?o FILTER(!isBlank(?o)) }") == objects
    assert column("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }") == graphs


def test_the_dataset_of_the_request_prevails_over_from():
    query = Query("SELECT ?o FROM <http://e/h> { ?s ?p ?o }", default_graphs=("http://e/g",), named_graphs=())
    assert b'"value":"1"' in answer(query)[0].body


def test_a_relative_graph_of_the_request_is_refused():
    with pytest.raises(QueryRefused, match="no absolute IRI"):
        answer(Query("ASK {}", default_graphs=("relative",), named_graphs=()))


def test_relative_iris_need_a_base():
    assert answer(Query("ASK { ?s ?p <b> }", base="http://e/"))[1].rows == 1
    with pytest.raises(QuerySyntaxError):
        answer(Query("ASK { ?s ?p <b> }"))
