"""A graph in, what the judge needs out: effects, statements, findings and the class hierarchy.

Nothing is decided here. Local names of the ontology become the judge's own words (``PlaceboComparator``
→ ``placebo``); a value that the judge has no word for is an error, never a silent default.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

from ketagraph import names
from ketagraph.claims import (
    BodyOfEvidence,
    Certainty,
    Claim,
    Comparator,
    Effect,
    Finding,
    Hierarchy,
    Scope,
    Sign,
    Statement,
    Verdict,
)
from ketagraph.errors import UnknownName
from ketagraph.lexicon import Entry, Lexicon
from ketagraph.tables import slug

__all__ = ["Dossier", "Relation", "Rows", "stored_query"]

Rows = Callable[[str], Iterator[Mapping[str, str]]]
"""Runs a SELECT and yields rows as strings; a variable that is not bound is missing."""

# Several studies that disagree decide nothing for a single one.
_VERDICTS = {"mixed-results": Verdict.NOT_REPORTED}


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation a claim can assert: IRI, label, sign, and whether it speaks of prevention."""

    iri: str
    label: str
    sign: Sign
    prevents: bool


def stored_query(name: str) -> str:
    """Return the text of a query that ships inside the package."""
    return (files("ketagraph") / "sparql" / f"{name}.rq").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Dossier:
    """Everything the graph knows that bears on claims; read lazily, once."""

    rows: Rows

    @cached_property
    def lexicon(self) -> Lexicon:
        """Names of every concept, relation and study."""
        return Lexicon.of(
            Entry(row["iri"], row["name"], row["kind"], frozenset(row.get("classes", "").split()))
            for row in self.rows(stored_query("names"))
        )

    @cached_property
    def relations(self) -> Mapping[str, Relation]:
        """Relation IRI → what it says."""
        return {
            row["relation"]: Relation(row["relation"], row["label"], _sign(row), row["prevents"] == "true")
            for row in self.rows(stored_query("relations"))
        }

    @cached_property
    def evidence(self) -> BodyOfEvidence:
        """Effects, findings, statements and hierarchy, ready to judge claims."""
        claims = list(self.rows(stored_query("claims")))
        return BodyOfEvidence.of(
            [_effect(row) for row in claims if row["affirmed"] == "true" and row["acts"] == "true"],
            [_finding(row) for row in self.rows(stored_query("findings"))],
            [_statement(row) for row in claims if row["therapeutic"] == "true"],
            self._hierarchy(),
        )

    def claim(self, subject: str, relation: str, object_: str) -> Claim:
        """Return the claim that three names make: labels, synonyms, CURIEs or IRIs.

        Raises:
            UnknownName: a name that nothing, or several things, answer to; or a relation without a sign.
        """
        found = self._relation(relation)
        return Claim(
            self.lexicon.resolve(subject),
            found.iri,
            self.lexicon.resolve(object_),
            found.sign,
            purpose="prevention" if found.prevents else "treatment",
        )

    def _relation(self, name: str) -> Relation:
        iri = names.expand(name) or name
        spoken = name.lower().replace("-", " ").strip()
        for relation in self.relations.values():
            if iri == relation.iri or spoken in {
                relation.label,
                slug(relation.iri.rsplit("/", 1)[1]).replace("-", " "),
            }:
                return relation
        signed = sorted(relation.label for relation in self.relations.values() if relation.sign)
        raise UnknownName(f"no relation is called {name!r}; signed relations: {', '.join(signed)}", signed)

    def _hierarchy(self) -> Hierarchy:
        parents: dict[str, set[str]] = defaultdict(set)
        for row in self.rows(stored_query("hierarchy")):
            parents[row["child"]].add(row["parent"])
        return Hierarchy(parents)


def _sign(row: Mapping[str, str]) -> Sign:
    signs: Mapping[str, Sign] = {"1": 1, "-1": -1, "0": 0}
    return signs[row["sign"]] if "sign" in row else None


def _many(row: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(sorted(row.get(name, "").split()))


def _local(iri: str) -> str:
    return iri.rsplit("/", 1)[-1]


def _purpose(row: Mapping[str, str]) -> str:
    return "prevention" if _local(row["relation"]) == "prevents" else ""


def _scope(row: Mapping[str, str]) -> Scope:
    return Scope(
        dose_regime=row.get("dose", ""),
        route=row.get("route", ""),
        species=row.get("species", ""),
        site=row.get("site", ""),
        population=row.get("population", ""),
        via=_many(row, "via"),
    )


def _effect(row: Mapping[str, str]) -> Effect:
    return Effect(
        row["subject"],
        row["relation"],
        row["object"],
        _sign(row),
        claims=(row["claim"],),
        certainty=Certainty(_local(row["certainty"])),
        references=_many(row, "references"),
        anchors=_many(row, "anchors"),
        scope=_scope(row),
        therapeutic=row["therapeutic"] == "true",
        purpose=_purpose(row),
    )


def _statement(row: Mapping[str, str]) -> Statement:
    return Statement(
        row["subject"],
        row["relation"],
        row["object"],
        _sign(row),
        row["affirmed"] == "true",
        row["claim"],
        certainty=Certainty(_local(row["certainty"])),
        role=" ".join(slug(_local(role)) for role in _many(row, "roles")),
        anchors=_many(row, "anchors"),
        references=_many(row, "references"),
        scope=_scope(row),
        purpose=_purpose(row),
    )


def _finding(row: Mapping[str, str]) -> Finding:
    verdict = slug(_local(row["verdict"]))
    return Finding(
        id=row["finding"],
        trial=row["trial"],
        drugs=frozenset(_many(row, "agents")),
        co_drugs=frozenset(_many(row, "coAgents")),
        conditions=frozenset(_many(row, "conditions")),
        outcome=row["outcome"],
        outcome_kind=row["kind"],
        comparator_kind=Comparator(slug(_local(row["comparator"])).removesuffix("-comparator")),
        verdict=_VERDICTS.get(verdict) or Verdict(verdict),
        purpose=slug(_local(row["purpose"])),
        timepoint_weeks=float(row["weeks"]) if "weeks" in row else None,
        timepoint_kind=slug(_local(row.get("timeKind", ""))),
        timepoint_label=row.get("time", ""),
        significance_stated=row["significance"] == "true",
        anchors=_many(row, "anchors"),
        references=_many(row, "references"),
        species=row["species"],
        dose_regime=" ".join(_many(row, "doses")),
        route=" ".join(_many(row, "routes")),
    )
