"""Signed effects pulled by a query from any graph that answers SPARQL in, judgements by them out.

The query is a SELECT of ``?subject ?sign ?object``; it may also give ``?reference``, ``?certainty``,
``?claim``, ``?relation``, ``?affirmed`` (false: the source denies it), ``?dose``, ``?route``, ``?species``,
``?via``, ``?anchor``, ``?subjectLabel`` and ``?objectLabel``. A sign is 1, −1 or 0, and unbound where it is
not known; rows that differ only in reference, anchor or via are one claim. A second query of
``?child ?parent`` may give the class hierarchy. Without any query the graph is taken to be shaped like ours.

Paths are searched in compressed adjacency, with what is said of a class copied to its kinds; only the
effects that carry a path are handed to the judge, which then answers as it does for our own graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ketagraph.claims import Certainty, Claim, Effect, Hierarchy, Judgement, Scope, Sign, Statement, judge
from ketagraph.claims.model import local
from ketagraph.dossier import stored_query
from ketagraph.errors import Fault, SourceError, UnknownName
from ketagraph.lexicon import Entry, Lexicon
from ketagraph.own_effects import MOST, cut_short
from ketagraph.results import Rows
from ketagraph.signed_graph import CERTAINTIES, UNSIGNED, Limits, SignedGraph, simple_paths

__all__ = ["OPTIONAL", "REQUIRED", "Pulled", "Selects", "pull"]

REQUIRED = ("subject", "sign", "object")
OPTIONAL = (
    *("reference", "certainty", "claim", "relation", "affirmed", "dose", "route", "species", "via", "anchor"),
    *("subjectLabel", "objectLabel"),
)
_CLASSES = ("child", "parent")
_SIGNS: Mapping[str, Sign] = {
    **dict.fromkeys(("1", "+1", "+"), 1),
    **dict.fromkeys(("-1", "-", "−1", "−"), -1),
    "0": 0,
    **dict.fromkeys(("", "?"), None),
}
_WORDS = {word.lower(): rank for rank, word in enumerate(CERTAINTIES)}
_FALSE = {"false", "0"}
_MANY = ("reference", "anchor", "via")
_NAMES = ("subjectLabel", "objectLabel")
_FAULTS = 20


class Selects(Protocol):
    """What answers a SELECT: an open :class:`ketagraph.KnowledgeGraph`, be it a file or an endpoint."""

    def select(self, query: str) -> Rows:
        """Return variables and rows."""


@dataclass(frozen=True)
class Pulled:
    """What was pulled: what is affirmed as ``effects``, ``denials``, the hierarchy, and labels by node."""

    effects: tuple[Effect, ...]
    denials: tuple[Statement, ...]
    hierarchy: Hierarchy
    labels: Mapping[str, str]

    @cached_property
    def nodes(self) -> frozenset[str]:
        """Everything that an edge joins, and every class with a parent."""
        ends = (name for each in self.effects for name in (each.subject, each.object))
        return frozenset(ends) | self.hierarchy.parents.keys()

    @cached_property
    def lexicon(self) -> Lexicon:
        """Every node by its label, and by its own name."""
        named = (Entry(name, self.labels.get(name, name), "label") for name in self.nodes)
        return Lexicon.of(named, self.nodes)

    def judge(self, claim: Claim, *, hops: int = 4, limits: Limits | None = None) -> Judgement:
        """Judge ``claim``, whose ends are nodes of the graph (:attr:`lexicon` finds them by name).

        Raises:
            UnknownName: the subject or the object is no node.
        """
        for end in (claim.subject, claim.object):
            if end not in self.nodes:
                raise UnknownName(f"no effect of the graph has a node called {end!r}")
        graph, source = self._graph(claim)
        ends = graph.node(claim.subject), graph.node(claim.object)
        found = simple_paths(graph, *ends, hops=hops, limits=limits or Limits(paths=MOST))
        used = sorted({source[row] for rows in graph.rows(found.edges()) for row in rows.tolist()})
        carrying = [self.effects[place] for place in used]
        judgement = judge(
            claim, carrying, (), statements=self.denials, hierarchy=self.hierarchy, hops=hops, max_paths=MOST
        )
        return cut_short(judgement, found.cut) if found.cut else judgement

    def _graph(self, claim: Claim) -> tuple[SignedGraph, Sequence[int]]:
        """Compress the edges as the claim sees them; with each, the effect that it stands for.

        A node has the edges of its classes, and an edge to a class of the claim's object ends there.
        """
        goals = self.hierarchy.ancestors(claim.object) | {claim.object}
        nodes = {name for each in self.effects for name in (each.subject, each.object)}
        nodes |= {claim.subject, claim.object}
        heirs = {name: [name, *(self.hierarchy.descendants(name) & nodes)] for name in nodes}
        edges = [
            (heir, claim.object if each.object in goals else each.object, place)
            for place, each in enumerate(self.effects)
            for heir in heirs[each.subject]
        ]
        names = sorted(nodes)
        number = {name: place for place, name in enumerate(names)}
        source = [place for _, _, place in edges]
        graph = SignedGraph.of(
            names,
            np.fromiter((number[start] for start, _, _ in edges), np.int32, len(edges)),
            np.fromiter((number[end] for _, end, _ in edges), np.int32, len(edges)),
            np.fromiter((_stored(self.effects[place].sign) for place in source), np.int8, len(edges)),
            np.fromiter((_rank(self.effects[place].certainty) for place in source), np.int8, len(edges)),
        )
        return graph, source


def _stored(sign: Sign) -> int:
    return UNSIGNED if sign is None else sign


def _rank(certainty: Certainty) -> int:
    return _WORDS[certainty.lower()]


def pull(source: Selects, where: str, *, effects: str = "", classes: str = "") -> Pulled:
    """Run the queries on ``source``, which is called ``where`` in messages, and check what comes back.

    Raises:
        SourceError: columns that lack or are strange, a value that does not fit, no effect, or no sign.
        EnvironmentFault, QueryRefused, QueryStopped: the endpoint is down, no endpoint, or cuts its answer.
    """
    rows = list(_rows(source, effects or stored_query("pull-effects"), where, REQUIRED, OPTIONAL))
    if faults := [Fault(where, 0, f"row {number}", told) for number, row in rows if (told := _wrong(row))]:
        raise SourceError(faults[:_FAULTS])
    if not any(_SIGNS[row.get("sign", "")] is not None for _, row in rows):
        told = "no row has a sign, so nothing can be judged" if rows else "the query found no effect"
        raise SourceError([Fault(where, 0, "", f"{told}; expected ?subject, ?sign (1, -1, 0) and ?object")])
    wider = classes or ("" if effects else stored_query("pull-classes"))
    above = list(_rows(source, wider, where, _CLASSES, ("childLabel",))) if wider else []
    claims = _claims(rows, where)
    return Pulled(
        tuple(_effect(row, many) for row, many in claims if row.get("affirmed") not in _FALSE),
        tuple(_denial(row, many) for row, many in claims if row.get("affirmed") in _FALSE),
        _hierarchy(above, where),
        _labels([*rows, *above]),
    )


_Row = dict[str, str]
_Numbered = tuple[int, _Row]


def _rows(
    source: Selects, query: str, where: str, required: Sequence[str], optional: Sequence[str]
) -> Iterator[_Numbered]:
    """Yield rows as strings, numbered from 1; a variable that is not bound is missing."""
    found = source.select(query)
    variables = found.variables
    if not set(required) <= set(variables) <= {*required, *optional}:
        wanted = "?" + " ?".join(required) + (f" and any of ?{' ?'.join(optional)}" if optional else "")
        told = f"the query answers with ?{' ?'.join(variables)}; expected {wanted}"
        raise SourceError([Fault(where, 0, "", told)])
    for number, row in enumerate(found.terms, start=1):
        yield number, {name: term.value for name, term in zip(variables, row, strict=True) if term}


def _wrong(row: Mapping[str, str]) -> str:
    """Say what is wrong with a row; empty where nothing is."""
    if lacking := [name for name in ("subject", "object") if not row.get(name)]:
        return f"?{lacking[0]} is not bound"
    if row.get("sign", "") not in _SIGNS:
        return f"?sign is {row['sign']!r}; expected 1, -1, 0, or nothing where it is not known"
    if "certainty" in row and local(row["certainty"]) not in _WORDS:
        return f"?certainty is {row['certainty']!r}; expected one of {', '.join(CERTAINTIES)}"
    return ""


def _claims(rows: Sequence[_Numbered], where: str) -> list[tuple[_Row, Mapping[str, set[str]]]]:
    """Join the rows of one claim; a row without ?claim is a claim called by its number."""
    found: dict[tuple[tuple[str, str], ...], dict[str, set[str]]] = {}
    for number, row in rows:
        own = {"claim": f"{where} row {number}"} | row
        key = tuple(sorted((name, text) for name, text in own.items() if name not in (*_MANY, *_NAMES)))
        many = found.setdefault(key, defaultdict(set))
        for name in _MANY:
            many[name].update(filter(None, [row.get(name)]))
    return [(dict(key), many) for key, many in found.items()]


def _scope(row: _Row, many: Mapping[str, set[str]]) -> Scope:
    dose, route, species = (row.get(name, "") for name in ("dose", "route", "species"))
    return Scope(dose_regime=dose, route=route, species=species, via=tuple(sorted(many["via"])))


def _effect(row: _Row, many: Mapping[str, set[str]]) -> Effect:
    return Effect(
        row["subject"],
        row.get("relation", "acts on"),
        row["object"],
        _SIGNS[row.get("sign", "")],
        claims=(row["claim"],),
        certainty=_certainty(row),
        references=tuple(sorted(many["reference"])),
        anchors=tuple(sorted(many["anchor"])),
        scope=_scope(row, many),
    )


def _denial(row: _Row, many: Mapping[str, set[str]]) -> Statement:
    said = _effect(row, many)
    return Statement(
        said.subject,
        said.relation,
        said.object,
        said.sign,
        affirmed=False,
        claim=row["claim"],
        certainty=said.certainty,
        anchors=said.anchors,
        references=said.references,
        scope=said.scope,
        therapeutic=False,
    )


def _certainty(row: _Row) -> Certainty:
    return Certainty(CERTAINTIES[_WORDS[local(row.get("certainty", "Established"))]])


def _hierarchy(rows: Sequence[_Numbered], where: str) -> Hierarchy:
    parents: dict[str, set[str]] = defaultdict(set)
    for number, row in rows:
        if lacking := [name for name in _CLASSES if name not in row]:
            raise SourceError([Fault(where, 0, f"row {number}", f"?{lacking[0]} is not bound")])
        parents[row["child"]].add(row["parent"])
    return Hierarchy(parents)


def _labels(rows: Sequence[_Numbered]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for _, row in rows:
        for end in ("subject", "object", "child"):
            if label := row.get(f"{end}Label"):
                found.setdefault(row[end], label)
    return found
