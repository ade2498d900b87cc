"""One request to an engine, one answer back, in this thread: for the command line, Python and pushing.

Reads are tried again where nothing has come of an answer, writes never. Redirects are not followed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import BufferedReader, BytesIO, RawIOBase
from typing import IO, TYPE_CHECKING

from ketagraph.engines.address import AGENT, Address
from ketagraph.engines.dialect import recognised
from ketagraph.engines.responses import TRANSIENT, accept, failure, media_type, reason
from ketagraph.engines.view import View
from ketagraph.errors import EngineFailed, EnvironmentFault, QueryStopped
from ketagraph.store.conversion import convert
from ketagraph.store.query import Outcome, Query

if TYPE_CHECKING:
    import httpx
    from _typeshed import WriteableBuffer

__all__ = ["Client"]

_TRIES, _PAUSE = 3, 0.1
_NTRIPLES = "application/n-triples"
_BUFFER = 1 << 16


@dataclass
class _Collected:
    """A sink that keeps the answer."""

    body: bytearray = field(default_factory=bytearray)

    def start(self, media_type: str) -> None:
        """Nothing to keep: it is known."""

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self.body += data


@dataclass(frozen=True)
class Client:
    """An engine; ``timeout`` is in seconds for one request, ``max_bytes`` what one answer may weigh."""

    address: Address
    timeout: float = 60.0
    max_bytes: int = 256 << 20

    @cached_property
    def _http(self) -> httpx.Client:
        import httpx

        return httpx.Client(
            auth=self.address.auth(),
            headers={"User-Agent": AGENT},
            timeout=self.timeout,
            # Nobody closes a graph that is open for questions, so no connection outlives its request.
            limits=httpx.Limits(max_keepalive_connections=0),
            verify=self.address.is_encrypted,
            follow_redirects=False,
            trust_env=False,
        )

    def recognised(self) -> Client:
        """Return the same engine with the dialect that its Server header tells, if none was named.

        Raises:
            EnvironmentFault: it cannot be reached.
        """
        if self.address.dialect.name != "generic":
            return self
        with self._sent("GET", self.address.url, params={"query": "ASK{}"}) as response:
            found = recognised(response.headers.get("server", ""))
        return replace(self, address=replace(self.address, dialect=found))

    def ask(self, query: Query, view: View) -> tuple[bytes, Outcome]:
        """Ask through ``view``: the answer in the form that ``query`` wants, and how it ended.

        Raises:
            QueryRefused: the engine turns the query away.
            EngineFailed, QueryStopped: it did not finish, or its answer cannot be used.
            EnvironmentFault: it cannot be reached.
        """
        asked, sink = view.asked(query), _Collected()
        fields, headers = asked.fields(view.dialect, query.timeout), {"Accept": accept(asked.form)}
        with self._read("POST", self.address.url, asked.form, data=fields, headers=headers) as response:
            body = self._body(response)
            found = media_type(response.headers)
        mender = view.mender()
        source = BytesIO(mender.feed(body) + mender.finish())
        outcome = convert(source, found, query, asked.form, sink, ask_variable=view.dialect.ask_variable)
        return bytes(sink.body), outcome

    @contextmanager
    def graph(self, iri: str) -> Iterator[tuple[IO[bytes], str]]:
        """Fetch a graph by the Graph Store Protocol: statements as they come, and their media type.

        Where there is no such graph there are no statements.
        """
        headers = {"Accept": _NTRIPLES}
        with self._sent("GET", self.address.graphs, params={"graph": iri}, headers=headers) as response:
            if response.status_code == 404:
                yield BytesIO(), _NTRIPLES
                return
            if response.status_code != 200:
                self._expect(response, self._body(response), "read a graph")
            yield _stream(response), media_type(response.headers)

    @contextmanager
    def statements(self, query: Query, view: View) -> Iterator[tuple[IO[bytes], str]]:
        """Ask a CONSTRUCT: statements as they come, as the engine writes them, and their media type."""
        asked = view.asked(query)
        fields, headers = asked.fields(view.dialect, query.timeout), {"Accept": accept(asked.form)}
        with self._read("POST", self.address.url, asked.form, data=fields, headers=headers) as response:
            yield _stream(response), media_type(response.headers)

    def put(self, iri: str, statements: bytes) -> None:
        """Replace a graph by N-Triples."""
        self._write("PUT", self.address.graphs, statements, {"graph": iri})

    def add(self, iri: str, statements: bytes) -> None:
        """Add N-Triples to a graph, wholly or not at all where it is one statement."""
        self._write("POST", self.address.graphs, statements, {"graph": iri})

    def drop(self, iri: str) -> None:
        """Remove a graph; one that is not there is no fault."""
        with self._sent("DELETE", self.address.graphs, params={"graph": iri}) as response:
            body = self._body(response)
            if response.status_code != 404:
                self._expect(response, body, "drop a graph")

    def update(self, text: str) -> None:
        """Run a SPARQL update."""
        kind = "application/sparql-update"
        self._write("POST", self.address.updates, text.encode(), {}, kind)

    def close(self) -> None:
        """Drop the connections."""
        self._http.close()

    def _write(
        self, method: str, url: str, body: bytes, parameters: dict[str, str], kind: str = _NTRIPLES
    ) -> None:
        headers = {"Content-Type": kind}
        with self._sent(method, url, params=parameters, content=body, headers=headers) as response:
            self._expect(response, self._body(response), "write to it")

    def _expect(self, response: httpx.Response, body: bytes, what: str) -> None:
        status = response.status_code
        if status in {401, 403}:
            raise EngineFailed(f"{self.address.url}: {status}: it does not let us {what}; see {_HELP}")
        if not 200 <= status < 300 or status == 206:
            said = reason(body)
            raise EngineFailed(f"{self.address.url}: cannot {what}: {status}{': ' if said else ''}{said}")

    @contextmanager
    def _read(self, method: str, url: str, form: str, **given: object) -> Iterator[httpx.Response]:
        """Send a read, again where the engine cannot just now."""
        for attempt in range(1, _TRIES + 1):
            with self._sent(method, url, **given) as response:
                dialect = self.address.dialect
                error = failure(self.address.url, response.status_code, response.headers, form, dialect)
                if error is None:
                    yield response
                    return
                said = reason(self._body(response))
                if attempt == _TRIES or response.status_code not in TRANSIENT:
                    raise type(error)(f"{error}: {said}") if said else error
            time.sleep(_PAUSE * 2**attempt)

    @contextmanager
    def _sent(self, method: str, url: str, **given: object) -> Iterator[httpx.Response]:
        import httpx

        try:
            with self._http.stream(method, url, **given) as response:  # type: ignore[arg-type]
                yield response
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL) as error:
            raise EnvironmentFault(
                f"{self.address.url} cannot be reached: {error or type(error).__name__}"
            ) from error
        except httpx.HTTPError as error:
            raise EngineFailed(f"{self.address.url} broke off: {error or type(error).__name__}") from error

    def _body(self, response: httpx.Response) -> bytes:
        body, deadline = bytearray(), time.monotonic() + self.timeout
        for piece in response.iter_bytes():
            body += piece
            if len(body) > self.max_bytes:
                raise QueryStopped(f"{self.address.url}: the answer is larger than {self.max_bytes} bytes")
            if time.monotonic() > deadline:
                raise QueryStopped(f"{self.address.url}: no whole answer within {self.timeout:g} s")
        return bytes(body)


class _Pieces(RawIOBase):
    """Pieces of a body as a file that is read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, memoryview(b"")

    def readable(self) -> bool:
        """Say that it is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill ``buffer`` as far as the next piece goes; 0 at the end."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        target = memoryview(buffer)
        size = min(len(target), len(self._left))
        target[:size], self._left = self._left[:size], self._left[size:]
        return size


def _stream(response: httpx.Response) -> IO[bytes]:
    return BufferedReader(_Pieces(response.iter_bytes()), _BUFFER)


_HELP = "docs/engines.md on credentials"
