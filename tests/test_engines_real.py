"""Real engines: every question as the embedded store answers it, and a push that may be killed anywhere."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

import real_engines
from ketagraph import names, questions
from ketagraph.dossier import Dossier, read
from ketagraph.engines import parity, pushing
from ketagraph.engines.address import credentials
from ketagraph.engines.dialect import named
from ketagraph.engines.view import View
from ketagraph.errors import QueryRefused, VersionRemoved
from ketagraph.releases import Release
from ketagraph.remote import Remote
from ketagraph.sources import Layout
from ketagraph.store import Query
from ketagraph.store.engine import Engine
from paging import serving
from pushes import Clock, now, prune, push, served, small
from real_engines import serving_from

HELD_OUT = [
    ("contradictions-about", {"concept": "keta:Ketamine"}),
    ("contradictions-about", {"concept": "keta:OpioidConsumption"}),
    ("how-long-benefits-last", {"drug": "keta:Ketamine"}),
    ("class-effect-verdicts", {"target": "keta:MuOpioidReceptor", "condition": "keta:NeuropathicPain"}),
    ("necessity-verdicts", {"target": "keta:NMDAReceptor"}),
    ("mechanism-chain", {"from": "keta:InadequateVitaminD", "to": "keta:ChronicPain"}),
    ("mechanism-chain", {"from": "keta:Ketamine", "to": "keta:Sensitisation"}),
    ("where-in-text", {"concept": "keta:Ketamine"}),
    ("risk-factors", {"condition": "keta:Pain"}),
    ("mechanism-paths", {"drug": "keta:NerveInjury", "condition": "keta:MixedNeuropathicPain"}),
]
"""Questions with other values than their defaults; each went wrong once, on an engine or on all."""

SLOW = {"jena": {"how-long-benefits-last", "weakest-links"}}
"""Questions that take an engine minutes, so that docs/engines.md says so and no test waits for them."""

JUDGED = """\
PREFIX keta: <https://w3id.org/ketagraph/>
SELECT DISTINCT ?agent ?condition ?purpose
WHERE { ?judgement a keta:Judgement ; keta:aboutAgent ?agent ; keta:aboutCondition ?condition ;
  keta:aboutPurpose ?purpose }
ORDER BY ?agent ?condition ?purpose
"""
CLEAR = {"query": "CLEAR ALL"}
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"


@pytest.fixture(scope="module", params=["oxigraph", "virtuoso", "jena", "yours"])
def engine_of(
    request: pytest.FixtureRequest, release: Release, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Remote]]:
    """An engine with the release pushed into it; ``yours`` is the one that the environment names."""
    kind, folder = request.param, tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        if kind == "oxigraph":
            if not real_engines.OXIGRAPH:
                pytest.skip("no oxigraph here: pip install oxigraph")
            remote = stack.enter_context(real_engines.oxigraph(folder))
        elif kind == "virtuoso":
            if not real_engines.VIRTUOSO:
                pytest.skip("no virtuoso-t here: apt-get install virtuoso-opensource-7-bin")
            remote = stack.enter_context(real_engines.virtuoso(folder))
        elif kind == "jena":
            if missing := real_engines.JENA.missing():
                pytest.skip(missing)
            remote = stack.enter_context(real_engines.jena(folder))
        else:
            url = os.environ.get("KETAGRAPH_TEST_ENGINE")
            if not url:
                pytest.skip("KETAGRAPH_TEST_ENGINE names no engine")
            dialect = named(os.environ.get("KETAGRAPH_TEST_ENGINE_KIND", "generic"))
            remote = Remote(url, credentials=credentials(os.environ), dialect=dialect)
        pushed = push(release, remote)
        assert pushed.switched
        yield kind, remote


def test_every_question_gives_the_rows_of_the_embedded_store_in_their_order(
    engine_of: tuple[str, Remote], where: Layout, engine: Engine, dossier: Dossier
) -> None:
    slow = SLOW.get(engine_of[0], set())
    asked = [questions.read(path) for path in sorted(where.queries.glob("*.rq")) if path.stem not in slow]
    found = parity.compared(asked, engine, engine_of[1], dossier.lexicon.resolve)
    unlike = {each.question: (each.state, each.rows, each.found) for each in found if each.state != "same"}
    assert unlike == {}


@pytest.mark.parametrize(("slug", "values"), HELD_OUT)
def test_other_values_give_the_same_rows(
    engine_of: tuple[str, Remote], where: Layout, engine: Engine, slug: str, values: dict[str, str]
) -> None:
    if slug in SLOW.get(engine_of[0], set()):
        pytest.skip("this engine takes minutes for it")
    text = questions.bind(questions.read(where.queries / f"{slug}.rq"), values)
    (variables, rows), (expected, there) = engine_of[1].select(text), engine.select(text)
    assert (variables, parity.as_values(rows)) == (expected, parity.as_values(there))


def test_all_that_claims_are_judged_by_is_the_same(engine_of: tuple[str, Remote], dossier: Dossier) -> None:
    there = read(engine_of[1])
    assert there.evidence == dossier.evidence
    assert (there.relations, there.objects, there.values) == (
        dossier.relations,
        dossier.objects,
        dossier.values,
    )
    assert (there.labels, there.lexicon) == (dossier.labels, dossier.lexicon)


@pytest.mark.parametrize(
    ("claim", "how"),
    [
        (("ketamine", "relieves", "fibromyalgia"), {}),
        (("ketamine", "relieves", "CRPS"), {"dose": "subanaesthetic", "species": "human"}),
        (("urinary system damage", "decreases", "noxious thermal stimulus"), {}),
    ],
)
def test_what_bears_on_a_claim_is_found_step_by_step(
    engine_of: tuple[str, Remote], dossier: Dossier, claim: tuple[str, str, str], how: dict[str, str]
) -> None:
    there, asked = read(engine_of[1]), dossier.claim(*claim, **how)  # type: ignore[arg-type] # texts
    there.stored.kept["records-counted"] = [{"count": "1000000"}]
    assert there.judge(asked) == dossier.judge(asked)


def test_updates_load_what_the_graph_store_protocol_loads(
    engine_of: tuple[str, Remote], tmp_path: Path, release: Release
) -> None:
    remote = Remote(engine_of[1].url, credentials=engine_of[1].credentials, dialect=engine_of[1].dialect)
    tiny = small(tmp_path, 9)
    pushed = push(tiny, remote, by_updates=True)
    # A graph without statements is there already.
    assert (pushed.loaded, pushed.switched) == (4, True)
    assert served(remote) == {"9"}
    # By the other way the same graphs are found, and the release is switched back to.
    assert push(tiny, remote).loaded == 0
    assert push(release, remote).loaded == 0


def test_a_second_push_has_nothing_to_do(engine_of: tuple[str, Remote], release: Release) -> None:
    pushed = push(release, engine_of[1])
    assert (pushed.loaded, pushed.switched, len(pushed.graphs) >= 9) == (0, False, True)


def test_graphs_keep_the_names_of_the_release(engine_of: tuple[str, Remote], engine: Engine) -> None:
    text = "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g"
    assert engine_of[1].select(text) == engine.select(text)
    one = f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{names.graph('evidence')}> {{ ?s ?p ?o }} }}"
    assert engine_of[1].select(one) == engine.select(one)
    assert engine_of[1].select(COUNT) == engine.select(COUNT)


def test_claims_served_from_an_engine_get_the_verdicts_of_the_embedded_store(
    engine_of: tuple[str, Remote], release: Release, engine: Engine
) -> None:
    claims = [
        {
            "subject": agent.value,
            "relation": "prevents" if purpose.value.endswith("Prevention") else "relieves",
            "object": condition.value,
        }
        for agent, condition, purpose in engine.select(JUDGED)[1]
        if agent and condition and purpose
    ]
    assert len(claims) > 50

    def judged(client: httpx.Client) -> list[tuple[int, object]]:
        some = claims[:: len(claims) // 12]
        checked = [client.get("/check", params=claim) for claim in some[::3]]
        answers = [*checked, *(client.post("/api/judge", json=claim) for claim in some)]
        return [(each.status_code, _content(each)) for each in answers]

    with serving_from(engine_of[1]) as there, serving(release.data, release.path.parent) as url:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as here:
            assert judged(there) == judged(here)
        assert [there.get("/").status_code, there.post("/sparql", data=CLEAR).status_code] == [200, 403]


def test_a_question_of_ones_own_that_virtuoso_answers_wrongly_is_refused(
    engine_of: tuple[str, Remote],
) -> None:
    text = "SELECT ?s ?any WHERE { ?s a ?c BIND(EXISTS { ?s ?p 1 } AS ?any) } ORDER BY ?s LIMIT 1"
    if engine_of[0] != "virtuoso":
        assert len(engine_of[1].select(text)[1]) == 1
        return
    with pytest.raises(QueryRefused, match=r"BIND \( EXISTS wrongly"):
        engine_of[1].select(text)


TEXTS = "urn:test:texts"
RANKS = (3, 0, 4, 1, 2)


def in_order(remote: Remote, length: int, same: int, letter: str, key: str) -> list[str]:
    """Store texts of so many letters, the first of them the same, and sort them: their ranks as they come."""
    texts = [f"{letter * same}{rank}{letter * (length - same - 1)}" for rank in RANKS]
    lines = (f'<urn:s{rank}> <urn:p> "{text}"@en .\n' for rank, text in zip(RANKS, texts, strict=True))
    client, view = remote.client, View(remote.client.address.dialect)
    client.put(TEXTS, "".join(lines).encode())
    body, _ = client.ask(
        Query(f"SELECT ?x WHERE {{ GRAPH <{TEXTS}> {{ ?s <urn:p> ?x }} }} ORDER BY {key}"), view
    )
    client.drop(TEXTS)
    return [row["x"]["value"][same] for row in json.loads(body)["results"]["bindings"]]


@pytest.mark.parametrize(
    ("letter", "length", "same", "is_known"),
    [
        ("a", 50, 49, True),
        ("a", 51, 19, True),
        ("a", 51, 20, False),
        ("a", 51, 50, False),
        ("ä", 25, 24, True),
        ("ä", 26, 9, True),
        ("ä", 26, 10, False),
        ("a", 1800, 1799, False),
    ],
)
def test_long_texts_are_sorted_as_the_documentation_says(
    engine_of: tuple[str, Remote], letter: str, length: int, same: int, is_known: bool
) -> None:
    kind, remote = engine_of
    ranks = [str(rank) for rank in sorted(RANKS)]
    assert in_order(remote, length, same, letter, "STR(?x)") == ranks
    # "yours" may be what it likes.
    if kind != "yours":
        is_sorted = kind != "virtuoso" or is_known
        assert (in_order(remote, length, same, letter, "?x") == ranks) == is_sorted


def test_which_features_engines_lack_is_as_the_documentation_says(engine_of: tuple[str, Remote]) -> None:
    kind, remote = engine_of
    lacking = {each.name for each in parity.features(remote) if not each.present}
    known = {
        "jena": set(),
        "oxigraph": set(),
        "virtuoso": {"booleans", "language tags", "minimum of texts", "order by an aggregate"},
    }
    assert lacking == known.get(kind, lacking)


def test_old_versions_are_removed_and_a_session_that_reads_one_is_told(
    engine_of: tuple[str, Remote], tmp_path: Path, release: Release
) -> None:
    kind, session = engine_of
    if kind == "yours":
        pytest.skip("what else lies in an engine of yours is not for a test to remove")
    remote = Remote(session.url, credentials=session.credentials, dialect=session.dialect)
    clock, old = Clock(now()), pushing.version_of(release)
    assert session.view.version == old
    push(small(tmp_path, 7), remote, clock=clock)
    graphs = remote.graphs_of(old)
    assert (old in prune(remote, clock).retired, len(graphs) > 10) == (True, True)
    assert len(session.select(COUNT)[1]) == 1
    clock.go_on(days=2)
    # What was retired by the one way is removed by the other.
    done = prune(remote, clock, by_updates=True)
    assert (done.retired, old in done.removed) == ((), True)
    bare = View(remote.client.address.dialect)
    assert {remote.count(graph, bare) for graph in graphs} == {0}
    assert (remote.history().versions, served(remote)) == ((remote.view.version,), {"7"})
    with pytest.raises(VersionRemoved, match=f"version {old}, which was being read, .* open it again"):
        session.select(COUNT)


def _content(response: httpx.Response) -> object:
    """Take what was answered: of a page its main part, without the address of its server."""
    if "json" in response.headers["content-type"]:
        return response.json()
    address = f"{response.url.scheme}://{response.url.netloc.decode()}"
    return re.findall(r"<main.*</main>", response.text.replace(address, ""), re.DOTALL)
