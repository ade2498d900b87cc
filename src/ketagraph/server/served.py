"""A configuration in, the store that is served out: workers of this machine, or an engine elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ketagraph.engines.address import Address
from ketagraph.server.config import ServeConfig
from ketagraph.server.following import Follower, ReleaseFolder, SingleFile, edition_of
from ketagraph.store import Store
from ketagraph.store.keeper import PoolSettings
from ketagraph.store.relay import Relay

__all__ = ["Served", "open_served"]


@dataclass(frozen=True, slots=True)
class Served:
    """An open store, what is known of it, how it is told to look for new data, and how it is closed.

    ``quads`` is None where nobody has counted.
    """

    store: Store
    quads: int | None
    workers: int
    network: bool
    nudge: Callable[[], None]
    close: Callable[[], Awaitable[None]]


async def open_served(config: ServeConfig) -> Served:
    """Open what is to be served.

    Raises:
        SourceError, EnvironmentFault: the data cannot be loaded, or the engine cannot be reached.
    """
    return await (_engine(config, config.engine) if config.engine else _local(config))


async def _local(config: ServeConfig) -> Served:
    relay = await Relay.open(_settings(config))
    follower = Follower(ReleaseFolder(config.follow) if config.follow else SingleFile(config.data), relay)
    following = asyncio.create_task(follower.follow())

    async def close() -> None:
        following.cancel()
        await asyncio.wait([following])
        await relay.close()

    nursing, workers = relay.nursing, relay.settings.workers
    return Served(relay, nursing.quads, workers, nursing.network, follower.nudge, close)


async def _engine(config: ServeConfig, address: Address) -> Served:
    # Only here: who serves a release needs no HTTP client.
    from ketagraph.engines.store import EngineSettings, EngineStore

    count = config.worker_count
    store = await EngineStore.open(
        EngineSettings(address, count, queue=8 * count, max_bytes=config.engine_mb << 20)
    )
    return Served(store, store.triples, count, network=True, nudge=store.nudge, close=store.close)


def _settings(config: ServeConfig) -> PoolSettings:
    workers = config.worker_count
    settings = PoolSettings(
        config.data,
        config.union_default_graph,
        workers,
        queue=2 * workers,
        memory=config.memory_mb << 20,
        edition=config.edition or edition_of(config.data),
        disk=config.disk_folder,
        disk_above=config.disk_above,
    )
    return ReleaseFolder(config.follow).with_imports(settings) if config.follow else settings
