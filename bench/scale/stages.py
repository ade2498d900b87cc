"""One stage of the pipeline on one file, in a process of its own: CPU seconds, peak memory and what it gave.

``python bench/scale/stages.py STAGE FILE FOLDER`` prints one line of JSON. What a stage needs first (a loaded
store) is not in its time, but is in its memory.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from ketagraph import dossier, inference, lift, rdf, sources, tables, validate
from ketagraph.answers import answer
from ketagraph.keeping import Kept
from ketagraph.store import Query
from ketagraph.store.disk import ensure
from ketagraph.store.engine import Engine
from ketagraph.store.pool import Pool, PoolSettings

__all__ = ["STAGES"]

LAYOUT = sources.layout()
FIRST = "SELECT ?s WHERE { ?s a <https://w3id.org/ketagraph/Finding> } LIMIT 1"
_EDITED = b"-1> <https://w3id.org/ketagraph/verdict>"
_EDIT = (b"NoSignificantDifference", b"FavoursIntervention")
_JUDGED = [
    ("ketamine", "relieves", "fibromyalgia"),
    ("ketamine", "relieves", "complex regional pain syndrome"),
]


def _spent() -> float:
    """CPU seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def _loaded(file: Path) -> Engine:
    engine = Engine()
    engine.load_quads(file)
    return engine


def _lift(file: Path, _: Path) -> Callable[[], int]:
    """Lift as many copies of our sources' rows as give the file's triples, one source at a time."""
    folders = sources.source_folders(LAYOUT)
    rows = [row for folder in folders for row in tables.read_source(folder, LAYOUT)[0]]
    wanted = int(file.stem.rsplit("-", 1)[-1])

    def work() -> int:
        written = 0
        with file.with_suffix(".lifted").open("wb") as target:
            while written < wanted:
                quads = rdf.nquads(lift.lift(rows))
                target.write(quads)
                written += quads.count(b"\n")
        return written

    return work


def _load(file: Path, _: Path) -> Callable[[], int]:
    return lambda: len(_loaded(file))


def _rules(file: Path, _: Path) -> Callable[[], int]:
    engine = _loaded(file)
    texts = [path.read_text("utf-8") for path in sorted(LAYOUT.ontology.glob("rules/inferred/*.rq"))]
    return lambda: len(engine.saturate(texts))


def _again(file: Path, _: Path) -> Callable[[], int]:
    """Run the rules again after an edit of one source's findings, with what was kept of the run before."""
    texts = [path.read_text("utf-8") for path in sorted(LAYOUT.ontology.glob("rules/inferred/*.rq"))]
    lines = file.read_bytes().splitlines()
    folder = TemporaryDirectory()
    kept = Kept(Path(folder.name))
    inference.infer(texts, inference.Parts.of({"evidence": lines}), kept)
    edited = [line.replace(*_EDIT) if _EDITED in line else line for line in lines]
    if edited == lines:
        sys.exit("the edit changes nothing")

    def work() -> int:
        with folder:
            return len(inference.infer(texts, inference.Parts.of({"evidence": edited}), kept))

    return work


def _shacl(file: Path, _: Path) -> Callable[[], int]:
    engine, shapes = _loaded(file), validate.read_shapes(LAYOUT)
    return lambda: len(validate.run_compiled(shapes, lambda text: engine.select(text)[1], places={}))


def _pyshacl(file: Path, _: Path) -> Callable[[], int]:
    data, shapes = rdf.new_graph().parse(file, format="nt"), validate.read_shapes(LAYOUT)
    return lambda: len(validate.run_shapes(data, shapes, rdf.new_graph(), places={}))


def _disk(file: Path, folder: Path) -> Callable[[], int]:
    return lambda: ensure(folder, [file], union=False).quads


def _first(file: Path, folder: Path) -> Callable[[], int]:
    """Open a built store on disk, and answer one query by a worker."""
    ensure(folder, [file], union=False)

    async def ask() -> int:
        pool = await Pool.open(PoolSettings(file, workers=1, disk=folder))
        try:
            async with pool.query(Query(FIRST, timeout=60)) as answer:
                return len(b"".join([piece async for piece in answer]))
        finally:
            await pool.close()

    return lambda: asyncio.run(ask())


def _judge(file: Path, _: Path) -> Callable[[], int]:
    """Judge two claims by name, and find the words for what is told of them."""
    engine = _loaded(file)

    def work() -> int:
        known = dossier.read(engine)
        judged = [known.judge(known.claim(*each)) for each in _JUDGED]
        return sum(len(answer(each, known.labels_of(each)).reasons) for each in judged)

    return work


STAGES: dict[str, Callable[[Path, Path], Callable[[], int]]] = {
    "lift": _lift,
    "load": _load,
    "rules": _rules,
    "rules after an edit": _again,
    "shacl": _shacl,
    "pyshacl": _pyshacl,
    "disk": _disk,
    "first answer from disk": _first,
    "judge": _judge,
}


def main() -> None:
    """Run the stage that is named."""
    stage, file, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    work = STAGES[stage](file, folder)
    cpu, wall = _spent(), perf_counter()
    gave = work()
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    result = {"cpu": _spent() - cpu, "wall": perf_counter() - wall, "mb": peak // 1024, "gave": gave}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
