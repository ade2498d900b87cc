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
