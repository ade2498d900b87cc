"""An Accept-Encoding header in, a content coding out, and bodies packed in it (RFC 9110, section 12.5.3).

zstd and gzip, at their fastest: bodies of results shrink to a tenth at hundreds of megabytes a second, and
higher levels cost the time that they save. Packing the same body gives the same bytes.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol

import zstandard

__all__ = ["IDENTITY", "SMALLEST", "Packer", "choose", "pack", "packer"]

IDENTITY = ""
SMALLEST = 2048
"""Bytes below which a body is sent as it is: packing would cost more than it saves."""

_LONGEST = 200
_GZIP_WINDOW = 31


class Packer(Protocol):
    """A body packed piece by piece."""

    def compress(self, data: bytes, /) -> bytes:
        """Take the next piece; what can be sent by now comes out, perhaps nothing."""

    def flush(self) -> bytes:
        """End the body."""


def choose(accept: str) -> str:
    """Pick a coding that the client takes; equal qualities go to the faster one."""
    return _choose(accept[:_LONGEST])


def packer(coding: str) -> Packer:
    """Return a fresh packer for ``coding``, which is not :data:`IDENTITY`."""
    return _PACKERS[coding]()


def pack(body: bytes, coding: str) -> bytes:
    """Pack a whole body."""
    if coding == "gzip":
        return gzip.compress(body, 1, mtime=0)
    return _zstd().compress(body) if coding else body


def _zstd() -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=1)


_PACKERS: Mapping[str, Callable[[], Packer]] = {
    "zstd": lambda: _zstd().compressobj(),
    "gzip": lambda: zlib.compressobj(1, zlib.DEFLATED, _GZIP_WINDOW),
}


@lru_cache(maxsize=64)
def _choose(accept: str) -> str:
    # RFC 9110, section 8.4.1.3: x-gzip is another name of gzip.
    liked = dict(map(_weighted, accept.lower().replace("x-gzip", "gzip").split(",")))
    ranked = [(liked.get(coding, liked.get("*", 0.0)), coding) for coding in _PACKERS]
    quality, best = max(ranked, key=lambda pair: pair[0])
    return best if quality > 0 and quality >= liked.get("identity", 0.0) else IDENTITY


def _weighted(part: str) -> tuple[str, float]:
    name, _, parameter = part.replace(" ", "").partition(";q=")
    try:
        return name, float(parameter or 1)
    except ValueError:
        return name, 0.0
