"""One claim in, out what of a graph can bear on it: found in the store step by step, however large the rest.

A path of h hops lies in what the subject reaches in half of them and what reaches the object in the other
half. The class hierarchy is climbed from the concepts that occur. Where more is within reach than pays, the
answer is that everything must be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ketagraph import gathering, names
from ketagraph.claims import Claim, Hierarchy
from ketagraph.relation import Relation
from ketagraph.stored import Row, Stored

__all__ = ["MOST", "Nearby", "TooMany"]

MOST = 3000
"""Records or classes within reach beyond which reading everything is quicker."""

_OF_CLAIMS = ("subject", "object", "via", "dose", "route", "species")
_OF_FINDINGS = ("outcome", "agents", "coAgents", "conditions", "doses", "routes", "species")
_QUALIFIERS = ("via", "dose_regime", "route", "species", "outcome")


class TooMany(Exception):
    """More is within reach than pays."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """A graph behind stored queries; what has been seen of its class hierarchy is kept."""

    stored: Stored
    relations: Mapping[str, Relation]
    parents: dict[str, frozenset[str]] = field(default_factory=dict)
    """Class → the classes directly above it, of every class that was asked for."""

    def above(self, classes: Iterable[str]) -> set[str]:
        """Return ``classes`` and every class above one of them."""
        found: set[str] = set()
        waiting = set(classes)
        while waiting:
            self._climb(waiting - self.parents.keys())
            found |= waiting
            waiting = {parent for each in waiting for parent in self.parents[each]} - found
        return found

    def _climb(self, classes: set[str]) -> None:
        found: dict[str, set[str]] = {name: set() for name in classes}
        for row in self.stored.of("hierarchy", "child", classes):
            found[row["child"]].add(row["parent"])
        self.parents.update((name, frozenset(above)) for name, above in found.items())

    def below(self, classes: Iterable[str]) -> set[str]:
        """Return ``classes`` and every class below one of them.

        Raises:
            TooMany: there are more than pays.
        """
        found: set[str] = set()
        waiting = set(classes)
        while waiting:
            found |= waiting
            waiting = {row["child"] for row in self.stored.of("hierarchy", "parent", _few(waiting))} - found
            _few(found)
        return found

    def claims(self, claim: Claim, hops: int) -> list[Row]:
        """Return the claims that can bear on ``claim``, as rows of :func:`.gathering.claims`.

        Raises:
            TooMany: there are more than pays.
        """
        reach = _Reach(self)
        reach.forwards(claim.subject, hops - hops // 2)
        reach.backwards(claim.object, hops // 2)
        reach.leave(self.above([claim.object]))
        wanted = _few(reach.steps.keys() | reach.said(claim.subject) | reach.denied(claim.subject))
        return gathering.claims(lambda name: self.stored.of(name, "claim", wanted), self.relations)

    def findings(self, claim: Claim) -> list[Row]:
        """Return the findings of trials on the subject in the object, as rows of :func:`.gathering.findings`.

        Raises:
            TooMany: there are more trials than pays.
        """
        agents = self.below([claim.subject])
        of_subject = self._trials("agent", agents, "trials-testing", "trials-giving")
        kinds = self.below([claim.object])
        of_object = self._trials("condition", kinds | self.above([claim.object]), "trials-in")
        of_object |= self._trials("outcome", kinds, "trials-measuring")
        rows = self.stored.of("findings", "trial", _few(of_subject & of_object))
        links = self.stored.of("finding-links", "finding", {row["finding"] for row in rows})
        arms = {row["arm"] for row in rows} | {row["value"] for row in links if row["kind"] == "against"}
        tables = {
            "findings": rows,
            "finding-links": links,
            "trial-facts": self.stored.of("trial-facts", "trial", {row["trial"] for row in rows}),
            "arms-given": self.stored.of("arms-given", "arm", arms),
            "outcome-kinds": self.stored.of("outcome-kinds", "outcome", {row["outcome"] for row in rows}),
        }
        return gathering.findings(tables.__getitem__)

    def _trials(self, variable: str, classes: set[str], *queries: str) -> set[str]:
        return {row["trial"] for name in queries for row in self.stored.of(name, variable, classes)}

    def hierarchy(self, claim: Claim, claims: Iterable[Row], findings: Iterable[Row]) -> Hierarchy:
        """Return what is above everything that a claim and the rows around it name, and below the object."""
        named = {claim.subject, claim.object, *(getattr(claim, name) for name in _QUALIFIERS)}
        for rows, columns in ((claims, _OF_CLAIMS), (findings, _OF_FINDINGS)):
            named |= {name for row in rows for column in columns for name in row.get(column, "").split()}
        kinds = {row["child"] for row in self.stored.of("hierarchy", "parent", [claim.object])}
        return Hierarchy({name: self.parents[name] for name in self.above((named | kinds) - {""})})


@dataclass(frozen=True, slots=True)
class _Reach:
    """The steps of mechanisms around a claim, gathered from both its ends."""

    graph: Nearby
    steps: dict[str, Row] = field(default_factory=dict)
    """Claim → what it relates, of every affirmed claim that one thing acts on another."""
    _left: set[str] = field(default_factory=set)
    _entered: set[str] = field(default_factory=set)

    def forwards(self, subject: str, hops: int) -> None:
        """Add what ``subject`` acts on, what that acts on, and so on."""
        nodes, frontier = {subject}, {subject}
        for _ in range(hops):
            found = self.leave(self.graph.above(frontier))
            frontier = {row["object"] for row in found} - nodes
            nodes |= _few(frontier)

    def backwards(self, target: str, hops: int) -> None:
        """Add what acts on ``target``, what acts on that or on kinds of it, and so on."""
        goals = self.graph.above([target])
        for hop in range(hops):
            found = self._steps("object", goals - self._entered)
            self._entered.update(goals)
            if hop + 1 < hops:
                goals = self.graph.below({row["subject"] for row in found})

    def leave(self, classes: set[str]) -> list[Row]:
        """Add the steps that begin at one of ``classes``; return those that are new."""
        fresh = classes - self._left
        self._left.update(fresh)
        return self._steps("subject", fresh)

    def _steps(self, end: str, classes: set[str]) -> list[Row]:
        rows = self.graph.stored.of("claim-ends", end, _few(classes))
        found = [row for row in rows if self._is_step(row)]
        self.steps.update((row["claim"], row) for row in found)
        _few(self.steps)
        return found

    def _is_step(self, row: Row) -> bool:
        relation = self.graph.relations.get(row["relation"])
        affirmed = row["polarity"] == names.term("Affirmed")
        return bool(affirmed and relation and relation.acts and not relation.therapeutic)

    def said(self, subject: str) -> set[str]:
        """Return what is said of ``subject``, of what is above it and of its kinds, steps left out."""
        relatives = self.graph.above([subject]) | self.graph.below([subject])
        rows = self.graph.stored.of("claim-ends", "subject", relatives)
        return {row["claim"] for row in rows if not self._is_step(row)}

    def denied(self, subject: str) -> set[str]:
        """Return what is denied of any node that a path may pass, or of what is above it."""
        nodes = self.graph.above({subject, *(row["object"] for row in self.steps.values())})
        return {row["claim"] for row in self.graph.stored.of("claim-denials", "subject", _few(nodes))}


def _few(found: set[str] | dict[str, Row]) -> set[str]:
    if len(found) > MOST:
        raise TooMany
    return set(found)
