"""A configuration in, a running server out, until a signal ends it: no traceback, no orphan."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import math
import resource
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from ketagraph import guard
from ketagraph.errors import EnvironmentFault, KetaGraphError
from ketagraph.server import logs
from ketagraph.server.config import Listed, ServeConfig
from ketagraph.server.front import Front
from ketagraph.server.served import Served, open_served
from ketagraph.server.sparql import Check, SparqlApp
from ketagraph.server.wire import Repeats, Wire
from ketagraph.store import Store

__all__ = ["Serving", "serve"]

_DRAIN = 10.0
"""Seconds that running queries have to end once the server is asked to stop."""

_CONNECTIONS = 1 << 14


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers: its address, what it serves, and whether queries could reach a network."""

    url: str
    quads: int | None
    workers: int
    network: bool


def serve(
    config: ServeConfig,
    *,
    check: Check | None = guard.check,
    on_ready: Callable[[Serving], None] | None = None,
    questions: Callable[[], Sequence[Listed]] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; ``on_ready`` is called once queries are answered.

    ``check`` is the guard; without one (None) the wall of workers stands alone. ``questions`` reads those
    of the pages, which are built once queries are answered; by default they are the configuration's.

    Raises:
        EnvironmentFault: the port is taken or the address unknown, or the data cannot be read.
        SourceError: the data, or a question, breaks its syntax or a limit; its place is named.
    """
    if config.allow_service and check is guard.check:
        check = partial(guard.check, services=frozenset(config.allow_service))
    logs.log_events()
    _allow_connections()
    with _bound(config) as listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(
                _serve(
                    config,
                    listener,
                    check,
                    on_ready or (lambda _: None),
                    questions or (lambda: config.questions),
                )
            )
        except KeyboardInterrupt:
            # Interrupted while the data was being loaded.
            return


async def _serve(
    config: ServeConfig,
    listener: socket.socket,
    check: Check | None,
    on_ready: Callable[[Serving], None],
    questions: Callable[[], Sequence[Listed]],
) -> None:
    served = await open_served(config)
    try:
        _heed_signals(served.nudge)
        sparql = SparqlApp(config, _federated(served.store, config), check)
        front = _front(config, served.store, sparql, questions)
        server = _Server(
            _uvicorn(front, config, sparql), front, config.drain, lambda: on_ready(_serving(listener, served))
        )
        await server.serve([listener])
        if server.fault:
            raise server.fault
    finally:
        await served.close()


def _federated(store: Store, config: ServeConfig) -> Store:
    if not config.allow_service:
        return store
    from ketagraph.federation.broker import Broker
    from ketagraph.federation.federated import Federated

    return Federated(store, Broker(seconds=config.service_timeout))


def _front(
    config: ServeConfig, store: Store, sparql: SparqlApp, questions: Callable[[], Sequence[Listed]]
) -> Front:
    def build(front: Front) -> ASGIApp:
        from ketagraph.server.app import create_app

        return create_app(replace(config, questions=questions()), store, sparql=sparql, standing=front)

    return Front(sparql, build)


class _Server(uvicorn.Server):
    """uvicorn's server, told when it has started; ``fault`` is what ended it, if the pages did."""

    def __init__(
        self, config: uvicorn.Config, front: Front, drain: float, when_started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._front, self._drain, self._when_started = front, drain, when_started
        self.fault: KetaGraphError | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._when_started()
        self._building = self._loop.create_task(self._build())

    async def _build(self) -> None:
        try:
            await self._front.pages()
        except KetaGraphError as error:
            self.fault, self.should_exit = error, True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Say that no more requests are wanted, and stop after a while; at once when told again."""
        if self._drain and not self._front.is_draining:
            stop = partial(super().handle_exit, sig, frame)
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain, stop)
        else:
            super().handle_exit(sig, frame)
        self._front.is_draining = True


def _uvicorn(app: ASGIApp, config: ServeConfig, repeats: Repeats) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return uvicorn.Config(
        app,
        http=partial(Wire, repeats),  # type: ignore[arg-type] # called like the class that is expected
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=math.ceil(min(config.timeout, _DRAIN)) + 1,
    )


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out broken transfers, which are logged here with their reason, and what strangers can repeat."""
    said = record.getMessage()
    return "without completing response" not in said and "Invalid HTTP request" not in said


def _serving(listener: socket.socket, served: Served) -> Serving:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return Serving(f"http://{shown}:{port}", served.quads, served.workers, network=served.network)


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


def _allow_connections() -> None:
    """Raise the limit of open files, which is low by custom, as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, _CONNECTIONS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    return factory


def _heed_signals(nudge: Callable[[], None]) -> None:
    """Read the data anew on SIGHUP; let no signal that uvicorn repeats after its shutdown end us first."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, nudge)
