"""The command that takes an external ontology into the overlay: import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ketagraph import importing, mappings, releases, sources, vocabulary
from ketagraph.cli import app
from ketagraph.errors import SourceError

__all__: list[str] = []


@app.command("import")
def import_command(
    file: Annotated[
        Path, typer.Argument(help="OBO, OBO Graphs JSON, OWL (RDF/XML, functional), Turtle; or .gz.")
    ],
    name: Annotated[str, typer.Option(help="The graph becomes external/NAME.")],
    is_slice: Annotated[
        bool, typer.Option("--slice", help="Only mapped terms and what is above them.")
    ] = False,
    descendants: Annotated[
        bool, typer.Option("--descendants", help="With --slice: also what is below mapped terms.")
    ] = False,
    licence: Annotated[str, typer.Option(help="Its licence (an IRI), where the file names none.")] = "",
    overlay: Annotated[
        Path | None, typer.Option(help="Folder of imports; default: beside the releases.")
    ] = None,
) -> None:
    """Import an external ontology into a graph of its own, and report what became of our mappings to it."""
    where = sources.layout()
    words = vocabulary.read_ontology(where)
    rows, faults = mappings.read(where, words, thorough=False)
    if faults:
        raise SourceError(faults)
    done = importing.import_ontology(
        file,
        name,
        overlay or releases.overlay(releases.default_folder(where)),
        mappings=rows,
        is_slice=is_slice,
        descendants=descendants,
        licence=licence,
    )
    version = done.version or "of unknown version"
    typer.echo(f"external/{done.name}: {done.statements} statements of {done.iri or done.file}, {version}")
    typer.echo(f"licence {done.licence or 'not stated'}; sha256 {done.sha256}", err=True)
    for each in done.problems:
        instead = f"; use {each.instead}" if each.instead else ""
        typer.echo(f"{each.kind}: {each.subject} is mapped to {each.object}{instead}", err=True)
