"""Tab-separated text in, checked rows out; every fault is named by file, line and column.

Refused: unknown, missing or moved columns; ragged rows; cells that are not of their column's kind;
rows out of order or twice. What cells point to is checked by :mod:`ketagraph.links`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from ketagraph.columns import Column, Table
from ketagraph.errors import Fault
from ketagraph.schema import TABLES
from ketagraph.sources import Layout, SourceFolder

__all__ = ["Row", "canonical", "nearest", "order", "read", "read_source", "row_id", "slug"]

_UCUM = (
    *("%", "1", "L", "[IU]", "a", "cm", "d", "g", "h", "kg", "mL", "mg", "mg/d", "mg/kg", "mg/kg/h"),
    *("min", "mo", "s", "ug", "ug/kg/min", "wk", "{EUR}", "{USD}"),
)

_PATTERNS: Mapping[str, tuple[str, str]] = {
    "boolean": (r"true|false", "true or false"),
    "decimal": (r"-?(0|[1-9]\d*)(\.\d*[1-9])?", "a decimal number without needless zeros"),
    "doi": (r"10\.\d{4,9}/\S+", "a DOI without its resolver, such as 10.1000/xyz"),
    "elsewhere": (r"[a-z0-9]+([-.][a-z0-9]+)*", "the key of a row of another source"),
    "integer": (r"0|[1-9]\d*", "a whole number"),
    "node": (
        r"[A-Z][A-Za-z0-9]*|[a-z0-9]+([-.][a-z0-9]+)*",
        "a term (PascalCase) or a row's key (kebab-case)",
    ),
    "pmid": (r"[1-9]\d{0,8}", "a PubMed identifier"),
    "property": (r"[a-z][A-Za-z0-9]*", "a property's name (camelCase)"),
    "row": (r"[a-z0-9]+([-.][a-z0-9]+)*", "the key of another row"),
    "sentence": (r"[1-9]\d*\.[1-9]\d*", "paragraph.sentence, such as 20.2"),
    "sha256": (r"[0-9a-f]{64}", "64 lower-case hexadecimal digits"),
    "slug": (r"[a-z0-9]+([-.][a-z0-9]+)*", "a kebab-case key"),
    "string": (r"\S(.*\S)?", "text without leading or trailing space"),
    "term": (r"[A-Z][A-Za-z0-9]*", "a term of the ontology (PascalCase)"),
    "text": (r"\S(.*\S)?", "text without leading or trailing space"),
    "unit": ("|".join(map(re.escape, _UCUM)), "a UCUM unit among " + " ".join(_UCUM)),
    "year": (r"1[89]\d\d|20\d\d", "a year of four digits"),
}
_COMPILED = {kind: re.compile(pattern) for kind, (pattern, _) in _PATTERNS.items()}


@dataclass(frozen=True, slots=True)
class Row:
    """One checked row: its table, its source, its place, and its cells as tuples (empty: no value)."""

    table: Table
    source: str
    path: str
    line: int
    cells: Mapping[str, tuple[str, ...]]

    @property
    def key(self) -> str:
        """The row's key; parts of a compound key are joined by ``-``."""
        return "-".join(slug(self.cells[name][0]) for name in self.table.key)

    @property
    def id(self) -> str:
        """The slug of the row's IRI, unique over all tables and sources."""
        return row_id(self.table, self.source, self.key)

    def one(self, column: str) -> str:
        """Return the cell's only value, or an empty string."""
        return next(iter(self.cells[column]), "")


def row_id(table: Table, source: str, key: str) -> str:
    """Return the slug of the IRI of the row with this key."""
    return f"{source}-{table.scoped}{key}" if table.scoped else key


def slug(text: str) -> str:
    """Kebab-case: ``MuOpioidReceptor`` → ``mu-opioid-receptor``; other text only in lower case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", text).lower()


def read_source(folder: SourceFolder, where: Layout) -> tuple[list[Row], list[Fault]]:
    """Read every table of one source; rows in file order, faults of form only."""
    rows: list[Row] = []
    faults = [
        Fault(where.show(path), 0, "", _no_table(path.stem))
        for path in sorted(folder.path.glob("*.tsv"))
        if path.stem not in {table.name for table in TABLES}
    ]
    if folder.facts.get("draft"):
        told = "the source is a draft; finish its tables, then remove this line"
        faults.append(Fault(where.show(folder.path / "source.toml"), 0, "draft", told))
    for table in TABLES:
        path = folder.path / f"{table.name}.tsv"
        if path.is_file():
            found, wrong = read(path.read_bytes(), table, source=folder.id, path=where.show(path))
            rows += found
            faults += wrong
        elif not table.optional:
            faults.append(Fault(where.show(path), 0, "", "the table is missing"))
    return rows, faults


def _no_table(name: str) -> str:
    if name.endswith(".draft"):
        return f"a draft; move its finished rows to {name.removesuffix('.draft')}.tsv, and it out of data/"
    return f"no table is called {name}; tables: {', '.join(each.name for each in TABLES)}"


def read(content: bytes, table: Table, *, source: str, path: str) -> tuple[list[Row], list[Fault]]:
    """Read one table's bytes (UTF-8, tab-separated, LF, a header line)."""
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        place = content[: error.start].count(b"\n") + 1
        return [], [Fault(path, place, "", "not UTF-8")]
    if b"\r" in content:
        place = content[: content.index(b"\r")].count(b"\n") + 1
        return [], [Fault(path, place, "", "a carriage return; lines end with LF alone; run: ketagraph fmt")]
    if lines.pop() != "":
        return [], [
            Fault(path, len(lines) + 1, "", "the last line must end with a line feed; run: ketagraph fmt")
        ]
    if faults := list(_header_faults(lines, table, path)):
        return [], faults
    rows: list[Row] = []
    for number, line in enumerate(lines[1:], start=2):
        row, wrong = _row(line, table, source, path, number)
        faults += wrong
        if row:
            rows.append(row)
    return rows, faults + list(_order_faults(rows))


def _header_faults(lines: list[str], table: Table, path: str) -> Iterator[Fault]:
    expected = [column.name for column in table.columns]
    found = lines[0].split("\t") if lines else []
    for name in found:
        if name not in expected:
            yield Fault(path, 1, name, f"unknown column{nearest(name, expected)}")
    for name in expected:
        if name not in found:
            yield Fault(path, 1, name, "column missing")
    if sorted(found) == sorted(expected) and found != expected:
        yield Fault(path, 1, "", f"columns out of order; expected {' '.join(expected)}; run: ketagraph fmt")
    elif len(set(found)) != len(found):
        yield Fault(path, 1, "", "a column stands twice")


def _row(line: str, table: Table, source: str, path: str, number: int) -> tuple[Row | None, list[Fault]]:
    texts = line.split("\t")
    if len(texts) != len(table.columns):
        message = f"{len(texts)} cells, expected {len(table.columns)} (tab-separated)"
        return None, [Fault(path, number, "", message)]
    cells: dict[str, tuple[str, ...]] = {}
    faults: list[Fault] = []
    for column, text in zip(table.columns, texts, strict=True):
        cells[column.name] = tuple(text.split("|")) if column.many and text else (text,) if text else ()
        faults += [
            Fault(path, number, column.name, wrong) for wrong in _cell_faults(column, cells[column.name])
        ]
    return (None if faults else Row(table, source, path, number, cells)), faults


def _cell_faults(column: Column, values: tuple[str, ...]) -> Iterator[str]:
    if column.required and not values:
        yield f"empty, expected {_expected(column)}"
    pattern = _COMPILED[column.kind]
    for value in values:
        if not pattern.fullmatch(value):
            yield f"{value!r} is not {_expected(column)}"
    if column.many and list(values) != sorted(set(values), key=order):
        yield "values must be sorted and without repeats; run: ketagraph fmt"


def _expected(column: Column) -> str:
    return f"{column.target}: {_PATTERNS[column.kind][1]}" if column.target else _PATTERNS[column.kind][1]


def order(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key: digits count as numbers, so that 9.2 stands before 20.1."""
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


def _row_order(row: Row) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    return tuple(order(row.one(name)) for name in row.table.key)


def _order_faults(rows: list[Row]) -> Iterator[Fault]:
    for before, row in pairwise(rows):
        if _row_order(row) < _row_order(before):
            yield Fault(row.path, row.line, "", f"row {row.key} out of order; run: ketagraph fmt")
        elif row.key == before.key:
            yield Fault(row.path, row.line, "", f"row {row.key} stands twice")


def canonical(content: bytes, table: Table) -> bytes:
    """Return the table's bytes in canonical form: columns in order, rows and many-valued cells sorted.

    Content that cannot be understood as this table (unknown columns, ragged rows) is returned as is,
    so that formatting never loses a cell.
    """
    lines = content.decode("utf-8").replace("\r\n", "\n").removesuffix("\n").split("\n")
    header, *records = [line.split("\t") for line in lines]
    expected = [column.name for column in table.columns]
    if sorted(header) != sorted(expected) or any(len(record) != len(header) for record in records):
        return content
    moved = [[record[header.index(name)] for name in expected] for record in records]
    tidy = [
        [_tidy(column, cell) for column, cell in zip(table.columns, record, strict=True)] for record in moved
    ]
    keys = [expected.index(name) for name in table.key]
    tidy.sort(key=lambda record: [order(record[index]) for index in keys])
    return "".join("\t".join(record) + "\n" for record in [expected, *tidy]).encode()


def _tidy(column: Column, cell: str) -> str:
    text = " ".join(cell.split())
    if not column.many:
        return text
    return "|".join(sorted({part.strip() for part in text.split("|") if part.strip()}, key=order))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint at the names that are like ``name``; empty where none is."""
    close = get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""
