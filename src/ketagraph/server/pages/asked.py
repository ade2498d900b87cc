"""The named questions: their list, and each with its form, its answer and the ways to ask it elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from ketagraph import names, questions
from ketagraph.errors import KetaGraphError, QueryRefused, UnknownName
from ketagraph.questions import Parameter, Question
from ketagraph.server.absent import absent
from ketagraph.server.pages.knowledge import Knowledge
from ketagraph.server.pages.records import Table
from ketagraph.server.pages.site import Site

__all__ = ["Field", "by_tag", "catalogue", "question"]

_FEW = 60
"""Choices up to which a list to pick from is shorter than typing."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form: ``choices`` are (value, label); ``picks`` where only they are allowed."""

    name: str
    value: str
    description: str
    choices: tuple[tuple[str, str], ...]
    picks: bool
    required: bool


async def catalogue(site: Site, request: Request) -> Response:
    """List every question by its first tag."""
    return await site.render(request, "questions.html", groups=by_tag(site.questions.values()))


def by_tag(listed: Iterable[Question]) -> list[tuple[str, list[Question]]]:
    """Group questions by their first tag, in the order of their summaries."""
    ordered = sorted(listed, key=lambda each: (each.tags[:1], each.summary))
    return [(tags[0] if tags else "other", list(found)) for tags, found in groupby(ordered, _first_tag)]


def _first_tag(question: Question) -> tuple[str, ...]:
    return question.tags[:1]


async def question(site: Site, request: Request) -> Response:
    """Show one question with its answer for the values in the address, or for its defaults."""
    slug = request.path_params["slug"]
    if slug not in site.questions:
        raise absent("question", slug, site.questions)
    asked, knowledge = site.questions[slug], await site.knowledge()
    given = _given(asked, request.query_params)
    text, table, fault = asked.text, None, ""
    try:
        text, table = await _answer(site, asked, _resolved(asked, given, knowledge))
    except (QueryRefused, UnknownName) as error:
        fault = str(error)
    values = _shown(asked, given, knowledge)
    return await site.render(
        request,
        "question.html",
        status=422 if fault else 200,
        question=asked,
        fields=[_field(each, values[each.name], knowledge) for each in asked.parameters],
        text=text,
        table=table,
        fault=fault,
        address=f"{request.base_url}api/questions/{slug}{_query(asked, given, knowledge)}",
        endpoint=f"{request.base_url}sparql",
    )


async def _answer(site: Site, asked: Question, values: Mapping[str, str]) -> tuple[str, Table]:
    text = questions.bind(asked, values)
    return text, await site.ask(text)


def _given(asked: Question, parameters: Mapping[str, str]) -> dict[str, str]:
    """Take the values that are not empty; other names in the address are not ours."""
    return {
        each.name: parameters[each.name].strip()[:2000]
        for each in asked.parameters
        if parameters.get(each.name, "").strip()
    }


def _resolved(asked: Question, given: Mapping[str, str], knowledge: Knowledge) -> dict[str, str]:
    """Turn names into IRIs."""
    kinds = {each.name: each.kind for each in asked.parameters}
    return {
        name: knowledge.resolve(value) if kinds[name] == "iri" else value for name, value in given.items()
    }


def _query(asked: Question, given: Mapping[str, str], knowledge: Knowledge) -> str:
    """Write the values for an address, names as CURIEs."""
    try:
        values = _resolved(asked, given, knowledge)
    except UnknownName:
        return ""
    short = {name: names.compress(value) for name, value in values.items()}
    return f"?{urlencode(short, safe=':')}" if short else ""


def _shown(asked: Question, given: Mapping[str, str], knowledge: Knowledge) -> dict[str, str]:
    """Write the values for the form: labels for names that are known."""
    return {
        each.name: _word(each, given.get(each.name, each.default or ""), knowledge)
        for each in asked.parameters
    }


def _word(parameter: Parameter, value: str, knowledge: Knowledge) -> str:
    if parameter.kind != "iri" or not value:
        return value
    try:
        return knowledge.label(knowledge.resolve(value))
    except KetaGraphError:
        return value


def _field(parameter: Parameter, value: str, knowledge: Knowledge) -> Field:
    choices = tuple(_choices(parameter, knowledge))
    labels = [label for _, label in choices]
    picks = bool(parameter.choices) or (0 < len(choices) <= _FEW and value in labels)
    return Field(parameter.name, value, parameter.description, choices, picks, parameter.required)


def _choices(parameter: Parameter, knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    for choice in parameter.choices:
        yield choice, _word(parameter, choice, knowledge)
    if parameter.rdf_class and not parameter.choices:
        for iri, label in knowledge.members(parameter.rdf_class):
            yield names.compress(iri), label
