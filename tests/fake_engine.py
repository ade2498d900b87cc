"""An engine of a few lines on loopback, which misbehaves as its path says; it remembers what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from ketagraph.store.engine import Engine

JSON = "application/sparql-results+json"
ROWS = b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"literal","value":"x"}}]}}'


@dataclass
class Fake:
    """A running fake: its address, and every request that was made of it (path, headers, form)."""

    url: str
    asked: list[tuple[str, dict[str, str], dict[str, list[str]]]] = field(default_factory=list)
    dropped: threading.Event = field(default_factory=threading.Event)

    def at(self, path: str) -> list[dict[str, list[str]]]:
        """The forms that were sent to a path, without our own look at the pointer."""
        return [form for found, _, form in self.asked if found == path and "pointer" not in str(form)]


class Handler(BaseHTTPRequestHandler):
    fake: Fake
    engine: Engine
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.whole(400, "text/plain", b"no query")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = parse_qs(body)
        self.fake.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, form))
        query = form["query"][0]
        if "engine/pointer" in query:
            self.whole(200, JSON, self.engine.select_bytes(query, JSON))
            return
        try:
            getattr(self, self.path.strip("/").replace("-", "_"))(query)
        except (BrokenPipeError, ConnectionResetError):
            self.fake.dropped.set()

    def whole(self, status: int, kind: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **extra}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def good(self, query: str) -> None:
        accept = self.headers["Accept"].split(",")[0]
        self.whole(200, accept, self.engine.select_bytes(query, accept))

    def slow(self, query: str) -> None:
        for _ in range(200):
            self.connection.settimeout(0.05)
            try:
                if not self.connection.recv(1):
                    self.fake.dropped.set()
                    return
            except TimeoutError:
                time.sleep(0)

    def html(self, query: str) -> None:
        self.whole(200, "text/html", b"<html><body>Welcome</body></html>")

    def short(self, query: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.send_header("Content-Length", str(len(ROWS) + 100))
        self.end_headers()
        self.wfile.write(ROWS)
        self.close_connection = True

    def unfinished(self, query: str) -> None:
        self.whole(200, JSON, ROWS[:-5])

    def endless_graph(self, query: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/n-triples")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"<urn:a> <urn:b> <urn:c> .\n")
        self.close_connection = True

    def refusing(self, query: str) -> None:
        self.whole(401, "text/plain", b"who are you")

    def bad_query(self, query: str) -> None:
        self.whole(400, "text/plain", b"<b>syntax error</b> at line 1")

    def partial(self, query: str) -> None:
        self.whole(206, JSON, ROWS)

    def cut(self, query: str) -> None:
        self.whole(200, JSON, ROWS, X_KetaGraph_Truncated="true")

    def cut_behind(self, query: str) -> None:
        self.whole(200, JSON, ROWS.rstrip()[:-1] + b',"truncated":{"maxRows":1}}')

    def failing(self, query: str) -> None:
        self.whole(500, "text/plain", b"out of memory")

    def busy(self, query: str) -> None:
        self.whole(503, "text/plain", b"later")

    def busy_once(self, query: str) -> None:
        if len(self.fake.at("/busy-once")) == 1:
            self.busy(query)
        else:
            self.whole(200, JSON, ROWS)

    def log_message(self, *args: Any) -> None:
        """Keep the test's output clean."""


@contextmanager
def fake_engine(engine: Engine) -> Iterator[Fake]:
    """Run a fake over ``engine``."""
    handler = type("Bound", (Handler,), {"engine": engine})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.fake = fake = Fake(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
