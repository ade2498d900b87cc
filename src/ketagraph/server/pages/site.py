"""A configuration and a store in, what every page is made with out: rows, knowledge, templates, headers.

Every value in a template is escaped; the policy lets a page load nothing from elsewhere and run no script
or style that stands in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from fastapi import Request
from jinja2 import Environment, PackageLoader
from starlette.responses import Response

from ketagraph import __version__, names, questions
from ketagraph.questions import Question
from ketagraph.server.absent import absent
from ketagraph.server.config import ServeConfig
from ketagraph.server.lookup import Lookup
from ketagraph.server.pages import assets, formatting
from ketagraph.server.pages.conditional import matches
from ketagraph.server.pages.knowledge import Knowledge, learn
from ketagraph.server.pages.records import Table, ask
from ketagraph.store import Store

__all__ = ["HEADERS", "Site", "page_query"]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_REMEMBERED = 500
"""Answers kept; they are dropped when the data change."""


@cache
def page_query(name: str) -> Question:
    """Read a stored query ``sparql/page-<name>.rq``; its parameters are those of a question."""
    place = files("ketagraph") / "sparql" / f"page-{name}.rq"
    return questions.parse(place.read_text(encoding="utf-8"), f"page-{name}", place.name)


class Site:
    """What pages share; one for each application. ``config.questions`` mark a release."""

    def __init__(self, config: ServeConfig, store: Store, lookup: Lookup) -> None:
        self.config, self.store, self.lookup = config, store, lookup
        self.questions: Mapping[str, Question] = {
            each.slug: each for each in config.questions if isinstance(each, Question)
        }
        self.started = time.time()
        self.warming: asyncio.Task[None] | None = None
        self._templates = _environment()
        self._knowledge = Knowledge("")
        self._learning = asyncio.Lock()
        self._answers: dict[tuple[str, str], Table] = {}

    @property
    def is_release(self) -> bool:
        """Whether the graph is ours, and not some file of RDF."""
        return bool(self.questions)

    @property
    def release_folder(self) -> Path:
        """Where the served release lies; a pointer, so that it is always the current one."""
        return self.config.follow / "current" if self.config.follow else self.config.data.parent

    def built(self) -> str:
        """Return the day on which the served release was written, or nothing."""
        try:
            seconds = (self.release_folder / "manifest.json").stat().st_mtime
        except OSError:
            return ""
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()

    async def knowledge(self) -> Knowledge:
        """Return what is known of the graph as it is now."""
        if not self.is_release:
            return Knowledge(self.store.edition)
        if self._knowledge.edition != self.store.edition:
            async with self._learning:
                if self._knowledge.edition != self.store.edition:
                    self._answers.clear()
                    self._knowledge = await learn(self.store)
        return self._knowledge

    async def table(self, name: str, **values: str) -> Table:
        """Run a stored page query with its parameters."""
        return await self.ask(questions.bind(page_query(name), values))

    async def ask(self, text: str) -> Table:
        """Run a guarded query within the server's limits; answers are kept while the data stay."""
        key = (self.store.edition, text)
        if key not in self._answers:
            found = await ask(self.store, text, timeout=self.config.timeout, max_rows=self.config.max_rows)
            if len(self._answers) >= _REMEMBERED:
                self._answers.pop(next(iter(self._answers)))
            self._answers[key] = found
        return self._answers[key]

    async def render(
        self, request: Request, template: str, *, status: int = 200, **values: object
    ) -> Response:
        """Fill a template; answer 304 where the client has the page already."""
        shared = {
            "request": request,
            "config": self.config,
            "is_release": self.is_release,
            "k": await self.knowledge() if self.store.ready else Knowledge(""),
            "asset": assets.version,
            "version": self.config.info.get("version", __version__),
            "edition": self.store.edition[:12],
            "built": self.built() if self.is_release else "",
        }
        filling = self._templates.get_template(template)
        # The longest pages take a quarter of a second, in which others want to be answered.
        page = await asyncio.to_thread(filling.render, shared | values)
        return answer(request, page.encode(), status=status)


def answer(request: Request, body: bytes, *, status: int = 200) -> Response:
    """Send a page with its tag and policy."""
    tag = f'W/"{sha256(body).hexdigest()[:16]}"'
    headers = {**HEADERS, "ETag": tag, "Cache-Control": "no-cache"}
    if status == 200 and matches(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "text/html; charset=utf-8")


def thing(kind: str, slug: str, knowledge: Knowledge) -> str:
    """Return the IRI of a record of ours.

    Raises:
        NothingThere: there is no such record of that kind; those called like it are suggested.
    """
    iri = names.thing(slug)
    if knowledge.kind(iri) != kind:
        raise absent(kind.lower(), slug, knowledge.slugs(kind))
    return iri


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("ketagraph.server.pages"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= formatting.FILTERS
    return made
