"""The command that writes the release in other formats: export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ketagraph import exports, releases, sources
from ketagraph.cli import app, screen
from ketagraph.cli.settings import ReleaseFolder

__all__: list[str] = []


@app.command()
def export(
    formats: Annotated[
        list[str], typer.Argument(metavar="FORMAT…", help=f"{', '.join(exports.FORMATS)}; or all.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write into.")] = Path("export"),
    release: ReleaseFolder = None,
) -> None:
    """Write the release in other formats, each with a report of what it cannot carry.

    Several formats go into folders of their own below the output folder.
    """
    where = sources.layout()
    with screen.stages() as progress:
        found = releases.ensure(where, release or releases.default_folder(where), progress=progress)
    known = exports.material(found, where)
    wanted = list(exports.FORMATS) if formats == ["all"] else formats
    for name in wanted:
        folder = output / name if len(wanted) > 1 else output
        written = exports.export(name, known, folder)
        lost = [
            f"{each.lost} × {each.aspect} of {each.record}" for each in written.losses.losses if each.lost
        ]
        typer.echo(f"{name}: {len(written.files)} file(s) in {folder}")
        typer.echo(f"  cannot carry: {'; '.join(lost)}" if lost else "  carries everything", err=True)
