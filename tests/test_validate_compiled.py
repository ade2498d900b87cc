"""Shapes compiled to SPARQL find what the reference engine finds, in full, on good, bad and random graphs."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from rdflib import Graph, Literal
from rdflib.util import from_n3

from ketagraph import names, rdf, validate
from ketagraph.examining import LARGE, ShapesEngine, examine, examine_file
from ketagraph.store.engine import Engine
from ketagraph.validate import Result
from ketagraph.vocabulary import read_turtle
from mutating import mutated
from refusing import BAD, GOOD, LAYOUT, ontology

EVERYTHING = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
CURATED = (
    "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } "
    f"FILTER(?g NOT IN (<{names.graph('judgements')}>, <{names.graph('void')}>)) }}"
)
RANGES = {f"{end}{kind}ConstraintComponent" for end in ("Min", "Max") for kind in ("Inclusive", "Exclusive")}
HEAD = "".join(
    f"PREFIX {prefix}: <{names.PREFIXES[prefix]}>\n" for prefix in ("keta", "kid", "owl", "rdfs", "sh", "xsd")
)
SHAPES = validate.read_shapes(LAYOUT)


def graph(text: str) -> Graph:
    return Graph().parse(data=HEAD + text, format="turtle")


def both(data: Graph, shapes: Graph = SHAPES) -> tuple[set[Result], set[Result]]:
    """Run both engines on the same terms: the store writes numbers and language tags in a form of its own."""
    store = Engine()
    store.load_quads(rdf.nquads({"evidence": data, "ontology": ontology()}))
    store.unite_graphs()
    same = rdf.new_graph().parse(data="\n".join(store.construct(EVERYTHING)), format="nt")
    found = validate.run_compiled(shapes, lambda query: store.select(query)[1], places={})
    assert len(found) == len(set(found))
    return set(validate.run_shapes(same, shapes, ontology(), places={})), set(found)


def comparable(results: Iterable[Result]) -> set[Result]:
    """Leave out values of no number's type beyond a bound: SPARQL cannot compare them, so they fail
    (https://www.w3.org/TR/shacl/#core-components-range); the reference engine lets some of them pass."""
    return {each for each in results if each.component not in RANGES or _is_number(each.value)}


def _is_number(value: str) -> bool:
    term = from_n3(value)
    number = isinstance(term, Literal) and isinstance(term.value, int | float)
    return (number and not isinstance(term.value, bool)) or "decimal>" in value


@pytest.mark.parametrize("name", ["good", *BAD])
def test_both_engines_say_the_same_of_an_example(name: str) -> None:
    reference, compiled = both(read_turtle(BAD.get(name, GOOD), LAYOUT))
    assert compiled == reference


@pytest.mark.parametrize("seed", [*range(11), 223])
def test_both_engines_say_the_same_of_a_graph_made_wrong_by_chance(seed: int) -> None:
    reference, compiled = both(mutated(read_turtle(GOOD, LAYOUT), seed=seed, changes=60))
    assert len(reference) > 50
    assert reference - compiled == set()
    assert comparable(compiled) == comparable(reference)


def test_both_engines_say_the_same_of_the_curated_graph_made_wrong_by_chance(engine: Engine) -> None:
    # Judgements are as many statements as all the rest, and alike; the examples have one made wrong.
    curated = Graph().parse(data="\n".join(engine.construct(CURATED)), format="nt")
    reference, compiled = both(mutated(curated, seed=8, changes=600))
    assert len(reference) > 100
    assert reference - compiled == set()
    assert comparable(compiled) == comparable(reference)


def test_the_compiled_engine_finds_nothing_in_the_release(engine: Engine) -> None:
    assert validate.run_compiled(SHAPES, lambda query: engine.select(query)[1], places={}) == []


TRIED = {
    "counts above one": "sh:path keta:via ; sh:minCount 2 ; sh:maxCount 3",
    "no value at all": "sh:path keta:via ; sh:maxCount 0",
    "an inverse path": "sh:path [ sh:inversePath keta:between ] ; sh:minCount 1 ; sh:class keta:Arm",
    "a sequence": "sh:path ( keta:via rdfs:label ) ; sh:languageIn ( 'en' ) ; sh:minCount 1",
    "an optional step": "sh:path [ sh:zeroOrOnePath keta:via ] ; sh:nodeKind sh:IRI",
    "steps without end": "sh:path [ sh:oneOrMorePath keta:via ] ; sh:maxCount 2",
    "not": "sh:path keta:via ; sh:not [ sh:class keta:Record ]",
    "and": "sh:path keta:via ; sh:and ( [ sh:nodeKind sh:IRI ] [ sh:class owl:Class ] )",
    "exactly one": "sh:path keta:via ; sh:xone ( [ sh:nodeKind sh:IRI ] [ sh:class owl:Class ] )",
    "a nested property": "sh:path keta:via ; sh:node [ sh:property [ sh:path rdfs:label ; "
    "sh:minCount 1 ; sh:maxCount 1 ; sh:maxLength 5 ] ]",
    "a value that must be there": "sh:path keta:via ; sh:hasValue kid:a",
    "a pattern with a flag": "sh:path keta:via ; sh:pattern '^HTTPS' ; sh:flags 'i'",
    "a greatest length": "sh:path keta:via ; sh:maxLength 30",
    "a range": "sh:path keta:number ; sh:maxExclusive 3.5 ; sh:minExclusive 1",
    "dates": "sh:path keta:number ; sh:datatype xsd:date",
    "a severity": "sh:path keta:via ; sh:maxCount 1 ; sh:severity sh:Warning",
    "a shape switched off": "sh:path keta:via ; sh:maxCount 0 ; sh:deactivated true",
}
RECORDS = """
kid:a a keta:Claim ; rdfs:label "a"@en ; keta:via kid:b , kid:c ; keta:number 2 , 3.5 .
kid:b a keta:Claim ; rdfs:label "the second"@en , "b"@fr ; keta:via kid:a , kid:b , kid:c , keta:Ketamine ;
  keta:number "2020-01-02"^^xsd:date , 1.0e0 .
kid:c a keta:Claim ; keta:via "c" .
kid:d a keta:Contradiction ; keta:between kid:a .
"""


@pytest.mark.parametrize("shape", TRIED.values(), ids=TRIED)
def test_both_engines_say_the_same_of_what_our_own_shapes_do_not_use(shape: str) -> None:
    shapes = graph(f"keta:TriedShape a sh:NodeShape ; sh:targetClass keta:Claim ; sh:property [ {shape} ] .")
    reference, compiled = both(graph(RECORDS), shapes)
    assert comparable(compiled) == comparable(reference)
    assert bool(compiled) != ("deactivated" in shape)


@pytest.mark.parametrize(
    "target", ["sh:targetNode kid:a", "sh:targetObjectsOf keta:via", "sh:targetSubjectsOf keta:between"]
)
def test_both_engines_find_the_same_targets(target: str) -> None:
    shapes = graph(f"keta:S a sh:NodeShape ; {target} ; sh:nodeKind sh:Literal ; sh:class keta:Arm .")
    reference, compiled = both(graph(RECORDS), shapes)
    assert compiled == reference
    assert compiled


def test_a_fault_has_everything_that_a_report_says_of_it() -> None:
    shapes = graph(
        "keta:S a sh:NodeShape ; sh:targetNode kid:c ; "
        "sh:property [ sh:path keta:via ; sh:nodeKind sh:IRI ; sh:severity sh:Info ; "
        "sh:message 'A thing.'@en ] ."
    )
    store = Engine()
    store.load_quads(rdf.nquads({"evidence": graph(RECORDS)}))
    store.unite_graphs()
    places = {names.thing("c"): "data/essay/claims.tsv:4"}
    [found] = validate.run_compiled(shapes, lambda query: store.select(query)[1], places=places)
    assert found == Result(
        names.thing("c"),
        "id/c",
        "A thing. (found c)",
        "info",
        "shapes/s",
        "data/essay/claims.tsv:4",
        validate.Path(iri=names.term("via")),
        '"c"',
        "NodeKindConstraintComponent",
    )


def test_a_large_graph_is_validated_by_the_compiled_engine_unless_told_otherwise() -> None:
    assert ShapesEngine.AUTO.chosen(LARGE) == ShapesEngine.PYSHACL
    assert ShapesEngine.AUTO.chosen(LARGE + 1) == ShapesEngine.COMPILED
    assert ShapesEngine.PYSHACL.chosen(LARGE + 1) == ShapesEngine.PYSHACL


@pytest.mark.parametrize("engine", ["pyshacl", "compiled"])
def test_a_file_is_examined_by_the_engine_that_is_asked_for(engine: str) -> None:
    told: list[tuple[int, str]] = []
    bad = BAD["claim"]
    report = examine_file(bad, LAYOUT, places={}, engine=engine, on_choice=lambda *each: told.append(each))
    assert told == [(len(Graph().parse(bad)), engine)]
    assert report == examine({"ontology": ontology(), "evidence": Graph().parse(bad)}, LAYOUT, places={})
