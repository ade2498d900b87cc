"""A claim by names in, its judgement as a page out: verdict, signed paths, trials, what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from anyio import to_thread
from fastapi import Request
from starlette.responses import Response

from ketagraph import names, questions
from ketagraph.answers import JudgementAnswer, PathAnswer, answer
from ketagraph.dossier import Dossier
from ketagraph.errors import UnknownName
from ketagraph.explain import shared_words
from ketagraph.server.pages.knowledge import Knowledge
from ketagraph.server.pages.site import Site, page_query

__all__ = ["ICONS", "STANDINGS", "check", "drawing"]

ICONS = {
    "concordant benefit": "good",
    "benefit without modelled mechanism": "good",
    "transient benefit": "within",
    "concordant harm": "bad",
    "harm without modelled mechanism": "bad",
    "transient harm": "bad",
    "mechanism without benefit": "null",
    "mechanism without harm": "null",
    "contradicted": "bad",
    "mixed": "mixed",
    "contested": "mixed",
    "stated": "good",
    "inferred": "good",
}
"""Joint verdict → sign; what is missing here is open."""

STANDINGS = {"supported": "good", "opposed": "bad", "undecided": "open"}
_QUALIFIERS = ("via", "dose", "route", "species", "outcome", "comparator", "week")
_EXAMPLES = (
    ("ketamine", "relieves", "fibromyalgia"),
    ("ketamine", "relieves", "complex regional pain syndrome"),
    ("ketamine", "prevents", "phantom limb pain"),
    ("memantine", "relieves", "phantom limb pain"),
)
_DRAWN = 8
"""Paths in the drawing; more would be a thicket."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judged claim, its drawing and how many paths are in it, which trials are shared, and what decided."""

    answer: JudgementAnswer
    drawing: str
    drawn: int
    shared: str
    queries: tuple[tuple[str, str], ...]


async def check(site: Site, request: Request) -> Response:
    """Show the form, and the judgement where a claim is asked for."""
    knowledge = await site.knowledge()
    asked = {
        name: request.query_params.get(name, "").strip()[:300]
        for name in ("subject", "relation", "object", *_QUALIFIERS, "source")
    }
    # In a thread that may ask the store, since of a large graph only what bears on the claim is read.
    seen = await to_thread.run_sync(_seen, site, knowledge, asked)
    return await site.render(
        request,
        "check.html",
        status=422 if seen.fault else 200,
        asked=asked,
        choices=seen.choices,
        verdict=seen.verdict,
        fault=seen.fault,
        suggestions=seen.suggestions,
        examples=_EXAMPLES,
        icons=ICONS,
        standings=STANDINGS,
        address=f"{request.base_url}api/judge",
        body=json.dumps(_body(asked), ensure_ascii=False),
        sources=seen.sources,
    )


def _body(asked: Mapping[str, str]) -> dict[str, object]:
    """Return the same question for the API."""
    given: dict[str, object] = {name: value for name, value in asked.items() if value and name != "source"}
    return given | ({"sources": [asked["source"]]} if asked["source"] else {})


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the page shows of the graph: choices, sources, and the verdict or what is wrong with the claim."""

    choices: Mapping[str, list[str]]
    sources: Mapping[str, str]
    verdict: Verdict | None = None
    fault: str = ""
    suggestions: tuple[str, ...] = ()


def _seen(site: Site, knowledge: Knowledge, asked: Mapping[str, str]) -> _Seen:
    dossier = site.lookup.dossier()
    seen = _Seen(_choices(knowledge, dossier), dossier.sources)
    if not (asked["subject"] and asked["relation"] and asked["object"]):
        return seen
    try:
        return replace(seen, verdict=_judge(site, dossier, asked))
    except UnknownName as error:
        return replace(seen, fault=str(error), suggestions=error.suggestions)


def _judge(site: Site, dossier: Dossier, asked: Mapping[str, str]) -> Verdict:
    dossier = dossier.of_sources([asked["source"]] if asked["source"] else [])
    claim = dossier.claim(
        asked["subject"],
        asked["relation"],
        asked["object"],
        **{name: asked[name] for name in _QUALIFIERS[:-1]},
        week=_week(asked["week"]),
    )
    judgement = dossier.judge(claim)
    told = answer(judgement, dossier.labels_of(judgement))
    paths = told.mechanism.paths
    shared = shared_words(len(trial.records) for trial in told.clinical.trials)
    return Verdict(told, drawing(paths), min(len(paths), _DRAWN), shared, tuple(_queries(site, told)))


def _week(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise UnknownName(f"{text[:40]!r} is no number of weeks") from None


def _queries(site: Site, told: JudgementAnswer) -> Iterable[tuple[str, str]]:
    """Yield title and text of what decided: the steps of the paths, the findings, the statements."""
    ends = {"subject": told.claim.subject.iri, "condition": told.claim.object.iri}
    yield "The signed steps that the paths are made of", questions.bind(page_query("steps"), ends)
    yield "The findings of trials", questions.bind(page_query("decided"), ends)
    if "claims-between" in site.questions:
        both = {"one": ends["subject"], "other": ends["condition"]}
        yield "What the source says of the two", questions.bind(site.questions["claims-between"], both)


def drawing(paths: Iterable[PathAnswer]) -> str:
    """Write nodes and hops of the first paths as JSON for the drawing, each once."""
    nodes: dict[str, str] = {}
    edges: dict[tuple[str, str, int | None, bool], dict[str, object]] = {}
    target = ""
    for path in list(paths)[:_DRAWN]:
        target = path.hops[-1].object.iri
        for hop in path.hops:
            nodes |= {hop.subject.iri: hop.subject.label, hop.object.iri: hop.object.label}
            edges[hop.subject.iri, hop.object.iri, hop.sign, hop.inherited] = {
                "from": hop.subject.iri,
                "to": hop.object.iri,
                "sign": hop.sign,
                "inherited": hop.inherited,
                "contested": bool(hop.contested_by),
            }
    found = {
        "nodes": [{"id": iri, "label": label} for iri, label in nodes.items()],
        "edges": list(edges.values()),
        "target": target,
    }
    return json.dumps(found, ensure_ascii=False) if nodes else ""


def _choices(knowledge: Knowledge, dossier: Dossier) -> dict[str, list[str]]:
    """Return what the pickers offer, as labels."""
    relations = sorted(each.label for each in dossier.relations.values() if each.sign)
    values = {
        kind: sorted({knowledge.label(iri) for iri in found.values()})
        for kind, found in dossier.values.items()
    }
    return {
        "subject": _labels(knowledge, "Therapy", "Target", "Mechanism"),
        "relation": relations,
        "object": _labels(knowledge, "HealthCondition", "Outcome", "Target", "Mechanism"),
        "via": _labels(knowledge, "Target", "Mechanism"),
        "outcome": _labels(knowledge, "Outcome"),
        **{kind: values.get(kind, []) for kind in ("dose", "route", "species", "comparator")},
    }


def _labels(knowledge: Knowledge, *classes: str) -> list[str]:
    return sorted({label for name in classes for _, label in knowledge.members(names.term(name))})
