"""The command that looks at this machine: doctor."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from ketagraph import doctor as machine
from ketagraph import releases, sources
from ketagraph.cli import app, screen
from ketagraph.cli.settings import ReleaseFolder
from ketagraph.errors import EnvironmentFault

__all__: list[str] = []


class _Format(StrEnum):
    TEXT = "text"
    JSON = "json"


@app.command()
def doctor(
    style: Annotated[_Format, typer.Option("--format", help="How to print the findings.")] = _Format.TEXT,
    release: ReleaseFolder = None,
) -> None:
    """Tell what this machine offers: the walls around queries, Java, memory, the release."""
    where = sources.layout()
    found = machine.examine(where, release or releases.default_folder(where))
    if style is _Format.JSON:
        findings = {each.name: asdict(each) for each in found}
        typer.echo(json.dumps({"ok": not _faults(found), "findings": findings}, indent=2, ensure_ascii=False))
    else:
        screen.show_rows(("what", "", "found"), [(each.name, each.state, _text(each)) for each in found])
    if faults := _faults(found):
        raise EnvironmentFault(f"this machine lacks something: {', '.join(faults)}")


def _faults(found: list[machine.Finding]) -> list[str]:
    return [each.name for each in found if each.state == "fault"]


def _text(finding: machine.Finding) -> str:
    return f"{finding.says}; to mend it: {finding.mend}" if finding.mend else finding.says
