"""What is counted ahead equals what a query counts, on the release, after any edit, and in the words of each.

``bench/endpoint/rewritten`` has the queries that ask for what was counted, beside those that count.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

from ketagraph import names, releases
from ketagraph.store.engine import Engine

ROOT = Path(__file__).parent.parent
BENCH = ROOT / "bench" / "endpoint"
REWRITTEN = sorted(path.stem for path in (BENCH / "rewritten").glob("*.rq"))
RULES = {path.stem: path for path in sorted((ROOT / "ontology" / "rules" / "counts").glob("*.rq"))}
LINKS = {
    name: ROOT / "ontology" / "rules" / "inferred" / f"{name}.rq"
    for name in ("effect-leads-to", "study-makes-comparison")
}
CHECKS = (
    "comparison-against-findings",
    "step-against-effects",
    "tally-against-findings",
    "use-of-property-against-records",
)
COUNTED = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{names.graph('counts')}> {{ ?s ?p ?o }} }}"
LARGEST_SHARE = 0.15

AHEAD = {
    names.term(name)
    for name in (
        "findingCount",
        "leadsTo",
        "makesComparison",
        "studyCount",
        "talliedCondition",
        "talliedOutcome",
        "talliedVerdict",
        "timedCount",
        "weekSum",
    )
} | {f"{names.PREFIXES['void']}{name}" for name in ("distinctObjects", "distinctSubjects")}
"""Predicates of triples that say what could also be asked of the others."""

Change = tuple[ox.Quad | None, ox.Quad | None]
"""A quad that goes and one that comes."""
Edit = Callable[[list[ox.Quad], random.Random], Change]


@pytest.fixture(scope="module")
def store(release: releases.Release) -> ox.Store:
    """Load the release's union as one default graph, to be edited and mended again."""
    loaded = ox.Store()
    loaded.extend(
        ox.Quad(quad.subject, quad.predicate, quad.object)
        for quad in ox.parse(path=str(release.data), format=ox.RdfFormat.N_QUADS)
    )
    return loaded


def constructed(store: ox.Store) -> set[ox.Triple]:
    return {
        triple
        for path in (*RULES.values(), *LINKS.values())
        for triple in store.query(path.read_text(encoding="utf-8"))
    }


def told(store: ox.Store) -> set[ox.Triple]:
    found = (store.quads_for_pattern(None, ox.NamedNode(iri), None) for iri in sorted(AHEAD))
    return {quad.triple for quads in found for quad in quads}


def wanted(store: ox.Store) -> set[ox.Triple]:
    return {triple for triple in constructed(store) if triple.predicate.value in AHEAD}


def faults(store: ox.Store) -> dict[str, int]:
    folder = ROOT / "ontology" / "checks"
    found = {
        name: len(list(store.query((folder / f"{name}.rq").read_text(encoding="utf-8")))) for name in CHECKS
    }
    return {name: number for name, number in found.items() if number}


def rows(engine: Engine, query: str) -> Counter[tuple[str, ...]]:
    variables, found = engine.select(query)
    assert variables
    return Counter(tuple(map(str, row)) for row in found)


@pytest.mark.parametrize("name", REWRITTEN)
def test_a_query_of_what_was_counted_has_the_rows_of_the_one_that_counts(name: str, engine: Engine) -> None:
    direct = rows(engine, (BENCH / "queries" / f"{name}.rq").read_text(encoding="utf-8"))
    assert direct == rows(engine, (BENCH / "rewritten" / f"{name}.rq").read_text(encoding="utf-8"))
    assert direct


def test_the_graph_of_counts_is_what_its_rules_draw_from_the_others(engine: Engine) -> None:
    drawn = {line for path in RULES.values() for line in engine.construct(path.read_text(encoding="utf-8"))}
    assert sorted(drawn) == engine.construct(COUNTED)


def test_counts_and_links_are_a_small_share_of_the_graph(store: ox.Store) -> None:
    assert 0 < len(constructed(store)) < LARGEST_SHARE * len(store)


def test_the_counts_name_every_kind_of_record_and_every_property_of_it(engine: Engine) -> None:
    prefixes = "PREFIX keta: <https://w3id.org/ketagraph/> PREFIX void: <http://rdfs.org/ns/void#> "
    found = engine.select(
        prefixes
        + "SELECT ?class ?property ?number WHERE { ?part void:class ?class ; void:propertyPartition ?use . "
        "?use void:property ?property ; void:distinctObjects ?number }"
    )[1]
    for kind, used, number in random.Random(5).sample(found, 25):
        assert kind
        assert used
        counted = f"SELECT (COUNT(DISTINCT ?o) AS ?n) WHERE {{ ?s a <{kind.value}> ; <{used.value}> ?o }}"
        assert engine.select(counted)[1] == [(number,)]
    assert len({kind for kind, _, _ in found}) > 15


def test_an_untouched_release_passes_the_checks_of_what_was_counted(store: ox.Store) -> None:
    assert faults(store) == {}
    assert told(store) == wanted(store)


def without(found: list[ox.Quad], chance: random.Random) -> Change:
    return chance.choice(found), None


def moved(found: list[ox.Quad], chance: random.Random) -> Change:
    """Give one subject another's value instead of its own."""
    old = chance.choice(found)
    other = chance.choice([quad for quad in found if quad.object != old.object])
    return old, ox.Quad(old.subject, old.predicate, other.object)


def doubled(found: list[ox.Quad], chance: random.Random) -> Change:
    """Give one subject another's value beside its own."""
    return None, moved(found, chance)[1]


EDITS: dict[str, tuple[Edit, str]] = {
    "a finding without its verdict": (without, "verdict"),
    "a finding of another verdict": (moved, "verdict"),
    "a finding with a second outcome": (doubled, "outcome"),
    "a finding at another week": (moved, "timepointWeeks"),
    "a finding in another study": (moved, "findingOf"),
    "a finding in another condition": (moved, "observedIn"),
    "a comparison of another kind": (moved, "comparatorKind"),
    "an effect on something else": (moved, "object"),
    "an effect without subject": (without, "subject"),
    "an effect that leads elsewhere": (moved, "leadsTo"),
    "a step left out": (without, "leadsTo"),
    "a comparison left out": (without, "makesComparison"),
    "a count of findings that is off": (moved, "findingCount"),
    "a count of studies left out": (without, "studyCount"),
    "a count of timed findings left out": (without, "timedCount"),
    "a sum that is off": (moved, "weekSum"),
    "a tally of another verdict": (moved, "talliedVerdict"),
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", EDITS)
def test_an_edit_that_makes_a_count_stale_is_a_fault_and_only_then(
    name: str, seed: int, store: ox.Store
) -> None:
    edit, predicate = EDITS[name]
    found = sorted(store.quads_for_pattern(None, ox.NamedNode(names.term(predicate)), None), key=str)
    gone, come = edit(found, random.Random(f"{name} {seed}"))
    is_new = come is not None and come not in store
    try:
        if gone:
            store.remove(gone)
        if come:
            store.add(come)
        is_stale = told(store) != wanted(store)
        assert bool(faults(store)) == is_stale
        assert is_stale or names.term(predicate) not in AHEAD
    finally:
        if come and is_new:
            store.remove(come)
        if gone:
            store.add(gone)


def test_a_graph_that_was_never_counted_has_no_fault_for_it(store: ox.Store) -> None:
    counted = constructed(store)
    bare = ox.Store()
    bare.extend(quad for quad in store if quad.triple not in counted)
    assert faults(bare) == {}


def test_rules_of_counts_look_at_no_count() -> None:
    """They run once and in no order, so none may count what another draws."""
    looked_at = {
        iri
        for path in RULES.values()
        for iri in AHEAD
        if f"keta:{iri.removeprefix(names.BASE)} " in path.read_text(encoding="utf-8").split("WHERE", 1)[1]
    }
    assert looked_at == set()
