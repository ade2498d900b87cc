"""The command that loads a release into an engine elsewhere, and removes older ones from there: push."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ketagraph import releases, sources
from ketagraph.cli import app, screen
from ketagraph.cli.settings import EngineKind, ReleaseFolder, Timeout
from ketagraph.engines import pruning, pushing
from ketagraph.engines.address import credentials
from ketagraph.engines.dialect import named
from ketagraph.errors import EnvironmentFault
from ketagraph.releases import Release
from ketagraph.remote import Remote

__all__: list[str] = []

_KEPT = 2
_LEAST_HOURS = 0.05


class Way(StrEnum):
    """How statements get into the engine."""

    GRAPHS = "graphs"
    UPDATES = "updates"


@app.command()
def push(
    engine: Annotated[str, typer.Option("--engine", metavar="URL", help="Where it takes queries.")],
    engine_kind: EngineKind = "generic",
    by: Annotated[
        Way, typer.Option(help="Graph Store Protocol, or SPARQL Update where there is none.")
    ] = Way.GRAPHS,
    to_files: Annotated[
        Path | None,
        typer.Option("--to-files", help="Only write files for its bulk loader; push again once loaded."),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Then retire all but this many versions, and remove those retired before."),
    ] = None,
    grace: Annotated[
        float, typer.Option(min=_LEAST_HOURS, help="Hours from a version's retirement to its removal.")
    ] = 24.0,
    prune: Annotated[
        bool, typer.Option("--prune", help="Load nothing; only retire and remove, keeping 2 or --keep.")
    ] = False,
    timeout: Timeout = 600.0,
    release: ReleaseFolder = None,
) -> None:
    """Load the release, and what was imported, beside what an engine serves; verify it; switch to it."""
    if prune and to_files:
        raise typer.BadParameter("--prune loads nothing, so there is nothing to write --to-files")
    remote = Remote(engine, timeout, credentials=credentials(os.environ), dialect=named(engine_kind))
    if not prune:
        found, imported = _found(release)
        if to_files:
            _write(found, imported, remote, to_files)
            return
        _load(found, imported, remote, by)
    if prune or keep:
        _prune(remote, keep or _KEPT, timedelta(hours=grace), by)


def _found(folder: Path | None) -> tuple[Release, list[Path]]:
    """Find the release, built first where there is none, and what was imported beside it."""
    where = sources.layout()
    folder = folder or releases.default_folder(where)
    with screen.stages() as progress:
        releases.ensure(where, folder, progress=progress)
    return releases.verified(folder), list(releases.imports(folder))


def _write(release: Release, imported: list[Path], remote: Remote, folder: Path) -> None:
    version = pushing.version_of(release, imported)
    try:
        version = remote.history().free(version)
        dialect = remote.client.address.dialect
    except EnvironmentFault as error:
        # Some engines are loaded before they are started.
        _say(f"{error}; files are named as for an engine that never held this release")
        dialect = remote.dialect
    written = pushing.write_files(release, dialect, folder, version=version, imported=imported)
    _say(f"{len(written)} graph(s) written below {folder}; load them, then push again")


def _load(release: Release, imported: list[Path], remote: Remote, by: Way) -> None:
    wanted, found = os.environ.get("TMPDIR"), tempfile.gettempdir()
    if wanted and Path(wanted).absolute() != Path(found):
        # Python would go elsewhere without a word, where there may be less room.
        raise EnvironmentFault(f"TMPDIR names {wanted}, where nothing can be written; free some space there")
    made = pushing.push(
        release, remote, imported=imported, by_updates=by is Way.UPDATES, clock=_now, progress=_say
    )
    what = "switched to" if made.switched else "serves already"
    _say(f"{remote.url}: {what} version {made.version}, {made.loaded} graph(s) loaded")


def _prune(remote: Remote, keep: int, grace: timedelta, by: Way) -> None:
    made = pruning.prune(
        remote, keep=keep, grace=grace, by_updates=by is Way.UPDATES, clock=_now, progress=_say
    )
    _say(f"{remote.url}: {len(made.retired)} version(s) retired, {len(made.removed)} removed")


def _now() -> datetime:
    return datetime.now(UTC)


def _say(text: str) -> None:
    typer.echo(text, err=True)
