"""Settings of serve: flags before variables before the file before the defaults, and nothing misspelt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ketagraph import __version__, releases, sources
from ketagraph.cli import app, load_commands, serving
from ketagraph.errors import SourceError
from ketagraph.questions import read
from ketagraph.server import ServeConfig, serve


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.nt"
    path.write_text("<http://e/a> <http://e/b> <http://e/c> .\n")
    return path


@pytest.fixture
def settings(data: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    load_commands()
    taken: list[ServeConfig] = []
    monkeypatch.setattr(serving, "run_server", lambda config, **_: taken.append(config))
    for name in [name for name in os.environ if name.startswith("KETAGRAPH_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, **environment: str) -> ServeConfig:
        found = CliRunner().invoke(app, ["serve", "--data", str(data), *arguments], env=environment)
        assert found.exit_code == 0, found.output
        return taken.pop()

    return run


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "serve.toml"
    path.write_text('port = 1\ncache-mb = 11\nmetrics = true\nhost = "::1"\n')
    return str(path)


def test_without_settings_the_defaults_hold(settings, data):
    stores = releases.default_folder(sources.layout()) / ".stores"
    default, found = ServeConfig(data, disk_folder=stores), settings()
    assert {name: getattr(found, name) for name in ServeConfig.__dataclass_fields__ if name != "info"} == {
        name: getattr(default, name) for name in ServeConfig.__dataclass_fields__ if name != "info"
    }


def test_a_flag_goes_before_a_variable_and_that_before_the_file(settings, file):
    found = settings("--config", file, "--port", "3", KETAGRAPH_PORT="2", KETAGRAPH_CACHE_MB="22")
    assert (found.port, found.cache_mb, found.metrics, found.host) == (3, 22, True, "::1")


def test_the_file_may_be_named_by_a_variable(settings, file):
    assert settings(KETAGRAPH_CONFIG=file).port == 1


def test_a_setting_that_does_not_exist_is_refused(settings, data, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text("max-row = 5\n")
    found = CliRunner().invoke(app, ["serve", "--data", str(data), "--config", str(path)])
    assert found.exit_code == 2
    assert "no such setting: max_row" in found.output.replace("\n", " ")


def test_a_value_of_the_wrong_kind_is_refused(settings, data, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('port = "many"\n')
    assert CliRunner().invoke(app, ["serve", "--data", str(data), "--config", str(path)]).exit_code == 2


def test_a_server_starts_without_what_only_pages_and_builds_need():
    heavy = {"curies", "fastapi", "limits", "owlready2", "pydantic", "pyshacl", "rdflib", "yaml"}
    script = "import sys\nfrom ketagraph import cli\ncli.load_commands('serve')\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert heavy & set(loaded.split()) == set()


def test_the_version_is_told():
    found = CliRunner().invoke(app, ["--version"])
    assert (found.exit_code, found.output) == (0, f"ketagraph {__version__}\n")


def test_a_broken_question_ends_the_server_with_its_place(tmp_path, data):
    def questions():
        return [read(tmp_path / "broken.rq")]

    (tmp_path / "broken.rq").write_text("SELECT ?x {}\n")
    with pytest.raises(SourceError, match=r"broken\.rq"):
        serve(ServeConfig(data, port=0, workers=1), questions=questions)


def test_where_stores_on_disk_begin_is_a_setting_like_any(settings, tmp_path):
    assert settings("--disk-above-mb", "7").disk_above == 7 << 20
    assert settings(KETAGRAPH_DISK_ABOVE_MB="8").disk_above == 8 << 20
    assert settings("--disk-folder", str(tmp_path)).disk_folder == tmp_path
    assert settings().disk_above == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
