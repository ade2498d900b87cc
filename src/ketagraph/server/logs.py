"""Events and queries in, lines of JSON on standard error out.

Events are what an operator must know: a release taken up or refused, a transfer broken off. Queries are
logged where that is asked for, by id and digest; their text only where that is asked for too.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import structlog

__all__ = ["QueryLog", "log_events"]

_STAMP = structlog.processors.TimeStamper(fmt="iso", utc=True)
_JSON = structlog.processors.JSONRenderer(ensure_ascii=True)


class QueryLog:
    """One line for each query; ``text`` says whether with its text."""

    def __init__(self, *, text: bool) -> None:
        self._text = text
        self._log = structlog.wrap_logger(structlog.WriteLogger(sys.stderr), processors=[_STAMP, _JSON])

    def write(self, query_id: str, query: str, facts: Mapping[str, object]) -> None:
        """Log a query that has ended."""
        shown = {"query": query} if self._text else {}
        digest = sha256(query.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._log.msg("query", query_id=query_id, query_sha256=digest, **facts, **shown)


def log_events() -> None:
    """Have this process's log written as JSON, from warnings upwards."""
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[_named, _STAMP, _JSON]))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


def _named(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Keep of a log record what is for the reader."""
    record: logging.LogRecord = event["_record"]
    shown = {"event": str(event["event"]).strip(), "level": record.levelname.lower(), "logger": record.name}
    # The record's own has been taken off by now.
    if exc_info := event.get("exc_info"):
        shown["traceback"] = logging.Formatter().formatException(exc_info)
    return shown
