"""The HTTP ceiling: a bare ASGI application that answers ``/`` with a file's bytes and ``/empty`` with none.

Run as ``python ceiling.py PORT FILE``.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import uvicorn
import uvloop


def application(body: bytes) -> Any:
    """Build the application."""
    headers = [(b"content-type", b"application/sparql-results+json")]

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        sent = b"" if scope["path"] == "/empty" else body
        length = (b"content-length", b"%d" % len(sent))
        await send({"type": "http.response.start", "status": 200, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": sent})

    return app


def main() -> None:
    """Serve until terminated."""
    port, path = int(sys.argv[1]), Path(sys.argv[2])
    config = uvicorn.Config(
        application(path.read_bytes()), port=port, log_config=None, access_log=False, lifespan="off"
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
