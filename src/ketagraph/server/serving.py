"""A configuration in, a running server out, until a signal ends it: no traceback, no orphan."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import math
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import uvicorn

from ketagraph import guard
from ketagraph.errors import EnvironmentFault
from ketagraph.server.app import Application, create_app
from ketagraph.server.config import ServeConfig
from ketagraph.server.sparql import Check
from ketagraph.store.pool import Pool, PoolSettings

__all__ = ["Serving", "serve"]

_DRAIN = 10.0
"""Seconds that running queries have to end once the server is asked to stop."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers: its address, what it serves, and whether queries could reach a network."""

    url: str
    quads: int
    workers: int
    network: bool


def serve(
    config: ServeConfig,
    *,
    check: Check | None = guard.check,
    on_ready: Callable[[Serving], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; ``on_ready`` is called once queries are answered.

    ``check`` is the guard; without one (None) the wall of workers stands alone.

    Raises:
        EnvironmentFault: the port is taken or the address unknown, or the data cannot be read.
        SourceError: the data breaks its syntax or a limit; its place is named.
    """
    with _bound(config) as listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(_serve(config, listener, check, on_ready or (lambda _: None)))
        except KeyboardInterrupt:
            # Interrupted while the data was being loaded.
            return


async def _serve(
    config: ServeConfig, listener: socket.socket, check: Check | None, on_ready: Callable[[Serving], None]
) -> None:
    pool = await Pool.open(_settings(config))
    try:
        _ignore_repeated_signals()
        server = _Server(
            _uvicorn(create_app(config, pool, check=check), config),
            lambda: on_ready(_serving(listener, pool)),
        )
        await server.serve([listener])
    finally:
        await pool.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, when_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_started = when_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_started()


def _settings(config: ServeConfig) -> PoolSettings:
    workers = config.worker_count
    return PoolSettings(
        config.data, config.union_default_graph, workers, queue=2 * workers, memory=config.memory_mb << 20
    )


def _uvicorn(app: Application, config: ServeConfig) -> uvicorn.Config:
    # Broken transfers are ours, logged with their reason; uvicorn would log them again without it.
    logging.getLogger("uvicorn.error").addFilter(_not_broken_off)
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=math.ceil(min(config.timeout, _DRAIN)) + 1,
    )


def _not_broken_off(record: logging.LogRecord) -> bool:
    return "without completing response" not in record.getMessage()


def _serving(listener: socket.socket, pool: Pool) -> Serving:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return Serving(
        f"http://{shown}:{port}", pool.nursing.quads, pool.settings.workers, network=pool.nursing.network
    )


def _bound(config: ServeConfig) -> socket.socket:
    """Take the port before the data is loaded; nobody is let in until the server listens."""
    try:
        found = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return _bind(*found[0])
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EnvironmentFault(
            f"cannot listen on {config.host}:{config.port}: {reason}; choose another with --port or --host"
        ) from error


def _bind(family: int, kind: int, protocol: int, _: str, address: Any) -> socket.socket:
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    return factory


def _ignore_repeated_signals() -> None:
    """Keep the signals that uvicorn raises again after its own shutdown from ending us before ours."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
