"""Each shape refuses its bad example alone, says what it wants in plain English, and mirrors its table."""

from __future__ import annotations

import pytest
from rdflib import OWL, RDF, RDFS, SH, XSD, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from ketagraph import names, rdf
from ketagraph.columns import Column, Table
from ketagraph.examining import examine_file
from ketagraph.lift import property_iri
from ketagraph.schema import TABLES
from ketagraph.tables import _UCUM
from ketagraph.validate import read_shapes
from ketagraph.vocabulary import read_turtle
from refusing import BAD, CHECKS, GOOD, LAYOUT, SHAPES, findings, found_wrong, ontology

DATATYPES = {
    "boolean": XSD.boolean,
    "decimal": XSD.decimal,
    "integer": XSD.integer,
    "sha256": XSD.string,
    "string": XSD.string,
    "text": RDF.langString,
    "unit": XSD.string,
    "year": XSD.integer,
}
MERGED = read_shapes(LAYOUT)
COLUMNS = [(table, column) for table in TABLES for column in table.columns if column.property]
# A line that a rule draws from a finding stands in all the sentences of the finding.
WIDER = {("EvidenceLine", "anchoredIn")}


def property_shape(rdf_class: str, path: URIRef) -> Node:
    shape = URIRef(f"{names.BASE}shapes/{rdf_class}Shape")
    found = [node for node in MERGED.objects(shape, SH.property) if (node, SH.path, path) in MERGED]
    assert len(found) == 1, f"{rdf_class} has {len(found)} property shapes for {path}"
    return found[0]


def count(node: Node, bound: URIRef) -> int | None:
    value = MERGED.value(node, bound)
    return None if value is None else int(str(value))


def parts(graph: Graph, node: Node) -> list[Node]:
    return list(Collection(graph, node))


def test_the_good_example_passes_as_a_file_that_a_user_brings() -> None:
    assert examine_file(GOOD, LAYOUT, places={}).results == ()


def test_the_good_example_has_a_record_of_every_class_that_has_a_shape() -> None:
    example = read_turtle(GOOD, LAYOUT)
    described = {*MERGED.objects(None, SH.targetClass)}
    assert described - {*example.objects(None, RDF.type)} == set()


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_and_only_it_refuses_its_bad_example(name: str) -> None:
    assert {result.source for result in found_wrong(name)} == {f"shapes/{name}"}


def test_every_bad_example_has_its_shape_or_check() -> None:
    assert sorted(BAD) == sorted([*SHAPES, *CHECKS])


@pytest.mark.parametrize("name", BAD)
def test_a_bad_example_tells_its_fault_and_is_canonical(name: str) -> None:
    fault, _, turtle = BAD[name].read_text(encoding="utf-8").partition("\n")
    assert fault.startswith("# ")
    assert fault.endswith(".")
    assert turtle == rdf.turtle(read_turtle(BAD[name], LAYOUT))


def test_every_class_of_record_below_which_nothing_lies_has_a_shape() -> None:
    words = ontology()
    records = set(words.transitive_subjects(RDFS.subClassOf, URIRef(names.term("Record"))))
    defined = set(words.subjects(OWL.equivalentClass, None))
    leaves = {
        str(node).removeprefix(names.BASE)
        for node in records - defined
        if not set(words.subjects(RDFS.subClassOf, node)) - defined
    }
    described = {str(node).removeprefix(names.BASE) for node in MERGED.objects(None, SH.targetClass)}
    assert described == leaves


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda each: each.name)
def test_a_shape_asks_of_a_property_what_the_schema_asks_of_its_column(table: Table, column: Column) -> None:
    shape = property_shape(table.rdf_class, property_iri(column.property))
    assert bool(count(shape, SH.minCount)) == column.required
    if (table.rdf_class, column.property) not in WIDER:
        assert (count(shape, SH.maxCount) is None) == column.many
    if column.kind in DATATYPES and not (column.kind == "string" and column.property == "rdfs:label"):
        assert MERGED.value(shape, SH.datatype) == DATATYPES[column.kind]
    if column.kind == "unit":
        assert [str(unit) for unit in parts(MERGED, MERGED.value(shape, SH["in"]))] == sorted(_UCUM)
    if column.kind == "text":
        assert parts(MERGED, MERGED.value(shape, SH.languageIn)) == [Literal("en")]
    assert_value_class(shape, column)


def assert_value_class(shape: Node, column: Column) -> None:
    wanted = MERGED.value(shape, SH["class"])
    if column.kind in {"row", "elsewhere"}:
        assert str(wanted) == names.term(next(t.rdf_class for t in TABLES if t.name == column.target))
    if column.kind == "term" and wanted is not None:
        assert str(wanted) == names.term(column.target)
    if column.kind == "term" and wanted is None:
        term = URIRef(f"{names.BASE}shapes/{column.target}TermShape")
        assert (term, SH.targetSubjectsOf, property_iri(column.property)) in MERGED


def test_every_property_shape_says_one_plain_english_sentence() -> None:
    for shape in set(MERGED.objects(None, SH.property)):
        if MERGED.value(shape, SH.hasValue) is not None:
            continue
        [message] = list(MERGED.objects(shape, SH.message))
        assert isinstance(message, Literal)
        assert message.language == "en"
        assert str(message)[0].isupper()
        assert str(message).endswith(".")


def test_what_shapes_name_is_declared_in_the_ontology() -> None:
    words = ontology()
    named = {
        node
        for predicate in (SH.path, SH["class"], SH.targetClass, SH.targetSubjectsOf, SH.hasValue)
        for node in MERGED.objects(None, predicate)
        if isinstance(node, URIRef) and str(node).startswith(names.BASE)
    }
    assert {node for node in named if (node, RDF.type, None) not in words} == set()


def test_a_term_of_a_brought_file_may_lie_below_ours() -> None:
    text = GOOD.read_text(encoding="utf-8").replace("keta:PainIntensity", "kid:tooth-pain")
    data = Graph().parse(data=text, format="turtle")
    assert {result.source for result in findings(data)} == {"shapes/outcome-term"}
    outcome = URIRef(names.thing("tooth-pain"))
    data.add((outcome, RDFS.subClassOf, URIRef(names.term("PainIntensity"))))
    assert findings(data) == ()
