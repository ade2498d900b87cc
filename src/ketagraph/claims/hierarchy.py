"""Parents by class in, ancestors and descendants out; cycles and second parents are allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

__all__ = ["Hierarchy"]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Classes of conditions, drugs and mechanisms: child → its direct parents.

    Closures are computed once per class asked for and remembered.
    """

    parents: Mapping[str, Set[str]] = field(default_factory=dict)
    _up: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _down: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _children: dict[str, set[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for child, parents in self.parents.items():
            for parent in parents:
                self._children.setdefault(parent, set()).add(child)

    def ancestors(self, name: str) -> frozenset[str]:
        """Every class above ``name``, itself excluded."""
        if name not in self._up:
            self._up[name] = _closure(name, self.parents)
        return self._up[name]

    def descendants(self, name: str) -> frozenset[str]:
        """Every class below ``name``, itself excluded."""
        if name not in self._down:
            self._down[name] = _closure(name, self._children)
        return self._down[name]

    def children(self, name: str) -> frozenset[str]:
        """List the classes directly below ``name``."""
        return frozenset(self._children.get(name, ())) - {name}

    def is_a(self, name: str, other: str) -> bool:
        """Whether ``name`` is ``other`` or below it."""
        return name == other or other in self.ancestors(name)

    def any_is_a(self, names: Iterable[str], other: str) -> bool:
        """Whether one of ``names`` is ``other`` or below it."""
        return any(self.is_a(name, other) for name in names)


def _closure(name: str, step: Mapping[str, Set[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        fresh = step.get(waiting.pop(), frozenset()) - found
        found |= fresh
        waiting.extend(fresh)
    return frozenset(found - {name})
