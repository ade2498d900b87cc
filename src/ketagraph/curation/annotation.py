"""A text in, one annotation per sentence out; nothing of the text is kept but the names found in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ketagraph import anchors
from ketagraph.anchors import Sentence
from ketagraph.curation.cues import cues
from ketagraph.curation.quantities import Quantity, quantities
from ketagraph.curation.terms import Finder, Spotted

__all__ = ["Annotation", "annotate"]

# The digits of a closing citation are no numbers of the sentence.
_CLUSTER = re.compile(r"(?<=[.?!”\"’'])\d{1,2}(?:[,–]\d{1,2})*$")


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one sentence names: terms, quantities, and the words that deny or hedge."""

    sentence: Sentence
    terms: tuple[Spotted, ...]
    quantities: tuple[Quantity, ...]
    negation: tuple[str, ...]
    hedges: tuple[str, ...]

    @property
    def named(self) -> frozenset[str]:
        """Every term that a name in the sentence may mean."""
        return frozenset(term for each in self.terms for term in each.terms)


def annotate(text: str, finder: Finder) -> Iterator[Annotation]:
    """Yield the annotation of every sentence of ``text``, split by the rule of anchors."""
    for sentence in anchors.sentences(text):
        words = _CLUSTER.sub("", sentence.text)
        yield Annotation(
            sentence,
            tuple(finder.find(words)),
            tuple(quantities(words)),
            cues(words, "negation"),
            cues(words, "hedge"),
        )
