"""A file of N-Triples in, running servers out: each peer started on loopback in its own way.

A peer is a function of (data, folder, port) that loads the data and starts its server; each is stopped by
ending its process. Peers that are not installed are told apart before anything is started.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from string import Template
from urllib.request import Request, urlopen

import jena
from client import Client

__all__ = ["PEERS", "Peer", "Running", "free_port"]

_HERE = Path(__file__).parent
_PATIENCE = 900.0
_ASK = "ASK { <https://w3id.org/ketagraph/Ketamine> ?p ?o }"


@dataclass(frozen=True, slots=True)
class Peer:
    """How one engine is served. ``missing`` says what is not installed, or is empty.

    ``prepare`` loads the data into a store of the peer's own where it has one (None: it loads on every
    start); ``command`` gives the server's command; ``fill`` sends the data to a running server.
    """

    name: str
    missing: Callable[[], str]
    command: Callable[[Path, Path, int], list[str]]
    path: str = "/sparql"
    extra: str = ""
    prepare: Callable[[Path, Path], None] | None = None
    fill: Callable[[Path, int], None] | None = None


@dataclass(slots=True)
class Running:
    """A peer that answers. Seconds: ``load`` of the data alone, ``start`` from the process to an answer."""

    peer: Peer
    data: Path
    folder: Path
    load: float = 0.0
    start: float = 0.0
    port: int = 0
    process: subprocess.Popen[bytes] = field(init=False)

    @classmethod
    def begin(cls, peer: Peer, data: Path, folder: Path) -> Running:
        """Load, start, and wait for the first answer.

        Raises:
            RuntimeError: the process ended, or gave no answer in time.
        """
        folder = folder / peer.name.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        running = cls(peer, data, folder)
        if peer.prepare:
            began = time.perf_counter()
            peer.prepare(data, folder)
            running.load = time.perf_counter() - began
        running._start()
        return running

    def again(self) -> None:
        """Stop the server and start another."""
        self.stop()
        self._start()

    def stop(self) -> None:
        """End the process, kindly first."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
            return
        self.process.kill()
        self.process.wait()

    def _start(self) -> None:
        self.port = free_port()
        began = time.perf_counter()
        command = self.peer.command(self.data, self.folder, self.port)
        with Path(self.folder, "log").open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if self.peer.fill:
            self._wait(self._listens)
            self.peer.fill(self.data, self.port)
        self._wait(self._answers)
        self.start = time.perf_counter() - began

    def _wait(self, is_so: Callable[[], bool]) -> None:
        """Poll often enough to time a start of some tenths of a second."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.peer.name} ended with status {self.process.returncode}")
            with suppress(OSError, HTTPException):
                if is_so():
                    return
            time.sleep(0.01)
        self.stop()
        raise RuntimeError(f"{self.peer.name} did not answer")

    def _listens(self) -> bool:
        socket.create_connection(("127.0.0.1", self.port)).close()
        return True

    def _answers(self) -> bool:
        client = Client(self.port, self.peer.path, self.peer.extra, timeout=_PATIENCE)
        try:
            return client.ask(_ASK)
        finally:
            client.close()


def free_port() -> int:
    """Find a port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _module(name: str) -> Callable[[], str]:
    return lambda: "" if importlib.util.find_spec(name) else f"the Python package {name} is not installed"


def _program(name: str) -> Callable[[], str]:
    return lambda: "" if _which(name) else f"the program {name} is not installed"


def _which(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or ""


def _ours(data: Path, _: Path, port: int) -> list[str]:
    limits = ["--timeout", "120", "--max-rows", "200000000"]
    return [sys.executable, "-m", "ketagraph", "serve", "--data", str(data), "--port", str(port), *limits]


def _oxigraph_load(data: Path, folder: Path) -> None:
    command = [_which("oxigraph"), "load", "--location", str(folder / "store"), "--file", str(data)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _oxigraph_disk(_: Path, folder: Path, port: int) -> list[str]:
    location = str(folder / "store")
    return [_which("oxigraph"), "serve-read-only", "--location", location, "--bind", f"127.0.0.1:{port}"]


def _oxigraph_memory(_data: Path, _folder: Path, port: int) -> list[str]:
    return [_which("oxigraph"), "serve", "--bind", f"127.0.0.1:{port}"]


def _oxigraph_fill(data: Path, port: int) -> None:
    with data.open("rb") as file:
        request = Request(f"http://127.0.0.1:{port}/store?default", file, method="POST")
        request.add_header("Content-Type", "application/n-triples")
        request.add_header("Content-Length", str(data.stat().st_size))
        urlopen(request, timeout=_PATIENCE).close()


def _rdflib_endpoint(data: Path, _: Path, port: int) -> list[str]:
    return [_which("rdflib-endpoint"), "serve", "--host", "127.0.0.1", "--port", str(port), str(data)]


def _virtuoso_ini(data: Path, folder: Path, http: int) -> int:
    sql = free_port()
    text = Template((_HERE / "virtuoso.ini").read_text(encoding="utf-8"))
    filled = text.substitute(folder=folder, data=data.parent, http=http, sql=sql)
    (folder / "virtuoso.ini").write_text(filled, encoding="utf-8")
    return sql


def _virtuoso_load(data: Path, folder: Path) -> None:
    """Start it once, bulk-load, checkpoint, and stop it: its store is then on disk."""
    sql = _virtuoso_ini(data, folder, free_port())
    command = ["virtuoso-t", "+foreground", "+configfile", str(folder / "virtuoso.ini")]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        orders = (
            f"ld_dir('{data.parent}', '{data.name}', 'urn:bench'); rdf_loader_run(); checkpoint; shutdown;"
        )
        for _ in range(600):
            done = subprocess.run(
                ["isql-vt", f"127.0.0.1:{sql}", "dba", "dba", f"exec={orders}"],
                capture_output=True,
                check=False,
            )
            if done.returncode == 0 or b"LOST CONNECTION" in done.stderr.upper() + done.stdout.upper():
                break
            time.sleep(0.2)
        server.wait(_PATIENCE)


def _virtuoso(data: Path, folder: Path, port: int) -> list[str]:
    _virtuoso_ini(data, folder, port)
    return ["virtuoso-t", "+foreground", "+configfile", str(folder / "virtuoso.ini")]


def _jena(data: Path, folder: Path, port: int) -> list[str]:
    return [
        _which("java"),
        "-Xmx4g",
        "-Dsun.net.httpserver.nodelay=true",
        "-cp",
        jena.classpath(folder),
        str(_HERE / "JenaServer.java"),
        str(data),
        str(port),
    ]


PEERS: Mapping[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer("ketagraph", _module("ketagraph"), _ours),
        Peer("oxigraph memory", _program("oxigraph"), _oxigraph_memory, "/query", fill=_oxigraph_fill),
        Peer("oxigraph disk", _program("oxigraph"), _oxigraph_disk, "/query", prepare=_oxigraph_load),
        Peer(
            "virtuoso",
            _program("virtuoso-t"),
            _virtuoso,
            "/sparql",
            "&default-graph-uri=urn:bench",
            _virtuoso_load,
        ),
        Peer("jena", jena.missing, _jena),
        Peer("rdflib-endpoint", _program("rdflib-endpoint"), _rdflib_endpoint, "/"),
    )
}
"""In the order in which they are started and shown."""
