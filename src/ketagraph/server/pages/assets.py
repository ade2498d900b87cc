"""Names of scripts, styles and pictures in, their bytes out: packaged ones, and what npm has built.

Without built scripts the pages work all the same. Only names that lie in the two folders are served; no
path from a request reaches the file system.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi import Request
from starlette.responses import Response

from ketagraph.server.pages.conditional import matches

__all__ = ["Asset", "assets", "serve", "version"]

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_FOLDERS = ("server/pages/assets", "server/static")
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with its digest; ``compressed`` is the same by gzip."""

    media_type: str
    body: bytes
    compressed: bytes
    digest: str


@cache
def assets() -> Mapping[str, Asset]:
    """Read every file once."""
    found: dict[str, Asset] = {}
    for folder in _FOLDERS:
        place = files("ketagraph").joinpath(folder)
        for file in sorted(place.iterdir(), key=lambda each: each.name) if place.is_dir() else ():
            kind = _TYPES.get(file.name.rsplit(".", 1)[-1])
            if kind and file.is_file():
                body = file.read_bytes()
                found[file.name] = Asset(
                    kind, body, gzip.compress(body, mtime=0), sha256(body).hexdigest()[:16]
                )
    return found


def version(name: str) -> str:
    """Return the address of an asset, which changes with its content; empty where it has not been built."""
    asset = assets().get(name)
    return f"/static/{name}?v={asset.digest}" if asset else ""


def serve(request: Request, name: str) -> Response | None:
    """Answer a request for an asset; None where there is none of that name."""
    asset = assets().get(name)
    if asset is None:
        return None
    tag = f'"{asset.digest}"'
    headers = {
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": _FOREVER if request.query_params.get("v") == asset.digest else "no-cache",
    }
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.compressed, headers=headers, media_type=asset.media_type)
    return Response(asset.body, headers=headers, media_type=asset.media_type)
