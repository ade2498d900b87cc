"""The command that loads a release into an engine elsewhere: push."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ketagraph import releases, sources
from ketagraph.cli import app, screen
from ketagraph.cli.settings import EngineKind, ReleaseFolder, Timeout
from ketagraph.engines import pushing
from ketagraph.engines.address import credentials
from ketagraph.engines.dialect import named
from ketagraph.remote import Remote

__all__: list[str] = []


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
    timeout: Timeout = 600.0,
    release: ReleaseFolder = None,
) -> None:
    """Load the release, and what was imported, beside what an engine serves; verify it; switch to it."""
    where = sources.layout()
    folder = release or releases.default_folder(where)
    with screen.stages() as progress:
        releases.ensure(where, folder, progress=progress)
    found = releases.verified(folder)
    remote = Remote(engine, timeout, credentials=credentials(os.environ), dialect=named(engine_kind))
    imported = releases.imports(folder)
    if to_files:
        written = pushing.write_files(found, remote.client.address.dialect, to_files, imported=imported)
        typer.echo(f"{len(written)} graph(s) written below {to_files}; load them, then push again", err=True)
        return
    made = pushing.push(
        found,
        remote,
        imported=imported,
        by_updates=by is Way.UPDATES,
        progress=lambda said: typer.echo(said, err=True),
    )
    what = "switched to" if made.switched else "serves already"
    typer.echo(f"{engine}: {what} version {made.version}, {made.loaded} graph(s) loaded", err=True)
