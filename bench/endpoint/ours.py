"""What is measured of our server alone: the start on a built release, and memory under an endless answer."""

from __future__ import annotations

import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil
from client import target
from peers import Peer, Running

__all__ = ["flatness", "released"]

_ENDLESS = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } LIMIT 100000000"
_PIECE = 1 << 20
_STARTS = 3


def released(release: Path) -> dict[str, float]:
    """Seconds from the process to the first answer on a built release, median of three starts."""

    def command(_data: Path, _folder: Path, port: int) -> list[str]:
        where = ["--release", str(release.resolve().parent.parent), "--port", str(port)]
        return [sys.executable, "-m", "ketagraph", "serve", *where]

    peer = Peer("ketagraph release", lambda: "", command)
    with TemporaryDirectory() as folder:
        starts = [_started(peer, release, Path(folder)) for _ in range(_STARTS)]
    return {"first_answer_s": median(starts)}


def _started(peer: Peer, release: Path, folder: Path) -> float:
    running = Running.begin(peer, release, folder)
    running.stop()
    return running.start


def flatness(running: Running, seconds: float) -> dict[str, float]:
    """Read an answer of 100 million rows for so long; the web process's resident megabytes meanwhile."""
    web = psutil.Process(running.process.pid)
    before = web.memory_info().rss / 1e6
    connection = HTTPConnection("127.0.0.1", running.port, timeout=60)
    connection.request("GET", target("/sparql", _ENDLESS), headers={"Accept": "text/tab-separated-values"})
    response = connection.getresponse()
    rows, size, most, until = 0, 0, before, time.monotonic() + seconds
    while time.monotonic() < until and (piece := response.read(_PIECE)):
        rows, size = rows + piece.count(b"\n"), size + len(piece)
        most = max(most, web.memory_info().rss / 1e6)
    connection.close()
    return {"rows": rows, "sent_mb": size / 1e6, "before_mb": before, "most_mb": most}
