"""A host in, the addresses that may be connected to out: resolved once, checked, and used as they are.

What a name resolves to may change between a check and a connection, so nobody resolves it again. A name may
lead to public addresses only; this machine and private networks are reached where the origin names them:
as an address, or as localhost.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Forbidden", "check", "resolved"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """A host that leads where it may not."""


def resolved(
    host: str, port: int, resolve: Callable[..., Iterable[tuple[Any, ...]]] = socket.getaddrinfo
) -> list[str]:
    """Return the addresses of ``host``, in the order of the resolver, each once.

    Raises:
        Forbidden: one of them is not public, and ``host`` does not name it.
        OSError: it does not resolve.
    """
    found = [str(entry[4][0]) for entry in resolve(host, port, type=socket.SOCK_STREAM)]
    addresses = list(dict.fromkeys(found))
    check(host, addresses)
    return addresses


def check(host: str, addresses: Iterable[str]) -> None:
    """Pass addresses that ``host`` may lead to.

    Raises:
        Forbidden: as :func:`resolved`.
    """
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if not (_names(host, address) or _is_public(address)):
            raise Forbidden(f"{host} leads to {address}, which is not a public address")


def _names(host: str, address: _Address) -> bool:
    """Whether the host is written as this address, or is localhost and this is a loopback address."""
    if host.lower() == "localhost":
        return address.is_loopback
    try:
        return ipaddress.ip_address(host) == address
    except ValueError:
        return False


def _is_public(address: _Address) -> bool:
    return all(each.is_global and not each.is_multicast for each in (address, *_within(address)))


def _within(address: _Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in found if each]
