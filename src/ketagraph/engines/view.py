"""A query in, what an engine is asked out; the bytes of its answer in, those of ours out.

A release that was pushed lies in graphs of its own version, ``graph/v.<version>/evidence`` for
``graph/evidence``. Every name of a graph is lengthened on the way there and shortened on the way back, in the
query as in the data, so that whoever asks sees the names of the release and one version only. The default
graph is a graph as well, ``union``: engines differ in whether a triple of two graphs counts once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ketagraph import names
from ketagraph.engines.dialect import Dialect
from ketagraph.errors import QueryRefused
from ketagraph.sparql_tokens import FORMS, Token, tokens
from ketagraph.store.query import Query

__all__ = ["Asked", "Mender", "View", "closure_iri", "form_of", "union_iri", "versioned"]

_GRAPHS = names.graph("")


def versioned(version: str) -> str:
    """Return the beginning of the names of a version's graphs."""
    return f"{_GRAPHS}v.{version}/"


def union_iri(version: str) -> str:
    """Name the graph that holds a whole version."""
    return versioned(version) + "union"


def closure_iri(version: str) -> str:
    """Name the graph that holds a version's closures, which also begins the names of their properties."""
    return versioned(version) + "closure"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an engine is asked: the text, its dataset (None: its own), and the form."""

    text: str
    form: str
    default_graphs: tuple[str, ...] | None
    named_graphs: tuple[str, ...] | None

    def fields(self, dialect: Dialect, seconds: float) -> dict[str, str | list[str]]:
        """Write it as a form of the SPARQL Protocol; ``seconds`` are left until the deadline."""
        found: dict[str, str | list[str]] = {"query": self.text}
        if self.default_graphs:
            found["default-graph-uri"] = list(self.default_graphs)
        if self.named_graphs:
            found["named-graph-uri"] = list(self.named_graphs)
        if dialect.timeout:
            name, units = dialect.timeout
            found[name] = str(max(1, round(seconds * units)))
        return found


@dataclass(frozen=True, slots=True)
class View:
    """What of an engine is seen: one version of pushed graphs (IRIs as there), or, without, all it has."""

    dialect: Dialect
    version: str = ""
    graphs: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Name the graphs as whoever asks sees them, sorted."""
        return tuple(sorted(each.replace(versioned(self.version), _GRAPHS) for each in self.graphs))

    def asked(self, query: Query) -> Asked:
        """Turn a query, which the guard has passed, into what the engine is asked.

        Raises:
            QueryRefused: it holds what this engine answers wrongly (501).
        """
        text, found = _with_base(query), list(tokens(query.text, comments=False))
        _check_reading(found, self.dialect)
        form = form_of(found)
        given = query.default_graphs, query.named_graphs
        if not self.version:
            return Asked(text, form, *given)
        text = self._there(text)
        has_closure, text = self._with_closures(text)
        if given != (None, None):
            return Asked(text, form, *(tuple(map(self._there, each or ())) for each in given))
        if any(token.kind == "word" and token.text.upper() == "FROM" for token in found):
            return Asked(text, form, None, None)
        extra = (closure_iri(self.version),) if has_closure else ()
        return Asked(text, form, (union_iri(self.version), *extra), self.graphs)

    def mender(self) -> Mender:
        """Make what turns the bytes of one answer into those of ours."""
        back = ((versioned(self.version).encode(), _GRAPHS.encode()),) if self.version else ()
        return Mender((*self.dialect.mends, *back))

    def _there(self, text: str) -> str:
        return text.replace(_GRAPHS, versioned(self.version))

    def _with_closures(self, text: str) -> tuple[bool, str]:
        pieces = list(_replaced(text, self.dialect.closures, closure_iri(self.version)))
        return len(pieces) > 1, "".join(pieces)


def _check_reading(found: Sequence[Token], dialect: Dialect) -> None:
    words = [token.text.upper() for token in found]
    for run in dialect.refused:
        if any(tuple(words[start : start + len(run)]) == run for start in range(len(words))):
            shown = " ".join(run)
            raise QueryRefused(
                f"the engine behind this server ({dialect.name}) answers {shown} wrongly and is not asked; "
                "write the query without it, or use another engine",
                status=501,
            )


class Mender:
    """Replaces bytes in a stream, also where they lie across two pieces."""

    def __init__(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        self._pairs = pairs
        self._keep = max((len(old) for old, _ in pairs), default=1) - 1
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """Take a piece; return what is certain by now."""
        if not self._keep:
            return piece
        whole = self._mended(self._held + piece)
        border = max(0, len(whole) - self._keep)
        self._held = whole[border:]
        return whole[:border]

    def finish(self) -> bytes:
        """Return what is left."""
        return self._held

    def _mended(self, whole: bytes) -> bytes:
        for old, new in self._pairs:
            whole = whole.replace(old, new)
        return whole


def form_of(found: Sequence[Token]) -> str:
    """Tell a query's form by its tokens: the first word that names one."""
    words = (token.text.upper() for token in found if token.kind == "word")
    return next((word for word in words if word in FORMS), "SELECT")


def _with_base(query: Query) -> str:
    """Put a base before a query; it stays on its line, so that engines name the same lines as we do."""
    return f"BASE <{query.base}> {query.text}" if query.base and _is_relative(query.text) else query.text


def _is_relative(text: str) -> bool:
    return any(token.kind == "iri" and ":" not in token.text for token in tokens(text, comments=False))


def _replaced(text: str, properties: Sequence[str], closure: str) -> Iterator[str]:
    """Cut a text at the paths of any length over ``properties`` and put those of the closure in."""
    found = list(tokens(text, comments=False)) if properties else []
    prefixes, end = _prefixes(found), 0
    for token, after in pairwise(found):
        if after.text in {"*", "+"} and _expanded(token, prefixes) in properties:
            local, name = "any" if after.text == "*" else "some", names.compress(_expanded(token, prefixes))
            yield (text[end : token.start] + f" <{closure}/{name}/{local}> ")
            end = after.start + 1
    yield text[end:]


def _prefixes(found: Sequence[Token]) -> dict[str, str]:
    return {
        name.text: iri.text[1:-1]
        for word, name, iri in zip(found, found[1:], found[2:], strict=False)
        if word.kind == "word" and word.text.upper() == "PREFIX" and iri.kind == "iri"
    }


def _expanded(token: Token, prefixes: dict[str, str]) -> str:
    if token.kind == "iri":
        return token.text[1:-1]
    prefix, colon, local = token.text.partition(":")
    return prefixes.get(prefix + colon, "") + local if token.kind == "name" else ""
