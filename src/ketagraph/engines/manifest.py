"""What a version that was pushed consists of: read from the engine itself, and compared with what is there.

Beside the graphs of each version lies its manifest: their names, with the number and the digest of their
statements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ketagraph import names, questions
from ketagraph.dossier import stored_query
from ketagraph.engines.dialect import Dialect
from ketagraph.engines.view import View, union_iri, versioned
from ketagraph.errors import EngineFailed

__all__ = [
    "Listed",
    "check_whole",
    "compare",
    "count_query",
    "manifest_iri",
    "manifest_query",
    "parts_query",
    "plain_rows",
    "read_listed",
    "view_of",
]

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """One graph as a manifest has it: its IRI in the engine, the count and digest of its statements."""

    graph: str
    triples: int
    digest: str


def manifest_iri(version: str) -> str:
    """Name the graph that holds a version's manifest."""
    return versioned(version) + "manifest"


def manifest_query(version: str) -> str:
    """Ask for a version's manifest."""
    return _bound("engine-manifest", manifest=manifest_iri(version))


def parts_query(version: str) -> str:
    """Ask for the graphs that a push has begun to load, whether or not it came to a manifest."""
    return _bound("engine-parts", version=versioned(version))


def count_query(graph: str) -> str:
    """Ask for the number of a graph's statements."""
    return _bound("engine-count", graph=graph)


def read_listed(rows: Sequence[Row]) -> tuple[Listed, ...]:
    """Read the rows of :func:`manifest_query`."""
    return tuple(Listed(row["graph"], int(row["triples"]), row["digest"]) for row in rows)


def view_of(dialect: Dialect, version: str, listed: Sequence[Listed]) -> View:
    """Make the view of a version; helper graphs are no part of it."""
    own = (names.graph(each) for each in ("union", "closure", "manifest"))
    helpers = {iri.replace(names.graph(""), versioned(version)) for iri in own}
    return View(dialect, version, tuple(sorted({each.graph for each in listed} - helpers)))


def check_whole(listed: Sequence[Listed], count: Callable[[str], int], version: str) -> None:
    """Compare the counts of a version's graphs with its manifest.

    Raises:
        EngineFailed: a graph is missing or half loaded, or there is no manifest.
    """
    if union_iri(version) not in {each.graph for each in listed}:
        raise EngineFailed(
            f"the engine points to version {version}, which has no whole manifest; run: ketagraph push"
        )
    for each in listed:
        compare(each, count(each.graph))


def compare(listed: Listed, found: int) -> None:
    """Pass a graph whose count is that of the manifest.

    Raises:
        EngineFailed: it is not.
    """
    if found != listed.triples:
        raise EngineFailed(
            f"the engine holds {found} of {listed.triples} statements of {listed.graph}; run: ketagraph push"
        )


def _bound(name: str, **values: str) -> str:
    question = questions.parse(stored_query(name), name, f"{name}.rq")
    return questions.bind(question, values)


def plain_rows(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Take the values out of SPARQL's JSON format.

    Raises:
        EngineFailed: it is no such document.
    """
    try:
        bindings = document["results"]["bindings"]
        return [{name: str(term["value"]) for name, term in row.items()} for row in bindings]
    except (KeyError, TypeError, AttributeError) as error:
        raise EngineFailed("the engine answered something else than rows") from error
