"""The web server: the SPARQL endpoint, its front page and its health.

``create_app`` builds the application over an open store; ``serve`` opens one and runs it.
"""

from ketagraph.server.app import create_app
from ketagraph.server.config import ServeConfig
from ketagraph.server.serving import Serving, serve

__all__ = ["ServeConfig", "Serving", "create_app", "serve"]
