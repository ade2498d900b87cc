"""What reads a stranger's file ends at bounds of memory and time, from Python as from a shell."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ketagraph import contained, sources
from ketagraph.contained import Bounds
from ketagraph.errors import EnvironmentFault, Fault, SourceError
from ketagraph.examining import examine_file
from ketagraph.importing import import_ontology
from ketagraph.naming import names_in

NAMESPACES = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/"'
BRIEF = Bounds(seconds=1, bytes_per_second=1 << 40)
NARROW = Bounds(memory=300 << 20, memory_per_byte=0)

Reader = Callable[[Path, Bounds], object]


def importing(path: Path, bounds: Bounds) -> object:
    return import_ontology(path, "x", path.parent / "overlay", bounds=bounds)


def examining(path: Path, bounds: Bounds) -> object:
    return examine_file(path, sources.layout(), places={}, bounds=bounds)


READERS = [importing, examining, names_in]


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """RDF/XML whose every element lies in another: each costs the parser more than the one before."""
    path = tmp_path / "deep.rdf"
    levels = 200_000
    inner = "<e:A><e:p>" * levels + "</e:p></e:A>" * levels
    path.write_text(f"<rdf:RDF {NAMESPACES}>{inner}</rdf:RDF>")
    return path


@pytest.mark.parametrize("reader", READERS[:2])
def test_a_file_that_takes_too_long_is_given_up(deep: Path, reader: Reader) -> None:
    with pytest.raises(SourceError, match=f"{deep}: needs more than 1 s; it was not read"):
        reader(deep, BRIEF)
    assert sorted(deep.parent.iterdir()) == [deep]


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / "many.nt"
    path.write_text("".join(f"<urn:x:{number}> <urn:p> <urn:y:{number}> .\n" for number in range(400_000)))
    with pytest.raises(SourceError, match="needs more than 300 MB"):
        reader(path, NARROW)
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("reader", READERS)
def test_a_fault_in_a_file_keeps_its_place(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / "broken.nt"
    path.write_text("<urn:a> <urn:b> <urn:c> .\nnonsense\n")
    with pytest.raises(SourceError, match=r"broken\.nt:2: "):
        reader(path, Bounds())


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_file_is_told(tmp_path: Path, reader: Reader) -> None:
    with pytest.raises(EnvironmentFault, match=r"missing\.nt: cannot be read"):
        reader(tmp_path / "missing.nt", Bounds())


def test_a_compressed_file_counts_as_what_it_may_unfold_to(tmp_path: Path) -> None:
    path = tmp_path / "a.nt.GZ"
    path.write_bytes(bytes(1000))
    bounds = Bounds(memory=1, memory_per_byte=2, seconds=3, bytes_per_second=4, unfolded=5)
    assert bounds.of(path) == (1 + 2 * 5000, 3 + 5000 / 4)


def telling(path: str, *, fate: str) -> Iterator[object]:
    yield path
    if fate == "faults":
        raise SourceError([Fault("a", 1, "b", "c")])
    if fate == "recursion":
        raise RecursionError
    sys.exit(int(fate))


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@pytest.mark.parametrize(
    ("fate", "error", "said"),
    [
        ("faults", SourceError, "a:1: b: c"),
        ("recursion", SourceError, "nests too deeply"),
        ("3", EnvironmentFault, "was lost .status 3."),
    ],
)
def test_what_was_said_before_the_end_is_kept_and_the_end_is_told(
    importable: None, tmp_path: Path, fate: str, error: type[Exception], said: str
) -> None:
    found = contained.run(telling, tmp_path, {"fate": fate}, Bounds())
    assert next(found) == str(tmp_path)
    with pytest.raises(error, match=said):
        next(found)


def test_a_reader_that_is_no_longer_wanted_is_ended(importable: None, tmp_path: Path) -> None:
    found = contained.run(telling, tmp_path, {"fate": "0"}, Bounds())
    next(found)
    found.close()


@pytest.mark.parametrize("words", [["validate", "missing.ttl"], ["import", "missing.ttl", "--name", "x"]])
def test_the_exit_code_and_the_message_are_the_command_s_own(words: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ketagraph", *words]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (found.returncode, found.stdout) == (4, "")
    assert len(found.stderr.splitlines()) == 1
