"""Time the pages of every sixth concept at a server of the built release, once cold and then again.

    python bench/pages/run.py [--most 50]

Writes ``bench/results/pages.json`` and exits with 1 where the median of the first visits is above the bound;
the tail is told besides, since other work on the machine makes it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx

ROOT = Path(__file__).parent.parent.parent
RESULT = ROOT / "bench" / "results" / "pages.json"
CONCEPTS = (
    "SELECT DISTINCT ?c { ?c <http://www.w3.org/2000/01/rdf-schema#subClassOf>+ "
    "<https://w3id.org/ketagraph/Concept> } ORDER BY ?c"
)


@contextmanager
def serving() -> Iterator[str]:
    command = [sys.executable, "-m", "ketagraph", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stderr
        found = re.search(r"http://[\d.]+:\d+", process.stderr.readline())
        try:
            if not found:
                sys.exit("the server did not start; is there a release? run: ketagraph build")
            yield found[0]
        finally:
            process.terminate()


def visits(client: httpx.Client, paths: list[str]) -> list[float]:
    """Return milliseconds for each page, whole body included."""
    taken = []
    for path in paths:
        began = time.perf_counter()
        answer = client.get(path)
        taken.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
    return taken


def summary(taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    return {
        "median_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)], 1),
        "most_ms": round(ordered[-1], 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=float, default=50.0, help="milliseconds for a page")
    most = parser.parse_args().most
    with serving() as url, httpx.Client(base_url=url, timeout=30) as client:
        client.get("/term/keta:Pain")  # the first page of all waits for the labels
        told = client.get("/sparql", params={"query": CONCEPTS, "format": "csv"}).text.split()[1:]
        paths = [f"/term/keta:{quote(iri.rsplit('/', 1)[-1])}" for iri in told[::6] if "/ketagraph/" in iri]
        first, again = visits(client, paths), visits(client, paths)
    result = {
        "pages": len(paths),
        "load_average": round(os.getloadavg()[0], 1),
        "first": summary(first),
        "again": summary(again),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return int(result["first"]["median_ms"] > most)


if __name__ == "__main__":
    sys.exit(main())
