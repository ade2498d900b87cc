"""Releases as files: written whole or not at all, at whatever moment the writer dies; damage is noticed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rdflib import Graph, Literal, URIRef

import ketagraph
from ketagraph import names, releases
from ketagraph.build import Built
from ketagraph.errors import EnvironmentFault
from ketagraph.validate import Report

KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from ketagraph import releases
from test_releases import built

folder = Path(sys.argv[1])
first = releases.write(built("first"), folder)

def write_until(moment):
    seen = 0
    def hook(frame, event, _):
        nonlocal seen
        seen += frame.f_code.co_filename.endswith(("releases.py", "pathlib.py", "shutil.py", "tempfile.py"))
        if seen == moment:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(hook)
    releases.write(built("second"), folder)
    os._exit(0)

moment = 0
ended = False
while not ended:
    # Every call and return of the writer is a moment; some are enough.
    moment += 11
    if not os.fork():
        write_until(moment)
    ended = os.wait()[1] == 0
    print(releases.verified(folder).digest == first.digest)
print(releases.write(built("second"), folder).digest == releases.verified(folder).digest)
"""


def built(word: str) -> Built:
    """As little as can be written."""
    graph = Graph()
    graph.add((URIRef(names.thing(word)), URIRef(names.term("word")), Literal(word)))
    graphs = {name: graph if name == "evidence" else Graph() for name in names.GRAPHS}
    return Built(graphs, {names.thing(word): "data/x.tsv:2"}, Report(), word, ())


def test_a_writer_killed_at_any_moment_leaves_the_old_release_or_the_new_one(tmp_path: Path) -> None:
    source = str(Path(ketagraph.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "release"), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
        timeout=60,
        check=False,
    )
    kept = run.stdout.split()
    assert run.returncode == 0, run.stderr
    assert len(kept) > 20
    moved = kept.index("False")
    assert kept == ["True"] * moved + ["False"] * (len(kept) - moved - 1) + ["True"]


def test_a_release_agrees_with_its_manifest(tmp_path: Path) -> None:
    written = releases.write(built("first"), tmp_path)
    assert releases.verified(tmp_path) == written


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ketagraph.nq", b""),
        ("ketagraph.nq", b"<http://e/a> <http://e/b> <http://e/c> .\n"),
        ("manifest.json", b""),
        ("manifest.json", b"[]"),
        ("manifest.json", b"{}"),
    ],
)
def test_a_damaged_release_is_refused_and_mended_by_the_next_build(
    tmp_path: Path, name: str, content: bytes
) -> None:
    written = releases.write(built("first"), tmp_path)
    (written.path / name).write_bytes(content)
    with pytest.raises(EnvironmentFault, match="run: ketagraph build"):
        releases.verified(tmp_path)
    releases.write(built("first"), tmp_path)
    assert releases.verified(tmp_path) == written


def test_a_release_without_its_data_is_refused(tmp_path: Path) -> None:
    written = releases.write(built("first"), tmp_path)
    written.data.unlink()
    with pytest.raises(EnvironmentFault, match="damaged"):
        releases.verified(tmp_path)


def test_what_killed_builds_left_is_swept_away_in_time(tmp_path: Path) -> None:
    releases.write(built("first"), tmp_path)
    for name, age in (("old", 7200), ("new", 0)):
        left = tmp_path / f".writing-{name}"
        left.mkdir()
        moment = left.stat().st_mtime - age
        os.utime(left, (moment, moment))
    releases.prune(tmp_path, keep=1)
    assert [path.name for path in tmp_path.glob(".writing-*")] == [".writing-new"]


def test_the_manifest_is_json_with_every_file(tmp_path: Path) -> None:
    written = releases.write(built("first"), tmp_path)
    manifest = json.loads((written.path / "manifest.json").read_text())
    assert set(manifest["files"]) == {path.name for path in written.path.iterdir()} - {"manifest.json"}
