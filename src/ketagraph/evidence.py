"""Rows of our stored queries in, the judge's values out: effects, statements and findings.

Nothing is decided here. Local names of the ontology become the judge's own words (``PlaceboComparator``
→ ``placebo``); a value that the judge has no word for is an error, never a silent default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ketagraph.claims import Certainty, Comparator, Effect, Finding, Scope, Sign, Statement, Verdict
from ketagraph.tables import slug

__all__ = ["effect", "finding", "local", "said", "sign", "statement"]

_SETTING = {"dose": "doseStated", "schedule": "schedule", "duration": "duration", "population": "population"}
# Several studies that disagree decide nothing for a single one.
_VERDICTS = {"mixed-results": Verdict.NOT_REPORTED}


def sign(row: Mapping[str, str]) -> Sign:
    """Sign of a row's relation; None where it has none."""
    signs: Mapping[str, Sign] = {"1": 1, "-1": -1, "0": 0}
    return signs[row["sign"]] if "sign" in row else None


def _many(row: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(sorted(row.get(name, "").split()))


def _texts(joined: str) -> str:
    """Join what a list of texts says, sorted; an agent of which nothing is stated gives an empty one."""
    return "|".join(sorted(filter(None, joined.split("|"))))


def local(iri: str) -> str:
    """Return the last part of an IRI."""
    return iri.rsplit("/", 1)[-1]


def _purpose(row: Mapping[str, str]) -> str:
    return "prevention" if local(row["relation"]) == "prevents" else ""


def _scope(row: Mapping[str, str]) -> Scope:
    return Scope(
        dose_regime=row.get("dose", ""),
        route=row.get("route", ""),
        species=row.get("species", ""),
        site=row.get("site", ""),
        population=row.get("population", ""),
        via=_many(row, "via"),
    )


def effect(row: Mapping[str, str]) -> Effect:
    """Effect of an affirmed claim."""
    return Effect(
        row["subject"],
        row["relation"],
        row["object"],
        sign(row),
        claims=(row["claim"],),
        certainty=Certainty(local(row["certainty"])),
        references=_many(row, "references"),
        anchors=_many(row, "anchors"),
        scope=_scope(row),
        therapeutic=row["therapeutic"] == "true",
        purpose=_purpose(row),
        sources=_many(row, "source"),
    )


def statement(row: Mapping[str, str]) -> Statement:
    """Turn a claim into what the source says, affirmed or denied."""
    return Statement(
        row["subject"],
        row["relation"],
        row["object"],
        sign(row),
        row["affirmed"] == "true",
        row["claim"],
        certainty=Certainty(local(row["certainty"])),
        role=" ".join(slug(local(role)) for role in _many(row, "roles")),
        anchors=_many(row, "anchors"),
        references=_many(row, "references"),
        scope=_scope(row),
        purpose=_purpose(row),
        therapeutic=row["therapeutic"] == "true",
        source=row.get("source", ""),
    )


def said(claims: Iterable[Mapping[str, str]]) -> tuple[list[Effect], list[Finding], list[Statement]]:
    """Sort claims into effects and statements, with no findings between them."""
    rows = list(claims)
    effects = [effect(row) for row in rows if row["affirmed"] == "true" and row["acts"] == "true"]
    told = [row for row in rows if row["therapeutic"] == "true" or row["affirmed"] == "false"]
    return effects, [], [statement(row) for row in told]


def _setting(row: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """List what sets a comparison apart beyond the qualifiers, in the source's own words, by aspect."""
    texts = {
        "background": " ".join(local(iri) for iri in _many(row, "backgrounds")),
        "design": " ".join(local(iri) for iri in _many(row, "designs")),
        **{aspect: _texts(row.get(column, "")) for aspect, column in _SETTING.items()},
    }
    return tuple(sorted((aspect, text) for aspect, text in texts.items() if text))


def finding(row: Mapping[str, str]) -> Finding:
    """Turn one outcome of one comparison into the judge's finding."""
    verdict = slug(local(row["verdict"]))
    return Finding(
        id=row["finding"],
        trial=row["trial"],
        drugs=frozenset(_many(row, "agents")),
        co_drugs=frozenset(_many(row, "coAgents")),
        conditions=frozenset(_many(row, "conditions")),
        outcome=row["outcome"],
        outcome_kind=row["kind"],
        comparator_kind=Comparator(slug(local(row["comparator"])).removesuffix("-comparator")),
        verdict=_VERDICTS.get(verdict) or Verdict(verdict),
        purpose=slug(local(row["purpose"])),
        timepoint_weeks=float(row["weeks"]) if "weeks" in row else None,
        timepoint_kind=slug(local(row.get("timeKind", ""))),
        timepoint_label=row.get("time", ""),
        significance_stated=row["significance"] == "true",
        anchors=_many(row, "anchors"),
        references=_many(row, "references"),
        species=row["species"],
        dose_regime=" ".join(_many(row, "doses")),
        route=" ".join(_many(row, "routes")),
        arm=row["arm"],
        refractory=row.get("refractory") == "true",
        setting=_setting(row),
        source=row.get("source", ""),
        reports=_many(row, "reports"),
        alongside=_many(row, "alongside"),
    )
