"""Where releases lie, and the current one opened: built first where there is none yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from platformdirs import user_cache_path

from ketagraph import sources
from ketagraph.build import Progress, Release, build, current_release, prune, write_release
from ketagraph.dossier import Dossier
from ketagraph.errors import EnvironmentFault
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine

__all__ = ["KEPT", "default_folder", "dossier", "engine", "ensure", "is_stale", "rebuild"]

KEPT = 3
"""How many releases a folder keeps."""


def default_folder(where: Layout) -> Path:
    """``release/`` in a checkout; a folder of the user's cache for an installed package."""
    if (where.root / "pyproject.toml").is_file():
        return where.root / "release"
    return user_cache_path("ketagraph") / "release"


def ensure(where: Layout, folder: Path, *, progress: Progress = lambda _: None) -> Release:
    """The current release below ``folder``, built first where none is.

    Raises:
        KetaGraphError: whatever the build finds wrong, or a damaged release.
    """
    if (folder / "current").exists():
        return current_release(folder)
    return rebuild(where, folder, progress=progress)


def rebuild(where: Layout, folder: Path, *, progress: Progress = lambda _: None) -> Release:
    """Build, write and point at a new release; older ones but the last few are removed."""
    release = write_release(build(where, progress=progress), folder)
    prune(folder, keep=KEPT)
    return release


def is_stale(release: Release, where: Layout) -> bool:
    """Whether the hand-written sources have changed since ``release`` was built."""
    return release.manifest.get("sources_sha256") != sources.digest(where)


def engine(release: Release) -> Engine:
    """The release in memory, its default graph the union of its graphs."""
    if not release.data.is_file():
        raise EnvironmentFault(f"{release.data} is missing; run: ketagraph build")
    loaded = Engine()
    loaded.load_quads(release.data)
    loaded.unite_graphs()
    return loaded


def dossier(loaded: Engine) -> Dossier:
    """What a loaded graph knows that bears on claims."""

    def rows(query: str) -> Iterator[Mapping[str, str]]:
        variables, found = loaded.select(query)
        for row in found:
            yield {name: term.value for name, term in zip(variables, row, strict=True) if term is not None}

    return Dossier(rows)
