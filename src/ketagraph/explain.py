"""A judgement in, words out: the verdict, the paths and findings that decide it, and what is missing.

Every line that rests on evidence ends with where it stands: sentences of the source and the numbers of
its references, so that a reader can go and look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ketagraph.claims import Evidence, EvidenceKind, Finding, Hop, Judgement, Path, Statement, Trial

__all__ = ["lines"]

_ARROW = {1: "—(+)→", -1: "—(−)→", 0: "—(0)→", None: "—(?)→"}
_SIGN = {1: "more", -1: "less", 0: "no change of", None: "an unsigned change of"}


def lines(judgement: Judgement, labels: Mapping[str, str], *, max_paths: int = 5) -> Iterator[str]:
    """Yield the judgement as lines of plain text; ``labels`` maps IRIs to words."""
    yield from _Words(labels).lines(judgement, max_paths)


class _Words:
    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def lines(self, judgement: Judgement, max_paths: int) -> Iterator[str]:
        claim = judgement.claim
        yield f"claim      {self.word(claim.subject)} {self.word(claim.relation)} {self.word(claim.object)}"
        yield f"verdict    {judgement.verdict}"
        yield f"mechanism  {judgement.mechanism.kind}, {len(judgement.mechanism.paths)} signed path(s)"
        yield f"trials     {judgement.clinical.kind}, {len(judgement.clinical.trials)} trial(s)"
        yield from _section("why", (f"{reason.text} [{reason.code}]" for reason in judgement.reasons))
        yield from _section("paths", self._paths(judgement, max_paths))
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
        sure = max(effect.certainty for effect in weakest.effects).lower()
        told = (
            f"{self.word(path.hops[0].subject)}{steps}: {_SIGN[path.sign]} {self.word(path.hops[-1].object)}"
        )
        return f"{told}; weakest step to {self.word(weakest.object)} ({sure}){_places(path.anchors, path.references)}"

    def _trial(self, trial: Trial) -> Iterator[str]:
        yield f"{self.word(trial.trial)}: {trial.kind}"
        for reading in (*trial.deciding, *trial.others):
            yield f"  {self._finding(reading.finding)}"

    def _finding(self, finding: Finding) -> str:
        when = f", {finding.timepoint_label}" if finding.timepoint_label else ""
        against = (
            f"against {finding.comparator_kind}"
            if "within" not in finding.comparator_kind
            else "within the arm"
        )
        verdict = finding.verdict.replace("-", " ")
        told = f"{self.word(finding.outcome)} {against}{when}: {verdict}"
        return told + _places(finding.anchors, finding.references)

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
        return (
            f"{told} ({source.role}, {source.certainty.lower()}){_places(source.anchors, source.references)}"
        )

    def _missing(self, text: str, names: Sequence[str]) -> str:
        return f"{text}: {', '.join(map(self.word, names))}" if names else text


def _section(title: str, told: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(told):
        if not number:
            yield f"\n{title}"
        yield f"  {line}"


def _mark(hop: Hop) -> str:
    return " (inherited)" if hop.inherited else ""


def _places(anchors: Sequence[str], references: Sequence[str]) -> str:
    sentences = ", ".join(anchor.rsplit("-s", 1)[-1] for anchor in anchors)
    numbers = ", ".join(reference.rsplit("-ref-", 1)[-1] for reference in references)
    parts = [f"sentence {sentences}" if sentences else "", f"reference {numbers}" if numbers else ""]
    told = "; ".join(part for part in parts if part)
    return f" ({told})" if told else ""
