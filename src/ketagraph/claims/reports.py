"""Findings of one study in several sources' records in, those that they report differently out.

Which findings are on one result, each says itself (``alongside``). A result is told differently where the
verdicts differ and neither record has another finding on it that agrees: of two doses one may have helped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from ketagraph.claims.model import Finding, Verdict

__all__ = ["told_differently"]


def told_differently(findings: Iterable[Finding]) -> Iterator[tuple[Finding, Finding]]:
    """Yield the pairs of findings, sorted by identifier, by which two records contradict each other."""
    told = {each.id: each for each in findings if each.verdict is not Verdict.NOT_REPORTED}
    for first, second in combinations([told[name] for name in sorted(told)], 2):
        if (
            second.id in first.alongside
            and first.verdict != second.verdict
            and not _borne_out(first, second.trial, told)
            and not _borne_out(second, first.trial, told)
        ):
            yield first, second


def _borne_out(finding: Finding, record: str, told: Mapping[str, Finding]) -> bool:
    """Whether ``record`` has a finding on the same result that agrees."""
    found = (told[name] for name in finding.alongside if name in told)
    return any(each.trial == record and each.verdict == finding.verdict for each in found)
