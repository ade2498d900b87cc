"""Spoil one row at a time and count which faults the build and the questions notice.

    python bench/mutation.py [--each N] [--seed N] [--only KIND]

Kinds: flip a finding's verdict, swap the arms of two studies, shift an anchor to the next sentence, drop a
null finding, borrow a neighbour's citation, turn a claim's polarity. A mutant is *caught* by the tables
(reading and links), the shapes and checks, the questions (an answer differs from the one beside it), or a
reader's own copy of the text (KETAGRAPH_REVIEW_TEXT). HermiT is run once: no mutation touches the logic.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from ketagraph import anchors, build, questions, rdf, reason, releases, sources, tables
from ketagraph.errors import SourceError, ValidationFailed
from ketagraph.schema import table
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine

ROOT = Path(__file__).parent.parent
SOURCE = "israel-2021"
Rows = list[dict[str, str]]
Mutate = Callable[[dict[str, Rows], random.Random], str]
_FLIPPED = {
    "FavoursIntervention": "NoSignificantDifference",
    "NoSignificantDifference": "FavoursIntervention",
}
_TSV = "text/tab-separated-values"


def flip_verdict(data: dict[str, Rows], chance: random.Random) -> str:
    row = chance.choice([row for row in data["findings"] if row["verdict"] in _FLIPPED])
    row["verdict"] = _FLIPPED[row["verdict"]]
    return row["finding"]


def swap_arms(data: dict[str, Rows], chance: random.Random) -> str:
    one, other = chance.sample([row for row in data["findings"] if row["comparator"]], 2)
    while one["trial"] == other["trial"]:
        one, other = chance.sample([row for row in data["findings"] if row["comparator"]], 2)
    one["arm"], other["arm"] = other["arm"], one["arm"]
    return f"{one['finding']} and {other['finding']}"


def shift_anchor(data: dict[str, Rows], chance: random.Random) -> str:
    addresses = [row["sentence"] for row in data["sentences"]]
    row = chance.choice(data["evidence"])
    row["sentence"] = addresses[(addresses.index(row["sentence"]) + 1) % len(addresses)]
    return row["claim"]


def drop_null(data: dict[str, Rows], chance: random.Random) -> str:
    row = chance.choice([row for row in data["findings"] if row["verdict"] == "NoSignificantDifference"])
    data["findings"].remove(row)
    return row["finding"]


def borrow_citation(data: dict[str, Rows], chance: random.Random) -> str:
    cited = [index for index, row in enumerate(data["sentences"][:-1]) if row["references"]]
    index = chance.choice([each for each in cited if not data["sentences"][each + 1]["references"]])
    data["sentences"][index + 1]["references"] = data["sentences"][index]["references"]
    return data["sentences"][index + 1]["sentence"]


def turn_polarity(data: dict[str, Rows], chance: random.Random) -> str:
    row = chance.choice(data["claims"])
    row["polarity"] = "Denied" if row["polarity"] == "Affirmed" else "Affirmed"
    return row["claim"]


KINDS: dict[str, Mutate] = {
    "verdict flipped": flip_verdict,
    "arms of two studies swapped": swap_arms,
    "anchor shifted to the next sentence": shift_anchor,
    "null finding dropped": drop_null,
    "citation borrowed from a neighbour": borrow_citation,
    "polarity of a claim turned": turn_polarity,
}


def read(folder: Path) -> dict[str, Rows]:
    found = {}
    for path in sorted(folder.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return found


def write(folder: Path, data: dict[str, Rows]) -> None:
    for name, rows in data.items():
        buffer = io.StringIO()
        writer = csv.DictWriter(
            buffer, list(rows[0]), delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None
        )
        writer.writeheader()
        writer.writerows(rows)
        content = tables.canonical(buffer.getvalue().encode(), table(name))
        (folder / f"{name}.tsv").write_bytes(content)


class Court:
    """Builds a mutant, with HermiT's part taken from the sound graph, and asks who notices."""

    def __init__(self, where: Layout) -> None:
        self.queries = where.queries
        inferred = []
        infer = reason.infer
        reason.infer = lambda asserted: inferred.append(infer(asserted)) or inferred[0]
        build.build(where)
        reason.infer = lambda _: rdf.new_graph() + inferred[0]

    def witnesses(self, where: Layout) -> Iterator[str]:
        try:
            built = build.build(where)
        except SourceError:
            yield "tables"
        except ValidationFailed as error:
            yield from set(re.findall(r"\[(shapes|checks)/", str(error)))
        else:
            yield from ["questions"] if self._answers_differ(built) else []
        yield from ["own copy of the text"] if text_differs(where) else []

    def _answers_differ(self, built: build.Built) -> bool:
        engine = Engine()
        engine.load_quads(rdf.nquads(built.graphs))
        engine.unite_graphs()
        resolve = releases.dossier(engine).lexicon.resolve
        return any(
            engine.select_bytes(questions.bind(questions.read(path), {}, resolve), _TSV)
            != path.with_suffix(".tsv").read_bytes()
            for path in sorted(self.queries.glob("*.rq"))
        )


def text_differs(where: Layout) -> bool:
    if "KETAGRAPH_REVIEW_TEXT" not in os.environ:
        return False
    text = Path(os.environ["KETAGRAPH_REVIEW_TEXT"]).read_text(encoding="utf-8")
    expected = {
        row["sentence"]: (row["sha256"], tuple(map(int, filter(None, row["references"].split("|")))))
        for row in read(where.data / SOURCE)["sentences"]
    }
    return any(True for _ in anchors.mismatches(text, expected))


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--each", type=int, default=10, help="mutants of each kind")
    arguments.add_argument("--seed", type=int, default=2021)
    arguments.add_argument("--only", choices=KINDS, help="one kind of mutation; default: all")
    given = arguments.parse_args()
    court, chance = Court(sources.layout(ROOT)), random.Random(given.seed)
    print("| mutation | mutants | caught | by |\n| --- | ---: | ---: | --- |")
    for kind, mutate in KINDS.items():
        if given.only not in (None, kind):
            continue
        caught, by = 0, Counter[str]()
        for _ in range(given.each):
            with tempfile.TemporaryDirectory() as scratch:
                for name in ("ontology", "data", "queries"):
                    shutil.copytree(ROOT / name, Path(scratch) / name)
                where = sources.layout(Path(scratch))
                data = read(where.data / SOURCE)
                spoilt = mutate(data, chance)
                write(where.data / SOURCE, data)
                found = set(court.witnesses(where))
            caught += bool(found)
            by.update(found)
            print(
                f"{kind}: {spoilt}: {', '.join(sorted(found)) or 'NOT CAUGHT'}", file=sys.stderr, flush=True
            )
        told = ", ".join(f"{witness} {number}" for witness, number in by.most_common())
        print(f"| {kind} | {given.each} | {caught} | {told} |", flush=True)


if __name__ == "__main__":
    main()
