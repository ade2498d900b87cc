"""Trial findings in, readings out: does a finding decide the claim, which way, or why not.

A finding speaks of a claim's subject if one of its drugs is the subject or a kind of it, and of the
object if one of its conditions, or its outcome, is the object or a kind of it (then as an *instance*,
named in ``via_subclass``). It decides only where nothing in the list of notes disqualifies it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ketagraph.claims.hierarchy import Hierarchy
from ketagraph.claims.model import Claim, Comparator, Finding, Verdict, is_human, local

__all__ = ["Bearing", "Note", "Reading", "moment", "read"]


class Bearing(StrEnum):
    """What a piece of evidence does to the claim; ``null`` found no effect, ``noted`` does not decide."""

    SUPPORTS = "supports"
    OPPOSES = "opposes"
    NULL = "null"
    NOTED = "noted"


class Note(StrEnum):
    """Why a finding decides nothing, or (``active-comparator``) less than it seems to."""

    NONE = ""
    NOT_ATTRIBUTABLE = "not-attributable"
    PARENT_CONDITION = "parent-condition"
    OTHER_PURPOSE = "other-purpose"
    NOT_HUMAN = "not-human"
    OTHER_OUTCOME = "other-outcome"
    NOT_REPORTED = "not-reported"
    DOSE_COMPARISON = "dose-comparison"
    OUT_OF_SCOPE = "out-of-scope"
    WITHIN_ARM = "within-arm"
    ACTIVE_COMPARATOR = "active-comparator"


@dataclass(frozen=True, slots=True)
class Reading:
    """One finding as the claim sees it; ``via_subclass`` are the kinds of the object that it studied."""

    finding: Finding
    bearing: Bearing
    note: Note
    via_subclass: tuple[str, ...] = ()

    @property
    def decides(self) -> bool:
        """Whether the finding counts towards its trial's verdict."""
        return self.bearing is not Bearing.NOTED


_WITHIN = {Verdict.IMPROVED_WITHIN_ARM, Verdict.NO_CHANGE_WITHIN_ARM, Verdict.WORSENED_WITHIN_ARM}
_EFFECT = {Verdict.FAVOURS_INTERVENTION: -1, Verdict.NO_DIFFERENCE: 0, Verdict.FAVOURS_COMPARATOR: 1}


@dataclass(frozen=True, slots=True)
class _Case:
    """One finding before one claim; each method names something that disqualifies it."""

    claim: Claim
    finding: Finding
    hierarchy: Hierarchy

    def not_attributable(self) -> bool:
        """Tell whether the arms differ in more than the claim's subject, or not in it."""
        drugs = self.finding.drugs
        return not drugs or not all(self.hierarchy.is_a(drug, self.claim.subject) for drug in drugs)

    def parent_condition(self) -> bool:
        if self.hierarchy.is_a(self.finding.outcome, self.claim.object):
            return False
        return not self.hierarchy.any_is_a(self.finding.conditions, self.claim.object)

    def other_purpose(self) -> bool:
        return bool(self.claim.purpose) and self.finding.purpose != self.claim.purpose

    def not_human(self) -> bool:
        species = self.finding.species
        return not self.claim.species and bool(species) and not is_human(species)

    def other_outcome(self) -> bool:
        if self.claim.outcome:
            return not self.hierarchy.is_a(self.finding.outcome, self.claim.outcome)
        if self.hierarchy.is_a(self.finding.outcome, self.claim.object):
            return False
        return self.finding.outcome_kind not in self.claim.outcome_kinds

    def not_reported(self) -> bool:
        return self.finding.verdict == Verdict.NOT_REPORTED

    def dose_comparison(self) -> bool:
        return self.finding.comparator_kind == Comparator.DOSE

    def out_of_scope(self) -> bool:
        """Tell whether a qualifier is not met; what a trial does not state, it does not show."""
        asked = (
            (self.claim.dose_regime, self.finding.dose_regime),
            (self.claim.route, self.finding.route),
            (self.claim.species, self.finding.species),
            (self.claim.comparator, self.finding.comparator_kind),
        )
        met = all(self.hierarchy.is_a(stated, name) for name, stated in asked if name)
        return not met or not _covers(self.finding, self.claim.timepoint_weeks)

    def within_arm(self) -> bool:
        return self.finding.verdict in _WITHIN or self.finding.comparator_kind == Comparator.WITHIN_ARM


_NOTES: tuple[tuple[Note, Callable[[_Case], bool]], ...] = (
    (Note.NOT_ATTRIBUTABLE, _Case.not_attributable),
    (Note.PARENT_CONDITION, _Case.parent_condition),
    (Note.OTHER_PURPOSE, _Case.other_purpose),
    (Note.NOT_HUMAN, _Case.not_human),
    (Note.NOT_REPORTED, _Case.not_reported),
    (Note.DOSE_COMPARISON, _Case.dose_comparison),
    (Note.OUT_OF_SCOPE, _Case.out_of_scope),
    (Note.OTHER_OUTCOME, _Case.other_outcome),
    (Note.WITHIN_ARM, _Case.within_arm),
)


def read(claim: Claim, finding: Finding, hierarchy: Hierarchy) -> Reading | None:
    """Read ``finding`` for ``claim``; None where it concerns another drug or condition."""
    if not hierarchy.any_is_a(finding.drugs | finding.co_drugs, claim.subject):
        return None
    about = {finding.outcome, *finding.conditions}
    kinds = sorted(name for name in about if hierarchy.is_a(name, claim.object))
    if not kinds and hierarchy.ancestors(claim.object).isdisjoint(finding.conditions):
        return None
    via = () if claim.object in kinds else tuple(kinds)
    case = _Case(claim, finding, hierarchy)
    note = next((note for note, disqualifies in _NOTES if disqualifies(case)), Note.NONE)
    if note:
        return Reading(finding, Bearing.NOTED, note, via)
    return Reading(finding, *_bearing(claim, finding), via)


def _bearing(claim: Claim, finding: Finding) -> tuple[Bearing, Note]:
    effect = _EFFECT[finding.verdict]
    if effect >= 0 and finding.comparator_kind == Comparator.ACTIVE:
        # Not better than a drug that may itself work: no sign of harm, and no proof of no effect.
        return Bearing.NULL, Note.ACTIVE_COMPARATOR
    if not effect:
        return Bearing.NULL, Note.NONE
    return Bearing.SUPPORTS if (effect < 0) == claim.benefit else Bearing.OPPOSES, Note.NONE


def moment(finding: Finding) -> tuple[float, int]:
    """When a finding speaks, for ordering: weeks, then what ends there before what is seen there.

    "Benefit until week 3, none at week 3" is a benefit and a later null. A finding without a stated
    time (weeks −1) is taken to be from before every stated follow-up.
    """
    weeks = -1.0 if finding.timepoint_weeks is None else finding.timepoint_weeks
    return weeks, 0 if _ends(finding) else 1


def _ends(finding: Finding) -> bool:
    return local(finding.timepoint_kind).startswith(("until", "during", "within"))


def _covers(finding: Finding, weeks: float | None) -> bool:
    """Whether the finding speaks of the time ``weeks`` after the start."""
    if weeks is None:
        return True
    if finding.timepoint_weeks is None:
        return False
    if _ends(finding):
        return weeks <= finding.timepoint_weeks
    if local(finding.timepoint_kind).startswith("from"):
        return weeks >= finding.timepoint_weeks
    return weeks == finding.timepoint_weeks
