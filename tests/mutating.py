"""Graphs made wrong by chance: seeded changes to a good one, each of a kind that a shape may notice."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from rdflib import RDF, XSD, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import names

__all__ = ["mutated"]

Triple = tuple[Node, Node, Node]

_ODD_VALUES: tuple[Node, ...] = (
    Literal(""),
    Literal("", lang="en"),
    Literal("douleur", lang="fr"),
    Literal("pain", lang="en-GB"),
    Literal("plain text"),
    Literal('quotes " and \\ and\nlines', lang="en"),
    Literal("mg"),
    Literal("yes", datatype=XSD.boolean),
    Literal("true", datatype=XSD.boolean),
    Literal("many", datatype=XSD.integer),
    Literal("1850", datatype=XSD.integer),
    Literal("-3", datatype=XSD.integer),
    Literal("123456789012345678901234567890", datatype=XSD.integer),
    Literal("2.5", datatype=XSD.decimal),
    Literal("2.5e3", datatype=XSD.double),
    Literal("0.1234567890123456789012345", datatype=XSD.decimal),
    Literal("2020-02-30", datatype=XSD.date),
    Literal("x", datatype=URIRef("https://example.org/a-type")),
    URIRef("https://example.org/nobody"),
    URIRef("https://doi.org/10.1000/1"),
    URIRef(names.term("Ketamine")),
    URIRef(names.term("ChronicPrimaryPain")),
    URIRef(names.term("Affirmed")),
    URIRef(names.term("antagonises")),
    URIRef(names.term("PainIntensity")),
)


def mutated(good: Graph, *, seed: int, changes: int) -> Graph:
    """Return a copy of ``good`` with so many changes; the same seed gives the same graph.

    What is said with blank nodes stays: their names differ from engine to engine.
    """
    chance = random.Random(seed)
    graph = Graph()
    for triple in good:
        graph.add(triple)
    pool = sorted(triple for triple in good if not any(isinstance(node, BNode) for node in triple))
    for _ in range(changes):
        change = chance.choice(sorted(_CHANGES))
        _CHANGES[change](graph, pool, chance)
    return graph


def _drop(graph: Graph, pool: list[Triple], chance: random.Random) -> None:
    graph.remove(chance.choice(pool))


def _replace(graph: Graph, pool: list[Triple], chance: random.Random) -> None:
    subject, predicate, value = chance.choice(pool)
    graph.remove((subject, predicate, value))
    graph.add((subject, predicate, chance.choice(_ODD_VALUES)))


def _add(graph: Graph, pool: list[Triple], chance: random.Random) -> None:
    subject, predicate, _ = chance.choice(pool)
    graph.add((subject, predicate, chance.choice(_ODD_VALUES)))


def _redirect(graph: Graph, pool: list[Triple], chance: random.Random) -> None:
    subject, predicate, value = chance.choice(pool)
    graph.remove((subject, predicate, value))
    graph.add((subject, predicate, chance.choice(pool)[0]))


def _move(graph: Graph, pool: list[Triple], chance: random.Random) -> None:
    subject, predicate, _ = chance.choice(pool)
    graph.add((subject, predicate, chance.choice(pool)[2]))


def _retype(graph: Graph, pool: list[Triple], chance: random.Random) -> None:
    kinds = [triple for triple in pool if triple[1] == RDF.type]
    graph.add((chance.choice(pool)[0], RDF.type, chance.choice(kinds)[2]))


_CHANGES: Mapping[str, Callable[[Graph, list[Triple], random.Random], None]] = {
    "add": _add,
    "drop": _drop,
    "move": _move,
    "redirect": _redirect,
    "replace": _replace,
    "retype": _retype,
}
