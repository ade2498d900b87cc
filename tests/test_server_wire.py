"""Connections: what is repeated without being read, and what a request may take to arrive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import pytest
import uvicorn
from uvicorn.server import ServerState

from ketagraph.server import framing, wire
from ketagraph.server.wire import REQUEST, Wire

ASKED = b"GET /sparql?query=ASK%20%7B%7D HTTP/1.1\r\nhost: x\r\n\r\n"
KNOWN = b"GET /known HTTP/1.1\r\nhost: x\r\n\r\n"


class Known:
    """Knows one answer."""

    def repeated(self, request: bytes) -> tuple[bytes, bytes] | None:
        return (b"content-length: 5\r\n", b"known") if request == KNOWN else None


class Application:
    """Says which path it was asked for, once it has the body, and keeps what it was told to remember."""

    def __init__(self) -> None:
        self.remembered: list[bytes | None] = []

    async def __call__(self, scope, receive, send) -> None:
        self.remembered.append(scope.get(REQUEST))
        while (await receive()).get("more_body"):
            pass
        body = scope["path"].encode()
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]]


def connected(talk: Talk) -> tuple[object, list[bytes | None]]:
    """Let ``talk`` hold a conversation with a server on loopback; also what the server would remember."""
    application = Application()

    async def main() -> object:
        config = uvicorn.Config(application, log_config=None, access_log=False, lifespan="off")
        config.load()
        make = partial(Wire, Known(), config=config, server_state=ServerState(), app_state={})
        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        async with server, asyncio.timeout(20):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            try:
                return await talk(reader, writer)
            finally:
                writer.close()

    return asyncio.run(main()), application.remembered


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read one answer: its status line and its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return head.split(b"\r\n")[0], await reader.readexactly(length)


def sent(*pieces: bytes, pause: float = 0.0, answers: int = 1) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[bytes]:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return [(await answer(reader))[1] for _ in range(answers)]

    return talk


def test_a_known_request_is_answered_without_the_application():
    assert connected(sent(KNOWN)) == ([b"known"], [])


def test_what_is_known_and_what_is_not_take_turns_on_one_connection():
    async def talk(reader, writer):
        bodies = []
        for request in (KNOWN, ASKED, KNOWN, KNOWN, ASKED):
            writer.write(request)
            bodies.append((await answer(reader))[1])
        return bodies

    assert connected(talk) == ([b"known", b"/sparql", b"known", b"known", b"/sparql"], [ASKED, ASKED])


def test_requests_that_arrive_together_are_answered_in_order():
    assert connected(sent(ASKED + KNOWN, answers=2)) == ([b"/sparql", b"/known"], [None, None])


def test_a_known_request_waits_for_the_answer_before_it():
    slow = b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n"
    assert connected(sent(slow + b"a", KNOWN[:1], pause=0.05, answers=1))[0] == [b"/slow"]


@pytest.mark.parametrize(
    ("request_bytes", "why"),
    [
        (ASKED.replace(b"1.1", b"1.0"), "HTTP/1.0 ends its connection"),
        (ASKED.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"), "so does whoever says so"),
        (b"POST /sparql HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", "only GET is repeated"),
        (ASKED.replace(b"x", b"x" * 9000), "it is long"),
    ],
)
def test_some_requests_are_never_remembered(request_bytes, why):
    assert connected(sent(request_bytes))[1] == [None], why


def test_a_request_in_two_pieces_is_read_but_not_remembered():
    assert connected(sent(ASKED[:9], ASKED[9:], pause=0.05)) == ([b"/sparql"], [None])


@pytest.mark.parametrize(
    "pieces", [(ASKED[:20],), (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n", b"half")]
)
def test_a_request_that_does_not_arrive_is_given_up(monkeypatch, pieces):
    monkeypatch.setattr(wire, "_SLOWEST", 0.2)

    async def talk(reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await reader.read()

    assert connected(talk)[0].startswith(b"HTTP/1.1 408 ")


def test_a_connection_without_a_request_is_closed(monkeypatch):
    monkeypatch.setattr(wire, "_SLOWEST", 0.1)

    async def talk(reader, writer):
        return await reader.read()

    assert connected(talk)[0] == b""


def test_a_slow_client_of_many_requests_is_not_given_up(monkeypatch):
    monkeypatch.setattr(wire, "_SLOWEST", 0.3)
    assert connected(sent(KNOWN, ASKED, KNOWN, ASKED, pause=0.15, answers=4))[0][-1] == b"/sparql"


def test_the_head_of_an_answer_leaves_with_its_body():
    async def talk(reader, writer):
        writer.write(ASKED)
        return await reader.read(1 << 16)

    assert connected(talk)[0].endswith(b"\r\n\r\n/sparql")


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
def test_an_answer_without_a_body_leaves_too(method):
    async def talk(reader, writer):
        writer.write(ASKED.replace(b"GET", method).replace(b"/sparql", b"/"))
        return await reader.readuntil(b"\r\n\r\n")

    assert connected(talk)[0].startswith(b"HTTP/1.1 200 ")


def test_a_client_that_waits_for_100_gets_it_at_once():
    asked = b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n"

    async def talk(reader, writer):
        writer.write(asked)
        first = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"ab")
        return first, await answer(reader)

    assert connected(talk)[0] == (b"HTTP/1.1 100 Continue\r\n\r\n", (b"HTTP/1.1 200 OK", b"/x"))


@pytest.mark.parametrize("host", [b"", b"x", b"x:80", b"127.0.0.1", b"[::1]:8000", b"a_b-c.example."])
def test_a_host_is_a_name_or_an_address(host):
    asked = b"GET /x HTTP/1.1\r\nconnection: close\r\nhost: %b\r\n\r\n" % host
    assert connected(all_of(asked))[0].endswith(b"/x")


def test_a_long_head_that_arrives_at_once_is_refused_and_a_long_body_is_not():
    long = b"x: %b\r\n" % (b"y" * 66_000)
    assert connected(all_of(b"GET / HTTP/1.1\r\nhost: x\r\n" + long * 2 + b"\r\n"))[0].startswith(
        b"HTTP/1.1 431 "
    )
    body = b"z" * 200_000
    asked = POST + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    assert connected(all_of(asked))[0].endswith(b"/x")


def test_an_endless_head_is_refused():
    async def talk(reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n" + b"x: %b\r\n" % (b"y" * 100) * 1300)
        return await reader.read()

    assert connected(talk)[0].startswith(b"HTTP/1.1 431 ")


POST = b"POST /x HTTP/1.1\r\nhost: x\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n"


def all_of(*pieces: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for piece in pieces:
            writer.write(piece)
        return await reader.read()

    return talk


@pytest.mark.parametrize(
    "garbage",
    [
        b"GIBBERISH\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n",
        b'GET / HTTP/1.1\r\nhost: a b<>"{}\r\n\r\n',
        b"GET / HTTP/1.1\r\nhost: a/b\r\n\r\n",
        POST + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        POST + b"content-length: 1\r\ncontent-length: 1\r\n\r\na",
        POST + b"transfer-encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        CHUNKED + b"nonsense\r\n",
    ],
)
def test_what_is_no_request_is_refused_with_a_problem_document(garbage):
    head, _, body = connected(all_of(garbage))[0].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json")
    assert json.loads(body)["status"] == 400


@pytest.mark.parametrize(
    ("line", "status", "kind"),
    [
        (b"FOO / HTTP/1.1", b"501 Not Implemented", "method"),
        (b"get / HTTP/1.1", b"501 Not Implemented", "method"),
        (b"DESCRIBE / HTTP/1.1", b"501 Not Implemented", "method"),
        (b"GET / HTTP/4.0", b"505 HTTP Version Not Supported", "http-version"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505 HTTP Version Not Supported", "http-version"),
        (b"PRI * HTTP/2.0", b"505 HTTP Version Not Supported", "http-version"),
        (b"\x16\x03\x01\x02\x00\x01", b"400 Bad Request", "refused"),
    ],
)
def test_a_method_or_version_that_nobody_knows_is_named(line, status, kind):
    head, _, body = connected(all_of(line + b"\r\nhost: x\r\n\r\n"))[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"HTTP/1.1 " + status
    assert json.loads(body)["type"].rsplit("/", 1)[-1] == kind


def test_http_1_0_needs_no_host():
    assert connected(all_of(b"GET /old HTTP/1.0\r\n\r\n"))[0].endswith(b"/old")


@pytest.mark.parametrize("length", [70_000, 200_000])
def test_a_url_beyond_what_can_be_read_is_too_long(length):
    assert connected(all_of(b"GET /%b HTTP/1.1\r\nhost: x\r\n\r\n" % (b"y" * length)))[0].startswith(
        b"HTTP/1.1 414 "
    )


def test_garbage_behind_a_request_is_no_answer_to_it():
    waiting = POST + b"content-length: 2\r\n\r\na"
    assert connected(all_of(ASKED + b"GIBBERISH\r\n\r\n"))[0] == b""
    assert connected(all_of(waiting, b"bGIBBERISH\r\n\r\n"))[0] == b""


def test_endless_trailers_are_refused():
    trailers = b"0\r\nx: " + b"y" * 2 * wire._LARGEST
    assert b"HTTP/1.1 431 " in connected(all_of(CHUNKED + trailers))[0]


def test_a_long_body_is_for_the_application_to_judge():
    body = b"z" * 3 * wire._LARGEST
    asked = POST + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    assert connected(all_of(asked, body))[0].endswith(b"/x")


def test_many_requests_on_top_of_each_other_end_the_connection():
    async def talk(reader, writer):
        writer.write(POST + b"content-length: 1\r\n\r\n")
        await asyncio.sleep(0.05)
        writer.write(b"a" + ASKED * 100)
        with suppress(ConnectionError):
            return await reader.read()

    assert not connected(talk)[0]


def test_whoever_answers_learns_that_the_client_has_left_requests_behind_it_or_not():
    told: list[str] = []

    async def application(_scope, receive, _send) -> None:
        told.extend([(await receive())["type"], (await receive())["type"]])

    async def main() -> None:
        config = uvicorn.Config(application, log_config=None, access_log=False, lifespan="off")
        config.load()
        make = partial(Wire, Known(), config=config, server_state=ServerState(), app_state={})
        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        async with server, asyncio.timeout(20):
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(ASKED * 3)
            await asyncio.sleep(0.1)
            writer.close()
            while len(told) < 2:
                await asyncio.sleep(0.01)

    asyncio.run(main())
    assert told == ["http.request", "http.disconnect"]


def test_another_protocol_is_answered_in_this_one():
    asked = b"GET /up HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    found = connected(all_of(asked))[0]
    assert found.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in found


@pytest.mark.parametrize(("left", "aborted"), [(100_000, True), (90_000, False)])
def test_a_client_that_takes_nothing_is_given_up_and_a_slow_one_is_not(left, aborted):
    given_up: list[bool] = []

    class Transport(asyncio.Transport):
        held = 100_000

        def get_write_buffer_size(self) -> int:
            return self.held

        def abort(self) -> None:
            given_up.append(True)

    async def main() -> None:
        config = uvicorn.Config(Application(), log_config=None, lifespan="off")
        config.load()
        connection, transport = (
            Wire(Known(), config=config, server_state=ServerState(), app_state={}),
            Transport(),
        )
        connection.connection_made(transport)
        connection.pause_writing()
        transport.held = left
        connection._abort_stalled(100_000)
        connection.resume_writing()
        connection.connection_lost(OSError())

    asyncio.run(main())
    assert bool(given_up) is aborted


def test_what_is_left_of_an_answer_does_not_hold_a_closed_connection(monkeypatch):
    monkeypatch.setattr(framing, "_PATIENCE", 0.05)
    done: list[str] = []

    class Transport(asyncio.Transport):
        def get_write_buffer_size(self) -> int:
            return 1

        def close(self) -> None:
            done.append("close")

        def abort(self) -> None:
            done.append("abort")

    async def main() -> None:
        framing.close_softly(Transport())
        await asyncio.sleep(0.1)

    asyncio.run(main())
    assert done == ["close", "abort"]
