"""Rules in the store draw what a plain fixed point draws, and run again only for what they look at."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from rdflib import Graph

from ketagraph import names, sources
from ketagraph.errors import EnvironmentFault
from ketagraph.releases import Release
from ketagraph.store.engine import Engine
from ketagraph.store.patterns import TYPE
from ketagraph.store.rules import Rule, turns
from mutating import mutated

LAYOUT = sources.layout(Path(__file__).parent.parent)
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(LAYOUT.ontology.glob("rules/inferred/*.rq"))}
EVERYTHING = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
BEFORE = ("ontology", "evidence", "effects", "discrepancies", "mappings")
"""The graphs that a build has when its rules run."""


def union(release: Release, *graphs: str) -> list[str]:
    """Return the statements of some graphs of a release, each once."""
    engine = Engine()
    engine.load_quads(release.data)
    wanted = " ".join(f"<{names.graph(name)}>" for name in graphs)
    return engine.construct(
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?g {{ {wanted} }} GRAPH ?g {{ ?s ?p ?o }} }}"
    )


def loaded(statements: list[str]) -> Engine:
    engine = Engine()
    engine.load_triples("\n".join(statements).encode())
    return engine


def plainly(statements: list[str]) -> list[str]:
    """Run every rule in every round, by way of text: slow, and plain enough to be believed."""
    engine, known = loaded(statements), set(statements)
    rules = [Rule.of(text) for text in TEXTS.values()]
    waiting, before = turns(rules), -1
    while len(known) != before:
        before = len(known)
        for rule in islice(waiting, len(rules)):
            fresh = set(engine.construct(rule.text)) - known
            known |= fresh
            engine.load_triples("\n".join(fresh).encode())
    return sorted(known - set(statements))


@pytest.fixture(scope="module")
def given(release: Release) -> list[str]:
    return union(release, *BEFORE)


def test_rules_in_the_store_draw_the_same_from_the_curated_graph(given: list[str]) -> None:
    drawn = loaded(given).saturate(list(TEXTS.values()))
    assert len(drawn) > 1000
    assert drawn == plainly(given)


def test_rules_in_the_store_draw_the_same_after_a_source_has_changed(given: list[str]) -> None:
    changed = mutated(Graph().parse(data="\n".join(given), format="nt"), seed=6, changes=300)
    statements = loaded(changed.serialize(format="nt").splitlines()).construct(EVERYTHING)
    drawn = loaded(statements).saturate(list(TEXTS.values()))
    assert drawn != loaded(given).saturate(list(TEXTS.values()))
    assert drawn == plainly(statements)


def test_what_is_drawn_stands_in_the_store() -> None:
    engine = loaded(["<http://e/a> <http://e/p> <http://e/b> ."])
    rule = "CONSTRUCT { ?o <http://e/q> ?s } WHERE { ?s <http://e/p> ?o }"
    assert engine.saturate([rule]) == ["<http://e/b> <http://e/q> <http://e/a> ."]
    assert engine.ask("ASK { <http://e/b> <http://e/q> <http://e/a> }")


def test_rules_that_feed_themselves_without_end_are_stopped() -> None:
    rule = (
        "CONSTRUCT { ?n <http://e/p> ?s } WHERE { ?s <http://e/p> ?o BIND(IRI(CONCAT(STR(?s), '-')) AS ?n) }"
    )
    with pytest.raises(EnvironmentFault, match="one of them feeds itself"):
        loaded(["<http://e/a> <http://e/p> <http://e/b> ."]).saturate([rule])


A, B = "http://e/A", "http://e/B"
ANY = ("", "")
READS = {
    "a predicate": ("?a e:p ?b", {("p", "")}),
    "lists of variables": (
        "{ SELECT ?a (MIN(?b) AS ?c) WHERE { ?a e:p ?b } GROUP BY ?a HAVING (?c > 1) }",
        {("p", "")},
    ),
    "paths": ("?a ^e:p/e:q* ?b ; e:r|e:s ?c", {("p", ""), ("q", ""), ("r", ""), ("s", "")}),
    "values": ("VALUES (?b ?c) { (e:x e:y) } ?a e:p ?b , -1 , ?d", {("p", "")}),
    "a class": ("?a a e:A ; e:p/e:q ?b", {("type", A), ("p", A), ("q", "")}),
    "a class named later": ("?a e:p ?b . ?a a e:A", {("type", A), ("p", A)}),
    "a class left open": ("?a a ?b ; e:p ?c", {("type", ""), ("p", "")}),
    "a path from its end": ("?a a e:A ; ^e:p ?b", {("type", A), ("p", "")}),
    "a step that repeats": ("?a a e:A ; e:p+ ?b", {("type", A), ("p", "")}),
    "either of two steps": ("?a a e:A ; e:p|e:q ?b", {("type", A), ("p", A), ("q", A)}),
    "groups within": (
        "?a a e:A OPTIONAL { ?a e:p ?b } FILTER NOT EXISTS { ?a e:q ?b MINUS { ?a e:r ?c } }",
        {("type", A), ("p", A), ("q", A), ("r", A)},
    ),
    "a test in an expression": ("?a a e:A BIND(EXISTS { ?a e:p ?b } AS ?c)", {("type", A), ("p", A)}),
    "the other branch": (
        "{ ?a a e:A ; e:p ?b } UNION { ?a a e:B ; e:p ?b }",
        {("type", A), ("p", A), ("type", B), ("p", B)},
    ),
    "a class only if there": ("OPTIONAL { ?a a e:A } ?a e:p ?b", {("type", A), ("p", "")}),
    "the inside of a sub-SELECT": ("?a a e:A { SELECT ?b WHERE { ?a e:p ?b } }", {("type", A), ("p", "")}),
    "a predicate left open": ("?a ?p ?b", {ANY}),
    "one behind a semicolon": ("?a e:p ?b ; ?q ?c", {("p", ""), ANY}),
    "one behind a named subject": ("?a e:p ?b . e:x ?q e:y", {("p", ""), ANY}),
    "one behind a filter": ("?a e:p ?b FILTER(?b > 1) e:x ?q e:y", {("p", ""), ANY}),
    "a negated set": ("?a !(e:p|e:q) ?b", {ANY}),
    "a nameless subject": ("[ e:p ?a ] e:q ?b", {ANY}),
    "a nameless object": ("?a e:p [ e:q ?b ]", {ANY}),
}


@pytest.mark.parametrize(("pattern", "reads"), READS.values(), ids=READS)
def test_a_rule_knows_what_it_looks_at(pattern: str, reads: set[tuple[str, str]]) -> None:
    rule = Rule.of(f"PREFIX e: <http://e/> CONSTRUCT {{ ?a e:drawn ?b }} WHERE {{ {pattern} }}")
    named = {"type": TYPE, "": ""}
    expected = {(named.get(name, f"http://e/{name}"), kind) for name, kind in reads}
    assert rule.reads == expected if ANY not in expected else ANY in rule.reads
    assert rule.draws == {("http://e/drawn", "")}


def test_what_a_new_node_is_said_to_be_concerns_no_rule_about_others() -> None:
    claims = Rule.of("CONSTRUCT { ?a <e:q> ?b } WHERE { ?a a <e:Claim> ; <e:p> ?b }")
    assert claims.looks_at({("e:p", "e:Claim")})
    assert claims.looks_at({(TYPE, "e:Claim")})
    assert not claims.looks_at({("e:p", "e:Finding"), (TYPE, "e:Finding"), ("e:q", "e:Claim")})


ALONE = {
    "one pattern": ("?a e:p ?b", ("http://e/p", "")),
    "one beside the schema": (
        "?a e:p ?b . ?b <http://www.w3.org/2000/01/rdf-schema#subClassOf>* e:B",
        ("http://e/p", ""),
    ),
    "types beside the schema": ("?a a ?b . ?b a <http://www.w3.org/2002/07/owl#Class>", (TYPE, "")),
    "any predicate": ("?a ?p ?b . ?p <http://www.w3.org/2002/07/owl#inverseOf> ?q", ANY),
    "two patterns": ("?a e:p ?b . ?b e:q ?c", None),
    "one pattern twice": ("?a e:p ?b . ?b e:p ?c", None),
    "an absence": ("?a e:p ?b MINUS { ?b <http://www.w3.org/2000/01/rdf-schema#subClassOf> ?c }", None),
    "a count": ("{ SELECT ?a (COUNT(?b) AS ?c) WHERE { ?a e:p ?b } GROUP BY ?a }", None),
    "none": ("?a <http://www.w3.org/2000/01/rdf-schema#subClassOf> ?b", None),
}


@pytest.mark.parametrize(("pattern", "facet"), ALONE.values(), ids=ALONE)
def test_a_rule_knows_whether_it_looks_at_each_triple_by_itself(
    pattern: str, facet: tuple[str, str] | None
) -> None:
    rule = Rule.of(f"PREFIX e: <http://e/> CONSTRUCT {{ ?a e:drawn ?b }} WHERE {{ {pattern} }}")
    assert rule.alone == facet


def test_a_rule_that_looks_at_each_triple_by_itself_looks_at_all_where_the_schema_grows() -> None:
    sub = "http://www.w3.org/2000/01/rdf-schema#subClassOf"
    below = f"CONSTRUCT {{ ?a a ?c }} WHERE {{ ?a a ?b . ?b <{sub}> ?c }}"
    grows = f"CONSTRUCT {{ ?b <{sub}> ?c }} WHERE {{ ?a <http://e/p> ?x . ?b <http://e/q> ?c }}"
    engine = loaded(
        [
            "<http://e/a> a <http://e/B> .".replace(" a ", f" <{TYPE}> "),
            "<http://e/B> <http://e/q> <http://e/C> .",
            "<http://e/x> <http://e/p> <http://e/y> .",
        ]
    )
    assert Rule.of(below).alone == (TYPE, "")
    assert engine.saturate([below, grows]) == [
        f"<http://e/B> <{sub}> <http://e/C> .",
        f"<http://e/a> <{TYPE}> <http://e/C> .",
    ]


def test_a_rule_comes_after_those_that_feed_it() -> None:
    last = Rule.of("CONSTRUCT { ?a <e:c> ?b } WHERE { ?a <e:b> ?b }")
    first = Rule.of("CONSTRUCT { ?a <e:b> ?b } WHERE { ?a <e:a> ?b }")
    wide = Rule.of("CONSTRUCT { ?b ?p ?a } WHERE { ?a ?p ?b ; <e:c> ?b }")
    assert list(islice(turns([last, first, wide]), 6)) == [wide, first, last, first, last, wide]


@pytest.fixture(scope="module")
def described(release: Release) -> tuple[Engine, dict[str, set[tuple[str, str]]]]:
    """What rules look at, and each of its statements with the facets that it has."""
    whole = loaded(union(release, *BEFORE, "inferred"))
    statements = {line: line.removesuffix(" .").split(" ", 2) for line in whole.construct(EVERYTHING)}
    classes: dict[str, set[str]] = {}
    for subject, predicate, value in statements.values():
        if predicate == f"<{TYPE}>":
            classes.setdefault(subject, set()).add(value[1:-1])
    facets = {
        line: {(TYPE, value[1:-1])}
        if predicate == f"<{TYPE}>"
        else {(predicate[1:-1], each) for each in classes.get(subject, {"none"})}
        for line, (subject, predicate, value) in statements.items()
    }
    return whole, facets


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_rule_does_not_look_at_changes_nothing_of_what_it_draws(
    name: str, described: tuple[Engine, dict[str, set[tuple[str, str]]]]
) -> None:
    whole, facets = described
    rule = Rule.of(TEXTS[name])
    seen = [line for line, found in facets.items() if rule.looks_at(found)]
    assert len(seen) < len(facets) or name == "inverse"
    assert loaded(seen).construct(rule.text) == whole.construct(rule.text)
