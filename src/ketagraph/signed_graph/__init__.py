"""Any signed graph in, however large: paths, the surest paths and reachability by sign out.

For graphs that are too large for one Python object per edge. Edges lie in compressed adjacency (numpy
arrays, about forty bytes an edge); what is found can be handed to :func:`ketagraph.claims.judge`.
"""

from __future__ import annotations

from ketagraph.signed_graph.graph import UNSIGNED, SignedGraph
from ketagraph.signed_graph.paths import Limits, PathSet, simple_paths
from ketagraph.signed_graph.reach import Reach, reach
from ketagraph.signed_graph.reading import CERTAINTIES, read, references
from ketagraph.signed_graph.surest import SurePath, surest_paths

__all__ = [
    "CERTAINTIES",
    "UNSIGNED",
    "Limits",
    "PathSet",
    "Reach",
    "SignedGraph",
    "SurePath",
    "reach",
    "read",
    "references",
    "simple_paths",
    "surest_paths",
]
