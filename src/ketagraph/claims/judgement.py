"""What the judge answers: the verdict, the reasons for each step, the evidence on both sides, the gaps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ketagraph.claims.clinical import Clinical
from ketagraph.claims.mechanism import Mechanism
from ketagraph.claims.model import Claim, Finding, Statement
from ketagraph.claims.paths import Path, union
from ketagraph.claims.readings import Bearing

__all__ = ["Evidence", "EvidenceKind", "Joint", "Judgement", "Missing", "Reason", "Standing"]


class Joint(StrEnum):
    """The joint verdict.

    The ``harm`` forms answer claims that the subject makes the object worse; stated, inferred and
    contested answer claims of a mechanism, which no trial decides.
    """

    CONCORDANT_BENEFIT = "concordant benefit"
    MECHANISM_WITHOUT_BENEFIT = "mechanism without benefit"
    BENEFIT_WITHOUT_MECHANISM = "benefit without modelled mechanism"
    TRANSIENT_BENEFIT = "transient benefit"
    CONCORDANT_HARM = "concordant harm"
    MECHANISM_WITHOUT_HARM = "mechanism without harm"
    HARM_WITHOUT_MECHANISM = "harm without modelled mechanism"
    TRANSIENT_HARM = "transient harm"
    STATED = "stated"
    INFERRED = "inferred"
    CONTESTED = "contested"
    MIXED = "mixed"
    CONTRADICTED = "contradicted"
    MECHANISM_ONLY = "mechanism only"
    UNTESTED = "untested"
    UNKNOWN = "unknown"


class Standing(StrEnum):
    """The verdict in one word, for programs that only branch on it."""

    SUPPORTED = "supported"
    OPPOSED = "opposed"
    UNDECIDED = "undecided"


class EvidenceKind(StrEnum):
    """Findings outrank statements and paths, and are listed first."""

    FINDING = "finding"
    STATEMENT = "statement"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence, for or against, always in this form.

    ``note`` is a code saying why it counts less or not (``active-comparator``, ``other-purpose``,
    ``inherited``, …). ``via_subclass`` names the kinds of the object through which it is an instance.
    """

    kind: EvidenceKind
    id: str
    bearing: Bearing
    note: str
    via_subclass: tuple[str, ...]
    references: tuple[str, ...]
    anchors: tuple[str, ...]
    source: Finding | Statement | Path

    @property
    def sources(self) -> tuple[str, ...]:
        """The texts that report it, sorted."""
        if isinstance(self.source, Path):
            return self.source.sources
        return (self.source.source,) if self.source.source else ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One step towards the verdict: a stable code, a sentence without names, and evidence identifiers.

    Identifiers are those of trials, findings or claims; ``code`` is listed in :mod:`.reasons`.
    ``anchors`` are the sentences in which that evidence stands.
    """

    code: str
    text: str
    evidence: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that would complete the picture, with the names concerned.

    Codes: ``hop`` (names: from, to), ``sign`` (from, to), ``hops`` (the path is longer than the search
    went), ``trial``, ``placebo-controlled-trial``, ``outcome`` (kinds), ``subclass`` (untested kinds).
    """

    code: str
    text: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer to one claim.

    ``support`` and ``against`` hold what decides (``against`` both what points the other way and what
    found no effect), ``noted`` what bears on the claim without deciding; findings first, then sorted.
    """

    claim: Claim
    verdict: Joint
    mechanism: Mechanism
    clinical: Clinical
    reasons: tuple[Reason, ...]
    support: tuple[Evidence, ...]
    against: tuple[Evidence, ...]
    noted: tuple[Evidence, ...]
    missing: tuple[Missing, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """The texts that report any of the evidence, sorted."""
        return union(each.sources for each in (*self.support, *self.against, *self.noted))

    @property
    def standing(self) -> Standing:
        """Whether the evidence supports the claim, opposes it (mixed and null included), or neither."""
        return _STANDING.get(self.verdict, Standing.OPPOSED)

    def because(self, code: str) -> Reason | None:
        """Find the reason with ``code``, if it was given."""
        return next((reason for reason in self.reasons if reason.code == code), None)


_STANDING = {
    Joint.CONCORDANT_BENEFIT: Standing.SUPPORTED,
    Joint.BENEFIT_WITHOUT_MECHANISM: Standing.SUPPORTED,
    Joint.TRANSIENT_BENEFIT: Standing.SUPPORTED,
    Joint.CONCORDANT_HARM: Standing.SUPPORTED,
    Joint.HARM_WITHOUT_MECHANISM: Standing.SUPPORTED,
    Joint.TRANSIENT_HARM: Standing.SUPPORTED,
    Joint.STATED: Standing.SUPPORTED,
    Joint.INFERRED: Standing.SUPPORTED,
    Joint.MECHANISM_ONLY: Standing.UNDECIDED,
    Joint.UNTESTED: Standing.UNDECIDED,
    Joint.UNKNOWN: Standing.UNDECIDED,
}
