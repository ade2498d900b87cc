"""A judgement in, text for the terminal and an exit code out, in each format of ``check`` but Turtle."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from enum import StrEnum

from ketagraph import drawings, explain
from ketagraph.answers import answer
from ketagraph.claims import Judgement, Path, Standing

__all__ = ["EXIT", "CheckFormat", "told"]

EXIT: Mapping[Standing, int] = {Standing.SUPPORTED: 0, Standing.OPPOSED: 1, Standing.UNDECIDED: 7}


class CheckFormat(StrEnum):
    """How a judgement is printed."""

    TEXT = "text"
    JSON = "json"
    TTL = "ttl"
    DOT = "dot"
    MERMAID = "mermaid"


def told(judgement: Judgement, labels: Mapping[str, str], style: CheckFormat, *, in_full: bool) -> str:
    """Return ``judgement`` as text in ``style``; ``in_full`` shows every path of the plain text."""
    if style is CheckFormat.TEXT:
        return "\n".join(explain.lines(judgement, labels, in_full=in_full))
    return _FORMATS[style](judgement, labels).rstrip("\n")


def _json(judgement: Judgement, labels: Mapping[str, str]) -> str:
    return json.dumps(asdict(answer(judgement, labels)), ensure_ascii=False, indent=2)


def _dot(judgement: Judgement, labels: Mapping[str, str]) -> str:
    return drawings.dot(_ways(judgement), labels)


def _mermaid(judgement: Judgement, labels: Mapping[str, str]) -> str:
    return drawings.mermaid(_ways(judgement), labels)


def _ways(judgement: Judgement) -> tuple[Path, ...]:
    found = judgement.mechanism
    return (*found.paths, *found.unsigned, *found.blocked)


_FORMATS: Mapping[CheckFormat, Callable[[Judgement, Mapping[str, str]], str]] = {
    CheckFormat.JSON: _json,
    CheckFormat.DOT: _dot,
    CheckFormat.MERMAID: _mermaid,
}
