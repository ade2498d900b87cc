"""A query with SERVICE in, one without out: every clause becomes the rows that its endpoint answers.

By its definition (https://www.w3.org/TR/sparql11-federated-query/#algebra_service) SERVICE is a multiset of
solutions that stands where a group may stand, and a group of VALUES with the same rows is the same multiset;
so a clause may stand in OPTIONAL, UNION, MINUS, EXISTS or a subquery. Columns that nothing outside the clause
speaks of are left away, which changes no row. To ask for less, the bindings of what is joined before the
clause go along: joining with them once more changes no answer (:func:`_context` says where that holds).

Pure: :func:`federate` yields what has to be asked and is sent what was found. What cannot be done is refused
by name: blank nodes that are used outside, SERVICE within SERVICE or beside LATERAL, relative IRIs.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass

from ketagraph.errors import QueryRefused
from ketagraph.federation.reading import Clause, Group, Reading, variables
from ketagraph.sparql_tokens import refusal

__all__ = ["MOST_BINDINGS", "Ask", "Bindings", "Step", "Syntax", "Table", "federate", "mentions_service"]

MOST_BINDINGS = 1_000
"""Bindings that may go along; where there are more, the endpoint is asked without."""

_MOST_CLAUSES = 8
_MENTION = re.compile("service", re.IGNORECASE | re.ASCII)
_NOT_SPACE = re.compile(r"[^\s]")
_SCHEME = re.compile(r"<[A-Za-z][A-Za-z0-9+.\-]*:")
# What is joined before the clause must be the same whenever it is read.
_VOLATILE = frozenset(
    {"RAND", "UUID", "STRUUID", "BNODE", "NOW", "LIMIT", "OFFSET", "SAMPLE", "GROUP_CONCAT"}
)
_ONE = "ketagraphRow"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, each written as VALUES takes it; ``blank`` are variables that blank nodes are values of."""

    variables: tuple[str, ...]
    rows: tuple[str, ...]
    blank: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many characters its rows have."""
        return sum(map(len, self.rows))


@dataclass(frozen=True, slots=True)
class Syntax:
    """Have our own engine parse ``text``; what it answers is of no interest."""

    text: str


@dataclass(frozen=True, slots=True)
class Bindings:
    """Ask our own data: a table of those variables that are IRIs in every row; of no variable if none is."""

    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask ``endpoint``; ``variables`` are what is wanted, None for all. Of a silent failure None is sent."""

    endpoint: str
    text: str
    variables: tuple[str, ...] | None
    is_silent: bool


Step = Syntax | Bindings | Ask


def mentions_service(query: str) -> bool:
    """Whether a query could have a SERVICE: a cheap look that says yes rather too often."""
    return _MENTION.search(query) is not None


def federate(query: str) -> Generator[Step, Table | None, str]:
    """Yield what has to be asked, be sent what was found, and return the query without SERVICE.

    ``query`` has passed the guard.

    Raises:
        QueryRefused: something in it cannot be done across endpoints.
    """
    plan = _Plan(Reading(query))
    plan.check()
    if not plan.reading.clauses:
        return query
    yield Syntax(plan.as_groups())
    for clause in plan.reading.clauses:
        plan.replaced.append((clause, (yield from _rows(plan, clause))))
    return plan.text(0, len(query))


def _rows(plan: _Plan, clause: Clause) -> Generator[Step, Table | None, str]:
    """Ask for one clause, and return the group that takes its place."""
    wanted = plan.wanted(clause)
    context = _context(plan, clause)
    bound = (yield Bindings(context)) if context else None
    if bound and (not bound.variables or len(bound.rows) > MOST_BINDINGS):
        bound = None
    if bound and not bound.rows and wanted:
        # Nothing to join with: whatever the endpoint says, no row of it is used.
        return _group(Table(wanted, ()))
    text = plan.remote(clause, wanted, bound)
    found = yield Ask(clause.endpoint, text, (_ONE,) if wanted == () else wanted, clause.is_silent)
    if found is None:
        return "{ }"
    if found.blank:
        names = ", ".join(f"?{name}" for name in found.blank)
        message = f"<{clause.endpoint}> answers {names} with blank nodes, which name nothing here"
        raise plan.refuse(clause.start, f"{message}; SELECT by name, and leave {names} within SERVICE")
    return _group(found if wanted != () else Table((), ("()",) * len(found.rows)))


def _group(table: Table) -> str:
    return f"{{ {_values(table)} }}"


def _values(table: Table) -> str:
    names = " ".join(f"?{name}" for name in table.variables)
    return f"VALUES ({names}) {{ {' '.join(table.rows)} }}"


def _context(plan: _Plan, clause: Clause) -> str | None:
    """Return a query for the bindings that may go along; None where none may.

    What stands before the clause in its own group is joined with it, whatever comes after. A clause at the
    end of an OPTIONAL is also joined with what stands before that: a row of the clause that agrees with none
    of those extends none. Further out other operators come between, and within GRAPH the text alone does not
    say which graph is meant: there nothing goes along.
    """
    group = clause.group.parent
    if group is None or any(each.kind == "GRAPH" for each in clause.group.around):
        return None
    parts = [plan.part(group, clause.start)]
    if group.kind == "OPTIONAL" and group.parent and plan.is_last(clause, group):
        parts.insert(0, plan.part(group.parent, group.introduced))
    inside = variables(plan.reading.within(clause.group.start, clause.group.end))
    shared = sorted(inside & {name for part in parts if part for name in part[1]})
    if not shared or None in parts:
        return None
    names = " ".join(f"?{name}" for name in shared)
    text = " ".join(f"{{ {part[0]}\n}}" for part in parts if part)
    dataset = plan.reading.dataset
    select = f"SELECT DISTINCT {names} {dataset} WHERE {{ {text} }} LIMIT {MOST_BINDINGS + 1}"
    return f"{plan.reading.prologue}\n{select}"


@dataclass
class _Plan:
    """A query that is being rewritten, clause by clause from left to right."""

    reading: Reading

    def __post_init__(self) -> None:
        self.replaced: list[tuple[Clause, str]] = []

    def check(self) -> None:
        """Refuse what cannot be done."""
        reading = self.reading
        begun = {clause.start for clause in reading.clauses}
        for token in reading.tokens:
            if token.kind == "word" and token.text.upper() == "SERVICE" and token.start not in begun:
                raise self.refuse(token.start, "SERVICE wants an IRI and a group in braces")
        if len(reading.clauses) > _MOST_CLAUSES:
            raise self.refuse(
                reading.clauses[_MOST_CLAUSES].start,
                f"more than {_MOST_CLAUSES} SERVICE clauses; split the query",
            )
        for token in reading.tokens:
            if token.kind == "word" and token.text.upper() == "LATERAL":
                raise self.refuse(token.start, "SERVICE and LATERAL cannot be used together here")
        for clause in reading.clauses:
            if any(group.kind == "SERVICE" for group in clause.group.around):
                raise self.refuse(
                    clause.start, "SERVICE within SERVICE is not passed on; ask that endpoint itself"
                )
            if "\\" in clause.endpoint:
                raise self.refuse(clause.start, "write the endpoint's IRI without escapes")
            self._check_iris(clause)

    def _check_iris(self, clause: Clause) -> None:
        """Refuse IRIs that another endpoint would resolve against an address of its own."""
        prologue = self.reading.within(0, len(self.reading.prologue))
        relative = [token for token in prologue if token.kind == "iri" and not _SCHEME.match(token.text)]
        bases = [
            at for at, token in enumerate(prologue) if token.kind == "word" and token.text.upper() == "BASE"
        ]
        if bases and _SCHEME.match(prologue[bases[0] + 1].text):
            return
        inner = self.reading.within(clause.group.start, clause.group.end)
        relative += [token for token in inner if token.kind == "iri" and not _SCHEME.match(token.text)]
        if relative:
            message = f"{relative[0].text[:40]} is relative; write it in full, or declare BASE"
            raise self.refuse(relative[0].start, message)

    def as_groups(self) -> str:
        """Return the query with the words of SERVICE blanked out: its syntax, all characters in place."""
        text = self.reading.query
        for clause in self.reading.clauses:
            words = text[clause.start : clause.group.start - 1]
            text = text[: clause.start] + _NOT_SPACE.sub(" ", words) + text[clause.group.start - 1 :]
        return text

    def wanted(self, clause: Clause) -> tuple[str, ...] | None:
        """Variables of a clause that are spoken of outside it; None where all are."""
        if self.reading.has_star:
            return None
        outside = [each for each in self.reading.tokens if not clause.start <= each.start < clause.end]
        inside = self.reading.within(clause.group.start, clause.group.end)
        return tuple(sorted(variables(inside) & variables(outside)))

    def remote(self, clause: Clause, wanted: tuple[str, ...] | None, bound: Table | None) -> str:
        """Write the query for the endpoint, with the bindings that go along."""
        names = "*" if wanted is None else " ".join(f"?{name}" for name in wanted) or f"(1 AS ?{_ONE})"
        text = self.reading.query[clause.group.start : clause.group.end]
        if bound:
            text = (
                f"{_values(bound)}\n{text}"
                if self._is_plain(clause, bound)
                else f"{_values(bound)}\n{{{text}\n}}"
            )
        return f"{self.reading.prologue}\nSELECT {names} WHERE {{{text}\n}}"

    def _is_plain(self, clause: Clause, bound: Table) -> bool:
        """Whether the group is triples and filters that bind every variable: no need for one within another.

        Endpoints find the plan that begins with the bindings more often then.
        """
        inner = self.reading.within(clause.group.start, clause.group.end)
        is_flat = not any(token.text == "{" or token.text.upper() == "BIND" for token in inner)
        return is_flat and set(bound.variables) <= self.reading.certain(clause.group, clause.group.end)

    def part(self, group: Group, until: int) -> tuple[str, set[str]] | None:
        """Return a group's text up to an offset, and its variables; None where it may differ when read again.

        Of the group's filters, which hold for the whole of it, only those stay that speak of nothing but
        variables which the text binds in any case.
        """
        found = [
            token for token in self.reading.within(group.start, until) if not self._is_replaced(token.start)
        ]
        if any(token.kind == "word" and token.text.upper() in _VOLATILE for token in found):
            return None
        certain = self.reading.certain(group, until)
        text, place = "", group.start
        for start, end in group.filters:
            if start >= until:
                break
            if not variables(self.reading.within(start, end)) <= certain:
                text += self.text(place, start) + "FILTER(true)"
                place = end
        spoken = variables(self.reading.within(group.start, until))
        return text + self.text(place, until), spoken

    def is_last(self, clause: Clause, group: Group) -> bool:
        """Whether nothing but filters comes after the clause in its group."""
        after = self.reading.within(clause.end, group.end)
        in_filter = [any(start <= token.start < end for start, end in group.filters) for token in after]
        return all(token.text == "." or inside for token, inside in zip(after, in_filter, strict=True))

    def text(self, start: int, end: int) -> str:
        """Return the query's text between two offsets, clauses replaced as far as they are."""
        found, place = "", start
        for clause, group in self.replaced:
            if start <= clause.start < end:
                found += self.reading.query[place : clause.start] + group
                place = clause.end
        return found + self.reading.query[place:end]

    def _is_replaced(self, offset: int) -> bool:
        return any(clause.start <= offset < clause.end for clause, _ in self.replaced)

    def refuse(self, offset: int, message: str) -> QueryRefused:
        """Make the refusal for a place."""
        return refusal(self.reading.query, offset, message)
