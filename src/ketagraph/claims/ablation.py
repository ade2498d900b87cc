"""Evidence in, less of it out: without one trial, claim or reference, or that of some sources only.

A trial is withdrawn with all records that sources have of it, and stands under the first that a judgement
mentions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ketagraph.claims.judge import BodyOfEvidence
from ketagraph.claims.judgement import Evidence, Judgement
from ketagraph.claims.model import Effect, Finding, Statement

__all__ = ["Change", "Withdrawn", "leave_one_out", "only", "without"]


class Withdrawn(StrEnum):
    """What can be taken away."""

    TRIAL = "trial"
    CLAIM = "claim"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that changes when ``name`` (a trial, claim or reference) is withdrawn."""

    kind: Withdrawn
    name: str
    subject: str
    relation: str
    object: str
    before: str
    after: str


def without(body: BodyOfEvidence, kind: Withdrawn, name: str) -> BodyOfEvidence:
    """Return ``body`` without a trial, a claim, or all that rests on one reference alone."""
    return BodyOfEvidence.of(
        [left for each in body.effects if (left := _less(each, kind, name))],
        [each for each in body.all_findings if not _gone(each, kind, name)],
        [each for each in body.statements if not _unsaid(each, kind, name)],
        body.hierarchy,
    )


def only(body: BodyOfEvidence, sources: frozenset[str]) -> BodyOfEvidence:
    """Return what ``sources`` say by themselves; the class hierarchy is shared by all."""
    return BodyOfEvidence.of(
        [each for each in body.effects if sources.issuperset(each.sources)],
        [each for each in body.all_findings if each.source in sources],
        [each for each in body.statements if each.source in sources],
        body.hierarchy,
    )


def leave_one_out(
    body: BodyOfEvidence,
    judged: Sequence[Judgement],
    kinds: Iterable[Withdrawn] = tuple(Withdrawn),
) -> Iterator[Change]:
    """Yield every verdict of ``judged`` that changes when one thing it mentions is withdrawn.

    In order of kind, name and claim. Only what a judgement mentions can change it, so nothing else is
    tried; the judgements must come from ``body`` with the default limits.
    """
    for kind in kinds:
        mentions = [(_mentioned(each, kind), each) for each in judged]
        for name in sorted({name for names, _ in mentions for name in names}):
            rest = without(body, kind, name)
            for names, before in mentions:
                if name in names:
                    yield from _change(rest, kind, name, before)


def _change(rest: BodyOfEvidence, kind: Withdrawn, name: str, before: Judgement) -> Iterator[Change]:
    after = rest.judge(before.claim).verdict
    if after != before.verdict:
        claim = before.claim
        yield Change(kind, name, claim.subject, claim.relation, claim.object, before.verdict, after)


def _mentioned(judgement: Judgement, kind: Withdrawn) -> frozenset[str]:
    pieces = (*judgement.support, *judgement.against, *judgement.noted)
    if kind is Withdrawn.TRIAL:
        return frozenset(_first_records(each.source for each in pieces if isinstance(each.source, Finding)))
    return frozenset(name for each in pieces for name in _names(each, kind))


def _first_records(findings: Iterable[Finding]) -> Iterable[str]:
    """Return one record of each study, the first by name."""
    first: dict[str, str] = {}
    for each in findings:
        first[each.study] = min(first.get(each.study, each.trial), each.trial)
    return first.values()


def _names(evidence: Evidence, kind: Withdrawn) -> Iterable[str]:
    if kind is Withdrawn.REFERENCE:
        return evidence.references
    source = evidence.source
    if isinstance(source, Finding):
        return ()
    return (source.claim,) if isinstance(source, Statement) else source.claims


def _less(effect: Effect, kind: Withdrawn, name: str) -> Effect | None:
    if kind is Withdrawn.CLAIM and name in effect.claims:
        rest = tuple(each for each in effect.claims if each != name)
        return replace(effect, claims=rest) if rest else None
    return None if kind is Withdrawn.REFERENCE and effect.references == (name,) else effect


def _gone(finding: Finding, kind: Withdrawn, name: str) -> bool:
    return (kind is Withdrawn.TRIAL and name in {finding.trial, *finding.reports}) or (
        kind is Withdrawn.REFERENCE and finding.references == (name,)
    )


def _unsaid(statement: Statement, kind: Withdrawn, name: str) -> bool:
    return (kind is Withdrawn.CLAIM and statement.claim == name) or (
        kind is Withdrawn.REFERENCE and statement.references == (name,)
    )
