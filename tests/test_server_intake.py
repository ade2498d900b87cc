"""Bodies of requests: what one may weigh, and all together, at the endpoint and at the other routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ketagraph.server import ServeConfig, create_app
from ketagraph.server.intake import LONGEST
from test_server_cache import Counting

JUDGE, SPARQL = ("/api/judge", "application/json"), ("/sparql", "application/sparql-query")
PIECE = b" " * 65_536


async def post(
    application: object, place: tuple[str, str], body: AsyncIterator[bytes], **headers: str
) -> httpx.Response:
    path, media_type = place
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return await client.post(path, content=body, headers={"content-type": media_type, **headers})


@pytest.mark.parametrize("place", [JUDGE, SPARQL])
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_without_end_is_refused_before_it_is_held(place, declared):
    sent: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        for number in range(100):
            sent.append(number)
            yield PIECE

    length = {"content-length": str(100 * len(PIECE))} if declared else {}
    answer = asyncio.run(post(create_app(ServeConfig(Path("x.nq")), Counting()), place, body(), **length))
    assert (answer.status_code, answer.json()["detail"]) == (413, "the request is longer than 262144 bytes")
    assert len(sent) <= (0 if declared else LONGEST // len(PIECE) + 1)


@pytest.mark.parametrize("place", [JUDGE, SPARQL])
def test_many_bodies_at_once_are_turned_away_until_there_is_room(place):
    application = create_app(ServeConfig(Path("x.nq")), Counting())
    application.sparql.bodies.limit = 3 * len(PIECE)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield PIECE
        yield PIECE
        arrived.set()
        await go_on.wait()

    async def quick() -> AsyncIterator[bytes]:
        yield PIECE
        yield PIECE

    async def main() -> tuple[httpx.Response, httpx.Response, int, int]:
        waiting = asyncio.create_task(post(application, place, slow()))
        await arrived.wait()
        turned_away = await post(application, place, quick())
        go_on.set()
        first = await waiting
        return (
            turned_away,
            await post(application, place, quick()),
            first.status_code,
            application.sparql.bodies.held,
        )

    turned_away, later, first, held = asyncio.run(main())
    assert (turned_away.status_code, turned_away.headers["retry-after"]) == (503, "1")
    assert turned_away.headers["content-type"] == "application/problem+json"
    assert (later.status_code, held) == (first, 0)
    assert first != 503
