"""Where releases lie: written whole or not at all, pointed to by ``current``, opened for queries.

A release is a folder named after its content; the pointer moves only when everything is written, so a
failed or interrupted build leaves the previous release as it was. The same sources give the same bytes.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_path

from ketagraph import __version__, names, sources
from ketagraph.errors import EnvironmentFault
from ketagraph.keeping import Kept
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine

# What only a build needs (the reasoner, the validator) takes longer to import than a release to be opened.
if TYPE_CHECKING:
    from ketagraph.build import Built, Progress
    from ketagraph.dossier import Dossier, Selects

__all__ = [
    "KEPT",
    "Release",
    "current",
    "default_folder",
    "dossier",
    "engine",
    "ensure",
    "imports",
    "is_stale",
    "kept",
    "overlay",
    "prune",
    "rebuild",
    "verified",
    "write",
]

KEPT = 3
"""How many releases a folder keeps."""

_ABANDONED = 3600.0
"""Seconds after which a folder in the making is taken for one that nobody finishes."""


@dataclass(frozen=True, slots=True)
class Release:
    """A written release: its folder and its manifest."""

    path: Path
    manifest: Mapping[str, Any]

    @property
    def data(self) -> Path:
        """The N-Quads file that holds every graph."""
        return self.path / "ketagraph.nq"

    @property
    def digest(self) -> str:
        """The sha256 of its data, as its manifest says."""
        return str(self.manifest["files"][self.data.name]["sha256"])

    @property
    def counts(self) -> Mapping[str, int]:
        """What the release holds, by name: classes, studies, findings, claims."""
        counts: Mapping[str, int] = self.manifest["counts"]
        return counts

    def places(self) -> dict[str, str]:
        """IRI of each row → the file and line of the sources where it is written."""
        lines = (self.path / "places.tsv").read_text(encoding="utf-8").splitlines()
        return dict(line.split("\t", 1) for line in lines)


def default_folder(where: Layout) -> Path:
    """``release/`` in a checkout; a folder of the user's cache for an installed package."""
    if (where.root / "pyproject.toml").is_file():
        return where.root / "release"
    return user_cache_path("ketagraph") / "release"


def ensure(where: Layout, folder: Path, *, progress: Progress = lambda _: None) -> Release:
    """Return the current release below ``folder``, built first where none is.

    Raises:
        KetaGraphError: whatever the build finds wrong, or a damaged release.
    """
    if (folder / "current").exists():
        return current(folder)
    return rebuild(where, folder, progress=progress)


def rebuild(where: Layout, folder: Path, *, progress: Progress = lambda _: None) -> Release:
    """Build, write and point at a new release; older ones but the last few are removed."""
    from ketagraph.build import build

    release = write(build(where, kept=kept(folder), progress=progress), folder)
    prune(folder, keep=KEPT)
    return release


def is_stale(release: Release, where: Layout) -> bool:
    """Whether the hand-written sources have changed since ``release`` was built."""
    return release.manifest.get("sources_sha256") != sources.digest(where)


def kept(folder: Path) -> Kept:
    """Return what builds have kept beside the releases of ``folder``; hidden, so as not to be one."""
    return Kept(folder / ".kept")


def overlay(folder: Path) -> Path:
    """Where ontologies are imported to, beside the releases of ``folder``; hidden, so as not to be one."""
    return folder / ".external"


def imports(folder: Path) -> list[Path]:
    """Files of the ontologies that were imported beside the releases of ``folder``, sorted."""
    return sorted(path for path in overlay(folder).glob("*.nq") if not path.name.startswith("."))


def engine(release: Release, imported: Iterable[Path] = ()) -> Engine:
    """Return the release in memory, with what was ``imported``; its default graph is the union of all."""
    if not release.data.is_file():
        raise EnvironmentFault(f"{release.data} is missing; run: ketagraph build")
    loaded = Engine()
    for path in (release.data, *imported):
        loaded.load_quads(path)
    loaded.unite_graphs()
    return loaded


def dossier(loaded: Selects) -> Dossier:
    """Collect what a loaded graph knows that bears on claims."""
    from ketagraph.dossier import read

    return read(loaded)


def write(built: Built, folder: Path) -> Release:
    """Write ``built`` below ``folder`` and point ``folder/current`` at it, atomically.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    files = dict(_files(built))
    manifest = _manifest(built, files)
    files["manifest.json"] = json.dumps(manifest, indent=2, sort_keys=True).encode() + b"\n"
    name = sha256(files["manifest.json"]).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / name
        if not _is_whole(target, files):
            _place(files, target)
        _point(folder / "current", name)
    except OSError as error:
        raise EnvironmentFault(f"cannot write the release below {folder}: {error.strerror}") from error
    return Release(target, manifest)


def _is_whole(target: Path, files: Mapping[str, bytes]) -> bool:
    return all((target / name).is_file() and (target / name).read_bytes() == files[name] for name in files)


def _place(files: Mapping[str, bytes], target: Path) -> None:
    """Write all files into a hidden folder beside ``target``, then rename it into place."""
    with tempfile.TemporaryDirectory(
        dir=target.parent, prefix=".writing-", ignore_cleanup_errors=True
    ) as scratch:
        inner = Path(scratch) / target.name
        inner.mkdir()
        for name, content in files.items():
            with (inner / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if target.is_dir():
            # Damaged after it was written: it goes with the scratch folder.
            target.rename(Path(scratch) / "damaged")
        inner.rename(target)


def _point(link: Path, name: str) -> None:
    fresh = link.with_name(f".current-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(name)
    fresh.replace(link)


def _files(built: Built) -> Iterator[tuple[str, bytes]]:
    from ketagraph import rdf

    quads = rdf.nquads(built.graphs)
    yield "ketagraph.nq", quads
    yield "ontology.ttl", rdf.turtle(built.graphs["ontology"]).encode()
    yield "void.ttl", rdf.turtle(built.graphs["void"]).encode()
    yield "report.ttl", rdf.turtle(built.report.graph()).encode()
    yield "places.tsv", "".join(f"{iri}\t{place}\n" for iri, place in sorted(built.places.items())).encode()


def _manifest(built: Built, files: Mapping[str, bytes]) -> dict[str, Any]:
    from ketagraph import describe

    return {
        "name": "ketagraph",
        "version": __version__,
        "sources_sha256": built.source_digest,
        "sources": {each.id: describe.source_facts(each, built.graphs) for each in built.sources},
        "graphs": {names.graph(name): len(graph) for name, graph in sorted(built.graphs.items())},
        "counts": describe.counts(built.graphs, warnings=len(built.report.results)),
        "files": {
            name: {"bytes": len(body), "sha256": sha256(body).hexdigest()} for name, body in files.items()
        },
    }


def current(folder: Path) -> Release:
    """Return the release that ``folder/current`` points to, its manifest read.

    Raises:
        EnvironmentFault: there is none, or it is damaged.
    """
    # Resolved once, so that manifest and data are of one release even if the pointer moves meanwhile.
    path = (folder / "current").resolve()
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EnvironmentFault(f"no release below {folder}; run: ketagraph build -o {folder}") from error
    except (OSError, ValueError) as error:
        raise EnvironmentFault(
            f"the release below {folder} is damaged ({error}); run: ketagraph build"
        ) from error
    return Release(path, manifest)


def verified(folder: Path) -> Release:
    """Return the release that ``folder/current`` points to, its data compared with its manifest.

    Raises:
        EnvironmentFault: there is none, or it is damaged or only half written.
    """
    release = current(folder)
    try:
        wanted = dict(release.manifest["files"][release.data.name])
        found = {"bytes": release.data.stat().st_size, "sha256": _digest(release.data)}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise EnvironmentFault(f"{release.path}: damaged ({error!r}); run: ketagraph build") from error
    if found != wanted:
        raise EnvironmentFault(
            f"{release.data}: differs from its manifest ({found['bytes']} bytes, expected "
            f"{wanted.get('bytes')}); run: ketagraph build"
        )
    return release


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def prune(folder: Path, *, keep: int) -> None:
    """Remove all but the ``keep`` newest releases and the current one, and what killed builds left."""
    current = (folder / "current").resolve()
    found = [
        path for path in folder.iterdir() if path.is_dir() and not path.is_symlink() and path.name[0] != "."
    ]
    for path in sorted(found, key=lambda each: each.stat().st_mtime, reverse=True)[keep:]:
        if path.resolve() != current:
            shutil.rmtree(path)
    for path in folder.glob(".writing-*"):
        if path.stat().st_mtime < time.time() - _ABANDONED:
            shutil.rmtree(path, ignore_errors=True)
