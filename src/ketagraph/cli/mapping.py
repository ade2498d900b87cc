"""The command that shows what our terms are called in public vocabularies: mappings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, fields
from enum import StrEnum
from typing import Annotated

import typer

from ketagraph import mappings, sources, vocabulary
from ketagraph.cli import app, screen
from ketagraph.errors import SourceError
from ketagraph.mappings import Count

__all__: list[str] = []


class CoverageFormat(StrEnum):
    """How the counts are printed."""

    TABLE = "table"
    TSV = "tsv"


@app.command("mappings")
def mappings_command(
    style: Annotated[
        CoverageFormat, typer.Option("--format", help="How to print the counts.")
    ] = CoverageFormat.TABLE,
) -> None:
    """Check the mappings and show their coverage per kind of concept and per vocabulary.

    A term counts once: as exact, else weaker, else not found, else unmapped. Exit 1 where two terms are said
    to be exactly the same identifier.
    """
    where = sources.layout()
    words = vocabulary.read_ontology(where)
    rows, faults = mappings.read(where, words)
    if faults:
        raise SourceError(faults)
    _show(list(mappings.coverage(rows, words)), style)
    clashes = mappings.conflicts(rows)
    for identifier, terms in clashes.items():
        typer.echo(f"conflict: {identifier} is exactly {' and '.join(terms)}", err=True)
    if clashes:
        raise typer.Exit(1)


def _show(counts: Sequence[Count], style: CoverageFormat) -> None:
    header = [field.name.replace("_", " ") for field in fields(Count)]
    rows = [[str(cell) for cell in astuple(count)] for count in counts]
    if style is CoverageFormat.TSV:
        typer.echo("\n".join("\t".join(row) for row in [header, *rows]))
        return
    screen.show_rows(header, rows)
    total = counts[-1]
    typer.echo(f"{total.mappings} mappings; {total.unmapped} of {total.terms} terms have none", err=True)
