"""What many tests share: the sources, and one release built once however many processes test."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ketagraph import releases, sources
from ketagraph.dossier import Dossier
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine

ROOT = Path(__file__).parent.parent
SYNTHETIC = Path(__file__).parent / "sources" / "synthetic-2031"


@pytest.fixture(scope="session")
def where() -> Layout:
    return sources.layout(ROOT)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder that all processes have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@pytest.fixture(scope="session")
def release(where: Layout, shared: Path) -> releases.Release:
    with _locked(shared / "release.lock"):
        return releases.ensure(where, shared / "release")


@pytest.fixture(scope="session")
def engine(release: releases.Release) -> Engine:
    return releases.engine(release)


@pytest.fixture(scope="session")
def dossier(engine: Engine) -> Dossier:
    return releases.dossier(engine)


@pytest.fixture(scope="session")
def both(shared: Path) -> Layout:
    """The sources of the project, and the synthetic one beside them."""
    root = shared / "both"
    with _locked(shared / "both.lock"):
        if not root.exists():
            for name in ("ontology", "data", "queries"):
                shutil.copytree(ROOT / name, root / name)
            shutil.copytree(SYNTHETIC, root / "data" / SYNTHETIC.name)
    return sources.layout(root)


@pytest.fixture(scope="session")
def both_built(both: Layout) -> releases.Release:
    with _locked(both.root.parent / "both.lock"):
        return releases.ensure(both, both.root / "release")


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
