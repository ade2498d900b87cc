"""Rows and the ontology in, what the rows point to and is not there out: terms, properties, other rows.

Keys are shared by all sources, since they become addresses; links stay within one source, but for those that
say which records are of one study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ketagraph.columns import Column
from ketagraph.errors import Fault
from ketagraph.schema import TABLES
from ketagraph.tables import Row, nearest
from ketagraph.vocabulary import Vocabulary

__all__ = ["check_links"]


def check_links(rows: Iterable[Row], vocabulary: Vocabulary) -> list[Fault]:
    """Check what cells point to: ontology terms, properties, and rows of other tables."""
    rows = list(rows)
    known = {table.name: {(row.source, row.key) for row in rows if row.table is table} for table in TABLES}
    faults = list(_repeated_ids(rows))
    check = _Links(vocabulary, known)
    for row in rows:
        for column in row.table.columns:
            for value in row.cells[column.name]:
                if wrong := check.fault(row, column, value):
                    faults.append(Fault(row.path, row.line, column.name, wrong))
    return faults


def _repeated_ids(rows: Iterable[Row]) -> Iterator[Fault]:
    """Yield the keys that two tables or two sources share; within one table the order check finds them."""
    rows = list(rows)
    seen: dict[str, Row] = {}
    sources = {row.source for row in rows}
    for row in rows:
        first = seen.setdefault(row.id, row)
        if first is not row and (first.table, first.source) != (row.table, row.source):
            wrong = f"{row.id} is also a key in {first.path}:{first.line}"
            if first.source != row.source:
                wrong += (
                    f"; keys are shared by all sources: rename one of the two, as in {row.id}-{row.source}"
                )
            yield Fault(row.path, row.line, row.table.key[0], wrong)
        if row.id in sources:
            yield Fault(row.path, row.line, row.table.key[0], f"{row.id} is also the id of a source")


@dataclass(frozen=True, slots=True)
class _Links:
    vocabulary: Vocabulary
    known: Mapping[str, set[tuple[str, str]]]

    def fault(self, row: Row, column: Column, value: str) -> str:
        """Say what is wrong with a value that names something; empty: nothing."""
        checks: Mapping[str, Callable[[Row, Column, str], str]] = {
            "term": self._term,
            "node": self._node,
            "property": self._property,
            "row": self._row,
            "elsewhere": self._elsewhere,
            "sentence": self._sentence,
        }
        check = checks.get(column.kind)
        return check(row, column, value) if check else ""

    def _term(self, row: Row, column: Column, value: str) -> str:
        if self.vocabulary.belongs(value, column.target):
            return ""
        near = nearest(value, self.vocabulary.members(column.target))
        return f"{value} is not a {column.target} of the ontology{near}"

    def _node(self, row: Row, column: Column, value: str) -> str:
        if not value[0].isupper():
            tables = [name for name, keys in self.known.items() if (row.source, value) in keys]
            return "" if tables else f"no row has the key {value}"
        if value in self.vocabulary.parents or value in self.vocabulary.individuals:
            return ""
        return f"the ontology has no term {value}{nearest(value, self.vocabulary.parents)}"

    def _property(self, row: Row, column: Column, value: str) -> str:
        known = self.vocabulary.properties
        return "" if value in known else f"the ontology has no property {value}{nearest(value, known)}"

    def _row(self, row: Row, column: Column, value: str) -> str:
        keys = self.known[column.target]
        if (row.source, value) in keys:
            return ""
        own = (key for source, key in keys if source == row.source)
        return f"{column.target}.tsv has no row {value}{nearest(value, own)}"

    def _elsewhere(self, row: Row, column: Column, value: str) -> str:
        sources = sorted({source for source, key in self.known[column.target] if key == value})
        if row.source in sources:
            return f"{value} is a row of this source, which has one for each study; name one of another"
        if sources:
            return ""
        others = (key for source, key in self.known[column.target] if source != row.source)
        told = f"no other source has a row {value} in {column.target}.tsv"
        return f"{told}{nearest(value, others) or '; remove this row'}"

    def _sentence(self, row: Row, column: Column, value: str) -> str:
        if row.table.name == "sentences" or (row.source, value) in self.known["sentences"]:
            return ""
        return f"sentences.tsv has no sentence {value}"
