"""The pipeline at growing sizes: CPU time and memory of each stage, the fitted exponent, a log-log plot.

``python bench/scale/run.py FOLDER [--sizes 100000 1000000 10000000] [--stages rules] [--own 0.95]
[--seconds 300]`` writes its data, stores, ``result.json`` and ``growth.svg`` below FOLDER. What was measured
there before is kept, and of two runs the quicker. A stage that ends without a result (by the clock of CPU
seconds or a fault) is told, and left out at larger sizes.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "endpoint"), str(HERE)]

import data  # noqa: E402
from drawing import draw  # noqa: E402
from stages import STAGES  # noqa: E402

ROOT = HERE.parent.parent
REFERENCE = 100_000
OWN = 0.95
"""Share of a copy's links that go to its own concepts: a review has a field, and shares little of it."""
INFERRED = ("inferred", "judgements")
"""Graphs that rules are not given: they have all to draw, at each size."""
Result = dict[str, Any]


def made(folder: Path, triples: int, own: float, *, stage: str) -> Path:
    """Write the seeded evidence graph of a size that a stage works on, once."""
    without = INFERRED if stage.startswith("rules") else ()
    file = folder / f"{'given' if without else 'graph'}-{own}-{triples}.nt"
    if not file.exists():
        draft = file.with_suffix(".draft")
        release = ROOT / "release" / "current" / "ketagraph.nq"
        data.write_synthetic(release, draft, triples=triples, own=own, without=without, kinds=False)
        draft.rename(file)
    return file


def lines(file: Path) -> int:
    """Count the triples of N-Triples; whole copies pass the size that is asked."""
    with file.open("rb") as statements:
        return sum(1 for _ in statements)


def measured(stage: str, file: Path, folder: Path, seconds: int) -> Result:
    """Run one stage in a process of its own; its fault or its end by the clock is the result too."""
    command = [sys.executable, str(HERE / "stages.py"), stage, str(file), str(folder / "stores")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds)),
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"ended by signal {-done.returncode}"])[-1]
        return {"failed": last}
    found: Result = json.loads(done.stdout)
    return found


def exponent(points: list[tuple[int, float]]) -> float | None:
    """Fit the slope of log(value) over log(size) by least squares."""
    logs = [(math.log(size), math.log(value)) for size, value in points if value > 0]
    if len(logs) < 2:
        return None
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def points(results: dict[str, dict[str, Result]], stage: str, what: str) -> list[tuple[int, float]]:
    """Take a stage's figures by the triples that there are."""
    return sorted((each["triples"], each[what]) for each in results[stage].values() if what in each)


def reference(folder: Path, file: Path) -> Path:
    """Write the first triples of a graph: as many as both validators are compared on."""
    target = folder / f"reference-{REFERENCE}.nt"
    with file.open("rb") as statements, target.open("wb") as written:
        written.writelines(islice(statements, REFERENCE))
    return target


def compared(folder: Path, file: Path, seconds: int) -> Result:
    """Run pyshacl and the compiled shapes on the same triples, one after the other."""
    target = reference(folder, file)
    found: Result = {each: measured(each, target, folder, seconds) for each in ("pyshacl", "shacl")}
    both = [found[each].get("cpu") for each in ("pyshacl", "shacl")]
    ratio = both[0] / both[1] if all(both) else None
    return {"triples": REFERENCE, **found, "pyshacl over compiled": ratio}


def main() -> None:
    """Measure, fit, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--own", type=float, default=OWN, help="share of links to a copy's own concepts")
    parser.add_argument("--seconds", type=int, default=300, help="CPU seconds that a stage may take")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    before = read(given.folder)
    results: dict[str, dict[str, Result]] = {each: before["stages"].get(each, {}) for each in STAGES}
    both: Result = before["reference"]
    for size in sorted(given.sizes):
        for stage in given.stages:
            found, file = results[stage], made(given.folder, size, given.own, stage=stage)
            if stage == "pyshacl":
                # What takes pyshacl minutes tells nothing new: one size, and the other engine beside it.
                both = both or compared(given.folder, file, given.seconds)
                print("reference", json.dumps(both), flush=True)
                continue
            if any("failed" in each for each in found.values()):
                continue
            figures = measured(stage, file, given.folder, given.seconds)
            triples = figures["gave"] if stage == "lift" and "gave" in figures else lines(file)
            found[str(size)] = better(found.get(str(size), {}), {"triples": triples, **figures})
            print(size, stage, json.dumps(found[str(size)]), flush=True)
            write(results, both, given.folder)
    write(results, both, given.folder)


def better(before: Result, now: Result) -> Result:
    """Keep the run that took less: what else a machine does makes a run slower, never faster."""
    return before if before.get("cpu", math.inf) < now.get("cpu", math.inf) else now


def read(folder: Path) -> Result:
    """Return what was measured before."""
    target = folder / "result.json"
    found: Result = (
        json.loads(target.read_text("utf-8")) if target.exists() else {"stages": {}, "reference": {}}
    )
    return found


def write(results: dict[str, dict[str, Result]], both: Result, folder: Path) -> None:
    """Write and draw what has been measured so far, with its exponents."""
    told = {
        stage: {what: points(results, stage, what) for what in ("cpu", "mb")}
        for stage, found in results.items()
        if any("cpu" in each for each in found.values())
    }
    fitted = {stage: {what: exponent(found) for what, found in each.items()} for stage, each in told.items()}
    cpu, memory = ({stage: each[what] for stage, each in told.items()} for what in ("cpu", "mb"))
    draw(cpu, memory, {stage: each["cpu"] for stage, each in fitted.items()}, folder / "growth.svg")
    summary = {"stages": results, "exponents": fitted, "reference": both}
    (folder / "result.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    print("exponents", json.dumps(fitted), flush=True)


if __name__ == "__main__":
    main()
