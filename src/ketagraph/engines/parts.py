"""A release in, the graphs out that an engine gets for it: named after the version, counted and digested.

Each graph becomes a file below a folder of the caller's. No graph is ever held in memory, save statements
with blank nodes, which belong together, and the links whose closure an engine wants.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ketagraph import names
from ketagraph.engines.dialect import Dialect
from ketagraph.engines.manifest import Listed, manifest_iri
from ketagraph.engines.sorting import Sorter
from ketagraph.engines.view import closure_iri, union_iri, versioned
from ketagraph.errors import EnvironmentFault
from ketagraph.store.fingerprint import fingerprint

__all__ = ["Part", "manifest", "parts"]

_GRAPHS = names.graph("").encode()
_SUFFIX = re.compile(rb" <([^<> ]+)> \.\n?\Z")
_LINK = re.compile(rb"<([^<> ]+)> <([^<> ]+)> <([^<> ]+)> \.")
_CHUNK = 16 << 20
"""Bytes that one request may carry, save where blank nodes tie statements together."""

Steps = Mapping[bytes, Mapping[bytes, set[bytes]]]
"""Property → node → the nodes one step away."""


@dataclass(frozen=True, slots=True)
class Part:
    """One graph as it will lie in the engine: a file of N-Triples, and what a manifest says of it."""

    listed: Listed
    path: Path

    @property
    def graph(self) -> str:
        """Its IRI."""
        return self.listed.graph

    def chunks(self) -> Iterator[bytes]:
        """Cut the statements into pieces for one request; those with blank nodes stay together, in front.

        A blank node's name holds for one request only.
        """
        if self.path.stat().st_size <= _CHUNK:
            yield self.path.read_bytes()
            return
        with self.path.open("rb") as file:
            piece = bytearray(b"".join(line for line in file if _is_tied(line)))
            file.seek(0)
            for line in file:
                if _is_tied(line):
                    continue
                if len(piece) + len(line) > _CHUNK:
                    yield bytes(piece)
                    piece.clear()
                piece += line
        yield bytes(piece)


def parts(data: Sequence[Path], version: str, dialect: Dialect, folder: Path) -> Iterator[Part]:
    """Read N-Quads and yield their graphs, sorted, their union, and what the dialect needs.

    The files of the parts lie below ``folder``, which must exist.

    Raises:
        EnvironmentFault: a file cannot be read, or is no release's.
        OSError: there is no room below ``folder``.
    """
    union = Sorter(folder, "union")
    graphs = _graphs(data, version, folder, union)
    for graph, path in sorted(graphs.items()):
        yield _part(graph, path)
    whole = _written(folder / "union.nt", union.lines())
    yield _part(union_iri(version), whole)
    if dialect.closures:
        steps, nodes = _links(whole, dialect.closures, folder)
        lines = _closures(steps, nodes, closure_iri(version))
        yield _part(closure_iri(version), _written(folder / "closure.nt", lines))


def manifest(listed: Iterable[Listed], version: str, folder: Path) -> Part:
    """Make the graph that tells of the others."""
    void, schema, xsd = (names.PREFIXES[each] for each in ("void", "schema", "xsd"))
    lines = [
        line.encode()
        for each in listed
        for line in (
            f'<{each.graph}> <{void}triples> "{each.triples}"^^<{xsd}integer> .\n',
            f'<{each.graph}> <{schema}sha256> "{each.digest}" .\n',
        )
    ]
    return _part(manifest_iri(version), _written(folder / "manifest.nt", lines))


def _graphs(data: Iterable[Path], version: str, folder: Path, union: Sorter) -> Mapping[str, Path]:
    """Write each graph to a file of its own, every statement to the union as well; IRI → file."""
    there = versioned(version).encode()
    found: dict[bytes, tuple[Path, IO[bytes]]] = {}
    with ExitStack() as stack:
        for path in data:
            for number, line in enumerate(_lines(path), 1):
                renamed = line.replace(_GRAPHS, there)
                suffix = _SUFFIX.search(renamed)
                if not suffix:
                    raise EnvironmentFault(f"{path}:{number}: expected a statement in a named graph")
                if suffix[1] not in found:
                    target = folder / f"graph-{len(found)}.nt"
                    found[suffix[1]] = target, stack.enter_context(target.open("wb"))
                statement = renamed[: suffix.start()] + b" .\n"
                found[suffix[1]][1].write(statement)
                union.add(statement)
    return {graph.decode(): path for graph, (path, _) in found.items()}


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be read: {error.strerror}") from error


def _part(graph: str, path: Path) -> Part:
    with path.open("rb") as file:
        found = fingerprint(file)
    return Part(Listed(graph, found.triples, found.digest), path)


def _written(path: Path, lines: Iterable[bytes]) -> Path:
    with path.open("wb") as file:
        file.writelines(lines)
    return path


def _is_tied(line: bytes) -> bool:
    return line.startswith(b"_:") or b"> _:" in line


def _links(union: Path, properties: Sequence[str], folder: Path) -> tuple[Steps, Iterator[bytes]]:
    """Read the links of each property, and every IRI that is linked to anything, sorted."""
    nodes = Sorter(folder, "nodes")
    steps: dict[bytes, dict[bytes, set[bytes]]] = {each.encode(): defaultdict(set) for each in properties}
    with union.open("rb") as file:
        for line in file:
            if found := _LINK.match(line):
                start, link, end = found.groups()
                nodes.add(start + b"\n")
                nodes.add(end + b"\n")
                if link in steps:
                    steps[link][start].add(end)
    return steps, (node[:-1] for node in nodes.lines())


def _closures(steps: Steps, nodes: Iterable[bytes], closure: str) -> Iterator[bytes]:
    """Yield the closure of each property: ``some`` for one step or more, ``any`` with no step as well.

    No step leads from every node to itself, so every IRI of the data gets that.
    """
    named = [(f"{closure}/{names.compress(each.decode())}".encode(), found) for each, found in steps.items()]
    for start in nodes:
        for name, links in named:
            reached = _reached(start, links)
            yield from (b"<%b> <%b/some> <%b> .\n" % (start, name, end) for end in sorted(reached))
            yield from (b"<%b> <%b/any> <%b> .\n" % (start, name, end) for end in sorted(reached | {start}))


def _reached(start: bytes, links: Mapping[bytes, set[bytes]]) -> set[bytes]:
    reached: set[bytes] = set()
    ahead = list(links.get(start, ()))
    while ahead:
        node = ahead.pop()
        if node not in reached:
            reached.add(node)
            ahead += links.get(node, ())
    return reached
