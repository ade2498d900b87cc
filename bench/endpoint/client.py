"""A query in, a whole answer out, over one kept connection: as little work as a client can do."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from urllib.parse import quote

__all__ = ["Client", "row_count", "target"]

_RESTED = b"os error 11"
"""In what the Oxigraph server sends unasked before it closes a connection that rested too long."""

ROWS, GRAPH = "application/sparql-results+json", "text/turtle"


def target(path: str, query: str, extra: str = "") -> str:
    """Write the request target of a query by GET."""
    return f"{path}?query={quote(query, safe='')}{extra}"


class Client:
    """One connection to a server on loopback; a broken one is opened again on the next request."""

    def __init__(self, port: int, path: str, extra: str = "", *, timeout: float = 30.0) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
        self._path, self._extra = path, extra

    def fetch(self, query: str) -> bytes:
        """Ask and read the whole body.

        Raises:
            HTTPException, OSError: no answer, a broken one, or a status other than 200.
        """
        accept = GRAPH if "CONSTRUCT" in query else ROWS
        headers = {"Accept": accept}
        try:
            status, body = self._exchange(query, headers)
        except (RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # The server has closed a connection that rested too long; once more on a new one.
            status, body = self._exchange(query, headers)
        if status == 500 and _RESTED in body:
            self._connection.close()
            status, body = self._exchange(query, headers)
        if status != 200:
            raise HTTPException(f"{status}: {body[:200]!r}")
        return body

    def _exchange(self, query: str, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            self._connection.request("GET", target(self._path, query, self._extra), headers=headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, HTTPException):
            self._connection.close()
            raise

    def ask(self, query: str) -> bool:
        """Whether an ASK is answered with true."""
        return b"true" in self.fetch(query)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def row_count(query: str, body: bytes) -> int:
    """Count the rows of an answer, or its triples, to see that all engines answer alike."""
    if "CONSTRUCT" in query:
        import pyoxigraph as ox

        return len({quad.triple for quad in ox.parse(body, ox.RdfFormat.TURTLE)})
    return len(json.loads(body)["results"]["bindings"])
