"""Commands that look at the evidence as a whole: those of ``ketagraph evidence``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from enum import StrEnum
from typing import Annotated, Any, TypedDict

import typer

from ketagraph import analyses, releases
from ketagraph.answers import sentences
from ketagraph.claims.ablation import Withdrawn
from ketagraph.cli import app, screen
from ketagraph.cli.asking import opened
from ketagraph.cli.settings import ReleaseFolder, SourceNames
from ketagraph.dossier import Dossier

__all__: list[str] = []

group = typer.Typer(help="Look at the evidence as a whole.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(group, name="evidence")


class RowFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    TSV = "tsv"
    JSON = "json"


Style = Annotated[RowFormat, typer.Option("--format", help="How to print the rows.")]
Drug = Annotated[str, typer.Option(help="Only this drug.")]
Condition = Annotated[str, typer.Option(help="Only this condition.")]
_TABLE = RowFormat.TABLE


@group.command()
def concordance(
    drug: Drug = "",
    condition: Condition = "",
    decided: Annotated[bool, typer.Option("--decided", help="Only pairs that a trial decides.")] = False,
    style: Style = _TABLE,
    source: SourceNames = None,
    release: ReleaseFolder = None,
) -> None:
    """Set the mechanism's sign beside what trials found, for every drug and condition."""
    dossier, chosen = _opened(release, source, drug, condition)
    found = analyses.judged(dossier, **chosen, decided=decided)
    _show(analyses.concordance(found), dossier, style)


@group.command()
def contradictions(
    drug: Drug = "",
    condition: Condition = "",
    style: Style = _TABLE,
    source: SourceNames = None,
    release: ReleaseFolder = None,
) -> None:
    """List trials that answer one claim differently, what differs, and what may explain it."""
    dossier, chosen = _opened(release, source, drug, condition)
    _show(analyses.contradictions(dossier, **chosen), dossier, style)


@group.command()
def durability(
    drug: Drug = "",
    condition: Condition = "",
    style: Style = _TABLE,
    source: SourceNames = None,
    release: ReleaseFolder = None,
) -> None:
    """List how long the benefit of each trial held, and when it was found to be gone."""
    dossier, chosen = _opened(release, source, drug, condition)
    _show(analyses.how_long(dossier, **chosen), dossier, style)


@group.command()
def dissociation(style: Style = _TABLE, source: SourceNames = None, release: ReleaseFolder = None) -> None:
    """List the arms in which pain improved without function or quality of life, or the other way round."""
    dossier, _ = _opened(release, source)
    _show(analyses.outcome_dissociations(dossier), dossier, style)


@group.command("class-effect")
def class_effect(
    target: Annotated[str, typer.Option(help="The target that the drugs block.")] = "NMDA receptor",
    condition: Annotated[str, typer.Option(help="The condition.")] = "phantom limb pain",
    style: Style = _TABLE,
    source: SourceNames = None,
    release: ReleaseFolder = None,
) -> None:
    """Compare the drugs that block a target with those that do not, in one condition."""
    dossier, _ = _opened(release, source)
    resolve = dossier.lexicon.resolve
    found = analyses.class_effect_of(dossier, resolve(target), resolve(condition))
    _show(found.members, dossier, style)
    typer.echo(f"agreement of the ligands: {found.agreement}", err=style is not RowFormat.TABLE)


@group.command()
def necessity(style: Style = _TABLE, source: SourceNames = None, release: ReleaseFolder = None) -> None:
    """List what blocking a target abolishes, lessens or leaves in place."""
    dossier, _ = _opened(release, source)
    _show(analyses.necessities(dossier), dossier, style)


@group.command("leave-one-out")
def leave_one_out(
    what: Annotated[list[Withdrawn] | None, typer.Option(help="What to withdraw; repeatable.")] = None,
    drug: Drug = "",
    condition: Condition = "",
    style: Style = _TABLE,
    source: SourceNames = None,
    release: ReleaseFolder = None,
) -> None:
    """List the verdicts that change when one trial, claim or reference is withdrawn."""
    dossier, chosen = _opened(release, source, drug, condition)
    _show(analyses.changes_without(dossier, what or list(Withdrawn), **chosen), dossier, style)


@group.command()
def overreach(style: Style = _TABLE, source: SourceNames = None, release: ReleaseFolder = None) -> None:
    """List conclusions and recommendations that reach further than their findings."""
    dossier, _ = _opened(release, source)
    _show(analyses.wider_than_findings(dossier), dossier, style)


@group.command("weakest-links")
def weakest_links(
    drug: Drug = "",
    condition: Condition = "",
    style: Style = _TABLE,
    source: SourceNames = None,
    release: ReleaseFolder = None,
) -> None:
    """List the steps that are the weakest of a mechanism: hedged or animal-only, and what hangs on them."""
    dossier, chosen = _opened(release, source, drug, condition)
    _show(analyses.weakest_links(analyses.judged(dossier, **chosen)), dossier, style)


@group.command("by-source")
def by_source(
    drug: Drug = "", condition: Condition = "", style: Style = _TABLE, release: ReleaseFolder = None
) -> None:
    """Set side by side what each source alone comes to, and whether the sources agree."""
    dossier, chosen = _opened(release, None, drug, condition)
    _show(analyses.by_source(dossier, **chosen), dossier, style)


class _Chosen(TypedDict):
    drug: str
    condition: str


def _opened(
    release: ReleaseFolder, source: SourceNames, drug: str = "", condition: str = ""
) -> tuple[Dossier, _Chosen]:
    dossier = releases.dossier(opened(release)[1]).of_sources(source or ())
    iris = [dossier.lexicon.resolve(name) if name else "" for name in (drug, condition)]
    return dossier, _Chosen(drug=iris[0], condition=iris[1])


def _show(rows: Sequence[Any], dossier: Dossier, style: RowFormat) -> None:
    if style is RowFormat.JSON:
        typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2))
        return
    header = [field.name for field in fields(rows[0])] if rows else []
    titles = ["sentences" if name == "anchors" else name.replace("_", " ") for name in header]
    told = [[_word(getattr(row, name), name, dossier.labels) for name in header] for row in rows]
    if style is RowFormat.TSV:
        for line in (
            [["sentences" if name == "anchors" else name for name in header]] if rows else []
        ) + told:
            typer.echo("\t".join(line))
        return
    keep = [i for i, name in enumerate(header) if name not in {"claims", "findings"}]
    titles = ["sentences" if header[i] == "anchors" else header[i].replace("_", " ") for i in keep]
    screen.show_rows(titles, [[line[i] for i in keep] for line in told])
    typer.echo(f"{len(rows)} row(s)", err=True)


# Columns of identifiers that a table on a screen has no room for.
_LONG = {"claims", "findings"}


def _word(value: Any, name: str, labels: Mapping[str, str]) -> str:
    """Return a cell as text: labels for IRIs, addresses for anchors, semicolons between several."""
    if name == "anchors":
        return ", ".join(sentences(value, labels))
    if isinstance(value, str):
        return labels.get(value, value.rsplit("/", 1)[-1] if value.startswith("http") else value)
    if isinstance(value, Iterable):
        return "; ".join(_word(each, "", labels) for each in value)
    if hasattr(value, "aspect"):
        sides = (
            " / ".join(_word(each, "", labels) for each in side) or "–"
            for side in (value.first, value.second)
        )
        return f"{value.aspect}: {' ↔ '.join(sides)}"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
