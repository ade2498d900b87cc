"""What a person sees: results on stdout; progress on stderr, moving on a terminal, plain when piped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ketagraph.releases import Release

if TYPE_CHECKING:
    from ketagraph.build import Built, Progress

__all__ = ["errors", "out", "show_build", "show_rows", "stages"]

_STAGES = 8


def out() -> Console:
    """Return the console on standard output; plain where it is not a terminal."""
    return Console(soft_wrap=not sys.stdout.isatty(), highlight=False)


def errors() -> Console:
    """Return the console on standard error."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


@contextmanager
def stages() -> Iterator[Progress]:
    """Report the stages of a build: a moving line on a terminal, one line each when piped."""
    console = errors()
    if not console.is_terminal:
        yield lambda name: console.print(f"{name} …", markup=False)
        return
    with console.status("starting") as status:
        done = 0

        def begin(name: str) -> None:
            nonlocal done
            done += 1
            status.update(f"[{done}/{_STAGES}] {name} …".replace("[", "\\["))

        yield begin


def show_build(built: Built | None, release: Release) -> None:
    """Print what a release holds and, where it was just built, what each stage cost."""
    console = out()
    table = Table("what", "count", title=f"KetaGraph {release.manifest['version']}", title_justify="left")
    table.columns[1].justify = "right"
    for iri, size in release.manifest["graphs"].items():
        table.add_row(f"triples in graph {iri.rsplit('/', 1)[-1]}", f"{size:,}")
    for name, count in release.counts.items():
        table.add_row(name, f"{count:,}")
    console.print(table)
    for stage in built.stages if built else ():
        console.print(f"{stage.name:<10} {stage.seconds:6.1f} s   peak {stage.peak_mb:,} MiB", markup=False)
    console.print(f"release {release.path}", markup=False)


def show_rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows as a table; on a pipe too, since other formats are there for programs."""
    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, width=None if sys.stdout.isatty() else 200, markup=False).print(table)
