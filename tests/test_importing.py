"""External ontologies: every format gives the same graph, and hostile ones leave everything as it was."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ketagraph import importing, mappings, names
from ketagraph.cli import app, load_commands
from ketagraph.errors import EnvironmentFault, KetaGraphError, SourceError
from ketagraph.importing import Problem, import_ontology
from ketagraph.mappings.model import COLUMNS
from ketagraph.ontologies import read
from ketagraph.store.engine import Engine
from ketagraph.store.loading import Expansion

OBO = """format-version: 1.2
data-version: 2026-01-01
ontology: hp

[Term]
id: HP:0012531
name: Pain
def: "An unpleasant \\"sensory\\" experience." [PMID:1]
synonym: "Ache" EXACT []
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0000118
name: Phenotypic abnormality

[Term]
id: HP:0002027
name: Abdominal pain
is_a: HP:0012531 ! Pain
relationship: BFO:0000050 UBERON:0000916 ! abdomen

[Term]
id: HP:0012534
name: Dysesthesia
alt_id: HP:0031005

[Term]
id: HP:0000001
name: obsolete thing
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""
OFN = """Prefix(obo:=<http://purl.obolibrary.org/obo/>)
Prefix(rdfs:=<http://www.w3.org/2000/01/rdf-schema#>)
Ontology(<http://purl.obolibrary.org/obo/hp.owl> <http://purl.obolibrary.org/obo/hp/2026.owl>
Annotation(<http://purl.org/dc/terms/license> <https://example.org/licence>)
Declaration(Class(obo:HP_0012531))
AnnotationAssertion(rdfs:label obo:HP_0012531 "Pain"@en)
SubClassOf(Annotation(rdfs:comment "x)") obo:HP_0012531 obo:HP_0000118)
SubClassOf(obo:HP_0002027 ObjectSomeValuesFrom(obo:BFO_0000050 obo:UBERON_0000916))
DisjointClasses(obo:HP_1 obo:HP_2)
)
"""
GRAPHS = {
    "graphs": [
        {
            "id": "http://purl.obolibrary.org/obo/hp.owl",
            "meta": {"version": "2026"},
            "nodes": [
                {"id": "http://purl.obolibrary.org/obo/HP_0012531", "lbl": "Pain", "type": "CLASS"},
                {"id": "http://purl.obolibrary.org/obo/HP_1", "meta": {"deprecated": True}},
            ],
            "edges": [
                {
                    "sub": "http://purl.obolibrary.org/obo/HP_0012531",
                    "pred": "is_a",
                    "obj": "http://purl.obolibrary.org/obo/HP_0000118",
                }
            ],
        }
    ]
}
TTL = """@prefix obo: <http://purl.obolibrary.org/obo/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
<http://purl.obolibrary.org/obo/hp.owl> a owl:Ontology ; owl:imports <http://127.0.0.1:1/never> .
obo:HP_0012531 a owl:Class ; rdfs:subClassOf obo:HP_0000118 ; rdfs:label "Pain" .
"""
RDF_XML = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">
<rdf:Description rdf:about="http://purl.obolibrary.org/obo/HP_0012531">
<rdfs:subClassOf rdf:resource="http://purl.obolibrary.org/obo/HP_0000118"/></rdf:Description></rdf:RDF>
"""
BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><r>&b;</r>'
PARENT = (
    "<http://purl.obolibrary.org/obo/HP_0012531> <http://www.w3.org/2000/01/rdf-schema#subClassOf> "
    "<http://purl.obolibrary.org/obo/HP_0000118> ."
)


def row(subject: str, object_: str, predicate: str = "skos:exactMatch") -> mappings.Mapping:
    said = {"subject_id": subject, "predicate_id": predicate, "object_id": object_}
    return mappings.Mapping(tuple(said.get(column, "") for column in COLUMNS), 1)


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hp.obo", OBO),
        ("hp.ofn", OFN),
        ("functional.owl", OFN),
        ("hp.json", json.dumps(GRAPHS)),
        ("hp.ttl", TTL),
        ("hp.owl", RDF_XML),
    ],
)
def test_every_format_gives_the_parent(tmp_path: Path, name: str, text: str) -> None:
    assert PARENT in read(written(tmp_path, name, text), Expansion())
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert PARENT in read(packed, Expansion())


def test_obo_tells_names_relations_and_what_became_of_terms(tmp_path: Path) -> None:
    engine = Engine()
    engine.load_quads("\n".join(read(written(tmp_path, "hp.obo", OBO), Expansion())).encode())
    ask = "PREFIX o: <http://purl.obolibrary.org/obo/> PREFIX owl: <http://www.w3.org/2002/07/owl#> ASK {%s}"
    for pattern in (
        'o:HP_0012531 o:IAO_0000115 "An unpleasant \\"sensory\\" experience."',
        'o:HP_0012531 <http://www.w3.org/2004/02/skos/core#altLabel> "Ache"',
        "o:HP_0002027 <http://www.w3.org/2000/01/rdf-schema#subClassOf> [ owl:onProperty o:BFO_0000050 ; "
        "owl:someValuesFrom o:UBERON_0000916 ]",
        "o:HP_0031005 owl:deprecated true ; o:IAO_0100001 o:HP_0012534",
        "o:HP_0000001 owl:deprecated true",
    ):
        assert engine.ask(ask % pattern), pattern


def test_an_import_records_where_it_is_from(tmp_path: Path) -> None:
    done = import_ontology(written(tmp_path, "hp.ofn", OFN), "hp", tmp_path / "external")
    assert (done.iri, done.version, done.licence) == (
        "http://purl.obolibrary.org/obo/hp.owl",
        "http://purl.obolibrary.org/obo/hp/2026.owl",
        "https://example.org/licence",
    )
    engine = Engine()
    engine.load_quads(tmp_path / "external" / "hp.nq")
    graph = names.graph("external/hp")
    assert engine.ask(f'ASK {{ GRAPH <{graph}> {{ <{graph}> <{names.term("sha256")}> "{done.sha256}" }} }}')
    record = json.loads((tmp_path / "external" / "hp.json").read_text(encoding="utf-8"))
    assert record["sha256"] == done.sha256


def test_a_slice_keeps_mapped_terms_and_what_is_above(tmp_path: Path) -> None:
    path, rows = written(tmp_path, "hp.obo", OBO), [row("keta:Pain", "HP:0012531")]
    above = import_ontology(path, "hp", tmp_path / "x", mappings=rows, is_slice=True)
    text = (tmp_path / "x" / "hp.nq").read_text(encoding="utf-8")
    assert "HP_0000118" in text
    assert "HP_0002027" not in text
    below = import_ontology(path, "hp", tmp_path / "x", mappings=rows, is_slice=True, descendants=True)
    text = (tmp_path / "x" / "hp.nq").read_text(encoding="utf-8")
    assert "HP_0002027" in text
    assert "UBERON_0000916" in text
    assert above.statements < below.statements < len(read(path, Expansion()))


def test_what_became_of_our_mappings_is_reported(tmp_path: Path) -> None:
    rows = [
        row("keta:A", "HP:0012531"),
        row("keta:B", "HP:0031005"),
        row("keta:C", "HP:0000001"),
        row("keta:D", "HP:7654321"),
        row("keta:E", "MONDO:0005546"),
    ]
    done = import_ontology(written(tmp_path, "hp.obo", OBO), "hp", tmp_path / "x", mappings=rows)
    assert done.problems == (
        Problem("keta:B", "HP:0031005", "merged", "HP:0012534"),
        Problem("keta:C", "HP:0000001", "obsolete"),
        Problem("keta:D", "HP:7654321", "missing"),
    )


def test_one_query_crosses_the_mapping(tmp_path: Path) -> None:
    import_ontology(written(tmp_path, "hp.obo", OBO), "hp", tmp_path / "x")
    engine = Engine()
    engine.load_quads(tmp_path / "x" / "hp.nq")
    ends = (names.term("AbdominalPain"), names.expand("skos:exactMatch"), names.expand("HP:0002027"))
    match = " ".join(f"<{iri}>" for iri in ends) + " ."
    engine.load_quads(match.encode(), graph=names.graph("mappings"))
    engine.unite_graphs()
    found = engine.select(
        "PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
        "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
        f"SELECT ?ours {{ ?ours skos:exactMatch/rdfs:subClassOf* <{names.expand('HP:0012531')}> }}"
    )[1]
    assert [term.value for (term,) in found if term] == [names.term("AbdominalPain")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bomb.owl", BOMB.encode(), "entit"),
        ("cut.obo", OBO[:-30].encode(), "broken off"),
        ("cut-term.obo", b"format-version: 1.2\n\n[Term]\nname: x\n", "0 ids"),
        ("garbled.obo", b"format-version: 1.2\nnonsense\n", "garbled.obo:2"),
        ("misdeclared.obo", RDF_XML.encode(), "not OBO"),
        ("misdeclared.owl", OBO.encode(), "misdeclared.owl"),
        ("bomb.obo.gz", gzip.compress(b"format-version: 1.2\n" + b"a: b\n" * 2_000_000), "times its size"),
        ("bomb.ttl.gz", gzip.compress(b"#" * 10_000_000), "times its size"),
        ("cut.obo.gz", gzip.compress(OBO.encode())[:-20], "broken off"),
        ("not-packed.obo.gz", OBO.encode(), "broken off"),
        ("deep.json", b'{"graphs":' * 100_000, "nested too deeply"),
        ("other.json", b'{"a": 1}', "OBO Graphs"),
        ("cut.json", b'{"graphs": [', "broken off"),
        ("cut.ofn", OFN[:-3].encode(), "brackets are open"),
        ("deep.ofn", b"Ontology(" * 10_000, "bracket too many"),
        ("closed.ofn", b"Ontology())", "bracket too many"),
        ("odd.ofn", b"Ontology(<urn:a> Declaration(Class(x:y)))", "functional syntax"),
        ("latin.obo", OBO.replace("Pain", "Päin").encode("latin-1"), "broken off"),
        ("empty.ttl", b"", "no statement"),
        ("clash.ttl", f"<{names.term('Ketamine')}> a <urn:x> .".encode(), "our own terms"),
        ("space.obo", b"format-version: 1.2\n\n[Term]\nid: A:<1>\n", "not an identifier"),
    ],
)
def test_hostile_files_are_refused_and_leave_the_overlay_as_it_was(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    overlay = tmp_path / "external"
    import_ontology(written(tmp_path, "hp.obo", OBO), "hp", overlay)
    before = {path.name: path.read_bytes() for path in overlay.iterdir()}
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=said):
        import_ontology(tmp_path / name, "hp", overlay)
    assert {path.name: path.read_bytes() for path in overlay.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "file"), [("../x", "hp.obo"), ("Hp", "hp.obo"), ("hp", "hp.doc"), ("hp", "none.obo")]
)
def test_names_and_files_that_cannot_be_used_are_told(tmp_path: Path, name: str, file: str) -> None:
    written(tmp_path, "hp.obo", OBO)
    written(tmp_path, "hp.doc", OBO)
    with pytest.raises(EnvironmentFault):
        import_ontology(tmp_path / file, name, tmp_path / "x")


def test_importing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, "hp.obo", OBO)
    import_ontology(path, "hp", tmp_path / "x")
    first = (tmp_path / "x" / "hp.nq").read_bytes()
    import_ontology(path, "hp", tmp_path / "x")
    assert (tmp_path / "x" / "hp.nq").read_bytes() == first
    assert sorted(each.name for each in (tmp_path / "x").iterdir()) == ["hp.json", "hp.nq"]


def test_the_command_imports_and_reports(tmp_path: Path) -> None:
    load_commands()
    path = written(tmp_path, "hp.obo", OBO)
    arguments = ["import", str(path), "--name", "hp", "--overlay", str(tmp_path / "x"), "--licence", "urn:l"]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    assert "external/hp: " in found.output
    assert issubclass(SourceError, KetaGraphError)
    assert importing.problems([], []) == []
