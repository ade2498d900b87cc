"""Small pieces of SPARQL, typed by what they are: the one place where query text is made by code.

Every piece is closed in itself (brackets where another could tear it apart), and every term is escaped
here, so that pieces can be put together in any way and still mean what they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NewType

from rdflib import Literal, URIRef
from rdflib.term import Node

__all__ = [
    "Condition",
    "Pattern",
    "all_of",
    "any_of",
    "exists",
    "missing",
    "one_of",
    "select",
    "sure",
    "term",
    "then",
    "triple",
    "unless",
    "values",
    "variable",
    "where",
]

Condition = NewType("Condition", str)
"""An expression that is true, false or an error."""

Pattern = NewType("Pattern", str)
"""A group of triple patterns and filters, without its braces."""

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_NO_IRI = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_TRUE, _FALSE = Condition("true"), Condition("false")


def variable(number: int) -> str:
    """Name the node that is so many steps from the focus: ``?v0`` is the focus itself."""
    return f"?v{number}"


def term(node: Node) -> str:
    """Write an IRI or literal.

    Raises:
        ValueError: a blank node, or what is no IRI.
    """
    if isinstance(node, Literal):
        text = "".join(_ESCAPES.get(character, character) for character in str(node))
        tail = f"@{node.language}" if node.language else f"^^{term(node.datatype)}" if node.datatype else ""
        return f'"{text}"{tail}'
    if not isinstance(node, URIRef) or _NO_IRI.search(node):
        raise ValueError(f"no term for a query: {node!r}")
    return f"<{node}>"


def triple(subject: str, path: str, value: str) -> Pattern:
    """Say that a path leads from ``subject`` to ``value``, each a variable or a term."""
    return Pattern(f"{subject} {path} {value} .")


def where(*patterns: Pattern, only: Condition = _TRUE) -> Pattern:
    """Join patterns and keep the rows for which ``only`` is true."""
    joined = " ".join(patterns)
    return Pattern(joined if only == _TRUE else f"{joined} FILTER({only})")


def values(name: str, terms: Iterable[str]) -> Pattern:
    """Bind a variable to each of some terms."""
    return Pattern(f"VALUES {name} {{ {' '.join(terms)} }}")


def exists(pattern: Pattern) -> Condition:
    """Say that the pattern has a match."""
    return Condition(f"EXISTS {{ {pattern} }}")


def missing(pattern: Pattern) -> Condition:
    """Say that the pattern has none."""
    return Condition(f"NOT EXISTS {{ {pattern} }}")


def unless(condition: Condition) -> Condition:
    """Turn a condition round."""
    return Condition(f"!({condition})")


def sure(condition: Condition) -> Condition:
    """Take an error for false."""
    return Condition(f"COALESCE({condition}, false)")


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Say that every condition holds; true where there are none."""
    return _joined(conditions, " && ", _TRUE)


def then(first: Condition, second: Condition) -> Condition:
    """Say that both hold, and have the second looked at only where the first does: engines reorder ``&&``."""
    return Condition(f"IF({first}, {second}, false)")


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Say that at least one condition holds; false where there are none."""
    return _joined(conditions, " || ", _FALSE)


def one_of(conditions: Iterable[Condition]) -> Condition:
    """Say that exactly one condition holds."""
    counted = " + ".join(f"IF({condition}, 1, 0)" for condition in conditions)
    return Condition(f"({counted or '0'}) = 1")


def select(names: str, pattern: Pattern) -> str:
    """Ask for the different rows of some variables."""
    return f"SELECT DISTINCT {names} WHERE {{ {pattern} }}"


def _joined(conditions: Iterable[Condition], sign: str, empty: Condition) -> Condition:
    found = [f"({condition})" for condition in conditions]
    return Condition(sign.join(found)) if found else empty
