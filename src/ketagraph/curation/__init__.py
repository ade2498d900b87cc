"""A text in, what a curator can start from out: known terms, quantities, negation and hedges by sentence."""

from __future__ import annotations

from ketagraph.curation.agreement import Agreement, agreement, uncovered
from ketagraph.curation.annotation import Annotation, annotate
from ketagraph.curation.drafts import draft_files
from ketagraph.curation.terms import Finder, Spotted

__all__ = [
    "Agreement",
    "Annotation",
    "Finder",
    "Spotted",
    "agreement",
    "annotate",
    "draft_files",
    "uncovered",
]
