"""The twelve in the same words for all, and as we would ask them: ours against both, in one run.

    python bench/endpoint/asked.py [--scale real s1m] [--peers NAME …] [--release FILE.nq] [--rounds 3]

A query of ``rewritten/`` has the rows of its namesake in ``queries/``, which this run asserts on the data
that it measures. It asks for what ``ketagraph build`` counts and links ahead, or puts a join where it costs
less; the counts and links are in the data of every peer. So that nobody is fooled, peers answer the rewritten
words too: one ratio sets our rewritten queries against a peer's in the common words, the other against the
same rewritten ones. Where there is no other way to ask, the common words stand for both.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from math import exp, log
from pathlib import Path
from typing import Any

from data import write_real, write_synthetic
from embedded import Embedded
from peers import PEERS
from rounds import Served, twelve
from run import _SCALES, _machine, _running, _say, _versions

__all__ = ["printed"]

_HERE = Path(__file__).parent
_README = _HERE.parent / "README.md"
_OPENING, _CLOSING = "<!-- asked -->", "<!-- /asked -->"
_OURS = "ketagraph"
_AIMS = {"oxigraph memory": 5.0, "oxigraph disk": 5.0, "virtuoso": 3.0}
_RELEASE = _HERE.parents[1] / "release" / "current" / "ketagraph.nq"

Result = dict[str, Any]


def main() -> int:
    """Measure every scale asked for, write its JSON and print its ratios."""
    options = _options()
    output = _HERE.parent / "results"
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for scale in options.scale:
            result = _measured(scale, Path(folder), options)
            text = json.dumps(result, indent=2, sort_keys=True) + "\n"
            (output / f"asked-{scale}.json").write_text(text, encoding="utf-8")
            sys.stdout.write(printed(result))
    _refresh(_README, output)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--scale", nargs="+", choices=_SCALES, default=["real", "s1m"])
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--release", type=Path, default=_RELEASE, help="N-Quads of a built release")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=float, default=1.0, help="seconds that one turn lasts at least")
    parser.add_argument("--limit", type=float, default=30.0, help="seconds after which a query is given up")
    return parser.parse_args()


def _texts(folder: str) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((_HERE / folder).glob("*.rq"))}


def _measured(scale: str, folder: Path, options: argparse.Namespace) -> Result:
    data = folder / scale / f"{scale}.nt"
    data.parent.mkdir()
    wanted = _SCALES[scale]
    release = options.release
    count = write_synthetic(release, data, triples=wanted) if wanted else write_real(release, data)
    _say(f"{scale}: {count:,} triples")
    embedded = Embedded(data)
    common, rewritten = _texts("queries"), _texts("rewritten")
    _compare(embedded, common, rewritten)
    with _running(options.peers, data, folder / scale) as (running, skipped):
        served = [embedded, *map(Served, running)]
        turns = {"rounds": options.rounds, "limit": options.limit, "batch": options.batch}
        return {
            "scale": scale,
            "triples": count,
            "machine": _machine(),
            "load": os.getloadavg()[2],
            "versions": _versions(),
            "skipped": skipped,
            "rounds": options.rounds,
            "names": [competitor.name for competitor in served],
            "common": twelve(served, common, **turns),
            "rewritten": twelve(served, rewritten, **turns),
        }


def _compare(embedded: Embedded, common: dict[str, str], rewritten: dict[str, str]) -> None:
    """Refuse a rewritten query whose rows are not those of its namesake, each as often.

    Raises:
        SystemExit: the rows differ.
    """
    for name, text in rewritten.items():
        one, other = (_rows(embedded.answer(query, 0)) for query in (common[name], text))
        if one != other:
            raise SystemExit(f"rewritten/{name}.rq: {len(one - other)} rows less, {len(other - one)} more")


def _rows(body: bytes) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True) for row in json.loads(body)["results"]["bindings"])


def printed(result: Result) -> str:
    """Write one scale's tables: what each rewritten query costs everyone, and the ratios."""
    names = result["names"]
    lines = [f"### {result['scale']}: {result['triples']:,} triples\n"]
    lines.append(f"Load average before the run {result['load']:.1f}; {result['rounds']} rounds.\n")
    lines.append(f"| query, server CPU in ms | {' | '.join(names)} |")
    lines.append("| --- |" + " --: |" * len(names))
    for query in result["rewritten"]:
        for words in ("common", "rewritten"):
            cells = " | ".join(_cell(result[words][query][name]) for name in names)
            lines.append(f"| {query}, {words} words | {cells} |")
    return "\n".join([*lines, "", *_ratios(result), "", *_unlike(result)]) + "\n\n"


def _cell(told: Result) -> str:
    return f"{told['cpu_ms']:,.3g}" if "cpu_ms" in told else str(told["fault"])[:40]


def _ratios(result: Result) -> list[str]:
    lines = [
        "| geometric mean of the twelve, server CPU | aim | ours rewritten over theirs in common words | met "
    ]
    lines[0] += "| over theirs rewritten | both in common words | queries |"
    lines.append("| --- | --: | --: | --- | --: | --: | --: |")
    for name in result["names"]:
        if name == _OURS:
            continue
        ratio, count = _ratio(result, name, ours="rewritten", theirs="common")
        alike, _ = _ratio(result, name, ours="rewritten", theirs="rewritten")
        plain, _ = _ratio(result, name, ours="common", theirs="common")
        aim = _AIMS.get(name)
        met = "" if aim is None else "yes" if ratio >= aim else "no"
        wanted = "" if aim is None else f"≥ {aim:g}"
        lines.append(f"| {name} | {wanted} | {ratio:.3g} | {met} | {alike:.3g} | {plain:.3g} | {count} |")
    return lines


def _ratio(result: Result, name: str, *, ours: str, theirs: str) -> tuple[float, int]:
    """Geometric mean of theirs over ours, over the queries that both answered, and their number."""
    logs = []
    for query, common in result["common"].items():
        mine = _chosen(result, query, ours).get(_OURS, common[_OURS])
        other = _chosen(result, query, theirs).get(name, common[name])
        if "cpu_ms" in mine and "cpu_ms" in other:
            logs.append(log(max(other["cpu_ms"], 1e-3) / max(mine["cpu_ms"], 1e-3)))
    return exp(sum(logs) / len(logs)), len(logs)


def _chosen(result: Result, query: str, words: str) -> Result:
    found: Result = result[words].get(query, {})
    return found


def _unlike(result: Result) -> list[str]:
    """Tell where an engine counts other rows than ours."""
    found = []
    for words in ("common", "rewritten"):
        for query, told in result[words].items():
            ours = told[_OURS].get("rows")
            odd = {n: t["rows"] for n, t in told.items() if "rows" in t and t["rows"] != ours}
            found += [f"{query} in {words} words: {n} has {r} rows, ours {ours}." for n, r in odd.items()]
    return found


def _refresh(readme: Path, results: Path) -> None:
    """Put the tables of all results between the README's marks."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(_OPENING)
    _, _, after = rest.partition(_CLOSING)
    tables = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("asked-*.json")))
    body = "".join(map(printed, tables))
    readme.write_text(f"{before}{_OPENING}\n\n{body}{_CLOSING}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
