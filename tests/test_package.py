"""The built wheel, installed elsewhere without the checkout, answers a question."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "src" / "ketagraph" / "server" / "static"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert made.returncode == 0, made.stdout + made.stderr
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_carries_the_sources_and_the_licences(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "ketagraph/py.typed",
        "ketagraph/_sources/ontology/pain.ttl",
        "ketagraph/_sources/data/israel-2021/trials.tsv",
        "ketagraph/_sources/queries/trials-of-condition.rq",
        "ketagraph/sparql/names.rq",
    } <= names
    assert [name for name in names if name.endswith(("LICENSE", "LICENSE-DATA.md"))] != []


@pytest.mark.skipif(
    not (STATIC / "site.js").is_file(), reason="the scripts are not built; run: python3 run.py"
)
def test_the_wheel_carries_the_built_scripts_with_their_licences_and_nothing_for_tests(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    shipped = {name.rsplit("/", 1)[-1] for name in archive.namelist() if "/server/static/" in name}
    assert {"site.js", "workbench.js", "drawing.js", "licenses.txt"} <= shipped
    licences = archive.read("ketagraph/server/static/licenses.txt").decode()
    built_in = {"@codemirror/view", "@lezer/highlight", "codemirror-lang-sparql", "cytoscape"}
    assert {name for name in built_in if f"{name} " in licences} == built_in
    assert [name for name in archive.namelist() if "axe" in name or "node_modules" in name] == []


def test_the_installed_wheel_answers_a_question(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    # The dependencies are those of the running environment; only the package itself is installed anew.
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    zipfile.ZipFile(wheel).extractall(site)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    found = subprocess.run(
        [python, "-P", "-m", "ketagraph", "query", "nmda-receptor-antagonists", "--format", "csv"],
        cwd=tmp_path,
        env={"HOME": str(home), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert found.returncode == 0, found.stderr
    assert "ketamine,antagonises" in found.stdout
    assert list(home.rglob("ketagraph.nq")) != []
