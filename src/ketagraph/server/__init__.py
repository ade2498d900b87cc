"""The web server: the SPARQL endpoint, its front page and its health.

``create_app`` builds the application over an open store; ``serve`` opens one and runs it.
"""

from typing import TYPE_CHECKING

from ketagraph.server.config import ServeConfig
from ketagraph.server.serving import Serving, serve

if TYPE_CHECKING:
    from ketagraph.server.app import create_app

__all__ = ["ServeConfig", "Serving", "create_app", "serve"]


def __getattr__(name: str) -> object:
    """Import the application when it is first asked for: a server answers queries before its pages."""
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ketagraph.server.app import create_app

    return create_app
