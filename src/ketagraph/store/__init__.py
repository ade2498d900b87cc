"""The embedded store: the one door to the engine, and the processes in which queries may die.

``engine`` evaluates in this process (the build, the tests); ``pool`` evaluates hostile queries in
workers that can be killed. Importing this package loads neither.
"""

from ketagraph.store.query import Answer, Outcome, Query, Store

__all__ = ["Answer", "Outcome", "Query", "Store"]
