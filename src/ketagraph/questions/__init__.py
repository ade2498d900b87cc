"""Question files in, typed questions out; values in, guarded query text out.

A question is a SPARQL query under a ``#+`` header. A variable ``?_name`` or ``?_name_kind`` is a parameter;
its kind is iri, literal (also where none is given), integer, number, date or en (English text). The format is
grlc's, so that a folder of questions also runs there: https://github.com/CLARIAH/grlc.

Refused: headers that break their rules, parameters declared but not used or used but not declared, defaults
and choices that are not of their kind, queries that the guard refuses, and a SELECT without ORDER BY, whose
answers would not compare. Values become terms at the place of a token; text is never formatted into text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ketagraph.errors import Fault, QueryRefused, SourceError, UnknownName
from ketagraph.guard import Token, check, tokens
from ketagraph.names import converter
from ketagraph.questions.header import Declared, Header, read_header
from ketagraph.questions.terms import KINDS, term

__all__ = ["Parameter", "Question", "bind", "parse", "read"]

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VARIABLE = re.compile(rf"[?$]_([a-z][A-Za-z0-9]*)(?:_({'|'.join(KINDS)}))?")
_ABSOLUTE = re.compile(r"(?:https?://|urn:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a question asks for.

    ``rdf_class`` is the IRI of the class whose members are meant, or empty; ``default`` and ``choices`` are
    as written, CURIEs for IRIs. A parameter that is not required and has no default stays a variable, which
    matches anything.
    """

    name: str
    kind: str
    rdf_class: str
    default: str | None
    choices: tuple[str, ...]
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One question: ``text`` is its query without the header, ``path`` the file that faults name."""

    slug: str
    summary: str
    description: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    text: str
    path: str


def read(path: Path) -> Question:
    """Read the question file at ``path``; its name without .rq is the slug.

    Raises:
        SourceError: every fault of the file, by line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SourceError([Fault(path.as_posix(), 0, "", f"not UTF-8: {error}")]) from error
    return parse(text, path.stem, path.as_posix())


def parse(text: str, slug: str, path: str) -> Question:
    """Make a question of a file's ``text``.

    Raises:
        SourceError: every fault of the text, by line of ``path``.
    """
    header, faults = read_header(text, path)
    if not _SLUG.fullmatch(slug):
        faults.append(Fault(path, 0, "", "the file's name is not kebab-case, such as trials-by-drug.rq"))
    form = _form(text, path, faults)
    parameters = tuple(_parameters(header, _used(text, path, faults), path, faults)) if form else ()
    if faults:
        raise SourceError(faults)
    body = "\n".join(text.split("\n")[header.lines :]).lstrip()
    return Question(slug, header.summary, header.description, header.tags, parameters, body, path)


def bind(question: Question, values: Mapping[str, str], resolve: Callable[[str], str] | None = None) -> str:
    """Put ``values`` (by parameter name) into the question's query, and pass it through the guard.

    ``resolve`` makes an IRI of a label or CURIE and raises UnknownName; without it only CURIEs are known.

    Raises:
        UnknownName: a parameter that the question does not have, or a name that nothing answers to.
        QueryRefused: a value is missing, not of its kind or not among the choices; status 422.
    """
    _check_names(question, values)
    written = {
        parameter.name: _written(question, parameter, value, resolve)
        for parameter in question.parameters
        if (value := _value(question, parameter, values)) is not None
    }
    bound = "".join(_pieces(question.text, written))
    check(bound)
    return bound


def _form(text: str, path: str, faults: list[Fault]) -> str:
    """Guard the whole file, where the header is a comment, so that lines are the file's; empty if refused."""
    try:
        form = check(text).form
    except QueryRefused as error:
        faults.append(Fault(path, error.line, f"column {error.column}", str(error).partition(": ")[2]))
        return ""
    if form == "SELECT" and not _is_ordered(text):
        message = "a SELECT without ORDER BY at its end; order by enough columns to fix the rows"
        faults.append(Fault(path, 0, "", message))
    return form


def _is_ordered(text: str) -> bool:
    depth = 0
    for token in tokens(text, comments=False):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.kind == "word" and token.text.upper() == "ORDER":
            return True
    return False


def _used(text: str, path: str, faults: list[Fault]) -> dict[str, tuple[str, int]]:
    """Find the parameters of a query: name to kind and first line."""
    used: dict[str, tuple[str, int]] = {}
    for token in tokens(text, comments=False):
        if token.kind != "variable" or token.text[1] != "_":
            continue
        line = text.count("\n", 0, token.start) + 1
        found = _VARIABLE.fullmatch(token.text)
        if not found:
            message = f"expected ?_name or ?_name_kind, a name in camelCase, a kind of {', '.join(KINDS)}"
            faults.append(Fault(path, line, token.text, message))
            continue
        name, kind = found[1], found[2] or "literal"
        first, where = used.setdefault(name, (kind, line))
        if first != kind:
            faults.append(
                Fault(path, line, token.text, f"is of kind {kind} here, but {first} on line {where}")
            )
    return used


def _parameters(
    header: Header, used: Mapping[str, tuple[str, int]], path: str, faults: list[Fault]
) -> Iterator[Parameter]:
    names = {declared.name for declared in header.parameters}
    for name, (_, line) in used.items():
        if name not in names:
            faults.append(Fault(path, line, f"?_{name}", "params in the header does not list it"))
    for declared in header.parameters:
        if declared.name in used:
            kind = used[declared.name][0]
            messages = list(_declaration_faults(declared, kind))
            faults += [Fault(path, declared.line, declared.name, message) for message in messages]
            if not messages:
                yield _parameter(declared, kind)
        else:
            message = f"the query has no variable ?_{declared.name}"
            faults.append(Fault(path, declared.line, declared.name, message))


def _parameter(declared: Declared, kind: str) -> Parameter:
    return Parameter(
        name=declared.name,
        kind=kind,
        rdf_class=_expanded(declared.rdf_class) if declared.rdf_class else "",
        default=declared.default,
        choices=declared.choices,
        description=declared.description,
        required=declared.required != "false" and declared.default is None,
    )


def _declaration_faults(declared: Declared, kind: str) -> Iterator[str]:
    if declared.type not in {"", kind}:
        yield f"type is {declared.type}, but the query's variable says {kind}"
    if declared.required not in {"", "true", "false"}:
        yield f"required is {declared.required}, expected true or false"
    if declared.required == "true" and declared.default is not None:
        yield "required, and yet has a default; keep one"
    if declared.rdf_class and kind != "iri":
        yield f"class is for parameters of kind iri; this one is {kind}"
    yield from _value_faults(declared, kind)


def _value_faults(declared: Declared, kind: str) -> Iterator[str]:
    given = [*declared.choices, *([] if declared.default is None else [declared.default])]
    try:
        terms = [_term(kind, value, _expanded) for value in given]
        if declared.rdf_class:
            _term("iri", declared.rdf_class, _expanded)
    except (ValueError, UnknownName) as error:
        yield str(error)
        return
    if declared.default is not None and declared.choices and terms[-1] not in terms[:-1]:
        yield f"default {declared.default} is not among {', '.join(declared.choices)}"


def _check_names(question: Question, values: Mapping[str, str]) -> None:
    names = [parameter.name for parameter in question.parameters]
    for name in values:
        if name not in names:
            message = f"question {question.slug} has no parameter {name!r}; it takes {_listed(names)}"
            raise UnknownName(message, get_close_matches(name, names))


def _value(question: Question, parameter: Parameter, values: Mapping[str, str]) -> str | None:
    value = values.get(parameter.name, parameter.default)
    if value is None and parameter.required:
        names = [f"{other.name} ({other.kind})" for other in question.parameters]
        message = f"question {question.slug} needs the parameter {parameter.name}; it takes {_listed(names)}"
        raise QueryRefused(message, status=422)
    return value


def _written(
    question: Question, parameter: Parameter, value: str, resolve: Callable[[str], str] | None
) -> str:
    expand = _expanded if resolve is None or value == parameter.default else resolve
    try:
        written = _term(parameter.kind, value, expand)
    except ValueError as error:
        message = f"question {question.slug}, parameter {parameter.name}: {error}"
        raise QueryRefused(message, status=422) from error
    choices = {_term(parameter.kind, choice, _expanded) for choice in parameter.choices}
    if choices and written not in choices:
        message = f"question {question.slug}, parameter {parameter.name}: {value[:80]!r} is not among "
        raise QueryRefused(message + _listed(parameter.choices), status=422)
    return written


def _term(kind: str, value: str, expand: Callable[[str], str]) -> str:
    return term(kind, expand(value) if kind == "iri" and not _ABSOLUTE.match(value) else value)


def _expanded(curie: str) -> str:
    iri = converter().expand(curie) if ":" in curie else None
    if iri is None:
        known = ", ".join(sorted(converter().get_prefixes()))
        raise UnknownName(f"{curie[:80]!r} is no IRI and no CURIE; known prefixes are {known}")
    return str(iri)


def _pieces(text: str, written: Mapping[str, str]) -> Iterator[str]:
    """Cut ``text`` at its parameters; spaces keep a term apart from the tokens beside it."""
    end = 0
    for token in tokens(text, comments=False):
        replacement = written.get(_name(token))
        if replacement is not None:
            yield f"{text[end : token.start]} {replacement} "
            end = token.start + len(token.text)
    yield text[end:]


def _name(token: Token) -> str:
    found = _VARIABLE.fullmatch(token.text) if token.kind == "variable" else None
    return found[1] if found else ""


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names) or "none"
