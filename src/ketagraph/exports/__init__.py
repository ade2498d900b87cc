"""A release in, files for other people's pipelines out, each format with a report of what it cannot carry.

The same release gives the same bytes. Nothing is written but the files of the format and its loss report.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ketagraph.errors import EnvironmentFault, UnknownName
from ketagraph.exports import crate, kgx, mechanisms, nanopubs, questions, statements, tables
from ketagraph.exports.loss import report
from ketagraph.exports.model import Export, Material, Written, material

__all__ = ["FORMATS", "Export", "Material", "Written", "export", "export_all", "material"]

FORMATS: Mapping[str, Callable[[Material], Export]] = {
    "csv": tables.csv_tables,
    "drugmechdb": mechanisms.drugmechdb,
    "jsonld": statements.jsonld,
    "kgx": kgx.kgx,
    "nanopub": nanopubs.nanopubs,
    "nquads": statements.nquads,
    "owl": statements.owl,
    "parquet": tables.parquet_tables,
    "ro-crate": crate.ro_crate,
    "sparql-examples": questions.sparql_examples,
    "sssom": statements.sssom,
    "turtle": statements.turtle,
}
"""Name of a format → what makes its files."""


def export(name: str, known: Material, folder: Path) -> Written:
    """Write one format and its loss report into ``folder``.

    Raises:
        UnknownName: there is no such format. EnvironmentFault: the folder cannot be written, or a library
            that is an extra is missing.
    """
    if name not in FORMATS:
        raise UnknownName(f"no format is called {name!r}; formats: {', '.join(FORMATS)}", sorted(FORMATS))
    made = FORMATS[name](known)
    losses = report(name, made, known)
    files = {**made.files, f"{name}.loss.json": losses.text().encode()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in sorted(files.items()):
            (folder / file).write_bytes(content)
    except OSError as error:
        raise EnvironmentFault(f"cannot write below {folder}: {error.strerror or error}") from error
    return Written(tuple(sorted(files)), losses)


def export_all(known: Material, folder: Path) -> dict[str, Written]:
    """Write every format into a folder of its own below ``folder``, which is replaced as a whole.

    Raises:
        EnvironmentFault: as :func:`export`; what was there stays.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".exports-") as scratch:
        fresh = Path(scratch) / "fresh"
        done = {name: export(name, known, fresh / name) for name in FORMATS}
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        fresh.rename(folder)
    return done
