"""The pages over a real server, without a browser: what they say, what they load, what they refuse."""

from __future__ import annotations

import asyncio
import csv
import gzip
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from jinja2 import Environment
from rdflib import Graph

from ketagraph import names, questions, releases, sources
from ketagraph.dossier import Dossier
from ketagraph.server.pages import knowledge, site
from ketagraph.server.pages.knowledge import Knowledge
from ketagraph.server.pages.records import Term
from ketagraph.server.pages.trials import timeline
from ketagraph.store.engine import Engine
from ketagraph.store.pool import Pool, PoolSettings
from paging import Page, serving

ROOT = Path(__file__).parent.parent
PAGES = (
    "/",
    "/search?q=neuropathic",
    "/questions",
    "/questions/trials-of-condition?condition=CRPS",
    "/check",
    "/check?subject=ketamine&relation=relieves&object=fibromyalgia",
    "/evidence",
    "/evidence?all",
    "/contradictions",
    "/coverage",
    "/workbench",
    "/term/keta:Ketamine",
    "/term/keta:antagonises",
    "/trial/sigtermans-2009",
    "/trial/mendola-2012",
    "/claim/ketamine-antagonises-nmda-receptor",
    "/schema",
    "/links",
    "/data",
    "/api",
    "/status",
)
QUESTIONS = [questions.read(path) for path in sorted(sources.layout(ROOT).queries.glob("*.rq"))]


@pytest.fixture(scope="module")
def client(release: releases.Release) -> Iterator[httpx.Client]:
    with serving(release.data, release.path.parent) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def page(client: httpx.Client, path: str, status: int = 200) -> Page:
    answer = client.get(path)
    assert answer.status_code == status, answer.text[:500]
    return Page(answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_and_loads_nothing_from_elsewhere(client, path):
    answer = client.get(path)
    found = Page(answer.text)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert found.faults == []
    assert found.tags.count("h1") == 1
    assert not [each for each in found.links if each.startswith("//")]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sent_once(client, path):
    tag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_every_link_of_the_main_pages_leads_somewhere(client):
    found = {link for path in PAGES for link in page(client, path).links if link.startswith("/")}
    kinds: dict[str, list[str]] = {}
    for link in sorted(found):
        kinds.setdefault("/".join(link.split("?")[0].split("/")[:2]), []).append(link)
    # A few of each kind: there are more than a thousand.
    tried = [link for links in kinds.values() for link in links[:: max(1, len(links) // 8)]]
    broken = [(link, code) for link in tried if (code := client.get(link).status_code) not in {200, 303}]
    assert broken == []


def test_the_front_page_counts_what_the_graph_holds(client):
    said = " ".join(page(client, "/").words)
    count = client.get(
        "/sparql",
        params={"query": f"SELECT (COUNT(*) AS ?n) {{ ?s a <{names.term('Claim')}> }}", "format": "csv"},
    ).text.split()[1]
    assert re.search(rf"claims\s+{count}\b", said)
    assert "Not medical advice" in said


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("neuropathic", "neuropathic pain"),
        ("CRPS", "complex regional pain syndrome"),
        ("MG30.04", "complex regional pain syndrome"),
    ],
)
def test_the_search_box_finds_by_label_synonym_and_identifier(client, typed, label):
    assert client.get("/suggest", params={"q": typed}).json()[0]["label"] == label


def test_a_near_miss_is_suggested(client):
    assert "ketamine" in {each["label"] for each in client.get("/suggest", params={"q": "ketamin e"}).json()}


def test_a_sentence_s_address_leads_to_the_sentence(client):
    answer = client.get("/search", params={"q": "36.7"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/questions/from-sentence?sentence=36.7")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.slug)
def test_a_question_s_page_shows_what_sparql_answers(client, question):
    try:
        text = questions.bind(question, {})
    except questions.QueryRefused:
        assert page(client, f"/questions/{question.slug}", status=422)
        return
    if not text.lstrip().upper().startswith(("PREFIX", "SELECT")) or "SELECT" not in text:
        pytest.skip("no rows")
    answer = client.post("/sparql", data={"query": text}, headers={"Accept": "text/csv"})
    expected = list(csv.reader(io.StringIO(answer.text)))[1:]
    shown = [row for row in page(client, f"/questions/{question.slug}").rows if row]
    assert len(shown) == len(expected)
    for row, wanted in zip(shown, expected, strict=True):
        plain = [cell for cell, value in zip(row, wanted, strict=True) if not value.startswith("http")]
        assert plain == [value for value in wanted if not value.startswith("http")]


def test_a_question_takes_labels_synonyms_and_curies_alike(client):
    paths = [f"/questions/trials-of-condition?condition={name}" for name in
             ("CRPS", "complex regional pain syndrome", "keta:ComplexRegionalPainSyndrome")]  # fmt: skip
    rows = [page(client, path).rows for path in paths]
    assert rows[0] == rows[1] == rows[2]
    assert len(rows[0]) > 5


def test_an_unknown_value_is_refused_with_suggestions(client):
    found = page(client, "/questions/trials-of-condition?condition=fibromyalgja", status=422)
    assert "fibromyalgia" in " ".join(found.words)


@pytest.mark.parametrize(
    "path",
    ["/questions/nothing", "/term/keta:Nothing", "/term/nothing", "/trial/nothing", "/claim/sigtermans-2009",
     "/term/%3Cscript%3E", "/static/nothing", "/static/..%2Fsite.py", "/data/..%2Fmanifest.json"],
)  # fmt: skip
def test_what_is_not_there_is_told(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(("form", "kind"), [("ttl", "turtle"), ("nt", "nt"), ("jsonld", "json-ld")])
def test_a_term_comes_as_rdf(client, engine: Engine, form, kind):
    iri = names.term("ComplexRegionalPainSyndrome")
    found = Graph().parse(data=client.get(f"/term/keta:ComplexRegionalPainSyndrome.{form}").text, format=kind)
    _, rows = engine.select(f"SELECT DISTINCT ?s ?p ?o {{ ?s ?p ?o FILTER(?s = <{iri}> || ?o = <{iri}>) }}")
    assert len(found) == len(list(rows))


def test_the_coverage_page_agrees_with_the_coverage_query(client, dossier: Dossier):
    answer = client.post("/sparql", data={"query": coverage_query()}, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    said = " ".join(page(client, "/coverage").words)
    used = sum(int(row["records"]) > 0 for row in rows)
    assert re.search(rf"sentences\s+{len(rows)}\s+used\s+{used}\b", said)


def coverage_query() -> str:
    return (ROOT / "src/ketagraph/sparql/coverage.rq").read_text()


@pytest.mark.parametrize("subject", ["ketamine", "memantine"])
@pytest.mark.parametrize("condition", ["fibromyalgia", "phantom limb pain"])
def test_the_check_page_says_what_the_judge_says(client, dossier: Dossier, subject, condition):
    judged = dossier.evidence.judge(dossier.claim(subject, "relieves", condition))
    answer = client.get("/check", params={"subject": subject, "relation": "relieves", "object": condition})
    verdict = re.search(r"sign-big[^>]*>([^<]+)<", answer.text)
    assert verdict
    assert verdict[1] == str(judged.verdict)


def test_every_judgement_is_a_cell_of_the_matrix(client, engine: Engine):
    _, rows = engine.select(f"SELECT ?j {{ ?j a <{names.term('Judgement')}> }}")
    judged = len(list(rows))
    cells = [link for link in page(client, "/evidence?all").attributes if link[2].startswith("/check?")]
    assert len(cells) == judged


def test_a_file_of_the_release_has_the_digest_that_is_shown(client):
    body = client.get("/data/void.ttl").content
    assert hashlib.sha256(body).hexdigest() in client.get("/data").text


KETA = "PREFIX keta: <https://w3id.org/ketagraph/> PREFIX kid: <https://w3id.org/ketagraph/id/>"


def counted(client: httpx.Client, pattern: str) -> int:
    """Ask the endpoint how many things ``?x`` match ``pattern``."""
    query = f"{KETA} SELECT (COUNT(DISTINCT ?x) AS ?n) {{ {pattern} }}"
    return int(client.get("/sparql", params={"query": query, "format": "csv"}).text.split()[1])


@pytest.mark.parametrize(
    ("path", "patterns"),
    [
        ("/trial/mendola-2012", ["?x keta:findingOf kid:mendola-2012 ; a keta:Finding",
                                 "?x keta:interventionOf ?arm . ?arm keta:armOf kid:mendola-2012",
                                 "?x keta:findingOf kid:mendola-2012 ; a keta:AdverseEventFinding"]),
        ("/claim/ketamine-antagonises-nmda-receptor",
         ["?x keta:evidenceFor kid:ketamine-antagonises-nmda-receptor"]),
        ("/contradictions", ["?x a keta:Contradiction"]),
    ],
)  # fmt: skip
def test_a_page_has_a_row_for_each_record_that_sparql_counts(client, path, patterns):
    shown = [row for row in page(client, path).rows if row]
    assert len(shown) == sum(counted(client, pattern) for pattern in patterns)


def test_the_term_page_has_every_claim_and_finding_of_its_drug(client):
    shown = [row for row in page(client, "/term/keta:Ketamine").rows if row]
    claims = counted(client, "?x a keta:Claim ; keta:subject|keta:object keta:Ketamine")
    assert sum(len(row) == 6 for row in shown) == claims


def test_the_schema_page_counts_members_and_names_an_example(client):
    rows = {row[0] if row else "": row for row in page(client, "/schema").rows}
    shown = client.get("/schema").text
    members = counted(client, "?x a keta:Claim")
    assert re.search(rf">claim</a></th><td class=\"num\">{members}<", shown)
    assert len(rows) > 5
    assert "/claim/" in shown


def test_the_links_page_lists_every_match(client):
    found = counted(client, "GRAPH <https://w3id.org/ketagraph/graph/mappings> { ?x a ?any }")
    assert found > 0
    query = (ROOT / "src/ketagraph/sparql/page-matches.rq").read_text()
    answer = client.post("/sparql", data={"query": query}, headers={"Accept": "text/csv"})
    matches = len(list(csv.reader(io.StringIO(answer.text)))) - 1
    assert sum(len(row) == 3 for row in page(client, "/links").rows if row) >= matches


def test_the_data_page_counts_each_graph_as_sparql_does(client):
    said = " ".join(page(client, "/data").words)
    query = "SELECT (COUNT(*) AS ?n) { GRAPH <https://w3id.org/ketagraph/graph/effects> { ?s ?p ?o } }"
    count = int(client.get("/sparql", params={"query": query, "format": "csv"}).text.split()[1])
    assert re.search(rf"graph/effects\s+{count:,}\s".replace(",", "\N{NARROW NO-BREAK SPACE}"), said + " ")


@pytest.mark.parametrize("subject", ["ketamine", "memantine"])
@pytest.mark.parametrize("condition", ["fibromyalgia", "phantom limb pain"])
def test_the_sparql_of_the_check_page_holds_every_step_that_decided(client, subject, condition):
    asked = {"subject": subject, "relation": "relieves", "object": condition}
    told = client.post("/api/judge", json=asked).json()
    paths = told["mechanism"]["paths"]
    claims = {
        each for path in paths for hop in path["hops"] for way in hop["effects"] for each in way["claims"]
    }
    values = {"subject": told["claim"]["subject"]["iri"], "condition": told["claim"]["object"]["iri"]}
    text = questions.bind(site.page_query("steps"), values)
    answer = client.post("/sparql", data={"query": text}, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert claims
    assert claims <= {row["claim"] for row in rows}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sent_compressed(client, path):
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers.get("content-encoding") == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]


def test_the_budgets_are_kept(client):
    assert weight(client, "/") <= 60_000
    assert weight(client, "/workbench") <= 400_000


def weight(client: httpx.Client, path: str) -> int:
    """Bytes of a page with what it loads, by gzip."""
    text = client.get(path).text
    loaded = {
        value
        for tag, name, value in Page(text).attributes
        if name == "src" or (tag == "link" and value.startswith("/static/"))
    }
    return sum(len(gzip.compress(client.get(each).content)) for each in (path, *loaded))


HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)>" onmouseover="alert(1)'


def test_the_check_page_judges_by_a_file_that_is_no_release(client, release: releases.Release):
    asked = {"subject": "ketamine", "relation": "relieves", "object": "fibromyalgia"}
    with serving(release.data) as url:
        answer = httpx.get(f"{url}/check", params=asked, timeout=30)
    assert answer.status_code == 200, answer.text[:500]
    assert "mechanism without benefit" in answer.text
    assert "relieves</option>" in answer.text


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("hostile") / "data.nq"
    literal = HOSTILE.replace('"', '\\"')
    path.write_text(
        f'<http://e/a> <http://www.w3.org/2000/01/rdf-schema#label> "{literal}" <http://e/g> .\n'
        f'<http://e/a> <http://e/p> "{literal}"@en-x-script <http://e/g> .\n'
        "<http://e/a> <http://e/p> <javascript:alert(1)> <http://e/g> .\n"
        f'<http://e/a> <http://e/p> "{literal}"^^<javascript:alert(1)> <http://e/g> .\n'
    )
    with serving(path) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    ["/", "/workbench", "/term/http://e/a", "/schema", "/status", "/data", "/api",
     f"/workbench?query={HOSTILE}", f"/search?q={HOSTILE}", f"/term/{HOSTILE}",
     f"/check?subject={HOSTILE}&relation={HOSTILE}&object=x"],
)  # fmt: skip
def test_hostile_values_stay_text(hostile, path):
    answer = hostile.get(path)
    assert answer.status_code in {200, 404, 422}
    assert Page(answer.text).faults == []


def test_a_file_that_is_no_release_has_pages_too(hostile):
    assert "file of RDF" in " ".join(page(hostile, "/").words)


@pytest.mark.parametrize(("most", "is_cut"), [(knowledge._MOST_ROWS, False), (300, True)])
def test_pages_say_where_they_cannot_know_every_name(release, monkeypatch, most, is_cut):
    async def learnt() -> Knowledge:
        pool = await Pool.open(PoolSettings(release.data, workers=1, union=True))
        try:
            return await knowledge.learn(pool)
        finally:
            await pool.close()

    monkeypatch.setattr(knowledge, "_MOST_ROWS", most)
    known = asyncio.run(learnt())
    assert known.is_cut is is_cut
    assert known.labels
    told = "These data name more things than a page can know"
    base = (ROOT / "src/ketagraph/server/pages/templates/base.html").read_text("utf-8")
    footer = Environment(autoescape=True).from_string(base[base.index("<footer") :])
    assert (told in footer.render(k=known)) is is_cut


def test_every_page_query_is_a_guarded_question():
    found = sorted((ROOT / "src/ketagraph/sparql").glob("page-*.rq"))
    assert [
        path.stem for path in found if path.stem != "page-labels" and not site.page_query(path.stem[5:])
    ] == []


def test_a_timeline_places_findings_by_week():
    def finding(weeks: str, kind: str, verdict: str) -> dict[str, Term]:
        values = {
            "outcome": "http://e/pain",
            "comparison": "placebo",
            "weeks": weeks,
            "timeKind": kind,
            "verdict": verdict,
        }
        return {name: Term("literal", value) for name, value in values.items()}

    drawn = timeline(
        [
            finding("4", "until time", "favours intervention"),
            finding("12", "at time", "no significant difference"),
        ],
        Knowledge(""),
    )
    assert drawn
    early, late = drawn.marks
    assert (early.icon, late.icon) == ("good", "null")
    assert early.start < early.x < late.x == late.start
    assert len(drawn.rows) == 1


def test_a_trial_without_times_has_no_timeline():
    assert timeline([], Knowledge("")) is None
