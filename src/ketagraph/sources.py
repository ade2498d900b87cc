"""Where the hand-written sources lie: the checkout's folders first, else the copies in the wheel.

An editable install leaves an old copy of the packaged sources behind, so the checkout prevails.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ketagraph.errors import EnvironmentFault, Fault, SourceError, UnknownName

__all__ = [
    "DATA_LICENCE",
    "Layout",
    "SourceFolder",
    "digest",
    "folder_called",
    "folder_of_text",
    "layout",
    "read_facts",
    "source_folders",
]

DATA_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
"""Licence of a source's tables where its source.toml names no other; see LICENSE-DATA.md."""

_PACKAGE = Path(__file__).parent
_FOLDERS = ("ontology", "data", "queries")


@dataclass(frozen=True, slots=True)
class Layout:
    """The three folders of hand-written sources below ``root``."""

    root: Path

    @property
    def ontology(self) -> Path:
        """Turtle modules, with shapes/, rules/ and checks/ below."""
        return self.root / "ontology"

    @property
    def data(self) -> Path:
        """One folder per source of evidence, and the shared mappings."""
        return self.root / "data"

    @property
    def queries(self) -> Path:
        """Questions (.rq) beside their expected answers (.tsv)."""
        return self.root / "queries"

    def show(self, path: Path) -> str:
        """``path`` relative to the root where it lies below, with forward slashes."""
        inside = path.is_relative_to(self.root)
        return (path.relative_to(self.root) if inside else path).as_posix()


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """One source of evidence: its id, its folder and the fields of its source.toml, checked."""

    id: str
    path: Path
    facts: Mapping[str, str | int]

    @property
    def mark(self) -> str:
        """What the addresses of its sentences begin with (``mark:20.2``); empty for one source at most."""
        return str(self.facts.get("mark", self.id))

    @property
    def data_licence(self) -> str:
        """IRI of the licence of its tables, which is not that of its text."""
        return str(self.facts.get("data_licence", DATA_LICENCE))

    @property
    def citation(self) -> str:
        """How to cite it: as source.toml says, else put together from its parts."""
        if "citation" in self.facts:
            return str(self.facts["citation"])
        fact = {name: str(value) for name, value in self.facts.items()}
        issue = f"({fact['issue']})" if "issue" in fact else ""
        volume = f" {fact['volume']}{issue}" if "volume" in fact else ""
        journal = f" {fact['journal']}{volume}," if "journal" in fact else ""
        link = f" https://doi.org/{fact['doi']}" if "doi" in fact else ""
        return f"{fact['authors'].rstrip('.')}. {fact['title'].rstrip('.')}.{journal} {fact['year']}.{link}"


def layout(root: Path | None = None) -> Layout:
    """Find the sources: ``root`` if given, else the checkout, else the installed package.

    Raises:
        EnvironmentFault: a folder is missing.
    """
    candidates = [root] if root else [_PACKAGE.parent.parent, _PACKAGE / "_sources"]
    for candidate in candidates:
        if all((candidate / name).is_dir() for name in _FOLDERS):
            return Layout(candidate)
    raise EnvironmentFault(
        f"no sources below {candidates[0]}: expected the folders {', '.join(_FOLDERS)}; "
        "run from a checkout or reinstall the package"
    )


def source_folders(where: Layout) -> tuple[SourceFolder, ...]:
    """Read every data/<source>/source.toml, sorted by id.

    Raises:
        SourceError: a folder without source.toml, one that breaks its rules, or two with one mark.
    """
    folders = [path for path in sorted(where.data.iterdir()) if path.is_dir() and any(path.iterdir())]
    missing = [path for path in folders if not (path / "source.toml").is_file()]
    if missing:
        raise SourceError(
            [_fault(where, path / "source.toml", "", "the file is missing") for path in missing]
        )
    found = tuple(_source_folder(path / "source.toml", where) for path in folders)
    marks: dict[str, SourceFolder] = {}
    for folder in found:
        if (first := marks.setdefault(folder.mark, folder)) is not folder:
            other = where.show(first.path / "source.toml")
            told = f"{folder.mark!r} is also the mark of {other}; choose another"
            raise SourceError([_fault(where, folder.path / "source.toml", "mark", told)])
    return found


def folder_called(name: str, where: Layout) -> SourceFolder:
    """Return the source whose id is ``name``.

    Raises:
        UnknownName: there is none; all are suggested.
    """
    found = {folder.id: folder for folder in source_folders(where)}
    if name not in found:
        raise UnknownName(f"no source is called {name!r}; sources: {', '.join(found) or 'none'}", list(found))
    return found[name]


def folder_of_text(content: bytes, where: Layout) -> SourceFolder:
    """Return the source whose text has these bytes, or the only one there is.

    Raises:
        UnknownName: several sources, none of which has this text.
    """
    known = source_folders(where)
    stated = sha256(content).hexdigest()
    found = [folder for folder in known if folder.facts["text_sha256"] == stated]
    if len(found or known) == 1:
        return (found or known)[0]
    ids = [folder.id for folder in known]
    raise UnknownName(f"this is the text of none of the sources; name one of {', '.join(ids) or 'none'}", ids)


_TEXT, _NUMBER = r"\S(.*\S)?", r"0|[1-9]\d*"
_FIELDS: Mapping[str, tuple[type, bool, str, str]] = {
    # name: type, required, pattern of its text, what is expected
    "id": (str, True, r"[a-z0-9]+(-[a-z0-9]+)*", "the folder's name, in kebab-case"),
    "title": (str, True, _TEXT, "the title as printed"),
    "authors": (str, True, _TEXT, "the authors in one text"),
    "journal": (str, False, _TEXT, "the journal"),
    "volume": (str, False, _TEXT, "the volume, in quotes"),
    "issue": (str, False, _TEXT, "the issue, in quotes"),
    "year": (int, True, r"1[89]\d\d|20\d\d", "a year of four digits"),
    "doi": (str, False, r"10\.\d{4,9}/\S+", "a DOI without its resolver, such as 10.1000/xyz"),
    "licence": (str, True, r"https?://\S+", "the address of the licence of the text"),
    "data_licence": (str, False, r"https?://\S+", "the address of the licence of the tables"),
    "citation": (str, False, _TEXT, "how to cite the source, in one text"),
    "mark": (str, False, r"([a-z0-9]+(-[a-z0-9]+)*)?", "a kebab-case word, or nothing"),
    "text_sha256": (str, True, r"[0-9a-f]{64}", "64 lower-case hexadecimal digits"),
    "paragraphs": (int, True, _NUMBER, "a whole number"),
    "sentences": (int, True, _NUMBER, "a whole number"),
    "headings": (int, True, _NUMBER, "a whole number"),
    "draft": (bool, False, r"True|False", "true, or no such line"),
}


def _source_folder(path: Path, where: Layout) -> SourceFolder:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SourceError([_fault(where, path, "", f"not TOML in UTF-8: {error}")]) from error
    name = path.parent.name
    return SourceFolder(name, path.parent, read_facts(text, where.show(path), name))


def read_facts(text: str, path: str, name: str) -> dict[str, str | int]:
    """Read the text of a source.toml that stands, or is to stand, at ``path`` in the folder ``name``.

    Raises:
        SourceError: it is not TOML, or a field is not what is expected.
    """
    try:
        facts = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError([Fault(path, 0, "", f"not TOML in UTF-8: {error}")]) from error
    faults = [Fault(path, 0, field, wrong) for field, wrong in _wrong(facts)]
    if facts.get("id") != name:
        faults.append(Fault(path, 0, "id", f"id is {facts.get('id')!r}, expected the folder's name {name!r}"))
    if faults:
        raise SourceError(faults)
    return facts


def _wrong(facts: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield each field that is missing, unknown or not what is expected, with what is wrong."""
    for name in sorted(facts.keys() - _FIELDS.keys()):
        yield name, f"unknown field; known are {', '.join(_FIELDS)}"
    for name, (kind, required, pattern, expected) in _FIELDS.items():
        value = facts.get(name)
        if value is None:
            if required:
                yield name, f"missing; expected {expected}"
        elif type(value) is not kind or not re.fullmatch(pattern, str(value)):
            yield name, f"{value!r} is not {expected}"


def _fault(where: Layout, path: Path, column: str, message: str) -> Fault:
    return Fault(where.show(path), 0, column, message)


def digest(where: Layout) -> str:
    """Return the sha256 over the paths and contents of all hand-written sources, 64 hexadecimal digits."""
    total = sha256()
    for path in _files(where):
        total.update(where.show(path).encode() + b"\0" + sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _files(where: Layout) -> list[Path]:
    return sorted(
        path
        for folder in (where.ontology, where.data, where.queries)
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in {".ttl", ".rq", ".tsv", ".toml"}
    )
