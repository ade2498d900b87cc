"""Wall one before the engine: query text in, its form out, or a refusal that says where and how to mend it.

Refused: updates, SERVICE outside the allowed origins, and text too long, too deep or too busy for the
engine; also text that could hide a SERVICE from a reader of tokens: words that are not SPARQL's (an engine
without a lexer reads ``trueSERVICE`` as two words), prefixed names that it could cut in two, and codepoint
escapes of characters with a meaning of their own, which some engines resolve before they read anything.

Pure and linear in the text's length. The engine remains the judge of syntax; wall two is the worker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urljoin, urlsplit

from ketagraph.errors import QueryRefused
from ketagraph.names import PREFIXES
from ketagraph.sparql_tokens import FORMS, UPDATES, WORDS, Token, refusal, scan, tokens

__all__ = ["Accepted", "Limits", "Token", "check", "origin", "tokens"]

_Raw = tuple[str, str, int]

_GRAPHS = 1_000
_PORTS = {"http": 80, "https": 443}

# Escapes of surrogates and beyond U+10FFFF; escapes of quotes, backslash, line ends, < and >.
_NO_CHARACTER = re.compile(r"\\(?:u|U0000)[Dd][89A-Fa-f][0-9A-Fa-f]{2}|\\U(?!00(?:0|10))[0-9A-Fa-f]{8}")
_STRUCTURAL = re.compile(r"\\(?:u00|U000000)(?:0[AaDd]|2[27]|3[CcEe]|5[Cc])")
_CODEPOINT = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_SERVICE = re.compile("service", re.IGNORECASE | re.ASCII)
# A base to which any local part may be appended: its authority has ended, or it has none.
_OPEN_ENDED = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(?://[^/?#]*[/?#]|(?!//))")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_HOST = re.compile(r"[A-Za-z0-9.\-]+|[0-9A-Fa-f:.]+")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a query may ask of the engine's parser.

    ``max_bytes`` of UTF-8; ``depth`` of nested brackets; ``operators`` and separators, brackets and terms
    side by side, outside VALUES. The embedded engine's stack ends at about 2,200 brackets or 4,700 operators.
    """

    max_bytes: int = 65_536
    depth: int = 200
    operators: int = 2_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """A query that passed: its form (SELECT, ASK, CONSTRUCT, DESCRIBE) and the IRIs of FROM, in order."""

    form: str
    dataset_iris: tuple[str, ...]


_DEFAULTS = Limits()


def check(
    query: str,
    *,
    limits: Limits = _DEFAULTS,
    services: frozenset[str] = frozenset(),
    graphs: frozenset[str] | None = None,
) -> Accepted:
    """Pass ``query`` or refuse it.

    ``services`` are origins (``https://sparql.example.org``) that SERVICE may name; ``graphs`` are the IRIs
    that FROM and FROM NAMED may name, None for any.

    Raises:
        QueryRefused: with 1-based line and column; status 413 for length, 403 for updates and SERVICE,
            400 for the rest.
    """
    _check_characters(query, limits.max_bytes)
    inspection = _Inspection(query, services)
    form = inspection.inspect(scan(query, depth=limits.depth, operators=limits.operators, comments=False))
    if graphs is not None:
        inspection.check_graphs(graphs)
    return Accepted(form, tuple(iri for iri, _ in inspection.dataset))


def origin(iri: str) -> str:
    """Scheme, host and port of an http(s) IRI in lower case, the default port left out; empty for others.

    An IRI with user information, or whose host is not plain ASCII, has no origin.
    """
    try:
        parts = urlsplit(iri)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or "@" in parts.netloc or not _HOST.fullmatch(host):
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in {None, _PORTS[parts.scheme]} else "")


def _check_characters(query: str, limit: int) -> None:
    try:
        size = len(query) if len(query) > limit else len(query.encode())
    except UnicodeEncodeError as error:
        raise refusal(query, error.start, "half of a surrogate pair; send the query as UTF-8") from error
    if size > limit:
        message = f"the query is longer than {limit} bytes; shorten it or split it"
        raise refusal(query, 0, message, 413)
    if (nul := query.find("\0")) >= 0:
        raise refusal(query, nul, "the character U+0000 may not stand in a query")
    if "\\" in query:
        _check_escapes(query)


def _check_escapes(query: str) -> None:
    """Refuse escapes that name no character, and those that could end a string or comment before SERVICE."""
    found = _NO_CHARACTER.search(query)
    if found:
        raise refusal(query, found.start(), f"{found[0]} is no character")
    found = _STRUCTURAL.search(query)
    if found and "service" in _CODEPOINT.sub(_character, query).casefold():
        message = rf"the escape {found[0]} may not stand beside the word service; write \" \' \\ \n or \r"
        raise refusal(query, found.start(), message, 403)


class _Inspection:
    """One pass over a query's tokens: its prologue, its form, its dataset, and every SERVICE."""

    __slots__ = ("_base", "_prefixes", "_query", "_services", "dataset")

    def __init__(self, query: str, services: frozenset[str]) -> None:
        self._query = query
        self._services = services
        self._base = ""
        self._prefixes = dict(PREFIXES)
        self.dataset: list[tuple[str, int]] = []

    def inspect(self, stream: Iterator[_Raw]) -> str:
        """Read all tokens but comments; answer the query's form."""
        form = self._form(*self._after_prologue(stream))
        suspect = -1
        for kind, text, start in stream:
            if suspect >= 0 and text == "{":
                raise self._ambiguous(suspect)
            suspect = -1
            if kind == "word":
                self._word(text, start, stream)
            elif kind == "name" and _SERVICE.search(text) and self._name(text, start):
                suspect = start
        return form

    def check_graphs(self, graphs: frozenset[str]) -> None:
        for iri, start in self.dataset:
            if iri not in graphs:
                near = get_close_matches(iri, sorted(graphs), 3, 0.4)
                raise self._refuse(start, f"no graph <{iri}>; the nearest are {', '.join(near) or 'none'}")

    def _after_prologue(self, stream: Iterator[_Raw]) -> _Raw:
        while True:
            kind, text, start = self._next(stream)
            word = text.upper() if kind == "word" else ""
            if word == "BASE":
                self._base = self._iri(*self._expect(stream, "iri", "BASE"))
            elif word == "PREFIX":
                _, name, place = self._expect(stream, "name", "PREFIX")
                if not name.endswith(":"):
                    raise self._refuse(place, f"PREFIX wants a name that ends in `:`, found {name[:40]}")
                self._prefixes[name[:-1]] = self._iri(*self._expect(stream, "iri", f"PREFIX {name}"))
            elif word == "VERSION":
                self._expect(stream, "string", "VERSION")
            else:
                return kind, text, start

    def _form(self, kind: str, text: str, start: int) -> str:
        word = text.upper() if kind == "word" else ""
        if word in FORMS:
            return word
        self._update(word, start)
        wanted = "SELECT, ASK, CONSTRUCT or DESCRIBE, after PREFIX and BASE"
        raise self._refuse(start, f"expected {wanted}; found {text[:40] or 'the end'}")

    def _word(self, text: str, start: int, stream: Iterator[_Raw]) -> None:
        word = text.upper()
        if word == "SERVICE":
            self._service(start, stream)
        elif word == "FROM":
            self._source(stream)
        elif word not in WORDS:
            self._unknown(text[:40], word, start)

    def _unknown(self, text: str, word: str, start: int) -> None:
        self._update(word, start)
        if "SERVICE" in word:
            raise self._refuse(start, f"{text} hides SERVICE; put spaces around it", 403)
        near = get_close_matches(word, sorted(WORDS), 1) if len(word) <= 40 else []
        hint = f"; did you mean {near[0]}?" if near else "; variables begin with `?`, names hold a `:`"
        raise self._refuse(start, f"{text} is no word of SPARQL{hint}")

    def _update(self, word: str, start: int) -> None:
        if word in UPDATES:
            raise self._refuse(start, f"{word} is an update; this endpoint only answers queries", 403)

    def _service(self, start: int, stream: Iterator[_Raw]) -> None:
        kind, text, place = self._next(stream)
        if kind == "word" and text.upper() == "SILENT":
            kind, text, place = self._next(stream)
        if not self._services:
            message = "SERVICE is switched off here; query the other endpoint itself and join the answers"
            raise self._refuse(start, message, 403)
        allowed = {origin(service) for service in self._services} - {""}
        if kind != "iri" or origin(text[1:-1]) not in allowed:
            message = f"SERVICE may name only IRIs written in full at {', '.join(sorted(allowed))}"
            raise self._refuse(place, f"{message}; found {text[:40]}", 403)

    def _source(self, stream: Iterator[_Raw]) -> None:
        kind, text, start = self._next(stream)
        if kind == "word" and text.upper() == "NAMED":
            kind, text, start = self._next(stream)
        if kind not in {"iri", "name"}:
            raise self._refuse(start, f"FROM wants an IRI; found {text[:40] or 'the end'}")
        if len(self.dataset) >= _GRAPHS:
            raise self._refuse(start, f"more than {_GRAPHS} FROM clauses; name fewer graphs")
        self.dataset.append((self._iri(kind, text, start), start))

    def _name(self, text: str, start: int) -> bool:
        """Refuse a prefixed name that an engine could cut before SERVICE; True if `{` must not follow."""
        prefix, _, local = text.partition(":")
        base = self._prefixes.get(prefix)
        if base is not None and _SERVICE.search(local) and _divisible(base, local):
            raise self._ambiguous(start)
        return any(rest in self._prefixes for rest in _after_service(prefix))

    def _ambiguous(self, start: int) -> QueryRefused:
        message = "this name could be read as SERVICE; write its IRI in full or rename the prefix"
        return self._refuse(start, message, 403)

    def _expect(self, stream: Iterator[_Raw], kind: str, after: str) -> _Raw:
        token = self._next(stream)
        if token[0] != kind:
            raise self._refuse(token[2], f"{after} wants a {kind}; found {token[1][:40] or 'the end'}")
        return token

    def _next(self, stream: Iterator[_Raw]) -> _Raw:
        return next(stream, ("end", "", len(self._query)))

    def _iri(self, kind: str, text: str, start: int) -> str:
        if kind == "iri":
            return self._absolute(_CODEPOINT.sub(_character, text[1:-1]), start)
        prefix, _, local = text.partition(":")
        if prefix not in self._prefixes:
            raise self._refuse(start, f"prefix {prefix}: is not declared; add PREFIX {prefix}: <…>")
        return self._prefixes[prefix] + re.sub(r"\\(.)", r"\1", local)

    def _absolute(self, iri: str, start: int) -> str:
        if _SCHEME.match(iri):
            return iri
        try:
            joined = urljoin(self._base, iri)
        except ValueError as error:
            raise self._refuse(start, f"<{iri[:40]}> cannot be resolved against BASE") from error
        return joined + "#" if iri.endswith("#") else joined  # urljoin drops an empty fragment

    def _refuse(self, start: int, message: str, status: int = 400) -> QueryRefused:
        return refusal(self._query, start, message, status)


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1] or escape[2], 16))


def _after_service(prefix: str) -> Iterator[str]:
    """Yield what is left of ``prefix`` for an engine that reads SERVICE or SERVICE SILENT on its own."""
    for found in _SERVICE.finditer(prefix):
        rest = prefix[found.end() :]
        yield rest
        if rest[:6].upper() == "SILENT":
            yield rest[6:]


def _divisible(base: str, local: str) -> bool:
    """Whether an engine may end a prefixed name early and read what is left of ``local`` as code.

    Oxigraph 0.5 reads one run of dots in a local part and no more, and takes the prefix alone where prefix
    and local part together are no IRI (``http://host:80`` + ``SERVICE``). May go once it has a lexer:
    https://github.com/oxigraph/oxigraph (main, lib/spargebra/src/lexer.rs).
    """
    first = re.match(r"[^.]*+\.*+[^.]*+", local)
    left = local[first.end() :] if first else ""
    odd = "\\" in local or any(character >= "\ufff0" for character in local)
    return odd or not _OPEN_ENDED.match(base) or bool(_SERVICE.search(left))
