"""Paths, readings and statements in, evidence in one form out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ketagraph.claims.hierarchy import Hierarchy
from ketagraph.claims.judgement import Evidence, EvidenceKind
from ketagraph.claims.mechanism import Mechanism, fits
from ketagraph.claims.model import Claim, Effect, Statement
from ketagraph.claims.paths import Path, merge
from ketagraph.claims.readings import Bearing, Reading

__all__ = ["from_path", "from_reading", "from_statement", "path_evidence", "stated"]


def from_reading(reading: Reading) -> Evidence:
    """Evidence of a trial finding."""
    finding = reading.finding
    return Evidence(
        EvidenceKind.FINDING,
        finding.id,
        reading.bearing,
        reading.note,
        reading.via_subclass,
        finding.references,
        finding.anchors,
        finding,
    )


def path_evidence(claim: Claim, mechanism: Mechanism) -> Iterator[Evidence]:
    """Yield evidence of every path; unsigned and blocked ones are only noted."""
    for path in mechanism.paths:
        yield from_path(path, Bearing.SUPPORTS if path.sign == claim.sign else Bearing.OPPOSES, "")
    for path in mechanism.unsigned:
        yield from_path(path, Bearing.NOTED, "unsigned")
    for path in mechanism.blocked:
        yield from_path(path, Bearing.NOTED, "blocked")


def from_path(path: Path, bearing: Bearing, note: str) -> Evidence:
    """Evidence of a mechanism; ``inherited`` is noted unless ``note`` says more."""
    note = note or ("inherited" if path.inherited else "")
    return Evidence(EvidenceKind.PATH, path.id, bearing, note, (), path.references, path.anchors, path)


def from_statement(claim: Claim, statement: Statement, hierarchy: Hierarchy) -> Evidence | None:
    """Evidence of a source's word; None where it speaks of something else."""
    if not (
        _comparable(claim.subject, statement.subject, hierarchy)
        and _comparable(claim.object, statement.object, hierarchy)
    ):
        return None
    note = _note(claim, statement, hierarchy)
    bearing = Bearing.NOTED if note not in {"", "inherited"} else _bearing(claim, statement)
    return Evidence(
        EvidenceKind.STATEMENT,
        statement.claim,
        bearing,
        note,
        (),
        statement.references,
        statement.anchors,
        statement,
    )


def _comparable(name: str, other: str, hierarchy: Hierarchy) -> bool:
    return hierarchy.is_a(name, other) or hierarchy.is_a(other, name)


def _note(claim: Claim, statement: Statement, hierarchy: Hierarchy) -> str:
    ends = ((claim.subject, statement.subject), (claim.object, statement.object))
    if not all(hierarchy.is_a(name, wider) for name, wider in ends):
        return "instance"
    if statement.relation != claim.relation and _other_purpose(claim, statement):
        return "other-purpose"
    if not fits(statement.scope, claim, hierarchy):
        return "out-of-scope"
    if statement.sign is None:
        return "unsigned"
    return "" if all(name == other for name, other in ends) else "inherited"


def _other_purpose(claim: Claim, statement: Statement) -> bool:
    return bool(claim.purpose and statement.purpose) and claim.purpose != statement.purpose


def _bearing(claim: Claim, statement: Statement) -> Bearing:
    if statement.affirmed and statement.sign:
        return Bearing.SUPPORTS if statement.sign == claim.sign else Bearing.OPPOSES
    denies_claim = not statement.affirmed and statement.sign == claim.sign
    says_no_change = statement.affirmed and statement.sign == 0
    return Bearing.NULL if denies_claim or says_no_change else Bearing.NOTED


def stated(effects: Iterable[Effect], statements: Iterable[Statement]) -> Iterator[Statement]:
    """Yield ``statements``, and what therapeutic effects claim beyond them; sorted, without repeats."""
    said = set(statements)
    known = {statement.claim for statement in said}
    for effect in merge(each for each in effects if each.therapeutic):
        name = f"{effect.subject} {effect.relation} {effect.object}"
        said |= {_said(effect, claim) for claim in effect.claims or (name,) if claim not in known}
    yield from sorted(said, key=lambda each: (each.claim, repr(each)))


def _said(effect: Effect, claim: str) -> Statement:
    return Statement(
        effect.subject,
        effect.relation,
        effect.object,
        effect.sign,
        affirmed=True,
        claim=claim,
        certainty=effect.certainty,
        anchors=effect.anchors,
        references=effect.references,
        scope=effect.scope,
        purpose=effect.purpose,
        source=next(iter(effect.sources), ""),
    )
