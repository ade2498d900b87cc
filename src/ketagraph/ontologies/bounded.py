"""A file in, its text out, unfolded within limits: a small file must not become a large one unseen."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from ketagraph.errors import EnvironmentFault, Fault, SourceError
from ketagraph.store.loading import Expansion

__all__ = ["text"]

_PIECE = 1 << 20


def text(path: Path, limits: Expansion, *, most: int | None = None) -> str:
    """Read a file of UTF-8, unpacked where its name ends in .gz; with ``most``, only so many bytes of it.

    Raises:
        SourceError: it is no UTF-8, breaks off within its packing, or unfolds beyond ``limits``.
        EnvironmentFault: it cannot be read.
    """
    try:
        content = _content(path, limits, most)
        return content.decode("utf-8-sig", "ignore" if most else "strict")
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise SourceError(
            [Fault(str(path), 0, "", f"broken off or not what its name says: {error}")]
        ) from error
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be read: {error.strerror or error}") from error


def _content(path: Path, limits: Expansion, most: int | None) -> bytes:
    found = bytearray()
    size = path.stat().st_size
    with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
        while piece := stream.read(most or _PIECE):
            found += piece
            if most:
                break
            if len(found) > limits.bytes:
                raise SourceError([Fault(str(path), 0, "", f"unfolds to more than {limits.bytes} bytes")])
            if len(found) > limits.grace and len(found) > limits.ratio * size:
                raise SourceError(
                    [Fault(str(path), 0, "", f"unfolds to more than {limits.ratio} times its size")]
                )
    return bytes(found)
