"""The ontology's sources are canonical, complete in MG30, and document every term."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from rdflib import OWL, RDF, RDFS, SKOS, URIRef

from ketagraph import names, rdf, sources, tables
from ketagraph.schema import TABLES
from ketagraph.sources import Layout
from ketagraph.vocabulary import Vocabulary, read_ontology, read_turtle

LAYOUT = sources.layout(Path(__file__).parent.parent)
MODULES = sorted([*LAYOUT.ontology.glob("*.ttl"), *(LAYOUT.ontology / "shapes").glob("*.ttl")])
SIGNS = {
    "antagonises": -1,
    "agonises": 1,
    "relieves": -1,
    "worsens": 1,
    "contributesTo": 1,
    "doesNotAffect": 0,
}


@pytest.fixture(scope="module")
def words(where: Layout) -> Vocabulary:
    return read_ontology(where)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_is_canonical(path: Path) -> None:
    assert rdf.turtle(read_turtle(path, LAYOUT)) == path.read_text(encoding="utf-8"), "run: ketagraph fmt"


@pytest.mark.parametrize("folder", sources.source_folders(LAYOUT), ids=lambda folder: folder.id)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_canonical(folder: sources.SourceFolder, table: tables.Table) -> None:
    path = folder.path / f"{table.name}.tsv"
    if path.is_file():
        assert tables.canonical(path.read_bytes(), table) == path.read_bytes(), "run: ketagraph fmt"


def test_every_module_is_imported_by_the_ontology(where: Layout) -> None:
    header = read_turtle(where.ontology / "ketagraph.ttl", where)
    imported = {str(iri).rsplit("/", 1)[1] for iri in header.objects(None, OWL.imports)}
    assert imported == {path.stem for path in where.ontology.glob("*.ttl")} - {"ketagraph"}


def test_all_codes_of_mg30_are_classes_below_chronic_pain(words: Vocabulary) -> None:
    codes = {
        str(code): str(iri).removeprefix(names.BASE)
        for iri, code in words.graph.subject_objects(SKOS.notation)
        if str(code).startswith("MG30")
    }
    assert len(codes) == 48
    assert {code for code, name in codes.items() if "ChronicPain" not in words.ancestors(name)} == set()
    # The parent of a code is the code without its last character (MG30.04 lies below MG30.0).
    for code, name in codes.items():
        parent = code[:-1].rstrip(".")
        if parent in codes:
            assert codes[parent] in words.ancestors(name), code


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("Fibromyalgia", "ChronicPrimaryPain"),
        ("ComplexRegionalPainSyndromeType1", "ComplexRegionalPainSyndrome"),
        ("PostThoracotomyPainSyndrome", "ChronicPostsurgicalPain"),
        ("SpinalCordInjuryPain", "ChronicCentralNeuropathicPain"),
        ("PhantomLimbPain", "NeuropathicPain"),
        ("IschaemicPain", "ChronicNeuropathicPain"),
    ],
)
def test_conditions_of_the_review_are_placed(words: Vocabulary, name: str, parent: str) -> None:
    assert parent in words.ancestors(name)


def test_phantom_limb_pain_lies_outside_mg30(words: Vocabulary) -> None:
    node = URIRef(names.term("PhantomLimbPain"))
    assert [str(code) for code in words.graph.objects(node, SKOS.notation)] == ["8E43.00"]


@pytest.mark.parametrize(("name", "sign"), SIGNS.items())
def test_relations_carry_their_sign(words: Vocabulary, name: str, sign: int) -> None:
    value = words.graph.value(URIRef(names.term(name)), URIRef(names.term("sign")))
    assert value is not None
    assert int(str(value)) == sign


def test_no_sub_relation_turns_its_parents_sign(words: Vocabulary) -> None:
    sign = URIRef(names.term("sign"))
    turned = [
        (str(child), str(parent))
        for child, parent in words.graph.subject_objects(RDFS.subPropertyOf)
        if (a := words.graph.value(child, sign)) is not None
        and (b := words.graph.value(parent, sign)) is not None
        and a != b
    ]
    assert turned == []


def test_mechanisms_are_no_symptoms_and_receptors_no_drugs(words: Vocabulary) -> None:
    tops = (
        "HealthCondition",
        "Symptom",
        "Mechanism",
        "Target",
        "Therapy",
        "Outcome",
        "AdverseEvent",
        "AnatomicalSite",
    )
    for name in words.parents:
        assert len(words.ancestors(name) & set(tops)) <= 1, name


def test_no_property_is_of_two_kinds(words: Vocabulary) -> None:
    kinds = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
    for iri in words.graph.subjects(RDF.type, None):
        assert sum((iri, RDF.type, kind) in words.graph for kind in kinds) <= 1, iri
        assert not (
            (iri, RDF.type, OWL.Class) in words.graph
            and any((iri, RDF.type, kind) in words.graph for kind in kinds)
        )


def test_every_term_is_labelled_and_defined(words: Vocabulary) -> None:
    bare = [
        name
        for name in sorted({*words.parents, *words.properties})
        if not words.graph.value(URIRef(names.term(name)), RDFS.label)
        or not words.graph.value(URIRef(names.term(name)), SKOS.definition)
    ]
    assert bare == []


def test_every_question_has_its_answer_and_every_answer_its_question(where: Layout) -> None:
    questions = {path.stem for path in where.queries.glob("*.rq")}
    assert {path.stem for path in where.queries.glob("*.tsv")} == questions
    assert len(questions) >= 15


def test_anchors_of_definitions_are_sentences_of_the_source(words: Vocabulary, where: Layout) -> None:
    with (where.data / "israel-2021" / "sentences.tsv").open(encoding="utf-8", newline="") as file:
        known = {
            f"{names.thing('israel-2021-s')}{row['sentence']}" for row in csv.DictReader(file, delimiter="\t")
        }
    cited = {str(iri) for iri in words.graph.objects(None, URIRef(names.PREFIXES["dcterms"] + "source"))}
    assert {iri for iri in cited if iri.startswith(names.PREFIXES["kid"])} <= known
