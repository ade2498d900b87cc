"""A query with SERVICE over a dataset in this process: endpoints are asked first, for our own users only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ketagraph.federation.broker import Broker
from ketagraph.federation.federated import rewritten
from ketagraph.store.engine import Engine

__all__ = ["resolved"]

_JSON = "application/sparql-results+json"


def resolved(query: str, engine: Engine, *, seconds: float) -> str:
    """Return ``query``, which has passed the guard, without SERVICE; each endpoint has ``seconds``.

    Raises:
        QueryRefused: it cannot be parsed, or not be done across endpoints.
        ServiceFailed: an endpoint failed, and not SILENT.
    """
    return asyncio.run(rewritten(query, _Here(engine), Broker(seconds=seconds), lambda: seconds))


@dataclass(frozen=True)
class _Here:
    """Implements :class:`ketagraph.federation.federated.Local`."""

    engine: Engine

    async def parse(self, text: str) -> None:
        Engine().select_bytes(text, "application/json", max_rows=1)

    async def select(self, text: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.engine.select_bytes(text, _JSON))
        return found
