"""A checkout of the W3C's SPARQL tests in, a table of passes and failures out.

    python conformance/run.py PATH/TO/rdf-tests [--report docs/conformance.md]

Every query test of SPARQL 1.0 and 1.1 goes through a running ``ketagraph serve --data``, one server for
each dataset, and to the embedded engine in this process. Exit code 1 if a failure has no reason in
reasons.tsv, if one with a reason passes, or if the engine alone passes what the endpoint fails without
such a reason. Tests: https://github.com/w3c/rdf-tests (not kept here).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
from endpoint import NotServed, quads, serving
from manifest import Test, tests
from protocol_tests import judge_protocol
from query_tests import Verdict, judge
from report import Figures, written

Dataset = tuple[tuple[Path, ...], tuple[tuple[str, Path], ...]]

_VERSIONS = ("sparql10", "sparql11")

_SERVERS = 2
"""Servers at once; each needs a core while it starts."""


def main() -> int:
    """Run everything, print the report, and write it if asked."""
    options = _options()
    verdicts = _query_verdicts(tests(options.checkout, _VERSIONS))
    figures = Figures(verdicts, list(judge_protocol(options.checkout)), _reasons())
    report = written(figures)
    sys.stdout.write(report)
    if options.report:
        options.report.write_text(report, encoding="utf-8")
    for line in (surprises := _surprises(figures)):
        sys.stderr.write(line + "\n")
    return 1 if surprises else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "checkout", type=lambda given: Path(given).resolve(), help="a checkout of w3c/rdf-tests"
    )
    parser.add_argument("--report", type=Path, help="write the report to this file as well")
    return parser.parse_args()


def _query_verdicts(found: Iterable[Test]) -> list[Verdict]:
    by_data: dict[Dataset, list[Test]] = defaultdict(list)
    for test in found:
        by_data[test.data, test.graphs].append(test)
    with ThreadPoolExecutor(_SERVERS) as threads:
        judged = threads.map(_with_server, by_data, by_data.values())
        return sorted((one for group in judged for one in group), key=lambda one: one.test.name)


def _with_server(dataset: Dataset, group: Iterable[Test]) -> list[Verdict]:
    data = quads(*dataset)
    store = ox.Store()
    store.load(data, ox.RdfFormat.N_QUADS)
    try:
        with serving(data) as endpoint:
            return [judge(test, endpoint, store) for test in group]
    except NotServed as error:
        return [Verdict(test, str(error), None) for test in group]


def _reasons() -> Mapping[str, str]:
    with Path(__file__).with_name("reasons.tsv").open(encoding="utf-8", newline="") as file:
        return {row["test"]: row["reason"] for row in csv.DictReader(file, delimiter="\t")}


def _surprises(figures: Figures) -> list[str]:
    faults = {one.test.name: one.fault for one in figures.queries}
    faults |= {f"protocol/{one.name}": one.fault for one in figures.protocol if not one.is_update}
    failed = [f"{name}: {fault}" for name, fault in faults.items() if fault and name not in figures.reasons]
    passed = [f"{name}: passes, or is gone" for name in figures.reasons if not faults.get(name)]
    return failed + passed


if __name__ == "__main__":
    sys.exit(main())
