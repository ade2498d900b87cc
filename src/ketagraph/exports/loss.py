"""An export in, its loss report out: every aspect that a format could lose, with counts from the graph."""

from __future__ import annotations

from ketagraph.exports.model import Export, Loss, Losses, Material

__all__ = ["report"]


def report(name: str, made: Export, known: Material) -> Losses:
    """Set what the format carries against what the graph holds, by aspect and kind of record."""
    found = []
    for (aspect, record), total in sorted(known.aspects.items()):
        carried = made.carried.get((aspect, record), 0)
        note = made.notes.get(aspect, "") if carried < total or aspect in made.notes else ""
        found.append(Loss(aspect, record, total, carried, total - carried, note))
    return Losses(name, known.release.path.name, tuple(found))
