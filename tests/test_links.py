"""What rows point to is there; keys are shared by all sources, links stay within one."""

from __future__ import annotations

from rdflib import Graph

from ketagraph import links, tables
from ketagraph.schema import table
from ketagraph.sources import Layout
from ketagraph.tables import Row
from ketagraph.vocabulary import Vocabulary, read_ontology

NOTHING = Vocabulary(Graph())


def rows(name: str, source: str = "s", **cells: str) -> list[Row]:
    columns = [column.name for column in table(name).columns]
    text = "\t".join(columns) + "\n" + "\t".join(cells.get(each, "") for each in columns) + "\n"
    found, faults = tables.read(text.encode(), table(name), source=source, path=f"data/{source}/{name}.tsv")
    assert faults == []
    return found


def arm(source: str = "s", role: str = "InterventionArm") -> list[Row]:
    return rows("arms", source, arm="a-1-drug", trial="a-1", label="drug", role=role, sentences="1.1|1.2")


def trial(source: str = "s", key: str = "a-1") -> list[Row]:
    cells = {"label": "x", "kind": "NamedStudy", "purpose": "Treatment", "species": "Human"}
    return rows("trials", source, trial=key, sentences="1.1", **cells)


def told(found: list[Row], words: Vocabulary = NOTHING) -> list[str]:
    return sorted(str(fault) for fault in links.check_links(found, words))


def test_links_to_unknown_terms_and_rows_are_faults(where: Layout) -> None:
    assert told(arm(role="InterventionArn"), read_ontology(where)) == [
        "data/s/arms.tsv:2: role: InterventionArn is not a ArmRole of the ontology; "
        "did you mean InterventionArm?",
        "data/s/arms.tsv:2: sentences: sentences.tsv has no sentence 1.1",
        "data/s/arms.tsv:2: sentences: sentences.tsv has no sentence 1.2",
        "data/s/arms.tsv:2: trial: trials.tsv has no row a-1",
    ]


def test_one_key_in_two_tables_is_a_fault() -> None:
    wrong = "data/s/arms.tsv:2: arm: a-1-drug is also a key in data/s/trials.tsv:2"
    assert wrong in told([*trial(key="a-1-drug"), *arm()])


def test_one_key_in_two_sources_is_a_fault_that_names_both_files() -> None:
    wrong = [each for each in told([*trial("first"), *trial("second")]) if "also a key" in each]
    assert wrong == [
        "data/second/trials.tsv:2: trial: a-1 is also a key in data/first/trials.tsv:2; keys are shared by "
        "all sources: rename one of the two, as in a-1-second"
    ]


def test_a_key_that_is_the_id_of_a_source_is_a_fault() -> None:
    assert "data/s/trials.tsv:2: trial: s is also the id of a source" in told(trial("s", key="s"))


def test_a_row_of_another_source_is_out_of_reach_and_not_suggested() -> None:
    wrong = [each for each in told([*trial("first"), *arm("second")]) if ": trial:" in each]
    assert wrong == ["data/second/arms.tsv:2: trial: trials.tsv has no row a-1"]


def identity(other: str, source: str = "s") -> list[Row]:
    cells = {"identity": "OneStudy", "reason": "x"}
    return rows("study-identities", source, trial="a-1", other=other, **cells)


def told_of_identity(*found: Row) -> list[str]:
    return [each for each in told(list(found)) if "study-identities" in each and "IdentityKind" not in each]


def test_a_study_may_be_called_the_same_as_one_of_another_source() -> None:
    assert told_of_identity(*trial(), *trial("t", "b-2"), *identity("b-2")) == []


def test_a_study_that_no_other_source_has_is_not_called_the_same() -> None:
    (unknown,) = told_of_identity(*trial(), *trial("t", "b-22"), *identity("b-2"))
    place = "data/s/study-identities.tsv:2: other: "
    assert unknown == f"{place}no other source has a row b-2 in trials.tsv; did you mean b-22?"
    (withdrawn,) = told_of_identity(*trial(), *identity("joe-1999"))
    assert withdrawn.endswith("no other source has a row joe-1999 in trials.tsv; remove this row")


def test_two_studies_of_one_source_are_not_called_the_same() -> None:
    (own,) = told_of_identity(*trial(), *trial("s", "b-2"), *identity("b-2"))
    assert own.endswith("b-2 is a row of this source, which has one for each study; name one of another")
