"""Paths, denials and consequences in, the verdict on a claim of mechanism out.

A claim that one thing acts on another (``therapeutic`` is False) is decided by what sources state, since
no trial measures a receptor. Direct statements outrank paths of several hops:

=========================== ============================================================================
verdict                     when
=========================== ============================================================================
stated                      a source says so of these very two things, and nothing speaks against it
inferred                    every signed path agrees, but no source says so of these very two things
contested                   sources disagree: on the hop itself, on all agreeing paths, or one step
                            further on, where the claim would entail what sources deny
contradicted                only the opposite, no change, or a denial is stated or inferred
untested, unknown           nothing signed; something or nothing else is known
=========================== ============================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ketagraph.claims.judgement import Evidence, EvidenceKind, Joint
from ketagraph.claims.mechanism import Mechanism, MechanismKind
from ketagraph.claims.model import Claim
from ketagraph.claims.paths import Path
from ketagraph.claims.readings import Bearing

__all__ = ["mechanistic"]


def mechanistic(claim: Claim, mechanism: Mechanism, evidence: Sequence[Evidence], *, clashing: bool) -> Joint:
    """Return the verdict on a claim of mechanism that no trial decides."""
    direct = [path for path in mechanism.paths if len(path.hops) == 1]
    said = _said(evidence)
    pool = direct or ([] if said else list(mechanism.paths))
    agreeing = [path for path in pool if path.sign == claim.sign]
    against = clashing or _denied(evidence) or len(agreeing) < len(pool)
    if said or agreeing:
        if against or (not said and all(map(_contested, agreeing))):
            return Joint.CONTESTED
        return Joint.STATED if said or _exact(direct) else Joint.INFERRED
    if pool or _denied(evidence) or any(len(path.hops) == 1 for path in mechanism.blocked):
        return Joint.CONTRADICTED
    known = bool(evidence) or mechanism.kind is not MechanismKind.NO_PATH
    return Joint.UNTESTED if known else Joint.UNKNOWN


def _exact(direct: Iterable[Path]) -> bool:
    return any(not path.inherited for path in direct)


def _contested(path: Path) -> bool:
    return any(hop.contested for hop in path.hops)


def _said(evidence: Iterable[Evidence]) -> bool:
    """Whether a source states the very thing, as what a therapy does."""
    return any(
        each.kind is EvidenceKind.STATEMENT and each.bearing is Bearing.SUPPORTS and not each.note
        for each in evidence
    )


def _denied(evidence: Iterable[Evidence]) -> bool:
    return any(
        each.kind is EvidenceKind.STATEMENT and each.bearing in {Bearing.NULL, Bearing.OPPOSES}
        for each in evidence
    )
