"""Hand-written sources in, a validated graph out, in memory; nothing is written here but what is kept.

Stages in order: read, lift, effects, reason, rules, judge, count, validate, describe. The same sources give
the same graph, blank nodes included.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from rdflib import Graph

from ketagraph import (
    describe,
    dossier,
    examples,
    inference,
    judgements,
    lift,
    links,
    mappings,
    questions,
    rdf,
    reason,
    sources,
    tables,
    vocabulary,
)
from ketagraph.errors import Fault, SourceError, ValidationFailed
from ketagraph.examining import examine, text_report
from ketagraph.keeping import Kept
from ketagraph.questions.header import read_header
from ketagraph.sources import Layout, SourceFolder
from ketagraph.store.engine import Engine
from ketagraph.validate import Report
from ketagraph.vocabulary import Vocabulary

__all__ = ["Built", "Progress", "Stage", "build"]

Progress = Callable[[str], None]
"""Called with the name of each stage as it begins."""


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
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (
        1024 if sys.platform != "darwin" else 1024**2
    )


@dataclass(frozen=True, slots=True)
class Built:
    """A validated graph before it is written: its graphs by name, where rows stand, and the findings."""

    graphs: Mapping[str, Graph]
    places: Mapping[str, str]
    report: Report
    source_digest: str
    stages: tuple[Stage, ...]
    sources: tuple[SourceFolder, ...] = ()


def build(where: Layout, *, kept: Kept | None = None, progress: Progress = lambda _: None) -> Built:
    """Build and validate the graph in memory; what ``kept`` has of earlier builds is not worked out again.

    Raises:
        SourceError: rows or Turtle that break their rules, every fault with its place.
        OntologyError: HermiT finds no model, or a class that can have no member.
        ValidationFailed: shapes or checks found violations.
    """
    clock = _Clock(progress)
    with clock.stage("read"):
        folders = sources.source_folders(where)
        rows, words, source_graph = _read(where, folders)
    with clock.stage("lift"):
        graphs = {
            "ontology": rdf.canonical(words.graph),
            **lift.lift(rows, {folder.id: folder.mark for folder in folders}),
        }
        graphs["evidence"] += source_graph
        graphs["mappings"] = _mappings(where, words)
        places = lift.places(rows)
    with clock.stage("effects"):
        graphs["effects"] = _apply(_rules(where, "effects"), graphs)
    with clock.stage("reason"):
        graphs["inferred"] = reason.infer(_union(graphs, "ontology", "evidence", "effects"), kept)
    with clock.stage("rules"):
        graphs["inferred"] += inference.drawn(_rules(where, "inferred"), graphs, kept)
    with clock.stage("judge"):
        known = dossier.read(_engine(graphs))
        graphs["judgements"] = judgements.triples(known)
    with clock.stage("count"):
        graphs["counts"] = _apply(_rules(where, "counts"), graphs)
    with clock.stage("validate"):
        report = examine(graphs, where, places=places)
    if report.violations:
        raise ValidationFailed(text_report(report), report.violations)
    with clock.stage("describe"):
        graphs["queries"] = examples.executables(_questions(where), known.lexicon.resolve)
        graphs["shapes"] = _shapes(where)
        graphs["void"] = describe.void(graphs, folders)
    return Built(graphs, places, report, sources.digest(where), tuple(clock.stages), folders)


def _shapes(where: Layout) -> Graph:
    """Merge the shapes, blank nodes named file by file: the time for that grows with their square."""
    shapes = rdf.new_graph()
    for path in sorted((where.ontology / "shapes").glob("*.ttl")):
        shapes += rdf.canonical(vocabulary.read_turtle(path, where))
    return shapes


def _questions(where: Layout) -> list[questions.Question]:
    return [questions.read(path) for path in sorted(where.queries.glob("*.rq"))]


def _read(where: Layout, folders: Iterable[SourceFolder]) -> tuple[list[tables.Row], Vocabulary, Graph]:
    words = vocabulary.read_ontology(where)
    rows: list[tables.Row] = []
    faults: list[Fault] = []
    described = rdf.new_graph()
    for folder in folders:
        found, wrong = tables.read_source(folder, where)
        rows += found
        faults += wrong
        for triple in lift.source_triples(folder):
            described.add(triple)
    faults += links.check_links(rows, words) if not faults else []
    faults += _draft_questions(where)
    faults += mappings.read(where, words, thorough=False)[1]
    if faults:
        raise SourceError(faults)
    return rows, words, described


def _draft_questions(where: Layout) -> list[Fault]:
    """Return a fault for each question that still says it is a draft; what else is wrong tests tell."""
    found = (
        (path, read_header(path.read_text(encoding="utf-8"), where.show(path))[1])
        for path in sorted(where.queries.glob("*.rq"))
    )
    return [fault for _, faults in found for fault in faults if fault.column == "draft"]


def _mappings(where: Layout, words: Vocabulary) -> Graph:
    return mappings.graph(mappings.read(where, words, thorough=False)[0])


def _union(graphs: Mapping[str, Graph], *wanted: str) -> Graph:
    union = rdf.new_graph()
    for name in wanted:
        union += graphs[name]
    return union


def _rules(where: Layout, target: str) -> list[str]:
    return [
        path.read_text(encoding="utf-8") for path in sorted((where.ontology / "rules" / target).glob("*.rq"))
    ]


def _engine(graphs: Mapping[str, Graph]) -> Engine:
    engine = Engine()
    engine.load_quads(rdf.nquads(graphs))
    engine.unite_graphs()
    return engine


def _apply(rules: list[str], graphs: Mapping[str, Graph]) -> Graph:
    engine = _engine(graphs)
    statements = [statement for rule in rules for statement in engine.construct(rule)]
    return rdf.new_graph().parse(data="\n".join(statements), format="nt")
