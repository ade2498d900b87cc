"""Hand-written sources in, a validated release out; a failed build leaves the last release untouched.

Stages in order: read, lift, effects, reason, rules, describe, validate, write. A release is a folder
named after its content, and ``current`` points to it; the pointer moves only when everything is written.
The same sources give the same bytes.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from rdflib import Graph

from ketagraph import __version__, describe, lift, names, rdf, reason, sources, tables, validate, vocabulary
from ketagraph.errors import EnvironmentFault, Fault, SourceError, ValidationFailed
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine
from ketagraph.validate import Report
from ketagraph.vocabulary import Vocabulary

__all__ = ["Built", "Progress", "Release", "Stage", "build", "current_release", "examine", "examine_file", "prune", "text_report", "write_release"]

Progress = Callable[[str], None]
"""Called with the name of each stage as it begins."""

_RULE_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage cost: wall seconds, and peak memory of the process so far in MiB."""

    name: str
    seconds: float
    peak_mb: int


@dataclass(slots=True)
class _Clock:
    progress: Progress
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.progress(name)
        start = perf_counter()
        yield
        self.stages.append(Stage(name, perf_counter() - start, _peak_mb()))


def _peak_mb() -> int:
    # Linux reports KiB, macOS bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform != "darwin" else 1024**2)


@dataclass(frozen=True, slots=True)
class Built:
    """A validated graph before it is written: its graphs by name, where rows stand, and the findings."""

    graphs: Mapping[str, Graph]
    places: Mapping[str, str]
    report: Report
    source_digest: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """A written release: its folder and its manifest."""

    path: Path
    manifest: Mapping[str, object]

    @property
    def data(self) -> Path:
        """The N-Quads file that holds every graph."""
        return self.path / "ketagraph.nq"

    @property
    def counts(self) -> Mapping[str, int]:
        """What the release holds: classes, studies, findings, claims …"""
        counts = self.manifest["counts"]
        assert isinstance(counts, dict)
        return counts

    def places(self) -> dict[str, str]:
        """IRI of each row → the file and line of the sources where it is written."""
        lines = (self.path / "places.tsv").read_text(encoding="utf-8").splitlines()
        return dict(line.split("\t", 1) for line in lines)


def build(where: Layout, *, progress: Progress = lambda _: None) -> Built:
    """Build and validate the graph in memory.

    Raises:
        SourceError: rows or Turtle that break their rules, every fault with its place.
        OntologyError: HermiT finds no model, or a class that can have no member.
        ValidationFailed: shapes or checks found violations.
    """
    clock = _Clock(progress)
    with clock.stage("read"):
        rows, words, source_graph = _read(where)
    with clock.stage("lift"):
        graphs = {"ontology": rdf.canonical(words.graph), **lift.lift(rows)}
        graphs["evidence"] += source_graph
        places = lift.places(rows)
    with clock.stage("effects"):
        graphs["effects"] = _apply(_rules(where, "effects"), graphs)
    with clock.stage("reason"):
        graphs["inferred"] = reason.infer(_union(graphs, "ontology", "evidence", "effects"))
    with clock.stage("rules"):
        _saturate(_rules(where, "inferred"), graphs)
    with clock.stage("describe"):
        graphs["void"] = describe.void(graphs)
    with clock.stage("validate"):
        report = examine(graphs, where, places=places)
    if report.violations:
        raise ValidationFailed(text_report(report), report.violations)
    return Built(graphs, places, report, sources.digest(where), tuple(clock.stages))


def _read(where: Layout) -> tuple[list[tables.Row], Vocabulary, Graph]:
    words = vocabulary.read_ontology(where)
    rows: list[tables.Row] = []
    faults: list[Fault] = []
    described = rdf.new_graph()
    for folder in sources.source_folders(where):
        found, wrong = tables.read_source(folder, where)
        rows += found
        faults += wrong
        for triple in lift.source_triples(folder):
            described.add(triple)
    faults += tables.check_links(rows, words) if not faults else []
    if faults:
        raise SourceError(faults)
    return rows, words, described


def _union(graphs: Mapping[str, Graph], *wanted: str) -> Graph:
    union = rdf.new_graph()
    for name in wanted:
        union += graphs[name]
    return union


def _rules(where: Layout, target: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((where.ontology / "rules" / target).glob("*.rq"))]


def _engine(graphs: Mapping[str, Graph]) -> Engine:
    engine = Engine()
    engine.load_quads(rdf.nquads(graphs))
    engine.unite_graphs()
    return engine


def _apply(rules: list[str], graphs: Mapping[str, Graph]) -> Graph:
    engine = _engine(graphs)
    statements = [statement for rule in rules for statement in engine.construct(rule)]
    return rdf.new_graph().parse(data="\n".join(statements), format="nt")


def _saturate(rules: list[str], graphs: dict[str, Graph]) -> None:
    """Apply ``rules`` until they add nothing; what is asserted elsewhere is not inferred again."""
    asserted = _union(graphs, "ontology", "evidence", "discrepancies", "effects")
    for _ in range(_RULE_ROUNDS):
        fresh = _apply(rules, graphs) - asserted - graphs["inferred"]
        if not len(fresh):
            return
        graphs["inferred"] += fresh
    raise EnvironmentFault(f"the rules still add triples after {_RULE_ROUNDS} rounds; one of them feeds itself")


def examine(graphs: Mapping[str, Graph], where: Layout, *, places: Mapping[str, str]) -> Report:
    """Run every shape and check of ``where`` over ``graphs``."""
    data = _union(graphs, *(name for name in graphs if name not in {"ontology", "void"}))
    return _examine(data, graphs["ontology"], _engine(graphs), where, places)


def examine_file(path: Path, where: Layout, *, places: Mapping[str, str]) -> Report:
    """Run every shape and check over a file of RDF, with our ontology beside it.

    Raises:
        SourceError: the file breaks its syntax. EnvironmentFault: it cannot be read.
    """
    engine = Engine()
    engine.load_quads(path)
    words = rdf.canonical(vocabulary.read_ontology(where).graph)
    engine.load_quads(rdf.nquads({"ontology": words}))
    engine.unite_graphs()
    everything = "\n".join(engine.construct("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"))
    return _examine(rdf.new_graph().parse(data=everything, format="nt"), words, engine, where, places)


def _examine(data: Graph, words: Graph, engine: Engine, where: Layout, places: Mapping[str, str]) -> Report:
    def select(query: str) -> list[list[str | None]]:
        return [[term and term.value for term in row] for row in engine.select(query)[1]]

    results = validate.run_shapes(data, validate.read_shapes(where), words, places=places)
    return Report.of([*results, *validate.run_checks(where, select, places=places)])


def text_report(report: Report) -> str:
    """The report as lines for people: place or IRI, severity, label, message, shape."""
    return "\n".join(
        f"{result.place or result.focus}: {result.severity}: {result.label}: {result.message} [{result.source}]"
        for result in report.results
    )


def write_release(built: Built, folder: Path) -> Release:
    """Write ``built`` below ``folder`` and point ``folder/current`` at it, atomically.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    files = dict(_files(built))
    manifest = _manifest(built, files)
    files["manifest.json"] = json.dumps(manifest, indent=2, sort_keys=True).encode() + b"\n"
    name = sha256(files["manifest.json"]).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / name
        if not target.is_dir():
            _place(files, target)
        _point(folder / "current", name)
    except OSError as error:
        raise EnvironmentFault(f"cannot write the release below {folder}: {error.strerror}") from error
    return Release(target, manifest)


def _place(files: Mapping[str, bytes], target: Path) -> None:
    """Write all files into a hidden folder beside ``target``, then rename it into place."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".writing-", ignore_cleanup_errors=True) as scratch:
        inner = Path(scratch) / target.name
        inner.mkdir()
        for name, content in files.items():
            with (inner / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        inner.rename(target)


def _point(link: Path, name: str) -> None:
    fresh = link.with_name(f".current-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(name)
    fresh.replace(link)


def _files(built: Built) -> Iterator[tuple[str, bytes]]:
    quads = rdf.nquads(built.graphs)
    yield "ketagraph.nq", quads
    yield "ontology.ttl", rdf.turtle(built.graphs["ontology"]).encode()
    yield "void.ttl", rdf.turtle(built.graphs["void"]).encode()
    yield "report.ttl", rdf.turtle(built.report.graph()).encode()
    yield "places.tsv", "".join(f"{iri}\t{place}\n" for iri, place in sorted(built.places.items())).encode()


def _manifest(built: Built, files: Mapping[str, bytes]) -> dict[str, object]:
    return {
        "name": "ketagraph",
        "version": __version__,
        "sources_sha256": built.source_digest,
        "graphs": {names.graph(name): len(graph) for name, graph in sorted(built.graphs.items())},
        "counts": describe.counts(built.graphs, warnings=len(built.report.results)),
        "files": {name: {"bytes": len(body), "sha256": sha256(body).hexdigest()} for name, body in files.items()},
    }


def current_release(folder: Path) -> Release:
    """The release that ``folder/current`` points to, its manifest read.

    Raises:
        EnvironmentFault: there is none, or it is damaged.
    """
    path = folder / "current"
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EnvironmentFault(f"no release below {folder}; run: ketagraph build -o {folder}") from error
    except (OSError, ValueError) as error:
        raise EnvironmentFault(f"the release below {folder} is damaged ({error}); run: ketagraph build") from error
    return Release(path.resolve(), manifest)


def prune(folder: Path, *, keep: int) -> None:
    """Remove all but the ``keep`` newest releases; the current one always stays."""
    current = (folder / "current").resolve()
    found = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink() and path.name[0] != "."]
    for path in sorted(found, key=lambda each: each.stat().st_mtime, reverse=True)[keep:]:
        if path.resolve() != current:
            shutil.rmtree(path)
