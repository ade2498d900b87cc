"""Queries in, answers out, over SPARQL 1.1 Protocol: an endpoint elsewhere in the place of a local graph.

See https://www.w3.org/TR/sparql11-protocol/. Redirects are not followed, an answer has a limit of size, and
one that the endpoint says it has cut is refused: it must not look whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ketagraph import __version__
from ketagraph.errors import EnvironmentFault, QueryRefused, QueryStopped
from ketagraph.results import library
from ketagraph.store.engine import Term

__all__ = ["Remote"]

_JSON = "application/sparql-results+json"
_NTRIPLES = "application/n-triples"
_AGENT = f"ketagraph/{__version__}"
_KINDS = {"uri": "iri", "bnode": "blank", "literal": "literal", "typed-literal": "literal"}
_XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"
_LANG_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"


@dataclass(frozen=True)
class Remote:
    """A SPARQL endpoint; ``timeout`` is in seconds, ``max_bytes`` what one answer may weigh."""

    url: str
    timeout: float = 60.0
    max_bytes: int = 256 << 20

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise EnvironmentFault(
                f"{self.url!r} is not the address of an endpoint; expected http(s)://host/…"
            )

    def select(self, query: str) -> tuple[list[str], list[tuple[Term | None, ...]]]:
        """Run a SELECT: variables and rows, None where unbound.

        Raises:
            QueryRefused: the endpoint turns the query away, or answers something else.
            QueryStopped: it did not finish, or its answer is cut.
            EnvironmentFault: it cannot be reached.
        """
        found = self._results(query)
        try:
            variables = [str(name) for name in found["head"]["vars"]]
            bindings = found["results"]["bindings"]
            return variables, [tuple(_term(row.get(name)) for name in variables) for row in bindings]
        except (KeyError, TypeError, AttributeError) as error:
            raise QueryRefused(f"{self.url} answered no rows; expected a SELECT query") from error

    def ask(self, query: str) -> bool:
        """Run an ASK; errors as for :meth:`select`."""
        answered = self._results(query).get("boolean")
        if not isinstance(answered, bool):
            raise QueryRefused(f"{self.url} answered neither true nor false; expected an ASK query")
        return answered

    def construct(self, query: str) -> list[str]:
        """Run a CONSTRUCT or DESCRIBE: sorted N-Triples statements; errors as for :meth:`select`."""
        lines = self._fetch(query, _NTRIPLES).decode("utf-8").splitlines()
        return sorted({line for line in lines if line and not line.startswith("#")})

    def _results(self, query: str) -> Mapping[str, Any]:
        body = self._fetch(query, _JSON)
        try:
            found = json.loads(body)
        except ValueError as error:
            raise QueryStopped(f"{self.url}: the answer is not JSON; it may have broken off") from error
        if not isinstance(found, dict):
            raise QueryStopped(f"{self.url}: the answer is not in SPARQL's JSON format")
        if "truncated" in found:
            raise _cut(self.url)
        return found

    def _fetch(self, query: str, accept: str) -> bytes:
        http = library("httpx", "remote")
        headers = {"Accept": accept, "User-Agent": _AGENT}
        try:
            with http.stream(
                "POST", self.url, data={"query": query}, headers=headers, timeout=self.timeout
            ) as answer:
                body = self._read(answer)
        except (http.HTTPError, http.InvalidURL) as error:
            raise EnvironmentFault(
                f"{self.url} cannot be reached: {error or type(error).__name__}"
            ) from error
        _check(self.url, answer, body, accept)
        return body

    def _read(self, answer: Any) -> bytes:
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > self.max_bytes:
                raise QueryStopped(f"{self.url}: the answer is larger than {self.max_bytes} bytes")
        return bytes(body)


def _check(url: str, answer: Any, body: bytes, accept: str) -> None:
    status = int(answer.status_code)
    if status in {429, 503, 504} or status >= 500:
        raise QueryStopped(f"{url}: {status}: {_reason(body)}")
    if status != 200:
        raise QueryRefused(f"{url}: {status}: {_reason(body)}", status=status)
    if answer.headers.get("x-ketagraph-truncated") == "true":
        raise _cut(url)
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
    if media_type not in {accept, "application/json", "text/plain"}:
        raise QueryRefused(f"{url}: answered {media_type or 'without a media type'}; expected {accept}")


def _cut(url: str) -> QueryStopped:
    return QueryStopped(f"{url}: the answer was cut at the endpoint's limit of rows; add LIMIT and OFFSET")


def _reason(body: bytes) -> str:
    """Return what a problem document says, else the beginning of the text."""
    try:
        found = json.loads(body)
    except ValueError:
        return " ".join(body[:300].decode("utf-8", "replace").split())
    return str(found.get("detail") or found.get("title") or "") if isinstance(found, dict) else ""


def _term(found: Mapping[str, Any] | None) -> Term | None:
    if found is None:
        return None
    kind = _KINDS.get(str(found["type"]), "triple")
    if kind != "literal":
        return Term(kind, str(found["value"]))
    language = str(found.get("xml:lang", "")).lower()
    datatype = str(found.get("datatype", _LANG_STRING if language else _XSD_STRING))
    return Term(kind, str(found["value"]), datatype, language)
