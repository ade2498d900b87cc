"""The graph as tools of the Model Context Protocol: six read-only tools, for assistants that run locally.

Queries pass the same guard as the endpoint's and run in the same kind of worker: killed at the deadline,
bounded in memory and rows. An answer that was cut says so. See https://modelcontextprotocol.io/specification.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from ketagraph import guard, names
from ketagraph.api import KnowledgeGraph
from ketagraph.dossier import stored_query
from ketagraph.engines.address import Address
from ketagraph.engines.store import EngineSettings, EngineStore
from ketagraph.errors import EnvironmentFault, KetaGraphError, UnknownName
from ketagraph.releases import Release, imports
from ketagraph.releases import engine as opened
from ketagraph.remote import Remote
from ketagraph.results import Rows
from ketagraph.store import Store
from ketagraph.store.pool import Pool, PoolSettings
from ketagraph.store.query import Query

__all__ = ["Limits", "Tools", "serve", "server"]

_INSTRUCTIONS = (
    "Evidence on ketamine for chronic pain from one review, with null findings and contradictions. "
    "Find entities first; judge_claim sets mechanism against trials; not medical advice."
)
_GRAPH_FORMS = {"CONSTRUCT", "DESCRIBE"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may take: ``timeout`` in seconds, ``max_rows`` rows or triples, ``memory_mb`` MiB."""

    timeout: float = 10.0
    max_rows: int = 1_000
    memory_mb: int = 1024
    workers: int = 2


@dataclass(frozen=True)
class Tools:
    """What the tools do, apart from the protocol. Every answer is plain values for JSON."""

    release: Release | Address
    """What is asked: a release, or an engine elsewhere."""
    limits: Limits

    @property
    def kg(self) -> KnowledgeGraph:
        """The graph in this process, for our own queries; of an engine, the version that it points to now."""
        source = self._kg.source
        if isinstance(source, Remote) and not source.is_current:
            vars(self).pop("_kg", None)
        return self._kg

    @cached_property
    def _kg(self) -> KnowledgeGraph:
        release = self.release
        if isinstance(release, Address):
            there = Remote(release.url, credentials=release.credentials, dialect=release.dialect)
            return KnowledgeGraph(there, release.url)
        return KnowledgeGraph(opened(release, imports(release.path.parent)), release.path.name)

    @asynccontextmanager
    async def pool(self) -> AsyncIterator[Store]:
        """Open what answers queries from outside; it ends with the block."""
        store = await self._opened()
        try:
            yield store
        finally:
            await store.close()

    async def _opened(self) -> Store:
        release = self.release
        if isinstance(release, Address):
            return await EngineStore.open(EngineSettings(release, self.limits.workers))
        return await Pool.open(
            PoolSettings(
                release.data,
                union=True,
                workers=self.limits.workers,
                memory=self.limits.memory_mb << 20,
                edition=release.path.name,
                imports=tuple(imports(release.path.parent)),
            )
        )

    def find_entity(self, name: str) -> dict[str, Any]:
        """Name an entity by label, synonym, CURIE or external identifier; near names where there is none."""
        try:
            found = self.kg.term(name)
        except UnknownName as error:
            return {"found": False, "message": str(error), "suggestions": list(error.suggestions)}
        return {"found": True, "curie": names.compress(found.iri), **asdict(found)}

    async def run_query(self, pool: Store, query: str) -> dict[str, Any]:
        """Answer SPARQL 1.1; ``truncated`` says that there is more."""
        form = guard.check(query).form
        asked = Query(query, timeout=self.limits.timeout, max_rows=self.limits.max_rows)
        async with pool.query(asked) as answer:
            body = b"".join([piece async for piece in answer]).decode()
            outcome = answer.outcome
        if outcome is None:
            raise EnvironmentFault("the answer broke off")
        found = {"turtle": body} if form in _GRAPH_FORMS else json.loads(body)
        return {"truncated": outcome.truncated, "rows": outcome.rows, "answer": found}

    def describe_schema(self) -> dict[str, Any]:
        """Return classes of records, their properties and counts, relations, prefixes and graphs."""
        kg = self.kg
        return {
            "prefixes": {prefix: names.PREFIXES[prefix] for prefix in ("keta", "kid", "rdfs", "skos", "owl")},
            "graphs": [names.graph(name) for name in names.GRAPHS],
            "default_graph": "the union of all graphs",
            "properties": _plain(kg.select(stored_query("schema"))),
            "relations": sorted(each.label for each in kg.dossier.relations.values()),
            "limits": asdict(self.limits),
        }

    def judge_claim(
        self,
        subject: str,
        relation: str,
        object_: str,
        *,
        route: str = "",
        dose: str = "",
        outcome: str = "",
        source: str = "",
    ) -> dict[str, Any]:
        """Judge a claim by mechanism and trials; ``source`` keeps only what that one says."""
        only = [source] if source else []
        found = self.kg.judge(
            subject, relation, object_, route=route, dose=dose, outcome=outcome, sources=only
        )
        whole = asdict(found.answer)
        return {
            "claim": str(found),
            "verdict": found.verdict,
            "standing": found.standing,
            **{name: whole[name] for name in ("reasons", "support", "against", "missing")},
            "explanation": found.explain(),
        }

    def compare_trials(self, condition: str, agent: str, outcome: str) -> dict[str, Any]:
        """Set trials side by side: every finding with comparator, time and verdict, null ones included."""
        kg = self.kg
        trials = kg.trials(condition=condition, agent=agent)
        findings = kg.findings(condition=condition, agent=agent, outcome=outcome)
        return {"trials": _plain(trials), "findings": _plain(findings)}

    def get_evidence(self, claim: str) -> dict[str, Any]:
        """Return the sentences and references behind a claim: a CURIE such as kid:…, or an IRI."""
        rows = self.kg.question("evidence-for-claim", claim=claim)
        return {"claim": claim, "evidence": _plain(rows)}


def _plain(rows: Rows) -> list[dict[str, Any]]:
    """Return rows for JSON: text and numbers as they are, decimals as numbers, nothing where unbound."""
    return [{name: _json(value) for name, value in row.items() if value is not None} for row in rows]


def _json(value: object) -> object:
    if isinstance(value, bool | int | float | str):
        return value
    number = float(str(value)) if str(value).replace(".", "", 1).lstrip("-").isdigit() else None
    return str(value) if number is None else number


def server(release: Release | Address, limits: Limits) -> Any:
    """Return the server, not yet running.

    Raises:
        EnvironmentFault: the mcp library is not installed.
    """
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError as error:
        raise EnvironmentFault(
            "the mcp library is not installed; run: pip install 'ketagraph[mcp]'"
        ) from error
    return _Wiring(Tools(release, limits), ToolError).wired(MCPServer)


@dataclass
class _Wiring:
    """Tools as the protocol sees them: our errors become the protocol's, with their message."""

    tools: Tools
    error: type[Exception]
    running: Store | None = None

    def wired(self, kind: Any) -> Any:
        made = kind("ketagraph", instructions=_INSTRUCTIONS, lifespan=self.lifespan)
        for tool in (
            *(self.find_entity, self.run_query, self.describe_schema),
            *(self.judge_claim, self.compare_trials, self.get_evidence),
        ):
            made.tool()(tool)
        return made

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        async with self.tools.pool() as self.running:
            yield

    def find_entity(self, name: str) -> dict[str, Any]:
        """Find a concept, relation or study by label, synonym, CURIE or external id such as CHEBI:6121."""
        return self.tools.find_entity(name[:300])

    async def run_query(self, query: str) -> dict[str, Any]:
        """Run a read-only SPARQL 1.1 query (no SERVICE); call describe_schema first."""
        if self.running is None:
            raise self.error("the workers are not running")
        try:
            return await self.tools.run_query(self.running, query)
        except KetaGraphError as error:
            raise self.error(str(error)) from error

    def describe_schema(self) -> dict[str, Any]:
        """Describe classes, properties, relations, prefixes, graphs and limits, for writing queries."""
        return self.tools.describe_schema()

    def judge_claim(
        self,
        subject: str,
        relation: str,
        object: str,  # noqa: A002 - the argument's name is what assistants see
        route: str = "",
        dose: str = "",
        outcome: str = "",
        source: str = "",
    ) -> dict[str, Any]:
        """Judge a claim such as ketamine / relieves / fibromyalgia by mechanism and trials.

        source, an id such as israel-2021, keeps only what that source says.
        """
        asked = {"route": route, "dose": dose, "outcome": outcome, "source": source}
        try:
            return self.tools.judge_claim(subject, relation, object, **asked)
        except KetaGraphError as error:
            raise self.error(str(error)) from error

    def compare_trials(self, condition: str = "", agent: str = "", outcome: str = "") -> dict[str, Any]:
        """Compare trials of a condition, agent or outcome: findings with comparator, time and verdict."""
        try:
            return self.tools.compare_trials(condition, agent, outcome)
        except KetaGraphError as error:
            raise self.error(str(error)) from error

    def get_evidence(self, claim: str) -> dict[str, Any]:
        """List sentences and references behind a claim, by its CURIE (kid:…) or IRI."""
        try:
            return self.tools.get_evidence(claim)
        except KetaGraphError as error:
            raise self.error(str(error)) from error


def serve(release: Release | Address, limits: Limits, *, transport: str = "stdio", port: int = 8001) -> None:
    """Serve until the client leaves; ``transport`` is stdio or streamable-http (on this machine alone).

    Raises:
        EnvironmentFault: the mcp library is not installed.
    """
    made = server(release, limits)
    if transport == "stdio":
        made.run("stdio")
    else:
        made.run("streamable-http", host="127.0.0.1", port=port)
