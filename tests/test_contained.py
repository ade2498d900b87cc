"""Commands that read a stranger's file end at bounds of memory and time, with a message."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ketagraph.cli import contained
from ketagraph.errors import SourceError

NAMESPACES = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/"'


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """RDF/XML whose every element lies in another: each costs the parser more than the one before."""
    path = tmp_path / "deep.rdf"
    levels = 200_000
    inner = "<e:A><e:p>" * levels + "</e:p></e:A>" * levels
    path.write_text(f"<rdf:RDF {NAMESPACES}>{inner}</rdf:RDF>")
    return path


def supervised(path: Path, tmp_path: Path) -> int:
    return contained.supervise(["import", str(path), "--name", "x", "--overlay", str(tmp_path / "overlay")])


def test_a_file_that_takes_too_long_is_given_up(
    deep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contained, "_SECONDS", 1)
    monkeypatch.setattr(contained, "_BYTES_PER_SECOND", 1 << 40)
    with pytest.raises(SourceError, match=f"{deep}: needs more than 1 s"):
        supervised(deep, tmp_path)
    assert not (tmp_path / "overlay").exists()


def test_a_file_that_takes_too_much_memory_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contained, "_MEMORY", 300 << 20)
    monkeypatch.setattr(contained, "_MEMORY_PER_BYTE", 0)
    path = tmp_path / "many.nt"
    path.write_text("".join(f"<urn:x:{number}> <urn:p> <urn:y:{number}> .\n" for number in range(400_000)))
    with pytest.raises(SourceError, match="needs more than 300 MB"):
        supervised(path, tmp_path)


@pytest.mark.parametrize("words", [["validate", "missing.ttl"], ["import", "missing.ttl", "--name", "x"]])
def test_the_exit_code_and_the_message_are_the_command_s_own(words: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ketagraph", *words]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (found.returncode, found.stdout) == (4, "")
    assert len(found.stderr.splitlines()) == 1
