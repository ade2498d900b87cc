"""Sentences are addressed and hashed by the rule, and the review's own copy bears the table out."""

from __future__ import annotations

import csv
import os
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest

from ketagraph import anchors
from ketagraph.sources import Layout

TEXT = """Introduction

First sentence.1 Second one, by Smith et al. Third “quoted.”2,3 Fourth in 1.5 mg.

Pain

Another paragraph! Is it? Yes.
"""


def test_a_sentence_keeps_its_citation_and_never_ends_after_al() -> None:
    found = [(each.address, each.section, each.text) for each in anchors.sentences(TEXT)]
    assert found == [
        ("1.1", "Introduction", "First sentence.1"),
        ("1.2", "Introduction", "Second one, by Smith et al. Third “quoted.”2,3"),
        ("1.3", "Introduction", "Fourth in 1.5 mg."),
        ("2.1", "Pain", "Another paragraph!"),
        ("2.2", "Pain", "Is it?"),
        ("2.3", "Pain", "Yes."),
    ]


def test_a_word_that_ends_in_al_ends_a_sentence() -> None:
    assert [
        each.text for each in anchors.sentences("This is essential. That is not so at all, is it now?")
    ] == [
        "This is essential.",
        "That is not so at all, is it now?",
    ]


def test_headings_are_short_blocks_without_a_final_stop() -> None:
    assert anchors.headings(TEXT) == ("Introduction", "Pain")


def test_a_long_block_without_a_stop_is_a_paragraph() -> None:
    assert [each.address for each in anchors.sentences("x" * 71)] == ["1.1"]


def test_the_hash_is_that_of_the_normalised_text() -> None:
    (only,) = anchors.sentences("Two \t words.\n")
    assert only.sha256 == sha256(b"Two words.").hexdigest()


def test_mismatches_name_changed_missing_and_extra_sentences() -> None:
    (only,) = anchors.sentences("Two words.")
    changed = list(anchors.mismatches("Two words.", {"1.1": ("0" * 64, ()), "9.1": ("1" * 64, ())}))
    assert changed == [
        f"1.1: sha256 is {only.sha256[:12]}…, the table says 000000000000…",
        "9.1: the text has no such sentence",
    ]
    assert list(anchors.mismatches("Two words.", {})) == ["1.1: the table has no such sentence"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So it is.1", (1,)),
        ("So it is.64–67", (64, 65, 66, 67)),
        ("So it is.31,34", (31, 34)),
        ("So it is.”2,3–5", (2, 3, 4, 5)),
        ("It was 1972.", ()),
        ("It is 7", ()),
        ("Is it “so?”7", (7,)),
    ],
)
def test_references_are_those_of_the_closing_cluster(text: str, expected: tuple[int, ...]) -> None:
    assert anchors.Sentence(1, 1, "", text).references == expected


def test_a_borrowed_citation_is_a_mismatch() -> None:
    text = f"So {'very ' * 20}long is this that nobody takes it for a heading.1"
    (only,) = anchors.sentences(text)
    wrong = list(anchors.mismatches(text, {"1.1": (only.sha256, (1, 2))}))
    assert wrong == ["1.1: the text cites 1, the table says 1, 2"]


@pytest.mark.skipif(
    "KETAGRAPH_REVIEW_TEXT" not in os.environ, reason="needs a reader's own copy of the review"
)
def test_the_review_bears_out_every_anchor(where: Layout) -> None:
    text = Path(os.environ["KETAGRAPH_REVIEW_TEXT"]).read_bytes()
    folder = where.data / "israel-2021"
    facts = tomllib.loads((folder / "source.toml").read_text(encoding="utf-8"))
    with (folder / "sentences.tsv").open(encoding="utf-8", newline="") as file:
        expected = {
            row["sentence"]: (row["sha256"], tuple(map(int, filter(None, row["references"].split("|")))))
            for row in csv.DictReader(file, delimiter="\t")
        }
    assert sha256(text).hexdigest() == facts["text_sha256"]
    assert list(anchors.mismatches(text.decode(), expected)) == []
    assert (len(expected), len(anchors.headings(text.decode()))) == (facts["sentences"], facts["headings"])


def test_every_sentence_has_a_row(where: Layout) -> None:
    folder = where.data / "israel-2021"
    facts = tomllib.loads((folder / "source.toml").read_text(encoding="utf-8"))
    with (folder / "sentences.tsv").open(encoding="utf-8", newline="") as file:
        addresses = [row["sentence"] for row in csv.DictReader(file, delimiter="\t")]
    assert len(addresses) == facts["sentences"] == 258
    assert len({address.split(".")[0] for address in addresses}) == facts["paragraphs"] == 44
