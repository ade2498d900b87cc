"""Rules and statements in, what the rules draw out; where a source changed, only that source is read anew.

A rule whose header says ``#+ within: part`` joins nothing of one source with anything of another, nor with
what belongs to none: from all it draws what it draws from each part. That is kept part by part, under the
digest of the part's statements. All other rules run on everything, unless nothing changed that they look at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import chain

from rdflib import Graph

from ketagraph import names, rdf
from ketagraph.errors import QueryRefused
from ketagraph.keeping import Kept, key_of
from ketagraph.store.engine import Engine, looks_at

__all__ = ["Parts", "drawn", "infer", "is_within_part"]

_WITHIN = "#+ within: part\n"
_RECORD = f"<{names.thing('')}".encode()
_LINK = b" " + _RECORD
_FROM_SOURCE = f" <{names.term('fromSource')}> ".encode()
_SHARED, _BETWEEN, _APART = "shared", b"between", b"apart"
_EFFECTS = "effects"
"""The graph of what rules drew from all sources, on concepts too."""

Lines = Iterable[bytes]
Held = dict[str, list[bytes]]
"""Digest of a part → what was drawn within it."""


def is_within_part(rule: str) -> bool:
    """Whether a rule says in its header that it joins nothing of one part with anything of another."""
    return _WITHIN in rule


def drawn(rules: Sequence[str], graphs: Mapping[str, Graph], kept: Kept | None = None) -> Graph:
    """Return what ``rules`` draw until they add nothing; what stands in any graph is not drawn again.

    What is drawn is kept, and taken again: all of it where all rules and statements are the same, else that
    of each part whose statements are.
    """
    given = {name: rdf.ntriples(graph) for name, graph in graphs.items()}
    key = _key(rules, chain.from_iterable([name.encode(), *lines] for name, lines in given.items()))
    statements = kept.find("drawn", key) if kept else None
    if statements is None:
        statements = _joined(infer(rules, Parts.of(given), kept))
        if kept:
            kept.keep("drawn", key, statements)
    return rdf.new_graph().parse(data=statements, format="nt")


@dataclass(frozen=True, slots=True)
class Parts:
    """Statements as N-Triples lines: the schema's, which all share, and each part's.

    A part is what one source says; or the records of none that statements link with those of sources, and
    all statements that link two parts; or all other records of none.
    """

    shared: Sequence[bytes]
    parts: Mapping[bytes, Sequence[bytes]]
    part_of: Mapping[bytes, bytes] = field(repr=False)
    """Record → its part."""

    @classmethod
    def of(cls, graphs: Mapping[str, Sequence[bytes]]) -> Parts:
        """Sort the statements of some graphs into parts, by the records that they are about or link to."""
        part_of = _sources_of(chain.from_iterable(graphs.values()))
        joining = _joining(chain.from_iterable(graphs.values()), part_of)
        part_of |= dict.fromkeys(joining, _BETWEEN)
        parts: dict[bytes, list[bytes]] = defaultdict(list)
        shared: list[bytes] = []
        for name, lines in graphs.items():
            for line in lines:
                subject = line[: line.index(b" ")]
                part = part_of.get(subject)
                if _LINK in line and part_of.get(_ends(line)[1], part) != part:
                    parts[_BETWEEN].append(line)
                elif subject.startswith(_RECORD):
                    parts[part or _APART].append(line)
                else:
                    (parts[_BETWEEN] if name == _EFFECTS else shared).append(line)
        return cls(shared, parts, part_of)

    def lines(self) -> Iterator[bytes]:
        """Yield all statements."""
        return chain(self.shared, *self.parts.values())


def _sources_of(lines: Lines) -> dict[bytes, bytes]:
    """Return the source of each record, and of each source itself; what is said to be of two is of none."""
    found: dict[bytes, bytes] = {}
    twice: set[bytes] = set()
    for line in lines:
        if _FROM_SOURCE in line:
            subject, source = _ends(line)
            if found.setdefault(subject, source) != source:
                twice.add(subject)
            found.setdefault(source, source)
    return {subject: source for subject, source in found.items() if subject not in twice}


def _joining(lines: Lines, source_of: Mapping[bytes, bytes]) -> set[bytes]:
    """Name the records of no source that a statement links with one that is of a source."""
    subjects: set[bytes] = set()
    linked: set[bytes] = set()
    for line in lines:
        subjects.add(line[: line.index(b" ")])
        if _LINK in line:
            one, other = _ends(line)
            if (one in source_of) != (other in source_of):
                linked.add(other if one in source_of else one)
    return {each for each in linked & subjects if each.startswith(_RECORD)}


def infer(rules: Sequence[str], parts: Parts, kept: Kept | None = None) -> list[bytes]:
    """Return what ``rules`` draw from all parts as sorted N-Triples lines, none of which was given.

    Raises:
        QueryRefused: a rule that says it keeps within a part draws what belongs to none, or to another.
    """
    if not kept:
        return sorted(_encoded(_engine(parts.lines()).saturate(rules)))
    held = _within([text for text in rules if is_within_part(text)], parts, kept)
    found = {*chain.from_iterable(held.values()), *_across(rules, parts, held, kept)}
    return sorted(found.difference(parts.lines()))


def _within(rules: Sequence[str], parts: Parts, kept: Kept) -> Held:
    """Return what rules draw within each part, after reading those that are not the same as before."""
    key = _key(rules, [_joined(parts.shared)])
    before = _read(kept.find("within", key) or b"")
    if _SHARED not in before:
        before[_SHARED] = list(_encoded(_engine(parts.shared).saturate(rules)))
    digests = {part: key_of([_joined(lines)]) for part, lines in parts.parts.items()}
    changed = [part for part, digest in digests.items() if digest not in before]
    held = {_SHARED: before[_SHARED]} | {each: before.get(each, []) for each in digests.values()}
    if changed:
        schema = _looked_at(_predicates(rules), parts.shared)
        engine = _engine(chain(schema, before[_SHARED], *(parts.parts[part] for part in changed)))
        found = _by_part(_encoded(engine.saturate(rules)), parts.part_of)
        if stray := found.keys() - set(changed):
            told = f"a rule that keeps within a part drew of another: {found[stray.pop()][0].decode()}"
            raise QueryRefused(told)
        held |= {digests[part]: found.get(part, []) for part in changed}
    if held.keys() != before.keys() or changed:
        kept.keep("within", key, _written(held))
    return held


def _across(rules: Sequence[str], parts: Parts, held: Held, kept: Kept) -> Lines:
    """Return what rules draw beyond what they draw within parts, from what any of them looks at."""
    given = [*_looked_at(_predicates(rules), chain(parts.lines(), *held.values()))]
    key = _key(rules, [_joined(given)])
    lines = kept.find("across", key)
    if lines is None:
        within = [text for text in rules if is_within_part(text)]
        lines = _joined(_encoded(_engine(given).saturate(rules, rested=within)))
        kept.keep("across", key, lines)
    return lines.splitlines()


def _key(rules: Iterable[str], given: Lines) -> str:
    """Return a digest of rules, of what they are given, and of the programs that run them."""
    programs = [f"{name} {version(name)}" for name in ("ketagraph", "pyoxigraph")]
    return key_of(chain(_encoded([*programs, *rules]), given))


def _predicates(rules: Iterable[str]) -> set[bytes]:
    """Name the predicates that rules look at, when those within parts are at rest; empty: any."""
    looked_at = (each for text in rules for each in looks_at(text, rested=is_within_part(text)))
    return {f"<{predicate}>".encode() if predicate else b"" for predicate in looked_at}


def _looked_at(predicates: set[bytes], lines: Lines) -> Lines:
    return lines if b"" in predicates else (line for line in lines if line.split(b" ", 2)[1] in predicates)


def _by_part(lines: Lines, part_of: Mapping[bytes, bytes]) -> Mapping[bytes, list[bytes]]:
    """Sort drawn statements by the part of the records that they are about or link to.

    A new record is of the part of the records that it links to, or that link to it. What mentions no record
    was drawn between sources, since what was drawn from the schema is known.
    """
    ends = {line: _ends(line) for line in lines}
    parts = {**part_of}
    for pair in ends.values():
        for one, other in (pair, pair[::-1]):
            if other in part_of and one not in part_of and one.startswith(_RECORD):
                parts[one] = part_of[other]
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for line, pair in ends.items():
        of = {parts[each] for each in pair if each in parts}
        if not of and any(each.startswith(_RECORD) for each in pair):
            raise QueryRefused(f"a rule that keeps within a part drew what links to none: {line.decode()}")
        found[of.pop() if len(of) == 1 else _BETWEEN].append(line)
    return found


def _ends(line: bytes) -> tuple[bytes, bytes]:
    """Return the subject and the object of an N-Triples line."""
    subject, _, value = line.split(b" ", 2)
    return subject, value.removesuffix(b" .")


def _engine(lines: Lines) -> Engine:
    engine = Engine()
    engine.load_triples(_joined(lines))
    return engine


def _encoded(lines: Iterable[str]) -> Iterator[bytes]:
    return (line.encode() for line in lines)


def _joined(lines: Lines) -> bytes:
    return b"\n".join((*lines, b""))


def _written(held: Held) -> bytes:
    """Write what is held of each part, after a line with its digest."""
    return b"".join(b"# %s\n%s" % (digest.encode(), _joined(lines)) for digest, lines in held.items())


def _read(body: bytes) -> Held:
    """Read what :func:`_written` wrote."""
    held: Held = {}
    lines: list[bytes] = []
    for line in body.splitlines():
        if line.startswith(b"# "):
            lines = held[line[2:].decode()] = []
        else:
            lines.append(line)
    return held
