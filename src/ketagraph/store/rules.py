"""Rules run where the data lie: CONSTRUCT queries in a store, until they add nothing.

After the first round a rule runs again only if it looks at a predicate of which something new was drawn in
the round before: nothing else can change what it draws. Results go from the engine into the store, not by
way of another library, so that their number is bounded by the store alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pyoxigraph import DefaultGraph, NamedNode, Quad, QueryTriples, Store, Triple

from ketagraph.errors import EnvironmentFault, QueryRefused
from ketagraph.names import PREFIXES
from ketagraph.sparql_tokens import Token, tokens
from ketagraph.store.evaluation import solve
from ketagraph.store.query import Query

__all__ = ["Rule", "saturate"]

_ROUNDS = 10
_TYPE = PREFIXES["rdf"] + "type"
_LISTS = {"SELECT": {"{", "WHERE"}, "BY": {"}", "HAVING", "ORDER", "LIMIT"}, "VALUES": {"{"}}
"""Words that begin a list of variables, and what ends it: no triple patterns stand there."""


_SUBJECT_FOLLOWS = {"{", "}", ".", ")"}


@dataclass(frozen=True, slots=True)
class Rule:
    """A CONSTRUCT query and the predicates that it may look at; ``reads`` None where it looks at any."""

    text: str
    reads: frozenset[str] | None

    @classmethod
    def of(cls, text: str) -> Rule:
        """Read a rule; every IRI of its pattern counts as a predicate that it looks at."""
        found = list(tokens(text, comments=False))
        body = _body(found)
        if _has_open_predicate(body):
            return cls(text, None)
        prefixes = {
            name.text.rstrip(":"): iri.text[1:-1] for name, iri in pairwise(found) if iri.text.startswith("<")
        }
        return cls(text, frozenset(_iri(token.text, prefixes) for token in body) - {""})

    def looks_at(self, predicates: set[str]) -> bool:
        """Whether new triples of these predicates may let it draw more."""
        return self.reads is None or bool(self.reads & predicates)


def saturate(store: Store, rules: Sequence[Rule], *, into: str) -> list[str]:
    """Apply ``rules`` to the default graph until they add nothing; add what they draw to it and to ``into``.

    What stands in the default graph is not drawn again. Return the new statements as sorted N-Triples lines.

    Raises:
        EnvironmentFault: they still add triples after several rounds.
    """
    graph, drawn, due = NamedNode(into), set[str](), list(rules)
    for _ in range(_ROUNDS):
        fresh = {triple for rule in due for triple in _new(store, rule)}
        if not fresh:
            return sorted(drawn)
        places = (graph, DefaultGraph())
        store.bulk_extend(_placed(triple, place) for triple in fresh for place in places)
        drawn |= {f"{triple} ." for triple in fresh}
        predicates = {triple.predicate.value for triple in fresh}
        due = [rule for rule in rules if rule.looks_at(predicates)]
    raise EnvironmentFault(f"the rules still add triples after {_ROUNDS} rounds; one of them feeds itself")


def _new(store: Store, rule: Rule) -> Iterator[Triple]:
    solved = solve(store, Query(rule.text))
    if not isinstance(solved, QueryTriples):
        raise QueryRefused("expected a CONSTRUCT query")
    return (triple for triple in solved if _placed(triple, DefaultGraph()) not in store)


def _placed(triple: Triple, graph: NamedNode | DefaultGraph) -> Quad:
    return Quad(triple.subject, triple.predicate, triple.object, graph)


def _body(found: Sequence[Token]) -> list[Token]:
    """Take the tokens of the pattern: all behind the template, without lists of variables."""
    start = next(place for place, token in enumerate(found) if token.text == "}")
    body: list[Token] = []
    ends: set[str] = set()
    for token in found[start + 1 :]:
        word = token.text.upper()
        if word in ends:
            ends = set()
        elif word in _LISTS and not ends:
            ends = _LISTS[word]
        if not ends:
            body.append(token)
    return body


def _has_open_predicate(body: Sequence[Token]) -> bool:
    """Whether a variable stands where a predicate belongs: behind a semicolon, or behind a subject."""
    before, last = "{", "{"
    for token in body:
        if token.kind == "variable" and (
            last == ";" or last[0] in "?$" or (before in _SUBJECT_FOLLOWS and _is_term(last))
        ):
            return True
        before, last = last, token.text
    return False


def _is_term(text: str) -> bool:
    return text[0] in "?$<\"'" or ":" in text


def _iri(text: str, prefixes: dict[str, str]) -> str:
    if text == "a":
        return _TYPE
    if text.startswith("<"):
        return text[1:-1]
    prefix, colon, name = text.partition(":")
    return prefixes[prefix] + name if colon and prefix in prefixes else ""
