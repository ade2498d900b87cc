"""An ontology's file in, its statements out as sorted N-Triples; nothing is fetched, size is bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ketagraph.errors import EnvironmentFault, Fault, SourceError
from ketagraph.ontologies import functional, obo, obographs
from ketagraph.ontologies.bounded import text
from ketagraph.store.engine import open_store
from ketagraph.store.loading import Expansion, load_file

__all__ = ["Statements", "read"]

Statements = list[str]
"""Statements in N-Triples, sorted, each once, with their full stop."""

_MEDIA_TYPES = {
    ".nt": "application/n-triples",
    ".owl": "application/rdf+xml",
    ".rdf": "application/rdf+xml",
    ".ttl": "text/turtle",
    ".xml": "application/rdf+xml",
}
_READERS: Mapping[str, Callable[[str, str], Statements]] = {
    ".json": obographs.statements,
    ".obo": obo.statements,
    ".ofn": functional.statements,
}
_FUNCTIONAL = ("Prefix(", "Ontology(")


def read(path: Path, limits: Expansion) -> Statements:
    """Read the file at ``path``; the end of its name decides, but .owl may also be functional syntax.

    Raises:
        SourceError: it breaks its syntax or a limit.
        EnvironmentFault: it cannot be read, or its type is unknown.
    """
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending not in {*_MEDIA_TYPES, *_READERS}:
        known = ", ".join(sorted({*_MEDIA_TYPES, *_READERS}))
        raise EnvironmentFault(f"{path}: unknown type of file; expected one of {known} (or with .gz)")
    if ending == ".owl" and text(path, limits, most=4096).lstrip().startswith(_FUNCTIONAL):
        ending = ".ofn"
    found = (
        _rdf(path, ending, limits)
        if ending in _MEDIA_TYPES
        else _READERS[ending](text(path, limits), str(path))
    )
    if not found:
        raise SourceError([Fault(str(path), 0, "", "holds no statement")])
    return sorted(set(found))


def _rdf(path: Path, ending: str, limits: Expansion) -> Statements:
    store = open_store()
    load_file(store, path, media_type=_MEDIA_TYPES[ending], limits=limits)
    return [f"{quad.triple} ." for quad in store]
