"""Settings of a server as options, each also a KETAGRAPH_* variable and a line of a TOML file.

A flag goes before the variable, that before the file, and that before the default.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import typer

from ketagraph import guard
from ketagraph.errors import EnvironmentFault

__all__ = [
    "ENVIRONMENT",
    "AllowService",
    "CacheMb",
    "ClientErrors",
    "ClientLimits",
    "ClientSeconds",
    "Config",
    "Data",
    "DiskAboveMb",
    "DiskFolder",
    "Drain",
    "Endpoint",
    "EngineKind",
    "EngineMb",
    "EngineUrl",
    "Host",
    "LogQueries",
    "LogText",
    "MaxAge",
    "MaxRows",
    "MemoryMb",
    "Metrics",
    "Port",
    "ReleaseFolder",
    "ServiceTimeout",
    "SourceNames",
    "Timeout",
    "UnionDefaultGraph",
    "Workers",
]

ENVIRONMENT = {"auto_envvar_prefix": "KETAGRAPH"}
"""For ``context_settings``: reads KETAGRAPH_PORT where --port is not given."""


def _read(context: typer.Context, path: Path | None) -> Path | None:
    """Take defaults from a file.

    Raises:
        EnvironmentFault: it cannot be read as TOML.
        typer.BadParameter: it holds a name that is no setting.
    """
    if path is None:
        return None
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EnvironmentFault(f"{path}: cannot be read: {error}") from error
    settings = {name.replace("-", "_"): value for name, value in found.items()}
    known = sorted({str(option.name) for option in context.command.params} - {"config", "help"})
    unknown = sorted(settings.keys() - known)
    if unknown:
        raise typer.BadParameter(f"{path}: no such setting: {', '.join(unknown)}; known: {', '.join(known)}")
    context.default_map = settings
    return path


def _origins(values: list[str] | None) -> list[str]:
    """Pass the origins that SERVICE may name.

    Raises:
        typer.BadParameter: one is no origin.
    """
    for value in values or []:
        if not guard.origin(value) or value.rstrip("/").lower() != guard.origin(value):
            raise typer.BadParameter(
                f"{value!r} is no origin; expected scheme, host and port, such as https://sparql.example.org"
            )
    return values or []


AllowService = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-service",
        metavar="ORIGIN",
        callback=_origins,
        help="An origin that SERVICE may name; repeatable. By default there is none.",
    ),
]
ServiceTimeout = Annotated[
    float, typer.Option("--service-timeout", min=0.1, help="Seconds that such an endpoint has to answer.")
]
Data = Annotated[Path | None, typer.Option(help="Any RDF file to serve instead of the release.")]
Host = Annotated[str, typer.Option(help="Address to listen on; only this machine by default.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds that a query may take.")]
MaxRows = Annotated[int, typer.Option("--max-rows", min=1, help="Rows or triples that an answer may have.")]
UnionDefaultGraph = Annotated[
    bool, typer.Option("--union-default-graph", help="With --data: the default graph is the union of all.")
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Queries at once; by default one for each core, at least 4.")
]
MemoryMb = Annotated[int, typer.Option("--memory-mb", min=16, help="Megabytes that a query may take.")]
CacheMb = Annotated[
    int, typer.Option("--cache-mb", min=0, help="Megabytes of answers to keep; 0 keeps none.")
]
MaxAge = Annotated[int, typer.Option("--max-age", min=0, help="Seconds that others may keep an answer.")]
ClientLimits = Annotated[
    bool | None,
    typer.Option(
        "--client-limits/--no-client-limits",
        help="Give each client a share; by default where others than this machine can ask.",
    ),
]
ClientSeconds = Annotated[
    float, typer.Option("--client-seconds", min=0.1, help="Query time in a minute for each client.")
]
ClientErrors = Annotated[
    int, typer.Option("--client-errors", min=1, help="Errors in a minute for each client.")
]
Metrics = Annotated[bool, typer.Option("--metrics", help="Show /metrics to others than this machine too.")]
LogQueries = Annotated[
    bool, typer.Option("--log-queries", help="Log each query by id and digest, a line of JSON each.")
]
LogText = Annotated[bool, typer.Option("--log-text", help="Log the text of queries as well.")]
Drain = Annotated[
    float, typer.Option(min=0, help="Seconds for which /readyz says no before the port closes.")
]
SourceNames = Annotated[
    list[str] | None,
    typer.Option("--source", help="Only what this source says, by its id; repeatable. Default: all."),
]
ReleaseFolder = Annotated[
    Path | None, typer.Option("--release", help="Folder of releases; default release/.")
]
DiskAboveMb = Annotated[
    int | None,
    typer.Option(
        "--disk-above-mb",
        min=0,
        help="Serve data from disk that would take more megabytes of memory; default half of the machine's.",
    ),
]
DiskFolder = Annotated[
    Path | None,
    typer.Option("--disk-folder", help="Where stores on disk are built; default beside the release."),
]
EngineUrl = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="URL",
        help="SPARQL endpoint of an engine; credentials by KETAGRAPH_ENGINE_USER and _PASSWORD, or _TOKEN.",
    ),
]
Endpoint = Annotated[
    str | None,
    typer.Option(
        "--endpoint",
        metavar="URL",
        help="Ask this SPARQL endpoint instead of the release; credentials as for serve --engine.",
    ),
]
EngineKind = Annotated[
    str, typer.Option("--engine-kind", help="Its dialect, where its Server header does not tell.")
]
EngineMb = Annotated[
    int, typer.Option("--engine-mb", min=1, help="Megabytes that one answer of an engine may weigh.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        callback=_read,
        is_eager=True,
        help="TOML file of these settings. Flags go before KETAGRAPH_* variables, those before the file.",
    ),
]
