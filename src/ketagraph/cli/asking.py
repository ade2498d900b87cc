"""Commands that ask the graph: query, term, questions."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ketagraph import guard, names, questions, releases, sources
from ketagraph.cli import app, screen
from ketagraph.cli.settings import AllowService, Endpoint, EngineKind, ReleaseFolder, ServiceTimeout, Timeout
from ketagraph.dossier import Dossier
from ketagraph.engines.address import credentials
from ketagraph.engines.dialect import named
from ketagraph.errors import EnvironmentFault, QueryRefused, UnknownName
from ketagraph.remote import Remote
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine

__all__ = ["opened"]


class ResultFormat(StrEnum):
    """How a query's result is printed."""

    TABLE = "table"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    TTL = "ttl"


_MEDIA_TYPES = {
    ResultFormat.TABLE: "text/csv",
    ResultFormat.CSV: "text/csv",
    ResultFormat.TSV: "text/tab-separated-values",
    ResultFormat.JSON: "application/sparql-results+json",
    ResultFormat.TTL: "text/turtle",
}
_GRAPH_FORMS = {"CONSTRUCT", "DESCRIBE"}
_ALL = 1 << 40


def opened(folder: Path | None, *, imported: bool = False) -> tuple[Layout, Engine]:
    """Return the sources and the current release in memory, built first where there is none.

    ``imported`` adds what was imported beside it: for queries, never for judgements.
    """
    where = sources.layout()
    folder = folder or releases.default_folder(where)
    with screen.stages() as progress:
        release = releases.ensure(where, folder, progress=progress)
    if releases.is_stale(release, where):
        typer.echo("note: the sources have changed since this release; run: ketagraph build", err=True)
    return where, releases.engine(release, releases.imports(folder) if imported else ())


@app.command()
def query(
    name: Annotated[str | None, typer.Argument(help="A question's name, or a file of SPARQL.")] = None,
    text: Annotated[str | None, typer.Option("-e", "--text", help="SPARQL text.")] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("-p", "--param", help="key=value; repeatable.")
    ] = None,
    style: Annotated[ResultFormat | None, typer.Option("--format", help="How to print the result.")] = None,
    allow_service: AllowService = None,
    service_timeout: ServiceTimeout = 30.0,
    endpoint: Endpoint = None,
    endpoint_kind: EngineKind = "generic",
    timeout: Timeout = 60.0,
    max_rows: Annotated[
        int | None, typer.Option(min=1, help="Rows or triples to stop after; by default none are left out.")
    ] = None,
    release: ReleaseFolder = None,
) -> None:
    """Answer a named question, a file of SPARQL, or SPARQL text."""
    if (name is None) == (text is None):
        raise typer.BadParameter("give a question's name, a file, or -e TEXT")
    if endpoint and (allow_service or release):
        raise typer.BadParameter("--endpoint goes without --allow-service and --release")
    given = _pairs(parameters or [])
    where, engine = _source(release, endpoint, endpoint_kind, timeout)
    sparql = text if text is not None else _named(name or "", where, given, releases.dossier(engine))
    form = guard.check(sparql, services=frozenset(allow_service or ())).form
    if allow_service and isinstance(engine, Engine):
        sparql = _across(sparql, engine, service_timeout)
    if style is None:
        style = ResultFormat.TTL if form in _GRAPH_FORMS else ResultFormat.TABLE
    _show(engine, sparql, form, style, max_rows or _ALL)


def _across(sparql: str, engine: Engine, seconds: float) -> str:
    from ketagraph.federation.inprocess import resolved

    return resolved(sparql, engine, seconds=seconds)


def _source(
    release: Path | None, url: str | None, kind: str, timeout: float
) -> tuple[Layout, Engine | Remote]:
    if url is None:
        return opened(release, imported=True)
    return sources.layout(), Remote(url, timeout, credentials=credentials(os.environ), dialect=named(kind))


def _pairs(parameters: list[str]) -> dict[str, str]:
    for each in parameters:
        if "=" not in each:
            raise typer.BadParameter(f"-p {each}: expected key=value")
    return dict(each.split("=", 1) for each in parameters)


def _named(name: str, where: Layout, values: dict[str, str], dossier: Dossier) -> str:
    path = where.queries / f"{name}.rq"
    if path.is_file() and "/" not in name:
        return questions.bind(questions.read(path), values, dossier.resolve)
    if not Path(name).is_file():
        known = sorted(each.stem for each in where.queries.glob("*.rq"))
        raise UnknownName(f"no question and no file is called {name!r}; see: ketagraph questions", known)
    if values:
        raise QueryRefused("-p goes with a named question; a file of SPARQL has no parameters")
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(f"{name}: cannot be read as UTF-8 text: {error}") from error


def _show(engine: Engine | Remote, sparql: str, form: str, style: ResultFormat, max_rows: int) -> None:
    if (form in _GRAPH_FORMS) != (style is ResultFormat.TTL):
        fit = "ttl" if form in _GRAPH_FORMS else "table, csv, tsv or json"
        raise QueryRefused(f"a {form} query cannot be printed as {style.value}; use --format {fit}")
    if form == "ASK" and style is not ResultFormat.JSON:
        typer.echo(str(engine.ask(sparql)).lower())
        return
    body, outcome = engine.answer(sparql, _MEDIA_TYPES[style], max_rows=max_rows)
    if style is not ResultFormat.TABLE:
        typer.echo(body.decode(), nl=False)
    else:
        header, *rows = csv.reader(io.StringIO(body.decode()))
        screen.show_rows(header, [[names.compress(cell) for cell in row] for row in rows])
        typer.echo(f"{len(rows)} row(s)", err=True)
    if outcome.truncated:
        typer.echo(f"note: cut after {outcome.rows:,}; there is more (--max-rows)", err=True)


class TermFormat(StrEnum):
    """How a term is printed."""

    TEXT = "text"
    JSON = "json"


@app.command()
def term(
    name: Annotated[str, typer.Argument(help="Label, synonym, CURIE, IRI or external identifier.")],
    style: Annotated[TermFormat, typer.Option("--format", help="How to print it.")] = TermFormat.TEXT,
    release: ReleaseFolder = None,
) -> None:
    """Say what the graph knows of a term: definition, names, kinds, identifiers elsewhere."""
    from ketagraph.api import KnowledgeGraph

    found = KnowledgeGraph(opened(release)[1], "").term(name)
    if style is TermFormat.JSON:
        typer.echo(
            json.dumps({"curie": names.compress(found.iri), **asdict(found)}, indent=2, ensure_ascii=False)
        )
        return
    typer.echo(str(found))
    for said, text in found.facts().items():
        typer.echo(f"  {said:<12} {text}")


@app.command("questions")
def questions_command() -> None:
    """List the named questions with their parameters."""
    where = sources.layout()
    found = [questions.read(path) for path in sorted(where.queries.glob("*.rq"))]
    screen.show_rows(
        ("question", "what it answers", "parameters"),
        [
            (each.slug, each.summary, ", ".join(f"{p.name}={p.default or ''}" for p in each.parameters))
            for each in found
        ],
    )
