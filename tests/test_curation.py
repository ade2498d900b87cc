"""Terms, quantities, negation and hedges are found in a text; what is drafted stays a draft."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from ketagraph import curation, sources, tables
from ketagraph.columns import Column
from ketagraph.curation import Annotation, Finder
from ketagraph.curation.cues import cues
from ketagraph.curation.quantities import UNITS, quantities
from ketagraph.schema import table
from ketagraph.sources import Layout
from ketagraph.tables import _UCUM
from ketagraph.vocabulary import Vocabulary, read_ontology

SYNTHETIC = Path(__file__).parent / "sources" / "synthetic-2031"
SMALL = """
@prefix keta: <https://w3id.org/ketagraph/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
keta:Concept a owl:Class .
keta:Pain a owl:Class ; rdfs:subClassOf keta:Concept ; rdfs:label "pain"@en .
keta:ChronicPain a owl:Class ; rdfs:subClassOf keta:Concept ; rdfs:label "chronic pain"@en .
keta:Ligand a owl:Class ; rdfs:subClassOf keta:Concept ;
  rdfs:label "N-methyl-D-aspartate"@en ; skos:altLabel "NMDA"@en .
keta:Receptor a owl:Class ; rdfs:subClassOf keta:Concept ;
  rdfs:label "NMDA receptor"@en ; skos:altLabel "NMDAR"@en .
keta:Phosphate a owl:Class ; rdfs:subClassOf keta:Concept ;
  rdfs:label "pyridoxal phosphate"@en ; skos:altLabel "PLP"@en .
keta:Phantom a owl:Class ; rdfs:subClassOf keta:Concept ;
  rdfs:label "phantom limb pain"@en ; skos:altLabel "PLP"@en .
keta:Anaesthesia a owl:Class ; rdfs:subClassOf keta:Concept ; rdfs:label "anaesthesia"@en .
"""


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder.of(Vocabulary(Graph().parse(data=SMALL, format="turtle")))


@pytest.fixture(scope="module")
def words(where: Layout) -> Vocabulary:
    return read_ontology(where)


@pytest.fixture(scope="module")
def found(words: Vocabulary) -> list[Annotation]:
    text = (SYNTHETIC / "text.txt").read_text(encoding="utf-8")
    return list(curation.annotate(text, Finder.of(words)))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Chronic pains and pain.", [("Chronic pains", ("ChronicPain",)), ("pain", ("Pain",))]),
        ("The NMDA receptor binds NMDA.", [("NMDA receptor", ("Receptor",)), ("NMDA", ("Ligand",))]),
        (
            "NMDA-receptors under anesthesia",
            [("NMDA-receptors", ("Receptor",)), ("anesthesia", ("Anaesthesia",))],
        ),
        ("PLP hurts.", [("PLP", ("Phantom", "Phosphate"))]),
        ("A plp is no name, nor is painful.", []),
        ("", []),
    ],
)
def test_the_longest_name_is_found_and_a_shared_one_keeps_all(
    finder: Finder, sentence: str, expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    spotted = list(finder.find(sentence))
    assert [(each.text, each.terms) for each in spotted] == expected
    assert [each.ambiguous for each in spotted] == [len(terms) > 1 for _, terms in expected]
    assert all(sentence[each.start : each.end] == each.text for each in spotted)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("0.5 mg/kg of it", [("0.5", "0.5", "mg/kg")]),
        ("0.1–0.50 mg/kg/h for 4 hours", [("0.1", "0.5", "mg/kg/h"), ("4", "4", "h")]),
        ("7 µg/kg/min", [("7", "7", "ug/kg/min")]),
        ("two weeks later, at week 12", [("2", "2", "wk"), ("12", "12", "wk")]),
        ("20 to 30% of 1,500 mg", [("20", "30", "%"), ("1500", "1500", "mg")]),
        ("a 5-day infusion costs $40", [("5", "5", "d"), ("40", "40", "{USD}")]),
        ("NR2B and CRPS-1 in 2009", []),
        ("10 s, 30s, and the 1960s", [("10", "10", "s"), ("30", "30", "s")]),
        ("€200 billion", [("200000000000", "200000000000", "{EUR}")]),
        ("1 to 2.5 million dollars", [("1000000", "2500000", "{USD}")]),
    ],
)
def test_quantities_have_their_units_as_ucum(sentence: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(each.low, each.high, each.unit) for each in quantities(sentence)] == expected


def test_every_unit_is_one_that_tables_know() -> None:
    assert set(UNITS.values()) <= set(_UCUM)


@given(st.text(max_size=60))
def test_any_text_is_read_and_every_find_lies_in_it(text: str) -> None:
    for each in quantities(text):
        assert text[each.start : each.end] == each.text
        assert float(each.low) >= 0


@pytest.mark.parametrize(
    ("sentence", "negation", "hedges"),
    [
        ("It did not differ, nor may it.", ("not", "nor"), ("may",)),
        ("It suggests, possibly, a notion.", (), ("suggests", "possibly")),
        ("The cause is not fully understood.", ("not",), ("not fully understood",)),
        ("Pain fell.", (), ()),
    ],
)
def test_words_that_deny_or_hedge_are_found(
    sentence: str, negation: tuple[str, ...], hedges: tuple[str, ...]
) -> None:
    assert (cues(sentence, "negation"), cues(sentence, "hedge")) == (negation, hedges)


def test_the_digits_of_a_citation_are_no_quantity(finder: Finder) -> None:
    (only,) = curation.annotate(f"So {'very ' * 20}long is this that it is no heading at all.12", finder)
    assert (only.quantities, only.sentence.references) == ((), (12,))


def test_a_text_is_annotated_sentence_by_sentence(found: list[Annotation]) -> None:
    told = {each.sentence.address: each for each in found}
    assert {"Ketamine", "Placebo", "ComplexRegionalPainSyndromeType1", "PainIntensity"} <= told["2.2"].named
    assert [(each.low, each.unit) for each in told["2.2"].quantities] == [("0.5", "mg/kg"), ("4", "wk")]
    assert told["2.2"].negation == ("not",)
    assert told["3.2"].hedges == ("may",)


def test_rows_are_compared_and_what_no_row_uses_is_told(found: list[Annotation], words: Vocabulary) -> None:
    folder = sources.SourceFolder("synthetic-2031", SYNTHETIC, {})
    rows, faults = tables.read_source(folder, Layout(SYNTHETIC.parent))
    assert faults == []
    compared = {each.what: each for each in curation.agreement(found, rows, words)}
    # "Human" is curated, and no sentence says it: what is missed is named.
    missed = tuple(each for each in compared["concepts"].missed if each[0] < "4")
    assert missed == (("2.1", "Human"), ("2.1", "PainIntensity"), ("2.2", "Human"))
    assert (compared["quantities"].curated, compared["quantities"].found) == (3, 3)
    assert (compared["hedges"].curated, compared["hedges"].recall) == (1, 1.0)
    # What was found and no row of the sentence has: right and not written down there, or wrong.
    assert {each.what: (each.finds, each.unused) for each in compared.values()} == {
        "concepts": (27, (("2.1", "pain"), ("4.1", "cancer"), ("4.1", "pain"), ("4.1", "skin"))),
        "quantities": (3, ()),
        "denials": (4, (("2.2", "not"), ("4.1", "no"), ("4.3", "no"), ("4.4", "no"))),
        "hedges": (1, ()),
    }
    assert list(curation.uncovered(found, rows)) == []
    fewer = [row for row in rows if row.table.name not in {"claims", "evidence"}]
    assert [each.sentence.address for each in curation.uncovered(found, fewer)] == ["3.1", "3.2"]


def test_drafts_are_tables_to_finish_and_hold_no_sentence(found: list[Annotation]) -> None:
    files = curation.draft_files(found, found, "synthetic-2031")
    assert all(name.endswith(".draft.tsv") for name in files)
    for name in ("claims", "evidence", "sentences"):
        content = files[f"{name}.draft.tsv"]
        assert content == tables.canonical(content, table(name))
    drafted = list(csv.DictReader(io.StringIO(files["claims.draft.tsv"].decode()), delimiter="\t"))
    (last,) = (row for row in drafted if row["claim"].endswith("3-2"))
    assert (last["subject"], last["object"]) == ("Ketamine", "QualityOfLife")
    assert (last["polarity"], last["certainty"], last["predicate"]) == ("Affirmed", "Possible", "")
    text = b"\n".join(files.values()).decode()
    assert not any(each.sentence.text in text for each in found)


def test_a_draft_that_is_laid_among_the_tables_is_refused(tmp_path: Path) -> None:
    (tmp_path / "claims.draft.tsv").write_text("claim\n", encoding="utf-8")
    folder = sources.SourceFolder("s", tmp_path, {})
    faults = [str(each) for each in tables.read_source(folder, Layout(tmp_path))[1]]
    assert "claims.draft.tsv: a draft; move its finished rows to claims.tsv, and it out of data/" in faults


@pytest.mark.skipif(
    "KETAGRAPH_REVIEW_TEXT" not in os.environ, reason="needs a reader's own copy of the review"
)
def test_most_of_what_curators_wrote_down_is_found_in_the_review(where: Layout, words: Vocabulary) -> None:
    text = Path(os.environ["KETAGRAPH_REVIEW_TEXT"]).read_text(encoding="utf-8")
    annotations = list(curation.annotate(text, Finder.of(words)))
    folder = sources.folder_called("israel-2021", where)
    rows, _ = tables.read_source(folder, where)
    recall = {each.what: each.recall for each in curation.agreement(annotations, rows, words)}
    assert recall["concepts"] > 0.65
    assert recall["quantities"] > 0.7
    assert recall["denials"] > 0.75
    assert recall["hedges"] > 0.85


def test_columns_that_hold_numbers_are_those_of_the_schema() -> None:
    from ketagraph.curation.agreement import _NUMBERS

    def kind(name: str, column: str) -> Column:
        return table(name).column(column)

    assert {kind(*place).kind for place in _NUMBERS} == {"decimal"}
    assert {kind(place[0], unit).kind for place, (unit, _) in _NUMBERS.items() if unit} == {"unit"}
