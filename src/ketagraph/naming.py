"""A stranger's ontology in, the names of its terms out: read in a process with bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from ketagraph import contained, ontologies
from ketagraph.linking import Name, catalogue
from ketagraph.store.loading import Expansion

__all__ = ["contained_names", "names_in"]

_BOUNDS = contained.Bounds()


def names_in(path: Path, bounds: contained.Bounds = _BOUNDS) -> list[Name]:
    """Read the names, sorted as :func:`ketagraph.linking.catalogue` does.

    Raises:
        SourceError, EnvironmentFault: as :func:`ketagraph.ontologies.read`, or it was stopped at a bound.
    """
    return [Name(*each) for each in contained.run(contained_names, path, {}, bounds)]


def contained_names(file: str) -> Iterator[tuple[str, str, bool]]:
    """Read them in this process. For :func:`names_in`."""
    return (astuple(name) for name in catalogue(ontologies.read(Path(file), Expansion())))
