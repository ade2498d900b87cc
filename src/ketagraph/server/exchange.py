"""One request being answered: its headers as far as they matter, and the way back to the client.

What fails before the first byte is a problem document; what fails after it breaks the transfer, so that no
cut body passes for a whole one.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Iterable, Sequence

from starlette.types import Scope, Send

from ketagraph.errors import KetaGraphError, QueryStopped
from ketagraph.server import coding, problem, protocol
from ketagraph.server.cache import Entry, matches
from ketagraph.server.framing import TRAILERS
from ketagraph.store import Answer
from ketagraph.store.rows import announced_first

__all__ = ["ALLOW", "PIECE", "Exchange", "typed"]

_log = logging.getLogger(__name__)

_STALL = 30.0
"""Seconds that a client may take for one piece of a long answer."""

PIECE = 1 << 18
"""Bytes that are sent at once, without looking whether the client takes them."""

_WHOLE = 1 << 20
"""Bytes up to which an answer is taken together before it is sent, if it is complete by then."""

_PARTICULAR = {b"if-none-match", b"origin", b"x-ketagraph-query-id"}
"""Headers of a request that change those of its answer."""

_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_EXPOSED = "Retry-After, ETag, " + ", ".join(
    f"X-KetaGraph-{name}" for name in ("Query-Id", "Elapsed-Ms", "Max-Rows", "Rows", "Truncated")
)
_COMMON = [
    (b"vary", b"Accept, Accept-Encoding"),
    (b"access-control-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
]
_FOR_SCRIPTS = [(b"access-control-expose-headers", _EXPOSED.encode())]
_LATER = b"X-KetaGraph-Rows, X-KetaGraph-Truncated"
ALLOW = (b"allow", ", ".join(protocol.METHODS).encode())

_Header = tuple[bytes, bytes]
Headers = list[_Header]


class Exchange:
    """A request and the answer to it; ``max_age`` is for how many seconds others may keep that.

    ``status``, ``sent`` (bytes), ``rows`` and ``is_cached`` tell afterwards how it went.
    """

    def __init__(self, scope: Scope, send: Send, query_id: str, max_age: int) -> None:
        self._send, self.scope, self._max_age = send, scope, max_age
        self._headers = _joined(scope["headers"])
        self._started = time.perf_counter()
        self._is_head = scope["method"] == "HEAD"
        self.query_id = query_id
        self.accept = self.header(b"accept")
        self.text = ""
        self.status = self.sent = 0
        self.rows: int | None = None
        self.is_cached = False

    def header(self, name: bytes) -> str:
        """Return a header, its values joined; empty where it is missing."""
        return self._headers.get(name, b"").decode("latin-1")

    @property
    def elapsed(self) -> float:
        """Seconds since the request arrived."""
        return time.perf_counter() - self._started

    @property
    def client(self) -> str:
        """The client's address; empty where it has none (a Unix socket)."""
        return str((self.scope.get("client") or [""])[0])

    @property
    def is_safe(self) -> bool:
        """Whether the request is a GET or HEAD."""
        return self.scope["method"] in ("GET", "HEAD")

    @property
    def is_plain(self) -> bool:
        """Whether the same bytes again may be answered with the same bytes."""
        return self.scope["method"] == "GET" and not self._headers.keys() & _PARTICULAR

    def url(self, otherwise: str) -> str:
        """Tell the endpoint's own address as the client sees it; ``otherwise`` is the host if that is odd."""
        host = self.header(b"host")
        shown = host if _HOST.fullmatch(host) else otherwise
        return f"{self.scope['scheme']}://{shown}{self.scope.get('root_path', '')}/sparql"

    async def respond(
        self, status: int, headers: Headers, body: bytes = b"", shared: Iterable[_Header] = _COMMON
    ) -> None:
        """Send a whole response."""
        length = [] if status in (204, 304) else [(b"content-length", b"%d" % len(body))]
        await self._begin(status, headers + length, shared)
        await self._body(b"" if self._is_head else body, more=False)

    async def refuse(self, error: KetaGraphError) -> None:
        """Send a problem document; once a body has begun, leave it broken instead."""
        if self.status:
            _log.warning("query %s: transfer broken off: %s", self.query_id, error)
            return
        document = problem.of(error, query=self.text, query_id=self.query_id)
        content_type, body = document.written(self.accept, self.header(b"user-agent"))
        headers = [
            (b"content-type", content_type.encode()),
            (b"cache-control", b"no-store"),
            *document.headers,
        ]
        if document.status == 405:
            headers.append(ALLOW)
        await self.respond(document.status, headers, body)

    async def send_entry(self, entry: Entry) -> None:
        """Send an answer that is at hand, or say that the client has it already."""
        wanted = self.header(b"if-none-match")
        if wanted and self.is_safe and matches(entry.etag, wanted):
            kept = [pair for pair in entry.headers if pair[0] not in (b"content-length", b"content-encoding")]
            await self.respond(304, kept, shared=())
            return
        await self._begin(200, list(entry.headers), shared=())
        if self._is_head or len(entry.body) <= PIECE:
            await self._body(b"" if self._is_head else entry.body, more=False)
        else:
            await self._pass_on(_slices(entry.body))

    async def stream(self, answer: Answer, max_rows: int, wanted: str, *, lasting: bool) -> Entry | None:
        """Send an answer: at once where it is complete and not too long, and then it is also returned.

        ``wanted`` is the content coding; an answer that is not ``lasting`` is for nobody to keep.

        Raises:
            QueryStopped: it cannot be completed, or it was cut and there is no way left to say so.
        """
        facts = self._facts(answer, max_rows)
        if answer.size is None or answer.size > _WHOLE:
            await self._stream_long(answer, facts, wanted)
            return None
        body = b"".join([piece async for piece in _told(answer)])
        used = wanted if len(body) >= coding.SMALLEST else coding.IDENTITY
        packed = await _packed(body, used)
        facts += [*_coded(used), (b"content-length", b"%d" % len(packed)), self._keeping(lasting=lasting)]
        entry = Entry.of(facts, packed, _COMMON, lasting=lasting)
        await self.send_entry(entry)
        return entry

    async def _stream_long(self, answer: Answer, facts: Headers, wanted: str) -> None:
        size = answer.size
        length = [(b"content-length", b"%d" % size)] if size is not None and not wanted else []
        is_open = size is None and not self._is_head
        trailing = is_open and TRAILERS in self.scope.get("extensions", {})
        later = [(b"trailer", _LATER)] if trailing else []
        headers = [*facts, *_coded(wanted), *length, *later, (b"cache-control", b"no-store")]
        await self._begin(200, headers, trailing=trailing)
        if self._is_head:
            await self._body(b"", more=False)
        else:
            pieces = _told(answer) if size is not None else _announced(answer)
            await self._pass_on(_repacked(pieces, wanted) if wanted else pieces)
        ending = self._ending(answer)
        if trailing:
            await self._send({"type": TRAILERS, "headers": ending, "more_trailers": False})

    async def _pass_on(self, pieces: AsyncIterator[bytes]) -> None:
        """Send piece by piece, as the client takes them."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_STALL) as clock:
                async for piece in pieces:
                    await self._body(piece, more=True)
                    clock.reschedule(loop.time() + _STALL)
        except TimeoutError as error:
            raise QueryStopped(f"the client took nothing for {_STALL:g} s") from error
        await self._body(b"", more=False)

    def _facts(self, answer: Answer, max_rows: int) -> Headers:
        headers = [(b"content-type", typed(answer.media_type)), (b"x-ketagraph-max-rows", b"%d" % max_rows)]
        return headers + self._ending(answer)

    def _ending(self, answer: Answer) -> Headers:
        """Tell how an answer has ended, if that is known."""
        outcome = answer.outcome
        if outcome is None:
            return []
        self.rows = outcome.rows
        truncated = b"true" if outcome.truncated else b"false"
        return [(b"x-ketagraph-rows", b"%d" % outcome.rows), (b"x-ketagraph-truncated", truncated)]

    def _keeping(self, *, lasting: bool) -> tuple[bytes, bytes]:
        return b"cache-control", b"public, max-age=%d" % self._max_age if lasting else b"no-store"

    async def _begin(
        self, status: int, headers: Headers, shared: Iterable[_Header] = _COMMON, *, trailing: bool = False
    ) -> None:
        ours = [
            *shared,
            *(_FOR_SCRIPTS if b"origin" in self._headers else ()),
            (b"x-ketagraph-query-id", self.query_id.encode()),
            (b"x-ketagraph-elapsed-ms", b"%.1f" % (self.elapsed * 1000)),
        ]
        self.status = status
        start = {"type": "http.response.start", "status": status, "headers": headers + ours}
        await self._send(start | {"trailers": True} if trailing else start)

    async def _body(self, piece: bytes, *, more: bool) -> None:
        self.sent += len(piece)
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})


def typed(media_type: str) -> bytes:
    """Write a media type as a Content-Type, with its charset where it has one."""
    is_text = media_type.startswith("text/") or media_type.endswith("xml")
    return f"{media_type}; charset=utf-8".encode() if is_text else media_type.encode()


def _joined(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    joined = dict(headers)
    if len(joined) < len(headers):
        for name in joined:
            joined[name] = b", ".join(value for key, value in headers if key == name)
    return joined


def _coded(used: str) -> Headers:
    return [(b"content-encoding", used.encode())] if used else []


async def _packed(body: bytes, used: str) -> bytes:
    """Pack a body; a long one beside the loop, which has others to answer."""
    if len(body) > PIECE and used:
        return await asyncio.to_thread(coding.pack, body, used)
    return coding.pack(body, used)


def _told(answer: Answer) -> AsyncIterator[bytes]:
    """Give the pieces of a complete answer; where its body says that it was cut, it says so first."""
    outcome = answer.outcome
    return announced_first(aiter(answer), outcome.rows) if outcome and outcome.announced else aiter(answer)


async def _slices(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE):
        yield body[start : start + PIECE]


async def _announced(answer: Answer) -> AsyncIterator[bytes]:
    """Refuse to go on with a body that was cut and neither says so nor has a header left to say it in."""
    async for piece in answer:
        outcome = answer.outcome
        if outcome and outcome.truncated and not outcome.announced:
            raise QueryStopped("cut at the row limit after the headers had gone")
        yield piece


async def _repacked(pieces: AsyncIterator[bytes], used: str) -> AsyncIterator[bytes]:
    packer = coding.packer(used)
    async for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()
