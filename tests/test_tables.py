"""Tables are read strictly: every fault is one line with file, line, column and the way to mend it."""

from __future__ import annotations

import pytest

from ketagraph import tables
from ketagraph.columns import KINDS, Table
from ketagraph.schema import TABLES, table

ARMS = table("arms")
HEADER = "\t".join(column.name for column in ARMS.columns)
GOOD = f"{HEADER}\na-1-drug\ta-1\tdrug arm\tInterventionArm\t\t1.1|1.2\n"


def faults(text: str) -> list[str]:
    return [str(fault) for fault in tables.read(text.encode(), ARMS, source="s", path="data/s/arms.tsv")[1]]


def test_a_good_table_gives_rows_and_no_faults() -> None:
    rows, wrong = tables.read(GOOD.encode(), ARMS, source="s", path="data/s/arms.tsv")
    assert wrong == []
    assert [(row.id, row.line, row.cells["sentences"]) for row in rows] == [("a-1-drug", 2, ("1.1", "1.2"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            GOOD.replace("label", "lable", 1),
            [
                "data/s/arms.tsv:1: label: column missing",
                "data/s/arms.tsv:1: lable: unknown column; did you mean label?",
            ],
        ),
        (
            GOOD.replace("InterventionArm", ""),
            ["data/s/arms.tsv:2: role: empty, expected ArmRole: a term of the ontology (PascalCase)"],
        ),
        (
            GOOD.replace("1.1|1.2", "1.2|1.1"),
            ["data/s/arms.tsv:2: sentences: values must be sorted and without repeats; run: ketagraph fmt"],
        ),
        (
            GOOD.replace("1.1|1.2", "one"),
            ["data/s/arms.tsv:2: sentences: 'one' is not paragraph.sentence, such as 20.2"],
        ),
        (
            GOOD + "a-1-drug\ta-1\tagain\tInterventionArm\t\t1.1\n",
            ["data/s/arms.tsv:3: row a-1-drug stands twice"],
        ),
        (
            GOOD + "a-0\ta-1\tx\tInterventionArm\t\t1.1\n",
            ["data/s/arms.tsv:3: row a-0 out of order; run: ketagraph fmt"],
        ),
        (GOOD + "short\trow\n", ["data/s/arms.tsv:3: 2 cells, expected 6 (tab-separated)"]),
        (
            GOOD.rstrip("\n"),
            ["data/s/arms.tsv:2: the last line must end with a line feed; run: ketagraph fmt"],
        ),
        (
            GOOD.replace("\n", "\r\n"),
            ["data/s/arms.tsv:1: a carriage return; lines end with LF alone; run: ketagraph fmt"],
        ),
    ],
)
def test_a_bad_table_is_refused_with_its_place(text: str, expected: list[str]) -> None:
    assert sorted(faults(text)) == sorted(expected)


def test_text_that_is_not_utf8_is_refused_with_its_line() -> None:
    _, wrong = tables.read(GOOD.encode() + b"\xff\n", ARMS, source="s", path="p.tsv")
    assert [str(fault) for fault in wrong] == ["p.tsv:3: not UTF-8"]


def test_a_bad_year_is_refused() -> None:
    references = table("references")
    header = "\t".join(column.name for column in references.columns)
    text = f"{header}\n1\t\tA\t20x1\t\t\t\t\tVerified\t\t\n"
    _, wrong = tables.read(text.encode(), references, source="s", path="r.tsv")
    assert [str(fault) for fault in wrong] == ["r.tsv:2: year: '20x1' is not a year of four digits"]


def test_formatting_sorts_rows_columns_and_values_and_then_changes_nothing() -> None:
    names = [column.name for column in reversed(ARMS.columns)]
    messy = (
        "\t".join(names) + "\n1.10|1.2\t\tInterventionArm\tx\ta-1\tb\n 1.1\t\tInterventionArm\ty  z\ta-1\ta\n"
    )
    tidy = tables.canonical(messy.encode(), ARMS)
    assert (
        tidy.decode()
        == f"{HEADER}\na\ta-1\ty z\tInterventionArm\t\t1.1\nb\ta-1\tx\tInterventionArm\t\t1.2|1.10\n"
    )
    assert tables.canonical(tidy, ARMS) == tidy


def test_formatting_leaves_a_table_it_does_not_understand_alone() -> None:
    odd = b"who\twhat\n1\t2\n"
    assert tables.canonical(odd, ARMS) == odd


def test_numbers_inside_keys_sort_as_numbers() -> None:
    assert sorted(["10.1", "9.2", "9.10"], key=tables.order) == ["9.2", "9.10", "10.1"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("MuOpioidReceptor", "mu-opioid-receptor"), ("NMDAReceptor", "nmda-receptor"), ("a-1", "a-1")],
)
def test_slugs_are_kebab_case(name: str, expected: str) -> None:
    assert tables.slug(name) == expected


@pytest.mark.parametrize("each", TABLES, ids=lambda each: each.name)
def test_every_table_names_its_keys_and_known_kinds(each: Table) -> None:
    assert set(each.key) <= {column.name for column in each.columns}
    assert {column.kind for column in each.columns} <= KINDS
