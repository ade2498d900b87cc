"""SSSOM text in, mappings and faults out, each fault with file, line and column; and the canonical text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from ketagraph import names
from ketagraph.errors import Fault
from ketagraph.mappings import library
from ketagraph.mappings.model import COLUMNS, FILE, HEADER, NOT_FOUND, PREDICATES, Mapping
from ketagraph.sources import Layout
from ketagraph.vocabulary import Vocabulary

__all__ = ["canonical", "read", "read_bytes"]

_CURIE = re.compile(r"([A-Za-z][\w.]*):(\S+)")
_URL = re.compile(r"https?://[^\s|<>\"{}\\^`]+")

# The forms of identifiers as the Bioregistry records them, https://bioregistry.io/
_DIGITS = re.compile(r"\d{7}")
_SEVEN = ("CL", "ECO", "EFO", "GO", "HP", "MAXO", "MONDO", "OAE", "OBI", "SYMP", "UBERON")
_FORMS = dict.fromkeys(_SEVEN, _DIGITS) | {
    "CHEBI": re.compile(r"\d+"),
    "DOID": re.compile(r"\d+"),
    "HGNC": re.compile(r"\d{1,5}"),
    "NCBIGene": re.compile(r"\d+"),
    "NCBITaxon": re.compile(r"\d+"),
    "NCIT": re.compile(r"[A-Z]+\d+"),
    "SNOMEDCT": re.compile(r"\d+"),
    "atc": re.compile(r"[A-Z](\d+([A-Z]{1,2}(\d+)?)?)?"),
    "chembl.compound": re.compile(r"CHEMBL\d+"),
    "drugbank": re.compile(r"DB\d{5}"),
    "fplx": re.compile(r"[A-Za-z0-9]\w+"),
    "icd11": re.compile(r"[1-9]\d*"),
    "icd11.code": re.compile(r"[0-9A-Z]+(\.[0-9A-Z]+)?"),
    "mesh": re.compile(r"[CDQ]\d+"),
    "umls": re.compile(r"C\d{7}"),
    "uniprot": re.compile(r"[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d([A-Z][A-Z0-9]{2}\d){1,2}"),
    "wikidata": re.compile(r"Q\d+"),
}
# Their licences let identifiers be cited, but no content.
_WITHOUT_LABELS = {"SNOMEDCT", "umls"}


@dataclass(frozen=True, slots=True)
class _Parts:
    """The file cut up: header lines with their numbers, column names, rows."""

    header: tuple[tuple[int, str], ...]
    columns: tuple[str, ...]
    rows: tuple[Mapping, ...]

    @property
    def prefixes(self) -> dict[str, int]:
        """Declared prefix → its line."""
        found = ((number, re.fullmatch(r"#  (\S+): .*", line)) for number, line in self.header)
        return {match[1]: number for number, match in found if match}


def read(where: Layout, words: Vocabulary, *, thorough: bool = True) -> tuple[list[Mapping], list[Fault]]:
    """Read data/mappings.sssom.tsv; rows in file order, subjects checked against the terms of ``words``.

    Not ``thorough``: the library's own validation, some seconds, is left out.
    """
    path = where.data / FILE
    if not path.is_file():
        return [], [Fault(where.show(path), 0, "", "the file is missing")]
    return read_bytes(
        path.read_bytes(), {*words.parents, *words.individuals}, path=where.show(path), thorough=thorough
    )


def read_bytes(
    content: bytes, known: Collection[str], *, path: str, thorough: bool = True
) -> tuple[list[Mapping], list[Fault]]:
    """Read a file's bytes; ``known`` are the local names of our terms, ``path`` is what faults name."""
    if fault := _not_text(content, path):
        return [], [fault]
    text = content.decode("utf-8")
    parts = _cut(text)
    faults = [*_form_faults(parts, path)] or [*_header_faults(parts, path), *_row_faults(parts, known, path)]
    if thorough and not faults:
        faults = library.faults(text, path, [row.line for row in parts.rows])
    return list(parts.rows), faults


def _not_text(content: bytes, shown: str) -> Fault | None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return Fault(shown, content[: error.start].count(b"\n") + 1, "", "not UTF-8")
    if b"\r" in content or not content.endswith(b"\n"):
        return Fault(shown, 0, "", "lines must end with LF alone, the last one too; run: ketagraph fmt")
    return None


def _cut(text: str) -> _Parts:
    lines = text.removesuffix("\n").split("\n")
    top = next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
    columns = tuple(lines[top].split("\t")) if top < len(lines) else ()
    rows = (Mapping(tuple(line.split("\t")), top + 2 + index) for index, line in enumerate(lines[top + 1 :]))
    return _Parts(tuple(enumerate(lines[:top], start=1)), columns, tuple(rows))


def _form_faults(parts: _Parts, shown: str) -> Iterator[Fault]:
    if parts.columns != COLUMNS:
        line = len(parts.header) + 1
        yield Fault(shown, line, "", f"columns must be {' '.join(COLUMNS)}; run: ketagraph fmt")
        return
    for row in parts.rows:
        if len(row.cells) != len(COLUMNS):
            message = f"{len(row.cells)} cells, expected {len(COLUMNS)} (tab-separated)"
            yield Fault(shown, row.line, "", message)


def _header_faults(parts: _Parts, path: str) -> Iterator[Fault]:
    expected = _header(_used(parts) & names.PREFIXES.keys())
    found = [line for _, line in parts.header]
    for number, line in parts.header:
        prefix = re.fullmatch(r"#  (\S+): .*", line)
        if prefix and prefix[1] not in names.PREFIXES:
            message = f"unknown prefix {prefix[1]}{_nearest(prefix[1], names.PREFIXES)}"
            yield Fault(path, number, "curie_map", message)
        elif line not in expected:
            yield Fault(path, number, "", f"{line!r} is not of our header; run: ketagraph fmt")
    if missing := [line for line in expected if line not in found]:
        yield Fault(path, 1, "", f"the header lacks {missing[0]!r}; run: ketagraph fmt")
    elif found != expected and set(found) == set(expected):
        yield Fault(path, 1, "", "header lines out of order or twice; run: ketagraph fmt")


def _row_faults(parts: _Parts, known: Collection[str], shown: str) -> Iterator[Fault]:
    check = _Cells(set(parts.prefixes), known)
    for row in parts.rows:
        for column, message in check.faults(row):
            yield Fault(shown, row.line, column, message)
    for before, row in pairwise(parts.rows):
        if row.cells < before.cells:
            yield Fault(shown, row.line, "", "row out of order; run: ketagraph fmt")
    seen: dict[str, Mapping] = {}
    for row in parts.rows:
        if (first := seen.setdefault(row.id, row)) is not row:
            yield Fault(shown, row.line, "", f"{row.subject} and {row.object} stand in line {first.line} too")


@dataclass(frozen=True, slots=True)
class _Cells:
    """The rules for single cells; each yields column and message."""

    prefixes: Collection[str]
    known: Collection[str]

    def faults(self, row: Mapping) -> Iterator[tuple[str, str]]:
        """Everything wrong within one row."""
        for column in ("subject_id", "predicate_id", "object_id", "mapping_justification", "object_source"):
            yield from ((column, message) for message in self._reference(row[column]))
        yield from self._subject(row)
        yield from self._predicate(row)
        yield from self._object(row)
        yield from self._evidence(row)

    def _reference(self, curie: str) -> Iterator[str]:
        match = _CURIE.fullmatch(curie)
        if not match:
            yield f"{curie!r} is not a CURIE, such as MONDO:0005546"
        elif match[1] not in self.prefixes:
            yield f"the prefix {match[1]} is not in curie_map{_nearest(match[1], self.prefixes)}"

    def _subject(self, row: Mapping) -> Iterator[tuple[str, str]]:
        prefix, _, name = row.subject.partition(":")
        if prefix != "keta" or name not in self.known:
            yield "subject_id", f"the ontology has no term {row.subject}{_nearest(name, self.known)}"

    def _predicate(self, row: Mapping) -> Iterator[tuple[str, str]]:
        if row.predicate not in PREDICATES:
            yield "predicate_id", f"{row.predicate!r} is none of {', '.join(PREDICATES)}"
        if row["predicate_modifier"] not in {"", "Not"}:
            yield "predicate_modifier", f"{row['predicate_modifier']!r} is neither empty nor Not"

    def _object(self, row: Mapping) -> Iterator[tuple[str, str]]:
        prefix, _, identifier = row.object.partition(":")
        form = _FORMS.get(prefix)
        if row.found and form and not form.fullmatch(identifier):
            yield "object_id", f"{row.object!r} is not of the form of {prefix} identifiers: {form.pattern}"
        elif row.found and not form and prefix in self.prefixes:
            yield "object_id", f"{prefix} is not among the vocabularies that we map to: {', '.join(_FORMS)}"
        if row["object_label"] and (prefix in _WITHOUT_LABELS or not row.found):
            yield (
                "object_label",
                f"must stay empty for {NOT_FOUND if not row.found else f'{prefix}: its licence'}",
            )
        if row["object_source"] and not row["object_source"].startswith("bioregistry:"):
            yield "object_source", f"{row['object_source']!r} must be a bioregistry: CURIE"

    def _evidence(self, row: Mapping) -> Iterator[tuple[str, str]]:
        places = row["see_also"].split("|") if row["see_also"] else []
        if wrong := [place for place in places if not _URL.fullmatch(place)]:
            yield "see_also", f"{wrong[0]!r} is not an http address"
        if places != sorted(set(places)):
            yield "see_also", "addresses must be sorted and without repeats; run: ketagraph fmt"
        if not places and not row["comment"]:
            yield "see_also", "say where the identifier was seen, by address or in a comment"


def canonical(content: bytes) -> bytes:
    """Return the file's bytes with our header, columns in order, rows sorted, and only the prefixes in use.

    Content that cannot be understood (unknown columns, ragged rows) is returned as is, so that formatting
    never loses a cell.
    """
    parts = _cut(content.decode("utf-8").replace("\r\n", "\n"))
    if sorted(parts.columns) != sorted(COLUMNS) or any(len(row.cells) != len(COLUMNS) for row in parts.rows):
        return content
    order = [parts.columns.index(name) for name in COLUMNS]
    rows = sorted({tuple(_tidy(COLUMNS[i], row.cells[j]) for i, j in enumerate(order)) for row in parts.rows})
    tidy = _Parts((), COLUMNS, tuple(Mapping(cells, 0) for cells in rows))
    lines = [*_header(_used(tidy) & names.PREFIXES.keys()), *("\t".join(cells) for cells in (COLUMNS, *rows))]
    return "".join(line + "\n" for line in lines).encode()


def _tidy(column: str, cell: str) -> str:
    text = " ".join(cell.split())
    return (
        "|".join(sorted({part.strip() for part in text.split("|")} - {""})) if column == "see_also" else text
    )


def _used(parts: _Parts) -> set[str]:
    columns = ("subject_id", "predicate_id", "object_id", "mapping_justification", "object_source")
    return {"keta"} | {row[column].partition(":")[0] for row in parts.rows for column in columns}


def _header(prefixes: Collection[str]) -> list[str]:
    # Quoted, since a bare YAML value must not end with a colon.
    prefixed = [f'#  {prefix}: "{names.PREFIXES[prefix]}"' for prefix in sorted(prefixes)]
    return [*(f'#{name}: "{value}"' for name, value in HEADER.items()), "#curie_map:", *prefixed]


def _nearest(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""
