"""Endpoints on this machine for the tests of SERVICE: one that answers, and some that do anything else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from ketagraph.errors import KetaGraphError
from ketagraph.store.engine import Engine

JSON = "application/sparql-results+json"
ROWS = b'{"head": {"vars": ["%b"]}, "results": {"bindings": [%b]}}'


class Endpoint(BaseHTTPRequestHandler):
    """Answers over ``engine`` at any path but those that choose what goes wrong; notes what it was asked."""

    engine: Engine
    asked: list[str]
    headers_seen: list[dict[str, str]]
    origin: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        is_form = self.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
        query = parse_qs(body)["query"][0] if is_form else body
        self.asked.append(query)
        self.headers_seen.append(dict(self.headers.items()))
        with suppress(BrokenPipeError, ConnectionResetError):
            getattr(self, f"do_{self.path.strip('/')}", self.do_answer)(query)

    def do_answer(self, query: str) -> None:
        try:
            self.say(self.engine.select_bytes(query, JSON))
        except KetaGraphError as error:
            self.say(str(error).encode(), status=400, media_type="text/plain")

    def do_redirecting(self, query: str) -> None:
        self.say(b"", status=302, location=f"http://127.0.0.1:{self.server.server_port}/sparql")  # type: ignore[attr-defined]

    def do_slow(self, query: str) -> None:
        time.sleep(20)

    def do_dripping(self, query: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.end_headers()
        while True:
            self.wfile.write(b" ")
            time.sleep(0.1)

    def do_endless(self, query: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.end_headers()
        while True:
            self.wfile.write(b" " * (1 << 16))

    def do_page(self, query: str) -> None:
        self.say(b"<html>hello</html>", media_type="text/html")

    def do_failing(self, query: str) -> None:
        self.say(b"out of order", status=500, media_type="text/plain")

    def do_cut(self, query: str) -> None:
        self.say((ROWS % (b"s", b""))[:20])

    def do_truncated(self, query: str) -> None:
        self.say(b'{"head": {"vars": []}, "results": {"bindings": []}, "truncated": {"maxRows": 1}}')

    def do_odd(self, query: str) -> None:
        self.say(ROWS % (b"s", b'{"s": {"type": "uri", "value": "http://e/> } # "}}'))

    def do_many(self, query: str) -> None:
        row = b'{"s": {"type": "literal", "value": "x"}}'
        self.say(ROWS % (b"s", b",".join([row] * 10_001)))

    def say(self, body: bytes, *, status: int = 200, media_type: str = JSON, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def endpoint(engine: Engine) -> Iterator[type[Endpoint]]:
    """Run an endpoint; ``origin`` is its address."""
    handler = type("Handler", (Endpoint,), {"engine": engine, "asked": [], "headers_seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    handler.origin = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    try:
        yield handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
