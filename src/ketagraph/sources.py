"""Where the hand-written sources lie: the checkout's folders first, else the copies in the wheel.

An editable install leaves an old copy of the packaged sources behind, so the checkout prevails.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ketagraph.errors import EnvironmentFault, Fault, SourceError

__all__ = ["Layout", "SourceFolder", "digest", "layout", "source_folders"]

_PACKAGE = Path(__file__).parent
_FOLDERS = ("ontology", "data", "queries")


@dataclass(frozen=True, slots=True)
class Layout:
    """The three folders of hand-written sources below ``root``."""

    root: Path

    @property
    def ontology(self) -> Path:
        """Turtle modules, with shapes/, rules/ and checks/ below."""
        return self.root / "ontology"

    @property
    def data(self) -> Path:
        """One folder per source of evidence, and the shared mappings."""
        return self.root / "data"

    @property
    def queries(self) -> Path:
        """Questions (.rq) beside their expected answers (.tsv)."""
        return self.root / "queries"

    def show(self, path: Path) -> str:
        """``path`` relative to the root where it lies below, with forward slashes."""
        inside = path.is_relative_to(self.root)
        return (path.relative_to(self.root) if inside else path).as_posix()


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """One source of evidence: its id, its folder and the fields of its source.toml."""

    id: str
    path: Path
    facts: dict[str, str | int]


def layout(root: Path | None = None) -> Layout:
    """Find the sources: ``root`` if given, else the checkout, else the installed package.

    Raises:
        EnvironmentFault: a folder is missing.
    """
    candidates = [root] if root else [_PACKAGE.parent.parent, _PACKAGE / "_sources"]
    for candidate in candidates:
        if all((candidate / name).is_dir() for name in _FOLDERS):
            return Layout(candidate)
    raise EnvironmentFault(
        f"no sources below {candidates[0]}: expected the folders {', '.join(_FOLDERS)}; "
        "run from a checkout or reinstall the package"
    )


def source_folders(where: Layout) -> tuple[SourceFolder, ...]:
    """Read every data/<source>/source.toml, sorted by id.

    Raises:
        SourceError: a source.toml that is not TOML, or whose id is not its folder's name.
    """
    return tuple(_source_folder(path, where) for path in sorted(where.data.glob("*/source.toml")))


def _source_folder(path: Path, where: Layout) -> SourceFolder:
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError([Fault(where.show(path), 0, "", f"not TOML in UTF-8: {error}")]) from error
    name = path.parent.name
    if facts.get("id") != name:
        message = f"id is {facts.get('id')!r}, expected the folder's name {name!r}"
        raise SourceError([Fault(where.show(path), 0, "id", message)])
    return SourceFolder(name, path.parent, facts)


def digest(where: Layout) -> str:
    """Return the sha256 over the paths and contents of all hand-written sources, 64 hexadecimal digits."""
    total = sha256()
    for path in _files(where):
        total.update(where.show(path).encode() + b"\0" + sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _files(where: Layout) -> list[Path]:
    return sorted(
        path
        for folder in (where.ontology, where.data, where.queries)
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in {".ttl", ".rq", ".tsv", ".toml"}
    )
