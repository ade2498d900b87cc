"""Statements in, their number and digest out, whatever order they come in and however an engine spells them.

The digest is of values: an engine that writes ``1`` for ``true``, or a decimal without its zeros, holds the
same graph. Blank nodes are named by RDFC-1.0 (https://www.w3.org/TR/rdf-canon/), for engines rename them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import IO

import pyoxigraph as ox

from ketagraph.errors import EngineFailed

__all__ = ["Fingerprint", "fingerprint", "plain_value"]

_XSD = "http://www.w3.org/2001/XMLSchema#"
_BITS = 1 << 256
_Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_BOOLEANS = {"0": "false", "1": "true"}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How many statements there are, and the digest of all."""

    triples: int
    digest: str


def fingerprint(source: bytes | IO[bytes], form: str = "application/n-triples") -> Fingerprint:
    """Read statements as N-Triples or Turtle; those without blank nodes are not held in memory.

    Raises:
        EngineFailed: they cannot be read.
    """
    total, count, knotted = 0, 0, ox.Dataset()
    try:
        for quad in ox.parse(source, ox.RdfFormat.from_media_type(form)):
            triple = ox.Triple(quad.subject, quad.predicate, _plain(quad.object))
            if _is_knotted(triple):
                knotted.add(ox.Quad(triple.subject, triple.predicate, triple.object))
            else:
                total, count = total + _number(triple), count + 1
    except (SyntaxError, ValueError) as error:
        raise EngineFailed(f"statements that cannot be read: {error}") from error
    knotted.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    untied = [each.triple for each in knotted]
    return Fingerprint(count + len(untied), f"{(total + sum(map(_number, untied))) % _BITS:064x}")


def _number(triple: ox.Triple) -> int:
    """Digest one statement; sums of these do not depend on order."""
    return int.from_bytes(sha256(str(triple).encode()).digest())


def _is_knotted(triple: ox.Triple) -> bool:
    return isinstance(triple.subject, ox.BlankNode) or isinstance(triple.object, ox.BlankNode)


def _plain(term: _Term) -> _Term:
    """Write a value the one way that its type has for it."""
    if not isinstance(term, ox.Literal):
        return term
    if term.language:
        return ox.Literal(term.value, language=term.language.lower())
    return ox.Literal(plain_value(term.value, term.datatype.value), datatype=term.datatype)


def plain_value(text: str, datatype: str) -> str:
    """Write a value of a datatype (an IRI) the one way, such as 6.0 as 6, where the type has several."""
    kind = datatype.removeprefix(_XSD)
    if kind == "boolean":
        return _BOOLEANS.get(text, text)
    return _digits(text) if kind in {"decimal", "integer", "double"} else text


def _digits(text: str) -> str:
    try:
        return format(Decimal(text).normalize(), "f")
    except InvalidOperation:
        return text
