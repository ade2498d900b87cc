"""OBO text in, statements out: terms with names, parents, relations, synonyms, and what became of old ones.

See https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html. A file that does not begin with its
format's version, or does not end with a line end, is taken for something else or for broken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import count

from ketagraph.errors import Fault, SourceError
from ketagraph.ontologies.terms import CLASS, ONTOLOGY, iri, literal, restriction, statement

__all__ = ["statements"]

_TAG = re.compile(r"([\w-]+):[ \t]*(.*)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_COMMENT = re.compile(r"\s+!.*$")
_MODIFIERS = re.compile(r"\s+\{[^{}]*\}$")

_Stanza = list[tuple[int, str, str]]


def statements(text: str, path: str) -> list[str]:
    """Read a whole file.

    Raises:
        SourceError: with the line.
    """
    if not re.match(r"\s*format-version:", text):
        raise SourceError([Fault(path, 1, "", "not OBO: it does not begin with format-version")])
    if not text.endswith("\n"):
        raise SourceError([Fault(path, text.count("\n") + 1, "", "broken off: the last line has no end")])
    numbers = count(1)
    kinds = _stanzas(text, path)
    found = list(_header(next(kinds)[1]))
    for kind, stanza in kinds:
        if kind != "Term":
            continue
        try:
            found += _term(stanza, path, numbers)
        except ValueError as error:
            raise SourceError([Fault(path, stanza[0][0] if stanza else 0, "", str(error))]) from error
    return found


def _stanzas(text: str, path: str) -> Iterator[tuple[str, _Stanza]]:
    """Yield the header, whose kind is empty, and then every stanza with its kind."""
    kind, stanza = "", list[tuple[int, str, str]]()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("!"):
            continue
        if line.startswith("[") and line.endswith("]"):
            yield kind, stanza
            kind, stanza = line[1:-1], []
        elif found := _TAG.fullmatch(line):
            stanza.append((number, found[1], found[2]))
        else:
            raise SourceError([Fault(path, number, "", f"expected 'tag: value', found {line[:60]!r}")])
    yield kind, stanza


def _header(stanza: _Stanza) -> Iterator[str]:
    said = {tag: value for _, tag, value in reversed(stanza)}
    name = said.get("ontology", "unnamed").removesuffix(".obo").replace(" ", "_")
    node = iri(f"http://purl.obolibrary.org/obo/{name}.owl")
    yield statement(node, "type", ONTOLOGY)
    if version := said.get("data-version"):
        yield statement(node, "version", literal(version))
    for _, tag, value in stanza:
        if tag == "property_value" and "license" in value.split(" ")[0]:
            yield statement(node, "license", literal(value.split(" ")[1].strip('"')))


def _term(stanza: _Stanza, path: str, numbers: Iterable[int]) -> Iterator[str]:
    ids = [value for _, tag, value in stanza if tag == "id"]
    if len(ids) != 1:
        raise SourceError(
            [Fault(path, stanza[0][0] if stanza else 0, "", f"a term with {len(ids)} ids; it may be cut")]
        )
    node = iri(_plain(ids[0]))
    yield statement(node, "type", CLASS)
    for _, tag, value in stanza:
        yield from _said(node, tag, value, numbers)


def _said(node: str, tag: str, value: str, numbers: Iterable[int]) -> Iterator[str]:
    if tag == "name":
        yield statement(node, "label", literal(value))
    elif tag in {"def", "synonym"}:
        if quoted := _QUOTED.match(value):
            unescaped = re.sub(r"\\(.)", r"\1", quoted[1])
            yield statement(node, "definition" if tag == "def" else "synonym", literal(unescaped))
    elif tag == "is_a":
        yield statement(node, "parent", iri(_plain(value)))
    elif tag == "relationship":
        relation, _, target = _plain(value).partition(" ")
        yield from restriction(node, iri(relation), iri(target.split(" ")[0]), next(iter(numbers)))
    elif tag == "is_obsolete" and _plain(value) == "true":
        yield statement(node, "deprecated", _TRUE)
    elif tag == "replaced_by":
        yield statement(node, "replaced", iri(_plain(value)))
    elif tag == "alt_id":
        # A merged term: its identifier lives on as another one of this term.
        yield statement(iri(_plain(value)), "deprecated", _TRUE)
        yield statement(iri(_plain(value)), "replaced", node)
    elif tag == "xref":
        yield statement(node, "xref", literal(_plain(value).split(" ")[0]))


_TRUE = '"true"^^<http://www.w3.org/2001/XMLSchema#boolean>'


def _plain(value: str) -> str:
    """Return a value without its comment and its modifiers."""
    return _MODIFIERS.sub("", _COMMENT.sub("", value)).strip()
