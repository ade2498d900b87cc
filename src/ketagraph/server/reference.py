"""An OpenAPI document in, one page of reference out: every route with its parameters, a form to try it.

The page loads nothing and runs no script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from ketagraph.server.plain import filled, policy

__all__ = ["include", "reference_page"]

_Operation = Mapping[str, Any]


def include(app: FastAPI) -> None:
    """Add the page at ``/docs``."""

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(
            reference_page(app.openapi()),
            headers={"Content-Security-Policy": policy(), "X-Content-Type-Options": "nosniff"},
        )


def reference_page(document: Mapping[str, Any]) -> str:
    """Write the page; every text of the document is escaped."""
    sections = "\n".join(
        _section(path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "head"
    )
    return filled("reference.html", title=escape(document["info"]["title"]), sections=sections)


def _section(path: str, method: str, operation: _Operation) -> str:
    parameters = operation.get("parameters", [])
    shown = f'<h2 id="{escape(operation["operationId"])}"><code>{method.upper()} {escape(path)}</code></h2>'
    said = [operation.get("summary", ""), operation.get("description", "")]
    texts = "".join(f"<p>{escape(text)}</p>" for text in said if text)
    answers = ", ".join(sorted(set(_media_types(operation))))
    forms = f"<p>Answers as {escape(answers)}.</p>" if answers else ""
    is_plain = method == "get" and "{" not in path
    return "\n".join([shown, texts, _form(path, parameters) if is_plain else _table(parameters), forms])


def _form(path: str, parameters: list[Mapping[str, Any]]) -> str:
    fields = "\n".join(_field(path, parameter) for parameter in parameters)
    return f'<form action="{escape(path)}" method="get">\n{fields}\n<p><button>Ask</button></p>\n</form>'


def _field(path: str, parameter: Mapping[str, Any]) -> str:
    name, schema = escape(parameter["name"]), parameter.get("schema", {})
    ident = escape(f"{path}-{parameter['name']}")
    default = escape(str(schema.get("default", "")))
    needed = " required" if parameter.get("required") else ""
    meaning = escape(parameter.get("description", ""))
    label = f'<label for="{ident}"><code>{name}</code> {meaning}</label>'
    if "enum" not in schema:
        return f'<p>{label}<br><input id="{ident}" name="{name}" value="{default}"{needed}></p>'
    options = "".join(_option(choice, schema.get("default")) for choice in schema["enum"])
    return f'<p>{label}<br><select id="{ident}" name="{name}">{options}</select></p>'


def _option(choice: str, default: str | None) -> str:
    selected = " selected" if choice == default else ""
    return f"<option{selected}>{escape(choice)}</option>"


def _table(parameters: list[Mapping[str, Any]]) -> str:
    said = [(escape(each["name"]), escape(each.get("description", ""))) for each in parameters]
    rows = "".join(f"<dt><code>{name}</code></dt><dd>{meaning}</dd>" for name, meaning in said)
    return f"<dl>{rows}</dl>" if rows else ""


def _media_types(operation: _Operation) -> Iterator[str]:
    for status, answer in operation.get("responses", {}).items():
        if status.startswith("2"):
            yield from answer.get("content", {})
