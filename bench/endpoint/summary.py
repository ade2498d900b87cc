"""A result in, its tables and its ratios against the aims out, as Markdown.

python bench/endpoint/summary.py bench/results/endpoint-*.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from math import exp, log
from pathlib import Path
from typing import Any

__all__ = ["printed", "refresh"]

Result = Mapping[str, Any]

_OPENING, _CLOSING = "<!-- endpoint -->", "<!-- /endpoint -->"
_OURS, _EMBEDDED = "ketagraph", "embedded engine"


def printed(result: Result) -> str:
    """Write one scale's tables."""
    load = result["machine"]["load_before"]
    skipped = "".join(f"\nLeft out: {name} ({why}).\n" for name, why in result["skipped"].items())
    parts = [
        f"### {result['scale']}: {result['triples']:,} triples\n\n"
        f"Load average before the run {load:.1f}; {result['rounds']} rounds.\n{skipped}",
        "**Aims**\n\n" + "\n".join(_aims(result)),
        "**Server CPU, ms per query**\n\n" + _queries(result, "cpu_ms"),
        "**Wall time at one client, ms per query**\n\n" + _queries(result, "wall_ms"),
        "**Look-ups under load**\n\n" + _load(result),
        "**Start and memory**\n\n" + _starts(result),
    ]
    return "\n\n".join(parts) + "\n\n"


def _names(result: Result) -> list[str]:
    return [_EMBEDDED, *result["start"]]


def _queries(result: Result, key: str) -> str:
    names = _names(result)
    lines = [f"| query | rows | {' | '.join(names)} |", "| --- | --: |" + " --: |" * len(names)]
    for query, figures in result["twelve"].items():
        counts = sorted({figures[name]["rows"] for name in names if "rows" in figures[name]})
        cells = " | ".join(_cell(figures[name], key) for name in names)
        lines.append(f"| {query} | {' or '.join(map(str, counts))} | {cells} |")
    means = " | ".join(_number(_geomean(result, name, key)) for name in names)
    lines.append(f"| geometric mean of those that {_OURS} and it both answered | | {means} |")
    return "\n".join(lines)


def _cell(figures: Mapping[str, Any], key: str) -> str:
    return _number(figures[key]) if key in figures else str(figures["fault"])


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _common(result: Result, name: str, key: str) -> list[tuple[float, float]]:
    """Our figure and another's for every query that both answered; no less than a tick of the clock."""
    pairs = ((figures.get(_OURS, {}), figures.get(name, {})) for figures in result["twelve"].values())
    return [(max(a[key], 1e-3), max(b[key], 1e-3)) for a, b in pairs if key in a and key in b]


def _geomean(result: Result, name: str, key: str) -> float | None:
    pairs = _common(result, name, key)
    return exp(sum(log(theirs) for _, theirs in pairs) / len(pairs)) if pairs else None


def _ratio(result: Result, name: str, key: str) -> float | None:
    pairs = _common(result, name, key)
    return exp(sum(log(theirs / ours) for ours, theirs in pairs) / len(pairs)) if pairs else None


def _aims(result: Result) -> Iterator[str]:
    yield "| aim | wanted | measured | met |"
    yield "| --- | --: | --: | --- |"
    for text, wanted, value, at_least in _measured(result):
        if value is not None:
            met = "yes" if (value >= wanted if at_least else value <= wanted) else "no"
            yield f"| {text} | {'≥' if at_least else '≤'} {wanted:g} | {_number(value)} | {met} |"


def _measured(result: Result) -> Iterator[tuple[str, float, float | None, bool]]:
    """Aim, figure wanted, figure measured (None where it was not), whether more is better."""
    for server in ("oxigraph memory", "oxigraph disk"):
        yield (
            f"uncached look-ups per second at 8 clients, against {server}",
            1.3,
            _rate(result, "point 8", server),
            True,
        )
        yield (
            f"the same per second of server CPU, against {server}",
            1.3,
            _per_cpu(result, "point 8", server),
            True,
        )
    for server, wanted in (("oxigraph memory", 3), ("oxigraph disk", 3), ("virtuoso", 1.8)):
        for key, shown in (("cpu_ms", "server CPU"), ("wall_ms", "wall time")):
            yield (
                f"geometric mean of the twelve, {shown}, against {server}",
                wanted,
                _ratio(result, server, key),
                True,
            )
    yield "worst of the twelve: wall time over 1.1 × embedded + 1 ms", 1, _overhead(result, "wall_ms"), False
    yield "worst of the twelve: server CPU over 1.1 × embedded + 1 ms", 1, _overhead(result, "cpu_ms"), False
    for server in ("oxigraph memory", "oxigraph disk"):
        yield f"repeated look-up per second, against {server}", 5, _rate(result, "repeat 8", server), True
    yield "repeated look-up: server CPU over that of an empty answer", 1.2, _over_empty(result), False
    yield (
        "worst of those it answered: server CPU of rdflib-endpoint over ours",
        10,
        _worst(result, "rdflib-endpoint"),
        True,
    )
    if result["scale"] == "s10m":
        yield "start to first answer, s", 3, result["start"].get(_OURS, {}).get("first_answer_s"), False
    yield "built release to first answer, s", 1, result["release"].get("first_answer_s"), False
    yield "web process under an endless answer: most memory over memory before", 1.2, _growth(result), False


def _rate(result: Result, kind: str, server: str) -> float | None:
    figures = result["look_ups"].get(kind, {})
    if _OURS not in figures or server not in figures:
        return None
    return float(figures[_OURS]["per_second"] / figures[server]["per_second"])


def _per_cpu(result: Result, kind: str, server: str) -> float | None:
    figures = result["look_ups"].get(kind, {})
    if _OURS not in figures or server not in figures:
        return None
    return float(figures[server]["server_cpu_us"] / figures[_OURS]["server_cpu_us"])


def _overhead(result: Result, key: str) -> float | None:
    pairs = _common(result, _EMBEDDED, key)
    return max((ours / (1.1 * engine + 1) for ours, engine in pairs), default=None)


def _worst(result: Result, server: str) -> float | None:
    return min((theirs / ours for ours, theirs in _common(result, server, "cpu_ms")), default=None)


def _over_empty(result: Result) -> float | None:
    ours = result["look_ups"].get("repeat 8", {}).get(_OURS)
    empty = result["look_ups"].get("empty 8", {}).get("ceiling")
    return ours["server_cpu_us"] / empty["server_cpu_us"] if ours and empty else None


def _growth(result: Result) -> float | None:
    flat = result["flatness"]
    return flat["most_mb"] / flat["before_mb"] if flat else None


def _load(result: Result) -> str:
    lines = [
        "| kind | clients | server | per second | p50 ms | p99 ms | server CPU µs | client CPU µs | errors |",
        "| --- | --: | --- | --: | --: | --: | --: | --: | --: |",
    ]
    for kind, servers in result["look_ups"].items():
        name, clients = kind.split()
        for server, one in servers.items():
            keys = ("per_second", "p50_ms", "p99_ms", "server_cpu_us", "client_cpu_us", "errors")
            lines.append(
                f"| {name} | {clients} | {server} | {' | '.join(_number(one[key]) for key in keys)} |"
            )
    return "\n".join(lines)


def _starts(result: Result) -> str:
    lines = ["| server | load s | start to first answer s | memory MB |", "| --- | --: | --: | --: |"]
    for name, one in result["start"].items():
        figures = (one["load_s"], one["first_answer_s"], one["memory_mb"])
        lines.append(f"| {name} | {' | '.join(map(_number, figures))} |")
    if result["release"]:
        lines.append(f"| {_OURS}, built release | 0 | {_number(result['release']['first_answer_s'])} | |")
    if flat := result["flatness"]:
        told = f"{flat['rows']:,.0f} rows ({flat['sent_mb']:,.0f} MB) of an endless answer"
        grown = f"{flat['before_mb']:.0f} MB before, at most {flat['most_mb']:.0f} MB"
        lines.append(f"\nWeb process: {grown} in {told}.")
    return "\n".join(lines)


def refresh(readme: Path, results: Path) -> None:
    """Put the tables of all results between the README's marks."""
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(_OPENING)
    _, _, after = rest.partition(_CLOSING)
    tables = (
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("endpoint-*.json"))
    )
    body = "".join(map(printed, tables))
    readme.write_text(f"{before}{_OPENING}\n\n{body}{_CLOSING}{after}", encoding="utf-8")


if __name__ == "__main__":
    refresh(*map(Path, sys.argv[1:]))
