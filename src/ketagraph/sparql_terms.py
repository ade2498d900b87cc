"""Values in, SPARQL terms out, so written that no value can end its own term; loads nothing.

Engines may resolve codepoint escapes before they read a string, so that ``\\\\u0022`` within one would be a
quote: the u behind a backslash is escaped as well.
"""

from __future__ import annotations

import re

__all__ = ["is_reference", "literal", "reference"]

_NAMED = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"'}
_UNSAFE = re.compile(r'\\[uU]?|["\x01-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]')
_FORBIDDEN = re.compile(r"[\x00\ud800-\udfff]")
# RFC 3987, less the rarer planes: https://www.rfc-editor.org/rfc/rfc3987#section-2.2
_PART = (
    r"(?:[A-Za-z0-9\-._~\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd!$&'()*+,;=:@/]"
    r"|%[0-9A-Fa-f]{2})"
)
_IRI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.\-]*:(?://\[[0-9A-Fa-f:.]+\])?{_PART}*(?:\?(?:{_PART}|\?)*)?(?:\#(?:{_PART}|\?)*)?"
)


def literal(text: str) -> str:
    """Write ``text`` as a quoted string.

    Raises:
        ValueError: it holds what no string may hold.
    """
    if _FORBIDDEN.search(text):
        raise ValueError("expected text without U+0000 and halves of surrogate pairs")
    return '"' + _UNSAFE.sub(_escaped, text) + '"'


def reference(iri: str) -> str:
    """Write an absolute IRI, of whatever scheme, in angle brackets.

    Raises:
        ValueError: it has no scheme, or characters that no IRI has.
    """
    if not is_reference(iri):
        raise ValueError(f"expected an absolute IRI; found {iri[:80]!r}")
    return f"<{iri}>"


def is_reference(iri: str) -> bool:
    """Tell whether ``iri`` can be written as an absolute IRI."""
    return bool(_IRI.fullmatch(iri))


def _escaped(found: re.Match[str]) -> str:
    text = found[0]
    if text[0] == "\\":
        return "\\\\" + "".join(f"\\u{ord(letter):04X}" for letter in text[1:])
    return _NAMED.get(text) or f"\\u{ord(text):04X}"
