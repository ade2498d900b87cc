"""The pages in a real browser: by keyboard, in light and dark, narrow and wide, with hostile data.

Skipped where Playwright, a Chromium or the built scripts are missing. ``KETAGRAPH_SCREENSHOTS`` names a
folder to keep a picture of every page in; ``KETAGRAPH_CHROMIUM`` a browser.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ketagraph import releases
from ketagraph.server.pages.assets import assets
from paging import serving

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

ROOT = Path(__file__).parent.parent.parent
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = os.environ.get("KETAGRAPH_CHROMIUM") or next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(
        "site.js" not in assets(), reason="the scripts have not been built; run: python3 run.py"
    ),
]

CHECK = "/check?subject=ketamine&relation=relieves&object=fibromyalgia"
PAGES = (
    "/",
    "/search?q=neuropathic",
    "/questions",
    "/questions/trials-of-condition",
    CHECK,
    "/evidence",
    "/contradictions",
    "/coverage",
    "/workbench",
    "/term/keta:Ketamine",
    "/trial/mendola-2012",
    "/claim/ketamine-antagonises-nmda-receptor",
    "/schema",
    "/links",
    "/data",
    "/api",
    "/status",
    "/questions/nothing",
)
LOOKS = (("light", 360), ("light", 1600), ("dark", 360), ("dark", 1600))
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
EVIL = '<img src=x onerror="document.title=1"><script>document.title=2</script>'

Sheet = Any
Open = Callable[..., Sheet]


@pytest.fixture(scope="module")
def url(release: releases.Release) -> Iterator[str]:
    with serving(release.data, release.path.parent) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@contextmanager
def sheet(browser: Any, url: str, *, scheme: str = "light", width: int = 1280) -> Iterator[Sheet]:
    """A page whose every request must stay on ``url`` and whose console must stay silent."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce", base_url=url
    )
    made = context.new_page()
    faults: list[str] = []
    made.on("request", lambda each: each.url.startswith((url, "blob:")) or faults.append(f"asked {each.url}"))
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on(
        "console",
        lambda said: said.type == "error" and " status of " not in said.text and faults.append(said.text),
    )
    try:
        yield made
        assert faults == []
    finally:
        context.close()


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed in web/node_modules")
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_page_is_accessible_and_fits(browser, url, scheme, width):
    found = {}
    with sheet(browser, url, scheme=scheme, width=width) as page:
        for path in PAGES:
            page.goto(path, wait_until="networkidle")
            page.evaluate(AXE.read_text())
            result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            over = page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
            found[path] = [each["id"] for each in result["violations"]] + (["too wide"] if over else [])
            keep(page, f"{path}-{scheme}-{width}")
    assert {path: faults for path, faults in found.items() if faults} == {}


def keep(page: Sheet, name: str) -> None:
    if folder := os.environ.get("KETAGRAPH_SCREENSHOTS"):
        plain = "".join(letter if letter.isalnum() else "-" for letter in name).strip("-") or "front"
        page.screenshot(path=Path(folder) / f"{plain}.png", full_page=True)


def test_the_first_answer_comes_by_keyboard_within_a_minute(browser, url):
    with sheet(browser, url) as page:
        began = time.monotonic()
        page.goto("/")
        page.keyboard.press("/")
        page.keyboard.type("neuropathic", delay=60)
        page.wait_for_selector("[role=option]")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**/term/keta:NeuropathicPain")
        page.goto("/")
        page.locator("a.card").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/questions/**")
        page.get_by_role("table").wait_for()
        page.get_by_role("link", name="Edit in the workbench").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/workbench?**")
        page.wait_for_selector("body.scripted")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("#output table")
        assert time.monotonic() - began < 60
        assert page.locator("#output tbody tr").count() > 0


def test_a_table_sorts_and_filters(browser, url):
    with sheet(browser, url) as page:
        page.goto("/questions/null-findings")
        cells = page.locator("main tbody tr:visible td:first-child")
        page.locator("main thead button").first.click()
        page.locator("main thead button").first.click()
        names = cells.all_inner_texts()
        assert names[0] >= names[-1]
        page.get_by_label("Filter rows").fill("mendola")
        assert {"Mendola" in name for name in cells.all_inner_texts()} <= {True}


def opened(page: Sheet, query: str) -> None:
    page.goto(f"/workbench?query={quote(query)}")
    page.wait_for_selector("body.scripted")


def test_cancel_stops_a_query_on_the_server(browser, url):
    with sheet(browser, url) as page:
        opened(page, ENDLESS)
        page.keyboard.press("Control+Enter")
        page.get_by_role("button", name="Cancel").wait_for()
        page.wait_for_function("() => parseFloat(document.querySelector('#clock').textContent) > 0.2")
        page.keyboard.press("Escape")
        page.get_by_text("Cancelled").wait_for(timeout=3000)
        assert page.get_by_role("button", name="Run").is_enabled()


def test_an_error_is_marked_at_its_line(browser, url):
    with sheet(browser, url) as page:
        opened(page, "SELECT *\nWHERE { ?s ?p . ?o }\n")
        page.keyboard.press("Control+Enter")
        page.locator("#status.bad").wait_for()
        page.locator(".cm-lint-marker-error").wait_for()
        assert "line 2" in page.inner_text("#status")


def test_a_label_completes_to_a_name_with_its_prefix(browser, url):
    with sheet(browser, url) as page:
        opened(page, "SELECT * WHERE { }")
        page.wait_for_load_state("networkidle")
        page.locator(".cm-content").click()
        page.keyboard.press("Control+a")
        page.keyboard.type("ASK { ?s ?p neuropathic", delay=15)
        page.locator(".cm-tooltip-autocomplete").wait_for()
        page.wait_for_timeout(200)
        page.keyboard.press("Enter")
        text = page.locator(".cm-content").inner_text()
        assert "PREFIX keta: <https://w3id.org/ketagraph/>" in text
        assert "keta:NeuropathicPain" in text


def test_a_cut_answer_says_so_and_offers_the_rest(browser, url):
    with sheet(browser, url) as page:
        opened(page, "SELECT * { ?s ?p ?o }")
        page.keyboard.press("Control+Enter")
        page.get_by_text("There are more").wait_for()
        assert "format=csv" in (page.get_by_role("link", name="Download all").get_attribute("href") or "")


def test_tabs_outlive_the_page_and_links_carry_the_query(browser, url):
    with sheet(browser, url) as page:
        opened(page, "ASK { ?s ?p 42 }")
        page.get_by_role("button", name="Share").click()
        page.wait_for_function("() => location.hash.startsWith('#q=')")
        shared = page.url
        page.goto("/workbench")
        page.wait_for_selector("body.scripted")
        assert "42" in page.locator(".cm-content").inner_text()
        page.goto(shared.replace("build=", "build=other"))
        page.get_by_text("made with other data").wait_for()


def test_a_graph_is_drawn_of_triples_and_of_paths(browser, url):
    with sheet(browser, url) as page:
        page.goto(CHECK)
        page.locator("figure.drawing canvas").first.wait_for()
        opened(page, "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER(isIRI(?o)) } LIMIT 20")
        page.keyboard.press("Control+Enter")
        page.get_by_role("button", name="Graph").click()
        page.locator("#output canvas").first.wait_for()


HOSTILE_ROWS = f"""
SELECT ?evil ?tagged ?typed ?link {{
  VALUES (?evil ?tagged ?typed ?link) {{
    ({EVIL!r} {EVIL!r}@en {EVIL!r}^^<http://e/?x=%3Cscript%3E> <javascript:alert(1)>)
  }}
}}
"""


@pytest.mark.parametrize("view", ["Table", "Chart", "Graph", "Raw"])
def test_hostile_values_do_nothing_in_any_view(browser, url, view):
    with sheet(browser, url) as page:
        opened(page, HOSTILE_ROWS)
        page.keyboard.press("Control+Enter")
        page.locator("#views").wait_for()
        page.get_by_role("button", name=view, exact=True).click()
        page.wait_for_timeout(200)
        assert page.title() == "Workbench · KetaGraph"
        assert page.locator("#output img, #output script, #output a[href^='javascript']").count() == 0


@pytest.mark.parametrize(
    "path", ["/", "/questions/trials-of-condition", CHECK, "/workbench", "/trial/mendola-2012"]
)
def test_pages_work_without_scripts(browser, url, path):
    context = browser.new_context(java_script_enabled=False, base_url=url)
    page = context.new_page()
    page.goto(path)
    assert page.locator("h1").count() == 1
    assert page.locator("button:visible, a:visible").count() > 5
    if path == "/workbench":
        assert page.locator("textarea:visible").count() == 1
    context.close()
