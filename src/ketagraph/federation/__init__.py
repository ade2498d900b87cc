"""Other endpoints' data in queries of ours: what SERVICE asks for is fetched by a process made for it.

``plan`` turns a query with SERVICE into one without (pure); ``broker`` starts the process that asks an
endpoint, ``fetching`` is that process, ``addresses`` says where it may connect to; ``federated`` is a store
that does all this before it asks another. Importing this package loads none of them.
"""

from __future__ import annotations

__all__: list[str] = []
