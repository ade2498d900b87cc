"""An evidence knowledge graph of ketamine for chronic pain, with semantic query.

>>> import ketagraph
>>> kg = ketagraph.open()
>>> str(kg.term("CHEBI:6121"))
'ketamine (keta:Ketamine)'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketagraph.api import open_graph as open  # noqa: A004 - the name that callers expect: ketagraph.open()

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def __getattr__(name: str) -> object:
    """Import the Python face when it is first asked for, so that importing the package costs nothing."""
    if name != "open":
        raise AttributeError(f"module 'ketagraph' has no attribute {name!r}")
    from ketagraph.api import open_graph

    return open_graph
