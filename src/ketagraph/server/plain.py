"""Pages made of values alone: what is said of a resource, the reference. They load and run nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from ketagraph import names

__all__ = ["filled", "policy", "resource_page"]


def resource_page(resource: Mapping[str, Any], base: str) -> str:
    """Fill a page about one resource; ``base`` is this server's address, at which minted IRIs are read."""
    rows = "\n".join(_fact(fact, base) for fact in resource["facts"])
    title = escape(resource["label"] or resource["curie"])
    more = '<p>There is more; ask the <a href="/sparql">endpoint</a>.</p>' if resource["truncated"] else ""
    return filled("resource.html", title=title, iri=escape(resource["iri"]), rows=rows, more=more)


def filled(name: str, **values: str) -> str:
    """Fill a template with escaped values; its style is the one that :func:`policy` allows."""
    return Template(_text(name)).substitute(values, style=_text("plain.css"))


def _fact(fact: Mapping[str, Any], base: str) -> str:
    arrow = "" if fact["direction"] == "out" else "is "
    named = _linked(fact["property"], fact["property_label"], base)
    tail = "" if fact["direction"] == "out" else " of"
    value = _linked(fact["value"], fact["value_label"], base)
    graph = escape(fact["graph"].rsplit("/", 1)[-1])
    return f'<tr><th scope="row">{arrow}{named}{tail}</th><td>{value}</td><td>{graph}</td></tr>'


def _linked(value: str, label: str | None, base: str) -> str:
    """Write a value; an IRI of the web leads to where it is read."""
    shown = escape(label or names.compress(value))
    if not value.startswith(("https://", "http://")):
        return shown
    local = base + value.removeprefix(names.BASE) if value.startswith(names.BASE) else value
    return f'<a href="{escape(local)}">{shown}</a>'


def policy() -> str:
    """Write the policy of these pages: their one style, forms to this server, nothing else."""
    digest = base64.b64encode(hashlib.sha256(_text("plain.css").encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def _text(name: str) -> str:
    return files("ketagraph.server").joinpath(name).read_text(encoding="utf-8")
