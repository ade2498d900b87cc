"""Commands that serve: serve and up."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer

from ketagraph import __version__, guard, releases, sources
from ketagraph.cli import app, screen
from ketagraph.cli.settings import (
    ENVIRONMENT,
    AllowService,
    CacheMb,
    ClientErrors,
    ClientLimits,
    ClientSeconds,
    Config,
    Data,
    DiskAboveMb,
    DiskFolder,
    Drain,
    EngineKind,
    EngineMb,
    EngineUrl,
    Host,
    LogQueries,
    LogText,
    MaxAge,
    MaxRows,
    MemoryMb,
    Metrics,
    Port,
    ReleaseFolder,
    ServiceTimeout,
    Timeout,
    UnionDefaultGraph,
    Workers,
)
from ketagraph.engines.address import Address, credentials
from ketagraph.engines.dialect import named
from ketagraph.releases import Release
from ketagraph.server import ServeConfig, Serving
from ketagraph.server import serve as run_server
from ketagraph.server.config import Listed
from ketagraph.sources import Layout

__all__: list[str] = []

_FIELDS = {field.name for field in fields(ServeConfig)}


@app.command(context_settings=ENVIRONMENT)
def serve(
    context: typer.Context,
    data: Data = None,
    engine: EngineUrl = None,
    engine_kind: EngineKind = "generic",
    engine_mb: EngineMb = 256,
    release: ReleaseFolder = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    timeout: Timeout = 10.0,
    max_rows: MaxRows = 10_000,
    union_default_graph: UnionDefaultGraph = False,
    workers: Workers = None,
    memory_mb: MemoryMb = 2048,
    cache_mb: CacheMb = 64,
    max_age: MaxAge = 60,
    client_limits: ClientLimits = None,
    client_seconds: ClientSeconds = 60.0,
    client_errors: ClientErrors = 60,
    metrics: Metrics = False,
    log_queries: LogQueries = False,
    log_text: LogText = False,
    drain: Drain = 0.0,
    allow_service: AllowService = None,
    service_timeout: ServiceTimeout = 5.0,
    disk_above_mb: DiskAboveMb = None,
    disk_folder: DiskFolder = None,
    config: Config = None,
) -> None:
    """Serve the release, or any RDF file, at /sparql; SIGHUP takes up new data."""
    where = sources.layout()
    given = {name: value for name, value in context.params.items() if name in _FIELDS}
    folder = release or releases.default_folder(where)
    given["allow_service"] = tuple(allow_service or ())
    given["disk_folder"] = disk_folder or folder / ".stores"
    if engine is not None:
        _run_engine(where, _address(data, release, engine, engine_kind), given)
    elif data is None:
        with screen.stages() as progress:
            releases.ensure(where, folder, progress=progress)
        _run(where, folder, releases.verified(folder), **given)
    else:
        settings = ServeConfig(info={"title": data.name, "version": __version__}, **given)
        run_server(settings, check=guard.check, on_ready=_announce)


@app.command()
def up(
    host: Host = "127.0.0.1", port: Port = 8000, timeout: Timeout = 10.0, max_rows: MaxRows = 10_000
) -> None:
    """Do the whole job: build where the sources changed, validate, show what there is, and serve it."""
    where = sources.layout()
    folder = releases.default_folder(where)
    release = _fresh_release(where, folder)
    _run(
        where,
        folder,
        release,
        host=host,
        port=port,
        timeout=timeout,
        max_rows=max_rows,
        disk_folder=folder / ".stores",
    )


def _fresh_release(where: Layout, folder: Path) -> Release:
    if (folder / "current").exists():
        release = releases.current(folder)
        if not releases.is_stale(release, where):
            screen.show_build(None, release)
            return release
    from ketagraph.build import build

    with screen.stages() as progress:
        built = build(where, kept=releases.kept(folder), progress=progress)
    release = releases.write(built, folder)
    releases.prune(folder, keep=releases.KEPT)
    screen.show_build(built, release)
    return release


def _run(where: Layout, folder: Path, release: Release, **given: Any) -> None:
    run_server(
        _config(folder, release, **given),
        check=guard.check,
        on_ready=_announce,
        questions=lambda: _questions(where),
    )


def _address(data: Path | None, release: Path | None, url: str, kind: str) -> Address:
    if data or release:
        raise typer.BadParameter("--engine goes without --data and --release: the engine has the data")
    return Address(url, named(kind), credentials(os.environ))


def _run_engine(where: Layout, address: Address, given: dict[str, Any]) -> None:
    info = {"title": "KetaGraph", "version": __version__, "summary": "Evidence in an engine of its own."}
    settings = given | {"data": Path(), "engine": address, "union_default_graph": True, "info": info}
    run_server(
        ServeConfig(**settings),
        check=guard.check,
        on_ready=_announce,
        questions=lambda: _questions(where),
    )


def _questions(where: Layout) -> list[Listed]:
    from ketagraph import questions

    return [questions.read(path) for path in sorted(where.queries.glob("*.rq"))]


def _config(folder: Path, release: Release, **settings: Any) -> ServeConfig:
    return ServeConfig(
        **settings | {"data": release.data, "union_default_graph": True},
        follow=folder,
        edition=release.digest,
        info={
            "title": "KetaGraph",
            "version": str(release.manifest["version"]),
            "summary": "Evidence knowledge graph of ketamine for chronic pain. Not medical advice.",
        },
    )


def _announce(serving: Serving) -> None:
    what = "an engine" if serving.quads is None else f"{serving.quads:,} statements"
    typer.echo(
        f"serving {what} at {serving.url} (SPARQL endpoint: {serving.url}/sparql)",
        err=True,
    )
    typer.echo("stop with Ctrl-C", err=True)
