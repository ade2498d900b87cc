"""The command that looks at this machine: doctor."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from ketagraph import doctor as machine
from ketagraph import questions, releases, sources
from ketagraph.cli import app, screen
from ketagraph.cli.settings import EngineKind, EngineUrl, ReleaseFolder, Timeout
from ketagraph.engines import parity
from ketagraph.engines.address import credentials
from ketagraph.engines.dialect import named
from ketagraph.engines.history import Standing
from ketagraph.errors import EngineFailed, EnvironmentFault
from ketagraph.remote import Remote
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine

__all__: list[str] = []


class _Format(StrEnum):
    TEXT = "text"
    JSON = "json"


@app.command()
def doctor(
    style: Annotated[_Format, typer.Option("--format", help="How to print the findings.")] = _Format.TEXT,
    engine: EngineUrl = None,
    engine_kind: EngineKind = "generic",
    timeout: Timeout = 60.0,
    release: ReleaseFolder = None,
) -> None:
    """Tell what this machine offers; with --engine, how an engine answers beside the embedded store."""
    where = sources.layout()
    if engine:
        there = Remote(engine, timeout, credentials=credentials(os.environ), dialect=named(engine_kind))
        folder = release or releases.default_folder(where)
        _compare(where, releases.engine(releases.ensure(where, folder)), there, style)
        return
    found = machine.examine(where, release or releases.default_folder(where))
    if style is _Format.JSON:
        findings = {each.name: asdict(each) for each in found}
        typer.echo(json.dumps({"ok": not _faults(found), "findings": findings}, indent=2, ensure_ascii=False))
    else:
        screen.show_rows(("what", "", "found"), [(each.name, each.state, _text(each)) for each in found])
    if faults := _faults(found):
        raise EnvironmentFault(f"this machine lacks something: {', '.join(faults)}")


def _compare(where: Layout, here: Engine, there: Remote, style: _Format) -> None:
    asked = [questions.read(path) for path in sorted(where.queries.glob("*.rq"))]
    resolve = releases.dossier(here).lexicon.resolve
    versions = there.history().standings(datetime.now(UTC))
    found = list(parity.compared(asked, here, there, resolve))
    features = list(parity.features(there))
    if style is _Format.JSON:
        plain = {
            "versions": [_plain(each) for each in versions],
            "questions": [asdict(each) for each in found],
            "features": [asdict(each) for each in features],
        }
        typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))
    else:
        if versions:
            shown = [(each.version, each.state, _when(each)) for each in versions]
            screen.show_rows(("version", "state", "since"), shown)
        _show_parity(found)
        screen.show_rows(
            ("feature", "", "instead"),
            [(each.name, "yes" if each.present else "NO", each.says) for each in features],
        )
    unlike = [each.question for each in found if each.state in {"differs", "refused"}]
    if unlike:
        raise EngineFailed(f"{len(unlike)} of {len(found)} questions differ here: {', '.join(unlike)}")


def _plain(standing: Standing) -> dict[str, str | None]:
    return {"version": standing.version, "state": standing.state, "since": _when(standing) or None}


def _when(standing: Standing) -> str:
    return f"{standing.since:%Y-%m-%dT%H:%M:%SZ}" if standing.since else ""


def _show_parity(found: list[parity.Parity]) -> None:
    screen.show_rows(
        ("question", "rows", "state", "embedded s", "engine s", "refusal"),
        [
            (
                each.question,
                f"{each.found} of {each.rows}",
                "same rows, other order" if each.state == "order" else each.state,
                f"{each.seconds_here:.3f}",
                f"{each.seconds_there:.3f}",
                each.says,
            )
            for each in found
        ],
    )


def _faults(found: list[machine.Finding]) -> list[str]:
    return [each.name for each in found if each.state == "fault"]


def _text(finding: machine.Finding) -> str:
    return f"{finding.says}; to mend it: {finding.mend}" if finding.mend else finding.says
