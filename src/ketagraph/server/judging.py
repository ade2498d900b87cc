"""Claims in, judgements out: ``POST /api/judge`` and ``POST /api/paths``, described for OpenAPI.

``app.include_router(judging.routes(dossier))`` adds both; ``dossier`` is called once per request, so it
may return one that is swapped for a new release. A name that nothing or several things bear is a problem
document with suggestions, status 422. Nothing here answers 404 or 409: what is asked for is in the body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ketagraph.answers import ChainAnswer, JudgementAnswer, answer, chain_answer
from ketagraph.claims import Scope, check_chain
from ketagraph.dossier import Dossier
from ketagraph.errors import KetaGraphError
from ketagraph.server import problem

__all__ = ["ChainQuestion", "ClaimQuestion", "routes"]

_NAME = Field(max_length=300)
_REFUSED = problem.described(
    "A question that does not fit its model (parameter), a name that nothing (unknown-name) or "
    "several things (ambiguous-name) bear, or qualifiers that leave nothing to judge (unknown-name)."
)
_STOPPED = problem.described(
    "The data cannot be read just now; the header Retry-After may say when to come back."
)
_UNREACHED = problem.described("Another endpoint, over whose data this server stands, did not answer.")
_PROBLEMS: dict[int | str, dict[str, Any]] = {422: _REFUSED, 502: _UNREACHED, 503: _STOPPED}
_Found = TypeVar("_Found")


class ClaimQuestion(BaseModel):
    """A claim by names (labels, synonyms, CURIEs or IRIs), with optional qualifiers."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {"subject": "ketamine", "relation": "relieves", "object": "fibromyalgia"}
        },
    )

    subject: str = _NAME
    relation: str = _NAME
    object: str = _NAME
    via: str = Field("", max_length=300, description="A target or mechanism that every path must pass.")
    dose: str = Field("", max_length=300, description="Dose regime, such as subanaesthetic.")
    route: str = Field("", max_length=300)
    species: str = Field("", max_length=300)
    outcome: str = Field("", max_length=300, description="The outcome that trials must have measured.")
    comparator: str = Field("", max_length=300)
    week: float | None = Field(None, ge=0, allow_inf_nan=False, description="Time after the start, in weeks.")
    hops: int = Field(4, ge=1, le=6, description="Longest mechanism path, in steps.")
    sources: list[Annotated[str, _NAME]] = Field(
        default_factory=list, max_length=20, description="Only what these sources say, by id; none: all."
    )


class ChainQuestion(BaseModel):
    """A chain of names; ``relations`` (one per hop, or none) say what the chain so far does to each node."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {
                "nodes": ["ketamine", "NMDA receptor", "sensitisation", "fibromyalgia"],
                "relations": ["blocks", "decreases", "relieves"],
            }
        },
    )

    nodes: list[Annotated[str, _NAME]] = Field(min_length=2, max_length=12)
    relations: list[Annotated[str, _NAME]] = Field(default_factory=list, max_length=11)
    each: bool = Field(default=False, description="Relations say what one node does to the next instead.")
    dose: str = Field("", max_length=300)
    route: str = Field("", max_length=300)
    species: str = Field("", max_length=300)
    hops: int = Field(4, ge=1, le=6)
    sources: list[Annotated[str, _NAME]] = Field(default_factory=list, max_length=20)


def routes(dossier: Callable[[], Dossier]) -> APIRouter:
    """Return the routes that judge claims and chains by what ``dossier`` returns."""
    router = APIRouter(prefix="/api", tags=["claims"])

    # Without `async`, so that a judgement runs beside the event loop and never stops it.
    @router.post("/judge", response_model=JudgementAnswer, operation_id="judge", responses=_PROBLEMS)
    def judge(request: Request, question: ClaimQuestion) -> JudgementAnswer | Response:
        """Judge one claim: mechanism, trials, both together, and what is missing."""
        return _answered(request, lambda: _judge(dossier(), question))

    @router.post("/paths", response_model=ChainAnswer, operation_id="paths", responses=_PROBLEMS)
    def paths(request: Request, question: ChainQuestion) -> ChainAnswer | Response:
        """Check a chain hop by hop: stated, inferred, contested, contradicted or unsupported."""
        return _answered(request, lambda: _check(dossier(), question))

    return router


def _judge(known: Dossier, question: ClaimQuestion) -> JudgementAnswer:
    known = known.of_sources(question.sources)
    asked = question.model_dump(exclude={"subject", "relation", "object", "hops", "sources"})
    claim = known.claim(question.subject, question.relation, question.object, **asked)
    return answer(judgement := known.judge(claim, hops=question.hops), known.labels_of(judgement))


def _check(known: Dossier, question: ChainQuestion) -> ChainAnswer:
    known = known.of_sources(question.sources)
    steps, claimed = known.steps(question.nodes, question.relations, each=question.each)
    scope = Scope(
        dose_regime=known.value("dose", question.dose),
        route=known.value("route", question.route),
        species=known.value("species", question.species),
    )
    chain = check_chain(known, steps, claimed=claimed, scope=scope, hops=question.hops)
    return chain_answer(chain, known.labels_of(chain))


def _answered(request: Request, work: Callable[[], _Found]) -> _Found | Response:
    try:
        return work()
    except KetaGraphError as error:
        found = problem.of(error)
        media_type, body = found.written(
            request.headers.get("accept", ""), request.headers.get("user-agent", "")
        )
        headers = {name.decode(): value.decode() for name, value in found.headers}
        return Response(body, found.status, headers, media_type)
