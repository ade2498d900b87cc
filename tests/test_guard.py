"""Wall one: ordinary queries pass, hostile ones do not, and no accepted query reaches another host."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pyoxigraph
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketagraph.errors import QueryRefused
from ketagraph.guard import Accepted, Limits, check, origin

PREFIX = "PREFIX ex: <http://example.org/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "

ORDINARY = [
    "SELECT * WHERE { ?s ?p ?o }",
    "SELECT*{?s?p?o}",
    "select distinct ?s where { ?s a ex:Drug . } limit 10 offset 5",
    "SELECT REDUCED ?s { ?s ex:p ex:o ; ex:q 1 , 2 ; . }",
    "ASK { ?s ex:p 'it\\'s' }",
    'ASK WHERE { ?s ex:p """a " b\n"""@en-GB }',
    "ASK { ?s ex:p '''a ' b''' }",
    "CONSTRUCT { ?s ex:q ?o } WHERE { ?s ex:p ?o }",
    "CONSTRUCT WHERE { ?s ex:p ?o }",
    "DESCRIBE <http://example.org/a>",
    "DESCRIBE ex:a ?x WHERE { ?x ex:p ex:a }",
    "SELECT ?o { ex:s ex:p/ex:q ?o }",
    "SELECT ?o { ex:s ex:p+/ex:q* ?o }",
    "SELECT ?o { ex:s (ex:p|^ex:q)? ?o }",
    "SELECT ?o { ex:s !(ex:p|^a|^ex:q) ?o }",
    "SELECT ?t { ?t ex:studies/<http://www.w3.org/2000/01/rdf-schema#subClassOf>* ex:Pain }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT ?p (COUNT(DISTINCT ?o) AS ?n) { ?s ?p ?o } GROUP BY ?p HAVING(COUNT(?o)>1) ORDER BY DESC(?n) ?p",
    "SELECT (GROUP_CONCAT(?o; SEPARATOR=', ') AS ?all) { ?s ?p ?o } GROUP BY ?s",
    "SELECT (SUM(?o) / COUNT(?o) - 1 AS ?mean) (MIN(?o) AS ?least) (SAMPLE(?s) AS ?one) { ?s ?p ?o }",
    "SELECT * { VALUES ?x { 1 -2 3.5 1e5 .5 true 'a' 'b'@en '1'^^xsd:byte ex:a <http://e.org/#x> } }",
    "SELECT * { VALUES (?x ?y) { (1 <urn:a#b>) (UNDEF <http://example.org/b#c>) } }",
    "SELECT * { ?s ?p ?o } VALUES ?o { 1 2 }",
    "SELECT * { { SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?s } FILTER(?n > 1) }",
    "SELECT * { ?s ex:p ?o FILTER EXISTS { ?s ex:q ?x } FILTER NOT EXISTS { ?s ex:r ?y } }",
    "SELECT * { ?s ex:p ?o MINUS { ?s ex:q ?o } }",
    "SELECT * { ?s ex:p ?o OPTIONAL { ?s ex:q ?x FILTER(?x < ?o) } }",
    "SELECT * { { ?s ex:p ?o } UNION { ?s ex:q ?o } }",
    "SELECT * { GRAPH ?g { ?s ?p ?o } }",
    "SELECT * FROM ex:g FROM NAMED <http://example.org/h> { GRAPH ?g { ?s ?p ?o } }",
    "SELECT * { ?s ex:p ?o BIND(IF(?o > 3, 'high', 'low') AS ?class) }",
    "SELECT * { BIND(-3 AS ?a) BIND(+.5 AS ?b) BIND(1e5-3 AS ?c) BIND(2*-3 AS ?d) }",
    "SELECT * { ?s ex:p ?a ; ex:q ?b FILTER(?a<?b) }",
    "SELECT * { ?a ex:p ?b . ?c ex:p ?d FILTER(?a<?b&&?c>?d) }",
    "SELECT * { ?a ex:p ?b . ?c ex:p ?d FILTER(?a<=?b||?c>=?d||?a!=?c) }",
    "SELECT * { ?a ex:p ?b FILTER(?b<5)FILTER(?b>1) }",
    "SELECT * { ?a ex:p ?b FILTER(?b<<http://example.org/b#c>) }",
    "SELECT * { ?a ex:p ?b FILTER(!(?b IN (1,2,3)) && ?b NOT IN (<http://example.org/a#b>, ex:c)) }",
    "SELECT * { ?s ex:p ?o FILTER(LANG(?o)='en' && REGEX(STR(?o), '^a.*\\\\.$', 'i')) }",
    "SELECT * { ?s ex:p ?o FILTER(DATATYPE(?o)=xsd:integer) FILTER(xsd:integer(?o)<10) }",
    "SELECT * { ?s ex:p (1 2 <http://example.org/a#b> (ex:c)) ; ex:q [ ex:r [] ] , () }",
    "SELECT * { _:b1 ex:p [ ex:q ?o ] . [] ex:p _:b2.c . }",
    "SELECT * { ex:a.b ex:p.q ex:%41 . ex:a\\#b ex:it\\'s ex:\\~x }",
    "SELECT * { ?s ex:p true.?s ex:q 1.?s ex:r 1.0 }",
    "SELECT * # comment with 'quotes', <iri> and { brackets\r\n{ ?s ?p ?o # another }\r}",
    "BASE <http://example.org/> SELECT * { <a> <#b> <../c> }",
    'SELECT * { ?été ex:naïve "日本語" . ex:患者 ex:p ?名 }',
    'SELECT * { ?s ex:p "\\u00e9\\U0001F600\\t\\\\" . <http://example.org/\\u0061> ?p ?o }',
    'SELECT * { ?s ex:p "2009-09-15T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> }',
    "SELECT * { BIND(COALESCE(STRLEN(?x), STRDT('1', xsd:int), NOW(), UUID(), STRAFTER('a','b')) AS ?y) }",
    "SELECT * { ?s ?p ?o LATERAL { SELECT * { ?s ?q ?x } LIMIT 1 } }",
    "SELECT * { ?s ?p <<( ex:a ex:b 'c'@ar--rtl )>> }",
    "SELECT * { << ex:a ex:b ?c >> ex:p ?o }",
    "SELECT * { ?s ?p ?o } ORDER BY ASC(?s) DESC(STR(?o)) ?p LIMIT 1",
]

# The word SERVICE, or an update's, where it is only a name or a text.
INNOCENT = [
    "SELECT ?service ?SERVICE { ?service ex:service ?SERVICE }",
    "PREFIX service: <http://example.org/service/> SELECT * { ?s service:service service:silent.a }",
    "PREFIX delete: <http://example.org/> SELECT * { delete:insert delete:load delete:drop }",
    "SELECT * { ?s ex:p 'SERVICE <http://example.org/> { ?s ?p ?o }' }",
    'SELECT * { ?s ex:p """a " SERVICE <http://example.org/> { ?s ?p ?o } """ }',
    "SELECT * { ?s ?p ?o } # SERVICE <http://example.org/> { ?s ?p ?o }",
    "SELECT * { ?s <http://example.org/SERVICE#SERVICE> <http://example.org/SERVICE'> }",
    "SELECT * { _:service ex:p 'a'@en-service }",
    "SELECT ?insert ?with { ?insert ex:with 'DROP ALL' } # CLEAR ALL",
    "SELECT * { ex:web.service ex:p.service ?o }",
]


@pytest.mark.parametrize("query", ORDINARY + INNOCENT)
def test_an_ordinary_query_passes_guard_and_engine(query: str) -> None:
    check(PREFIX + query if "BASE" not in query else query)
    pyoxigraph.Store().query(PREFIX + query)


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("ask{}", "ASK"),
        ("#c\nBASE<a:b>PREFIX :<b>select*{}", "SELECT"),
        ("VERSION '1.2' DESCRIBE <a:b>", "DESCRIBE"),
    ],
)
def test_the_form_is_read_after_the_prologue(query: str, form: str) -> None:
    assert check(query) == Accepted(form, ())


@pytest.mark.parametrize(
    "query",
    [
        "INSERT DATA { ex:a ex:b ex:c }",
        "DELETE WHERE { ?s ?p ?o }",
        "WITH ex:g DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "LOAD <http://127.0.0.1/>",
        "load silent <file:///etc/hostname> into graph ex:g",
        "CLEAR ALL",
        "DROP GRAPH ex:g",
        "CREATE GRAPH ex:g",
        "ADD ex:g TO ex:h",
        "MOVE ex:g TO ex:h",
        "COPY DEFAULT TO ex:h",
        "SELECT * { ?s ?p ?o } ; DROP ALL",
    ],
)
def test_an_update_is_refused_with_403(query: str) -> None:
    with pytest.raises(QueryRefused, match="is an update") as refused:
        check(PREFIX + query)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "expected SELECT, ASK, CONSTRUCT or DESCRIBE, after PREFIX and BASE; found the end"),
        ("{ ?s ?p ?o }", "expected SELECT"),
        ("PREFIX ex <http://example.org/> ASK {}", "PREFIX wants a name; found ex"),
        ("PREFIX ex:a <http://example.org/> ASK {}", "ends in `:`"),
        ("PREFIX ex: ASK {}", "PREFIX ex: wants a iri; found ASK"),
        ("SELECT * { ?s ?p ?o OPTIONNAL { } }", "OPTIONNAL is no word of SPARQL; did you mean OPTIONAL"),
        ("SELECT * FROM 'a' { }", "FROM wants an IRI"),
        ("SELECT * FROM no:g { }", "prefix no: is not declared"),
        ("ASK { ?s ?p '\0' }", r"U\+0000"),
        ("ASK { ?s ?p '\ud800' }", "surrogate"),
        ("ASK { ?s ?p '\\uD83D\\uDE00' }", "is no character"),
        ("ASK { ?s ?p '\\U00110000' }", "is no character"),
    ],
)
def test_a_malformed_query_is_refused_with_400(query: str, message: str) -> None:
    with pytest.raises(QueryRefused, match=message) as refused:
        check(query)
    assert refused.value.status == 400


def test_a_refusal_gives_line_and_column() -> None:
    with pytest.raises(QueryRefused, match=r"^line 2, column 5: SERVICE is switched off") as refused:
        check("SELECT * {\n    SERVICE <http://example.org/> { ?s ?p ?o } }")
    assert (refused.value.line, refused.value.column, refused.value.status) == (2, 5, 403)


def nest(head: str, opening: str, closing: str, tail: str, times: int = 9_000) -> str:
    return head + opening * times + closing * times + tail


BOMBS = {
    "parentheses": nest("ASK { FILTER(", "(", ")", ") }"),
    "braces": nest("ASK {", "{", "}", "}"),
    "collections": nest("ASK { ?s ?p ", "(", ")", " }"),
    "brackets": nest("ASK { ?s ?p ", "[<a:p> ", "]", " }", 6_000),
    "subqueries": nest("ASK {", "{SELECT*", "}", "}", 6_000),
    "functions": nest("ASK { FILTER(", "STR(", ")", ") }"),
    "triple terms": nest("ASK { ?s ?p ", "<<(", ")>>", " }"),
    "not": "ASK { FILTER(" + "!" * 9_384 + "1) }",
    "plus": "ASK { FILTER(" + "+".join("1" * 7_040) + ") }",
    "minus": "ASK { FILTER(1" + "-1" * 9_000 + ") }",
    "or": "ASK { FILTER(" + "||".join("1" * 9_384) + ") }",
    "and": "ASK { FILTER(" + "&&".join("1" * 9_384) + ") }",
    "sequence": "ASK { ?s " + "/".join("a" * 6_000) + " ?o }",
    "alternative": "ASK { ?s " + "|".join("a" * 6_000) + " ?o }",
    "inverse": "ASK { ?s " + "^" * 60_000 + "a ?o }",
    "union": "ASK { " + "UNION".join(["{}"] * 6_551) + " }",
    "optional": "ASK { " + "OPTIONAL{}" * 6_000 + " }",
    "minus groups": "ASK { " + "MINUS{}" * 9_000 + " }",
    "graphs": "ASK { " + "GRAPH?g{}" * 7_000 + " }",
    "filters": "ASK { " + "FILTER(1)" * 7_000 + " }",
    "binds": "ASK { " + "BIND(1 AS?x)" * 5_000 + " }",
    "values": "ASK { " + "VALUES?x{1}" * 5_000 + " }",
    "triples": "ASK { " + "?a?b?c." * 9_000 + " }",
    "objects": "ASK { ?a ?b " + ",".join(["?c"] * 20_000) + " }",
    "properties": "ASK { ?a " + ";".join(["?b?c"] * 12_000) + " }",
    "members": "ASK { ?a ?b (" + "1 " * 30_000 + ") }",
    "described": "DESCRIBE " + "<a:b>" * 12_000,
    "projected": "SELECT " + "(1 AS?x)" * 7_000 + "{}",
    "conditions": "ASK {} ORDER BY " + "(1)" * 20_000,
    "datasets": "ASK " + "FROM<a:b>" * 7_000 + "{}",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_query_that_would_break_the_engine_is_refused(bomb: str) -> None:
    assert len(bomb) <= Limits().max_bytes
    with pytest.raises(QueryRefused, match=r"nest deeper than 200|more than [12],?000") as refused:
        check(bomb)
    assert refused.value.status == 400


def test_a_query_that_is_too_long_is_refused_with_413() -> None:
    check("ASK {} #" + "a" * (65_536 - 8))
    for query in ("ASK {} #" + "a" * (65_536 - 7), "ASK {} #" + "é" * 32_765):
        with pytest.raises(QueryRefused, match="longer than 65536 bytes") as refused:
            check(query)
        assert refused.value.status == 413


def test_limits_can_be_set() -> None:
    assert check("ASK { { } }", limits=Limits(depth=2)).form == "ASK"
    for limits in (Limits(depth=1), Limits(operators=1), Limits(max_bytes=10)):
        with pytest.raises(QueryRefused):
            check("ASK { { } }", limits=limits)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT*{VALUES(?x ?y){" + "(1 2)" * 13_000 + "}}",
        "SELECT*{VALUES ?x{" + "1 " * 32_000 + "}}",
        "ASK{" + "a." * 32_000,
        "ASK{" + "a" * 65_000,
        "ASK{" + "#\n" * 32_000 + "}",
        "ASK{FILTER(1" + "<1" * 32_000,
        'ASK{?s ?p """' + '""a' * 21_000,
        'ASK{?s ?p "' + "\\n" * 32_000,
        "ASK{<" + "\\u0041" * 10_000,
        "ASK{ex:a" + "." * 65_000,
        "PREFIX s: <http://e/> ASK{s:service" + ".a" * 32_000 + "}",
        "BASE <http://e/a/b> SELECT*" + "FROM<a>" * 9_000 + "{}",
    ],
)
def test_time_is_linear_in_the_length_of_the_query(query: str) -> None:
    # 50 ms is the aim and bench/ prints the figure; a quadratic step would take minutes.
    begun = time.perf_counter()
    with suppress(QueryRefused):
        check(query)
    assert time.perf_counter() - begun < 2


def test_the_dataset_is_read_with_prefixes_and_base() -> None:
    query = (
        "BASE <http://e.org/a/> PREFIX ex: <b#> SELECT * FROM ex:g FROM NAMED <h> FROM <http://f.org/#> {}"
    )
    expected = ("http://e.org/a/b#g", "http://e.org/a/h", "http://f.org/#")
    assert check(query) == Accepted("SELECT", expected)


def test_a_graph_outside_the_dataset_is_refused() -> None:
    graphs = frozenset({"http://e.org/one", "http://e.org/two"})
    assert check("ASK FROM <http://e.org/one> {}", graphs=graphs).dataset_iris == ("http://e.org/one",)
    with pytest.raises(QueryRefused, match=r"no graph <http://e.org/ones>; the nearest are http://e.org/one"):
        check("ASK FROM <http://e.org/ones> {}", graphs=graphs)


ALLOWED = frozenset({"https://sparql.example.org"})


@pytest.mark.parametrize(
    "target",
    [
        "<https://sparql.example.org/sparql>",
        "SILENT <https://SPARQL.example.org:443/>",
        "<https://sparql.example.org?x#y>",
        "# why\n <https://sparql.example.org>",
    ],
)
def test_a_service_at_an_allowed_origin_passes(target: str) -> None:
    check(f"SELECT * {{ SERVICE {target} {{ ?s ?p ?o }} }}", services=ALLOWED)


@pytest.mark.parametrize(
    "target",
    [
        "<http://sparql.example.org/>",
        "<https://sparql.example.org:8443/>",
        "<https://sparql.example.org.evil.org/>",
        "<https://sparql.example.org@evil.org/>",
        "<https://evil.org/#https://sparql.example.org/>",
        "<https://sparql.example.org%2eevil.org/>",
        "<https://sparql.example.org\\u002eevil.org/>",
        "<//sparql.example.org/>",
        "<sparql>",
        "?endpoint",
        "ex:sparql",
        "SILENT ex:sparql",
    ],
)
def test_a_service_elsewhere_or_by_another_name_is_refused(target: str) -> None:
    prologue = "BASE <https://sparql.example.org/> PREFIX ex: <https://sparql.example.org/> "
    query = f"{prologue} ASK {{ SERVICE {target} {{}} }}"
    with pytest.raises(
        QueryRefused, match=r"only IRIs written in full at https://sparql.example.org; found"
    ) as refused:
        check(query, services=ALLOWED)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("iri", "expected"),
    [
        ("HTTPS://Example.ORG:443/a", "https://example.org"),
        ("http://example.org:8080", "http://example.org:8080"),
        ("http://[::1]:80/", "http://[::1]"),
        ("http://u@example.org/", ""),
        ("http://example.org:x/", ""),
        ("http://[example/", ""),
        ("http:///a", ""),
        ("file:///etc/hostname", ""),
        ("example.org", ""),
    ],
)
def test_an_origin_is_scheme_host_and_port(iri: str, expected: str) -> None:
    assert origin(iri) == expected


class Listener:
    """A loopback server that counts who calls; nothing that the guard accepts may."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self.calls = 0
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                if self.calls < 0:
                    return
                self.calls += 1

    def close(self) -> None:
        self.calls = -1
        socket.create_connection(self._socket.getsockname()).close()
        self._thread.join()
        self._socket.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    server = Listener()
    yield server
    server.close()


@pytest.fixture(scope="module")
def store(listener: Listener) -> pyoxigraph.Store:
    filled = pyoxigraph.Store()
    node = pyoxigraph.NamedNode
    values = [pyoxigraph.Literal(True), pyoxigraph.Literal(1), pyoxigraph.Literal("a")]
    nodes = ["http://e/", "http://e/a", "http://e/a.b", "http://h:80", listener.url, listener.url + "a"]
    for value in [*values, *map(node, nodes)]:
        filled.add(pyoxigraph.Quad(node("http://e/s"), node("http://e/p"), value))
    return filled


def reaches(query: str, listener: Listener, store: pyoxigraph.Store) -> bool:
    before = listener.calls
    try:
        answer = store.query(query)
        if not isinstance(answer, pyoxigraph.QueryBoolean):
            list(zip(answer, range(50), strict=False))
    except (OSError, RuntimeError, SyntaxError, ValueError):
        pass
    return listener.calls > before


# Each is read as a call of @U by one engine or another; `yes`: by the embedded one, as the listener shows.
ATTACKS = [
    ("yes", "SELECT * { SERVICE @U {?s ?p ?o} }"),
    ("yes", "ask{service@U{?s?p?o}}"),
    ("yes", "SELECT * { SERVICE SILENT @U {?s ?p ?o} }"),
    ("yes", "SELECT * { SERVICESILENT@U{?s ?p ?o} }"),
    ("yes", "SELECT * { ?s ?p trueSERVICE@U{?a ?b ?c} }"),
    ("yes", "SELECT * { ?s ?p 1SERVICE@U{?a ?b ?c} }"),
    ("no", "SELECT * { ?s ?p ?x BIND(@U AS ?e) SERVICE ?e {?a ?b ?c} }"),
    ("yes", "SELECT * { ?s ?p ?o FILTER EXISTS { SERVICE @U {?s ?p ?o} } }"),
    ("yes", "SELECT * { { SELECT * { SERVICE @U {?s ?p ?o} } } }"),
    ("yes", "SELECT * { {} LATERAL { SERVICE @U {?s ?p ?o} } }"),
    ("yes", "PREFIX : @U SELECT * { SERVICE : {?s ?p ?o} }"),
    ("yes", "PREFIX : @U SELECT * { SERVICE:a {?s ?p ?o} }"),
    ("yes", "PREFIX : @U PREFIX service: <http://e/> SELECT * { service:a #\n {?s ?p ?o} }"),
    ("yes", "PREFIX ex: @U SELECT * { SERVICEex:a {?s ?p ?o} }"),
    ("yes", "PREFIX ex: @U SELECT * { SERVICESILENTex:a {?s ?p ?o} }"),
    ("yes", "PREFIX : @U SELECT * { ?s ?p true.SERVICE:a {?a ?b ?c} }"),
    ("yes", "PREFIX ex: <http://e/> SELECT * { ?s ?p ex:a.b.SERVICE@U{?a ?b ?c} }"),
    ("yes", "PREFIX ex: <http://h:80> SELECT * { ?s ?p ex:SERVICE@U{?a ?b ?c} }"),
    ("yes", "PREFIX \ufffd: @U PREFIX ex: <http://e/> SELECT * { ?s ?p ex:SERVICE\ufffd:a {?a ?b ?c} }"),
    ("yes", "PREFIX ex: <http://e/> SELECT * { ?s ?p ?o OPTIONAL { ?s ex:a\\#b ?x } SERVICE @U {?a ?b ?c} }"),
    ("yes", "SELECT * { ?s ?p ?o OPTIONAL { ?s <http://e/#> ?x } SERVICE @U {?a ?b ?c} }"),
    ("yes", "SELECT * { ?s ?p ?o OPTIONAL { ?s <http://e/'> ?x } SERVICE @U {?a ?b ?c} }"),
    ("yes", 'SELECT * { BIND("""a " b""" AS ?x) SERVICE @U {?a ?b ?c} }'),
    ("yes", "SELECT * { #\rSERVICE @U {?s ?p ?o}\n}"),
    ("yes", "SELECT * { VALUES ?x {'''a'} SERVICE @U {?s ?p ?o} }"),
    ("yes", 'SELECT * { VALUES ?x {"""a"} SERVICE @U {?s ?p ?o} #\\uD800"""\n}'),
    ("yes", 'SELECT * { ?s ?p ?a FILTER(?a=?a||?a<?b)#>"""\nSERVICE @U {?x ?y ?z} #"""\n}'),
    (
        "yes",
        'BASE <http://e/> SELECT * { ?s ?p ?a FILTER(?a=?a||?a<#a>"""\n?b) SERVICE @U {?x ?y ?z} #"""\n}',
    ),
    ("yes", 'SELECT (COUNT(DISTINCTtrue<?b)#>"""\nAS ?x) { SERVICE @U {?s ?p ?o} } #"""\n'),
    ("yes", "SELECT * { ?a ?b ?c FILTER(?c=?c||?a<<http://x#y>) SERVICE @U {?s ?p ?o}\n }"),
    ("no", "SELECT * { \\u0053ERVICE @U {?s ?p ?o} }"),
    ("no", "SELECT * { # \\u000A SERVICE @U {?s ?p ?o}\n }"),
    ("no", 'SELECT * { VALUES ?x {"\\u0022} SERVICE @U {?s ?p ?o} #" } }'),
    ("no", 'SELECT * { VALUES ?x {"\\u0022} \\u0053ERVICE @U {?s ?p ?o} #" } }'),
    ("no", "SELECT * { ?s ?p '\\u005C' . SERVICE @U {?s ?p ?o} #' }"),
    ("no", "SELECT * { \u017fERVICE @U {?s ?p ?o} }"),
]


@pytest.mark.parametrize(("reached", "attack"), ATTACKS)
def test_a_hidden_service_is_refused(
    reached: str, attack: str, listener: Listener, store: pyoxigraph.Store
) -> None:
    query = attack.replace("@U", f"<{listener.url}>")
    assert reaches(query, listener, store) == (reached == "yes")
    with pytest.raises(QueryRefused):
        check(query)


CALLS = [
    "SERVICE @U {?q ?r ?t}",
    "SERVICE@U{?q ?r ?t}",
    "SERVICE:a{?q ?r ?t}",
    "SERVICEex:a {?q ?r ?t}",
    "SERVICE SILENT@U{}",
    "SERVICE \ufffd:a {?q ?r ?t}",
]
CARRIERS = [
    '?s ?p ?o FILTER(?s<?b)#>"""\n@C #"""\n',
    "?s ?p ?o FILTER(?s<<http://x#y>) @C\n",
    'VALUES ?v {"""a"} @C #\\uD800"""\n',
    "VALUES ?x {'''a'} @C ",
    "?s ?p ex:a.b.@C",
    "?s ?p true.@C",
    "?s ?p h:@C",
    "?s ?p true@C",
    "?s ?p ex:a\\#b @C",
    "?s ?p <http://e/#> @C",
    "?s ?p '''a ' b''' @C",
    "#\r @C",
    '?s ?p (1 <ex:a#>"""\n) @C #"""\n',
    '?s ?p (1 <<ex:a#>"""\n ex:p ex:o>>) @C #"""\n',
    "VALUES(?v ?w){(1 <urn:a#b>)}@C",
    "BIND(IF(1<?b,'x','>') AS ?y) @C",
    "{SELECT (?s<?b#>'\nAS ?y) {?s ?p ?b}} @C #'\n",
    "?s ?p 'a'@en@C",
    "?s ?p 'a'^^ex:@C",
    "FILTER(EXISTS{}<?b#>'\n) @C #'\n",
    "@C",
]
FRAGMENTS = [
    *["{", "}", "(", ")", "[", "]", "<", ">", "<=", "<<", ">>", "#", "\n", "\r", " ", "'", '"', "'''", '"""'],
    *["\\", "\\'", "\\#", "\\u0022", "\\u000A", "\\u005C", "\\uD800", "\\u0053ERVICE", "\x0c", "\u2028", "é"],
    *[
        "ex:",
        "ex:a",
        ".b",
        ".",
        ";",
        ",",
        ":",
        ":a",
        "h:SERVICE",
        "ex:a.b.SERVICE",
        "SERVICE",
        "SILENT",
        "true",
    ],
    *["1", "1.", "1e5", "?x", "?SERVICE", "?a<?b", "_:b", "@en", "^^", "^", "<http://e/#>", "<#a>", "<?b)#>"],
    *["FILTER(", "FILTER(?s<", "BIND(", "AS ?y)", "VALUES ?v {", "UNDEF", "OPTIONAL{", "GRAPH ", "EXISTS{"],
    *[
        "{SELECT * {",
        "HAVING(",
        "a",
        "/",
        "*",
        "?",
        "|",
        "||",
        "&&",
        "!",
        "=",
        "-",
        "COUNT(*)",
        "#>",
        "http:",
    ],
]
PROLOGUES = [
    *["PREFIX ex: <http://e/> ", "PREFIX : @U ", "PREFIX h: <http://h:80> ", "PREFIX ex: @U "],
    *["PREFIX \ufffd: @U ", "PREFIX service: <http://e/> ", "PREFIX ex: <http://e/#> ", "BASE <http://e/> "],
]


@st.composite
def disguised(draw: st.DrawFn) -> str:
    """Compose a query that calls @U from within something else, with fragments strewn in."""
    body = draw(st.sampled_from(CARRIERS)).replace("@C", draw(st.sampled_from(CALLS)))
    for fragment in draw(st.lists(st.sampled_from(FRAGMENTS), max_size=4)):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 4)))
        body = body[:start] + fragment + body[end:]
    form = draw(st.sampled_from(["SELECT * {", "ASK{", "CONSTRUCT WHERE {", "SELECT * { {"]))
    prologue = draw(st.lists(st.sampled_from(PROLOGUES), max_size=3))
    return "".join(prologue) + form + body + draw(st.sampled_from(["}", "\n}", "}}"]))


@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=disguised())
def test_no_accepted_query_reaches_another_host(
    query: str, listener: Listener, store: pyoxigraph.Store
) -> None:
    query = query.replace("@U", f"<{listener.url}>")
    try:
        check(query)
    except QueryRefused:
        return
    assert not reaches(query, listener, store)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)))
def test_any_text_is_accepted_or_refused_and_nothing_else(text: str) -> None:
    for query in (text, f"SELECT * {{ {text} }}"):
        outcome = verdict(query)
        if isinstance(outcome, QueryRefused):
            assert outcome.status in {400, 403, 413}
            assert min(outcome.line, outcome.column) >= 1
        else:
            assert outcome.form in {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"}


def verdict(query: str) -> Accepted | QueryRefused:
    try:
        return check(query)
    except QueryRefused as refused:
        return refused
