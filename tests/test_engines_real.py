"""Real engines: every question as the embedded store answers it, and a push that may be killed anywhere."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
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
from ketagraph.engines.store import EngineSettings, EngineStore
from ketagraph.engines.view import versioned
from ketagraph.errors import EngineFailed, EnvironmentFault, QueryRefused
from ketagraph.releases import Release
from ketagraph.remote import Remote
from ketagraph.sources import Layout
from ketagraph.store import Query
from ketagraph.store.engine import Engine
from paging import serving

HELD_OUT = [
    ("contradictions-about", {"concept": "keta:Ketamine"}),
    ("contradictions-about", {"concept": "keta:OpioidConsumption"}),
    ("how-long-benefits-last", {"drug": "keta:Ketamine"}),
    ("class-effect-verdicts", {"target": "keta:MuOpioidReceptor", "condition": "keta:NeuropathicPain"}),
    ("necessity-verdicts", {"target": "keta:NMDAReceptor"}),
    ("mechanism-chain", {"from": "keta:InadequateVitaminD", "to": "keta:ChronicPain"}),
    ("mechanism-chain", {"from": "keta:Ketamine", "to": "keta:Sensitisation"}),
    ("where-in-text", {"concept": "keta:Ketamine"}),
]
"""Questions with other values than their defaults, each of which an engine once got wrong."""

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


def silent(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module", params=["oxigraph", "virtuoso", "yours"])
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
        else:
            url = os.environ.get("KETAGRAPH_TEST_ENGINE")
            if not url:
                pytest.skip("KETAGRAPH_TEST_ENGINE names no engine")
            dialect = named(os.environ.get("KETAGRAPH_TEST_ENGINE_KIND", "generic"))
            remote = Remote(url, credentials=credentials(os.environ), dialect=dialect)
        pushed = pushing.push(release, remote, progress=silent)
        assert pushed.switched
        yield kind, remote


def test_every_question_gives_the_rows_of_the_embedded_store_in_their_order(
    engine_of: tuple[str, Remote], where: Layout, engine: Engine, dossier: Dossier
) -> None:
    asked = [questions.read(path) for path in sorted(where.queries.glob("*.rq"))]
    found = parity.compared(asked, engine, engine_of[1], dossier.lexicon.resolve)
    unlike = {each.question: (each.state, each.rows, each.found) for each in found if each.state != "same"}
    assert unlike == {}


@pytest.mark.parametrize(("slug", "values"), HELD_OUT)
def test_other_values_give_the_same_rows(
    engine_of: tuple[str, Remote], where: Layout, engine: Engine, slug: str, values: dict[str, str]
) -> None:
    text = questions.bind(questions.read(where.queries / f"{slug}.rq"), values)
    assert engine_of[1].select(text) == engine.select(text)


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
    pushed = pushing.push(tiny, remote, by_updates=True, progress=silent)
    # A graph without statements is there already.
    assert (pushed.loaded, pushed.switched) == (4, True)
    assert served(remote) == {"9"}
    # By the other way the same graphs are found, and the release is switched back to.
    assert pushing.push(tiny, remote, progress=silent).loaded == 0
    assert pushing.push(release, remote, progress=silent).loaded == 0


def test_a_second_push_has_nothing_to_do(engine_of: tuple[str, Remote], release: Release) -> None:
    pushed = pushing.push(release, engine_of[1], progress=silent)
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


def small(folder: Path, number: int) -> Release:
    """A release of two graphs; ``number`` tells it from others."""
    lines = (
        "".join(
            f'<urn:s{each}> <urn:p> "{number}" <{names.graph(graph)}> .\n'
            for graph in ("evidence", "ontology")
            for each in range(20)
        )
        + f"<urn:a> <urn:knows> _:b <{names.graph('ontology')}> .\n"
    )
    path = folder / f"release-{number}"
    path.mkdir()
    (path / "ketagraph.nq").write_text(lines, encoding="utf-8")
    digest = sha256(lines.encode()).hexdigest()
    return Release(path, {"files": {"ketagraph.nq": {"sha256": digest}}})


def served(remote: Remote) -> set[str]:
    """Every value that the version in service shows."""
    text = "SELECT DISTINCT ?value WHERE { ?s <urn:p> ?value } ORDER BY ?value"
    return {row[0].value for row in Remote(remote.url).select(text)[1] if row[0]}


@pytest.fixture
def engine_here(tmp_path: Path) -> Iterator[Remote]:
    with real_engines.oxigraph(tmp_path) as remote:
        yield remote


class Killed(BaseException):
    """The end of the process, as far as a test can have it in its own."""


@NEEDS_OXIGRAPH
@pytest.mark.parametrize("by_updates", [False, True], ids=["graphs", "updates"])
def test_killed_at_any_request_the_old_version_is_whole_and_the_push_goes_on(
    engine_here: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_updates: bool
) -> None:
    old = small(tmp_path, 1)
    pushing.push(old, engine_here, by_updates=by_updates, progress=silent)
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
            pushing.push(
                small(tmp_path, number), Remote(engine_here.url), by_updates=by_updates, progress=silent
            )
        except Killed:
            monkeypatch.setattr(Client, "_sent", sent)
            assert len(served(engine_here)) == 1
            most = number
        else:
            break
    monkeypatch.setattr(Client, "_sent", sent)
    assert most > 5
    assert served(engine_here) == {str(number)}
    resumed = pushing.push(old, engine_here, by_updates=by_updates, progress=silent)
    assert (resumed.loaded, resumed.switched) == (0, True)
    assert served(engine_here) == {"1"}


@NEEDS_OXIGRAPH
def test_a_push_that_is_killed_goes_on(engine_here: Remote, release: Release, tmp_path: Path) -> None:
    pushing.push(small(tmp_path, 1), engine_here, progress=silent)
    command = [sys.executable, "-m", "ketagraph", "push", "--engine", engine_here.url]
    command += ["--release", str(release.path.parent)]
    for lines in (1, 4):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr
        while lines and (said := process.stderr.readline()):
            lines -= "statements" in said
        process.kill()
        process.wait()
        process.stderr.close()
        assert served(engine_here) == {"1"}
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, "there already" in done.stderr) == (0, True)
    assert pushing.version_of(release) == Remote(engine_here.url).view.version


@NEEDS_OXIGRAPH
def test_what_was_imported_is_pushed_with_the_release(engine_here: Remote, tmp_path: Path) -> None:
    release, external = small(tmp_path, 1), names.graph("external/other")
    imported = tmp_path / "other.nq"
    shared = f'<urn:s1> <urn:p> "1" <{external}> .\n'
    imported.write_text(f"{shared}<urn:x> <urn:is> <urn:imported> <{external}> .\n", encoding="utf-8")
    pushing.push(release, engine_here, imported=[imported], progress=silent)
    seen = Remote(engine_here.url)
    assert seen.view.names == (names.graph("evidence"), external, names.graph("ontology"))
    # A statement of several graphs counts once in the default graph.
    assert seen.ask("ASK { <urn:x> <urn:is> <urn:imported> }")
    assert [row[0].value for row in seen.select(COUNT)[1] if row[0]] == ["22"]
    assert pushing.version_of(release, [imported]) != pushing.version_of(release)


@NEEDS_OXIGRAPH
def test_a_half_loaded_version_is_not_taken_up(engine_here: Remote, tmp_path: Path) -> None:
    first, second = small(tmp_path, 1), small(tmp_path, 2)
    pushing.push(first, engine_here, progress=silent)

    async def followed() -> tuple[str, str]:
        settings = EngineSettings(engine_here.client.address, recheck=0.05)
        store = await EngineStore.open(settings)
        before = store.edition
        await asyncio.to_thread(pushing.push, second, engine_here, progress=silent)
        while store.edition == before:
            await asyncio.sleep(0.05)
        taken = store.edition
        evidence = versioned(pushing.version_of(first)) + "evidence"
        engine_here.client.drop(evidence)
        pointer = pushing.Pointer(pushing.version_of(first), 99)
        engine_here.client.add(pushing.POINTER, pointer.statement().encode())
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
        pushing.push(small(tmp_path, 1), remote, progress=silent)
    with real_engines.oxigraph(tmp_path, read_only=True) as remote:
        with pytest.raises(EngineFailed, match=r"cannot write to it|does not let us"):
            pushing.push(small(tmp_path, 2), remote, progress=silent)
        assert served(remote) == {"1"}


@NEEDS_OXIGRAPH
def test_a_disk_that_is_full_leaves_the_old_version(
    engine_here: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushing.push(small(tmp_path, 1), engine_here, progress=silent)
    put, calls = Client.put, []

    def full(self: Client, iri: str, statements: bytes) -> None:
        calls.append(iri)
        if len(calls) == 2:
            raise EngineFailed(f"{self.address.url}: cannot write to it: 507: no space left on device")
        put(self, iri, statements)

    monkeypatch.setattr(Client, "put", full)
    with pytest.raises(EngineFailed, match="no space left"):
        pushing.push(small(tmp_path, 2), engine_here, progress=silent)
    assert served(engine_here) == {"1"}


@NEEDS_OXIGRAPH
def test_files_for_a_bulk_loader_are_found_when_they_are_loaded(engine_here: Remote, tmp_path: Path) -> None:
    release = small(tmp_path, 1)
    for path in pushing.write_files(release, engine_here.client.address.dialect, tmp_path / "bulk"):
        graph = path.with_name(f"{path.name}.graph").read_text(encoding="utf-8").strip()
        engine_here.client.put(graph, path.read_bytes())
    pushed = pushing.push(release, engine_here, progress=silent)
    # The manifest alone is left to load.
    assert (pushed.loaded, pushed.switched) == (1, True)


def test_an_engine_that_is_down_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="cannot be reached"):
        pushing.push(small(tmp_path, 1), Remote("http://127.0.0.1:9/query"), progress=silent)
