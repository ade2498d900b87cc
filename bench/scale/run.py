"""The pipeline at growing sizes: CPU time and memory of each stage, the fitted exponent, a log-log plot.

``python bench/scale/run.py FOLDER [--sizes 100000 1000000 10000000] [--stages rules] [--own 0.95]
[--seconds 300]`` writes its data, stores, ``result.json`` and ``growth.svg`` below FOLDER. A stage that
ends without a result (by the clock of CPU seconds or a fault) is told, and left out at larger sizes.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "endpoint"), str(HERE)]

import data  # noqa: E402
from stages import STAGES  # noqa: E402

ROOT = HERE.parent.parent
REFERENCE_UP_TO = 100_000
OWN = 0.95
"""Share of a copy's links that go to its own concepts: a review has a field, and shares little of it."""
INFERRED = ("inferred", "judgements")
"""Graphs that rules are not given: they have all to draw, at each size."""
Result = dict[str, Any]


def made(folder: Path, triples: int, own: float, *, stage: str) -> Path:
    """Write the seeded evidence graph of a size that a stage works on, once."""
    without = INFERRED if stage == "rules" else ()
    file = folder / f"{'given' if without else 'graph'}-{own}-{triples}.nt"
    if not file.exists():
        draft = file.with_suffix(".draft")
        release = ROOT / "release" / "current" / "ketagraph.nq"
        data.write_synthetic(release, draft, triples=triples, own=own, without=without)
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
    return [(found["triples"], found[what]) for found in results[stage].values() if what in found]


def draw(results: dict[str, dict[str, Result]], target: Path) -> None:
    """Plot CPU seconds and peak memory against triples, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.5))
    for axis, what, label in zip(axes, ("cpu", "mb"), ("CPU seconds", "peak memory, MB"), strict=True):
        for stage in results:
            found = points(results, stage, what)
            if found:
                axis.loglog(*zip(*found, strict=True), marker="o", label=stage)
        axis.set_xlabel("triples")
        axis.set_ylabel(label)
        axis.grid(visible=True, which="major", alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(target)


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
    results: dict[str, dict[str, Result]] = {stage: {} for stage in given.stages}
    for size in sorted(given.sizes):
        for stage, found in results.items():
            file = made(given.folder, size, given.own, stage=stage)
            too_slow = any("failed" in each for each in found.values())
            if too_slow or (stage == "pyshacl" and size > REFERENCE_UP_TO):
                continue
            figures = measured(stage, file, given.folder, given.seconds)
            triples = figures["gave"] if stage == "lift" and "gave" in figures else lines(file)
            found[str(size)] = {"triples": triples, **figures}
            print(size, stage, json.dumps(found[str(size)]), flush=True)
            write(results, given.folder)
    draw(results, given.folder / "growth.svg")


def write(results: dict[str, dict[str, Result]], folder: Path) -> None:
    """Write what has been measured so far, with exponents and the ratio of the two validators."""
    fitted = {
        stage: {what: exponent(points(results, stage, what)) for what in ("cpu", "mb")} for stage in results
    }
    both = [
        results.get(engine, {}).get(str(REFERENCE_UP_TO), {}).get("cpu") for engine in ("pyshacl", "shacl")
    ]
    ratio = both[0] / both[1] if all(both) else None
    summary = {"stages": results, "exponents": fitted, "pyshacl over compiled": ratio}
    (folder / "result.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    print("exponents", json.dumps(fitted), flush=True)


if __name__ == "__main__":
    main()
