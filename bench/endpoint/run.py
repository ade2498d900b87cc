"""One run, all peers, the same data: twelve queries, look-ups under load, start, memory; ratios printed.

    python bench/endpoint/run.py [--scale real s1m s10m] [--peers NAME …] [--output bench/results]

Every figure is a median over rounds in which the peers take turns, so that a busy machine disturbs all
alike. Loopback only. A peer that is not installed is left out, and the run says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
from data import write_real, write_synthetic
from embedded import Embedded
from measure import memory_mb
from ours import flatness, released
from peers import PEERS, Peer, Running
from rounds import Served, look_ups, twelve
from summary import printed, refresh

_SCALES = {"real": 0, "s1m": 1_000_000, "s10m": 10_000_000}
_QUERIES = sorted(Path(__file__).with_name("queries").glob("*.rq"))


def main() -> int:
    """Measure every scale asked for, write its JSON and print its ratios."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        release = options.release or _built(Path(folder))
        for scale in options.scale:
            result = _measured(scale, release, Path(folder), options)
            options.output.mkdir(parents=True, exist_ok=True)
            text = json.dumps(result, indent=2, sort_keys=True) + "\n"
            (options.output / f"endpoint-{scale}.json").write_text(text, encoding="utf-8")
            sys.stdout.write(printed(result))
        readme = Path(__file__).parents[1] / "README.md"
        if options.output == readme.parent / "results":
            refresh(readme, options.output)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--scale", nargs="+", choices=_SCALES, default=["real", "s1m"])
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--release", type=Path, help="N-Quads of a built release; default: build one")
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "results")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of load, per round and number of clients")
    parser.add_argument("--dump", type=float, default=20.0, help="seconds of an endless answer")
    parser.add_argument("--limit", type=float, default=30.0, help="seconds after which a query is given up")
    return parser.parse_args()


def _built(folder: Path) -> Path:
    command = [sys.executable, "-m", "ketagraph", "build", "--output", str(folder / "release")]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return folder / "release" / "current" / "ketagraph.nq"


def _measured(scale: str, release: Path, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    data = folder / scale / f"{scale}.nt"
    data.parent.mkdir()
    wanted = _SCALES[scale]
    count = write_synthetic(release, data, triples=wanted) if wanted else write_real(release, data)
    _say(f"{scale}: {count:,} triples")
    embedded = Embedded(data)
    with _running(options.peers, data, folder / scale) as (running, skipped):
        served = [Served(one) for one in running]
        starts = {one.peer.name: _start(one) for one in running}
        queries = {path.stem: path.read_text(encoding="utf-8") for path in _QUERIES}
        return {
            "scale": scale,
            "triples": count,
            "machine": _machine(),
            "versions": _versions(),
            "skipped": skipped,
            "rounds": options.rounds,
            "start": starts,
            "twelve": twelve([embedded, *served], queries, rounds=options.rounds, limit=options.limit),
            "look_ups": look_ups(served, embedded, rounds=min(options.rounds, 3), seconds=options.seconds),
            "release": released(release) if not wanted and "ketagraph" in options.peers else {},
            "flatness": flatness(running[0], options.dump) if running[0].peer.name == "ketagraph" else {},
        }


@contextmanager
def _running(
    names: Sequence[str], data: Path, folder: Path
) -> Iterator[tuple[list[Running], dict[str, str]]]:
    found: list[Running] = []
    skipped: dict[str, str] = {}
    with ExitStack() as stack:
        for peer in (PEERS[name] for name in names):
            if missing := peer.missing() or _start_one(peer, data, folder, stack, found):
                skipped[peer.name] = missing
                _say(f"{peer.name} left out: {missing}")
        yield found, skipped


def _start_one(peer: Peer, data: Path, folder: Path, stack: ExitStack, found: list[Running]) -> str:
    try:
        running = Running.begin(peer, data, folder)
    except RuntimeError as error:
        return str(error)
    stack.callback(running.stop)
    found.append(running)
    _say(f"{peer.name}: loaded in {running.load:.1f} s, first answer {running.start:.2f} s after start")
    return ""


def _start(running: Running) -> dict[str, float]:
    memory = memory_mb(running.process.pid)
    return {"load_s": running.load, "first_answer_s": running.start, "memory_mb": memory}


def _machine() -> dict[str, float]:
    memory = psutil.virtual_memory().total / 1e9
    return {"cores": os.cpu_count() or 0, "memory_gb": round(memory), "load_before": os.getloadavg()[2]}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("pyoxigraph", "oxigraph", "rdflib-endpoint", "uvicorn"):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
