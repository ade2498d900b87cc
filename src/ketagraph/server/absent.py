"""A name in an address that leads nowhere in, the refusal with the names that are like it out."""

from __future__ import annotations

from collections.abc import Iterable

from ketagraph.lexicon import nearest
from ketagraph.server.problem import NothingThere

__all__ = ["absent"]


def absent(what: str, name: str, known: Iterable[str]) -> NothingThere:
    """Say that ``name`` is no ``what``, with those of the ``known`` names that are like it."""
    near = nearest(name[:200], known)
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    return NothingThere(f"there is no {what} called {name[:80]!r}{hint}", near)
