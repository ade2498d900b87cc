"""A server of the built release, or of any data, for the tests of the pages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import ketagraph

SERVE = """
import json, sys
from pathlib import Path
from ketagraph import questions, sources
from ketagraph.server import ServeConfig, serve
options = json.loads(sys.argv[1])
options["data"] = Path(options["data"])
if folder := options.pop("folder"):
    options["follow"] = Path(folder)
    options["questions"] = [questions.read(path) for path in sorted(sources.layout().queries.glob("*.rq"))]
serve(ServeConfig(**options), on_ready=lambda serving: print(serving.url, flush=True))
"""


@contextmanager
def serving(data: Path, folder: Path | None = None, **options: object) -> Iterator[str]:
    """Serve ``data``; ``folder`` is where it is a release. Yields the address."""
    settings = {"port": 0, "workers": 2, "union_default_graph": True} | options
    arguments = json.dumps(settings | {"data": str(data), "folder": str(folder or "")})
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(ketagraph.__file__).parents[1])},
    ) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        try:
            assert url, "the server did not start"
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)


class Page(HTMLParser):
    """What of a page matters for safety and for comparing: tags, attributes, links, table cells, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.rows: list[list[str]] = []
        self.words: list[str] = []
        self._cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._cell = False

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._cell:
            self.rows[-1][-1] += data

    @property
    def links(self) -> set[str]:
        return {value for _, name, value in self.attributes if name in {"href", "src", "action"}}

    @property
    def faults(self) -> list[tuple[str, str, str]]:
        """Whatever the policy would stop, or what runs."""
        loud = [each for each in self.attributes if each[1].startswith("on") or each[1] == "style"]
        inline = [("style", "", "")] * self.tags.count("style")
        scripts = [value for tag, name, value in self.attributes if tag == "script" and name == "src"]
        # A block of data, for search engines; nothing runs it.
        data = [each for each in self.attributes if each == ("script", "type", "application/ld+json")]
        bare = [("script", "", "")] * (self.tags.count("script") - len(scripts) - len(data))
        off = [("script", "src", value) for value in scripts if not value.startswith("/static/")]
        loading = [each for each in self.attributes if each[1] in {"href", "src", "action"}]
        evil = [each for each in loading if each[2].strip().lower().startswith(("javascript:", "data:"))]
        return [*loud, *inline, *bare, *off, *evil]
