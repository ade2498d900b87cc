"""A question for an endpoint in, its rows out: asked by a process made for it, killed at the deadline."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import ketagraph
from ketagraph.errors import ServiceFailed
from ketagraph.federation.fetching import Request
from ketagraph.federation.plan import Table

__all__ = ["Broker"]


@dataclass(frozen=True, slots=True)
class Broker:
    """How endpoints are asked: ``seconds`` for each, ``max_bytes`` and ``max_rows`` of an answer."""

    seconds: float = 5.0
    max_bytes: int = 8 << 20
    max_rows: int = 10_000

    async def ask(self, endpoint: str, query: str, variables: Sequence[str] | None, within: float) -> Table:
        """Ask ``endpoint``; ``within`` (seconds) is what is left of the time of the whole query.

        Raises:
            ServiceFailed: it is not reached, takes too long, or its answer cannot be taken over.
        """
        seconds = min(self.seconds, within)
        request = Request(endpoint, query, variables, seconds, self.max_bytes, self.max_rows)
        try:
            said = await asyncio.wait_for(_run(json.dumps(asdict(request)).encode()), seconds)
            # Rows are read as lines and not as JSON: the loop has others to answer.
            head, *rows = said.decode().split("\n")
            found = json.loads(head)
        except TimeoutError as error:
            raise ServiceFailed(f"<{endpoint}> has not answered in {seconds:.3g} seconds") from error
        except ValueError as error:
            raise ServiceFailed(f"<{endpoint}>: the process that asked it was lost") from error
        if "failed" in found:
            raise ServiceFailed(f"<{endpoint}>: {found['failed']}")
        return Table(tuple(found["variables"]), tuple(rows), tuple(found["blank"]))


async def _run(request: bytes) -> bytes:
    """Run the process; it does not outlive the wait."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "ketagraph.federation.fetching"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=_environment(),
    )
    try:
        found, _ = await process.communicate(request)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return found


def _environment() -> dict[str, str]:
    """Return what it needs to run our code and to trust certificates: no proxies, nothing else of ours."""
    kept = {name: os.environ[name] for name in ("SSL_CERT_DIR", "SSL_CERT_FILE") if name in os.environ}
    return {"PYTHONPATH": str(Path(ketagraph.__file__).parents[1]), "PYTHONUTF8": "1", **kept}
