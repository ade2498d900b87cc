"""What the judge is told: a claim, signed effects, trial findings and statements, as plain values.

Names are strings, usually IRIs; nothing here looks inside them but :func:`local`. A sign says what
more of the subject does to the object: +1 more of it, −1 less of it, 0 known not to change it, None
not said. Claims whose own relation has no direction are refused, since nothing could speak for or
against them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from ketagraph.errors import UnknownName

__all__ = [
    "Certainty",
    "Claim",
    "Comparator",
    "Effect",
    "Finding",
    "Scope",
    "Sign",
    "Statement",
    "Verdict",
    "is_human",
    "local",
    "sign_key",
]


Sign = Literal[-1, 0, 1] | None


class Certainty(StrEnum):
    """How surely a source words a claim, strongest first."""

    ESTABLISHED = "Established"
    BELIEVED = "Believed"
    POSSIBLE = "Possible"
    UNKNOWN = "Unknown"


class Comparator(StrEnum):
    """What an intervention was compared with."""

    PLACEBO = "placebo"
    SALINE = "saline"
    ACTIVE = "active"
    ADD_ON = "add-on"
    DOSE = "dose"
    COMBINATION = "combination"
    WITHIN_ARM = "within-arm"
    WITHIN_SUBJECT = "within-subject"
    UNSPECIFIED = "unspecified"


class Verdict(StrEnum):
    """What a comparison found; ``favours-intervention`` means better, whichever way the scale runs."""

    FAVOURS_INTERVENTION = "favours-intervention"
    NO_DIFFERENCE = "no-significant-difference"
    FAVOURS_COMPARATOR = "favours-comparator"
    IMPROVED_WITHIN_ARM = "improved-within-arm"
    NO_CHANGE_WITHIN_ARM = "no-change-within-arm"
    WORSENED_WITHIN_ARM = "worsened-within-arm"
    NOT_REPORTED = "not-reported"


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Where an effect is said to hold; an empty field means that the source does not restrict it."""

    dose_regime: str = ""
    route: str = ""
    species: str = ""
    site: str = ""
    population: str = ""
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """One signed edge, with the claims that assert it.

    ``therapeutic`` marks statements that a therapy acts on a condition: the very thing a claim asserts,
    so never a hop of its mechanism. ``purpose`` (``treatment``, ``prevention``) matters only there.
    ``sources`` are the texts that say so.
    """

    subject: str
    relation: str
    object: str
    sign: Sign
    claims: tuple[str, ...] = ()
    certainty: Certainty = Certainty.ESTABLISHED
    references: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)
    therapeutic: bool = False
    purpose: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A source's own word on a relation, affirmed or denied; it is listed and never decides.

    ``sign`` is the relation's, also where it is denied. An empty ``purpose`` fits every claim.
    ``therapeutic``: it says what a therapy does for a condition.
    """

    subject: str
    relation: str
    object: str
    sign: Sign
    affirmed: bool
    claim: str
    certainty: Certainty = Certainty.ESTABLISHED
    role: str = ""
    anchors: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)
    purpose: str = ""
    therapeutic: bool = True
    source: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One outcome of one comparison in one trial at one time; ``id`` is its own.

    ``drugs`` are the intervention arm's active agents that the comparator arm lacks, ``co_drugs`` those
    that both have. ``timepoint_kind`` begins with at, until, from, during or within. ``refractory``:
    earlier treatment had failed. ``setting`` is whatever else sets the comparison apart: (aspect, value).
    ``trial`` is the record of one source; ``reports`` are those that other sources have of the same study,
    ``alongside`` their findings on the same result.
    """

    id: str
    trial: str
    drugs: frozenset[str]
    conditions: frozenset[str]
    outcome: str
    outcome_kind: str
    comparator_kind: Comparator
    verdict: Verdict
    purpose: str = "treatment"
    co_drugs: frozenset[str] = frozenset()
    timepoint_weeks: float | None = None
    timepoint_kind: str = ""
    timepoint_label: str = ""
    significance_stated: bool = False
    anchors: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    species: str = "human"
    dose_regime: str = ""
    route: str = ""
    arm: str = ""
    refractory: bool = False
    setting: tuple[tuple[str, str], ...] = ()
    source: str = ""
    reports: tuple[str, ...] = ()
    alongside: tuple[str, ...] = ()

    @property
    def study(self) -> str:
        """What all records of the study have in common: the first of their names."""
        return min((self.trial, *self.reports))


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be judged: subject, signed relation, object, and optional qualifiers.

    The object is something one wants less of, such as a pain condition, so that a trial's benefit
    speaks for sign −1; ``wanted`` turns that round, for quality of life and the like. ``therapeutic`` is
    False where the relation is a mechanism's (antagonises, causes): then what sources state decides,
    unless trials do. ``purpose`` names the trials that can decide (``""``: all of them), and
    ``outcome_kinds`` the outcomes. Qualifiers: ``via`` a node that every path must pass;
    ``dose_regime``, ``route``, ``species``; ``outcome``, ``comparator`` and ``timepoint_weeks`` narrow
    the findings.

    Raises:
        UnknownName: the relation has no direction, or the qualifiers leave nothing to judge.
    """

    subject: str
    relation: str
    object: str
    sign: Sign
    purpose: str = "treatment"
    via: str = ""
    dose_regime: str = ""
    route: str = ""
    species: str = ""
    outcome: str = ""
    comparator: str = ""
    timepoint_weeks: float | None = None
    outcome_kinds: tuple[str, ...] = ("pain",)
    therapeutic: bool = True
    wanted: bool = False

    def __post_init__(self) -> None:
        if not self.sign:
            raise UnknownName(
                f"the relation {self.relation} has no direction, so nothing can speak for or against it; "
                "ask with a relation whose sign is +1 or −1, such as relieves or worsens"
            )
        if self.via and self.via in {self.subject, self.object}:
            raise UnknownName(f"via {self.via} is the claim's own end; name a node between the two")
        if self.comparator == Comparator.WITHIN_ARM:
            raise UnknownName("a change within one arm decides no claim; name another comparator")
        if self.timepoint_weeks is not None and self.timepoint_weeks < 0:
            raise UnknownName(f"week {self.timepoint_weeks:g} is before the start; count weeks from 0")

    @property
    def benefit(self) -> bool:
        """Whether the claim, if true, is good news."""
        return (self.sign == 1) == self.wanted

    @property
    def scoped(self) -> bool:
        """Whether a qualifier narrows the effects that may carry a path."""
        return bool(self.dose_regime or self.route or self.species)


def sign_key(sign: Sign) -> int:
    """Rank of a sign for sorting: +1, −1, 0, unsigned."""
    return (1, -1, 0, None).index(sign)


def local(name: str) -> str:
    """Last part of an IRI or CURIE in lower case: ``keta:Human`` gives ``human``."""
    return name.replace("#", "/").replace(":", "/").rsplit("/", 1)[-1].lower()


def is_human(species: str) -> bool:
    """Whether ``species`` names people."""
    return local(species) == "human"
