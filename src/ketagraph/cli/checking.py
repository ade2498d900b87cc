"""Commands that check claims against mechanism and trials: check and check-path."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.progress import Progress

from ketagraph import batch, drawings, explain, judgements, own_effects, rdf, releases, sources
from ketagraph.answers import answer, chain_answer
from ketagraph.batch import Judged
from ketagraph.claims import Claim, Judgement, Scope, Sign, Standing, check_chain
from ketagraph.claims import Path as MechanismPath
from ketagraph.cli import app, screen
from ketagraph.cli.asking import opened
from ketagraph.cli.settings import ReleaseFolder, SourceNames
from ketagraph.dossier import Dossier
from ketagraph.errors import SourceError
from ketagraph.signed_graph import Limits
from ketagraph.store.engine import Engine

__all__ = ["Hops"]

_EXIT = {Standing.SUPPORTED: 0, Standing.OPPOSED: 1, Standing.UNDECIDED: 7}

Hops = Annotated[int, typer.Option(min=1, max=8, help="Longest mechanism path, in steps.")]
Dose = Annotated[str, typer.Option(help="Dose regime: anaesthetic, subanaesthetic, low dose …")]
RouteName = Annotated[str, typer.Option("--route", help="Route: intravenous, oral …")]
SpeciesName = Annotated[str, typer.Option("--species", help="Species: human, mouse …")]


class CheckFormat(StrEnum):
    """How a judgement is printed."""

    TEXT = "text"
    JSON = "json"
    TTL = "ttl"
    DOT = "dot"
    MERMAID = "mermaid"


class ChainFormat(StrEnum):
    """How a checked chain is printed."""

    TEXT = "text"
    JSON = "json"


Style = Annotated[CheckFormat, typer.Option("--format", help="How to print; dot and mermaid draw the paths.")]


@app.command()
def check(
    subject: Annotated[str | None, typer.Argument(help="A therapy or other concept, by any name.")] = None,
    relation: Annotated[str | None, typer.Argument(help="relieves, worsens, prevents, antagonises …")] = None,
    object_: Annotated[str | None, typer.Argument(metavar="OBJECT", help="A condition or concept.")] = None,
    via: Annotated[str, typer.Option(help="A target or mechanism that every path must pass.")] = "",
    dose: Dose = "",
    route: RouteName = "",
    species: SpeciesName = "",
    outcome: Annotated[str, typer.Option(help="The outcome that trials must have measured.")] = "",
    comparator: Annotated[str, typer.Option(help="The comparator: placebo, active, add-on …")] = "",
    week: Annotated[float | None, typer.Option(min=0, help="The time after the start, in weeks.")] = None,
    in_full: Annotated[bool, typer.Option("--explain", help="Show every path, hop by hop.")] = False,
    style: Style = CheckFormat.TEXT,
    file: Annotated[
        Path | None, typer.Option(help="A TSV table: subject, relation, object, qualifiers.")
    ] = None,
    effects: Annotated[
        Path | None, typer.Option(help="Your own signed graph: a TSV table of subject, sign, object …")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="With --effects: how long to search.")] = 30.0,
    hops: Hops = 4,
    source: SourceNames = None,
    release: ReleaseFolder = None,
) -> None:
    """Check a claim: is there a mechanism, what sign, which trials bear on it, who says otherwise.

    Exit 0 where the evidence supports the claim, 1 where it is against it, mixed or null, 7 where
    nothing decides. A batch (--file) exits 3 if a row is broken, else as its worst claim does.
    """
    named = [name for name in (subject, relation, object_) if name]
    if len(named) != (0 if file else 3):
        raise typer.BadParameter("give SUBJECT RELATION OBJECT, or --file claims.tsv")
    asked = {"dose": dose, "route": route, "species": species, "outcome": outcome, "comparator": comparator}
    _no_qualifiers({**asked, "week": week is not None, "via": via and file}, table=bool(effects or file))
    if effects and (file or source):
        raise typer.BadParameter("--effects does not go with --file or --source")
    if effects:
        raise typer.Exit(_check_own(effects, named, via, seconds, hops, style, in_full=in_full))
    dossier = releases.dossier(opened(release)[1]).of_sources(source or ())
    if file:
        raise typer.Exit(_check_file(dossier, file, hops, style))
    claim = dossier.claim(*named, via=via, week=week, **asked)
    judgement = dossier.evidence.judge(claim, hops=hops)
    typer.echo(_told(judgement, dossier, style, in_full=in_full))
    raise typer.Exit(_EXIT[judgement.standing])


def _no_qualifiers(asked: Mapping[str, object], *, table: bool) -> None:
    """Refuse qualifiers that a table would silently leave out."""
    if table and (given := [f"--{name}" for name, value in asked.items() if value]):
        wanted = "those of a batch are its columns, and --effects takes --via only"
        raise typer.BadParameter(f"{', '.join(given)}: {wanted}")


def _check_own(
    path: Path, named: list[str], via: str, seconds: float, hops: int, style: CheckFormat, *, in_full: bool
) -> int:
    """Check a claim on the user's own graph; only the relations' signs come from our ontology."""
    if style is CheckFormat.TTL:
        raise typer.BadParameter("--format ttl needs IRIs; with --effects use text, json, dot or mermaid")
    subject, relation, object_ = named
    end = monotonic() + seconds
    claim = Claim(subject, relation, object_, _sign(relation), purpose="", via=via, therapeutic=False)
    limits = Limits(paths=own_effects.MOST, stop=lambda: monotonic() > end)
    judgement = own_effects.judge_table(path, claim, hops=hops, limits=limits)
    typer.echo(_told(judgement, None, style, in_full=in_full))
    return _EXIT[judgement.standing]


def _sign(relation: str) -> Sign:
    """Sign of ``+``, ``-`` or one of our relations."""
    if relation in {"+", "-", "−"}:
        return 1 if relation == "+" else -1
    words = Engine()
    words.load_quads(sources.layout().ontology / "relation.ttl")
    words.unite_graphs()
    return releases.dossier(words).relation(relation).sign


def _told(judgement: Judgement, dossier: Dossier | None, style: CheckFormat, *, in_full: bool) -> str:
    """Print a judgement; one on a user's own effects has no dossier, and so no labels and no Turtle."""
    labels = dossier.labels if dossier else {}
    if dossier and style is CheckFormat.TTL:
        return rdf.turtle(judgements.graph([judgement], dossier)).rstrip("\n")
    if style is CheckFormat.TEXT:
        return "\n".join(explain.lines(judgement, labels, in_full=in_full))
    return _FORMATS[style](judgement, labels).rstrip("\n")


def _json(judgement: Judgement, labels: Mapping[str, str]) -> str:
    return json.dumps(asdict(answer(judgement, labels)), ensure_ascii=False, indent=2)


def _dot(judgement: Judgement, labels: Mapping[str, str]) -> str:
    return drawings.dot(_ways(judgement), labels)


def _mermaid(judgement: Judgement, labels: Mapping[str, str]) -> str:
    return drawings.mermaid(_ways(judgement), labels)


def _ways(judgement: Judgement) -> tuple[MechanismPath, ...]:
    found = judgement.mechanism
    return (*found.paths, *found.unsigned, *found.blocked)


_FORMATS: Mapping[CheckFormat, Callable[[Judgement, Mapping[str, str]], str]] = {
    CheckFormat.JSON: _json,
    CheckFormat.DOT: _dot,
    CheckFormat.MERMAID: _mermaid,
}


def _check_file(dossier: Dossier, path: Path, hops: int, style: CheckFormat) -> int:
    if style in {CheckFormat.DOT, CheckFormat.MERMAID}:
        raise typer.BadParameter(f"--format {style.value} draws one claim; for a file use text, json or ttl")
    rows = batch.read_rows(path)
    found: list[Judged] = []
    with Progress(console=screen.errors(), transient=True) as progress:
        judged = batch.judge_rows(dossier, rows, path, hops=hops)
        for each in progress.track(judged, total=len(rows), description="checking"):
            found.append(each)
            if each.judgement and style is not CheckFormat.TTL:
                typer.echo(_line(each, each.judgement, dossier, style))
    good = [each.judgement for each in found if each.judgement]
    if style is CheckFormat.TTL:
        typer.echo(rdf.turtle(judgements.graph(good, dossier)), nl=False)
    if faults := [each.fault for each in found if each.fault]:
        raise SourceError(faults)
    return _worst(good)


def _line(judged: Judged, judgement: Judgement, dossier: Dossier, style: CheckFormat) -> str:
    """One line for one row: tab-separated words, or a JSON object."""
    if style is CheckFormat.JSON:
        whole = {"line": judged.line, **asdict(answer(judgement, dossier.labels))}
        return json.dumps(whole, ensure_ascii=False)
    claim = judgement.claim
    said = " ".join(dossier.labels.get(iri, iri) for iri in (claim.subject, claim.relation, claim.object))
    return f"{judged.line}\t{judgement.standing}\t{judgement.verdict}\t{said}"


def _worst(judged: Iterable[Judgement]) -> int:
    """Exit code of a batch: one opposed claim outweighs those that nothing decides."""
    codes = {_EXIT[judgement.standing] for judgement in judged}
    return next((code for code in (1, 7) if code in codes), 0)


@app.command("check-path")
def check_path(
    nodes: Annotated[list[str], typer.Argument(help="Two nodes or more, from the drug to the condition.")],
    relations: Annotated[
        list[str] | None,
        typer.Option("-r", "--relation", help="What the chain so far does to the next node; one per hop."),
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="Relations say what one node does to the next.")
    ] = False,
    dose: Dose = "",
    route: RouteName = "",
    species: SpeciesName = "",
    style: Annotated[ChainFormat, typer.Option("--format", help="How to print.")] = ChainFormat.TEXT,
    hops: Hops = 4,
    source: SourceNames = None,
    release: ReleaseFolder = None,
) -> None:
    """Check a chain hop by hop: stated, inferred, contested, contradicted or unsupported; do signs compose.

    Exit 0 where every hop holds and the signs compose as claimed, 1 where one does not, 7 where a hop
    has no support.
    """
    dossier = releases.dossier(opened(release)[1]).of_sources(source or ())
    steps, claimed = dossier.steps(nodes, relations or (), each=each)
    scope = Scope(
        dossier.value("dose", dose), dossier.value("route", route), dossier.value("species", species)
    )
    chain = check_chain(dossier.evidence, steps, claimed=claimed, scope=scope, hops=hops)
    if style is ChainFormat.JSON:
        typer.echo(json.dumps(asdict(chain_answer(chain, dossier.labels)), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(explain.chain_lines(chain, dossier.labels)))
    raise typer.Exit(_EXIT[chain.standing])
