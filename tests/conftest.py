"""What many tests share: the sources, and one release built once however many processes test."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ketagraph import releases, sources
from ketagraph.dossier import Dossier
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def where() -> Layout:
    return sources.layout(ROOT)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def release(
    where: Layout, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> releases.Release:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if hasattr(request.config, "workerinput") else base
    with _locked(shared / "release.lock"):
        return releases.ensure(where, shared / "release")


@pytest.fixture(scope="session")
def engine(release: releases.Release) -> Engine:
    return releases.engine(release)


@pytest.fixture(scope="session")
def dossier(engine: Engine) -> Dossier:
    return releases.dossier(engine)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say whether the pages were tested in a browser: a skip among thousands of dots is not seen."""
    reports = {
        state: [each for each in terminalreporter.stats.get(state, ()) if "tests/e2e/" in each.nodeid]
        for state in ("passed", "failed", "error", "skipped")
    }
    if reports["skipped"]:
        reason = str(reports["skipped"][0].longrepr[2]).removeprefix("Skipped: ")
        terminalreporter.write_line(
            f"browser tests: SKIPPED, {len(reports['skipped'])} of them; {reason}", yellow=True
        )
    elif any(reports.values()):
        told = ", ".join(f"{len(found)} {state}" for state, found in reports.items() if found)
        terminalreporter.write_line(f"browser tests: {told}")
