"""How answers are framed: by their connection in HTTP/1.0, with trailer fields for who reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import pytest
import uvicorn
from uvicorn.server import ServerState

from ketagraph.server.framing import TRAILERS, takes_trailers
from ketagraph.server.wire import Wire

START = {"type": "http.response.start", "status": 200, "headers": []}
ONE = {"type": "http.response.body", "body": b"one ", "more_body": True}
TWO = {"type": "http.response.body", "body": b"two"}
OLD, NEW = b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n%b\r\n"
READS = NEW % b"te: gzip;q=0.5, Trailers\r\n"


class Nobody:
    """Remembers no answer."""

    def repeated(self, request: bytes) -> None:
        return None


@asynccontextmanager
async def connected(application) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve an application on loopback, and connect to it."""
    config = uvicorn.Config(application, log_config=None, access_log=False, lifespan="off")
    config.load()
    make = partial(Wire, Nobody(), config=config, server_state=ServerState(), app_state={})
    async with await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0) as server:
        yield await asyncio.open_connection(*server.sockets[0].getsockname())


def answered(request: bytes, messages: Sequence[dict[str, object]]) -> bytes:
    """All that comes back for ``request`` from an application that sends ``messages``.

    Raises:
        ConnectionResetError: the connection was reset.
    """

    async def application(scope, receive, send) -> None:
        for message in messages:
            if message["type"] != TRAILERS or TRAILERS in scope.get("extensions", {}):
                await send(message)
        if request.startswith(b"GET") and messages[-1] == ONE:
            # So that the client has read what there is before it learns of the end.
            await asyncio.sleep(0.05)

    async def main() -> bytes:
        async with asyncio.timeout(20), connected(application) as (reader, writer):
            writer.write(request)
            try:
                return await reader.read()
            finally:
                writer.close()

    return asyncio.run(main())


def parts(found: bytes) -> tuple[list[bytes], bytes]:
    head, _, body = found.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def test_an_old_client_gets_a_body_without_chunks():
    assert parts(answered(OLD, [START, ONE, TWO])) == (
        [b"HTTP/1.1 200 OK", b"connection: close"],
        b"one two",
    )


def test_an_old_client_learns_of_an_answer_that_broke_off():
    with pytest.raises(ConnectionResetError):
        answered(OLD, [START, ONE])


def test_an_old_client_that_leaves_is_no_fault_of_ours(caplog):
    ended: list[bool] = []

    async def application(scope, receive, send) -> None:
        await send(START)
        await send(ONE)
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.append(True)

    async def main() -> None:
        async with asyncio.timeout(20), connected(application) as (reader, writer):
            writer.write(OLD)
            await reader.read(1)
            writer.close()
            while not ended:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert [record for record in caplog.records if "Exception" in record.getMessage()] == []


def test_a_length_that_is_known_stays():
    start = {**START, "headers": [(b"content-length", b"7")]}
    head, body = parts(answered(OLD, [start, ONE, TWO]))
    assert (b"content-length: 7" in head, body) == (True, b"one two")


def test_an_old_client_gets_no_body_where_there_is_none():
    assert parts(answered(OLD.replace(b"GET", b"HEAD"), [START, TWO]))[1] == b""


def test_an_old_client_is_not_asked_to_go_on():
    asked = b"GET / HTTP/1.0\r\nexpect: 100-continue\r\n\r\n"
    assert b"100 Continue" not in answered(asked, [START, TWO])


ENDING = {"type": TRAILERS, "headers": [(b"rows", b"7"), (b"cut", b"false")], "more_trailers": False}
TRAILED = [START | {"trailers": True}, ONE, TWO, ENDING]


def test_what_is_known_at_the_end_follows_the_last_chunk():
    _, body = parts(answered(READS, TRAILED))
    assert body == b"4\r\none \r\n3\r\ntwo\r\n0\r\nrows: 7\r\ncut: false\r\n\r\n"


@pytest.mark.parametrize("request_", [NEW % b"", NEW % b"te: gzip\r\n", OLD])
def test_nobody_gets_trailers_who_has_not_asked(request_):
    assert b"rows" not in answered(request_, [START, *TRAILED[1:]])


def test_an_answer_without_trailers_ends_as_ever_for_who_reads_them():
    assert parts(answered(READS, [START, ONE, TWO]))[1] == b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "takes"),
    [
        ([(b"te", b"trailers")], True),
        ([(b"te", b"deflate, Trailers ")], True),
        ([(b"te", b"deflate"), (b"te", b"trailers")], True),
        ([(b"te", b"xtrailers")], False),
        ([(b"trailers", b"te")], False),
    ],
)
def test_only_te_says_that_trailers_are_read(headers, takes):
    assert takes_trailers(headers) is takes
