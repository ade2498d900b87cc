"""Turtle modules are read with their faults named, and tables may name only what they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Graph

from ketagraph.errors import SourceError
from ketagraph.sources import Layout
from ketagraph.vocabulary import Vocabulary, read_turtle

TINY = """
PREFIX keta: <https://w3id.org/ketagraph/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
keta:Drug a owl:Class .
keta:Opioid a owl:Class ; rdfs:subClassOf keta:Drug .
keta:Morphine a owl:Class ; rdfs:subClassOf keta:Opioid .
keta:Polarity a owl:Class .
keta:Affirmed a keta:Polarity .
keta:blocks a owl:ObjectProperty .
"""


@pytest.fixture
def words() -> Vocabulary:
    return Vocabulary(Graph().parse(data=TINY, format="turtle"))


def test_ancestors_include_the_class_itself(words: Vocabulary) -> None:
    assert words.ancestors("Morphine") == {"Morphine", "Opioid", "Drug"}


def test_classes_and_individuals_belong_to_what_is_above_them(words: Vocabulary) -> None:
    assert words.belongs("Morphine", "Drug")
    assert words.belongs("Affirmed", "Polarity")
    assert not words.belongs("Drug", "Opioid")
    assert list(words.members("Drug")) == ["Morphine", "Opioid"]


def test_only_declared_properties_are_known(words: Vocabulary) -> None:
    assert words.properties == {"blocks"}


def test_a_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "ontology" / "bad.ttl"
    path.parent.mkdir()
    path.write_text(TINY + "keta:Broken a owl:Class\nketa:Next a owl:Class .\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_turtle(path, Layout(tmp_path))
    (fault,) = caught.value.faults
    assert (fault.path, fault.line) == ("ontology/bad.ttl", len(TINY.splitlines()) + 2)
    assert "syntax" in fault.message


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.ttl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SourceError, match=r"bad\.ttl: not Turtle in UTF-8"):
        read_turtle(path, Layout(tmp_path))
