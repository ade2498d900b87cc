"""Engines of others in the place of the embedded store: any SPARQL 1.1 endpoint behind the same doors.

``dialect`` is the one table of what sets engines apart; ``view`` turns a query into what an engine is asked
and its answer into what was asked for; ``store`` serves it, ``pushing`` loads a release into it, ``history``
tells what became of each, ``pruning`` removes old ones, ``parity`` compares it with the embedded store. The
library that speaks HTTP is imported here alone.
"""

__all__: list[str] = []
