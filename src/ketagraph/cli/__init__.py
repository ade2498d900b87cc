"""The command line: a thin shell over the same functions that Python and the server use.

Exit codes: 0 done (for ``check``: supported), 1 faults found (``check``: contradicted), 2 wrong usage,
3 sources that break their rules, 4 the machine lacks something, 5 unknown or ambiguous name, 6 a query
that was refused or stopped, 7 ``check`` found no evidence that decides.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from ketagraph import __version__
from ketagraph.errors import EnvironmentFault, KetaGraphError

__all__ = ["app", "load_commands", "main"]

app = typer.Typer(
    name="ketagraph",
    help="Evidence knowledge graph of ketamine for chronic pain, with semantic query and claim checks.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


_SERVING = {"serve", "up"}


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ketagraph {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave."),
    ] = False,
) -> None:
    """Evidence knowledge graph of ketamine for chronic pain, with semantic query and claim checks."""


def load_commands(wanted: str = "") -> None:
    """Import the modules that register commands; only then, so that importing this costs nothing.

    A server does not wait for the modules of other commands than the ``wanted`` one.
    """
    if wanted in _SERVING:
        from ketagraph.cli import serving

        return
    from ketagraph.cli import (  # noqa: F401
        asking,
        assisting,
        checking,
        covering,
        curating,
        examining,
        exporting,
        importing,
        linking,
        making,
        mapping,
        pushing,
        serving,
        weighing,
    )


def _run(wanted: str) -> None:
    load_commands(wanted)
    app()


def main() -> None:
    """Run a command; a deliberate error becomes its message and its exit code, never a traceback."""
    wanted = next(iter(sys.argv[1:]), "")
    try:
        _run(wanted)
    except KetaGraphError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except MemoryError:
        typer.echo("this needs more memory than the command may take", err=True)
        sys.exit(EnvironmentFault.exit_code)
    except BrokenPipeError:
        # The reader went away (head, less); what is left of the output has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
