"""Verdicts in, a Markdown report out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from protocol_tests import ProtocolVerdict
from query_tests import Verdict

__all__ = ["Figures", "written"]

_INTRODUCTION = """\
# Conformance to SPARQL 1.1

The [W3C's tests](https://github.com/w3c/rdf-tests) for SPARQL 1.0 and 1.1, run through
`ketagraph serve --data`: every query evaluation, syntax and result format test, each against a server of
its own dataset, with the query's text sent as it is; and the protocol and service description tests.
The same queries go to the embedded engine (pyoxigraph {engine}) in-process. Written by

    git clone https://github.com/w3c/rdf-tests
    python conformance/run.py rdf-tests --report docs/conformance.md

Rows are compared as multisets up to the names of blank nodes, as sequences where the query has ORDER BY;
graphs up to isomorphism. *By value* counts tests, among the passed, in which a number, boolean or date has
the expected datatype and value but another lexical form (`2.0` for `2.00`). Update and graph store tests
do not apply: the endpoint is read-only. Entailment tests are run for the record; the endpoint answers
under simple entailment and claims no other regime.
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was judged, and why known failures fail (by name of the test)."""

    queries: Sequence[Verdict]
    protocol: Sequence[ProtocolVerdict]
    reasons: Mapping[str, str]


def written(figures: Figures) -> str:
    """Write the report."""
    parts = [
        _INTRODUCTION.format(engine=version("pyoxigraph")),
        "## Figures\n",
        _table(figures),
        _behind(figures),
        "## Failures\n",
        *_failures(figures),
    ]
    return "\n".join(parts) + "\n"


def _table(figures: Figures) -> str:
    counted: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in figures.queries:
        counted[_row(verdict)].append(verdict)
    lines = [
        "| tests | run | passed | by value | failed | engine alone passed |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    lines += [_counts(name, verdicts) for name, verdicts in sorted(counted.items())]
    updates = [one for one in figures.protocol if one.is_update]
    others = [one for one in figures.protocol if not one.is_update]
    passed = sum(not one.fault for one in others)
    lines.append(
        f"| SPARQL 1.1 protocol and service description | {len(others)} | {passed} | – "
        f"| {len(others) - passed} | – |"
    )
    lines.append(
        f"\n{len(updates)} protocol tests of updates are refused with 403, as a read-only endpoint must.\n"
    )
    return "\n".join(lines)


def _row(verdict: Verdict) -> str:
    test = verdict.test
    edition = test.group.split("/", maxsplit=1)[0].replace("sparql1", "SPARQL 1.")
    if test.regime:
        return f"{edition} evaluation under an entailment regime"
    if test.group.endswith(("/service", "/syntax-fed")):
        return f"{edition} federation"
    return f"{edition} {test.kind}"


def _counts(name: str, verdicts: Sequence[Verdict]) -> str:
    passed = sum(not one.fault for one in verdicts)
    by_value = sum(one.by_value for one in verdicts)
    asked = [one for one in verdicts if one.engine is not None]
    alone = f"{sum(not one.engine for one in asked)}" if asked else "not asked"
    return f"| {name} | {len(verdicts)} | {passed} | {by_value} | {len(verdicts) - passed} | {alone} |"


def _behind(figures: Figures) -> str:
    behind = [one for one in figures.queries if one.fault and one.engine == ""]
    if not behind:
        return "No test passes in the engine alone and fails through the endpoint.\n"
    listed = "\n".join(
        f"- `{one.test.name}`: {_why(one.test.name, one.fault, figures.reasons)}" for one in behind
    )
    return f"Tests that pass in the engine alone and fail through the endpoint:\n\n{listed}\n"


def _failures(figures: Figures) -> Iterator[str]:
    judged = [(one.test.name, one.fault) for one in figures.queries if one.fault]
    judged += [
        (f"protocol/{one.name}", one.fault) for one in figures.protocol if one.fault and not one.is_update
    ]
    yield from _listed(judged, figures.reasons)


def _listed(judged: Iterable[tuple[str, str]], reasons: Mapping[str, str]) -> Iterator[str]:
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, fault in judged:
        groups[reasons.get(name, "")].append((name, fault))
    for reason, members in sorted(groups.items()):
        yield f"### {reason or 'Without a known reason'}\n"
        yield "\n".join(f"- `{name}` ({fault})" for name, fault in members) + "\n"


def _why(name: str, fault: str, reasons: Mapping[str, str]) -> str:
    return reasons.get(name) or fault
