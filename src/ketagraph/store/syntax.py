"""The engine's syntax error in, one that people can use out: its place, what stands there, how to mend it."""

from __future__ import annotations

import re

from ketagraph.errors import QueryRefused, QuerySyntaxError
from ketagraph.names import PREFIXES
from ketagraph.sparql_tokens import refusal, tokens

__all__ = ["explained"]

_PLACE = re.compile(r"error at (\d+):(\d+): (?:expected )?(?:one of )?(.*)", re.DOTALL)
_CHARACTERS = re.compile(r"\[[^\[\]]*\]")
_SHOWN_WORDS, _SHOWN_TEXT = 8, 30


def explained(error: SyntaxError, query: str) -> QuerySyntaxError:
    """Say where ``query`` goes wrong; line and column are 1-based, in characters."""
    found = _PLACE.match(error.msg)
    if not found:
        return QuerySyntaxError(error.msg)
    undeclared = _undeclared_prefix(query)
    if undeclared:
        return undeclared
    line, column = int(found[1]), int(found[2])
    message = _message(found[3], _text_at(query, line, column))
    return QuerySyntaxError(f"line {line}, column {column}: {message}", line=line, column=column)


def _undeclared_prefix(query: str) -> QuerySyntaxError | None:
    """Find the commonest mistake, for which the engine names a place further on and another reason."""
    declared: set[str] = set()
    before = ""
    try:
        for token in tokens(query, comments=False):
            prefix = token.text.partition(":")[0]
            if token.kind == "name" and before == "PREFIX":
                declared.add(prefix)
            elif token.kind == "name" and prefix not in declared:
                return _undeclared(query, token.start, prefix)
            before = token.text.upper()
    except QueryRefused:
        # Not even tokens: the engine's own words are better than none.
        return None
    return None


def _undeclared(query: str, offset: int, prefix: str) -> QuerySyntaxError:
    iri = PREFIXES.get(prefix, "…")
    place = refusal(
        query, offset, f"prefix {prefix}: is not declared; put PREFIX {prefix}: <{iri}> at the top"
    )
    return QuerySyntaxError(str(place), line=place.line, column=place.column)


def _message(expected: str, here: str) -> str:
    """Word what the engine expected; character classes of its grammar say nothing to people."""
    words = [word.strip() for word in _CHARACTERS.sub("", expected).split(", ")]
    sentences = [word for word in words if " " in word]
    if sentences:
        return f"{sentences[0]}, before {here}"
    looked_for = [word for word in words if word]
    more = " …" if len(looked_for) > _SHOWN_WORDS else ""
    tail = f"; the parser looked for {', '.join(looked_for[:_SHOWN_WORDS])}{more}" if looked_for else ""
    return f"unexpected {here}{tail}"


def _text_at(query: str, line: int, column: int) -> str:
    """Show what stands at a place, up to the next space."""
    lines = query.split("\n")
    rest = lines[line - 1][column - 1 :].split() if line <= len(lines) else []
    return rest[0][:_SHOWN_TEXT] if rest else "the end" if line >= len(lines) else "the end of the line"
