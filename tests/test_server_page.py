from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from ketagraph.server import ServeConfig
from ketagraph.server.page import front_page, policy


@dataclass(frozen=True)
class Asked:
    slug: str
    summary: str


CONFIG = ServeConfig(
    Path("x.nq"),
    timeout=7.5,
    max_rows=123,
    questions=[Asked("b-second", "What <b>hurts</b>?"), Asked("a-first", "Why?")],
    info={"title": "Pain & <evil>", "version": "1.2"},
)
PAGE = front_page(CONFIG, "http://x/sparql")


class Attributes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def parsed() -> Attributes:
    found = Attributes()
    found.feed(PAGE)
    return found


def test_the_page_loads_nothing_and_runs_nothing():
    found = parsed()
    assert set(found.links) == {"sparql"}
    assert not {"script", "link", "img", "iframe"} & set(found.tags)
    assert not re.search(r"url\(|@import|\bon\w+=|javascript:", PAGE)


def test_values_are_escaped():
    assert "<b>hurts" not in PAGE
    assert "<evil>" not in PAGE
    assert "What &lt;b&gt;hurts&lt;/b&gt;?" in PAGE


def test_limits_and_questions_are_named():
    assert "7.5 s" in PAGE
    assert "123 rows" in PAGE
    assert PAGE.index("a-first") < PAGE.index("b-second")
    assert "without prepared questions" in front_page(ServeConfig(Path("x.nq")), "http://x/sparql")


def test_the_policy_allows_the_page_s_own_style_only():
    style = PAGE.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy().startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
