"""Loads the data once, forks workers that share it: the process between the web server and the queries.

Run as ``python -m ketagraph.store.nursery FD``, where FD is a socket to the keeper (the web process). It
stays single-threaded, so that forking is safe. Orders and reports are lines of JSON::

    keeper → {"data": [path, …], "union": bool, "memory": bytes,
              "disk": {"folder": path, "above": bytes} or null}      first, then
             {"fork": id} with a socket attached · {"kill": id}
    nursery → {"ready": {"quads": n, "graphs": [IRI, …], "network": bool}}
              or {"failed": message, "faults": […]}, then
              {"gone": id, "signal": number or 0} whenever a worker has ended

It ends, and every worker with it, when the keeper's end closes.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from pyoxigraph import NamedNode, Store

from ketagraph.errors import EnvironmentFault, SourceError
from ketagraph.store import allowance, confine, loading
from ketagraph.store.disk import ensure, memory_needed
from ketagraph.store.engine import open_store
from ketagraph.store.worker import work

__all__ = ["Nursery", "main"]

_NICENESS = 5
_GRAPHS = 1000


def main() -> None:
    """Serve the keeper at the socket named by the only argument."""
    confine.die_with_parent(os.getppid())
    # Ctrl-C goes to the whole group; the keeper alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as control:
        settings = json.loads(control.makefile("r").readline())
        try:
            store, facts = _loaded(settings)
        except SourceError as error:
            _report(control, {"failed": str(error), "faults": [astuple(fault) for fault in error.faults]})
            return
        except EnvironmentFault as error:
            _report(control, {"failed": str(error), "faults": []})
            return
        allowance.lift()
        network = confine.isolate_network()
        _report(control, {"ready": {**facts, "network": not network}})
        Nursery(control, store, settings["memory"]).tend()


def _loaded(settings: dict[str, Any]) -> tuple[Callable[[], Store], dict[str, object]]:
    """Make the data ready; return what gives a worker its store, and what to tell of it."""
    paths = [Path(path) for path in settings["data"]]
    disk = settings["disk"]
    if disk and memory_needed(paths) > disk["above"]:
        found = ensure(Path(disk["folder"]), paths, union=settings["union"])
        # Held until this process and its workers have ended.
        found.hold()
        return found.open, {"quads": found.quads, "graphs": list(found.graphs)}
    store = _load(settings)
    facts = {"quads": len(store), "graphs": _graphs(store)}
    if settings["union"]:
        loading.unite(store)
    return lambda: store, facts


def _load(settings: dict[str, Any]) -> Store:
    """Read the data under caps of their own, so that a hostile file ends this process at worst."""
    paths = [Path(path) for path in settings["data"]]
    allowance.allow(paths, least=settings["memory"])
    store = open_store(paths[0])
    for path in paths[1:]:
        loading.load_file(store, path)
    return store


def _graphs(store: Store) -> list[str]:
    """Name the first graphs, sorted; a report is no place for millions."""
    named = islice(store.named_graphs(), _GRAPHS)
    return sorted(graph.value for graph in named if isinstance(graph, NamedNode))


def _report(control: socket.socket, message: dict[str, object]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


class Nursery:
    """The loaded store and its living workers."""

    def __init__(self, control: socket.socket, store: Callable[[], Store], memory: int) -> None:
        self._control, self._store, self._memory = control, store, memory
        self._workers: dict[int, int] = {}
        self._orders = b""

    def tend(self) -> None:
        """Fork, kill and bury until the keeper hangs up."""
        # Forked workers share pages until they are written to; a collection would write to them all.
        gc.freeze()
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(_child_signals(), selectors.EVENT_READ)
            while self._step(selector):
                pass
        for pid in self._workers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _step(self, selector: selectors.BaseSelector) -> bool:
        alive = True
        for key, _ in selector.select():
            if key.fileobj is self._control:
                alive = self._obey()
            else:
                os.read(key.fd, 4096)
        self._bury()
        return alive

    def _obey(self) -> bool:
        """Carry out the orders that have arrived; False once the keeper has gone."""
        data, descriptors, _, _ = socket.recv_fds(self._control, 4096, 64)
        self._orders += data
        *lines, self._orders = self._orders.split(b"\n")
        # A descriptor comes with the bytes of its order, so they meet in order.
        for order in map(json.loads, lines):
            if "fork" in order:
                self._fork(order["fork"], descriptors.pop(0))
            elif "kill" in order:
                self._kill(order["kill"])
        return bool(data)

    def _fork(self, ident: int, descriptor: int) -> None:
        nursery = os.getpid()
        try:
            pid = os.fork()
            if not pid:
                self._become_worker(nursery, descriptor)
            self._workers[pid] = ident
        except OSError as error:
            # Too many processes: the keeper sees a worker that hangs up at once, and tries again later.
            print(f"cannot fork a worker: {error}", file=sys.stderr)  # noqa: T201
        finally:
            os.close(descriptor)

    def _become_worker(self, nursery: int, descriptor: int) -> NoReturn:
        status = 1
        try:
            confine.die_with_parent(nursery)
            # Before the cap: what opening a store takes is not the query's.
            store = self._store()
            self._settle()
            with socket.socket(fileno=descriptor) as link, suppress(ConnectionError):
                work(store, link, self._memory)
            status = 0
        finally:
            # Never back into the nursery's own code, whatever happened.
            os._exit(status)

    def _settle(self) -> None:
        signal.set_wakeup_fd(-1)
        self._control.close()
        # The allocator's last words about a query that ran out of memory are not the operator's business.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.nice(_NICENESS)
        confine.expect_no_escape()
        confine.cap_memory(confine.address_space() + self._memory)

    def _kill(self, ident: int) -> None:
        # Only children not yet buried are known here, so no stranger can have inherited the number.
        for pid, worker in self._workers.items():
            if worker == ident:
                os.kill(pid, signal.SIGKILL)

    def _bury(self) -> None:
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            ident = self._workers.pop(pid)
            number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            with suppress(ConnectionError):
                _report(self._control, {"gone": ident, "signal": number})


def _child_signals() -> int:
    """Open a descriptor that becomes readable when a child has ended."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reading


if __name__ == "__main__":
    main()
