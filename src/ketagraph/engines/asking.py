"""One query to an engine, one answer read into a reply: what the store tries until it works."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import httpx

from ketagraph.engines.piping import Inlet, Outlet
from ketagraph.engines.responses import TRANSIENT, accept, failure, media_type, reason
from ketagraph.engines.view import Asked, Mender, View
from ketagraph.errors import EngineFailed, KetaGraphError, QueryStopped
from ketagraph.store.conversion import convert
from ketagraph.store.query import Outcome, Query

__all__ = ["Again", "Asker"]

_ERROR_BYTES = 4096


class Again(Exception):
    """Nothing has come of an answer yet; the read may be tried again."""

    def __init__(self, error: KetaGraphError) -> None:
        self.error = error
        super().__init__(str(error))


class Asker:
    """Asks over one client; ``connections`` answers are converted at once, in threads."""

    def __init__(self, client: httpx.AsyncClient, url: str, max_bytes: int, connections: int) -> None:
        self._client, self._url, self._max_bytes = client, url, max_bytes
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(connections + 1, "engine")

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def ask(self, query: Query, asked: Asked, view: View, outlet: Outlet, left: float) -> Outcome:
        """Ask once; ``left`` are the seconds until the deadline, which the caller keeps.

        Raises:
            Again: nothing has come of an answer; the read may be tried again.
            KetaGraphError: what the engine, or its answer, is at fault with.
        """
        begun = False
        fields = asked.fields(view.dialect, max(left, 0.001))
        try:
            headers = {"Accept": accept(asked.form)}
            async with self._client.stream("POST", self._url, data=fields, headers=headers) as response:
                await self._judge(response, asked, view)
                begun = True
                return await self._converted(response, query, asked, view, outlet)
        except (httpx.HTTPError, httpx.StreamError) as error:
            said = str(error) or type(error).__name__
            failed = EngineFailed(f"{self._url} {'broke off' if begun else 'cannot be reached'}: {said}")
            raise (failed if begun else Again(failed)) from error

    async def _judge(self, response: httpx.Response, asked: Asked, view: View) -> None:
        error = failure(self._url, response.status_code, response.headers, asked.form, view.dialect)
        if error is None:
            return
        said = reason(await _beginning(response))
        told = type(error)(f"{error}: {said}") if said else error
        raise Again(told) if response.status_code in TRANSIENT else told

    async def _converted(
        self, response: httpx.Response, query: Query, asked: Asked, view: View, outlet: Outlet
    ) -> Outcome:
        inlet = Inlet(self._loop)
        kind, column = media_type(response.headers), view.dialect.ask_variable
        work = partial(convert, inlet, kind, query, asked.form, outlet, ask_variable=column)
        made = self._loop.run_in_executor(self._threads, _contained, work)
        fed = self._loop.create_task(self._feed(response, inlet, view.mender()))
        try:
            await asyncio.wait((asyncio.ensure_future(made), fed), return_when=asyncio.FIRST_COMPLETED)
            if not made.done():
                await fed
            outcome = await made
            if not outcome.truncated:
                # What the engine has to say after the last row: that it broke off, perhaps.
                await fed
            return outcome
        finally:
            fed.cancel()
            inlet.end(QueryStopped("nobody reads the answer any more"))
            outlet.stop()
            with suppress(asyncio.CancelledError, Exception):
                await asyncio.gather(fed, made, return_exceptions=True)

    async def _feed(self, response: httpx.Response, inlet: Inlet, mender: Mender) -> None:
        """Pass the body on; how it fails is told to its reader first, who else would take it for whole."""
        size, most = 0, self._max_bytes
        try:
            async for piece in response.aiter_bytes():
                size += len(piece)
                if size > most:
                    raise QueryStopped(f"the engine's answer is larger than {most} bytes; ask for less")
                await inlet.feed(mender.feed(piece))
            await inlet.feed(mender.finish())
            inlet.end()
        except KetaGraphError as error:
            inlet.end(error)
            raise
        except httpx.HTTPError as error:
            inlet.end(EngineFailed(f"the engine's answer broke off: {error or type(error).__name__}"))
            raise


def _contained(work: Callable[[], Outcome]) -> Outcome:
    """Do work, and let its errors out without the parser that they would drag into another thread."""
    try:
        return work()
    except BaseException as error:
        for each in filter(None, (error, error.__cause__, error.__context__)):
            traceback.clear_frames(each.__traceback__)
        raise


async def _beginning(response: httpx.Response) -> bytes:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) >= _ERROR_BYTES:
            break
    return body
