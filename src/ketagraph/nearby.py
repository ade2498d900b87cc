"""One claim in, out what of a graph can bear on it: found in the store step by step, however large the rest.

A path of h hops lies in what the subject reaches in half of them and what reaches the object in the other
half. Of these steps only the ends are read; then, of those alone that lie on the way from one to the other,
what they say and by what they are borne out. The class hierarchy is climbed from the concepts that occur.
Where more is within reach than pays, the answer is that everything must be read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field

from ketagraph import gathering, names
from ketagraph.claims import Claim, Effect, Hierarchy
from ketagraph.claims.network import Network, between
from ketagraph.relation import Relation
from ketagraph.stored import Row, Stored

__all__ = ["FEW_TRIALS", "MOST", "SHARE", "Nearby", "TooMany"]

MOST = 20_000
"""Records or classes that may be within reach of a claim, whatever the rest: some seconds from disk."""
SHARE = 3
"""Of a larger graph one in so many records may be; beyond that, reading everything is quicker."""
FEW_TRIALS = 1000
"""Trials up to which it is quicker to ask what each tested than which tested something."""

_OF_CLAIMS = ("subject", "object", "via", "dose", "route", "species")
_OF_FINDINGS = ("outcome", "agents", "coAgents", "conditions", "doses", "routes", "species")
_TESTED = ("trials-testing", "trials-giving")
_QUALIFIERS = ("via", "dose_regime", "route", "species", "outcome")


class TooMany(Exception):
    """More is within reach than pays."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """A graph of ``records`` claims and findings; what has been seen of its class hierarchy is kept."""

    stored: Stored
    relations: Mapping[str, Relation]
    records: int = 0
    parents: dict[str, frozenset[str]] = field(default_factory=dict)
    """Class → the classes directly above it, of every class that was asked for."""

    def few(self, found: Set[str] | dict[str, Row]) -> set[str]:
        """Return ``found`` as long as it pays to look each of it up.

        Raises:
            TooMany: there are more than pays.
        """
        if len(found) > max(MOST, self.records // SHARE):
            raise TooMany
        return set(found)

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
            waiting = {
                row["child"] for row in self.stored.of("hierarchy", "parent", self.few(waiting))
            } - found
            self.few(found)
        return found

    def claims(self, claim: Claim, hops: int) -> list[Row]:
        """Return the claims that can bear on ``claim``, as rows of :func:`.gathering.claims`.

        Raises:
            TooMany: there are more than pays.
        """
        reach = _Reach(self, scoped=claim.scoped)
        reach.forwards(claim.subject, hops - hops // 2)
        reach.backwards(claim.object, hops // 2)
        way = reach.on_the_way(claim, hops)
        near = set[str]() if claim.therapeutic else reach.next_to(claim)
        told = reach.between(way) | reach.said(claim) | reach.denied(claim.subject, way)
        return self._told(near | told)

    def claims_beyond(self, claim: Claim, *, exhaustive: bool) -> tuple[list[Row], set[str]]:
        """Return what tells which hop lacks to ``claim``, and every class that the last hop may start from.

        Rows are of all that leads to the object from however far, until it meets what the subject acts on;
        if ``exhaustive``, of no less than all.

        Raises:
            TooMany: there are more than pays.
        """
        reach = _Reach(self, scoped=claim.scoped)
        starts = {row["object"] for row in reach.leave(self.above([claim.subject])) if self._passes_on(row)}
        last = reach.back_to(claim.object, set() if exhaustive else starts - {claim.subject})
        near = set[str]() if claim.therapeutic else reach.next_to(claim)
        ends = {(row["subject"], row["object"]) for row in reach.steps.values()}
        return self._told(near | reach.between(ends) | reach.said(claim)), last

    def _passes_on(self, row: Row) -> bool:
        return self.relations[row["relation"]].sign != 0

    def _told(self, wanted: set[str]) -> list[Row]:
        few = self.few(wanted)
        return gathering.claims(lambda name: self.stored.of(name, "claim", few), self.relations)

    def findings(self, claim: Claim) -> list[Row]:
        """Return the findings of trials on the subject in the object, as rows of :func:`.gathering.findings`.

        Raises:
            TooMany: there are more trials than pays.
        """
        agents, kinds = self.below([claim.subject]), self.below([claim.object])
        of_object = self._trials("condition", kinds | self.above([claim.object]), "trials-in")
        of_object |= self._trials("outcome", kinds, "trials-measuring")
        if len(of_object) <= FEW_TRIALS:
            of_both = self._trials("trial", of_object, *_TESTED, agent=agents)
        else:
            of_both = of_object & self._trials("agent", agents, *_TESTED)
        rows = self.stored.of("findings", "trial", self.few(of_both))
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

    def _trials(self, variable: str, iris: set[str], *queries: str, **among: set[str]) -> set[str]:
        rows = (row for name in queries for row in self.stored.of(name, variable, iris, **among))
        return {row["trial"] for row in rows if all(row[name] in few for name, few in among.items())}

    def hierarchy(
        self, claim: Claim, claims: Iterable[Row], findings: Iterable[Row], also: Iterable[str] = ()
    ) -> Hierarchy:
        """Return what is above everything that a claim and the rows around it name, and below the object.

        ``also`` are classes beyond those.
        """
        named = {claim.subject, claim.object, *also, *(getattr(claim, name) for name in _QUALIFIERS)}
        for rows, columns in ((claims, _OF_CLAIMS), (findings, _OF_FINDINGS)):
            named |= {name for row in rows for column in columns for name in row.get(column, "").split()}
        kinds = {row["child"] for row in self.stored.of("hierarchy", "parent", [claim.object])}
        return Hierarchy({name: self.parents[name] for name in self.above((named | kinds) - {""})})


@dataclass(frozen=True, slots=True)
class _Reach:
    """The steps of mechanisms around a claim, gathered from both its ends."""

    graph: Nearby
    scoped: bool
    """Whether a step of another scope matters, and so whatever else is said of its two ends."""
    steps: dict[str, Row] = field(default_factory=dict)
    """Claim → what it relates, of every affirmed claim that one thing acts on another."""
    others: dict[str, Row] = field(default_factory=dict)
    """The same of claims that are no steps but leave or enter where steps do, if ``scoped``."""
    _left: set[str] = field(default_factory=set)
    _entered: set[str] = field(default_factory=set)

    def forwards(self, subject: str, hops: int) -> None:
        """Add what ``subject`` acts on, what that acts on, and so on."""
        nodes, frontier = {subject}, {subject}
        for _ in range(hops):
            found = self.leave(self.graph.above(frontier))
            frontier = {row["object"] for row in found} - nodes
            nodes |= self.graph.few(frontier)

    def backwards(self, target: str, hops: int) -> None:
        """Add what acts on ``target``, what acts on that or on kinds of it, and so on."""
        goals = self.graph.above([target])
        for hop in range(hops):
            found = self._enter(goals)
            if hop + 1 < hops:
                goals = self.graph.below({row["subject"] for row in found})

    def back_to(self, target: str, starts: set[str]) -> set[str]:
        """Add all that leads to ``target``, as far as one of ``starts``; return where its last hop starts."""
        goals = self.graph.above([target])
        last: set[str] | None = None
        while goals - self._entered and not goals & starts:
            goals = self.graph.below({row["subject"] for row in self._enter(goals)})
            last = goals if last is None else last
        return last or set()

    def leave(self, classes: set[str]) -> list[Row]:
        """Add the steps that begin at one of ``classes``; return those that are new."""
        fresh = classes - self._left
        self._left.update(fresh)
        return self._steps("subject", fresh)

    def _enter(self, classes: set[str]) -> list[Row]:
        """Add the steps that end at one of ``classes``; return those that are new."""
        fresh = classes - self._entered
        self._entered.update(fresh)
        return self._steps("object", fresh)

    def _steps(self, end: str, classes: set[str]) -> list[Row]:
        found: list[Row] = []
        among = {} if self.scoped else {"relation": self._acting, "polarity": [names.term("Affirmed")]}
        for row in self.graph.stored.of("claim-ends", end, self.graph.few(classes), **among):
            step = self._is_step(row)
            (self.steps if step else self.others)[row["claim"]] = row
            found += [row] * step
        self.graph.few(self.steps)
        return found

    def _is_step(self, row: Row) -> bool:
        return row["polarity"] == names.term("Affirmed") and row["relation"] in self._acting

    @property
    def _acting(self) -> set[str]:
        known = self.graph.relations.items()
        return {iri for iri, each in known if each.acts and not each.therapeutic}

    def on_the_way(self, claim: Claim, hops: int) -> frozenset[tuple[str, str]]:
        """Return both ends of every step that a walk of at most ``hops`` hops along ``claim`` can pass."""
        self.graph.above({claim.subject, claim.object, *(row["object"] for row in self.steps.values())})
        signs = self.graph.relations
        effects = (
            Effect(row["subject"], row["relation"], row["object"], signs[row["relation"]].sign)
            for row in self.steps.values()
        )
        network = Network.of(effects, (), Hierarchy(self.graph.parents))
        return between(network, claim.subject, claim.object, hops)

    def between(self, ends: Collection[tuple[str, str]]) -> set[str]:
        """Return all claims from one of two ``ends`` to the other; of one scope, those of another tell."""
        rows = {**self.steps, **self.others}
        return {name for name, row in rows.items() if (row["subject"], row["object"]) in ends}

    def next_to(self, claim: Claim) -> set[str]:
        """Return the steps that leave subject or object, against which is held what ``claim`` entails."""
        self.leave(self.graph.above([claim.object]))
        ends = self.graph.above([claim.subject, claim.object])
        return {name for name, row in self.steps.items() if row["subject"] in ends}

    def said(self, claim: Claim) -> set[str]:
        """Return what is said of the subject, wider or narrower, and the object, likewise; steps left out."""
        subjects, objects = (
            self.graph.above([end]) | self.graph.below([end]) for end in (claim.subject, claim.object)
        )
        rows = self.graph.stored.of("claim-ends", "subject", subjects, object=objects)
        return {row["claim"] for row in rows if row["object"] in objects and not self._is_step(row)}

    def denied(self, subject: str, way: Iterable[tuple[str, str]]) -> set[str]:
        """Return what is denied of any node that a path may pass, or of what is above it."""
        nodes = self.graph.above({subject, *(end for _, end in way)})
        return {
            row["claim"] for row in self.graph.stored.of("claim-denials", "subject", self.graph.few(nodes))
        }
