"""What every route owes its callers: HEAD where there is GET, OPTIONS, and CORS without credentials."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Courtesy"]

_PREFLIGHT = {
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
            await _preflight(await self._allowed(scope, receive), send)
        else:
            await self._pass_on(scope, receive, send)

    async def _allowed(self, scope: Scope, receive: Receive) -> str:
        """Ask the route, which knows no OPTIONS and says what it knows instead; empty where there is none."""
        told = ""

        async def listen(message: Message) -> None:
            nonlocal told
            if message["type"] == "http.response.start":
                told = MutableHeaders(raw=message["headers"]).get("allow", "")

        await self._app(scope, receive, listen)
        return told

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope["method"] == "HEAD"

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                _finish(MutableHeaders(raw=message["headers"]))
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"} if is_head else scope, receive, finish)


async def _preflight(allowed: str, send: Send) -> None:
    said = {"Allow": _with_ours(allowed)} | _PREFLIGHT
    headers = [(name.lower().encode(), value.encode()) for name, value in said.items()]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _with_ours(allowed: str) -> str:
    """Add the methods that are seen to here."""
    known = {name.strip() for name in allowed.split(",")} - {""}
    return ", ".join(sorted(known | {"OPTIONS"} | ({"HEAD"} if "GET" in known else set())))


def _finish(headers: MutableHeaders) -> None:
    if "allow" in headers:
        headers["Allow"] = _with_ours(headers["allow"])
    headers.setdefault("Access-Control-Allow-Origin", "*")
    varying = [name.strip() for value in headers.getlist("vary") for name in value.split(",")]
    if varying:
        headers["Vary"] = ", ".join(dict.fromkeys(varying))
