"""A query's text in, its groups and SERVICE clauses out, by tokens; the text is never taken apart further."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ketagraph.sparql_tokens import FORMS, Token, tokens

__all__ = ["Clause", "Group", "Reading", "variables"]

_INTRODUCERS = frozenset({"OPTIONAL", "MINUS", "EXISTS", "GRAPH", "SERVICE", "UNION", "VALUES"})
_OPEN, _CLOSE = frozenset({"(", "[", "{", "{|", "<<"}), frozenset({")", "]", "}", "|}", ">>"})


@dataclass(slots=True)
class Group:
    """A group in braces: the word before it, where that stands, and the extent of the text within.

    ``filters`` are the extents of its own FILTERs; ``place`` is where the SERVICE clause of it begins.
    """

    kind: str
    introduced: int
    start: int
    parent: Group | None
    end: int = -1
    filters: list[tuple[int, int]] = field(default_factory=list)

    @property
    def around(self) -> Iterator[Group]:
        """The groups around it, from within."""
        group = self.parent
        while group:
            yield group
            group = group.parent


@dataclass(frozen=True, slots=True)
class Clause:
    """One SERVICE: where it begins, its endpoint as written, whether SILENT, and its group."""

    start: int
    endpoint: str
    is_silent: bool
    group: Group

    @property
    def end(self) -> int:
        """Where the clause has ended."""
        return self.group.end + 1


class Reading:
    """What is to be known of a query that has passed the guard."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.tokens = list(tokens(query, comments=False))
        self.clauses: list[Clause] = []
        self._filters: dict[int, int] = {}
        self._outer: dict[int, Group | None] = {}
        """Offset of each token that stands in a group and in no other brackets → that group."""
        _Reader(self).read()
        self.clauses.sort(key=lambda clause: clause.start)

    @cached_property
    def prologue(self) -> str:
        """The text before the query's form: BASE and PREFIX."""
        form = next(each for each in self.tokens if each.kind == "word" and each.text.upper() in FORMS)
        return self.query[: form.start]

    @cached_property
    def dataset(self) -> str:
        """The FROM clauses, as one line."""
        found = []
        for place, token in enumerate(self.tokens):
            if token.kind == "word" and token.text.upper() == "FROM":
                is_named = self.tokens[place + 1].text.upper() == "NAMED"
                found += [each.text for each in self.tokens[place : place + 2 + is_named]]
        return " ".join(found)

    @cached_property
    def has_star(self) -> bool:
        """Whether it asks for every variable: SELECT *, DESCRIBE *, COUNT(DISTINCT *)."""
        before = {"SELECT", "DISTINCT", "REDUCED", "DESCRIBE"}
        words = [each.text.upper() for each in self.tokens]
        return any(word == "*" and words[place - 1] in before for place, word in enumerate(words))

    def within(self, start: int, end: int) -> list[Token]:
        """Tokens between two offsets."""
        return [token for token in self.tokens if start <= token.start < end]

    def certain(self, group: Group, until: int) -> set[str]:
        """Variables that every solution of the group's text up to an offset binds; some of them."""
        found, in_values = set(), False
        for token in self.within(group.start, until):
            if self._outer.get(token.start) is not group:
                continue
            if token.kind == "word":
                in_values = token.text.upper() == "VALUES"
            elif token.kind == "variable" and not in_values:
                found.add(token.text[1:])
        return found


def variables(found: Iterable[Token]) -> set[str]:
    """Names of the variables among tokens, without their mark."""
    return {token.text[1:] for token in found if token.kind == "variable"}


class _Reader:
    """One pass over the tokens."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._stack: list[tuple[Group, Clause | None, int]] = []
        self._kind, self._introduced = "", 0
        self._brackets = 0

    def read(self) -> None:
        """Note of every token the group that it stands in."""
        for place, token in enumerate(self._reading.tokens):
            if self._stack and not self._brackets:
                self._reading._outer[token.start] = self._stack[-1][0]
            if token.kind == "word":
                self._word(place, token)
            elif token.text == "{":
                self._open(place, token)
            elif token.text == "}":
                self._close(token)
            elif token.kind in {"open", "close"}:
                self._brackets += 1 if token.kind == "open" else -1
            elif token.text == ".":
                self._kind = ""

    def _word(self, place: int, token: Token) -> None:
        word = token.text.upper()
        if word == "FILTER" and self._stack:
            self._stack[-1][0].filters.append((token.start, self._filter_end(place)))
        if word != "SILENT":
            self._kind, self._introduced = (word if word in _INTRODUCERS else ""), token.start

    def _open(self, place: int, token: Token) -> None:
        parent = self._stack[-1][0] if self._stack else None
        group = Group(self._kind, self._introduced, token.start + 1, parent)
        clause = None
        if self._kind == "SERVICE":
            is_silent = self._reading.tokens[place - 2].text.upper() == "SILENT"
            clause = Clause(self._introduced, self._reading.tokens[place - 1].text[1:-1], is_silent, group)
        self._stack.append((group, clause, self._brackets))
        self._kind, self._brackets = "", 0

    def _close(self, token: Token) -> None:
        group, clause, self._brackets = self._stack.pop()
        group.end, self._kind = token.start, ""
        if clause:
            self._reading.clauses.append(clause)

    def _filter_end(self, place: int) -> int:
        """Find where the FILTER at ``place`` ends: with the first brackets after it."""
        depth = 0
        for token in self._reading.tokens[place + 1 :]:
            depth += token.text in _OPEN and token.kind == "open"
            if token.kind == "close" and token.text in _CLOSE:
                depth -= 1
                if depth == 0:
                    return token.start + len(token.text)
        return len(self._reading.query)
