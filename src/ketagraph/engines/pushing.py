"""A release in, an engine that serves it out: graphs of its own version, verified, then one statement more.

What an engine serves changes by that statement alone. Until then the old version is whole; after any
interruption the same push goes on: graphs whose number and digest agree are left as they are, so that what
the engine's own bulk loader has loaded needs no second loading.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

from ketagraph.engines.dialect import Dialect
from ketagraph.engines.history import Pointer
from ketagraph.engines.loading import Loader
from ketagraph.engines.manifest import Listed, check_whole
from ketagraph.engines.parts import Part, manifest, parts
from ketagraph.engines.scratch import scratch
from ketagraph.engines.view import versioned
from ketagraph.engines.work import Clock, Work
from ketagraph.errors import EngineFailed, EnvironmentFault
from ketagraph.releases import Release
from ketagraph.remote import Remote

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
    clock: Clock,
    progress: Progress,
) -> Pushed:
    """Load ``release``, with what was ``imported`` beside it, into an engine, verify it, and switch to it.

    ``by_updates`` loads by SPARQL Update instead of the Graph Store Protocol. The graphs lie in a temporary
    folder meanwhile, about twice the size of the release. By ``clock`` others see that a push is under way.

    Raises:
        EngineFailed, EnvironmentFault: the engine failed; what it served before, it still serves.
    """
    loader = Loader.of(remote, by_updates=by_updates)
    work = Work.begin(loader, version_of(release, imported), clock)
    dialect, version, loaded, listed = remote.client.address.dialect, work.version, 0, []
    with _scratch() as folder:
        for part in parts([release.data, *imported], version, dialect, folder):
            loaded += _settle(part, loader, work, progress)
            listed.append(part.listed)
        whole = manifest(listed, version, folder)
        loaded += _settle(whole, loader, work, progress)
    switched = _switch(work, [*listed, whole.listed])
    return Pushed(version, tuple(listed), loaded, switched)


def _switch(work: Work, listed: Sequence[Listed]) -> bool:
    """Point the engine to a version that is whole; False where it does already.

    Raises:
        EngineFailed: the version is not whole, or somebody else has switched meanwhile.
    """
    loader, version = work.loader, work.version
    check_whole(listed, loader.count, version)
    if loader.remote.history().current.version == version:
        return False
    loader.note(Pointer(work.renewed().current.position + 1, version))
    if loader.remote.history().current.version != version:
        raise EngineFailed(f"the engine does not point to version {version}; did somebody else push?")
    return True


def write_files(
    release: Release, dialect: Dialect, folder: Path, *, version: str, imported: Sequence[Path] = ()
) -> list[Path]:
    """Write the graphs of ``release`` as files for an engine's bulk loader, each beside its graph's name.

    ``NAME.nt`` holds the statements, ``NAME.nt.graph`` the graph's IRI, as Virtuoso's loader reads them.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with scratch(folder, ".writing-") as inner:
            for part in parts([release.data, *imported], version, dialect, inner):
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
    """Make a folder where temporary files go.

    Raises:
        EnvironmentFault: there is no room for what is written in the block.
    """
    place: Path | None = None
    try:
        place = Path(tempfile.gettempdir())
        with scratch(place, "ketagraph-push-") as folder:
            yield folder
    except OSError as error:
        where = f"below {place}" if place else "temporary files"
        raise EnvironmentFault(
            f"cannot write {where}: {error.strerror}; a push needs twice the size of the release there, "
            "and TMPDIR names another place; the engine serves what it served before"
        ) from error


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be read: {error.strerror}") from error


def _settle(part: Part, loader: Loader, work: Work, progress: Progress) -> int:
    """See a graph loaded; 1 if it had to be.

    Raises:
        EngineFailed: the engine does not hold what it was given.
    """
    work.tell(part.graph)
    if not loader.differs(part.listed):
        progress(f"{part.graph}: {part.listed.triples} statements, there already")
        return 0
    for number, chunk in enumerate(part.chunks()):
        work.renew()
        if number:
            loader.add(part.graph, chunk.decode())
        else:
            loader.put(part.graph, chunk)
    loader.check(part)
    progress(f"{part.graph}: {part.listed.triples} statements, loaded and verified")
    return 1
