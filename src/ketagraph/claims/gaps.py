"""What was found in, what would complete the picture out."""

from __future__ import annotations

from collections.abc import Iterator

from ketagraph.claims.clinical import Clinical
from ketagraph.claims.judgement import Missing
from ketagraph.claims.mechanism import Mechanism, MechanismKind
from ketagraph.claims.model import Claim, Comparator
from ketagraph.claims.network import Network

__all__ = ["WANTED", "gaps"]

WANTED = ("pain", "function", "quality-of-life")
_INERT = {Comparator.PLACEBO, Comparator.SALINE}


def gaps(
    claim: Claim, network: Network, mechanism: Mechanism, clinical: Clinical, *, hops: int
) -> Iterator[Missing]:
    """Yield what lacks, mechanism first."""
    if mechanism.kind is MechanismKind.UNSIGNED:
        yield from _unsigned(mechanism)
    elif mechanism.kind is MechanismKind.NO_PATH and not mechanism.blocked:
        yield from _hop(claim, network, hops)
    yield from _trials(clinical)
    if clinical.instances_only:
        yield from _subclasses(claim, network, clinical)


def _unsigned(mechanism: Mechanism) -> Iterator[Missing]:
    hop = next(hop for hop in mechanism.unsigned[0].hops if hop.sign is None)
    yield Missing(
        "sign", "a path would be signed if this hop's direction were known", (hop.subject, hop.object)
    )


def _hop(claim: Claim, network: Network, hops: int) -> Iterator[Missing]:
    """Yield the hop that would join what the subject acts on to what acts on the object.

    Taken as near to both ends as can be, by name where there are several; from the subject itself
    where it acts on nothing, to the object itself where nothing acts on it or one hop is all there may be.
    """
    distance = network.distances(claim.object)
    starts = {effect.object for effect in network.outgoing(claim.subject) if effect.sign != 0}
    starts -= {claim.subject}
    if length := min((distance[name] + 1 for name in starts & distance.keys()), default=0):
        if length > hops:
            yield Missing("hops", f"the nearest path has {length} hops and the search ended at {hops}")
        return
    ends = {name for name, steps in distance.items() if steps == 1} - {claim.subject}
    start = min(starts, default=claim.subject) if hops > 1 else claim.subject
    room = hops - (start != claim.subject)
    end = min(ends, default=claim.object) if room > 1 else claim.object
    yield Missing("hop", "a path would be complete if this hop were known", (start, end))


def _trials(clinical: Clinical) -> Iterator[Missing]:
    if not clinical.deciding:
        yield Missing("trial", "no trial decides the claim")
    elif not any(kind in _INERT for kind, _ in clinical.by_comparator):
        yield Missing("placebo-controlled-trial", "no trial compares with placebo or saline")
    measured = {
        each.finding.outcome_kind for trial in clinical.trials for each in (*trial.deciding, *trial.others)
    }
    lacking = tuple(kind for kind in WANTED if kind not in measured)
    if lacking and clinical.trials:
        yield Missing("outcome", "no trial measured these outcomes", lacking)


def _subclasses(claim: Claim, network: Network, clinical: Clinical) -> Iterator[Missing]:
    studied = {name for trial in clinical.deciding for each in trial.deciding for name in each.via_subclass}
    reached = studied.union(*(network.hierarchy.ancestors(name) for name in studied))
    if rest := sorted(network.hierarchy.children(claim.object) - reached):
        yield Missing("subclass", "no trial studied these kinds of the object", tuple(rest))
