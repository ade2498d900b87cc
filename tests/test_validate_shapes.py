"""Shapes are read as they are written; what cannot be compiled is refused by name, every feature at once."""

from __future__ import annotations

import pytest
from rdflib import SH, BNode, Graph, Literal, URIRef
from rdflib.compare import isomorphic

from ketagraph import names
from ketagraph.errors import SourceError
from ketagraph.store.engine import Engine
from ketagraph.validate import sparql
from ketagraph.validate.paths import Path, read_path
from ketagraph.validate.shapes import read_targeted
from ketagraph.validate.sparql import Condition

HEAD = "".join(
    f"PREFIX {prefix}: <{names.PREFIXES[prefix]}>\n" for prefix in ("keta", "kid", "owl", "rdfs", "sh", "xsd")
)
SHAPE = "keta:ClaimShape a sh:NodeShape ; sh:targetClass keta:Claim ; %s ."
PROPERTY = "sh:property [ sh:path keta:via ; %s ]"
REFUSED = {
    "sh:closed": "sh:closed true",
    "sh:ignoredProperties": "sh:ignoredProperties ( keta:via )",
    "sh:sparql": "sh:sparql [ sh:select 'SELECT' ]",
    "sh:rule": "sh:rule [ sh:order 1 ]",
    "sh:target": "sh:target [ sh:select 'SELECT' ]",
    "sh:uniqueLang": PROPERTY % "sh:uniqueLang true",
    "sh:equals": PROPERTY % "sh:equals keta:site",
    "sh:disjoint": PROPERTY % "sh:disjoint keta:site",
    "sh:lessThan": PROPERTY % "sh:lessThan keta:site",
    "sh:qualifiedValueShape": PROPERTY
    % "sh:qualifiedValueShape [ sh:class keta:Arm ] ; sh:qualifiedMinCount 1",
    "sh:datatype xsd:gYear": PROPERTY % "sh:datatype xsd:gYear",
    "sh:property within a property shape": PROPERTY % "sh:property [ sh:path keta:site ; sh:minCount 1 ]",
    "a property shape without sh:path": "sh:property [ sh:minCount 1 ]",
    "a sh:pattern that looks around or back": PROPERTY % "sh:pattern '^(?!a)'",
    "a blank node as sh:in": PROPERTY % "sh:in ( [] )",
    "a path that SHACL does not define": "sh:property [ sh:path [ sh:name 'x' ] ; sh:minCount 1 ]",
    "the severity": PROPERTY % "sh:severity keta:Grave ; sh:minCount 1",
    "sh:minCount above 4 in a nested shape": PROPERTY
    % "sh:node [ sh:property [ sh:path keta:via ; sh:minCount 5 ] ]",
    "implicit class targets": "a owl:Class",
    "a shape within itself": PROPERTY % "sh:node keta:ClaimShape",
}


def shapes(text: str) -> Graph:
    return Graph().parse(data=HEAD + text, format="turtle")


@pytest.mark.parametrize(("feature", "text"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_compiled_is_refused_by_name(feature: str, text: str) -> None:
    with pytest.raises(SourceError, match="--engine pyshacl") as raised:
        read_targeted(shapes(SHAPE % text))
    assert any(
        str(fault).startswith(f"shape claim: {feature}") and "cannot be compiled" in str(fault)
        for fault in raised.value.faults
    )


@pytest.mark.parametrize(
    ("feature", "text"),
    [
        ("sh:entailment", "<> sh:entailment <http://www.w3.org/ns/entailment/RDFS> ."),
        (
            "its own constraint components",
            "keta:Own a sh:ConstraintComponent ; sh:parameter [ sh:path keta:p ] .",
        ),
    ],
)
def test_what_changes_shapes_from_outside_is_refused_too(feature: str, text: str) -> None:
    with pytest.raises(SourceError, match=feature):
        read_targeted(shapes(text))


def test_every_refusal_is_told_at_once() -> None:
    with pytest.raises(SourceError) as raised:
        read_targeted(
            shapes(SHAPE % "sh:closed true ; sh:property [ sh:path keta:via ; sh:uniqueLang true ]")
        )
    assert len(raised.value.faults) == 2


def test_a_shape_is_read_with_its_targets_and_tests() -> None:
    [found] = read_targeted(
        shapes(SHAPE % f"sh:targetNode kid:a ; {PROPERTY % 'sh:minCount 1 ; sh:class keta:Arm'}")
    )
    assert found.name == "claim"
    assert [target.kind for target in found.targets] == ["targetClass", "targetNode"]
    [property_shape] = found.shape.properties
    assert property_shape.path == Path(iri=names.term("via"))
    assert [test.component for test in property_shape.tests] == [
        "ClassConstraintComponent",
        "MinCountConstraintComponent",
    ]


PATHS = {
    "keta:p": "<{0}p>",
    "[ sh:inversePath keta:p ]": "^<{0}p>",
    "( keta:p [ sh:inversePath keta:q ] )": "<{0}p>/(^<{0}q>)",
    "[ sh:alternativePath ( keta:p ( keta:q keta:r ) ) ]": "<{0}p>|(<{0}q>/<{0}r>)",
    "[ sh:zeroOrMorePath [ sh:oneOrMorePath keta:p ] ]": "(<{0}p>+)*",
    "[ sh:zeroOrOnePath keta:p ]": "<{0}p>?",
}


@pytest.mark.parametrize(("turtle", "text"), PATHS.items(), ids=PATHS.values())
def test_a_path_is_written_as_sparql_and_again_as_shacl(turtle: str, text: str) -> None:
    given = shapes(f"keta:S sh:path {turtle} .")
    path = read_path(given, next(given.objects(None, SH.path)))
    assert str(path) == text.format(names.BASE)
    again = Graph()
    for triple in path.described(URIRef(names.term("S")), SH.path):
        again.add(triple)
    again = _blanked(again)
    assert read_path(again, next(again.objects(None, SH.path))) == path
    assert isomorphic(again, given)


def _blanked(graph: Graph) -> Graph:
    """Turn the IRIs that a path's nodes have been given back into blank nodes."""
    made = Graph()
    for subject, predicate, value in graph:
        made.add((_blank(subject), predicate, _blank(value)))
    return made


def _blank(node: object) -> URIRef | BNode:
    return BNode(str(node)) if "S-" in str(node) else URIRef(str(node))


@pytest.mark.parametrize(
    "text", ['quotes " and \\', "two\nlines\tand\rmore", "}", '" } ; DROP ALL #', "é 😀", "\\u0022"]
)
def test_a_literal_is_escaped_so_that_it_ends_where_it_should(text: str) -> None:
    _, rows = Engine().select(f"SELECT ?x WHERE {{ BIND({sparql.term(Literal(text))} AS ?x) }}")
    assert rows[0][0] is not None
    assert rows[0][0].value == text


@pytest.mark.parametrize("iri", ["https://a> } #", "https://a b", "https://a\n", 'https://"', "https://{}"])
def test_what_is_no_iri_gets_into_no_query(iri: str) -> None:
    with pytest.raises(ValueError, match="no term for a query"):
        sparql.term(URIRef(iri))


def test_a_blank_node_gets_into_no_query() -> None:
    with pytest.raises(ValueError, match="no term for a query"):
        sparql.term(BNode())


def test_conditions_are_joined_without_tearing_each_other_apart() -> None:
    one, other = Condition("?a || ?b"), Condition("?c")
    assert sparql.all_of([one, other]) == "(?a || ?b) && (?c)"
    assert sparql.any_of([sparql.unless(one), other]) == "(!(?a || ?b)) || (?c)"
    assert sparql.one_of([one, other]) == "(IF(?a || ?b, 1, 0) + IF(?c, 1, 0)) = 1"
    assert (sparql.all_of([]), sparql.any_of([])) == ("true", "false")
