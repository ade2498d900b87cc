"""The front page: the endpoint, its limits and the questions, in one document that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from importlib.resources import files
from string import Template

from ketagraph.server.config import ServeConfig

__all__ = ["front_page", "policy"]

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def front_page(config: ServeConfig, endpoint: str) -> str:
    """Fill the page; every value is escaped."""
    title = config.info.get("title", "KetaGraph")
    values = {
        "title": title,
        "summary": config.info.get("summary", ""),
        "version": " ".join(filter(None, (title, config.info.get("version", "")))),
        "endpoint": endpoint,
        "timeout": f"{config.timeout:g}",
        "memory": str(config.memory_mb),
        "rows": str(config.max_rows),
    }
    escaped = {name: escape(value) for name, value in values.items()}
    return Template(_template()).substitute(escaped, questions=_questions(config))


def policy() -> str:
    """Write the page's Content-Security-Policy: its own style, a form to this server, nothing else."""
    found = _STYLE.search(_template())
    style = found[1] if found else ""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def _template() -> str:
    return files("ketagraph.server").joinpath("index.html").read_text(encoding="utf-8")


def _questions(config: ServeConfig) -> str:
    if not config.questions:
        return "<p>This dataset comes without prepared questions.</p>"
    listed = sorted(config.questions, key=lambda question: question.slug)
    items = (
        f"<dt><code>ketagraph query {escape(question.slug)}</code></dt>\n<dd>{escape(question.summary)}</dd>"
        for question in listed
    )
    return "<dl>\n" + "\n".join(items) + "\n</dl>"
