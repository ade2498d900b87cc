"""Commands that check claims against mechanism and trials: check and check-path."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from ketagraph import api, batch, explain, judgements, rdf, releases
from ketagraph.answers import answer, chain_answer
from ketagraph.batch import Judged
from ketagraph.claims import Judgement, Scope, check_chain
from ketagraph.cli import app, screen
from ketagraph.cli.asking import opened
from ketagraph.cli.own_graphs import OwnGraph
from ketagraph.cli.settings import Endpoint, ReleaseFolder, SourceNames
from ketagraph.cli.telling import EXIT, CheckFormat, told
from ketagraph.dossier import Dossier
from ketagraph.errors import SourceError

__all__ = ["Hops"]

Hops = Annotated[int, typer.Option(min=1, max=8, help="Longest mechanism path, in steps.")]
Dose = Annotated[str, typer.Option(help="Dose regime: anaesthetic, subanaesthetic, low dose …")]
RouteName = Annotated[str, typer.Option("--route", help="Route: intravenous, oral …")]
SpeciesName = Annotated[str, typer.Option("--species", help="Species: human, mouse …")]


class ChainFormat(StrEnum):
    """How a checked chain is printed."""

    TEXT = "text"
    JSON = "json"


Style = Annotated[CheckFormat, typer.Option("--format", help="How to print; dot and mermaid draw the paths.")]

AnyData = Annotated[Path | None, typer.Option(help="Judge by this RDF file instead of the release.")]
Table = Annotated[Path | None, typer.Option(help="Your own signed graph: TSV of subject, sign, object …")]
Graph = Annotated[str, typer.Option(help="Pull your own signed graph from here: an endpoint or RDF file.")]
EffectsQuery = Annotated[Path | None, typer.Option(help="With it: a SELECT of ?subject ?sign ?object …")]
ClassesQuery = Annotated[Path | None, typer.Option(help="With it: a SELECT of ?child ?parent.")]


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
    effects: Table = None,
    effects_from: Graph = "",
    effects_query: EffectsQuery = None,
    classes_query: ClassesQuery = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="On your own graph: how long to search.")] = 30.0,
    hops: Hops = 4,
    source: SourceNames = None,
    data: AnyData = None,
    endpoint: Endpoint = None,
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
    own = OwnGraph(effects, effects_from, effects_query, classes_query, seconds)
    own.refuse_misuse()
    _no_qualifiers({**asked, "week": week is not None, "via": via and file}, table=bool(own or file))
    if own and (file or source or data or endpoint):
        wrong = "--file, --source, --data and --endpoint do not go with --effects or --effects-from"
        raise typer.BadParameter(wrong)
    if own:
        raise typer.Exit(own.check(named, via, hops, style, in_full=in_full))
    dossier = _dossier(release, data, endpoint).of_sources(source or ())
    if file:
        raise typer.Exit(_check_file(dossier, file, hops, style))
    claim = dossier.claim(*named, via=via, week=week, **asked)
    judgement = dossier.judge(claim, hops=hops)
    if style is CheckFormat.TTL:
        typer.echo(rdf.turtle(judgements.graph([judgement], dossier)).rstrip("\n"))
    else:
        typer.echo(told(judgement, dossier.labels_of(judgement), style, in_full=in_full))
    raise typer.Exit(EXIT[judgement.standing])


def _dossier(release: Path | None, data: Path | None, endpoint: str | None) -> Dossier:
    """Open what a claim is judged by: the release, or another graph shaped like ours."""
    given = [each for each in (release, data, endpoint) if each]
    if len(given) > 1:
        raise typer.BadParameter("give one of --release, --data and --endpoint")
    if data or endpoint:
        return api.open_graph(endpoint or data).dossier
    return releases.dossier(opened(release)[1])


def _no_qualifiers(asked: Mapping[str, object], *, table: bool) -> None:
    """Refuse qualifiers that a table or a graph of one's own would silently leave out."""
    if table and (given := [f"--{name}" for name, value in asked.items() if value]):
        wanted = "those of a batch are its columns, and a graph of your own takes --via only"
        raise typer.BadParameter(f"{', '.join(given)}: {wanted}")


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
        whole = {"line": judged.line, **asdict(answer(judgement, dossier.labels_of(judgement)))}
        return json.dumps(whole, ensure_ascii=False)
    claim = judgement.claim
    labels = dossier.labels_of(claim)
    said = " ".join(labels.get(iri, iri) for iri in (claim.subject, claim.relation, claim.object))
    return f"{judged.line}\t{judgement.standing}\t{judgement.verdict}\t{said}"


def _worst(judged: Iterable[Judgement]) -> int:
    """Exit code of a batch: one opposed claim outweighs those that nothing decides."""
    codes = {EXIT[judgement.standing] for judgement in judged}
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
    data: AnyData = None,
    endpoint: Endpoint = None,
    release: ReleaseFolder = None,
) -> None:
    """Check a chain hop by hop: stated, inferred, contested, contradicted or unsupported; do signs compose.

    Exit 0 where every hop holds and the signs compose as claimed, 1 where one does not, 7 where a hop
    has no support.
    """
    dossier = _dossier(release, data, endpoint).of_sources(source or ())
    steps, claimed = dossier.steps(nodes, relations or (), each=each)
    scope = Scope(
        dossier.value("dose", dose), dossier.value("route", route), dossier.value("species", species)
    )
    chain = check_chain(dossier, steps, claimed=claimed, scope=scope, hops=hops)
    if style is ChainFormat.JSON:
        typer.echo(
            json.dumps(asdict(chain_answer(chain, dossier.labels_of(chain))), ensure_ascii=False, indent=2)
        )
    else:
        typer.echo("\n".join(explain.chain_lines(chain, dossier.labels_of(chain))))
    raise typer.Exit(EXIT[chain.standing])
