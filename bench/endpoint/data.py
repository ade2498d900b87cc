"""A built release in, the benchmark's two datasets out: N-Triples in one default graph each.

``real`` is the release with its graphs merged. ``synthetic`` has the same shape at any size: the real graph
and, until the size is reached, seeded copies of it. A copy has instances of its own; its concepts are
subclasses of the real ones; every link to a concept is drawn again from those that its predicate takes, and
goes to the copy's own subclass or to the real concept that all copies share; numbers are drawn again from
those seen. Papers and registry numbers are the copy's own in the same share: reviews of other fields report
other trials. What the build counts and links ahead is left out of the pattern and drawn for the whole by the
build's own rules.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyoxigraph as ox

__all__ = ["write_real", "write_synthetic"]

_KETA = "https://w3id.org/ketagraph/"
_THING = _KETA + "id/"
_OWL = "http://www.w3.org/2002/07/owl#"
_SUBCLASS = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#subClassOf")
_RECORD = ox.NamedNode(_KETA + "Record")
_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
_IDENTIFIERS = {ox.NamedNode(_KETA + name) for name in ("doi", "pubmed", "registryEntry", "identifiedBy")}
_NUMBERS = {f"http://www.w3.org/2001/XMLSchema#{name}" for name in ("integer", "decimal")}
_RULES = Path(__file__).parents[2] / "ontology" / "rules"
_AHEAD = [*sorted((_RULES / "counts").glob("*.rq"))]
_AHEAD += [_RULES / "inferred" / f"{name}.rq" for name in ("effect-leads-to", "study-makes-comparison")]
_LINKS = {f"{_KETA}{name}" for name in ("leadsTo", "makesComparison")}
_REDRAWN = 0.5
"""Share of links and numbers that are drawn again; the rest keep the correlations of the real graph."""
_OWN = 0.5
"""Share of links to concepts that go to the copy's own: half keeps joins between the copies many."""


def write_real(release: Path, target: Path) -> int:
    """Write the union of the release's graphs, sorted; return the number of triples."""
    lines = sorted(f"{triple} .\n" for triple in _union(release))
    target.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def write_synthetic(
    release: Path,
    target: Path,
    *,
    triples: int,
    own: float = _OWN,
    without: Collection[str] = (),
    kinds: bool = True,
    seed: int = 2021,
) -> int:
    """Write at least ``triples`` distinct triples, ``own`` of the links to concepts to the copy's own.

    ``without`` names graphs of the release that are left out, such as what was inferred; then nothing is
    counted ahead either. ``kinds`` says that a copy has kinds of record of its own too, which no graph of one
    schema has. Return the number of triples.
    """
    real = sorted(_union(release, [*without, "counts"], _LINKS), key=str)
    shape = _Shape(real, random.Random(seed), own, shared=() if kinds else _below(_RECORD, real))
    written = len(real)
    with target.open("w", encoding="utf-8") as file:
        file.writelines(f"{triple} .\n" for triple in real)
        copy = 0
        while written < triples:
            copy += 1
            lines = sorted({f"{triple} .\n" for triple in shape.copy(copy)})
            file.writelines(lines)
            written += len(lines)
    return written if without else written + _count_ahead(target)


def _count_ahead(target: Path) -> int:
    """Add what the build's rules count and link ahead; return the number of new triples."""
    store = ox.Store()
    store.bulk_load(path=str(target), format=ox.RdfFormat.N_TRIPLES)
    drawn = {triple for path in _AHEAD for triple in _constructed(store, path)}
    drawn = {
        triple for triple in drawn if ox.Quad(triple.subject, triple.predicate, triple.object) not in store
    }
    with target.open("a", encoding="utf-8") as file:
        file.writelines(sorted(f"{triple} .\n" for triple in drawn))
    return len(drawn)


def _constructed(store: ox.Store, path: Path) -> Iterator[ox.Triple]:
    solved = store.query(path.read_text(encoding="utf-8"))
    return iter(solved) if isinstance(solved, ox.QueryTriples) else iter(())


def _union(release: Path, graphs: Collection[str] = (), predicates: Collection[str] = ()) -> set[ox.Triple]:
    """Read the release's triples but those of some graphs and predicates."""
    left_out = {ox.NamedNode(f"{_KETA}graph/{name}") for name in graphs}
    quads = ox.parse(path=str(release), format=ox.RdfFormat.N_QUADS)
    kept = (quad for quad in quads if quad.graph_name not in left_out)
    return {quad.triple for quad in kept if quad.predicate.value not in predicates}


class _Shape:
    """The real graph, read as a pattern to copy."""

    def __init__(
        self, real: Iterable[ox.Triple], chance: random.Random, own: float, *, shared: Collection[Any]
    ) -> None:
        self._chance, self._own = chance, own
        triples = list(real)
        self._concepts: set[Any] = {
            t.subject for t in triples if t.predicate == _SUBCLASS and _is_keta(t.subject)
        }.difference(shared)
        self._copied = [t for t in triples if _is_thing(t.subject) or _is_concept_fact(t, self._concepts)]
        self._seen = _seen(self._copied, self._concepts)

    def copy(self, number: int) -> Iterator[ox.Triple]:
        """Yield one copy's triples."""
        for concept in sorted(self._concepts, key=str):
            yield ox.Triple(self._renamed(concept, number), _SUBCLASS, concept)
        for triple in self._copied:
            subject = self._renamed(triple.subject, number)
            yield ox.Triple(subject, triple.predicate, self._object(triple, number))

    def _object(self, triple: ox.Triple, number: int) -> Any:
        value: Any = triple.object
        if _is_thing(value):
            return self._renamed(value, number)
        if triple.predicate in _IDENTIFIERS:
            return self._identifier(value, number)
        seen = self._seen.get(triple.predicate)
        if seen and self._chance.random() < _REDRAWN:
            value = self._chance.choice(seen)
        if value in self._concepts and self._chance.random() < self._own:
            return self._renamed(value, number)
        if triple.predicate == _LABEL:
            return ox.Literal(f"{value.value} {number}", language=value.language)
        return value

    def _identifier(self, value: Any, number: int) -> Any:
        """Return an identifier as it is or the copy's own, by a chance that no other draw hangs on."""
        if random.Random(f"{value} {number}").random() >= self._own:
            return value
        # Digits alone: a page of PubMed ends in nothing else, and the shapes know.
        text = f"{value.value}{number:06}"
        return ox.NamedNode(text) if isinstance(value, ox.NamedNode) else ox.Literal(text)

    def _renamed(self, node: Any, number: int) -> ox.NamedNode:
        return ox.NamedNode(f"{node.value}-{number}")


def _below(top: ox.NamedNode, triples: Iterable[ox.Triple]) -> set[Any]:
    """Collect a class and all below it."""
    children: dict[Any, list[Any]] = defaultdict(list)
    for triple in triples:
        if triple.predicate == _SUBCLASS:
            children[triple.object].append(triple.subject)
    found, due = {top}, [top]
    while due:
        due = [each for above in due for each in children[above] if each not in found]
        found.update(due)
    return found


def _seen(triples: Iterable[ox.Triple], concepts: set[Any]) -> Mapping[Any, list[Any]]:
    """Values that may be drawn again, by predicate: concepts and numbers, as often as they occur."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for triple in triples:
        if triple.predicate != _TYPE and (triple.object in concepts or _is_number(triple.object)):
            found[triple.predicate].append(triple.object)
    return found


def _is_keta(node: object) -> bool:
    return isinstance(node, ox.NamedNode) and node.value.startswith(_KETA)


def _is_thing(node: object) -> bool:
    return isinstance(node, ox.NamedNode) and node.value.startswith(_THING)


def _is_concept_fact(triple: ox.Triple, concepts: set[Any]) -> bool:
    """What is said of a concept in words, and its type; its place in the hierarchy is given anew."""
    is_plain = isinstance(triple.object, ox.Literal) or str(triple.object).startswith(f"<{_OWL}Class")
    return triple.subject in concepts and is_plain


def _is_number(node: object) -> bool:
    return isinstance(node, ox.Literal) and node.datatype.value in _NUMBERS
