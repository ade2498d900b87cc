"""Judged trials in, what sets them apart out: disagreement, durability, outcomes that part ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ketagraph.claims.clinical import ClinicalKind, Trial, trial_of
from ketagraph.claims.judgement import Judgement
from ketagraph.claims.model import Comparator, Finding, Verdict
from ketagraph.claims.paths import union
from ketagraph.claims.readings import Bearing, Reading, moment

__all__ = [
    "Difference",
    "Disagreement",
    "Dissociation",
    "Durability",
    "disagreements",
    "dissociations",
    "durability",
]

_FAVOURABLE = {ClinicalKind.SUPPORTS, ClinicalKind.TRANSIENT, ClinicalKind.MIXED}
_REPORTED = "reported-differently"
_UNFAVOURABLE = {ClinicalKind.NULL, ClinicalKind.HARMS, ClinicalKind.BENEFITS}


@dataclass(frozen=True, slots=True)
class Difference:
    """One aspect in which two trials differ; an empty side means that the source says nothing."""

    aspect: str
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two trials, or two records of one, that answer one claim differently; what differs and may explain it.

    ``kind`` is ``population-explained``, ``scope-separated`` (dose regime, route), ``comparator-explained``,
    ``timepoint-explained`` or ``same-scope``: the first aspect in that order that is stated and differs.
    Where two sources tell one result of one trial differently, it is ``reported-differently``.
    ``sources`` are the one or two texts that report them.
    """

    subject: str
    object: str
    purpose: str
    first: str
    first_kind: str
    second: str
    second_kind: str
    kind: str
    differences: tuple[Difference, ...]
    findings: tuple[str, ...]
    anchors: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Durability:
    """How long one trial's benefit held, in weeks (None: no time stated), with the source's own words.

    ``kind``: ``transient`` (nothing found later), ``lasting`` (benefit at the last stated time),
    ``undated`` (no time stated), ``none`` (no benefit).
    """

    trial: str
    subject: str
    object: str
    purpose: str
    kind: str
    benefit_weeks: float | None
    benefit_when: str
    lost_weeks: float | None
    lost_when: str
    findings: tuple[str, ...]
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dissociation:
    """An arm of a trial in which outcomes of ``improved`` kinds got better and of ``unchanged`` kinds not."""

    trial: str
    arm: str
    improved: tuple[str, ...]
    unchanged: tuple[str, ...]
    improved_outcomes: tuple[str, ...]
    unchanged_outcomes: tuple[str, ...]
    findings: tuple[str, ...]
    anchors: tuple[str, ...]


def disagreements(judgement: Judgement) -> Iterator[Disagreement]:
    """Yield every pair of a trial that favours the claim and one that does not; and of differing reports."""
    for first in judgement.clinical.deciding:
        for second in judgement.clinical.deciding:
            if first.kind in _FAVOURABLE and second.kind in _UNFAVOURABLE:
                yield _between_trials(judgement, first, second)
        yield from _between_reports(judgement, first)


def _between_trials(judgement: Judgement, first: Trial, second: Trial) -> Disagreement:
    ours = [each.finding for each in first.deciding if each.bearing is Bearing.SUPPORTS]
    theirs = [each.finding for each in second.deciding if each.bearing is not Bearing.SUPPORTS]
    return _disagreement(judgement, (first.trial, second.trial), (first.kind, second.kind), ours, theirs)


def _between_reports(judgement: Judgement, trial: Trial) -> Iterator[Disagreement]:
    """Yield the pairs of records of one trial that differ; the one that supports the claim comes first."""
    decides = {each.finding.id: each for each in trial.deciding}
    pairs: dict[tuple[str, str], list[tuple[Finding, Finding]]] = {}
    for names in trial.disputed:
        sides = sorted(
            (decides[name] for name in names), key=lambda each: each.bearing is not Bearing.SUPPORTS
        )
        first, second = (each.finding for each in sides)
        pairs.setdefault((first.trial, second.trial), []).append((first, second))
    for records, told in pairs.items():
        own = ([each for each in trial.deciding if each.finding.trial == record] for record in records)
        kinds = tuple(trial_of(judgement.claim, readings).kind for readings in own)
        ours, theirs = (list(dict.fromkeys(side)) for side in zip(*told, strict=True))
        yield _disagreement(judgement, records, kinds, ours, theirs, kind=_REPORTED)


def _disagreement(
    judgement: Judgement,
    trials: tuple[str, str],
    kinds: Sequence[ClinicalKind],
    ours: list[Finding],
    theirs: list[Finding],
    *,
    kind: str = "",
) -> Disagreement:
    different = tuple(_differences(ours, theirs, verdicts=bool(kind)))
    both = [*ours, *theirs]
    return Disagreement(
        judgement.claim.subject,
        judgement.claim.object,
        judgement.claim.purpose,
        trials[0],
        kinds[0],
        trials[1],
        kinds[1],
        kind or _explained({each.aspect for each in different if each.first and each.second}),
        different,
        tuple(each.id for each in both),
        union(each.anchors for each in both),
        union([each.source] for each in both if each.source),
    )


_ASPECTS: dict[str, Callable[[Finding], Iterable[str]]] = {
    "condition": lambda each: each.conditions,
    "population": lambda each: ["refractory to earlier treatment"] if each.refractory else [],
    "dose regime": lambda each: each.dose_regime.split(),
    "route": lambda each: each.route.split(),
    "comparator": lambda each: [each.comparator_kind],
    "shared drugs": lambda each: each.co_drugs,
    "outcome": lambda each: [each.outcome],
    "time": lambda each: [each.timepoint_label] if each.timepoint_label else [],
}
_EXPLAINS = (
    ("condition", "population-explained"),
    ("population", "population-explained"),
    ("dose regime", "scope-separated"),
    ("route", "scope-separated"),
    ("comparator", "comparator-explained"),
    ("time", "timepoint-explained"),
)


def _differences(ours: list[Finding], theirs: list[Finding], *, verdicts: bool) -> Iterator[Difference]:
    if verdicts:
        yield from _difference(
            "verdict", ([each.verdict] for each in ours), ([each.verdict] for each in theirs)
        )
    for aspect, value in _ASPECTS.items():
        yield from _difference(aspect, map(value, ours), map(value, theirs))
    stated = union([name for name, _ in each.setting] for each in (*ours, *theirs))
    for aspect in stated:
        values = ([[dict(each.setting).get(aspect, "")] for each in side] for side in (ours, theirs))
        yield from _difference(f"{aspect} as stated", *values)


def _difference(
    aspect: str, ours: Iterable[Iterable[str]], theirs: Iterable[Iterable[str]]
) -> Iterator[Difference]:
    first, second = (tuple(filter(None, union(side))) for side in (ours, theirs))
    if first != second:
        yield Difference(aspect, first, second)


def _explained(aspects: set[str]) -> str:
    return next((kind for aspect, kind in _EXPLAINS if aspect in aspects), "same-scope")


def durability(judgement: Judgement) -> Iterator[Durability]:
    """Yield how long the benefit of each deciding trial held."""
    for trial in judgement.clinical.deciding:
        read = [*trial.deciding, *(each for each in trial.others if each.finding.verdict in _NOTHING)]
        gains = sorted((each for each in read if each.bearing is Bearing.SUPPORTS), key=_moment)
        last = gains[-1] if gains else None
        lost = _lost(read, last) if last else None
        shown = [each.finding for each in (last, lost) if each] or [each.finding for each in read]
        yield Durability(
            trial.trial,
            judgement.claim.subject,
            judgement.claim.object,
            judgement.claim.purpose,
            _held(last, lost),
            last.finding.timepoint_weeks if last else None,
            last.finding.timepoint_label if last else "",
            lost.finding.timepoint_weeks if lost else None,
            lost.finding.timepoint_label if lost else "",
            tuple(each.id for each in shown),
            union(each.anchors for each in shown),
        )


_NOTHING = {Verdict.NO_CHANGE_WITHIN_ARM}


def _moment(reading: Reading) -> tuple[float, int]:
    return moment(reading.finding)


def _lost(read: list[Reading], last: Reading) -> Reading | None:
    """Return the first finding of nothing at a stated time after the last benefit."""
    later = (
        each
        for each in read
        if each.finding.verdict in {Verdict.NO_DIFFERENCE, *_NOTHING}
        and each.finding.comparator_kind != Comparator.ACTIVE
        and each.finding.timepoint_weeks is not None
        and _moment(each) > _moment(last)
    )
    return min(later, key=_moment, default=None)


def _held(last: Reading | None, lost: Reading | None) -> str:
    if last is None:
        return "none"
    if lost:
        return "transient"
    return "undated" if last.finding.timepoint_weeks is None else "lasting"


def dissociations(
    findings: Iterable[Finding], *, kinds: Iterable[str] = ("pain", "function", "quality-of-life")
) -> Iterator[Dissociation]:
    """Yield the arms in which one of ``kinds`` improved against a comparator and another did not."""
    wanted = set(kinds)
    compared = sorted(
        (
            each
            for each in findings
            if each.outcome_kind in wanted and each.comparator_kind != Comparator.WITHIN_ARM
        ),
        key=_arm,
    )
    for (trial, arm), group in groupby(compared, key=_arm):
        yield from _dissociation(trial, arm, list(group))


def _arm(finding: Finding) -> tuple[str, str]:
    return finding.trial, finding.arm


def _dissociation(trial: str, arm: str, group: list[Finding]) -> Iterator[Dissociation]:
    better = [each for each in group if each.verdict == Verdict.FAVOURS_INTERVENTION]
    gained = {each.outcome_kind for each in better}
    same = [
        each for each in group if each.verdict == Verdict.NO_DIFFERENCE and each.outcome_kind not in gained
    ]
    if better and same:
        yield Dissociation(
            trial,
            arm,
            tuple(sorted(gained)),
            tuple(sorted({each.outcome_kind for each in same})),
            union([each.outcome] for each in better),
            union([each.outcome] for each in same),
            tuple(each.id for each in (*better, *same)),
            union(each.anchors for each in (*better, *same)),
        )
