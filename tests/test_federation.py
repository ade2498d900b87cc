"""SERVICE across two endpoints: the same answers as the engine's own, and nothing asked that may not be."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints import Endpoint, endpoint
from ketagraph import guard
from ketagraph.errors import QueryRefused, QuerySyntaxError, ServiceFailed
from ketagraph.federation import addresses, fetching, plan
from ketagraph.federation.broker import Broker
from ketagraph.federation.federated import bindings, rewritten
from ketagraph.federation.plan import MOST_BINDINGS, Ask, Bindings, Table
from ketagraph.sparql_terms import literal, reference
from ketagraph.store.engine import Engine

JSON = "application/sparql-results+json"
HERE = """
<http://e/a> <http://e/p> <http://e/x> .
<http://e/b> <http://e/p> <http://e/x> .
<http://e/b> <http://e/p> <http://e/y> .
<http://e/c> <http://e/p> "a text" .
<http://e/d> <http://e/q> <http://e/x> .
<http://e/a> <http://e/n> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
"""
THERE = """
<http://e/x> <http://e/r> "one"@en .
<http://e/x> <http://e/r> "two" .
<http://e/y> <http://e/r> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
<http://e/z> <http://e/r> <http://e/a> .
<http://e/z> <http://e/s> _:hidden .
<http://e/x> <http://e/s> <http://e/b> .
"""
PREFIX = "PREFIX e: <http://e/>\n"


def loaded(quads: str) -> Engine:
    engine = Engine()
    engine.load_quads(quads.encode())
    return engine


@pytest.fixture(scope="module")
def there() -> Iterator[type[Endpoint]]:
    with endpoint(loaded(THERE)) as handler:
        yield handler


class Local:
    """Our own data in this process."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def parse(self, text: str) -> None:
        Engine().select_bytes(text, "application/json")

    async def select(self, text: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.engine.select_bytes(text, JSON))
        return found


def federated(query: str, broker: Broker = Broker(), here: str = HERE) -> str:  # noqa: B008 - frozen
    """The query without SERVICE, its endpoints asked by real processes."""
    return asyncio.run(rewritten(query, Local(loaded(here)), broker, lambda: 20.0))


def multiset(answer: ox.QuerySolutions) -> Counter[frozenset[tuple[str, str]]]:
    names = [each.value for each in answer.variables]
    return Counter(
        frozenset((name, str(row[name])) for name in names if row[name] is not None) for row in answer
    )


def answered(query: str) -> Counter[frozenset[tuple[str, str]]]:
    """What the engine finds over our data; with SERVICE it asks the endpoint itself."""
    store = ox.Store()
    store.load(HERE.encode(), ox.RdfFormat.N_QUADS)
    found = store.query(query)
    assert isinstance(found, ox.QuerySolutions)
    return multiset(found)


SHAPES = [
    "SELECT ?s ?l { ?s e:p ?o . SERVICE @ { ?o e:r ?l } }",
    "SELECT * { ?s e:p ?o . SERVICE @ { ?o e:r ?l } }",
    "SELECT ?s ?o ?l { SERVICE @ { ?o e:r ?l } ?s e:p ?o }",
    "SELECT ?s ?l { ?s e:p ?o OPTIONAL { SERVICE @ { ?o e:r ?l } } }",
    "SELECT ?s ?l { ?s e:p|e:q ?o OPTIONAL { ?s e:n ?n SERVICE @ { ?o e:r ?l } FILTER(?n > 0) } }",
    "SELECT ?s ?l ?m { ?s e:p ?o OPTIONAL { SERVICE @ { ?o e:r ?l } OPTIONAL { ?o e:r ?m } } }",
    "SELECT ?s ?l { { ?s e:p ?o } UNION { SERVICE @ { ?o e:r ?l } } }",
    "SELECT ?s ?l { ?s e:p ?o { SERVICE @ { ?o e:r ?l } } UNION { ?s e:n ?l } }",
    "SELECT ?s { ?s e:p ?o MINUS { SERVICE @ { ?o e:s ?x } } }",
    "SELECT ?s { ?s e:p ?o FILTER EXISTS { SERVICE @ { ?o e:s ?x } } }",
    "SELECT ?s { ?s e:p ?o FILTER NOT EXISTS { ?s e:n ?n SERVICE @ { ?o e:s ?x } } }",
    "SELECT ?s ?l { ?s e:p ?o { SELECT ?o ?l { SERVICE @ { ?o e:r ?l } } ORDER BY ?l LIMIT 9 } }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o SERVICE @ { ?a e:r ?b } }",
    "SELECT (COUNT(DISTINCT *) AS ?n) { ?s e:p ?o SERVICE @ { ?o e:r ?b } }",
    'SELECT ?s { ?s e:p ?o SERVICE @ { e:x e:r "two" } }',
    'SELECT ?s { ?s e:p ?o SERVICE @ { e:x e:r "three" } }',
    'SELECT ?s ?l { ?s e:p ?o FILTER(STRENDS(STR(?o), "y")) SERVICE @ { ?o e:r ?l } }',
    "SELECT ?s ?l { ?s e:p ?o FILTER(!BOUND(?l)) SERVICE @ { ?o e:s ?y OPTIONAL { ?o e:none ?l } } }",
    "SELECT ?s ?l { ?s e:p ?o FILTER(BOUND(?l)) SERVICE @ { ?o e:r ?l } }",
    "SELECT ?s ?l { OPTIONAL { ?s e:none ?o } SERVICE @ { ?o e:r ?l } }",
    "SELECT ?s ?l { VALUES ?o { e:x UNDEF } SERVICE @ { ?o e:r ?l } }",
    "SELECT ?s ?l { ?s e:p ?o SERVICE @ { SELECT ?o ?l { ?o e:r ?l } ORDER BY ?l LIMIT 1 } }",
    "SELECT ?s ?l { ?s e:p ?o SERVICE @ { {?o e:r ?l} UNION {?l e:s ?o FILTER(isIRI(?o))} FILTER(?o!=e:z)}}",
    "SELECT ?s ?l { ?s e:p ?o SERVICE @ { OPTIONAL { ?o e:s ?l FILTER(isIRI(?l)) } } }",
    "SELECT ?s ?o ?b { ?s e:p ?o SERVICE @ { ?o e:r ?l } SERVICE @ { ?o e:s ?b } }",
    "SELECT ?s ?l { ?s e:p ?o GRAPH ?g { ?s e:p ?o SERVICE @ { ?o e:r ?l } } }",
    'SELECT ?s ?k { BIND("x" AS ?k) ?s e:p ?o . SERVICE @ { ?o e:r ?l BIND(STR(?l) AS ?t)} FILTER(?t="two")}',
    "SELECT ?s ?l { ?s e:p ?o . # SERVICE { in a comment\n SERVICE SILENT @ { ?o e:r ?l # and here }\n } }",
    "SELECT ?s ?l { ?s e:p ?o { ?s e:p ?o OPTIONAL { SERVICE @ { ?o e:r ?l } } } }",
    "SELECT ?l { ?s e:p ?o SERVICE @ { ?o e:r ?l } } GROUP BY ?l HAVING (COUNT(*) > 1)",
    "SELECT ?s (SAMPLE(?l) AS ?m) { ?s e:p ?o SERVICE @ { ?o e:r ?l } } GROUP BY ?s HAVING (?s = e:none)",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_answer_is_the_one_of_the_engines_own_service(there: type[Endpoint], shape: str) -> None:
    query = PREFIX + shape.replace("@", f"<{there.origin}/sparql>")
    assert guard.check(query, services=frozenset({there.origin})).form == "SELECT"
    text = federated(query)
    assert "SERVICE @" not in shape or "e:r ?l }" not in text or "VALUES" in text
    assert answered(text) == answered(query)


def test_bindings_go_along_and_only_what_is_needed_comes_back(there: type[Endpoint]) -> None:
    there.asked.clear()
    federated(
        PREFIX + f"SELECT ?s {{ ?s e:p ?o FILTER(isIRI(?o)) SERVICE <{there.origin}> {{ ?o e:r ?l }} }}"
    )
    (asked,) = there.asked
    assert sorted(asked.split("{")[2].split("}")[0].split()) == ["(<http://e/x>)", "(<http://e/y>)"]
    assert asked.split("WHERE")[0].split()[-2:] == ["SELECT", "?o"]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("{ ?s e:p ?o SERVICE @ { ?o e:r ?l } }", "a literal is among them"),
        ("{ ?s e:p ?o FILTER(isIRI(?o) && RAND() < 2) SERVICE @ { ?o e:r ?l } }", "it is never the same"),
        ("{ GRAPH ?g { ?s e:p ?o FILTER(isIRI(?o)) SERVICE @ { ?o e:r ?l } } }", "which graph"),
        ("{ ?s e:n ?n { SERVICE @ { ?s e:r ?l } OPTIONAL { ?l e:r ?m } } }", "another operator between"),
        ("{ ?s e:n ?n OPTIONAL { SERVICE @ { ?s e:r ?l } OPTIONAL { ?l e:r ?m } } }", "not the last"),
    ],
)
def test_bindings_stay_where_they_could_change_the_answer(query: str, why: str) -> None:
    steps = plan.federate(PREFIX + "SELECT ?s ?o ?l ?m " + query.replace("@", "<http://h/>"))
    next(steps)
    step = steps.send(None)
    if isinstance(step, Bindings):
        found = json.loads(loaded(HERE).select_bytes(step.text, JSON))
        step = steps.send(bindings(found))
    assert isinstance(step, Ask)
    assert "VALUES" not in step.text, why


def test_too_many_bindings_stay_though_few_would_be_left_of_a_column() -> None:
    row = {"a": {"type": "uri", "value": "http://e/a"}, "b": {"type": "literal", "value": "b"}}
    assert bindings({"head": {"vars": ["a", "b"]}, "results": {"bindings": [row]}}) == Table(
        ("a",), ("(<http://e/a>)",)
    )
    answer = {"head": {"vars": ["a", "b"]}, "results": {"bindings": [row] * (MOST_BINDINGS + 1)}}
    assert bindings(answer) == Table((), ())


def test_an_endpoint_is_not_asked_where_nothing_could_join(there: type[Endpoint]) -> None:
    there.asked.clear()
    query = f"SELECT ?s ?l {{ ?s e:none ?o SERVICE <{there.origin}> {{ ?o e:r ?l }} }}"
    assert answered(federated(PREFIX + query)) == Counter()
    assert there.asked == []


def test_nothing_of_the_asker_goes_along(there: type[Endpoint]) -> None:
    there.headers_seen.clear()
    federated(PREFIX + f"SELECT ?l {{ SERVICE <{there.origin}/sparql> {{ ?o e:r ?l }} }}")
    (seen,) = there.headers_seen
    assert set(seen) == {
        *("Host", "Accept", "Accept-Encoding", "Connection", "Content-Length", "Content-Type", "User-Agent")
    }
    assert seen["User-Agent"].startswith("ketagraph/")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT ?x { SERVICE @ { ?z e:s ?x } }", r"answers \?x with blank nodes"),
        ("SELECT * { SERVICE SILENT @ { ?z e:s ?x } }", r"answers \?x with blank nodes"),
        ("SELECT ?x { SERVICE @ { SERVICE @ { ?z e:s ?x } } }", "SERVICE within SERVICE"),
        ("SELECT ?x { ?x ?y ?z LATERAL { SERVICE @ { ?z e:s ?x } } }", "LATERAL"),
        ("SELECT ?x { SERVICE @ { ?z <relative> ?x } }", "<relative> is relative"),
        ("SELECT ?x { SERVICE @ . { ?z e:s ?x } }", "wants an IRI and a group"),
        ("SELECT ?x {" + " SERVICE @ { ?z e:s ?x }" * 9 + "}", "more than 8 SERVICE"),
        ("SELECT ?x { SERVICE <http://h/\\u0061> { ?z e:s ?x } }", "without escapes"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(there: type[Endpoint], query: str, said: str) -> None:
    with pytest.raises(QueryRefused, match=said):
        federated(PREFIX + query.replace("@", f"<{there.origin}/sparql>"))


def test_blank_nodes_that_stay_within_the_clause_do_no_harm(there: type[Endpoint]) -> None:
    query = PREFIX + f"SELECT ?z {{ SERVICE <{there.origin}> {{ ?z e:s ?x }} }}"
    assert answered(federated(query)) == answered(query)
    assert sum(answered(query).values()) == 2


def test_a_mistake_within_the_clause_is_told_with_its_place() -> None:
    query = "SELECT ?x {\n  SERVICE SILENT <http://127.0.0.1:9/> {\n    ?z <http://e/s> }\n}"
    with pytest.raises(QuerySyntaxError) as caught:
        federated(query)
    assert caught.value.line == 3


FAULTS = {
    "redirecting": "302, a redirect, which is not followed",
    "slow": "has not answered in 1.5 seconds",
    "dripping": "has not answered in 1.5 seconds",
    "endless": "larger than 1000000 bytes",
    "page": "answers as text/html",
    "failing": "status 500: out of order",
    "cut": "not in SPARQL's JSON format",
    "truncated": "cut at its limit",
    "odd": "not in SPARQL's JSON format",
    "many": "more than 10000 rows",
}


@pytest.mark.parametrize(("path", "said"), FAULTS.items())
def test_whatever_goes_wrong_there_is_told(there: type[Endpoint], path: str, said: str) -> None:
    broker = Broker(seconds=1.5 if "1.5" in said else 15.0, max_bytes=1_000_000)
    query = f"SELECT ?s {{ SERVICE <{there.origin}/{path}> {{ ?s ?p ?o }} }}"
    with pytest.raises(ServiceFailed, match=said):
        federated(query, broker)


def test_silent_passes_over_a_failure_and_binds_nothing(there: type[Endpoint]) -> None:
    query = PREFIX + f"SELECT ?s ?l {{ ?s e:n ?n SERVICE SILENT <{there.origin}/failing> {{ ?s e:r ?l }} }}"
    assert answered(federated(query)) == Counter({frozenset({("s", "<http://e/a>")}): 1})


def test_an_endpoint_that_is_not_there_is_told() -> None:
    with pytest.raises(ServiceFailed, match="cannot be reached"):
        federated("SELECT ?s { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }")


def found(*texts: str) -> Any:
    return lambda host, port, **_: [(2, 1, 6, "", (text, port)) for text in texts]


@pytest.mark.parametrize(
    ("host", "texts"),
    [
        ("example.org", ["127.0.0.1"]),
        ("example.org", ["93.184.216.34", "10.0.0.1"]),
        ("example.org", ["169.254.169.254"]),
        ("example.org", ["::1"]),
        ("example.org", ["::ffff:127.0.0.1"]),
        ("example.org", ["64:ff9b::7f00:1"]),
        ("example.org", ["2002:7f00:1::"]),
        ("example.org", ["fe80::1%eth0"]),
        ("example.org", ["100.64.0.1"]),
        ("example.org", ["224.0.0.1"]),
        ("example.org", ["0.0.0.0"]),
        ("localhost", ["10.0.0.1"]),
        ("127.0.0.1", ["127.0.0.2"]),
    ],
)
def test_names_lead_to_public_addresses_only(host: str, texts: list[str]) -> None:
    with pytest.raises(addresses.Forbidden, match="not a public address"):
        addresses.resolved(host, 80, found(*texts))


@pytest.mark.parametrize(
    ("host", "texts"),
    [
        ("example.org", ["93.184.216.34", "2606:2800:220:1::1"]),
        ("localhost", ["127.0.0.1", "::1"]),
        ("10.0.0.1", ["10.0.0.1"]),
    ],
)
def test_addresses_that_are_public_or_named_pass(host: str, texts: list[str]) -> None:
    assert addresses.resolved(host, 80, found(*texts, texts[0])) == texts


def test_what_was_checked_is_what_is_connected_to(
    there: type[Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(there.origin.rsplit(":", 1)[1])
    lookups: list[str] = []

    def once(host: str, *_: object, **__: object) -> list[Any]:
        """A name that leads elsewhere the second time; addresses need no looking up."""
        lookups.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if lookups.count(host) == 1 else "127.0.0.66", port))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", once)
    monkeypatch.setattr(addresses, "check", lambda *_: None)
    request = fetching.Request(f"http://rebinding.test:{port}/sparql", "ASK {}", (), 5.0, 1 << 20, 10)
    monkeypatch.setattr(addresses.resolved, "__defaults__", (once,))
    assert b"true" in fetching.fetch(request)
    assert lookups.count("rebinding.test") == 1


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_no_text_from_there_ends_its_own_term(text: str) -> None:
    query = f"SELECT ?v {{ {{ VALUES (?v) {{ ({literal(text)}) }} }} }}"
    ((term,),) = Engine().select(query)[1]
    assert term is not None
    assert term.value == text


@given(st.text())
def test_an_iri_from_there_is_one_or_refused(text: str) -> None:
    try:
        written = reference(f"http://e/{text}")
    except ValueError:
        return
    ((term,),) = Engine().select(f"SELECT ?v {{ VALUES ?v {{ {written} }} }}")[1]
    assert term is not None
    assert term.value == f"http://e/{text}"


@pytest.mark.parametrize(
    "row",
    [
        {"s": {"type": "literal", "value": "x", "xml:lang": "en } #"}},
        {"s": {"type": "literal", "value": "x", "datatype": "http://e/> ) }"}},
        {"s": {"type": "triple", "value": {}}},
        {"s": {"type": "literal", "value": 1}},
        {"s": "x"},
        [],
    ],
)
def test_terms_that_cannot_be_written_are_refused(row: object) -> None:
    body = json.dumps({"head": {"vars": ["s"]}, "results": {"bindings": [row]}}).encode()
    request = fetching.Request("http://e/", "", ("s",), 1.0, 1 << 10, 10)
    with pytest.raises(fetching.Failed, match="JSON format"):
        fetching.table(body, request)


def test_characters_that_grow_when_written_count_as_what_they_grow_to() -> None:
    row = {"s": {"type": "literal", "value": "\x80" * 200}}
    body = json.dumps({"head": {"vars": ["s"]}, "results": {"bindings": [row]}}).encode()
    with pytest.raises(fetching.Failed, match="larger than 1000 bytes once it is written"):
        fetching.table(body, fetching.Request("http://e/", "", None, 1.0, 1000, 10))


def test_a_variable_from_there_cannot_end_the_list_of_variables() -> None:
    body = json.dumps({"head": {"vars": ["s) { } #"]}, "results": {"bindings": []}}).encode()
    with pytest.raises(fetching.Failed):
        fetching.table(body, fetching.Request("http://e/", "", None, 1.0, 1, 10))


def test_the_process_that_asks_loads_no_engine() -> None:
    import subprocess
    import sys

    code = "import ketagraph.federation.fetching, sys; print({'pyoxigraph', 'curies'} & {*sys.modules})"
    source = str(Path(plan.__file__).parents[2])
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=source, check=True)
    assert ran.stdout == "set()\n"
