"""Rules in the store draw what a plain fixed point draws, and run again only for what they look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Graph

from ketagraph import names, sources
from ketagraph.errors import EnvironmentFault
from ketagraph.releases import Release
from ketagraph.store.engine import Engine
from ketagraph.store.rules import Rule
from mutating import mutated

LAYOUT = sources.layout(Path(__file__).parent.parent)
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(LAYOUT.ontology.glob("rules/inferred/*.rq"))}
INTO = names.graph("inferred")
EVERYTHING = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
GIVEN = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(?g != <{INTO}>) }}"


def loaded(statements: list[str]) -> Engine:
    engine = Engine()
    engine.load_quads("\n".join(statements).encode(), graph=names.graph("evidence"))
    engine.unite_graphs()
    return engine


def plainly(statements: list[str]) -> list[str]:
    """Run every rule in every round, by way of text: slow, and plain enough to be believed."""
    engine, known = loaded(statements), set(statements)
    while fresh := {line for text in TEXTS.values() for line in engine.construct(text)} - known:
        known |= fresh
        engine.load_quads("\n".join(fresh).encode(), graph=INTO)
        engine.unite_graphs()
    return sorted(known - set(statements))


@pytest.fixture(scope="module")
def given(release: Release) -> list[str]:
    engine = Engine()
    engine.load_quads(release.data)
    return engine.construct(GIVEN)


def test_rules_in_the_store_draw_the_same_from_the_curated_graph(given: list[str]) -> None:
    drawn = loaded(given).saturate(list(TEXTS.values()), into=INTO)
    assert len(drawn) > 1000
    assert drawn == plainly(given)


def test_rules_in_the_store_draw_the_same_after_a_source_has_changed(given: list[str]) -> None:
    changed = mutated(Graph().parse(data="\n".join(given), format="nt"), seed=6, changes=300)
    statements = loaded(changed.serialize(format="nt").splitlines()).construct(EVERYTHING)
    drawn = loaded(statements).saturate(list(TEXTS.values()), into=INTO)
    assert drawn != loaded(given).saturate(list(TEXTS.values()), into=INTO)
    assert drawn == plainly(statements)


def test_what_is_drawn_stands_in_its_graph_and_in_the_union() -> None:
    engine = loaded(["<http://e/a> <http://e/p> <http://e/b> ."])
    rule = "CONSTRUCT { ?o <http://e/q> ?s } WHERE { ?s <http://e/p> ?o }"
    assert engine.saturate([rule], into=INTO) == ["<http://e/b> <http://e/q> <http://e/a> ."]
    assert engine.ask("ASK { <http://e/b> <http://e/q> <http://e/a> }")
    assert engine.ask(f"ASK {{ GRAPH <{INTO}> {{ <http://e/b> <http://e/q> <http://e/a> }} }}")


def test_rules_that_feed_themselves_without_end_are_stopped() -> None:
    rule = (
        "CONSTRUCT { ?n <http://e/p> ?s } WHERE { ?s <http://e/p> ?o BIND(IRI(CONCAT(STR(?s), '-')) AS ?n) }"
    )
    with pytest.raises(EnvironmentFault, match="one of them feeds itself"):
        loaded(["<http://e/a> <http://e/p> <http://e/b> ."]).saturate([rule], into=INTO)


READS = {
    "SELECT-like lists": ("{ SELECT ?a ?b WHERE { ?a e:p ?b } GROUP BY ?a ?b }", {"p"}),
    "paths": ("?a ^e:p/e:q* ?b ; e:r|e:s ?c", {"p", "q", "r", "s"}),
    "what must be absent": ("?a e:p ?b FILTER NOT EXISTS { ?b e:q ?c MINUS { ?c e:r 1 } }", {"p", "q", "r"}),
    "values": ("VALUES (?b ?c) { (e:x e:y) } ?a e:p ?b", {"p", "x", "y"}),
    "a predicate left open": ("?a ?p ?b", None),
    "one behind a semicolon": ("?a e:p ?b ; ?q ?c", None),
    "one behind a named subject": ("?a e:p ?b . e:x ?q e:y", None),
    "one behind a filter": ("?a e:p ?b FILTER(?b > 1) e:x ?q e:y", None),
}


@pytest.mark.parametrize(("pattern", "reads"), READS.values(), ids=READS)
def test_a_rule_knows_what_it_looks_at(pattern: str, reads: set[str] | None) -> None:
    rule = Rule.of(f"PREFIX e: <http://e/> CONSTRUCT {{ ?a e:drawn ?b }} WHERE {{ {pattern} }}")
    assert rule.reads == (None if reads is None else {f"http://e/{name}" for name in reads})
    assert rule.looks_at({"http://e/p"})
    assert rule.looks_at({"http://e/elsewhere"}) == (reads is None)


def test_of_our_rules_only_the_inverse_looks_at_everything() -> None:
    assert [name for name, text in TEXTS.items() if Rule.of(text).reads is None] == ["inverse"]
