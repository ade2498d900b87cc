"""A dataset in, a running ``ketagraph serve --data`` out, and one request at a time to it: loopback only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pyoxigraph as ox
from manifest import BASE

__all__ = ["Endpoint", "NotServed", "Response", "quads", "serving"]


class NotServed(Exception):
    """The server refused the data, or ended."""


_HOST = BASE.removeprefix("http://").removesuffix("/")
_SERVING = re.compile(r" at http://127\.0\.0\.1:(\d+)")
_TIMEOUT = 30.0


class Response(NamedTuple):
    """What came back: status, Content-Type without parameters, body."""

    status: int
    media_type: str
    body: bytes


class Endpoint:
    """A server on loopback."""

    def __init__(self, port: int) -> None:
        self._port = port

    def query(self, text: str, accept: str) -> Response:
        """Send a query as it is, by POST direct."""
        return self.send(
            "POST", "/sparql", text.encode(), {"Content-Type": "application/sparql-query", "Accept": accept}
        )

    def fetch(self, **parameters: str) -> Response:
        """Ask by GET."""
        return self.send("GET", "/sparql?" + urlencode(parameters) if parameters else "/sparql", b"", {})

    def send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Response:
        """Send a request with exactly these headers, and Host."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            length = {"Content-Length": str(len(body))} if body or method == "POST" else {}
            for name, value in {"Host": _HOST, **length, **headers}.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            response = connection.getresponse()
            return Response(response.status, response.headers.get_content_type(), response.read())
        finally:
            connection.close()


def quads(data: Iterable[Path], graphs: Iterable[tuple[str, Path]]) -> bytes:
    """Write files as N-Quads: ``data`` merged in the default graph, ``graphs`` each under its IRI."""
    found = [quad for path in data for quad in _parsed(path)]
    for iri, path in graphs:
        name = ox.NamedNode(iri)
        found += [ox.Quad(quad.subject, quad.predicate, quad.object, name) for quad in _parsed(path)]
    return ox.serialize(found, None, ox.RdfFormat.N_QUADS) or b""


def _parsed(path: Path) -> Iterator[ox.Quad]:
    form = ox.RdfFormat.from_extension(path.suffix[1:])
    return iter(ox.parse(path.read_bytes(), form, base_iri=BASE + path.name, rename_blank_nodes=True))


@contextmanager
def serving(data: bytes) -> Iterator[Endpoint]:
    """Serve N-Quads with the library that this Python imports, as a user would; stopped on leaving."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data.nq")
        path.write_bytes(data)
        command = [sys.executable, "-m", "ketagraph", "serve", "--data", str(path), "--port", "0"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
            try:
                yield Endpoint(_port(process))
            finally:
                process.terminate()


def _port(process: subprocess.Popen[str]) -> int:
    told = []
    for line in process.stderr or ():
        if found := _SERVING.search(line):
            return int(found[1])
        told.append(line.strip())
    raise NotServed(f"the server did not start: {told[-1] if told else 'it said nothing'}")
