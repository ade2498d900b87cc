"""Values in, short texts for people out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

__all__ = ["FILTERS", "column", "number", "size", "workbench"]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def column(name: str) -> str:
    """Spell a variable's name as words: ``asStated`` becomes ``as stated``."""
    return _HUMP.sub(" ", name).lower()


def number(value: float) -> str:
    """Group thousands by thin spaces."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def size(count: float) -> str:
    """Tell bytes as kB or MB."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def week(value: str) -> str:
    """Write a number of weeks without trailing zeros."""
    return f"{float(value):g}"


def workbench(query: str) -> str:
    """Return the address that opens ``query`` in the workbench."""
    return "/workbench?" + urlencode({"query": query})


FILTERS: Mapping[str, Callable[..., str]] = {
    "column": column,
    "number": number,
    "size": size,
    "week": week,
    "workbench": workbench,
}
