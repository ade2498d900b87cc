"""Claims on a large signed graph: ours, networkx and SPARQL, side by side in one run, results compared.

    python bench/claims/bench_claims.py [--nodes 50000] [--edges 2000000] [--seed 7] [--limit 60]

Each engine runs in a process of its own, so that peak memory is its own; all read the same file and answer
the same questions. A question that SPARQL does not answer in ``--limit`` seconds is given up and told so.
Results must agree before a ratio is printed; everything goes to result.json. So does what a claim on our
own graph costs through the Python API, and all drugs × conditions together.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import combinations, pairwise, product
from multiprocessing import Process, SimpleQueue
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

HERE = Path(__file__).parent
PAIRS, COUNT, HOPS, SURE_HOPS = 5, 20, 4, 6
WORDS = ("Unknown", "Possible", "Believed", "Established")


def generate(path: Path, nodes: int, edges: int, seed: int) -> None:
    """Write a graph whose out- and in-degrees follow a power law (exponent about 2.2), signs 60 % +."""
    chance = np.random.default_rng(seed)
    weight = np.arange(1, nodes + 1) ** -0.8
    ends = [chance.choice(chance.permutation(nodes), edges, p=weight / weight.sum()) for _ in range(2)]
    sign = np.where(chance.random(edges) < 0.6, "+", "-")
    sure = chance.choice(WORDS, edges, p=(0.1, 0.3, 0.4, 0.2))
    with path.open("w", encoding="utf-8") as file:
        file.write("subject\tsign\tobject\treference\tcertainty\n")
        for row in zip(ends[0].tolist(), sign, ends[1].tolist(), sure, strict=True):
            file.write(f"n{row[0]:06}\t{row[1]}\tn{row[2]:06}\tpmid:{row[0] * 7 + row[2]}\t{row[3]}\n")


def pairs(nodes: int, seed: int) -> list[tuple[str, str]]:
    chance = np.random.default_rng(seed + 1)
    drawn = chance.choice(nodes, (PAIRS, 2), replace=False)
    return [(f"n{a:06}", f"n{b:06}") for a, b in drawn.tolist()]


def digest(rows: Counter[object]) -> list[object]:
    """Compare results as multisets, whatever their order."""
    return sorted([repr(key), number] for key, number in rows.items())


def timed(found: dict[str, object], name: str, work):
    start = perf_counter()
    result = work()
    found.setdefault("seconds", {})[name] = perf_counter() - start
    return result


def run_ours(path: Path, asked: list[tuple[str, str]]) -> dict[str, object]:
    from ketagraph.signed_graph import reach, read, simple_paths, surest_paths

    found: dict[str, object] = {}
    graph = timed(found, "load", lambda: read(path))
    found["edges"] = graph.edges
    ends = [(graph.node(a), graph.node(b)) for a, b in asked]
    paths = timed(found, "paths", lambda: [simple_paths(graph, a, b, hops=HOPS) for a, b in ends])
    found["path_counts"] = [len(each) for each in paths]
    found["path_digest"] = [
        digest(Counter(zip(map(len, each.nodes()), each.signs().tolist(), strict=True))) for each in paths
    ]
    sure = timed(
        found,
        "surest",
        lambda: [surest_paths(graph, a, b, count=COUNT, hops=SURE_HOPS) for a, b in ends],
    )
    found["sure_digest"] = [sorted([each.weakest, len(each.edges)] for each in one) for one in sure]
    reached = timed(found, "reach", lambda: [reach(graph, a) for a, _ in ends])
    found["reach_digest"] = [
        [int((side >= 0).sum()) for side in (each.up, each.down)]
        + [int(side[side >= 0].sum()) for side in (each.up, each.down)]
        for each in reached
    ]
    return found


def run_networkx(path: Path, asked: list[tuple[str, str]]) -> dict[str, object]:
    import networkx as nx

    found: dict[str, object] = {}
    graph = timed(found, "load", lambda: load_networkx(nx, path))
    found["edges"] = sum(len(data["signs"]) for _, _, data in graph.edges(data=True))
    paths = timed(found, "paths", lambda: [signed_paths(nx, graph, a, b) for a, b in asked])
    found["path_counts"] = [sum(each.values()) for each in paths]
    found["path_digest"] = [digest(each) for each in paths]
    sure = timed(found, "surest", lambda: [surest_networkx(nx, graph, a, b) for a, b in asked])
    found["sure_digest"] = [sorted(each) for each in sure]
    split = timed(found, "reach, doubling the graph once", lambda: doubled(nx, graph))
    reached = timed(
        found, "reach", lambda: [nx.single_source_shortest_path_length(split, (a, 1)) for a, _ in asked]
    )
    found["reach_digest"] = [
        [sum(1 for _, side in each if side == sign) for sign in (1, -1)]
        + [sum(steps for (_, side), steps in each.items() if side == sign) for sign in (1, -1)]
        for each in reached
    ]
    return found


def load_networkx(nx, path: Path):
    """Read the table the ordinary way: one edge per pair, with the surest certainty of each sign."""
    graph = nx.DiGraph()
    with path.open(encoding="utf-8") as file:
        next(file)
        for line in file:
            subject, sign, obj, reference, sure = line.rstrip("\n").split("\t")
            if subject == obj:
                continue
            rank, number = WORDS.index(sure), 1 if sign == "+" else -1
            if graph.has_edge(subject, obj):
                signs = graph[subject][obj]["signs"]
                signs[number] = max(signs.get(number, 0), rank)
            else:
                graph.add_edge(subject, obj, signs={number: rank}, reference=reference)
    return graph


def expansions(graph, path) -> list[list[tuple[int, int]]]:
    """Signs and certainties of every signed path over these nodes."""
    ways: list[tuple[int, int]] = [(1, 3)]
    for a, b in pairwise(path):
        signs = graph[a][b]["signs"].items()
        ways = [(sign * hop, min(sure, rank)) for sign, sure in ways for hop, rank in signs]
    return ways


def signed_paths(nx, graph, source: str, target: str) -> Counter[object]:
    near = nx.single_source_shortest_path_length(graph.reverse(copy=False), target, cutoff=HOPS)
    if source not in near:
        return Counter()
    small = graph.subgraph(near)
    return Counter(
        (len(path), sign)
        for path in nx.all_simple_paths(small, source, target, cutoff=HOPS)
        for sign, _ in expansions(graph, path)
    )


def surest_networkx(nx, graph, source: str, target: str) -> list[list[int]]:
    """Raise the threshold from the top; under it, paths come by length."""
    found: list[list[int]] = []
    for level in (3, 2, 1, 0):
        kept = nx.DiGraph()
        kept.add_edges_from(
            (a, b, data) for a, b, data in graph.edges(data=True) if max(data["signs"].values()) >= level
        )
        if source not in kept or target not in kept or not nx.has_path(kept, source, target):
            continue
        for path in nx.shortest_simple_paths(kept, source, target):
            if len(path) - 1 > SURE_HOPS:
                break
            found += [[sure, len(path) - 1] for _, sure in expansions(graph, path) if sure == level]
            if len(found) >= COUNT:
                return found[:COUNT]
    return found


def doubled(nx, graph):
    """A node for each sign, so that ordinary search follows signs."""
    split = nx.DiGraph()
    split.add_edges_from(
        ((a, sign), (b, sign * hop))
        for a, b, data in graph.edges(data=True)
        for hop in data["signs"]
        for sign in (1, -1)
    )
    return split


def run_sparql(path: Path, asked: list[tuple[str, str]], limit: float) -> dict[str, object]:
    """Ask the embedded store: joins of one to four hops, and property paths that keep count of the sign."""
    import pyoxigraph as ox

    found: dict[str, object] = {}
    store = ox.Store()
    timed(found, "load", lambda: store.bulk_extend(quads(ox, path)))
    found["edges"] = len(store)
    started = perf_counter()
    counts = [
        within(lambda a=a, b=b: [count(store, hops(a, b, signs)) for signs in every_sign()], limit)
        for a, b in asked[:1]
    ]
    if None not in counts:
        found["seconds"]["paths of the first pair"] = perf_counter() - started
        found["path_counts"] = [sum(each) for each in counts]
    started = perf_counter()
    reached = within(lambda: [count(store, reaching(asked[0][0], up=up)) for up in (True, False)], limit)
    if reached is not None:
        found["seconds"]["reach of the first node"] = perf_counter() - started
        found["reached"] = reached
    found["given_up_after"] = limit
    return found


def quads(ox, path: Path):
    ways = {"+": ox.NamedNode("urn:more"), "-": ox.NamedNode("urn:less")}
    with path.open(encoding="utf-8") as file:
        next(file)
        for line in file:
            subject, sign, obj, *_ = line.split("\t")
            if subject != obj:
                yield ox.Quad(ox.NamedNode(f"urn:{subject}"), ways[sign], ox.NamedNode(f"urn:{obj}"))


def every_sign() -> list[tuple[str, ...]]:
    return [signs for length in range(1, HOPS + 1) for signs in product(("more", "less"), repeat=length)]


def hops(source: str, target: str, signs: tuple[str, ...]) -> str:
    """Join the hops of one sequence of signs; no node twice."""
    nodes = [f"<urn:{source}>", *(f"?n{place}" for place in range(1, len(signs))), f"<urn:{target}>"]
    steps = [f"{a} <urn:{way}> {b} ." for (a, b), way in zip(pairwise(nodes), signs, strict=True)]
    apart = [f"FILTER({a} != {b})" for a, b in combinations(nodes, 2) if "?" in a + b]
    return f"SELECT (COUNT(*) AS ?n) {{ {' '.join(steps + apart)} }}"


def reaching(source: str, *, up: bool) -> str:
    """Count what paths with an even (``up``) or an odd number of negative hops lead to."""
    turn = "<urn:less>/<urn:more>*/<urn:less>"
    even = f"(<urn:more>|({turn}))*"
    odd = f"<urn:more>*/<urn:less>/(<urn:more>|({turn}))*"
    return f"SELECT (COUNT(DISTINCT ?n) AS ?count) {{ <urn:{source}> {even if up else odd} ?n }}"


def count(store, query: str) -> int:
    return int(next(iter(store.query(query)))[0].value)


def within(work, seconds: float):
    """Return what ``work`` gives, from a process that is killed after ``seconds``; None if it was."""
    queue = SimpleQueue()
    process = Process(target=lambda: queue.put(work()))
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        return None
    return queue.get()


def run_own_graph() -> dict[str, float]:
    """Time claims on the current release: one through the Python API, and all that the build judges."""
    import ketagraph
    from ketagraph import judgements, releases, sources

    kg = ketagraph.open()
    asked = [("ketamine", "relieves", "fibromyalgia"), ("memantine", "relieves", "phantom limb pain")]
    asked += [("ketamine", "relieves", "complex regional pain syndrome"), ("calcitonin", "relieves", "pain")]
    kg.judge(*asked[0])
    spent = []
    for claim in asked * 25:
        start = perf_counter()
        kg.judge(*claim)
        spent.append(perf_counter() - start)
    loaded = releases.engine(releases.current(releases.default_folder(sources.layout())))
    dossier = releases.dossier(loaded)
    start = perf_counter()
    made = sum(1 for _ in judgements.judge_all(dossier))
    return {"claim_ms": median(spent) * 1e3, "all_s": perf_counter() - start, "judgements": made}


def peak_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 if sys.platform != "darwin" else 1024**2)


def child(engine: str, path: Path, asked: list[tuple[str, str]], limit: float) -> dict[str, object]:
    words = [sys.executable, __file__, "--engine", engine, "--table", str(path), "--pairs", json.dumps(asked)]
    words += ["--limit", str(limit)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def compare(ours: dict[str, object], theirs: dict[str, object]) -> list[str]:
    """Name the results that differ."""
    compared = ("edges", "path_digest", "sure_digest", "reach_digest")
    return [name for name in compared if ours[name] != theirs[name]]


def compare_sparql(ours: dict[str, object], sparql: dict[str, object]) -> list[str]:
    """Name what SPARQL answered, and differently."""
    found = {"edges": ours["edges"], "path_counts": ours["path_counts"][:1]}
    found["reached"] = ours["reach_digest"][0][:2]
    return [f"{name} (SPARQL)" for name, value in found.items() if sparql.get(name, value) != value]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=50_000)
    parser.add_argument("--edges", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for a question in SPARQL")
    parser.add_argument("--engine", choices=("ours", "networkx", "sparql"))
    parser.add_argument("--table", type=Path)
    parser.add_argument("--pairs", type=json.loads)
    given = parser.parse_args()
    if given.engine:
        runs = {"ours": run_ours, "networkx": run_networkx}
        runs["sparql"] = lambda path, asked: run_sparql(path, asked, given.limit)
        print(json.dumps({**runs[given.engine](given.table, given.pairs), "peak_mb": peak_mb()}))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edges.tsv"
        # In a process of its own: a child's peak begins with what its parent held when it was started.
        apart = Process(target=generate, args=(path, given.nodes, given.edges, given.seed))
        apart.start()
        apart.join()
        asked = pairs(given.nodes, given.seed)
        ours, theirs, sparql = (
            child(engine, path, asked, given.limit) for engine in ("ours", "networkx", "sparql")
        )
    wrong = compare(ours, theirs) + compare_sparql(ours, sparql)
    report(given, ours, theirs, sparql, wrong)
    return 1 if wrong else 0


def report(given, ours, theirs, sparql, wrong: list[str]) -> None:
    print(f"{given.nodes:,} nodes, {ours['edges']:,} signed edges, seed {given.seed}, {PAIRS} pairs")
    print(f"paths found per pair: {ours['path_counts']}")
    rows = {name: (seconds, theirs["seconds"][name]) for name, seconds in ours["seconds"].items()}
    print(f"{'':<10}{'ours':>12}{'networkx':>12}{'ratio':>10}")
    for name, (mine, other) in rows.items():
        print(f"{name:<10}{mine:>10.3f} s{other:>10.3f} s{other / mine:>9.1f}x")
    doubling = theirs["seconds"]["reach, doubling the graph once"]
    print(f"(networkx needs {doubling:.1f} s more to double the graph before it can follow signs)")
    mine, other = ours["peak_mb"], theirs["peak_mb"]
    print(f"{'peak':<10}{mine:>9} MB{other:>9} MB{other / mine:>9.1f}x")
    for name, seconds in sparql["seconds"].items():
        print(f"SPARQL on the embedded store, {name}: {seconds:.1f} s")
    for name in ("paths of the first pair", "reach of the first node"):
        if name not in sparql["seconds"]:
            print(f"SPARQL on the embedded store, {name}: given up after {given.limit:g} s")
    own = run_own_graph()
    print(
        f"our own graph: {own['claim_ms']:.2f} ms a claim (median of 100), "
        f"{own['judgements']} drugs × conditions in {own['all_s']:.2f} s"
    )
    print("results agree" if not wrong else f"RESULTS DIFFER: {', '.join(wrong)}")
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    whole = {"nodes": given.nodes, "edges": given.edges, "seed": given.seed, "agree": not wrong, **machine}
    whole |= {"ours": trimmed(ours), "networkx": trimmed(theirs), "sparql": sparql, "own_graph": own}
    (HERE / "result.json").write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")


def trimmed(found: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in found.items() if not name.endswith("digest")}


if __name__ == "__main__":
    sys.exit(main())
