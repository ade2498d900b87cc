"""A relation that a claim can assert: what it is called, which way it points, what it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ketagraph.claims import Sign
from ketagraph.evidence import sign
from ketagraph.tables import slug

__all__ = ["Relation", "fold"]


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation a claim can assert: IRI, label, sign, what it speaks of, and its other names.

    ``therapeutic``: what a therapy does for a condition; ``acts``: a step of a mechanism.
    """

    iri: str
    label: str
    sign: Sign
    prevents: bool
    therapeutic: bool = False
    acts: bool = False
    synonyms: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Relation:
        """Return the relation of a row of the stored query ``relations``."""
        return cls(
            row["relation"],
            row["label"],
            sign(row),
            row["prevents"] == "true",
            row["therapeutic"] == "true",
            row["acts"] == "true",
            tuple(sorted(filter(None, row.get("synonyms", "").split("|")))),
        )

    @property
    def names(self) -> frozenset[str]:
        """Everything the relation goes by, folded."""
        own = self.iri.rsplit("/", 1)[1]
        return frozenset(fold(name) for name in (self.label, own, slug(own), *self.synonyms))


def fold(name: str) -> str:
    """Case, hyphens and the American spelling of ae do not tell values apart."""
    return name.lower().replace("-", " ").replace("ae", "e").strip()
