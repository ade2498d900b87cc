"""Annotations in, draft tables out, for a person to finish; a draft's name no build reads.

Each file is called ``<table>.draft.tsv``: tables under that name are refused wherever they lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ketagraph.curation.annotation import Annotation
from ketagraph.curation.terms import Spotted
from ketagraph.schema import table
from ketagraph.tables import canonical

__all__ = ["draft_files"]

_FOUND = ("sentence", "section", "kind", "text", "value", "ambiguous")


def draft_files(
    annotations: Iterable[Annotation], open_ones: Iterable[Annotation], source: str
) -> Mapping[str, bytes]:
    """Return files by name: what was found, the sentences' own rows, and draft claims with their evidence.

    ``open_ones`` are the annotations that no row covers yet: only these get draft claims.
    """
    known, uncovered = list(annotations), list(open_ones)
    claims = [each for each in uncovered if len(_concepts(each)) > 1]
    return {
        "found.draft.tsv": _lines(_FOUND, (row for each in known for row in _found(each))),
        "uncovered.draft.tsv": _lines(("sentence", "section", "terms"), map(_uncovered, uncovered)),
        "sentences.draft.tsv": _table("sentences", map(_sentence, known)),
        "claims.draft.tsv": _table("claims", (_claim(each, source) for each in claims)),
        "evidence.draft.tsv": _table("evidence", (_evidence(each, source) for each in claims)),
    }


def _concepts(annotation: Annotation) -> list[Spotted]:
    return list({each.terms: each for each in annotation.terms}.values())


def _found(each: Annotation) -> Iterator[tuple[str, ...]]:
    """Yield a line for everything found: the words as they stand, and what they mean."""
    place = (each.sentence.address, each.sentence.section)
    for term in each.terms:
        yield (*place, "term", term.text, "|".join(term.terms), "true" if term.ambiguous else "")
    for quantity in each.quantities:
        ends = "–".join(dict.fromkeys((quantity.low, quantity.high)))
        yield (*place, "quantity", quantity.text, f"{ends} {quantity.unit}", "")
    yield from ((*place, "negation", cue, "", "") for cue in each.negation)
    yield from ((*place, "hedge", cue, "", "") for cue in each.hedges)


def _uncovered(each: Annotation) -> tuple[str, ...]:
    return each.sentence.address, each.sentence.section, "|".join(sorted(each.named))


def _sentence(each: Annotation) -> dict[str, str]:
    sentence = each.sentence
    return {
        "sentence": sentence.address,
        "section": sentence.section,
        "sha256": sentence.sha256,
        "references": "|".join(map(str, sentence.references)),
    }


def _key(each: Annotation, source: str) -> str:
    return f"draft-{source}-{each.sentence.address.replace('.', '-')}"


def _claim(each: Annotation, source: str) -> dict[str, str]:
    """Start a claim from what the sentence names first; predicate and label are for a person to write."""
    first, second, *_ = _concepts(each)
    draft = {
        "claim": _key(each, source),
        "subject": "|".join(first.terms),
        "object": "|".join(second.terms),
        "polarity": "Denied" if each.negation else "Affirmed",
        "certainty": "Possible" if each.hedges else "Established",
    }
    if each.quantities:
        quantity = each.quantities[0]
        draft |= {"low": quantity.low, "high": quantity.high, "unit": quantity.unit}
    return draft


def _evidence(each: Annotation, source: str) -> dict[str, str]:
    given = "With" if each.sentence.references else "Without"
    return {
        "claim": _key(each, source),
        "sentence": each.sentence.address,
        "direction": "Supports",
        "role": "Background",
        "type": f"AuthorStatement{given}Reference",
    }


def _table(name: str, rows: Iterable[Mapping[str, str]]) -> bytes:
    columns = [column.name for column in table(name).columns]
    lines = _lines(columns, ([row.get(column, "") for column in columns] for row in rows))
    return canonical(lines, table(name))


def _lines(header: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    return "".join("\t".join(cells) + "\n" for cells in (header, *rows)).encode()
