"""An Accept header in, the best of what we offer out (RFC 9110, section 12.5.1).

A member of the header that is no media range is passed over; a header of nothing else takes nothing. Only
one that is missing or empty takes everything: whoever asks for ``json`` would not be glad of XML.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

__all__ = ["choose"]

_LONGEST = 2000
"""Characters of a header that are read; what is remembered must stay small."""

_EMPTY = ", \t"

_Range = tuple[str, float, int]


def choose(accept: str, offers: Iterable[str]) -> str | None:
    """Pick the media type that the client likes best, or None where it takes none.

    A range that names a type prevails over one with ``*`` for that type's quality. Between equal qualities
    the type that is named prevails, then the client's order, then ours. No header takes everything.
    """
    return _choose(accept[:_LONGEST], tuple(offers))


@lru_cache(maxsize=256)
def _choose(accept: str, offers: tuple[str, ...]) -> str | None:
    ranges = _ranges(accept) if accept.strip(_EMPTY) else [("*/*", 1.0, 0)]
    ranked = [(_liking(offer, ranges), offer) for offer in offers]
    # max keeps the first of equals, so our own order decides last.
    (quality, _, _), best = max(ranked, key=lambda pair: pair[0])
    return best if quality > 0 else None


def _liking(offer: str, ranges: list[_Range]) -> tuple[float, int, int]:
    """Quality, exactness (2 named, 1 ``type/*``, 0 ``*/*``) and place in the header, all to be maximised."""
    patterns = {offer: 2, offer.split("/")[0] + "/*": 1, "*/*": 0}
    matches = [(patterns[name], quality, place) for name, quality, place in ranges if name in patterns]
    if not matches:
        return 0.0, 0, 0
    exactness, quality, place = max(matches)
    return quality, exactness, -place


def _ranges(accept: str) -> list[_Range]:
    parts = [part.split(";") for part in accept.lower().split(",")]
    # Java's own client sends a bare asterisk.
    whole = [["*/*" if part[0].strip() == "*" else part[0], *part[1:]] for part in parts]
    named = [(part[0].strip(), _quality(part[1:])) for part in whole if "/" in part[0]]
    return [(name, quality, place) for place, (name, quality) in enumerate(named)]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
