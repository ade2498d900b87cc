"""Failures in, a verdict out: whether an engine is to be asked at all, or to be left alone for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ketagraph.errors import Overloaded

__all__ = ["Breaker"]


@dataclass
class Breaker:
    """Opens after ``most`` failures in a row, for ``pause`` seconds, twice as long each time it has to again.

    When the pause is over one query may try; if that fails, the pause begins anew. ``clock`` gives seconds.
    """

    clock: Callable[[], float]
    most: int = 5
    pause: float = 1.0
    longest: float = 60.0
    _failures: int = field(default=0, init=False)
    _until: float = field(default=0.0, init=False)
    _trying: bool = field(default=False, init=False)

    @property
    def is_closed(self) -> bool:
        """Whether the engine is being asked."""
        return self._failures < self.most

    def admit(self) -> None:
        """Let a query through.

        Raises:
            Overloaded: the engine has failed too often; it says when to come again.
        """
        if self.is_closed:
            return
        left = self._until - self.clock()
        if left > 0 or self._trying:
            wait = max(1, round(left + 0.5))
            raise Overloaded(f"the engine failed {self._failures} times in a row", retry_after=wait)
        self._trying = True

    def succeeded(self) -> None:
        """Close it."""
        self._failures, self._trying = 0, False

    def abandoned(self) -> None:
        """Note that a query ended without a word on the engine."""
        self._trying = False

    def failed(self) -> None:
        """Count a failure."""
        self._failures, self._trying = self._failures + 1, False
        if not self.is_closed:
            rounds = min(self._failures - self.most, 10)
            self._until = self.clock() + min(self.longest, self.pause * 2**rounds)
