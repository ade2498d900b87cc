"""Answers that the SPARQL application gives to requests for something else than SPARQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ketagraph.errors import QueryRefused
from ketagraph.server import protocol
from ketagraph.server.sparql import SparqlApp

__all__ = ["CONTROLS", "Relayed", "controls", "only_values", "operation"]

CONTROLS: Mapping[str, str] = {
    "format": "Form of the answer, by its short name (json, csv, turtle, …); goes before Accept.",
    "max-rows": "At most so many rows; never more than the server gives.",
    "timeout": "Stop after so many seconds; never later than the server does.",
    "query-id": "Your own name for this query, to stop it by DELETE /queries/{query-id}.",
}
"""Parameters that say how to answer, not what; and what they say."""


class Relayed(Response):
    """A response that runs a query operation; ``read`` gives it, or refuses."""

    def __init__(self, sparql: SparqlApp, read: Callable[[], protocol.Operation]) -> None:
        super().__init__()
        self._sparql, self._read = sparql, read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the SPARQL application."""
        await self._sparql.run(scope, receive, send, self._read)


def operation(request: Request, text: str, *, form: str = "") -> protocol.Operation:
    """Make an operation of a query text and of what a request says about how to answer it.

    ``form`` is a media type that prevails over the request.

    Raises:
        QueryRefused: a value that does not fit.
    """
    return protocol.with_controls(
        text, {**controls(request.query_params), **({"format": form} if form else {})}
    )


def controls(parameters: QueryParams) -> dict[str, str]:
    """Take what says how to answer."""
    return {name: value for name, value in only_values(parameters).items() if name in CONTROLS}


def only_values(parameters: QueryParams) -> dict[str, str]:
    """Return parameters that are given once.

    Raises:
        QueryRefused: one is given more than once; status 422.
    """
    items: Sequence[tuple[str, str]] = parameters.multi_items()
    values = dict(items)
    if len(values) < len(items):
        raise QueryRefused("a parameter is given more than once", status=422)
    return values
