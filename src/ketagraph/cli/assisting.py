"""The command that serves assistants: mcp."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from ketagraph import mcp_server, releases, sources
from ketagraph.cli import app
from ketagraph.cli.settings import EngineKind, EngineUrl, ReleaseFolder
from ketagraph.engines.address import Address, credentials
from ketagraph.engines.dialect import named

__all__: list[str] = []


class Transport(StrEnum):
    """How assistants connect."""

    STDIO = "stdio"
    HTTP = "streamable-http"


@app.command("mcp")
def mcp_command(
    transport: Annotated[Transport, typer.Option(help="How assistants connect.")] = Transport.STDIO,
    port: Annotated[int, typer.Option(help="Port for streamable-http, on this machine alone.")] = 8001,
    timeout: Annotated[float, typer.Option(help="Seconds that one query may take.")] = 10.0,
    max_rows: Annotated[int, typer.Option(help="Rows or triples that one query may return.")] = 1_000,
    engine: EngineUrl = None,
    engine_kind: EngineKind = "generic",
    release: ReleaseFolder = None,
) -> None:
    """Serve the graph to assistants over the Model Context Protocol."""
    where = sources.layout()
    # Not a word on standard output: it belongs to the protocol.
    found = (
        Address(engine, named(engine_kind), credentials(os.environ))
        if engine
        else releases.ensure(where, release or releases.default_folder(where))
    )
    limits = mcp_server.Limits(timeout=timeout, max_rows=max_rows)
    mcp_server.serve(found, limits, transport=transport.value, port=port)
