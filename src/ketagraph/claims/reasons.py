"""What was found in, the reasons out: one code per step, each with its evidence.

========================== ==========================================================================
code                       when
========================== ==========================================================================
mechanism-agrees           all signed paths have the claimed sign
mechanism-opposes          all signed paths have the other sign
mechanism-conflicting      signed paths disagree: the mechanism abstains
mechanism-unsigned         every path has a hop whose direction is not known
mechanism-blocked          every path has a hop known to change nothing
mechanism-absent           no path within the search
mechanism-inherited        every agreeing path rests on what is said of a wider class
mechanism-contested        claims deny or contradict a hop of an agreeing path
weakest-link               the weakest hop of the strongest agreeing path (certainty, then species)
scope-excludes             claims on paths that hold only outside the scope asked for
scope-unstated             claims on paths that do not say whether they hold in the scope asked for
consequence-denied         the claim of a mechanism would entail, one step on, what claims deny
paths-cut                  there are more paths than the limit; the surest were kept
trial-*                    trials by their own word: supports, transient, null, null-vs-active, harms,
                           benefits, mixed, within-arm
trial-disputed             trials of which two sources report one result differently; they are mixed
trials-shared              trials that several sources report, each counted once
trial-partial              supporting trials in which another deciding outcome, dose or arm did not differ
instances-only             every deciding trial studied a kind of the object
outcome-dissociation       trials in which one kind of outcome improved and another did not
other-purpose              findings of trials with another purpose
not-attributable           findings on combinations that say nothing of the subject alone
other notes                findings that do not decide, by :class:`~.readings.Note`
stated-for, stated-against what sources merely say; it decides nothing
verdict                    the row of the verdict table that answers
========================== ==========================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ketagraph.claims.clinical import Clinical, ClinicalKind, Trial
from ketagraph.claims.consequences import Clash
from ketagraph.claims.judgement import Evidence, EvidenceKind, Reason
from ketagraph.claims.mechanism import Mechanism, MechanismKind, states
from ketagraph.claims.model import Claim
from ketagraph.claims.paths import union
from ketagraph.claims.readings import Bearing, Note

__all__ = ["clash_reasons", "clinical_reasons", "mechanism_reasons", "scope_reasons", "statement_reasons"]

_TRIALS = {
    ClinicalKind.SUPPORTS: "trials that support the claim",
    ClinicalKind.TRANSIENT: "trials that support the claim for a time and find nothing later",
    ClinicalKind.NULL: "trials that find no effect",
    ClinicalKind.HARMS: "trials in which the comparator did better",
    ClinicalKind.BENEFITS: "trials in which the intervention did better",
    ClinicalKind.MIXED: "trials whose own findings disagree",
    ClinicalKind.WITHIN_ARM: "trials that report only changes within an arm, which decide nothing",
}
_NULL_VS_ACTIVE = (
    "trials that find no advantage over an active comparator, which is not the same as no effect"
)
_NOTES = {
    Note.NOT_ATTRIBUTABLE: "findings on combinations or shared drugs, which say nothing of the subject alone",
    Note.PARENT_CONDITION: "findings on a wider condition, which do not reach down to the object",
    Note.OTHER_PURPOSE: "findings of trials with another purpose",
    Note.NOT_HUMAN: "findings in animals, which do not decide a clinical claim",
    Note.NOT_REPORTED: "comparisons whose result is not reported",
    Note.DOSE_COMPARISON: "comparisons of doses, which say nothing of the drug itself",
    Note.OUT_OF_SCOPE: "findings outside the scope asked for, or that do not state it",
}


def mechanism_reasons(claim: Claim, mechanism: Mechanism) -> Iterator[Reason]:
    """Yield what the paths say and how far it can be relied on."""
    yield _mechanism(claim, mechanism)
    agreeing = [path for path in mechanism.paths if path.sign == claim.sign]
    if agreeing and all(path.inherited for path in agreeing):
        claims = union(hop.claims for path in agreeing for hop in path.hops if hop.inherited)
        yield Reason(
            "mechanism-inherited", "every agreeing path rests on what is said of a wider class", claims
        )
    if contested := union(hop.contested for path in agreeing for hop in path.hops):
        yield Reason(
            "mechanism-contested", f"claims against a hop of an agreeing path: {len(contested)}", contested
        )
    if agreeing:
        weakest = max((path.weakest for path in agreeing), key=lambda hop: hop.strength)
        yield Reason("weakest-link", "the weakest hop of the strongest agreeing path", weakest.claims)
    if mechanism.cut:
        kept = len(mechanism.paths) + len(mechanism.unsigned) + len(mechanism.blocked)
        yield Reason(
            "paths-cut", f"there are more paths than the {kept} that were kept, which are the surest"
        )


def scope_reasons(claim: Claim, mechanism: Mechanism) -> Iterator[Reason]:
    """Yield what the qualifiers leave out, and what is said without stating the scope asked for."""
    if mechanism.outside:
        yield Reason("scope-excludes", "claims that hold only outside the scope asked for", mechanism.outside)
    effects = (each for path in mechanism.paths for hop in path.hops for each in hop.effects)
    if claim.scoped and (silent := union(each.claims for each in effects if not states(each.scope, claim))):
        yield Reason("scope-unstated", "claims on paths that do not state the scope asked for", silent)


def clash_reasons(against: Iterable[Clash]) -> Iterator[Reason]:
    """Yield what the claim would entail one step further on, where sources state the opposite."""
    if claims := union(clash.claims for clash in against):
        yield Reason("consequence-denied", "the claim would entail what other claims deny", claims)


def _mechanism(claim: Claim, mechanism: Mechanism) -> Reason:
    claims = union(path.claims for path in (mechanism.paths or mechanism.unsigned or mechanism.blocked))
    count = len(mechanism.paths)
    if mechanism.agrees is not None:
        code, what = ("agrees", "claimed") if mechanism.agrees else ("opposes", "opposite")
        return Reason(f"mechanism-{code}", f"signed paths, all of the {what} sign: {count}", claims)
    if mechanism.kind is MechanismKind.CONFLICTING:
        plus = sum(path.sign == 1 for path in mechanism.paths)
        text = f"signed paths disagree (+ {plus}, − {count - plus}), so the mechanism abstains"
        return Reason("mechanism-conflicting", text, claims)
    if mechanism.unsigned:
        return Reason("mechanism-unsigned", "every path has a hop whose direction is not known", claims)
    if mechanism.blocked:
        return Reason("mechanism-blocked", "every path has a hop that is known to change nothing", claims)
    where = " through the node asked for" if claim.via else ""
    return Reason("mechanism-absent", f"no path leads from the subject to the object{where}")


def clinical_reasons(clinical: Clinical) -> Iterator[Reason]:
    """Yield what the trials say, by their own words, and what does not decide."""
    for kind, text in _TRIALS.items():
        own = [trial for trial in clinical.trials if trial.kind is kind and not trial.disputed]
        yield from _counted(f"trial-{kind}", text, [each for each in own if not _apart(each)])
        yield from _counted("trial-null-vs-active", _NULL_VS_ACTIVE, [each for each in own if _apart(each)])
    disputed = [trial for trial in clinical.trials if trial.disputed]
    yield from _counted("trial-disputed", "trials that sources report differently", disputed)
    shared = list(clinical.shared)
    yield from _counted("trials-shared", "trials that several sources report, each counted once", shared)
    partial = [trial for trial in clinical.trials if trial.partial]
    yield from _counted(
        "trial-partial", "supporting trials in which another comparison did not differ", partial
    )
    if clinical.instances_only:
        kinds = union(each.via_subclass for trial in clinical.deciding for each in trial.deciding)
        yield Reason("instances-only", "every deciding trial studied a kind of the object", kinds)
    split = [trial for trial in clinical.trials if trial.dissociated]
    yield from _counted(
        "outcome-dissociation", "trials in which outcomes of one kind improved, of another not", split
    )
    for note, text in _NOTES.items():
        if found := tuple(each.finding.id for each in clinical.noted if each.note is note):
            yield Reason(note, f"{text}: {len(found)}", found)


def _apart(trial: Trial) -> bool:
    return trial.kind is ClinicalKind.NULL and trial.active_only


def _records(trials: Iterable[Trial]) -> tuple[str, ...]:
    """Every record that sources have of some trials, trial by trial."""
    return tuple(record for trial in trials for record in trial.records)


def _counted(code: str, text: str, trials: list[Trial]) -> Iterator[Reason]:
    if trials:
        yield Reason(code, f"{text}: {len(trials)}", _records(trials))


def statement_reasons(evidence: Iterable[Evidence]) -> Iterator[Reason]:
    """Yield what sources merely say for and against the claim."""
    said = [each for each in evidence if each.kind is EvidenceKind.STATEMENT]
    for code, bearings in (("for", {Bearing.SUPPORTS}), ("against", {Bearing.OPPOSES, Bearing.NULL})):
        if claims := tuple(each.id for each in said if each.bearing in bearings):
            yield Reason(
                f"stated-{code}", f"statements {code} the claim, which decide nothing: {len(claims)}", claims
            )
