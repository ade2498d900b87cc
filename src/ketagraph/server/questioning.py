"""Questions in, REST routes out: one for each, its parameters and its columns in the OpenAPI document.

Names become IRIs within the class that the parameter is of; the answer is the SPARQL application's, with
its forms, limits and headers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

from ketagraph import names, questions, sparql_tokens
from ketagraph.lexicon import Lexicon
from ketagraph.questions import Parameter, Question
from ketagraph.server import problem
from ketagraph.server.absent import absent
from ketagraph.server.lookup import Lookup
from ketagraph.server.relayed import CONTROLS, Relayed, only_values, operation
from ketagraph.server.sparql import SparqlApp
from ketagraph.store.formats import BINDINGS, GRAPHS

__all__ = ["SHARED", "include"]

_SCHEMAS: Mapping[str, Mapping[str, str]] = {
    "iri": {"type": "string", "description": "A label, synonym, CURIE, identifier or IRI."},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "date": {"type": "string", "format": "date"},
}
_TYPED: Mapping[str, Callable[[str], str | int | float]] = {"integer": int, "number": float}
SHARED: Mapping[str, Any] = {
    "Problem": {
        "type": "object",
        "description": "A problem document (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "suggestions": {"type": "array", "items": {"type": "string"}},
            "line": {"type": "integer", "minimum": 1},
            "column": {"type": "integer", "minimum": 1},
            "excerpt": {"type": "string"},
            "query_id": {"type": "string"},
        },
    },
    "Term": {
        "type": "object",
        "description": "An RDF term, as in SPARQL 1.1 JSON results.",
        "required": ["type", "value"],
        "properties": {name: {"type": "string"} for name in ("type", "value", "datatype", "xml:lang")},
    },
}
"""Schemas that every question's description refers to."""

_ERRORS = {"400": "A limit that does not fit", "406": "No such form", "422": "A value that does not fit"}
_ERRORS |= {"429": "Too much asked for", "503": "Stopped at a limit, or too many queries at once"}


class AskedFor(BaseModel):
    """A parameter of a question."""

    name: str
    kind: str
    rdf_class: str = Field(description="CURIE of the class whose members are meant, or empty.")
    default: str | None
    choices: list[str]
    required: bool
    description: str


class Listed(BaseModel):
    """A question and where its answer is."""

    slug: str
    summary: str
    description: str
    tags: list[str]
    columns: list[str]
    parameters: list[AskedFor]
    href: str


def include(app: FastAPI, sparql: SparqlApp, lookup: Lookup, asked: Sequence[Question]) -> None:
    """Add the list and a route for each question."""
    listed = [_listed(question) for question in asked]

    @app.get("/api/questions", tags=["questions"])
    async def all_questions() -> list[Listed]:
        """List the questions with what they ask for."""
        return listed

    for question in asked:
        app.add_api_route(
            f"/api/questions/{question.slug}",
            _endpoint(sparql, lookup, question),
            methods=["GET"],
            operation_id=question.slug,
            summary=question.summary,
            description=question.description or None,
            tags=["questions"],
            response_model=None,
            openapi_extra=_described(question),
        )

    @app.get("/api/questions/{slug}", include_in_schema=False)
    async def unknown_question(slug: str) -> None:
        raise absent("question", slug, (question.slug for question in asked))


def _endpoint(
    sparql: SparqlApp, lookup: Lookup, question: Question
) -> Callable[[Request], Awaitable[Relayed]]:
    async def answer(request: Request) -> Relayed:
        given = only_values(request.query_params)
        # A form sends empty fields along.
        values = {name: value for name, value in given.items() if value and name not in CONTROLS}
        lexicon = await lookup.lexicon()
        # Some milliseconds of comparing names, where one is unknown.
        text = questions.bind(question, await asyncio.to_thread(_resolved, question, values, lexicon))
        return Relayed(sparql, lambda: operation(request, text))

    return answer


def _resolved(question: Question, values: Mapping[str, str], lexicon: Lexicon) -> dict[str, str]:
    """Put IRIs for the names of things; defaults and choices are CURIEs already."""
    kinds = {parameter.name: parameter for parameter in question.parameters}
    return {name: _iri(kinds.get(name), value, lexicon) for name, value in values.items()}


def _iri(parameter: Parameter | None, value: str, lexicon: Lexicon) -> str:
    if parameter is None or parameter.kind != "iri" or value in (parameter.default, *parameter.choices):
        return value
    if value.lower().startswith(("http:", "https:", "urn:")):
        return value
    known = names.expand(value)
    # Things that were observed have no names in the lexicon, only IRIs.
    return (
        known
        if known and known.startswith(names.BASE)
        else lexicon.resolve(value, within=parameter.rdf_class)
    )


def _listed(question: Question) -> Listed:
    return Listed(
        slug=question.slug,
        summary=question.summary,
        description=question.description,
        tags=list(question.tags),
        columns=_columns(question.text),
        parameters=[_asked_for(parameter) for parameter in question.parameters],
        href=f"/api/questions/{question.slug}",
    )


def _asked_for(parameter: Parameter) -> AskedFor:
    return AskedFor(
        name=parameter.name,
        kind=parameter.kind,
        rdf_class=names.compress(parameter.rdf_class) if parameter.rdf_class else "",
        default=parameter.default,
        choices=list(parameter.choices),
        required=parameter.required,
        description=parameter.description,
    )


def _columns(text: str) -> list[str]:
    """Name what a SELECT selects; nothing for the other forms and for ``*``."""
    found: list[str] = []
    depth, begun, before = 0, False, ""
    for token in sparql_tokens.tokens(text, comments=False):
        depth += (token.kind == "open") - (token.kind == "close")
        word = token.text.upper() if token.kind == "word" else ""
        if token.text == "{" or word in ("WHERE", "FROM"):
            break
        begun = begun or word == "SELECT"
        if begun and token.kind == "variable" and (depth == 0 or before == "AS"):
            found.append(token.text[1:])
        before = word
    return found


def _described(question: Question) -> dict[str, Any]:
    own = [_parameter(parameter) for parameter in question.parameters]
    shared = [
        {"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}
        for name, meaning in CONTROLS.items()
    ]
    errors = {status: problem.described(meaning) for status, meaning in _ERRORS.items()}
    return {"parameters": own + shared, "responses": {"200": _success(question), **errors}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = dict(_SCHEMAS.get(parameter.kind, {"type": "string"}))
    if parameter.rdf_class:
        schema["x-class"] = names.compress(parameter.rdf_class)
    typed = _TYPED.get(parameter.kind, str)
    if parameter.default is not None:
        schema["default"] = typed(parameter.default)
    if parameter.choices:
        schema["enum"] = [typed(choice) for choice in parameter.choices]
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": schema,
    }


def _success(question: Question) -> dict[str, Any]:
    columns = _columns(question.text)
    if not columns:
        return {"description": "The answer, as a graph.", "content": {name: {} for name in GRAPHS}}
    rows = {"application/sparql-results+json": {"schema": _rows_schema(question.slug, columns)}}
    return {
        "description": "The answer, as rows.",
        "content": rows | {name: {} for name in list(BINDINGS)[1:]},
    }


def _rows_schema(slug: str, columns: Sequence[str]) -> dict[str, Any]:
    """Describe SPARQL 1.1 JSON results with these columns; one that is not bound is missing."""
    row = {
        "type": "object",
        "properties": dict.fromkeys(columns, _schema("Term")),
        "additionalProperties": False,
    }
    variables = {"type": "array", "items": {"type": "string", "enum": list(columns)}}
    return {
        "title": slug,
        "type": "object",
        "properties": {
            "head": {"type": "object", "properties": {"vars": variables}},
            "results": {"type": "object", "properties": {"bindings": {"type": "array", "items": row}}},
        },
    }


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
