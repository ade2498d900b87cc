"""How much one client may ask for: seconds of query time and errors, in each minute.

A client is an IPv4 address or an IPv6 /64. Behind a proxy that the server trusts it is the address that
the proxy names.
"""

from __future__ import annotations

import ipaddress
import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from ketagraph.errors import RateLimited

__all__ = ["Rates", "client_of"]

_SITE = 64


class Rates:
    """The accounts of all clients; ``seconds`` of query time and ``errors`` a minute each."""

    def __init__(self, seconds: float, errors: int) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._time = RateLimitItemPerMinute(max(1, round(seconds * 1000)), namespace="time")
        self._errors = RateLimitItemPerMinute(errors, namespace="errors")

    def check(self, address: str) -> None:
        """Let the client at ``address`` ask.

        Raises:
            RateLimited: it has used up a minute's share; says when to come back.
        """
        client = client_of(address)
        for item, name in ((self._time, "query time"), (self._errors, "errors")):
            if not self._limiter.test(item, client):
                wait = self._limiter.get_window_stats(item, client).reset_time - time.time()
                raise RateLimited(
                    f"your share of {name} for this minute is used up", retry_after=max(1, math.ceil(wait))
                )

    def spend(self, address: str, seconds: float, *, failed: bool) -> None:
        """Book a query that has been answered or refused."""
        client = client_of(address)
        self._limiter.hit(self._time, client, cost=max(1, math.ceil(seconds * 1000)))
        if failed:
            self._limiter.hit(self._errors, client)


def client_of(address: str) -> str:
    """Name the client at an address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, _SITE), strict=False))
