"""Where an engine is and how one is let in: an address checked, credentials from the environment only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ketagraph import __version__
from ketagraph.engines.dialect import GENERIC, Dialect
from ketagraph.errors import EnvironmentFault

if TYPE_CHECKING:
    import httpx

__all__ = ["AGENT", "ANONYMOUS", "PASSWORD", "TOKEN", "USER", "Address", "Credentials", "credentials"]

USER, PASSWORD, TOKEN = "KETAGRAPH_ENGINE_USER", "KETAGRAPH_ENGINE_PASSWORD", "KETAGRAPH_ENGINE_TOKEN"
AGENT = f"ketagraph/{__version__}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user with password, or a token; neither is ever shown."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


ANONYMOUS = Credentials()


def credentials(environment: Mapping[str, str]) -> Credentials:
    """Take credentials from variables of the environment.

    Raises:
        EnvironmentFault: a password without a user, or both a user and a token.
    """
    found = Credentials(*(environment.get(name, "") for name in (USER, PASSWORD, TOKEN)))
    if found.password and not found.user:
        raise EnvironmentFault(f"{PASSWORD} is set, but {USER} is not")
    if found.user and found.token:
        raise EnvironmentFault(f"both {USER} and {TOKEN} are set; keep one")
    return found


@dataclass(frozen=True, slots=True)
class Address:
    """An engine: where it answers queries, how it is spoken to, who asks.

    Raises:
        EnvironmentFault: ``url`` is not the address of an endpoint, or holds credentials.
    """

    url: str
    dialect: Dialect = GENERIC
    credentials: Credentials = ANONYMOUS

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            found = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
        except ValueError:
            found = None
        if not found:
            raise EnvironmentFault(
                f"{self.url!r} is not the address of an endpoint; expected http(s)://host/…"
            )
        if "@" in parts.netloc:
            raise EnvironmentFault(
                f"the address of {parts.hostname} holds credentials, which others could see; "
                f"set {USER} and {PASSWORD} instead"
            )

    @property
    def is_encrypted(self) -> bool:
        """Whether certificates are to be checked; where none are used, none need be loaded."""
        return self.url.lower().startswith("https:")

    @property
    def updates(self) -> str:
        """Where updates go; empty where the engine takes none."""
        return self._made(self.dialect.update)

    @property
    def graphs(self) -> str:
        """Where the Graph Store Protocol is spoken; empty where it is not."""
        return self._made(self.dialect.graphs)

    def auth(self) -> httpx.Auth | Callable[[httpx.Request], httpx.Request] | None:
        """Make what signs requests; None where nobody has to be named."""
        import httpx

        given = self.credentials
        if given.token:
            return partial(_signed, given.token)
        if not given.user:
            return None
        kind = httpx.DigestAuth if self.dialect.auth == "digest" else httpx.BasicAuth
        return kind(given.user, given.password)

    def _made(self, pattern: str) -> str:
        plain = self.url.partition("?")[0].rstrip("/")
        return pattern.replace("{query}", plain).replace("{parent}", plain.rpartition("/")[0])


def _signed(token: str, request: httpx.Request) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request
