"""Commands that make and check the graph: build, validate, fmt, verify-anchors, coverage."""

from __future__ import annotations

import csv
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ketagraph import anchors, build, mappings, rdf, releases, sources, tables, vocabulary
from ketagraph.cli import app, screen
from ketagraph.errors import EnvironmentFault, Fault, SourceError
from ketagraph.examining import LARGE, ShapesEngine, examine_file, text_report
from ketagraph.schema import TABLES
from ketagraph.sources import Layout, SourceFolder
from ketagraph.validate import Report

__all__ = ["OutputFolder"]

OutputFolder = Annotated[
    Path | None, typer.Option("-o", "--output", help="Folder of releases; default release/ in a checkout.")
]


class ReportFormat(StrEnum):
    """How a validation report is printed."""

    TEXT = "text"
    JSON = "json"
    TTL = "ttl"


@app.command("build")
def build_command(
    output: OutputFolder = None,
    exports: Annotated[
        bool, typer.Option("--exports", help="Also write every format of export into the release's folder.")
    ] = False,
) -> None:
    """Build the graph: read, lift, infer, validate, and write a release."""
    where = sources.layout()
    folder = output or releases.default_folder(where)
    with screen.stages() as progress:
        built = build.build(where, kept=releases.kept(folder), progress=progress)
    release = releases.write(built, folder)
    releases.prune(folder, keep=releases.KEPT)
    screen.show_build(built, release)
    if exports:
        _export(release, where)


def _export(release: releases.Release, where: Layout) -> None:
    """Write the exports; only now is their code loaded, which an ordinary build does without."""
    from ketagraph import exports

    for name, written in exports.export_all(
        exports.material(release, where), release.path / "exports"
    ).items():
        lost = sum(each.lost for each in written.losses.losses)
        typer.echo(f"export {name}: {len(written.files)} file(s); {lost} record aspects that it cannot carry")


@app.command()
def validate(
    path: Annotated[Path | None, typer.Argument(help="Any RDF file; default: the built release.")] = None,
    style: Annotated[
        ReportFormat, typer.Option("--format", help="How to print the findings.")
    ] = ReportFormat.TEXT,
    engine: Annotated[
        ShapesEngine,
        typer.Option(help=f"What runs the shapes; auto: pyshacl up to {LARGE:,} quads, compiled above."),
    ] = ShapesEngine.AUTO,
) -> None:
    """Validate the built graph, or any RDF file, against the shapes and checks; exit 1 on violations."""
    where = sources.layout()
    places: dict[str, str] = {}
    if path is None:
        release = releases.current(releases.default_folder(where))
        path, places = release.data, release.places()
    report = examine_file(path, where, places=places, engine=engine, on_choice=_say_engine)
    typer.echo(_rendered(report, style), nl=False)
    if report.violations:
        raise typer.Exit(1)


def _say_engine(quads: int, engine: ShapesEngine) -> None:
    other = ShapesEngine.PYSHACL if engine is ShapesEngine.COMPILED else ShapesEngine.COMPILED
    typer.echo(f"{quads:,} quads; shapes run by {engine} (--engine {other} for the other way)", err=True)


def _rendered(report: Report, style: ReportFormat) -> str:
    if style is ReportFormat.TTL:
        return rdf.turtle(report.graph())
    if style is ReportFormat.JSON:
        rows = [
            {
                name: str(getattr(result, name) or "")
                for name in (
                    *("focus", "label", "message", "severity", "source", "place"),
                    *("path", "value", "component"),
                )
            }
            for result in report.results
        ]
        return (
            json.dumps({"conforms": not report.violations, "results": rows}, indent=2, ensure_ascii=False)
            + "\n"
        )
    lines = text_report(report)
    summary = f"{report.violations} violation(s)" if report.results else "no findings: the graph conforms"
    return f"{lines}\n{summary}\n" if lines else f"{summary}\n"


@app.command()
def fmt(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 if something would change.")
    ] = False,
) -> None:
    """Make the tables and Turtle modules canonical: columns, order, white space."""
    where = sources.layout()
    changed = [
        path for path, content in _canonical_sources(where) if _differs(path, content, write=not check)
    ]
    for path in changed:
        typer.echo(f"{'would change' if check else 'changed'} {where.show(path)}")
    if check and changed:
        raise typer.Exit(1)


def _canonical_sources(where: Layout) -> list[tuple[Path, bytes]]:
    found = [
        (path, tables.canonical(path.read_bytes(), table))
        for folder in sources.source_folders(where)
        for table in TABLES
        if (path := folder.path / f"{table.name}.tsv").is_file()
    ]
    mapped = where.data / mappings.FILE
    found += [(mapped, mappings.canonical(mapped.read_bytes()))] if mapped.is_file() else []
    modules = sorted([*where.ontology.glob("*.ttl"), *(where.ontology / "shapes").glob("*.ttl")])
    return found + [(path, rdf.turtle(vocabulary.read_turtle(path, where)).encode()) for path in modules]


def _differs(path: Path, content: bytes, *, write: bool) -> bool:
    if path.read_bytes() == content:
        return False
    if write:
        path.write_bytes(content)
    return True


@app.command("verify-anchors")
def verify_anchors(
    text: Annotated[Path, typer.Argument(help="Your own copy of the source's text, UTF-8.")],
    source: Annotated[
        str, typer.Option(help="Id of the source; by default the one whose text this is, or the only one.")
    ] = "",
) -> None:
    """Check every anchor's digest and references against a reader's own copy of the text."""
    try:
        content = text.read_bytes()
        decoded = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(f"{text}: cannot be read as UTF-8 text: {error}") from error
    where = sources.layout()
    folder = sources.folder_called(source, where) if source else sources.folder_of_text(content, where)
    expected = _sentences(folder)
    wrong = list(anchors.mismatches(decoded, expected))
    if wrong:
        raise SourceError([Fault(str(text), 0, "", line) for line in wrong])
    typer.echo(f"all {len(expected)} anchors of {folder.id} agree with {text}")


def _sentences(folder: SourceFolder) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Digest and references per address, as the table states them."""
    with (folder.path / "sentences.tsv").open(encoding="utf-8", newline="") as file:
        return {
            row["sentence"]: (row["sha256"], tuple(map(int, filter(None, row["references"].split("|")))))
            for row in csv.DictReader(file, delimiter="\t")
        }
