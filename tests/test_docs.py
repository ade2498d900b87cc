"""What the documentation says is so: commands, exit codes, links, files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import typer

import ketagraph
from ketagraph import errors
from ketagraph.cli import app, load_commands

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").rglob("*.md")])


def commands() -> set[str]:
    load_commands()
    return set(typer.main.get_command(app).list_commands(None))  # type: ignore[attr-defined,arg-type]


def test_every_command_is_in_the_readme_and_every_one_there_exists() -> None:
    table = set(re.findall(r"^\| `ketagraph ([a-z-]+)", README, re.MULTILINE))
    assert table == commands()


def test_every_command_has_help() -> None:
    load_commands()
    bare = [
        each.name or each.callback
        for each in app.registered_commands
        if not (each.callback and each.callback.__doc__)
    ]
    assert bare == []


def test_the_exit_codes_of_the_readme_are_those_of_the_errors() -> None:
    stated = {
        int(code)
        for code in re.findall(
            r"(?:^|· )(\d) ", README.split("### Exit codes")[1].split("##")[0], re.MULTILINE
        )
    }
    raised = {
        each.exit_code
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.KetaGraphError)
    }
    assert stated == {0, 2, 7, *raised}


def test_the_error_tree_in_the_docstring_names_every_error() -> None:
    own = {name for name in errors.__all__ if name != "Fault"}
    assert {name for name in own if name not in (errors.__doc__ or "")} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_local_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_version_is_the_newest_of_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    assert newest is not None
    assert newest[1] == ketagraph.__version__
    assert f"version: {ketagraph.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_every_dependency_is_bounded_and_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {
        re.split(r"[=\[ ;]", line)[0].lower()
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    }
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {re.split(r"[<>=\[ ;~]", each)[0].lower().replace("_", "-") for each in wanted}
    assert names - pinned == set()
    assert [each for each in project["dependencies"] if "<" not in each or ">=" not in each] == []


def test_nothing_in_the_readme_asks_for_a_file_that_is_not_there() -> None:
    for name in re.findall(r"`([a-z]+/)`", README):
        assert (ROOT / name).is_dir(), name
