from __future__ import annotations

import pytest

from ketagraph.server.negotiation import choose
from ketagraph.store.formats import BINDINGS, GRAPHS

JSON, XML = "application/sparql-results+json", "application/sparql-results+xml"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", "text/xml"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/csv;q=0.1", "text/csv"),
        (f"{XML}, {JSON}", XML),
        (f"{XML};q=0.5, {JSON};q=0.9", JSON),
        (f"{JSON};q=0, application/json;q=0, */*", XML),
        ("*/*, text/csv", "text/csv"),
        ("text/csv;q=0.2, */*;q=0.8", JSON),
        ("text/csv; header=present; q=0.7, text/tab-separated-values;q=0.6", "text/csv"),
        ("application/json", "application/json"),
        ("text/csv;q=2, application/json;q=nonsense", "text/csv"),
        (",;,text/csv", "text/csv"),
        (BROWSER, "application/xml"),
        ("text/turtle", None),
        ("text/csv;q=0", None),
        ("*/*;q=0", None),
        (" , ", JSON),
        ("json", None),
        ("json, text/csv;q=0.1", "text/csv"),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", JSON),
    ],
)
def test_rows_are_written_as_the_client_likes_best(accept, chosen):
    assert choose(accept, BINDINGS) == chosen


def test_graphs_default_to_turtle():
    assert choose("", GRAPHS) == "text/turtle"
    assert choose("application/ld+json, text/turtle;q=0.9", GRAPHS) == "application/ld+json"
