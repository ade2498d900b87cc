"""Engines of others, started on loopback below a folder of the test's own, and ended with it."""

from __future__ import annotations

import importlib.util
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from ketagraph.engines.address import Credentials
from ketagraph.engines.dialect import named
from ketagraph.remote import Remote

HERE = Path(__file__).parent

VIRTUOSO = shutil.which("virtuoso-t")
OXIGRAPH = shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or shutil.which("oxigraph")

_INI = """\
[Database]
DatabaseFile = v.db
ErrorLogFile = v.log
LockFile = v.lck
TransactionFile = v.trx
xa_persistent_file = v.pxa
[TempDatabase]
DatabaseFile = t.db
TransactionFile = t.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
NumberOfBuffers = 10000
MaxDirtyBuffers = 6000
CheckpointInterval = 0
DirsAllowed = .
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 8
[SPARQL]
ResultSetMaxRows = 1000000
MaxQueryExecutionTime = 120
"""
_PATIENCE = 90.0


def _bench_jena() -> Any:
    path = HERE.parent / "bench" / "endpoint" / "jena.py"
    spec = importlib.util.spec_from_file_location("jena", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


JENA = _bench_jena()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], folder: Path, url: str) -> Iterator[str]:
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                httpx.get(url, trust_env=False)
                break
            except httpx.TransportError:
                assert process.poll() is None, (folder / "output").read_text(errors="replace")
                assert time.monotonic() < until, "the engine did not come up"
                time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()


@contextmanager
def oxigraph(folder: Path, *, read_only: bool = False) -> Iterator[Remote]:
    assert OXIGRAPH
    port = free_port()
    command = [OXIGRAPH, "serve-read-only" if read_only else "serve", "--location", str(folder / "db")]
    with _running([*command, "--bind", f"127.0.0.1:{port}"], folder, f"http://127.0.0.1:{port}/query") as url:
        yield Remote(url)


@contextmanager
def virtuoso(folder: Path) -> Iterator[Remote]:
    assert VIRTUOSO
    sql, http = free_port(), free_port()
    (folder / "v.ini").write_text(_INI.format(sql=sql, http=http), encoding="utf-8")
    command = [VIRTUOSO, "+foreground", "+configfile", "v.ini"]
    # It makes its database, sets the password, and ends.
    subprocess.run([*command, "+pwdold", "dba", "+pwddba", "secret"], cwd=folder, capture_output=True)
    with _running(command, folder, f"http://127.0.0.1:{http}/sparql") as url:
        yield Remote(url, timeout=120, credentials=Credentials("dba", "secret"))


@contextmanager
def jena(folder: Path) -> Iterator[Remote]:
    port = free_port()
    classes = folder / "classes"
    options = ["-Xmx1g", "-Dsun.net.httpserver.nodelay=true"]
    command = ["java", *options, "-cp", JENA.classpath(classes), str(HERE / "JenaEngine.java"), str(port)]
    with _running(command, folder, f"http://127.0.0.1:{port}/ds/query") as url:
        yield Remote(url, dialect=named("fuseki"))


@contextmanager
def serving_from(remote: Remote) -> Iterator[httpx.Client]:
    command = [sys.executable, "-m", "ketagraph", "serve", "--port", "0", "--engine", remote.url]
    with subprocess.Popen([*command, "--timeout", "60"], stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            found = re.search(r"serving [\d,]+ statements at (http://[\d.:]+)", server.stderr.readline())
            assert found
            with httpx.Client(base_url=found[1], timeout=60, trust_env=False) as client:
                yield client
        finally:
            server.terminate()
