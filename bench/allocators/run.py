"""The same work on one allocator after the other: queries of the embedded engine, loading, rules.

    python bench/allocators/run.py FILE.nt [--given FILE.nt] [--library NAME=PATH …] [--rounds 3]

FILE.nt is queried and loaded; ``--given`` is a graph for the rules, loaded too before they run. glibc comes
as it is and as workers have it; libraries, such as mimalloc, are preloaded. All take turns in each round.
Prints how many times the CPU time of each is in that of glibc as it is, from the best of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from math import exp, log
from pathlib import Path
from time import process_time

HERE = Path(__file__).parent
STAGES = HERE.parent / "scale" / "stages.py"
QUERIES = HERE.parent / "endpoint" / "queries"
sys.path.insert(0, str(HERE.parent / "endpoint"))

from embedded import Embedded  # noqa: E402

from ketagraph.store import confine  # noqa: E402

TURN = 0.5
"""Seconds that a query is asked again and again for, at least."""

Figures = dict[str, float]


def main() -> None:
    """Measure and print, or, in a process begun for that, ask the queries."""
    given = arguments()
    if given.ask:
        print(json.dumps(asked(given.file)))
        return
    best: dict[str, Figures] = {}
    for turn in range(given.rounds):
        for name, environment in allocators(given.library):
            found = measured(given, environment)
            before = best.setdefault(name, found)
            best[name] = {what: min(value, before[what]) for what, value in found.items()}
            print(turn + 1, name, json.dumps(found), file=sys.stderr, flush=True)
    print(table(best))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--given", type=Path, help="N-Triples that the rules are run on")
    parser.add_argument("--library", nargs="*", default=[], metavar="NAME=PATH", help="allocators to preload")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ask", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def allocators(libraries: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the name of each allocator and the environment that a process on it begins with."""
    plain = {key: value for key, value in os.environ.items() if key not in ("GLIBC_TUNABLES", "LD_PRELOAD")}
    yield "glibc", plain
    yield "glibc, as workers have it", plain | {"GLIBC_TUNABLES": confine.environment()["GLIBC_TUNABLES"]}
    for library in libraries:
        name, _, path = library.partition("=")
        yield name, plain | {"LD_PRELOAD": path}


def measured(given: argparse.Namespace, environment: dict[str, str]) -> Figures:
    """Take each figure in a process of its own."""
    found: Figures = run([__file__, str(given.file), "--ask"], environment)
    found["loading"] = run([str(STAGES), "load", str(given.file), "."], environment)["cpu"]
    if given.given:
        found["rules"] = run([str(STAGES), "rules", str(given.given), "."], environment)["cpu"]
    return found


def run(command: list[str], environment: dict[str, str]) -> Figures:
    """Run one of our scripts and read its line of JSON."""
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, check=True)
    found: Figures = json.loads(done.stdout)
    return found


def asked(file: Path) -> Figures:
    """Ask the twelve of the embedded engine: CPU seconds for each."""
    engine = Embedded(file)
    found = {}
    for query in sorted(QUERIES.glob("*.rq")):
        text, count = query.read_text("utf-8"), 0
        engine.answer(text, 0)
        begun = process_time()
        while (spent := process_time() - begun) < TURN:
            engine.answer(text, 0)
            count += 1
        found[query.stem] = spent / count
    return found


def table(best: dict[str, Figures]) -> str:
    """Show how many times quicker each is than glibc as it is; of the queries the geometric mean as well."""
    base, *others = best
    lines = [f"| CPU time of {base} over | " + " | ".join(others) + " |", "| --- |" + " --: |" * len(others)]
    ratios = {name: {what: best[base][what] / best[name][what] for what in best[base]} for name in others}
    for what in best[base]:
        lines.append(f"| {what} | " + " | ".join(f"{ratios[name][what]:.2f}" for name in others) + " |")
    means = [mean([value for what, value in ratios[name].items() if what.startswith("q")]) for name in others]
    lines.append("| geometric mean of the queries | " + " | ".join(f"{value:.2f}" for value in means) + " |")
    return "\n".join(lines)


def mean(values: list[float]) -> float:
    """Return the geometric mean."""
    return exp(sum(map(log, values)) / len(values))


if __name__ == "__main__":
    main()
