"""A name in, the lexicon of what may be called so out; an answer in, the words for what it mentions out.

For graphs too large to read every name of: each look-up asks the store for a few entities alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from ketagraph import names, questions
from ketagraph.lexicon import Entry, Lexicon
from ketagraph.sparql_terms import is_reference, literal, reference
from ketagraph.stored import Row, Stored, stored_query

__all__ = ["entry", "labels", "lexicon_as_written", "lexicon_of", "mentioned"]

_GREEK = str.maketrans({"μ": "mu", "µ": "mu", "κ": "kappa"})


def entry(row: Row) -> Entry:
    """Return the entry of a row of the stored query ``names``."""
    return Entry(row["iri"], row["name"], row["kind"], frozenset(row.get("classes", "").split()))


def lexicon_as_written(stored: Stored, *wanted: str) -> Lexicon:
    """Return every name of what bears a name as it is ``wanted``, in a usual case, with hyphens or spaces.

    An index answers at once, on whatever disk. Names of rarer spelling are for :func:`lexicon_of` to find.
    """
    iris = {names.expand(bare) or bare for bare in map(_bare, wanted)}
    written = {literal(spelt) for name in wanted if name.isprintable() for spelt in _spellings(name)}
    terms = {*written, *(f"{each}@en" for each in written), *map(reference, filter(is_reference, iris))}
    return _known(stored, iris, {row["iri"] for row in stored.having("borne", "value", terms)})


def _spellings(name: str) -> Iterator[str]:
    plain = " ".join(name.split())
    for each in {plain, plain.replace("-", " "), plain.replace(" ", "-")}:
        first, rest = each[:1], each[1:]
        yield from (each, each.lower(), each.upper(), each.capitalize(), each.title())
        yield from (first.upper() + rest, first.lower() + rest)


def lexicon_of(stored: Stored, *wanted: str) -> Lexicon:
    """Return every name of whatever may be ``wanted``: all that these names resolve to is in it.

    The names of everything are gone through. Where one resolves to nothing, only the whole lexicon knows
    what is near.
    """
    iris = {names.expand(bare) or bare for bare in map(_bare, wanted)}
    keys = "|".join(["", *sorted({*map(_key, wanted), *map(_key, iris)}), ""])
    query = questions.parse(stored_query("called"), "called", "called.rq")
    called = {row["iri"] for row in stored.rows(questions.bind(query, {"keys": keys}))}
    return _known(stored, iris, called)


def _known(stored: Stored, iris: set[str], called: set[str]) -> Lexicon:
    return Lexicon.of(
        map(entry, stored.of("names", "iri", iris | called)),
        (row["record"] for row in stored.of("records", "record", iris)),
    )


def _bare(name: str) -> str:
    return name[1:-1] if name.startswith("<") and name.endswith(">") else name


def _key(name: str) -> str:
    """Keep letters and digits, as the stored query ``called`` compares; the lexicon tells more apart."""
    return re.sub(r"[^a-z0-9]+", "", name.lower().translate(_GREEK))


def labels(stored: Stored, words: Mapping[str, str], iris: Collection[str]) -> dict[str, str]:
    """Return what sentences, claims, concepts and studies among ``iris`` are called, beside ``words``."""
    places = {row["anchor"]: row["address"] for row in stored.of("addresses", "anchor", iris)}
    said = {row["claim"]: row["label"] for row in stored.of("claims", "claim", iris)}
    called = (Entry(row["iri"], row["name"], "label") for row in stored.of("labels", "iri", iris))
    return {**places, **said, **words, **Lexicon.of(called).labels}


def mentioned(*values: object) -> set[str]:
    """Collect every IRI that is anywhere in ``values``: data classes, collections and text."""
    found: set[str] = set()
    seen: set[int] = set()
    waiting = [*values]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.update(each for each in value.split() if each.startswith(names.BASE))
        elif id(value) not in seen:
            seen.add(id(value))
            waiting.extend(_parts(value))
    return found


def _parts(value: object) -> Iterable[object]:
    if is_dataclass(value):
        return [getattr(value, each.name) for each in fields(value)]
    return value if isinstance(value, tuple | list | frozenset) else ()
