"""Whatever pools a relay has had, none of their processes is left behind."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from ketagraph.store import keeper
from ketagraph.store.pool import PoolSettings
from ketagraph.store.relay import Relay


@pytest.mark.parametrize("moment", [0, 0.001, 0.06, 0.07])
def test_a_pool_that_is_about_to_end_is_closed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: float
) -> None:
    data = tmp_path / "data.nt"
    data.write_text("<http://e/s> <http://e/p> <http://e/o> .\n", encoding="utf-8")
    started: list[subprocess.Popen[bytes]] = []

    def spawned(*arguments: object, **settings: object) -> subprocess.Popen[bytes]:
        started.append(original(*arguments, **settings))
        return started[-1]

    original = subprocess.Popen
    monkeypatch.setattr(keeper.subprocess, "Popen", spawned)

    async def main() -> None:
        relay = await Relay.open(PoolSettings(data, workers=1, edition="1"))
        await relay.replace(PoolSettings(data, workers=1, edition="2"))
        await asyncio.sleep(moment)
        await relay.close()

    asyncio.run(main())
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)
