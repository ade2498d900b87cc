"""Each rule draws from its tiny graph what stands beside it, no more; together they come to rest.

``rules/<rule>.ttl`` is given, with comments on what is drawn and what is not; ``rules/<rule>.inferred.ttl``
is all that the rule adds.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rdflib import Graph, URIRef

from ketagraph import names, rdf, sources
from ketagraph.store.engine import Engine
from ketagraph.vocabulary import read_ontology, read_turtle

HERE = Path(__file__).parent
LAYOUT = sources.layout(HERE.parent)
RULES = {path.stem: path for path in sorted((LAYOUT.ontology / "rules").glob("*/*.rq"))}
GIVEN = {path.stem: path for path in sorted((HERE / "rules").glob("*.ttl")) if "." not in path.stem}
# What HermiT itself adds; the other inferred triples are the rules'.
REASONED = tuple(
    f" <{names.expand(each)}> " for each in ("rdf:type", "rdfs:subClassOf", "owl:equivalentClass")
)


def drawn(rule: str, given: Graph) -> Graph:
    engine = Engine()
    engine.load_quads(rdf.nquads({"evidence": given}))
    engine.unite_graphs()
    statements = engine.construct(RULES[rule].read_text(encoding="utf-8"))
    return rdf.new_graph().parse(data="\n".join(statements), format="nt")


def test_every_rule_has_its_tiny_graph() -> None:
    assert sorted(GIVEN) == sorted(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_draws_this_and_nothing_else(rule: str) -> None:
    expected = (HERE / "rules" / f"{rule}.inferred.ttl").read_text(encoding="utf-8")
    assert rdf.turtle(drawn(rule, read_turtle(GIVEN[rule], LAYOUT))) == expected


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_in_its_comment_what_it_infers(rule: str) -> None:
    text = RULES[rule].read_text(encoding="utf-8")
    comment = " ".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("# "))
    assert re.fullmatch(r"[A-Z].*\.", comment)
    assert len(re.findall(r"^CONSTRUCT\b", text, re.MULTILINE)) == 1


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_draws_no_blank_nodes(rule: str) -> None:
    expected = (HERE / "rules" / f"{rule}.inferred.ttl").read_text(encoding="utf-8")
    assert "_:" not in expected
    assert "[" not in expected


def test_every_signal_names_the_rule_that_draws_it() -> None:
    words = read_ontology(LAYOUT).graph
    named = {
        str(rule): str(signal).removeprefix(names.BASE)
        for signal, rule in words.subject_objects(URIRef(names.term("drawnBy")))
    }
    assert sorted(named) == [rule for rule in RULES if rule.startswith("signal-")]
    for rule, signal in named.items():
        assert f"keta:certaintySignal keta:{signal} " in RULES[rule].read_text(encoding="utf-8")


def test_nothing_was_drawn_from_a_graph_that_was_only_half_inferred(engine: Engine) -> None:
    """A rule that asks for an absence would draw too much if it ran before the rules that it looks at."""
    rules = [path for path in RULES.values() if path.parent.name == "inferred"]
    again = {statement for path in rules for statement in engine.construct(path.read_text(encoding="utf-8"))}
    inferred = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{names.graph('inferred')}> {{ ?s ?p ?o }} }}"
    stale = [line for line in engine.construct(inferred) if line not in again and not _reasoned(line)]
    assert stale == []


def _reasoned(statement: str) -> bool:
    return any(predicate in statement for predicate in REASONED)
