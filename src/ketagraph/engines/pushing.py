"""A release in, an engine that serves it out: graphs of its own version, verified, then one statement more.

What an engine serves changes by that statement alone. Until then the old version is whole; after any
interruption the same push goes on: graphs whose number and digest agree are left as they are, so that what
the engine's own bulk loader has loaded needs no second loading.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO

from ketagraph.dossier import stored_query
from ketagraph.engines.client import Client
from ketagraph.engines.dialect import Dialect
from ketagraph.engines.parts import Part, manifest, parts
from ketagraph.engines.pointer import POINTER, Listed, Pointer
from ketagraph.engines.view import View, versioned
from ketagraph.errors import EngineFailed, EnvironmentFault
from ketagraph.questions import bind, parse
from ketagraph.releases import Release
from ketagraph.remote import Remote
from ketagraph.store.fingerprint import fingerprint
from ketagraph.store.query import Query

__all__ = ["Progress", "Pushed", "push", "version_of", "write_files"]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push came to: the version, its graphs, how many had to be loaded, and whether it is new."""

    version: str
    graphs: tuple[Listed, ...]
    loaded: int
    switched: bool


def version_of(release: Release, imported: Sequence[Path] = ()) -> str:
    """Name a release's version: the beginning of its digest, or of that of the release and what is beside it.

    Raises:
        EnvironmentFault: an imported file cannot be read.
    """
    if not imported:
        return release.digest[:16]
    digests = [release.digest, *(_digest(path) for path in imported)]
    return sha256("\n".join(digests).encode()).hexdigest()[:16]


def push(
    release: Release,
    remote: Remote,
    *,
    imported: Sequence[Path] = (),
    by_updates: bool = False,
    progress: Progress,
) -> Pushed:
    """Load ``release``, with what was ``imported`` beside it, into an engine, verify it, and switch to it.

    ``by_updates`` loads by SPARQL Update instead of the Graph Store Protocol. The graphs lie in a temporary
    folder meanwhile, about twice the size of the release.

    Raises:
        EngineFailed, EnvironmentFault: the engine failed; what it served before, it still serves.
    """
    loader, version = _Loader.of(remote, by_updates=by_updates), version_of(release, imported)
    dialect, loaded, listed = remote.client.address.dialect, 0, []
    with _scratch() as folder:
        for part in parts([release.data, *imported], version, dialect, folder):
            loaded += _settle(part, loader, progress)
            listed.append(part.listed)
        loaded += _settle(manifest(listed, version, folder), loader, progress)
    before = remote.pointer()
    if before.version != version:
        loader.add(POINTER, Pointer(version, before.position + 1).statement())
    if remote.pointer().version != version:
        raise EngineFailed(f"the engine does not point to version {version}; did somebody else push?")
    return Pushed(version, tuple(listed), loaded, before.version != version)


def write_files(
    release: Release, dialect: Dialect, folder: Path, *, imported: Sequence[Path] = ()
) -> list[Path]:
    """Write the graphs of ``release`` as files for an engine's bulk loader, each beside its graph's name.

    ``NAME.nt`` holds the statements, ``NAME.nt.graph`` the graph's IRI, as Virtuoso's loader reads them.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    written = []
    version = version_of(release, imported)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as scratch:
            for part in parts([release.data, *imported], version, dialect, Path(scratch)):
                name = part.graph.removeprefix(versioned(version)).replace("/", "-")
                path = folder / f"{name}.nt"
                part.path.replace(path)
                path.with_name(f"{path.name}.graph").write_text(f"{part.graph}\n", encoding="utf-8")
                written.append(path)
    except OSError as error:
        raise EnvironmentFault(f"cannot write below {folder}: {error.strerror}") from error
    return written


@contextmanager
def _scratch() -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(prefix="ketagraph-push-") as folder:
            yield Path(folder)
    except OSError as error:
        where = tempfile.gettempdir()
        raise EnvironmentFault(
            f"cannot write below {where}: {error.strerror}; TMPDIR names another place"
        ) from error


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be read: {error.strerror}") from error


@dataclass(frozen=True)
class _Loader:
    """How graphs get into one engine and out again."""

    client: Client
    remote: Remote
    by_updates: bool

    @classmethod
    def of(cls, remote: Remote, *, by_updates: bool) -> _Loader:
        address = remote.client.address
        if not (by_updates or address.graphs or address.updates):
            raise EnvironmentFault(f"{address.url}: a {address.dialect.name} engine takes no data over HTTP")
        return cls(remote.client, remote, by_updates or not address.graphs)

    def load(self, part: Part) -> None:
        """Put a graph in the place of what is there."""
        for number, chunk in enumerate(part.chunks()):
            if number:
                self.add(part.graph, chunk.decode())
            elif self.by_updates:
                self.client.update(f"DROP SILENT GRAPH <{part.graph}>")
                self.add(part.graph, chunk.decode())
            else:
                self.client.put(part.graph, chunk)

    def add(self, graph: str, statements: str) -> None:
        """Add statements to a graph."""
        if self.by_updates:
            # Not INSERT DATA: Virtuoso takes no blank node there.
            self.client.update(f"INSERT {{ GRAPH <{graph}> {{\n{statements}}} }} WHERE {{}}")
        else:
            self.client.add(graph, statements.encode())

    def holds(self, listed: Listed) -> str:
        """Tell how what the engine holds of a graph differs; empty where it does not."""
        count = self.remote.count(listed.graph, View(self.client.address.dialect))
        if count != listed.triples:
            return f"{count} of {listed.triples} statements"
        with self._fetched(listed.graph) as (statements, form):
            return "" if fingerprint(statements, form).digest == listed.digest else "others"

    def _fetched(self, graph: str) -> AbstractContextManager[tuple[IO[bytes], str]]:
        if not self.by_updates:
            return self.client.graph(graph)
        name = "engine-statements"
        text = bind(parse(stored_query(name), name, f"{name}.rq"), {"graph": graph})
        asked = Query(text, timeout=self.client.timeout, max_rows=1 << 40)
        return self.client.statements(asked, View(self.client.address.dialect))


def _settle(part: Part, loader: _Loader, progress: Progress) -> int:
    """See a graph loaded; 1 if it had to be.

    Raises:
        EngineFailed: the engine does not hold what it was given.
    """
    if not loader.holds(part.listed):
        progress(f"{part.graph}: {part.listed.triples} statements, there already")
        return 0
    loader.load(part)
    if differs := loader.holds(part.listed):
        raise EngineFailed(
            f"the engine holds {differs} of {part.graph} after loading; what it served before is as it was"
        )
    progress(f"{part.graph}: {part.listed.triples} statements, loaded and verified")
    return 1
