"""Text from outside in, SPARQL terms out, serialised so that no value can end its own term.

Refused with ValueError, whose message says what was expected: values that are not of their kind, IRIs that
are not absolute or not of the schemes http, https and urn, U+0000 and halves of surrogate pairs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from ketagraph.sparql_terms import literal

__all__ = ["KINDS", "term"]

_XSD = "http://www.w3.org/2001/XMLSchema#"

# RFC 3987, less user information and the rarer planes: https://www.rfc-editor.org/rfc/rfc3987#section-2.2
_LETTER = r"A-Za-z0-9\-._~\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd"
_PART = rf"(?:[{_LETTER}!$&'()*+,;=:@/]|%[0-9A-Fa-f]{{2}})"
_TAIL = rf"(?:\?(?:{_PART}|\?)*)?(?:\#(?:{_PART}|\?)*)?"
_IRI = re.compile(
    rf"https?://(?:[{_LETTER}]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?(?:/{_PART}*)?{_TAIL}"
    rf"|urn:[A-Za-z0-9][A-Za-z0-9\-]*:{_PART}+{_TAIL}"
)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{1,18})?|\.[0-9]{1,18})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def term(kind: str, value: str) -> str:
    """Serialise ``value`` as a term of ``kind``, one of :data:`KINDS`; an iri comes absolute.

    Raises:
        ValueError: the value is not of its kind; the message says what was expected.
    """
    return KINDS[kind](value)


def _iri(value: str) -> str:
    wanted = "an absolute IRI (http, https or urn) without spaces, quotes, braces or < > | ^ ` \\"
    return f"<{_matched(_IRI, value, wanted)}>"


def _english(value: str) -> str:
    return literal(value) + "@en"


def _integer(value: str) -> str:
    number = int(_matched(_INTEGER, value, "a whole number of at most 18 digits"))
    return str(number) if number >= 0 else f'"{number}"^^<{_XSD}integer>'


def _number(value: str) -> str:
    return f'"{_matched(_NUMBER, value, "a decimal number, such as 0.5")}"^^<{_XSD}decimal>'


def _date(value: str) -> str:
    wanted = "a date, such as 2009-09-15"
    try:
        date.fromisoformat(_matched(_DATE, value, wanted))
    except ValueError as error:
        raise ValueError(f"expected {wanted}; found {value[:40]!r}") from error
    return f'"{value}"^^<{_XSD}date>'


def _matched(pattern: re.Pattern[str], value: str, wanted: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"expected {wanted}; found {value[:80]!r}")
    return value


KINDS: Mapping[str, Callable[[str], str]] = {
    "date": _date,
    "en": _english,
    "integer": _integer,
    "iri": _iri,
    "literal": literal,
    "number": _number,
}
"""Kind of a parameter, as the end of its variable spells it, to the function that serialises it."""
