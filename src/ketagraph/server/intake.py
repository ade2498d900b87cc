"""What requests may bring: the body of each up to a bound, and those of all together up to another.

A body is held in memory until it is complete; neither one without end nor many at once may fill that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ketagraph.errors import Overloaded, QueryRefused

__all__ = ["LONGEST", "Bodies", "Intake"]

LONGEST = 1 << 18
"""Bytes of one body: the longest query, each byte escaped, with its dataset."""

_ALL = 64 << 20


class Bodies:
    """The bodies that are being received; ``held`` bytes, at most ``limit``."""

    def __init__(self, limit: int = _ALL) -> None:
        self.limit, self.held = limit, 0

    @contextmanager
    def received(self, scope: Scope, receive: Receive) -> Iterator[Receive]:
        """Count what comes by ``receive``, until the block is left.

        Raises:
            QueryRefused: it is too long (413), or says that it will be; by what the block receives.
            Overloaded: all together are too much.
        """
        taken = 0
        # The parser lets nothing but digits pass.
        declared = int(dict(scope["headers"]).get(b"content-length", b"0")[:12] or 0)

        async def take() -> Message:
            """Receive, count, and refuse what is too much."""
            nonlocal taken
            if declared > LONGEST:
                raise _too_long()
            message = await receive()
            size = len(message.get("body", b""))
            taken, self.held = taken + size, self.held + size
            if taken > LONGEST:
                raise _too_long()
            if self.held > self.limit:
                raise Overloaded("too many requests arrive at once")
            return message

        try:
            yield take
        finally:
            self.held -= taken


class Intake:
    """Middleware around the routes, which take a body whole before they look at it."""

    def __init__(self, app: ASGIApp, bodies: Bodies) -> None:
        self._app, self._bodies = app, bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._bodies.received(scope, receive) as take:
            await self._app(scope, _told(take), send)


def _told(take: Receive) -> Receive:
    """Say what is wrong as Starlette does: any other error of a body counts as one that cannot be read."""

    async def told() -> Message:
        try:
            return await take()
        except QueryRefused as error:
            raise HTTPException(error.status, str(error)) from error
        except Overloaded as error:
            raise HTTPException(503, str(error), {"Retry-After": str(error.retry_after)}) from error

    return told


def _too_long() -> QueryRefused:
    return QueryRefused(f"the request is longer than {LONGEST} bytes", status=413)
