"""Real engines: every question as the embedded store answers it, and a push that may be killed anywhere."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

import real_engines
from ketagraph import names, questions
from ketagraph.dossier import Dossier, read
from ketagraph.engines import parity, pushing
from ketagraph.engines.address import credentials
from ketagraph.engines.client import Client
from ketagraph.engines.dialect import named
from ketagraph.engines.history import POINTER, Pointer
from ketagraph.engines.store import EngineSettings, EngineStore
from ketagraph.engines.view import View, versioned
from ketagraph.errors import EngineFailed, EnvironmentFault, QueryRefused, VersionRemoved
from ketagraph.mcp_server import Limits, Tools
from ketagraph.releases import Release
from ketagraph.remote import Remote
from ketagraph.sources import Layout
from ketagraph.store import Query
from ketagraph.store.engine import Engine
from paging import serving
from pushes import VALUES, Clock, now, prune, push, served, small
from scripted_engine import Killed

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
NEEDS_OXIGRAPH = pytest.mark.skipif(not real_engines.OXIGRAPH, reason="no oxigraph: pip install oxigraph")


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

    with _served(engine_of[1]) as there, serving(release.data, release.path.parent) as url:
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


@contextmanager
def _served(remote: Remote) -> Iterator[httpx.Client]:
    command = [sys.executable, "-m", "ketagraph", "serve", "--port", "0", "--engine", remote.url]
    with subprocess.Popen([*command, "--timeout", "60"], stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            found = re.search(r"serving [\d,]+ statements at (http://[\d.:]+)", server.stderr.readline())
            assert found
            with httpx.Client(base_url=found[1], timeout=60, trust_env=False) as client:
                yield client
        finally:
            server.terminate()


# What follows needs an engine that is quick to start, and a release that is quick to load.


@pytest.fixture
def engine_here(tmp_path: Path) -> Iterator[Remote]:
    with real_engines.oxigraph(tmp_path) as remote:
        yield remote


@NEEDS_OXIGRAPH
@pytest.mark.parametrize("by_updates", [False, True], ids=["graphs", "updates"])
def test_killed_at_any_request_the_old_version_is_whole_and_the_push_goes_on(
    engine_here: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_updates: bool
) -> None:
    old = small(tmp_path, 1)
    push(old, engine_here, by_updates=by_updates)
    sent, most = Client._sent, 0
    for number in range(2, 60, 4):
        calls = [0]

        def dying(
            self: Client, *args: Any, calls: list[int] = calls, last: int = number - 2, **given: Any
        ) -> Any:
            calls[0] += 1
            if calls[0] > last:
                raise Killed
            return sent(self, *args, **given)

        monkeypatch.setattr(Client, "_sent", dying)
        try:
            push(small(tmp_path, number), Remote(engine_here.url), by_updates=by_updates)
        except Killed:
            monkeypatch.setattr(Client, "_sent", sent)
            assert len(served(engine_here)) == 1
            most = number
        else:
            break
    monkeypatch.setattr(Client, "_sent", sent)
    assert most > 5
    assert served(engine_here) == {str(number)}
    resumed = push(old, engine_here, by_updates=by_updates)
    assert (resumed.loaded, resumed.switched) == (0, True)
    assert served(engine_here) == {"1"}


@NEEDS_OXIGRAPH
def test_what_was_imported_is_pushed_with_the_release(engine_here: Remote, tmp_path: Path) -> None:
    release, external = small(tmp_path, 1), names.graph("external/other")
    imported = tmp_path / "other.nq"
    shared = f'<urn:s1> <urn:p> "1" <{external}> .\n'
    imported.write_text(f"{shared}<urn:x> <urn:is> <urn:imported> <{external}> .\n", encoding="utf-8")
    push(release, engine_here, imported=[imported])
    seen = Remote(engine_here.url)
    assert seen.view.names == (names.graph("evidence"), external, names.graph("ontology"))
    # A statement of several graphs counts once in the default graph.
    assert seen.ask("ASK { <urn:x> <urn:is> <urn:imported> }")
    assert [row[0].value for row in seen.select(COUNT)[1] if row[0]] == ["22"]
    assert pushing.version_of(release, [imported]) != pushing.version_of(release)


@NEEDS_OXIGRAPH
def test_a_half_loaded_version_is_not_taken_up(engine_here: Remote, tmp_path: Path) -> None:
    first, second = small(tmp_path, 1), small(tmp_path, 2)
    push(first, engine_here)

    async def followed() -> tuple[str, str]:
        settings = EngineSettings(engine_here.client.address, recheck=0.05)
        store = await EngineStore.open(settings)
        before = store.edition
        await asyncio.to_thread(push, second, engine_here)
        while store.edition == before:
            await asyncio.sleep(0.05)
        taken = store.edition
        evidence = versioned(pushing.version_of(first)) + "evidence"
        engine_here.client.drop(evidence)
        pointer = Pointer(99, pushing.version_of(first))
        engine_here.client.add(POINTER, pointer.statement().encode())
        store.nudge()
        await asyncio.sleep(0.5)
        async with store.query(Query(COUNT)) as answer:
            assert b"".join([piece async for piece in answer])
        still = store.edition
        await store.close()
        return taken, still

    taken, still = asyncio.run(followed())
    assert taken == still
    with pytest.raises(EngineFailed, match=r"holds 0 of 20 statements .*; run: ketagraph push"):
        Remote(engine_here.url).select(COUNT)


@NEEDS_OXIGRAPH
def test_a_read_only_engine_is_one_message_and_serves_on(tmp_path: Path) -> None:
    with real_engines.oxigraph(tmp_path) as remote:
        push(small(tmp_path, 1), remote)
    with real_engines.oxigraph(tmp_path, read_only=True) as remote:
        with pytest.raises(EngineFailed, match=r"cannot write to it|does not let us"):
            push(small(tmp_path, 2), remote)
        assert served(remote) == {"1"}


@NEEDS_OXIGRAPH
def test_a_disk_that_is_full_leaves_the_old_version(
    engine_here: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(small(tmp_path, 1), engine_here)
    put, calls = Client.put, []

    def full(self: Client, iri: str, statements: bytes) -> None:
        calls.append(iri)
        if len(calls) == 2:
            raise EngineFailed(f"{self.address.url}: cannot write to it: 507: no space left on device")
        put(self, iri, statements)

    monkeypatch.setattr(Client, "put", full)
    with pytest.raises(EngineFailed, match="no space left"):
        push(small(tmp_path, 2), engine_here)
    assert served(engine_here) == {"1"}


@NEEDS_OXIGRAPH
def test_files_for_a_bulk_loader_are_found_when_they_are_loaded(engine_here: Remote, tmp_path: Path) -> None:
    release = small(tmp_path, 1)
    dialect, version = engine_here.client.address.dialect, pushing.version_of(release)
    for path in pushing.write_files(release, dialect, tmp_path / "bulk", version=version):
        graph = path.with_name(f"{path.name}.graph").read_text(encoding="utf-8").strip()
        engine_here.client.put(graph, path.read_bytes())
    pushed = push(release, engine_here)
    # The manifest alone is left to load.
    assert (pushed.loaded, pushed.switched) == (1, True)


def test_an_engine_that_is_down_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="cannot be reached"):
        push(small(tmp_path, 1), Remote("http://127.0.0.1:9/query"))


@NEEDS_OXIGRAPH
def test_a_server_never_passes_on_an_answer_of_a_version_that_is_being_removed(
    engine_here: Remote, tmp_path: Path
) -> None:
    first, second = small(tmp_path, 1), small(tmp_path, 2)
    clock = Clock(now())
    push(first, engine_here, clock=clock)

    async def asked(**given: float) -> bytes:
        # As if it could not look at the pointer for ten minutes.
        store = await EngineStore.open(EngineSettings(engine_here.client.address, recheck=600, **given))
        try:
            async with store.query(Query(VALUES)) as answer:
                before = b"".join([piece async for piece in answer])
            await asyncio.to_thread(push, second, engine_here, clock=clock)
            await asyncio.to_thread(prune, engine_here, clock)
            clock.go_on(days=2)
            await asyncio.to_thread(prune, engine_here, clock)
            async with store.query(Query(VALUES)) as answer:
                assert b"".join([piece async for piece in answer]) == before
        finally:
            await store.close()
        return before

    with pytest.raises(VersionRemoved, match="is being removed since"):
        asyncio.run(asked(trusted=0.0))


@NEEDS_OXIGRAPH
def test_a_server_whose_version_is_removed_says_503_until_it_finds_a_whole_one(
    engine_here: Remote, tmp_path: Path
) -> None:
    first, clock = small(tmp_path, 1), Clock(now())
    push(first, engine_here, clock=clock)
    with _served(engine_here) as client:
        limit = count(1)

        def shown() -> tuple[int, str, int]:
            # Each time another query, for answers are kept.
            found = client.get("/sparql", params={"query": f"{VALUES} LIMIT {next(limit)}"})
            return found.status_code, found.json().get("type", "rows"), client.get("/readyz").status_code

        def waits_for(expected: tuple[int, str, int]) -> None:
            until = time.monotonic() + 30
            while shown() != expected:
                assert time.monotonic() < until, shown()
                time.sleep(0.2)

        assert shown() == (200, "rows", 200)
        # A version that is not there is never taken up; so the old one is served on, also when it is retired.
        engine_here.client.add(POINTER, Pointer(99, "missing").statement().encode())
        assert len(prune(engine_here, clock).retired) == 1
        time.sleep(2.5)
        assert shown() == (200, "rows", 200)
        clock.go_on(days=2)
        assert len(prune(engine_here, clock).removed) == 1
        waits_for((503, "https://w3id.org/ketagraph/errors/version-removed", 503))
        assert push(first, engine_here, clock=clock).version == f"{pushing.version_of(first)}.2"
        waits_for((200, "rows", 200))


@NEEDS_OXIGRAPH
def test_assistants_are_answered_from_the_version_that_is_current(
    engine_here: Remote, tmp_path: Path
) -> None:
    tools, found = Tools(engine_here.client.address, Limits()), []
    for number in (1, 2):
        push(small(tmp_path, number), engine_here)
        found.append([row["value"] for row in tools.kg.select(VALUES)])
    assert found == [["1"], ["2"]]


@NEEDS_OXIGRAPH
def test_the_command_retires_and_removes(engine_here: Remote, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        push(small(tmp_path, number), engine_here)
    # Long ago, by the clock of the command.
    prune(engine_here, Clock(), keep=2)
    command = [sys.executable, "-m", "ketagraph", "push", "--engine", engine_here.url, "--prune"]
    done = subprocess.run([*command, "--keep", "1", "--grace", "0.1"], capture_output=True, text=True)
    first, second, third = (pushing.version_of(small(tmp_path, number)) for number in (1, 2, 3))
    assert done.returncode == 0
    assert re.sub("after .*", "after …", done.stderr).splitlines() == [
        f"version {second}: retired; removed by a push after …",
        f"version {first}: removed, 4 graphs",
        f"{engine_here.url}: 1 version(s) retired, 1 removed",
    ]
    assert engine_here.history().versions == (third, second)


@NEEDS_OXIGRAPH
def test_doctor_tells_which_versions_stand_in_an_engine(
    engine_here: Remote, tmp_path: Path, release: Release
) -> None:
    clock = Clock()
    for each in (small(tmp_path, 1), small(tmp_path, 2), release):
        push(each, engine_here, clock=clock)
    prune(engine_here, clock, keep=2)
    command = [sys.executable, "-m", "ketagraph", "doctor", "--engine", engine_here.url, "--format", "json"]
    done = subprocess.run([*command, "--release", str(release.path.parent)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = (pushing.version_of(small(tmp_path, number)) for number in (1, 2))
    assert json.loads(done.stdout)["versions"] == [
        {"version": pushing.version_of(release), "state": "served", "since": None},
        {"version": second, "state": "kept", "since": None},
        {"version": first, "state": "retired", "since": "2026-01-01T00:00:00Z"},
    ]
