"""What a request may bring: middleware that takes the body of a request up to a bound and no further.

The SPARQL endpoint sees to this itself.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["LONGEST", "Intake"]

LONGEST = 1 << 18
"""Bytes of a body; the longest question about claims has a tenth of that."""


class Intake:
    """Middleware around the routes, which hold a body in memory before they look at it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        await self._app(scope, _bounded(scope, receive) if scope["type"] == "http" else receive, send)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    taken = 0
    # The parser has let digits pass only.
    declared = int(dict(scope["headers"]).get(b"content-length", b"0")[:12] or 0)

    async def take() -> Message:
        nonlocal taken
        if declared > LONGEST:
            raise _too_long()
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LONGEST:
            raise _too_long()
        return message

    return take


def _too_long() -> HTTPException:
    return HTTPException(413, f"the request is longer than {LONGEST} bytes")
