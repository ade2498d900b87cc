"""Commands that serve: serve and up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ketagraph import __version__, guard, questions, releases, sources
from ketagraph.build import build
from ketagraph.cli import app, screen
from ketagraph.cli.asking import ReleaseFolder
from ketagraph.releases import Release
from ketagraph.server import ServeConfig, Serving
from ketagraph.server import serve as run_server
from ketagraph.sources import Layout

__all__: list[str] = []

Host = Annotated[str, typer.Option(help="Address to listen on; only this machine by default.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds that a query may take.")]
MaxRows = Annotated[int, typer.Option("--max-rows", min=1, help="Rows or triples that an answer may have.")]


@app.command()
def serve(
    data: Annotated[Path | None, typer.Option(help="Any RDF file to serve instead of the release.")] = None,
    release: ReleaseFolder = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    timeout: Timeout = 10.0,
    max_rows: MaxRows = 10_000,
    union_default_graph: Annotated[
        bool,
        typer.Option("--union-default-graph", help="With --data: the default graph is the union of all."),
    ] = False,
) -> None:
    """Serve the release, or any RDF file, at /sparql."""
    where = sources.layout()
    if data is None:
        with screen.stages() as progress:
            found = releases.ensure(where, release or releases.default_folder(where), progress=progress)
        config = _config(where, found, host=host, port=port, timeout=timeout, max_rows=max_rows)
    else:
        config = ServeConfig(
            data=data,
            host=host,
            port=port,
            timeout=timeout,
            max_rows=max_rows,
            union_default_graph=union_default_graph,
            info={"title": data.name, "version": __version__},
        )
    run_server(config, check=guard.check, on_ready=_announce)


@app.command()
def up(
    host: Host = "127.0.0.1", port: Port = 8000, timeout: Timeout = 10.0, max_rows: MaxRows = 10_000
) -> None:
    """Do the whole job: build where the sources changed, validate, show what there is, and serve it."""
    where = sources.layout()
    release = _fresh_release(where, releases.default_folder(where))
    run_server(
        _config(where, release, host=host, port=port, timeout=timeout, max_rows=max_rows),
        check=guard.check,
        on_ready=_announce,
    )


def _fresh_release(where: Layout, folder: Path) -> Release:
    if (folder / "current").exists():
        release = releases.current(folder)
        if not releases.is_stale(release, where):
            screen.show_build(None, release)
            return release
    with screen.stages() as progress:
        built = build(where, progress=progress)
    release = releases.write(built, folder)
    releases.prune(folder, keep=releases.KEPT)
    screen.show_build(built, release)
    return release


def _config(
    where: Layout, release: Release, *, host: str, port: int, timeout: float, max_rows: int
) -> ServeConfig:
    return ServeConfig(
        data=release.data,
        host=host,
        port=port,
        timeout=timeout,
        max_rows=max_rows,
        union_default_graph=True,
        questions=[questions.read(path) for path in sorted(where.queries.glob("*.rq"))],
        info={
            "title": "KetaGraph",
            "version": str(release.manifest["version"]),
            "summary": "Evidence knowledge graph of ketamine for chronic pain. Not medical advice.",
        },
    )


def _announce(serving: Serving) -> None:
    typer.echo(
        f"serving {serving.quads:,} statements at {serving.url} (SPARQL endpoint: {serving.url}/sparql)",
        err=True,
    )
    typer.echo("stop with Ctrl-C", err=True)
