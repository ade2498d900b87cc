"""An ontology's file in, a named graph of the overlay out: checked, whole or a slice, never merged with ours.

Formats: OBO 1.4, OBO Graphs JSON, OWL in RDF/XML or in a common part of functional syntax, Turtle,
N-Triples; each also as .gz. Nothing is fetched: owl:imports is a triple like any other. Refused: files that
unfold beyond their limits, entity declarations that multiply, formats that are not what their name says,
files that break off, and statements about our own terms; also, with a message, files that ask for more memory
or time than their size allows. The overlay is replaced as a whole or not at all.

An overlay is a folder of ``<name>.nq`` and ``<name>.json`` files beside the release.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path

from ketagraph import contained, names
from ketagraph.errors import EnvironmentFault, Fault, SourceError
from ketagraph.mappings import Mapping as MappingRow
from ketagraph.ontologies import Statements, read
from ketagraph.store.loading import Expansion

__all__ = ["Imported", "Problem", "contained_import", "import_ontology", "problems", "sliced"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_RDFS = names.PREFIXES["rdfs"]
_OWL = names.PREFIXES["owl"]
_TYPE = f"<{names.PREFIXES['rdf']}type>"
_SUBCLASS = f"<{_RDFS}subClassOf>"
_SOME = f"<{_OWL}someValuesFrom>"
_DEPRECATED = f"<{_OWL}deprecated>"
_REPLACED = (f"<{names.PREFIXES['dcterms']}isReplacedBy>", "<http://purl.obolibrary.org/obo/IAO_0100001>")
_VERSION = (f"<{_OWL}versionIRI>", f"<{_OWL}versionInfo>")
_LICENCE = (f"<{names.PREFIXES['dcterms']}license>", "<http://purl.org/dc/elements/1.1/rights>")
_STATEMENT = re.compile(r"(\S+) (\S+) (.*) \.")
_LIMITS = Expansion(bytes=2 << 30)
_BOUNDS = contained.Bounds()


@dataclass(frozen=True, slots=True)
class Problem:
    """A target of our mappings that is ``obsolete`` or ``merged`` in the ontology, or ``missing`` from it."""

    subject: str
    object: str
    kind: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported: where from, which version, how many statements, and what became of our mappings."""

    name: str
    file: str
    sha256: str
    iri: str
    version: str
    licence: str
    sliced: bool
    statements: int
    problems: tuple[Problem, ...]


def import_ontology(
    path: Path,
    name: str,
    overlay: Path,
    *,
    mappings: Iterable[MappingRow] = (),
    is_slice: bool = False,
    descendants: bool = False,
    licence: str = "",
    limits: Expansion = _LIMITS,
    bounds: contained.Bounds = _BOUNDS,
) -> Imported:
    """Read ``path`` into the graph ``external/<name>`` of the folder ``overlay``, replacing what was there.

    ``is_slice`` keeps the targets of ``mappings`` with all that is above them, and with ``descendants`` all
    that is below. ``licence`` (an IRI) is recorded where the file names none. ``bounds`` are those of the
    process that reads the file.

    Raises:
        SourceError: the file breaks its syntax, a limit or a bound, or speaks of our terms.
        EnvironmentFault: the file cannot be read, the overlay not written, or the name is not kebab-case.
    """
    if not _NAME.fullmatch(name):
        raise EnvironmentFault(
            f"{name!r} cannot name a graph; expected lower-case letters, digits and hyphens"
        )
    wanted = {
        "name": name,
        "overlay": str(overlay),
        "rows": [(row.cells, row.line) for row in mappings if row.asserted],
        "is_slice": is_slice,
        "descendants": descendants,
        "licence": licence,
        "limits": asdict(limits),
    }
    (done,) = contained.run(contained_import, path, wanted, bounds)
    return Imported(**done | {"problems": tuple(Problem(**each) for each in done["problems"])})


def contained_import(
    file: str,
    *,
    name: str,
    overlay: str,
    rows: Sequence[tuple[Sequence[str], int]],
    is_slice: bool,
    descendants: bool,
    licence: str,
    limits: Mapping[str, int],
) -> Iterator[Mapping[str, object]]:
    """Import in this process; yield the record of it. For :func:`import_ontology`."""
    path, asserted = Path(file), [MappingRow(tuple(cells), line) for cells, line in rows]
    lines = read(path, Expansion(**limits))
    _refuse_clashes(path, lines)
    found = problems(lines, asserted)
    header = _header(lines, licence)
    if is_slice:
        lines = sliced(lines, {_iri(row.object) for row in asserted}, descendants=descendants)
    digest = _digest(path)
    done = Imported(name, path.name, digest, *header, is_slice, len(lines), tuple(found))
    _write(Path(overlay), done, lines)
    yield asdict(done)


def _iri(curie: str) -> str:
    return f"<{names.expand(curie) or curie}>"


def _parts(line: str) -> tuple[str, str, str]:
    found = _STATEMENT.fullmatch(line)
    return (found[1], found[2], found[3]) if found else ("", "", "")


def _refuse_clashes(path: Path, lines: Statements) -> None:
    """Refuse statements whose subject is ours: an import may speak of its own terms only."""
    ours = f"<{names.BASE}"
    clashing = sorted({subject for line in lines if (subject := _parts(line)[0]).startswith(ours)})
    if clashing:
        message = f"says things of {len(clashing)} of our own terms, such as {clashing[0]}; take them out"
        raise SourceError([Fault(str(path), 0, "", message)])


def _header(lines: Statements, licence: str) -> tuple[str, str, str]:
    """Return the ontology's IRI, version and licence, empty where it names none."""
    declared = [_parts(line)[0] for line in lines if line.endswith(f"{_TYPE} <{_OWL}Ontology> .")]
    iri = declared[0] if declared else ""
    said = {_parts(line)[1]: _parts(line)[2] for line in reversed(lines) if line.startswith(f"{iri} ")}
    version = next((said[name] for name in _VERSION if name in said), "")
    stated = next((said[name] for name in _LICENCE if name in said), "")
    return _bare(iri), _bare(version), _bare(stated) or licence


def _bare(term: str) -> str:
    """Return an IRI or literal without its brackets or quotes."""
    return re.sub(r'^<(.*)>$|^"(.*)"(?:@\S+|\^\^\S+)?$', lambda found: found[1] or found[2] or "", term)


def problems(lines: Statements, rows: Iterable[MappingRow]) -> list[Problem]:
    """Find the targets of our mappings that are obsolete, merged into another term, or not there.

    Only targets of vocabularies that the file defines terms of can be missing; sorted by subject.
    """
    subjects, retired, instead = set(), set(), {}
    for line in lines:
        subject, predicate, object_ = _parts(line)
        subjects.add(subject)
        if predicate == _DEPRECATED and object_.startswith('"true"'):
            retired.add(subject)
        elif predicate in _REPLACED:
            instead[subject] = object_
    prefixes = {names.compress(_bare(subject)).partition(":")[0] for subject in subjects}
    found = []
    for row in rows:
        target = _iri(row.object)
        if target in retired or target in instead:
            kind = "merged" if target in instead else "obsolete"
            found.append(
                Problem(row.subject, row.object, kind, names.compress(_bare(instead.get(target, ""))))
            )
        elif target not in subjects and row.object.partition(":")[0] in prefixes:
            found.append(Problem(row.subject, row.object, "missing"))
    return sorted(set(found), key=lambda each: (each.subject, each.object))


def sliced(lines: Statements, wanted: Iterable[str], *, descendants: bool = False) -> Statements:
    """Keep what is said of ``wanted`` (IRIs in angle brackets), of all above them, and of all below.

    Above a term is also what it is said to have some relation to: a chemical keeps its roles.
    """
    up: dict[str, set[str]] = defaultdict(set)
    down: dict[str, set[str]] = defaultdict(set)
    about: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        subject, predicate, object_ = _parts(line)
        about[subject].append(line)
        if predicate in {_SUBCLASS, _SOME}:
            up[subject].add(object_)
        if predicate == _SUBCLASS:
            down[object_].add(subject)
    start = {iri for iri in wanted if iri in about}
    below = _closure(start, down) if descendants else start
    kept = _closure(below, up) | below
    ontologies = {_parts(line)[0] for line in lines if line.endswith(f"{_TYPE} <{_OWL}Ontology> .")}
    return sorted({line for subject in _with_blanks(kept | ontologies, about) for line in about[subject]})


def _closure(start: Iterable[str], edges: Mapping[str, set[str]]) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        fresh = edges.get(todo.pop(), set()) - seen
        seen |= fresh
        todo.extend(fresh)
    return seen


def _with_blanks(kept: set[str], about: Mapping[str, list[str]]) -> set[str]:
    """Add the blank nodes that hang on what is kept: restrictions, lists, axioms' annotations."""
    edges = {
        subject: {object_ for line in lines if (object_ := _parts(line)[2]).startswith("_:")}
        for subject, lines in about.items()
    }
    return kept | {node for node in _closure(kept, edges) if node in about}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _write(overlay: Path, done: Imported, lines: Statements) -> None:
    graph = names.graph(f"external/{done.name}")
    quads = "".join(f"{line} <{graph}> .\n" for line in _quads(done, lines))
    record = json.dumps(asdict(done), indent=2, ensure_ascii=False) + "\n"
    try:
        overlay.mkdir(parents=True, exist_ok=True)
        # The record first: whoever reads a graph finds at least the record of the one before.
        _replace(overlay / f"{done.name}.json", record)
        _replace(overlay / f"{done.name}.nq", quads)
    except OSError as error:
        raise EnvironmentFault(f"cannot write the overlay {overlay}: {error.strerror or error}") from error


def _quads(done: Imported, lines: Statements) -> Iterator[str]:
    """Yield statements without full stop; blank nodes are told apart from those of other imports."""
    graph = f"<{names.graph(f'external/{done.name}')}>"
    blank = re.compile(r"(?:(?<=^)|(?<= ))_:(?=\w+$|\w+ <)")
    for line in lines:
        yield blank.sub(f"_:{done.name.replace('-', '')}", line.removesuffix(" ."))
    dcterms, owl = names.PREFIXES["dcterms"], names.PREFIXES["owl"]
    facts = {
        dcterms + "source": done.file,
        owl + "versionInfo": done.version,
        dcterms + "license": done.licence,
    }
    for predicate, value in {**facts, names.term("sha256"): done.sha256}.items():
        if value:
            yield f"{graph} <{predicate}> {json.dumps(value, ensure_ascii=False)}"


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".writing-{path.name}-{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
