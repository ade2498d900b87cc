"""Every question, the twelve and minimal shapes on the embedded engine: CPU time at two sizes, and growth.

    python bench/shapes/run.py FOLDER [--sizes 0 1000000] [--seconds 60]

A size of 0 is the release itself; larger ones are seeded copies of it. Data, and nothing else, is written
below FOLDER; figures go to bench/results/shapes.json. Each query runs in a process forked from one that has
loaded the data, again and again for 0.3 s; one that takes longer than ``--seconds`` of CPU time is ended, and
told so. Parameters of questions have their defaults.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "endpoint"))

from data import write_real, write_synthetic  # noqa: E402

from ketagraph import questions  # noqa: E402

ROOT = HERE.parent.parent
RELEASE = ROOT / "release" / "current" / "ketagraph.nq"
TURN = 0.3
GROUPS = {
    "twelve": HERE.parent / "endpoint" / "queries",
    "rewritten": HERE.parent / "endpoint" / "rewritten",
    "shape": HERE / "queries",
}


def main() -> int:
    """Measure, write the figures, print them by cost."""
    options = arguments()
    result: dict[str, Any] = {}
    for size in options.sizes:
        store, count = loaded(options.folder, size)
        for name, text in asked(options.only):
            told = measured(store, text, options.seconds)
            result.setdefault(name, {})[str(count)] = told
            sys.stderr.write(f"{count:>9,} {name}: {told}\n")
    if not options.only:
        target = HERE.parent / "results" / "shapes.json"
        target.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(table(result))
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 1_000_000])
    parser.add_argument("--seconds", type=int, default=60, help="of CPU time, after which a query is ended")
    parser.add_argument("--only", default="", help="part of the names to measure; then no file is written")
    return parser.parse_args()


def loaded(folder: Path, size: int) -> tuple[ox.Store, int]:
    """Load the seeded graph of a size, written once; all its triples are in the default graph."""
    file = folder / f"graph-{size}.nt"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        write_synthetic(RELEASE, draft, triples=size) if size else write_real(RELEASE, draft)
        draft.rename(file)
    store = ox.Store()
    store.bulk_load(path=str(file), format=ox.RdfFormat.N_TRIPLES)
    return store, len(store)


def asked(only: str) -> Iterator[tuple[str, str]]:
    """Yield every query by name: the questions with their defaults, the twelve, the shapes."""
    for path in sorted((ROOT / "queries").glob("*.rq")):
        if only in f"question/{path.stem}":
            yield f"question/{path.stem}", questions.bind(questions.read(path), {})
    for group, folder in GROUPS.items():
        for path in sorted(folder.glob("*.rq")):
            if only in f"{group}/{path.stem}":
                yield f"{group}/{path.stem}", path.read_text(encoding="utf-8")


def measured(store: ox.Store, text: str, seconds: int) -> dict[str, float | str]:
    """Evaluate and serialise in a forked process: rows and milliseconds of CPU time, or how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        os.write(writing, json.dumps(evaluated(store, text)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    status = os.waitpid(child, 0)[1]
    if told:
        found: dict[str, float | str] = json.loads(told)
        return found
    ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    timed_out = ended in {signal.SIGXCPU, signal.SIGKILL}
    return {"fault": f"more than {seconds} s" if timed_out else f"ended with status {status}"}


def evaluated(store: ox.Store, text: str) -> dict[str, float]:
    """Take the mean of as many times as fill a turn: processor time is told in steps of some milliseconds."""
    began, times, rows = time.process_time(), 0, 0
    while not times or time.process_time() - began < TURN:
        rows = answered(store, text)
        times += 1
    return {"rows": rows, "cpu_ms": round((time.process_time() - began) / times * 1e3, 3)}


def answered(store: ox.Store, text: str) -> int:
    """Answer as a server would, as bytes; return the number of rows or triples."""
    solved = store.query(text)
    if isinstance(solved, ox.QueryTriples):
        return (ox.serialize(solved, None, ox.RdfFormat.N_TRIPLES) or b"").count(b"\n")
    body = solved.serialize(None, ox.QueryResultsFormat.TSV) or b""
    return body.count(b"\n") - 1


def table(result: dict[str, Any]) -> str:
    """Write the figures as Markdown, dearest first, with the factor from the first size to the last."""
    sizes = sorted({size for told in result.values() for size in told}, key=int)
    shown = [f"{int(size):,}" for size in sizes]
    lines = [f"| query | {' | '.join(f'rows, {s} | ms, {s}' for s in shown)} | growth |"]
    lines.append("| --- |" + " --: |" * (2 * len(sizes) + 1))
    for name, told in sorted(result.items(), key=lambda item: -cost(item[1][sizes[-1]])):
        cells = [f"{t.get('rows', '')} | {t.get('cpu_ms', t.get('fault'))}" for t in map(told.get, sizes)]
        first, last = cost(told[sizes[0]]), cost(told[sizes[-1]])
        lines.append(f"| {name} | {' | '.join(cells)} | {last / first:.3g} |")
    return "\n".join(lines)


def cost(told: dict[str, Any]) -> float:
    """Milliseconds of CPU time; without end where it was ended."""
    return max(float(told.get("cpu_ms", "inf")), 1e-3)


if __name__ == "__main__":
    sys.exit(main())
