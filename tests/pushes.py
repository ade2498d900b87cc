"""Small releases, and what an engine shows of them: for tests of what is pushed and removed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from ketagraph import names
from ketagraph.engines import pruning, pushing
from ketagraph.engines.loading import Loader
from ketagraph.engines.pruning import Pruned
from ketagraph.releases import Release
from ketagraph.remote import Remote

DAY = timedelta(days=1)
GRAPHS = 8


def silent(_: str) -> None:
    """Say nothing."""


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Clock:
    """A clock that a test sets."""

    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def go_on(self, **given: float) -> None:
        self.time += timedelta(**given)


def push(release: Release, remote: Remote, **given: Any) -> pushing.Pushed:
    return pushing.push(release, remote, **{"clock": now, "progress": silent} | given)


def small(folder: Path, number: int) -> Release:
    """A release of two graphs; ``number`` tells it from others."""
    lines = (
        "".join(
            f'<urn:s{each}> <urn:p> "{number}" <{names.graph(graph)}> .\n'
            for graph in ("evidence", "ontology")
            for each in range(20)
        )
        + f"<urn:a> <urn:knows> _:b <{names.graph('ontology')}> .\n"
    )
    path = folder / f"release-{number}"
    path.mkdir(exist_ok=True)
    (path / "ketagraph.nq").write_text(lines, encoding="utf-8")
    digest = sha256(lines.encode()).hexdigest()
    return Release(path, {"files": {"ketagraph.nq": {"sha256": digest}}})


def written(folder: Path, number: int) -> Release:
    """A folder of one release of eight graphs, as a build leaves it; ``number`` tells it from others."""
    lines = (
        f'<urn:subject-{graph}-{each}> <urn:p> "{number}" <{names.graph(f"graph-{graph}")}> .\n'
        for graph in range(GRAPHS)
        for each in range(1000)
    )
    data = "".join(lines).encode()
    path = folder / f"releases-{number}" / "one"
    path.mkdir(parents=True)
    (path / "ketagraph.nq").write_bytes(data)
    files = {"ketagraph.nq": {"bytes": len(data), "sha256": sha256(data).hexdigest()}}
    (path / "manifest.json").write_text(json.dumps({"files": files}), encoding="utf-8")
    (path.parent / "current").symlink_to("one")
    return Release(path, {"files": files})


VALUES = "SELECT DISTINCT ?value WHERE { ?s <urn:p> ?value } ORDER BY ?value"


def values(remote: Remote) -> set[str]:
    """Every value that a session sees."""
    return {row[0].value for row in remote.select(VALUES)[1] if row[0]}


def served(remote: Remote) -> set[str]:
    """Every value that the version in service shows to who comes anew."""
    return values(Remote(remote.url, credentials=remote.credentials))


def damages(remote: Remote) -> dict[str, str]:
    """What is wrong with the version in service, graph by graph and by digests; nothing where it is whole."""
    version = remote.history().current.version
    loader = Loader.of(remote, by_updates=False)
    found = {each.graph: loader.differs(each) for each in remote.listed(version)}
    return {graph: differs for graph, differs in found.items() if differs} if found else {version: "missing"}


def prune(remote: Remote, clock: Clock, *, keep: int = 1, **given: Any) -> Pruned:
    return pruning.prune(remote, keep=keep, clock=clock, **{"grace": DAY, "progress": silent} | given)
