"""The text of a rule in, the triples that it may look at and may draw out: predicates of kinds of subject.

A facet is a predicate with a class: of ``?a a :Claim ; :polarity ?b`` the second triple is looked at only
where its subject is a claim. Of ``rdf:type`` the class is the object. An empty class stands for any. What is
said of a variable counts within its own group and the groups in it, but not across the border of a
sub-SELECT, whose variables may be others. Where a predicate cannot be told, the rule looks at everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ketagraph.names import PREFIXES
from ketagraph.sparql_tokens import Token, tokens

__all__ = ["EVERYTHING", "TYPE", "Facet", "Pattern", "patterns", "single"]

Facet = tuple[str, str]
"""A predicate, and the class of its subject (of rdf:type: the class given), empty for any."""

TYPE = PREFIXES["rdf"] + "type"
EVERYTHING: Facet = ("", "")
"""Any predicate of any subject."""

_TERMS = {"variable", "iri", "name", "string", "number"}
_LISTS = {"BY", "LIMIT", "OFFSET"}
_MODIFIERS = {"*", "+", "?"}
_SCHEMA = {
    *(PREFIXES["rdfs"] + name for name in ("subClassOf", "subPropertyOf")),
    *(PREFIXES["owl"] + name for name in ("equivalentClass", "inverseOf")),
}
_BEYOND_EACH = {"EXISTS", "GROUP", "LIMIT", "MINUS", "OFFSET", "OPTIONAL", "SELECT"}
"""Words of queries whose solutions are not those of each triple by itself."""


@dataclass(slots=True)
class _Group:
    """A group of patterns: the classes that its variables are said to have, and the group around it."""

    around: _Group | None = None
    classes: dict[str, str] = field(default_factory=dict)

    def class_of(self, subject: str) -> str:
        group: _Group | None = self
        while group and subject not in group.classes:
            group = group.around
        return group.classes[subject] if group else ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One triple pattern as far as it was read: its group, its subject, one step of its path, its object."""

    group: _Group
    subject: str
    predicate: str
    object: str
    is_first: bool
    """Whether the step begins at the subject, so that the subject's class holds for it."""

    def facet(self) -> Facet:
        """Say which triples it may look at, or draw."""
        if not self.predicate:
            return EVERYTHING
        if self.predicate == TYPE:
            return (TYPE, "" if self.object[:1] in "?$" else self.object)
        return (self.predicate, self.group.class_of(self.subject) if self.is_first else "")


def patterns(text: str) -> tuple[frozenset[Facet], frozenset[Facet]]:
    """Return what the pattern of a CONSTRUCT query may look at, and what its template may draw.

    Raises:
        QueryRefused: the text cannot be read as tokens.
    """
    body, template = _read(list(tokens(text, comments=False)))
    return frozenset(each.facet() for each in body), frozenset(each.facet() for each in template)


def single(text: str) -> Facet | None:
    """Return what a query's only pattern that is not about the schema may look at, if it has only one.

    Such a query draws the same from two graphs of one schema as from both together. None where it may not be
    so: where there are more patterns, or it asks for an absence, counts, or picks some of its solutions.
    """
    found = list(tokens(text, comments=False))
    about_data = [facet for each in _read(found)[0] if not _is_schema(facet := each.facet())]
    if len(about_data) != 1 or {token.text.upper() for token in found} & _BEYOND_EACH:
        return None
    return about_data[0]


def _is_schema(facet: Facet) -> bool:
    return facet[0] in _SCHEMA or (facet[0] == TYPE and facet[1].startswith(PREFIXES["owl"]))


def _read(found: Sequence[Token]) -> tuple[list[Pattern], list[Pattern]]:
    """Read the patterns of a CONSTRUCT query's body, and of its template."""
    prefixes = {
        name.text.rstrip(":"): iri.text[1:-1] for name, iri in pairwise(found) if iri.text.startswith("<")
    }
    start = next(place for place, token in enumerate(found) if token.text == "{")
    end = next(place for place, token in enumerate(found) if token.text == "}")
    template = _Reader(found[start:end], prefixes).read()
    body = _Reader(found[end + 1 :], prefixes).read()
    return body, template


class _Reader:
    """Reads the triple patterns of a group and of all groups in it."""

    def __init__(self, found: Sequence[Token], prefixes: dict[str, str]) -> None:
        self._tokens, self._place, self._prefixes = found, 0, prefixes
        self._patterns: list[Pattern] = []
        self._unread = _Group()

    def read(self) -> list[Pattern]:
        """Read all; a group once more than there are openings ends nothing."""
        while self._place < len(self._tokens):
            if self._next().text == "{":
                self._read_group(_Group())
        return self._patterns

    def _next(self) -> Token:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._place].text if self._place < len(self._tokens) else "}"

    def _read_group(self, group: _Group) -> None:
        inner: _Group | None = group
        while self._place < len(self._tokens):
            token = self._next()
            word = token.text.upper()
            if token.text == "}":
                return
            if token.text == "{":
                self._read_group(_Group(inner))
                inner = group
            elif word == "SELECT":
                inner = None
                self._skip_to({"{", "WHERE"})
            elif word == "VALUES":
                self._skip_to({"{"})
                self._skip_to({"}"})
                self._next()
            elif word in _LISTS:
                self._skip_to({"}", "HAVING"})
            elif token.text == "(":
                self._read_expression(group)
            elif token.kind in _TERMS:
                self._read_subject(token.text, group)
            elif token.text == "[":
                self._note("", "", "", group, is_first=False)

    def _skip_to(self, ends: set[str]) -> None:
        while self._place < len(self._tokens) and self._peek().upper() not in ends:
            self._next()

    def _read_expression(self, group: _Group) -> None:
        """Pass over an expression in brackets, but read the groups that it tests for."""
        depth = 1
        while depth and self._place < len(self._tokens):
            text = self._next().text
            depth += (text == "(") - (text == ")")
            if text == "{":
                self._read_group(_Group(group))

    def _read_subject(self, subject: str, group: _Group) -> None:
        """Read what is said of a subject, until a full stop or something that is no predicate."""
        while self._peek() not in {".", "}", "{"}:
            if self._peek() == ";":
                self._next()
                continue
            steps = list(self._read_path())
            if not steps:
                return
            self._read_objects(subject, steps, group)
            if self._peek() != ";":
                return

    def _read_path(self) -> Iterator[tuple[str, bool]]:
        """Yield each predicate of a path, and whether it begins at the path's subject."""
        is_first, is_inverse, is_open = True, False, False
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            if token.kind == "variable":
                self._next()
                yield "", False
                return
            if token.text in {"^", "!", "("}:
                is_inverse, is_open = True, is_open or token.text == "!"
                self._next()
                continue
            if token.kind not in {"iri", "name"} and token.text != "a":
                return
            self._next()
            repeats = self._peek() in _MODIFIERS
            yield ("" if is_open else self._iri(token.text)), is_first and not is_inverse and not repeats
            while self._peek() in _MODIFIERS | {")"}:
                self._next()
            if self._peek() not in {"/", "|"}:
                return
            is_first = (self._next().text == "|") and is_first

    def _read_objects(self, subject: str, steps: Sequence[tuple[str, bool]], group: _Group) -> None:
        while True:
            if self._peek() in {"[", "("}:
                steps = [("", False)]
            if self._peek() in {"-", "+"}:
                self._next()
            value = self._iri(self._next().text)
            for predicate, is_first in steps:
                self._note(subject, predicate, value, group, is_first=is_first)
            if self._peek() != ",":
                return
            self._next()

    def _note(self, subject: str, predicate: str, value: str, group: _Group, *, is_first: bool) -> None:
        if predicate == TYPE and is_first and value[:1] not in "?$":
            group.classes.setdefault(subject, value)
        self._patterns.append(Pattern(group, subject, predicate, value, is_first))

    def _iri(self, text: str) -> str:
        if text == "a":
            return TYPE
        if text.startswith("<"):
            return text[1:-1]
        prefix, colon, name = text.partition(":")
        return self._prefixes[prefix] + name if colon and prefix in self._prefixes else text
