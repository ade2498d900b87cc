"""Readings in, one word per trial and one over all trials out.

A trial is *transient* where it benefits at some time and finds nothing at every later stated time. Over
trials: lasting benefit in one and no effect in another is *mixed*; transient and null trials agree in
the end, so together they are *transient*. No difference from an active comparator never outweighs a
comparison with an inert one, and improvement within an arm decides nothing.

The records that several sources have of one study make one trial: what any of them reports stands, and what
they report alike changes nothing. Where they report one result differently, the trial is *mixed*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ketagraph.claims.model import Claim, Comparator, Verdict
from ketagraph.claims.readings import Bearing, Note, Reading, moment
from ketagraph.claims.reports import told_differently

__all__ = ["Clinical", "ClinicalKind", "Trial", "trial_of", "weigh"]


class ClinicalKind(StrEnum):
    """What trials say of the claim; ``harms`` opposes a claim of benefit, ``benefits`` one of harm."""

    SUPPORTS = "supports"
    TRANSIENT = "transient"
    NULL = "null"
    HARMS = "harms"
    BENEFITS = "benefits"
    MIXED = "mixed"
    WITHIN_ARM = "within-arm"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial's word: ``deciding`` readings and ``others`` (other outcomes, changes within an arm).

    ``partial``: it supports, yet another deciding outcome, dose or arm did not differ. ``active_only``:
    only comparisons with active drugs decide. ``instance``: it studied only kinds of the object.
    ``improved`` and ``unchanged`` are outcome kinds, the second without the first. ``records`` are those that
    sources have of it, ``trial`` the first of them; ``disputed``: pairs of deciding findings by which they
    differ.
    """

    trial: str
    kind: ClinicalKind
    deciding: tuple[Reading, ...]
    others: tuple[Reading, ...]
    partial: bool
    active_only: bool
    instance: bool
    improved: tuple[str, ...]
    unchanged: tuple[str, ...]
    records: tuple[str, ...] = ()
    disputed: tuple[tuple[str, str], ...] = ()

    @property
    def dissociated(self) -> bool:
        """Whether one kind of outcome improved and another did not."""
        return bool(self.deciding and self.improved and self.unchanged)

    @property
    def findings(self) -> tuple[str, ...]:
        """Identifiers of the findings that decide, or of the others where none does."""
        return tuple(sorted(each.finding.id for each in self.deciding or self.others))


@dataclass(frozen=True, slots=True)
class Clinical:
    """The word over all trials, each trial's own, the word per comparator kind, and what only gets noted.

    ``active_only``: the null rests on active comparators alone. ``instances_only``: every deciding trial
    studied a kind of the object, never the object itself.
    """

    kind: ClinicalKind
    trials: tuple[Trial, ...]
    by_comparator: tuple[tuple[Comparator, ClinicalKind], ...]
    noted: tuple[Reading, ...]
    active_only: bool
    instances_only: bool

    @property
    def deciding(self) -> tuple[Trial, ...]:
        """The trials with a finding that decides."""
        return tuple(trial for trial in self.trials if trial.deciding)

    @property
    def shared(self) -> tuple[Trial, ...]:
        """The trials that several sources report."""
        return tuple(trial for trial in self.trials if len(trial.records) > 1)


def weigh(claim: Claim, readings: Iterable[Reading]) -> Clinical:
    """Sum up ``readings`` by trial and over trials; both sorted."""
    known = sorted(readings, key=lambda each: each.finding.id)
    trials = tuple(_trials(claim, known))
    kind = _overall(trials, claim)
    deciding = [trial for trial in trials if trial.deciding]
    return Clinical(
        kind,
        trials,
        tuple(_by_comparator(claim, known)),
        tuple(each for each in known if not each.decides),
        kind is ClinicalKind.NULL and all(trial.active_only for trial in deciding),
        bool(deciding) and all(trial.instance for trial in deciding),
    )


def _trials(claim: Claim, readings: list[Reading]) -> Iterator[Trial]:
    """Yield the trials that measured something about the claim, by name."""
    belonging = [each for each in readings if each.note in _OWN]
    studies: dict[str, list[Reading]] = {}
    for each in sorted(belonging, key=lambda each: each.finding.trial):
        studies.setdefault(each.finding.study, []).append(each)
    for own in studies.values():
        yield trial_of(claim, sorted(own, key=lambda each: each.finding.id))


_OWN = {Note.NONE, Note.ACTIVE_COMPARATOR, Note.WITHIN_ARM, Note.OTHER_OUTCOME}


def trial_of(claim: Claim, readings: list[Reading]) -> Trial:
    """Sum up the readings of one study, which are sorted and at least one."""
    deciding = tuple(each for each in readings if each.decides)
    disputed = tuple(_disputed(deciding))
    kind = ClinicalKind.MIXED if disputed else _kind(claim, readings)
    records = tuple(sorted({each.finding.trial for each in readings}))
    compared = [each.finding for each in readings if each.note is not Note.WITHIN_ARM]
    improved = {each.outcome_kind for each in compared if each.verdict == Verdict.FAVOURS_INTERVENTION}
    unchanged = {each.outcome_kind for each in compared if each.verdict == Verdict.NO_DIFFERENCE}
    return Trial(
        records[0],
        kind,
        deciding,
        tuple(each for each in readings if not each.decides),
        kind is ClinicalKind.SUPPORTS
        and any(each.bearing is Bearing.NULL and not each.note for each in deciding),
        bool(deciding) and all(each.finding.comparator_kind == Comparator.ACTIVE for each in deciding),
        all(each.via_subclass for each in deciding or readings),
        tuple(sorted(improved)),
        tuple(sorted(unchanged - improved)),
        records,
        disputed,
    )


def _disputed(deciding: Iterable[Reading]) -> Iterator[tuple[str, str]]:
    """Yield the findings that records of the study report differently, where the claim sees a difference."""
    bearing = {each.finding.id: each.bearing for each in deciding}
    for first, second in told_differently(each.finding for each in deciding):
        if bearing[first.id] is not bearing[second.id]:
            yield first.id, second.id


def _kind(claim: Claim, readings: list[Reading]) -> ClinicalKind:
    bearings = {each.bearing for each in readings}
    if {Bearing.SUPPORTS, Bearing.OPPOSES} <= bearings:
        return ClinicalKind.MIXED
    if Bearing.SUPPORTS in bearings:
        return ClinicalKind.TRANSIENT if _fades(readings) else ClinicalKind.SUPPORTS
    if Bearing.OPPOSES in bearings:
        return _opposite(claim)
    if Bearing.NULL in bearings:
        return ClinicalKind.NULL
    within = any(each.note is Note.WITHIN_ARM for each in readings)
    return ClinicalKind.WITHIN_ARM if within else ClinicalKind.UNTESTED


def _opposite(claim: Claim) -> ClinicalKind:
    return ClinicalKind.HARMS if claim.benefit else ClinicalKind.BENEFITS


def _fades(readings: list[Reading]) -> bool:
    """Whether nothing is found at a stated time after the last support."""
    last = max(moment(each.finding) for each in readings if each.bearing is Bearing.SUPPORTS)
    stated = (
        each.finding for each in readings if _nothing(each) and each.finding.timepoint_weeks is not None
    )
    return any(moment(finding) > last for finding in stated)


def _nothing(reading: Reading) -> bool:
    if reading.note is Note.WITHIN_ARM:
        return reading.finding.verdict == Verdict.NO_CHANGE_WITHIN_ARM
    return reading.bearing is Bearing.NULL and not reading.note


def _overall(trials: Iterable[Trial], claim: Claim) -> ClinicalKind:
    deciding = [trial for trial in trials if trial.deciding]
    kinds = {trial.kind for trial in deciding}
    null = any(trial.kind is ClinicalKind.NULL and not trial.active_only for trial in deciding)
    opposite = _opposite(claim)
    favourable = kinds & {ClinicalKind.SUPPORTS, ClinicalKind.TRANSIENT}
    if (favourable and opposite in kinds) or (ClinicalKind.SUPPORTS in kinds and null):
        return ClinicalKind.MIXED
    order = (ClinicalKind.MIXED, ClinicalKind.SUPPORTS, ClinicalKind.TRANSIENT, opposite, ClinicalKind.NULL)
    return next((kind for kind in order if kind in kinds), ClinicalKind.UNTESTED)


def _by_comparator(claim: Claim, readings: list[Reading]) -> Iterator[tuple[Comparator, ClinicalKind]]:
    """Yield each comparator kind that decides anything, with the word over its comparisons alone."""
    for kind in sorted({each.finding.comparator_kind for each in readings if each.decides}):
        own = [each for each in readings if each.finding.comparator_kind == kind]
        yield kind, _overall(_trials(claim, own), claim)
