"""A request and an entity tag in, whether the client has that already out (RFC 9110, section 13.1.2)."""

from __future__ import annotations

from fastapi import Request

__all__ = ["matches"]


def matches(request: Request, tag: str) -> bool:
    """Compare weakly: If-None-Match does not tell weak tags from strong ones."""
    known = request.headers.get("if-none-match", "")
    return known == "*" or tag.removeprefix("W/") in {
        each.strip().removeprefix("W/") for each in known.split(",")
    }
