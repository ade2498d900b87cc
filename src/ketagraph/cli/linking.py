"""The command that proposes mappings: link."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ketagraph import accepting, linking, mappings, names, naming, releases, sources, vocabulary
from ketagraph.cli import app, screen
from ketagraph.cli.asking import opened
from ketagraph.cli.settings import ReleaseFolder
from ketagraph.errors import SourceError
from ketagraph.lexicon import Entry
from ketagraph.linking import Name
from ketagraph.mappings.model import Mapping as Row

__all__: list[str] = []


@app.command()
def link(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="ONTOLOGY…", help="Files as for import.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="SSSOM file; default: standard output.")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Hide our mappings, and compare proposals with them.")
    ] = False,
    accept: Annotated[Path | None, typer.Option(help="Take a reviewed SSSOM file into our mappings.")] = None,
    release: ReleaseFolder = None,
) -> None:
    """Propose mappings to an ontology for terms that have none, as SSSOM for a person to accept."""
    where = sources.layout()
    words = vocabulary.read_ontology(where)
    known = {*words.parents, *words.individuals}
    if accept:
        typer.echo(f"{accepting.accept(accept, where, known)} row(s) accepted; look at: git diff")
        return
    if not files:
        raise typer.BadParameter("give one ontology or more, or --accept FILE")
    rows, faults = mappings.read(where, words, thorough=False)
    if faults:
        raise SourceError(faults)
    entries = releases.dossier(opened(release)[1]).lexicon.entries
    ours = [entry for entry in entries if entry.iri.removeprefix(names.BASE) in words.parents]
    theirs = [name for file in files for name in naming.names_in(file)]
    if measure:
        _measure(ours, theirs, rows)
        return
    source = ", ".join(file.name for file in files)
    text = linking.proposals_text(linking.link(_unmapped(ours, theirs, rows), theirs), source)
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        typer.echo(text, nl=False)


def _unmapped(ours: Iterable[Entry], theirs: Iterable[Name], rows: Iterable[Row]) -> list[Entry]:
    """Leave out the terms that have a row, be it a denial, for a vocabulary of these files."""
    prefixes = {name.id.partition(":")[0] for name in theirs}
    done = {row.subject for row in rows if row.object.partition(":")[0] in prefixes}
    return [entry for entry in ours if names.compress(entry.iri) not in done]


def _measure(ours: Iterable[Entry], theirs: Sequence[Name], rows: Iterable[Row]) -> None:
    found = linking.evaluate(linking.link(ours, theirs), _gold(rows, {name.id for name in theirs}))
    screen.show_rows(
        ("up to tier", "proposed", "right", "curated", "precision", "recall"),
        [
            (
                each.tier,
                str(each.proposed),
                str(each.right),
                str(each.gold),
                f"{each.precision:.2f}",
                f"{each.recall:.2f}",
            )
            for each in found
        ],
    )


def _gold(rows: Iterable[Row], there: set[str]) -> Mapping[str, set[str]]:
    gold: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.asserted and row.predicate == "skos:exactMatch" and row.object in there:
            gold[row.subject].add(row.object)
    return gold
