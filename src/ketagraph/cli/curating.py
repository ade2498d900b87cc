"""Commands that help a curator: new and annotate."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ketagraph import curation, scaffold, sources, tables, vocabulary
from ketagraph.cli import app, screen
from ketagraph.errors import EnvironmentFault
from ketagraph.sources import Layout

__all__: list[str] = []

group = typer.Typer(help="Begin a source, trial, claim, question or shape.", no_args_is_help=True)
app.add_typer(group, name="new")

Slug = Annotated[str, typer.Argument(help="Its key, in kebab-case; all sources share the keys.")]
SourceId = Annotated[str, typer.Option(help="The source it belongs to, by its id.")]
Sentences = Annotated[str, typer.Option(help="Sentences that say so, such as 20.2 or 20.1|20.2.")]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(f"{path}: cannot be read as UTF-8 text: {error}") from error


def _asked(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values, those that are empty asked for on a terminal; elsewhere they are an error.

    Questions go to standard error, where a person sees them wherever the output goes. What was typed is told
    as options, so that a refused value costs nobody the others.
    """
    given = {name: _line(value) if value else "" for name, value in values.items()}
    lacking = [name for name, value in given.items() if not value]
    if lacking and not sys.stdin.isatty():
        raise typer.BadParameter(f"missing: {', '.join(f'--{name}' for name in lacking)}")
    for name in lacking:
        given[name] = _typed(name)
    if lacking:
        typed = " ".join(f"--{name} {shlex.quote(given[name])}" for name in lacking)
        typer.echo(f"the same without questions: {typed}", err=True)
    return given


def _typed(name: str) -> str:
    """Ask for a value until it is one."""
    # Not by typer.prompt, which writes the last letter of every question to standard output.
    while True:
        typer.echo(f"{name}: ", nl=False, err=True)
        text = sys.stdin.readline()
        if not text:
            raise typer.Abort
        try:
            return _line(text)
        except typer.BadParameter as wrong:
            typer.echo(wrong.message, err=True)


def _line(text: str) -> str:
    """Return text with single spaces; refuse none, and what cannot be printed."""
    line = " ".join(text.split())
    if not line or not line.isprintable():
        raise typer.BadParameter(
            "expected a line of text, without control characters such as those of arrow keys"
        )
    return line


def _wrote(where: Layout, paths: list[Path]) -> None:
    for path in paths:
        typer.echo(f"wrote {where.show(path)}")


@group.command("source")
def new_source(
    slug: Slug,
    text: Annotated[Path, typer.Argument(help="Its text, UTF-8; only digests of its sentences are kept.")],
    title: str = "",
    authors: str = "",
    year: str = "",
    licence: Annotated[str, typer.Option(help="Address of the licence of the text.")] = "",
    doi: str = "",
    journal: str = "",
    citation: str = "",
) -> None:
    """Begin a source: its facts, every sentence of its text, and its references; a draft until finished."""
    where = sources.layout()
    asked = _asked({"title": title, "authors": authors, "year": year, "licence": licence})
    values = {"id": slug, **asked, "doi": doi, "journal": journal, "citation": citation}
    _wrote(where, scaffold.new_source(where, values, _text(text)))


@group.command("trial")
def new_trial(
    slug: Slug,
    source: SourceId = "",
    label: str = "",
    kind: str = "NamedStudy",
    conditions: Annotated[str, typer.Option(help="Terms of the ontology, joined by |.")] = "",
    purpose: str = "Treatment",
    species: str = "Human",
    references: Annotated[str, typer.Option(help="Printed numbers, joined by |.")] = "",
    agent: Annotated[str, typer.Option(help="What the first arm receives: a term of the ontology.")] = "",
    against: Annotated[str, typer.Option(help="What the other arm receives, if there is one.")] = "",
    sentences: Sentences = "",
) -> None:
    """Add a trial with its arms and what they receive; findings are rows of their own."""
    where = sources.layout()
    given = _asked({"source": source, "label": label, "agent": agent, "sentences": sentences})
    told = {"trial": slug, "sentences": given["sentences"]}
    trial = {"kind": kind, "purpose": purpose, "species": species, "conditions": conditions}
    roles = {given["agent"]: "InterventionArm"}
    if against:
        roles[against] = "PlaceboArm" if against == "Placebo" else "ActiveComparatorArm"
    arms, given_to = [], []
    for term, role in roles.items():
        arm = f"{slug}-{tables.slug(term)}"
        arms.append({**told, "arm": arm, "label": tables.slug(term).replace("-", " "), "role": role})
        given_to.append({"arm": arm, "agent": term, "sentences": given["sentences"]})
    rows = {
        "trials": [{**told, **trial, "label": given["label"], "references": references}],
        "arms": arms,
        "interventions": given_to,
    }
    _wrote(where, scaffold.add_rows(where, given["source"], rows))


@group.command("claim")
def new_claim(
    slug: Slug,
    source: SourceId = "",
    label: str = "",
    subject: str = "",
    predicate: str = "",
    object_: Annotated[str, typer.Option("--object")] = "",
    polarity: str = "Affirmed",
    certainty: str = "Established",
    sentence: Annotated[str, typer.Option(help="The sentence that states it, such as 20.2.")] = "",
    direction: str = "Supports",
    role: str = "Background",
    type_: Annotated[str, typer.Option("--type")] = "AuthorStatementWithoutReference",
) -> None:
    """Add a claim and the sentence that states it."""
    where = sources.layout()
    wanted = {"source": source, "label": label, "subject": subject, "predicate": predicate}
    given = _asked({**wanted, "object": object_, "sentence": sentence})
    told_in, owner = given.pop("sentence"), given.pop("source")
    line = {"claim": slug, "sentence": told_in, "direction": direction, "role": role, "type": type_}
    claim = {"claim": slug, **given, "polarity": polarity, "certainty": certainty}
    _wrote(where, scaffold.add_rows(where, owner, {"claims": [claim], "evidence": [line]}))


@group.command("question")
def new_question(
    slug: Slug,
    summary: str = "",
    rdf_class: Annotated[str, typer.Option("--class", help="The class it begins by listing.")] = "Study",
) -> None:
    """Begin a question; a draft until its query and its answer are written."""
    where = sources.layout()
    _wrote(where, scaffold.new_question(where, slug, _asked({"summary": summary})["summary"], rdf_class))


@group.command("shape")
def new_shape(
    rdf_class: Annotated[str, typer.Argument(metavar="CLASS", help="A class of the ontology, as in Study.")],
    path: Annotated[str, typer.Option("--property", help="The property that it must have.")] = "",
    message: Annotated[str, typer.Option(help="One sentence that says what is wanted.")] = "",
) -> None:
    """Add a shape that wants one value of a property, and a bad example without it."""
    where = sources.layout()
    given = _asked({"property": path, "message": message})
    _wrote(where, scaffold.new_shape(where, rdf_class, given["property"], given["message"]))


@app.command()
def annotate(
    text: Annotated[Path, typer.Argument(help="A source's text, UTF-8.")],
    source: Annotated[
        str, typer.Option(help="Its id; where it has tables, only what they lack is drafted.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the drafts; default drafts/SOURCE.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Say how much of the source's rows is found; write nothing.")
    ] = False,
) -> None:
    """Find terms, quantities, negation and hedges in a text, and draft rows for a person to finish."""
    where = sources.layout()
    words = vocabulary.read_ontology(where)
    found = list(curation.annotate(_text(text), curation.Finder.of(words)))
    known = {folder.id: folder for folder in sources.source_folders(where)}
    if compare:
        source = source or sources.folder_of_text(text.read_bytes(), where).id
        sources.folder_called(source, where)
    rows = tables.read_source(known[source], where)[0] if source in known else []
    if compare:
        screen.show_rows(
            ("what", "in the rows", "found", "recall", "sentences marked", "finds", "in no row"),
            [
                (
                    *(each.what, str(each.curated), str(each.found), f"{each.recall:.2f}", str(each.flagged)),
                    *(str(each.finds), str(len(each.unused))),
                )
                for each in curation.agreement(found, rows, words)
            ],
        )
        return
    folder = output or where.root / "drafts" / (source or text.stem)
    if folder.resolve().is_relative_to(where.data.resolve()):
        raise typer.BadParameter(f"{folder}: drafts stay out of {where.show(where.data)}/")
    left = list(curation.uncovered(found, rows))
    drafts = curation.draft_files(found, left, source or tables.slug(text.stem))
    scaffold.write_new({folder / name: content for name, content in drafts.items()})
    typer.echo(f"{len(found)} sentences, {len(left)} not covered by any row; drafts in {where.show(folder)}")
