"""Our terms and an ontology's in, proposed mappings out, for a person to accept: nothing is merged unseen.

Four tiers, best first: our label is theirs; a name of ours is a name of theirs; the names agree once number,
word order and spelling are made alike; the names are near, which is only ever a suggestion. A term is
proposed by its best tier alone. The output is SSSOM, https://mapping-commons.github.io/sssom/, with the
confidence of the tier and the names that matched.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rapidfuzz import fuzz, process

from ketagraph import names
from ketagraph.lexicon import Entry

__all__ = [
    "Measure",
    "Name",
    "Proposal",
    "Tier",
    "catalogue",
    "evaluate",
    "link",
    "normalised",
    "proposals_text",
]

_SUGGESTIONS = 3
_NEAR = 88.0
_STATEMENT = re.compile(r'<([^<>]*)> <([^<>]*)> (?:"((?:[^"\\]|\\.)*)"\S*|<([^<>]*)>) \.')
_LABEL = names.PREFIXES["rdfs"] + "label"
_SYNONYMS = {
    names.PREFIXES["skos"] + "altLabel",
    *(f"http://www.geneontology.org/formats/oboInOwl#has{kind}Synonym" for kind in ("Exact", "Related")),
}
_DEPRECATED = names.PREFIXES["owl"] + "deprecated"
_DROPPED = {"a", "an", "and", "by", "due", "in", "of", "the", "to", "with"}
_SPELLINGS = (("ae", "e"), ("oe", "e"), ("our", "or"), ("isation", "ization"), ("yse", "yze"))


class Tier(StrEnum):
    """How a match was found, best first."""

    LABEL = "label"
    NAME = "name"
    NORMALISED = "normalised"
    NEAR = "near"


# Set by hand, for ranking: below the precision measured on terms with a curated match (docs/linking.md),
# since proposals for other terms are wrong more often and nobody has counted how much.
_CONFIDENCE = {Tier.LABEL: 0.95, Tier.NAME: 0.8, Tier.NORMALISED: 0.7, Tier.NEAR: 0.3}
_JUSTIFICATION = dict.fromkeys(Tier, "semapv:LexicalMatching") | {
    Tier.NEAR: "semapv:LexicalSimilarityThresholdMatching"
}


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """One name of one term of theirs; ``id`` is a CURIE."""

    id: str
    name: str
    is_label: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping to be looked at: our term, theirs, how it was found and which names agree.

    ``score`` is the likeness of the names, 0 to 100; ``rivals`` counts other terms that match as well.
    """

    subject: str
    subject_label: str
    object: str
    object_label: str
    tier: Tier
    names: tuple[str, str]
    score: float = 100.0
    rivals: int = 0

    @property
    def confidence(self) -> float:
        """Confidence of the tier, shared among rivals; two decimals."""
        return round(_CONFIDENCE[self.tier] * self.score / 100 / (self.rivals + 1), 2)


@dataclass(frozen=True, slots=True)
class Measure:
    """How proposals up to a tier compare with curated mappings: of ``gold`` pairs, on terms that have one."""

    tier: Tier
    proposed: int
    right: int
    gold: int

    @property
    def precision(self) -> float:
        """Share of proposals that are curated."""
        return self.right / self.proposed if self.proposed else 0.0

    @property
    def recall(self) -> float:
        """Share of curated mappings that were proposed."""
        return self.right / self.gold if self.gold else 0.0


def catalogue(statements: Iterable[str]) -> list[Name]:
    """Collect the names of an ontology's terms from N-Triples; retired terms are left out; sorted."""
    found: set[Name] = set()
    retired: set[str] = set()
    for line in statements:
        match = _STATEMENT.fullmatch(line)
        if not match:
            continue
        subject, predicate, text = match[1], match[2], match[3]
        if predicate == _DEPRECATED and text == "true":
            retired.add(names.compress(subject))
        elif text and (predicate == _LABEL or predicate in _SYNONYMS):
            plain = re.sub(r"\\(.)", r"\1", text)
            found.add(Name(names.compress(subject), plain, predicate == _LABEL))
    return sorted(name for name in found if name.id not in retired)


def link(ours: Iterable[Entry], theirs: Sequence[Name]) -> list[Proposal]:
    """Propose mappings for the terms whose labels and synonyms are ``ours``; by subject, best first."""
    index = _Index.of(theirs)
    by_term: dict[str, list[Entry]] = defaultdict(list)
    for entry in ours:
        if entry.kind in {"label", "synonym"}:
            by_term[entry.iri].append(entry)
    return [each for _, entries in sorted(by_term.items()) for each in _proposed(entries, index)]


@dataclass(frozen=True)
class _Index:
    """Their names by how they are compared."""

    labels: Mapping[str, str]
    plain: Mapping[str, list[Name]]
    normal: Mapping[str, list[Name]]
    near: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, theirs: Sequence[Name]) -> _Index:
        plain: dict[str, list[Name]] = defaultdict(list)
        normal: dict[str, list[Name]] = defaultdict(list)
        for name in theirs:
            plain[name.name.casefold()].append(name)
            normal[normalised(name.name)].append(name)
        labels = {name.id: name.name for name in theirs if name.is_label}
        return cls(labels, plain, normal, sorted(normal))


def _proposed(entries: Sequence[Entry], index: _Index) -> list[Proposal]:
    for tier, pairs in _tiers(entries, index):
        best: dict[str, tuple[Entry, Name]] = {}
        for entry, name in pairs:
            best.setdefault(name.id, (entry, name))
        if best:
            rivals = len(best) - 1
            pairs = [pair for _, pair in sorted(best.items())]
            return [_proposal(entries, index, tier, *pair, rivals=rivals) for pair in pairs]
    return _suggestions(entries, index)


def _tiers(entries: Sequence[Entry], index: _Index) -> Iterator[tuple[Tier, list[tuple[Entry, Name]]]]:
    plain = [(entry, name) for entry in entries for name in index.plain.get(entry.name.casefold(), ())]
    yield Tier.LABEL, [(entry, name) for entry, name in plain if entry.kind == "label" and name.is_label]
    yield Tier.NAME, plain
    normal = [(entry, name) for entry in entries for name in index.normal.get(normalised(entry.name), ())]
    yield Tier.NORMALISED, normal


def _suggestions(entries: Sequence[Entry], index: _Index) -> list[Proposal]:
    """Rank what is near: never more than a few, each term once."""
    found: dict[str, Proposal] = {}
    for entry in entries:
        wanted = normalised(entry.name)
        near = process.extract(wanted, index.near, scorer=fuzz.ratio, limit=_SUGGESTIONS, score_cutoff=_NEAR)
        for text, score, _ in near:
            for name in index.normal[text]:
                each = _proposal(entries, index, Tier.NEAR, entry, name, score=round(score, 1))
                if name.id not in found or found[name.id].score < each.score:
                    found[name.id] = each
    return sorted(found.values(), key=lambda each: (-each.score, each.object))[:_SUGGESTIONS]


def _proposal(
    entries: Sequence[Entry],
    index: _Index,
    tier: Tier,
    entry: Entry,
    name: Name,
    *,
    score: float = 100.0,
    rivals: int = 0,
) -> Proposal:
    label = next((each.name for each in entries if each.kind == "label"), entry.name)
    subject = names.compress(entry.iri)
    their = index.labels.get(name.id, name.name)
    return Proposal(subject, label, name.id, their, tier, (entry.name, name.name), score, rivals)


def normalised(name: str) -> str:
    """Make number, word order, hyphens, common words and the two spellings of English alike."""
    words = re.findall(r"[a-z0-9]+", name.casefold().replace("'s", ""))
    return " ".join(sorted(_stem(word) for word in words if word not in _DROPPED))


def _stem(word: str) -> str:
    for british, american in _SPELLINGS:
        word = word.replace(british, american)
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    is_plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "is", "us"))
    return word[:-1] if is_plural else word


def evaluate(proposals: Iterable[Proposal], gold: Mapping[str, set[str]]) -> list[Measure]:
    """Compare with curated pairs (our CURIE → theirs) on the terms that have one; a line per tier.

    Proposals for other terms are not judged: nobody has said whether they are right.
    """
    judged = [each for each in proposals if each.subject in gold]
    total = sum(map(len, gold.values()))
    found = []
    for place, tier in enumerate(Tier, start=1):
        kept = [each for each in judged if each.tier in list(Tier)[:place]]
        right = sum(each.object in gold[each.subject] for each in kept)
        found.append(Measure(tier, len(kept), right, total))
    return found


def proposals_text(proposals: Iterable[Proposal], source: str) -> str:
    """Return an SSSOM file for a person to review; ``source`` names where the objects were seen."""
    columns = (
        *("subject_id", "subject_label", "predicate_id", "object_id", "object_label"),
        *(
            "mapping_justification",
            "subject_source",
            "object_source",
            "confidence",
            "similarity_score",
            "comment",
        ),
    )
    rows = [_row(each, source) for each in proposals]
    prefixes = sorted({cell.partition(":")[0] for row in rows for cell in (row[0], row[3])})
    known = {
        prefix: names.PREFIXES[prefix] for prefix in [*prefixes, "skos", "semapv"] if prefix in names.PREFIXES
    }
    header = ["#curie_map:", *(f'#  {prefix}: "{iri}"' for prefix, iri in sorted(known.items()))]
    header += [
        "#mapping_set_id: " + names.graph("proposals"),
        "#license: https://creativecommons.org/licenses/by/4.0/",
    ]
    return "".join(line + "\n" for line in [*header, "\t".join(columns), *("\t".join(row) for row in rows)])


def _row(each: Proposal, source: str) -> tuple[str, ...]:
    seen = f"in {source}, by {each.tier}: {each.names[0]} / {each.names[1]}"
    return (
        each.subject,
        each.subject_label,
        "skos:relatedMatch" if each.tier is Tier.NEAR else "skos:exactMatch",
        each.object,
        each.object_label,
        _JUSTIFICATION[each.tier],
        "keta:ontology",
        f"bioregistry:{each.object.partition(':')[0].lower()}",
        f"{each.confidence:.2f}",
        f"{each.score / 100:.2f}",
        seen,
    )
