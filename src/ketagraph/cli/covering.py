"""The command that accounts for every sentence of every source: coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Annotated

import typer

from ketagraph import releases
from ketagraph.cli import app, screen
from ketagraph.cli.asking import opened
from ketagraph.cli.settings import ReleaseFolder, SourceNames
from ketagraph.evidence import local

__all__: list[str] = []


@app.command()
def coverage(
    sentences: Annotated[
        bool, typer.Option("--sentences", help="One line per sentence, not per section.")
    ] = False,
    source: SourceNames = None,
    release: ReleaseFolder = None,
) -> None:
    """Show, section by section, how many sentences are used, and why the others are not."""
    _, engine = opened(release)
    dossier = releases.dossier(engine).of_sources(source or ())
    rows = [
        row for row in dossier.stored.all("coverage") if not dossier.within or row["source"] in dossier.within
    ]
    if sentences:
        screen.show_rows(("sentence", "section", "records", "excuse"), [_sentence(row) for row in rows])
    else:
        screen.show_rows(("source", "section", "sentences", "used", "records", "excused"), _sections(rows))
    used = sum(row["records"] != "0" for row in rows)
    excused = sum("excuse" in row for row in rows)
    typer.echo(
        f"{len(rows)} sentences: {used} used, {excused} excused, {len(rows) - used - excused} unaccounted for"
    )
    if used + excused != len(rows):
        raise typer.Exit(1)


def _sentence(row: Mapping[str, str]) -> tuple[str, ...]:
    reason = ": ".join(part for part in (row.get("excuse", ""), row.get("note", "")) if part)
    return row["address"], row["section"], row["records"], reason


def _sections(rows: list[Mapping[str, str]]) -> Iterator[tuple[str, ...]]:
    for (source, section), group in groupby(rows, key=lambda row: (row["source"], row["section"])):
        members = list(group)
        excused = [f"{row['address']} {row['excuse']}" for row in members if "excuse" in row]
        used = sum(row["records"] != "0" for row in members)
        records = sum(int(row["records"]) for row in members)
        yield local(source), section, str(len(members)), str(used), str(records), ", ".join(excused)
