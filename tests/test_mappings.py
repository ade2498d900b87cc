"""Mappings to public vocabularies: the file itself, what is refused, what the graph gets, and looking up."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import pytest
from rdflib import OWL, RDFS, BNode, Graph, URIRef
from rdflib.namespace import SKOS
from typer.testing import CliRunner

from ketagraph import cli, mappings, names, sources, vocabulary
from ketagraph.build import _read
from ketagraph.dossier import Dossier
from ketagraph.errors import Fault, SourceError
from ketagraph.mappings import Mapping
from ketagraph.mappings.model import COLUMNS, NOT_FOUND, PREDICATES
from ketagraph.sources import Layout
from ketagraph.vocabulary import Vocabulary

GOOD = {
    "subject_id": "keta:Pain",
    "subject_label": "pain",
    "predicate_id": "skos:exactMatch",
    "object_id": "HP:0012531",
    "object_label": "Pain",
    "mapping_justification": "semapv:LexicalMatching",
    "object_source": "bioregistry:hp",
    "see_also": "https://example.org/hp",
}
NEGATIVE = GOOD | {"predicate_modifier": "Not", "object_id": "HP:0000001", "object_label": "All"}
NOTHING = GOOD | {"object_id": NOT_FOUND, "object_label": "", "object_source": "bioregistry:mondo"}
TERMS = {"Pain", "Nausea"}


def written(*rows: dict[str, str]) -> bytes:
    """A canonical file of these rows."""
    lines = ["\t".join(COLUMNS), *("\t".join(row.get(column, "") for column in COLUMNS) for row in rows)]
    return mappings.canonical(("\n".join(lines) + "\n").encode())


def faults(content: bytes, *, thorough: bool = False) -> list[Fault]:
    return mappings.read_bytes(content, TERMS, path="m.tsv", thorough=thorough)[1]


def read(*rows: dict[str, str]) -> list[Mapping]:
    found, wrong = mappings.read_bytes(written(*rows), TERMS, path="m.tsv", thorough=False)
    assert wrong == []
    return found


@pytest.fixture(scope="module")
def words(where: Layout) -> Vocabulary:
    return vocabulary.read_ontology(where)


@pytest.fixture(scope="module")
def ours(where: Layout, words: Vocabulary) -> list[Mapping]:
    return mappings.read(where, words, thorough=False)[0]


def test_the_file_is_valid_by_our_rules_and_the_sssom_library(where: Layout, words: Vocabulary) -> None:
    found, wrong = mappings.read(where, words)
    assert wrong == []
    assert len(found) > 900


def test_the_file_is_canonical(where: Layout) -> None:
    content = (where.data / mappings.FILE).read_bytes()
    assert mappings.canonical(content) == content


def test_every_identifier_expands_and_is_written_the_one_way(ours: list[Mapping]) -> None:
    assert [row.object for row in ours if names.compress(names.expand(row.object) or "") != row.object] == []


def test_labels_of_our_terms_are_those_of_the_ontology(ours: list[Mapping], words: Vocabulary) -> None:
    labels = {row.subject: row["subject_label"] for row in ours}
    assert labels == {
        term: str(words.graph.value(URIRef(names.expand(term) or ""), RDFS.label)) for term in labels
    }


def test_no_two_terms_are_exactly_the_same_identifier(ours: list[Mapping]) -> None:
    assert mappings.conflicts(ours) == {}


def test_matches_of_concepts_in_the_ontology_are_the_same_here(
    ours: list[Mapping], words: Vocabulary
) -> None:
    here = {(row.subject, row.object): row.predicate for row in ours if row.asserted}
    concepts = {name for name in words.parents if "Concept" in words.ancestors(name)}
    differing = [
        (str(subject), str(object_))
        for predicate in (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch)
        for subject, object_ in words.graph.subject_objects(predicate)
        if str(subject).removeprefix(names.BASE) in concepts
        and here.get((names.compress(str(subject)), names.compress(str(object_))))
        != names.compress(str(predicate))
    ]
    assert differing == []


def test_nothing_of_licensed_vocabularies_is_copied(ours: list[Mapping]) -> None:
    licensed = [row for row in ours if row.object.startswith(("umls:", "SNOMEDCT:"))]
    assert licensed
    assert {row["object_label"] for row in licensed} == {""}


def test_mapping_nodes_have_names_of_their_own(ours: list[Mapping]) -> None:
    assert len({row.id for row in ours}) == len(ours)


@pytest.mark.parametrize(
    ("change", "column", "message"),
    [
        ({"subject_id": "keta:Nauseous"}, "subject_id", "no term keta:Nauseous; did you mean Nausea?"),
        ({"subject_id": "kid:Pain"}, "subject_id", "no term kid:Pain"),
        ({"predicate_id": "skos:sameMatch"}, "predicate_id", "'skos:sameMatch' is none of skos:exactMatch"),
        ({"predicate_modifier": "not"}, "predicate_modifier", "'not' is neither empty nor Not"),
        ({"object_id": "HPO:0012531"}, "object_id", "the prefix HPO is not in curie_map"),
        ({"object_id": "HP:12531"}, "object_id", r"not of the form of HP identifiers: \d{7}"),
        ({"object_id": "HP 0012531"}, "object_id", "is not a CURIE"),
        ({"object_id": "oa:Annotation"}, "object_id", "oa is not among the vocabularies that we map to"),
        ({"object_id": "umls:C0030193"}, "object_label", "must stay empty for umls: its licence"),
        ({"object_id": NOT_FOUND}, "object_label", "must stay empty for sssom:NoTermFound"),
        ({"object_source": "keta:Pain"}, "object_source", "must be a bioregistry: CURIE"),
        ({"see_also": "example.org"}, "see_also", "'example.org' is not an http address"),
        ({"see_also": ""}, "see_also", "say where the identifier was seen"),
    ],
)
def test_a_bad_cell_is_refused_at_its_place(change: dict[str, str], column: str, message: str) -> None:
    content = written(GOOD | change)
    last = content.count(b"\n")
    found = [fault for fault in faults(content) if fault.column == column]
    assert [(fault.path, fault.line) for fault in found] == [("m.tsv", last)]
    assert message in found[0].message


def test_an_unknown_prefix_in_the_header_is_refused_with_its_line() -> None:
    content = written(GOOD).replace(b"#  HP: ", b"#  HPO: ")
    assert Fault("m.tsv", 7, "curie_map", "unknown prefix HPO; did you mean HP?") in faults(content)


def test_a_prefix_that_means_something_else_here_is_refused() -> None:
    content = written(GOOD).replace(b"obo/HP_", b"obo/hp/")
    line = '#  HP: "http://purl.obolibrary.org/obo/hp/"'
    assert Fault("m.tsv", 7, "", f"{line!r} is not of our header; run: ketagraph fmt") in faults(content)


def test_rows_out_of_order_are_refused() -> None:
    head, sep, body = written(GOOD, NOTHING).partition(b"comment\n")
    first, second = body.splitlines(keepends=True)
    found = faults(head + sep + second + first)
    assert [fault.message for fault in found] == ["row out of order; run: ketagraph fmt"]


def test_two_predicates_for_one_pair_are_refused() -> None:
    content = written(GOOD, GOOD | {"predicate_id": "skos:closeMatch"})
    last = content.count(b"\n")
    message = f"keta:Pain and HP:0012531 stand in line {last - 1} too"
    assert faults(content) == [Fault("m.tsv", last, "", message)]


def test_a_ragged_row_is_refused_and_formatting_leaves_it_alone() -> None:
    content = written(GOOD) + b"keta:Pain\tpain\n"
    assert [fault.message for fault in faults(content)] == ["2 cells, expected 11 (tab-separated)"]
    assert mappings.canonical(content) == content


def test_text_that_is_not_utf8_is_refused_with_its_line() -> None:
    assert faults(written(GOOD) + b"\xff\n")[0].message == "not UTF-8"


def test_a_missing_file_is_a_fault(tmp_path: Path, words: Vocabulary) -> None:
    found, wrong = mappings.read(Layout(tmp_path), words)
    assert (found, wrong) == ([], [Fault("data/mappings.sssom.tsv", 0, "", "the file is missing")])


def test_what_only_the_library_knows_is_refused_with_line_and_column() -> None:
    content = written(GOOD | {"mapping_justification": "semapv:Guessing"})
    found = faults(content, thorough=True)
    assert {(fault.line, fault.column) for fault in found} == {
        (content.count(b"\n"), "mapping_justification")
    }
    assert "semapv:Guessing" in found[0].message


def test_formatting_sorts_rows_and_addresses_and_keeps_only_used_prefixes() -> None:
    addresses = GOOD | {"see_also": "https://example.org/b| https://example.org/a"}
    text = mappings.canonical(written(NOTHING, addresses)).decode()
    assert "https://example.org/a|https://example.org/b" in text
    assert "#  mesh:" not in text
    assert text.index("HP:0012531") < text.index(NOT_FOUND)
    assert faults(text.encode()) == []


def test_faults_of_mappings_join_those_of_the_build(where: Layout, tmp_path: Path) -> None:
    for folder in ("ontology", "data", "queries"):
        shutil.copytree(getattr(where, folder), tmp_path / folder)
    path = tmp_path / "data" / mappings.FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("keta:Ketamine\t", "keta:Ketamin\t"), encoding="utf-8")
    copy = Layout(tmp_path)
    with pytest.raises(
        SourceError, match=r"data/mappings.sssom.tsv:\d+: subject_id: the ontology has no term"
    ):
        _read(copy, sources.source_folders(copy))


def test_a_match_gives_the_triple_and_a_node_that_describes_it() -> None:
    made = mappings.graph(read(GOOD))
    pain, node = URIRef(names.term("Pain")), URIRef(names.thing("mapping-pain-hp-0012531"))
    object_ = URIRef("http://purl.obolibrary.org/obo/HP_0012531")
    assert (pain, SKOS.exactMatch, object_) in made
    assert {made.value(node, OWL.annotatedSource), made.value(node, OWL.annotatedTarget)} == {pain, object_}
    assert made.value(node, RDFS.seeAlso) == URIRef("https://example.org/hp")


@pytest.mark.parametrize("row", [NEGATIVE, NOTHING], ids=["denied", "not found"])
def test_what_is_denied_or_not_found_gives_a_node_but_no_match(row: dict[str, str]) -> None:
    made = mappings.graph(read(row))
    assert list(made.subjects(OWL.annotatedSource, URIRef(names.term("Pain"))))
    assert list(made.triples((URIRef(names.term("Pain")), None, None))) == []


def test_the_graph_reads_back_as_sssom_with_every_row_and_no_blank_node(ours: list[Mapping]) -> None:
    made = mappings.graph(ours)
    assert not any(isinstance(node, BNode) for node in made.all_nodes())
    assert _read_back(made) == {(row.subject, row.predicate, row.object) for row in ours}


def _read_back(graph: Graph) -> set[tuple[str, str, str]]:
    with warnings.catch_warnings():
        # The library uses what pandas 3 deprecates.
        warnings.simplefilter("ignore")
        from sssom.parsers import from_sssom_rdf

        frame = from_sssom_rdf(graph, prefix_map=names.PREFIXES).df
        return set(zip(frame["subject_id"], frame["predicate_id"], frame["object_id"], strict=True))


def test_two_terms_of_one_identifier_are_a_conflict_unless_one_is_weaker() -> None:
    nausea = GOOD | {"subject_id": "keta:Nausea", "subject_label": "nausea"}
    assert mappings.conflicts(read(GOOD, nausea)) == {"HP:0012531": ("keta:Nausea", "keta:Pain")}
    assert mappings.conflicts(read(GOOD, nausea | {"predicate_id": PREDICATES[1]})) == {}


def test_coverage_counts_each_term_once(ours: list[Mapping], words: Vocabulary) -> None:
    counts = list(mappings.coverage(ours, words))
    assert all(
        each.terms == each.exact + each.weaker + each.not_found + each.unmapped >= 0 for each in counts
    )
    assert counts[-1].mappings == sum(row.asserted for row in ours)
    assert counts[-1].mappings == sum(each.mappings for each in counts if each.by == "vocabulary")


@pytest.mark.parametrize(
    ("identifier", "term"),
    [
        ("CHEBI:6121", "Ketamine"),
        ("chebi:6121", "Ketamine"),
        ("drugbank:DB01221", "Ketamine"),
        ("MONDO:0005546", "Fibromyalgia"),
        ("MESH:D005356", "Fibromyalgia"),
        ("HP:0012531", "Pain"),
        ("http://purl.obolibrary.org/obo/HP_0012531", "Pain"),
        ("icd11.code:MG30.04", "ComplexRegionalPainSyndrome"),
        ("icd11:1834504950", "ComplexRegionalPainSyndrome"),
        ("umls:C0016053", "Fibromyalgia"),
        ("SNOMEDCT:203082005", "Fibromyalgia"),
        ("uniprot:P35372", "MuOpioidReceptor"),
        ("NCBITaxon:10090", "Mouse"),
    ],
)
def test_an_external_identifier_finds_our_term(identifier: str, term: str, dossier: Dossier) -> None:
    assert dossier.lexicon.resolve(identifier) == names.term(term)


def test_the_command_prints_counts_for_people_and_programs() -> None:
    cli.load_commands()
    shown = CliRunner().invoke(cli.app, ["mappings", "--format", "tsv"])
    assert shown.exit_code == 0
    header, *rows = (line.split("\t") for line in shown.output.splitlines())
    assert header[:3] == ["by", "name", "mappings"]
    assert [row[0] for row in rows][-1] == "all"
    assert {"chebi", "hp", "mondo"} <= {row[1] for row in rows if row[0] == "vocabulary"}


def test_every_concept_has_a_match_or_a_look_up_that_found_none(
    ours: list[Mapping], words: Vocabulary
) -> None:
    kinds = [count for count in mappings.coverage(ours, words) if count.by == "kind"]
    concepts = [count for count in kinds if count.name != "other terms"]
    assert {count.name: count.unmapped for count in concepts if count.unmapped} == {}
    assert len(concepts) > 20
