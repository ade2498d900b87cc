from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from ketagraph import names
from ketagraph.server.plain import policy, resource_page


def fact(direction: str, value: str, label: str | None = None) -> dict[str, str | None]:
    return {
        "direction": direction,
        "property": names.term("agent"),
        "property_label": "agent",
        "value": value,
        "value_label": label,
        "graph": names.graph("evidence"),
    }


EVIL = "<script>alert(1)</script>"
RESOURCE = {
    "iri": names.thing("trial-1"),
    "curie": "kid:trial-1",
    "label": f"A trial {EVIL}",
    "facts": [
        fact("out", names.term("Ketamine"), EVIL),
        fact("in", 'https://other.example/"><b>'),
        fact("out", "javascript:alert(1)"),
    ],
    "truncated": False,
}
PAGE = resource_page(RESOURCE, "http://x/")


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def parsed() -> Links:
    found = Links()
    found.feed(PAGE)
    return found


def test_the_page_loads_nothing_and_runs_nothing():
    assert not {"script", "link", "img", "iframe", "b"} & set(parsed().tags)
    assert not re.search(r"url\(|@import|\\bon\\w+=", PAGE)


def test_values_are_escaped_and_only_addresses_of_the_web_are_links():
    links = parsed().links
    assert 'https://other.example/"><b>' in links
    assert not [link for link in links if link.startswith("javascript")]
    assert PAGE.count("&lt;script&gt;") == 3


def test_minted_iris_lead_to_this_server():
    assert "http://x/Ketamine" in parsed().links
    assert "http://x/agent" in parsed().links


def test_more_than_is_shown_is_told():
    assert "There is more" not in PAGE
    assert "There is more" in resource_page(RESOURCE | {"truncated": True}, "http://x/")


def test_the_policy_allows_the_page_s_own_style_only():
    style = PAGE.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy().startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
