"""What every route owes its callers: HEAD where there is GET, OPTIONS, and CORS without credentials."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Courtesy"]

_METHODS = "GET, HEAD, POST, DELETE, OPTIONS"
_PREFLIGHT = {
    "Allow": _METHODS,
    "Access-Control-Allow-Origin": "*",
    # Stopping a query is for pages of this server only.
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}


class Courtesy:
    """Middleware around the routes; the SPARQL endpoint sees to these things itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await _preflight(send)
        else:
            await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope["method"] == "HEAD"

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                _finish(MutableHeaders(raw=message["headers"]))
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"} if is_head else scope, receive, finish)


async def _preflight(send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in _PREFLIGHT.items()]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _finish(headers: MutableHeaders) -> None:
    headers.setdefault("Access-Control-Allow-Origin", "*")
    varying = [name.strip() for value in headers.getlist("vary") for name in value.split(",")]
    if varying:
        headers["Vary"] = ", ".join(dict.fromkeys(varying))
