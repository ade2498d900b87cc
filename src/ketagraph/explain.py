"""A judgement in, words out: the verdict, the paths and findings that decide it, and what is missing.

Every line that rests on evidence ends with where it stands: sentences of the source and the numbers of
its references, so that a reader can go and look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ketagraph.answers import sentences
from ketagraph.claims import (
    Chain,
    Effect,
    Evidence,
    EvidenceKind,
    Finding,
    Hop,
    Judgement,
    Link,
    Path,
    Reason,
    Statement,
    Trial,
)

__all__ = ["chain_lines", "lines", "shared_words"]

# Reasons whose claims are worth naming one by one: they are what a reader must weigh.
_NAMED = {"mechanism-contested", "scope-excludes", "consequence-denied"}
_ARROW = {1: "—(+)→", -1: "—(−)→", 0: "—(0)→", None: "—(?)→"}
_SIGN = {1: "more", -1: "less", 0: "no change of", None: "an unsigned change of"}


def lines(
    judgement: Judgement, labels: Mapping[str, str], *, max_paths: int = 5, in_full: bool = False
) -> Iterator[str]:
    """Yield the judgement as lines of plain text; ``labels`` maps IRIs to words.

    At most ``max_paths`` signed paths are shown; ``in_full`` shows every path, hop by hop, with the claims
    that assert it, the scope in which they hold and the claims against it.
    """
    yield from _Words(labels).lines(judgement, max_paths, in_full=in_full)


def shared_words(records: Iterable[int]) -> str:
    """Say how many trials several sources report, after the number of records of each; empty where none is.

    The words follow how many trials there are: ``, one of them reported by two sources``.
    """
    several = sorted(number for number in records if number > 1)
    if not several:
        return ""
    one, two = len(several) == 1, several[-1] == 2
    return f", {'one' if one else len(several)} of them reported by {'two' if two else 'several'} sources"


def chain_lines(chain: Chain, labels: Mapping[str, str]) -> Iterator[str]:
    """Yield a checked chain as lines of plain text, hop by hop."""
    yield from _Words(labels).chain(chain)


class _Words:
    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def lines(self, judgement: Judgement, max_paths: int, *, in_full: bool) -> Iterator[str]:
        """Yield what is told of a judgement, line by line."""
        claim = judgement.claim
        yield f"claim      {self.word(claim.subject)} {self.word(claim.relation)} {self.word(claim.object)}"
        if asked := ", ".join(self._qualifiers(judgement)):
            yield f"asked for  {asked}"
        yield f"verdict    {judgement.verdict} ({judgement.standing})"
        yield f"mechanism  {judgement.mechanism.kind}, {len(judgement.mechanism.paths)} signed path(s)"
        shared = shared_words(len(trial.records) for trial in judgement.clinical.trials)
        yield f"trials     {judgement.clinical.kind}, {len(judgement.clinical.trials)} trial(s){shared}"
        yield from _section("why", (line for each in judgement.reasons for line in self._reason(each)))
        yield from self._ways(judgement, max_paths, in_full=in_full)
        yield from _section(
            "trials", (line for trial in judgement.clinical.trials for line in self._trial(trial))
        )
        for title, pieces in (
            ("for", judgement.support),
            ("against", judgement.against),
            ("noted", judgement.noted),
        ):
            told = (self._evidence(each) for each in pieces if each.kind is not EvidenceKind.PATH)
            yield from _section(title, told)
        yield from _section("missing", (self._missing(each.text, each.names) for each in judgement.missing))

    def _reason(self, reason: Reason) -> Iterator[str]:
        yield f"{reason.text} [{reason.code}]{self._places(reason.anchors, ())}"
        if reason.code in _NAMED:
            yield from (f"  {self.word(name)}" for name in reason.evidence)

    def chain(self, chain: Chain) -> Iterator[str]:
        nodes = [chain.links[0].step.subject, *(link.step.object for link in chain.links)]
        yield f"chain      {' → '.join(map(self.word, nodes))}"
        yield f"worst hop  {chain.worst} ({chain.standing})"
        yield f"sign       {_SIGN[chain.sign]} {self.word(nodes[-1])}{_composed(chain)}"
        for number, link in enumerate(chain.links, start=1):
            yield ""
            yield from self._link(number, link)

    def _link(self, number: int, link: Link) -> Iterator[str]:
        ends = f"{self.word(link.step.subject)} {_ARROW[link.sign]} {self.word(link.step.object)}"
        yield f"hop {number}      {ends}: {link.standing}"
        for path in link.judgement.mechanism.paths[:3]:
            yield f"  {self._path(path)}"
        for each in (*link.judgement.support, *link.judgement.against):
            if each.kind is EvidenceKind.STATEMENT:
                yield f"  {self._evidence(each)}"
        for code in ("mechanism-contested", "consequence-denied"):
            if reason := link.judgement.because(code):
                yield f"  {reason.text}{self._places(reason.anchors, ())}"
        for missing in link.judgement.missing:
            if missing.code in {"hop", "sign", "hops"} and not link.judgement.mechanism.paths:
                yield f"  {self._missing(missing.text, missing.names)}"

    def _qualifiers(self, judgement: Judgement) -> Iterator[str]:
        claim = judgement.claim
        for name in ("via", "dose_regime", "route", "species", "outcome", "comparator"):
            if value := getattr(claim, name):
                yield f"{name.replace('_', ' ')} {self.word(value)}"
        if claim.timepoint_weeks is not None:
            yield f"week {claim.timepoint_weeks:g}"

    def _ways(self, judgement: Judgement, most: int, *, in_full: bool) -> Iterator[str]:
        found = judgement.mechanism
        if not in_full:
            yield from _section("paths", self._paths(judgement, most))
            return
        for title, paths in (
            ("paths", found.paths),
            ("paths with a hop of unknown direction", found.unsigned),
            ("paths with a hop known to change nothing", found.blocked),
        ):
            yield from _section(title, (line for path in paths for line in self._in_full(path)))

    def _in_full(self, path: Path) -> Iterator[str]:
        yield self._path(path)
        for hop in path.hops:
            ends = f"{self.word(hop.subject)} {_ARROW[hop.sign]} {self.word(hop.object)}"
            yield f"    {ends}, {str(hop.certainty).lower()}{_mark(hop)}"
            for effect in hop.effects:
                yield f"      {self._effect(effect)}"
            if hop.contested:
                yield f"      against it: {', '.join(map(self.word, hop.contested))}"

    def _effect(self, effect: Effect) -> str:
        scope = effect.scope
        stated = (scope.dose_regime, scope.route, scope.species, scope.site, scope.population)
        where = ", ".join(self.word(value) for value in stated if value)
        told = f"{self.word(effect.subject)} {self.word(effect.relation)} {self.word(effect.object)}"
        through = f" through {', '.join(map(self.word, scope.via))}" if scope.via else ""
        held = f" [{where}]" if where else ""
        sure = str(effect.certainty).lower()
        return f"{told}{through}{held}, {sure}{self._places(effect.anchors, effect.references)}"

    def word(self, iri: str) -> str:
        """Return the label of ``iri``, or its local name."""
        return self._labels.get(iri) or iri.rsplit("/", 1)[-1]

    def _paths(self, judgement: Judgement, most: int) -> Iterator[str]:
        paths = judgement.mechanism.paths
        for path in paths[:most]:
            yield self._path(path)
        if len(paths) > most:
            yield f"… and {len(paths) - most} more"

    def _path(self, path: Path) -> str:
        steps = "".join(f" {_ARROW[hop.sign]} {self.word(hop.object)}{_mark(hop)}" for hop in path.hops)
        weakest = path.weakest
        sure = str(weakest.certainty).lower()
        told = (
            f"{self.word(path.hops[0].subject)}{steps}: {_SIGN[path.sign]} {self.word(path.hops[-1].object)}"
        )
        places = self._places(path.anchors, path.references)
        return f"{told}; weakest step to {self.word(weakest.object)} ({sure}){places}"

    def _trial(self, trial: Trial) -> Iterator[str]:
        several = len(trial.records) > 1
        also = f" (also reported as {', '.join(map(self.word, trial.records[1:]))})" if several else ""
        yield f"{self.word(trial.trial)}{also}: {trial.kind}"
        for reading in (*trial.deciding, *trial.others):
            whose = f"{self.word(reading.finding.source)}: " if several else ""
            yield f"  {whose}{self._finding(reading.finding)}"

    def _finding(self, finding: Finding) -> str:
        when = f", {finding.timepoint_label}" if finding.timepoint_label else ""
        against = (
            f"against {finding.comparator_kind}"
            if "within" not in finding.comparator_kind
            else "within the arm"
        )
        verdict = finding.verdict.replace("-", " ")
        told = f"{self.word(finding.outcome)} {against}{when}: {verdict}"
        return told + self._places(finding.anchors, finding.references)

    def _evidence(self, evidence: Evidence) -> str:
        source = evidence.source
        told = self._finding(source) if isinstance(source, Finding) else self._statement(source)
        who = f"{self.word(source.trial)}: " if isinstance(source, Finding) else "the source says: "
        return f"{who}{told}" + (f" [{evidence.note}]" if evidence.note else "")

    def _statement(self, source: Statement | Path) -> str:
        if isinstance(source, Path):
            return self._path(source)
        word = "" if source.affirmed else "not "
        told = f"{word}{self.word(source.subject)} {self.word(source.relation)} {self.word(source.object)}"
        places = self._places(source.anchors, source.references)
        return f"{told} ({source.role}, {source.certainty.lower()}){places}"

    def _places(self, anchors: Sequence[str], references: Sequence[str]) -> str:
        told_in = ", ".join(sentences(anchors, self._labels))
        numbers = ", ".join(reference.rsplit("-ref-", 1)[-1] for reference in references)
        parts = [
            f"sentence{'s' * (',' in told_in)} {told_in}" if told_in else "",
            f"reference{'s' * (',' in numbers)} {numbers}" if numbers else "",
        ]
        told = "; ".join(part for part in parts if part)
        return f" ({told})" if told else ""

    def _missing(self, text: str, names: Sequence[str]) -> str:
        return f"{text}: {', '.join(map(self.word, names))}" if names else text


def _section(title: str, told: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(told):
        if not number:
            yield f"\n{title}"
        yield f"  {line}"


def _composed(chain: Chain) -> str:
    if chain.composes is None:
        return ""
    return ", as claimed" if chain.composes else f", not as claimed ({_SIGN[chain.claimed]})"


def _mark(hop: Hop) -> str:
    return " (inherited)" if hop.inherited else ""
