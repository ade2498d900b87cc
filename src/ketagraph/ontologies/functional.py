"""OWL functional syntax in, statements out: declarations, annotations, named and existential parents.

See https://www.w3.org/TR/owl2-syntax/. Other axioms are left out; that the brackets close is checked for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from ketagraph import names
from ketagraph.errors import Fault, SourceError
from ketagraph.ontologies.terms import CLASS, ONTOLOGY, restriction, statement

__all__ = ["statements"]

_TOKEN = re.compile(
    r"""\s+ | \#[^\n]* | (?P<iri><[^<>"{}|^`\\\s]*>) | (?P<open>[A-Za-z]+\() | (?P<close>\))
    | (?P<literal>"(?:[^"\\]|\\.)*"(?:@[\w-]+|\^\^(?:<[^<>\s]*>|[\w.-]*:[\w.-]+))?)
    | (?P<blank>_:\w+) | (?P<name>[\w.-]*:[\w.\-/#%]*) | (?P<equals>=)""",
    re.VERBOSE,
)
_DEEP = 200

_Tree = list["str | _Tree"]


def statements(text: str, path: str) -> list[str]:
    """Read a whole document.

    Raises:
        SourceError: with the line.
    """
    prefixes = {"owl": names.PREFIXES["owl"], "rdfs": names.PREFIXES["rdfs"], "xsd": names.PREFIXES["xsd"]}
    prefixes |= {"rdf": names.PREFIXES["rdf"]}
    try:
        parts = _tree(text)
        for part in parts:
            if isinstance(part, list) and part[0] == "Prefix" and len(part) == 3:
                prefixes[str(part[1]).partition(":")[0]] = str(part[2])[1:-1]
        (ontology,) = [part for part in parts if isinstance(part, list) and part[0] == "Ontology"]
        return list(_ontology(ontology, prefixes))
    except _Broken as error:
        raise SourceError([Fault(path, text.count("\n", 0, error.place) + 1, "", str(error))]) from error
    except (ValueError, KeyError, IndexError) as error:
        raise SourceError([Fault(path, 0, "", f"not OWL in functional syntax: {error}")]) from error


class _Broken(Exception):
    def __init__(self, message: str, place: int) -> None:
        self.place = place
        super().__init__(message)


def _tree(text: str) -> _Tree:
    root: _Tree = []
    open_ones, place = [root], 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            raise _Broken(f"cannot be read: {text[place : place + 30]!r}", place)
        place = found.end()
        if found["open"]:
            fresh: _Tree = [found["open"][:-1]]
            open_ones[-1].append(fresh)
            open_ones.append(fresh)
        elif found["close"]:
            open_ones.pop()
        elif found.lastgroup and found.lastgroup != "equals":
            open_ones[-1].append(found[0])
        if not 0 < len(open_ones) <= _DEEP:
            raise _Broken("a bracket too many", place)
    if len(open_ones) > 1:
        raise _Broken(f"broken off: {len(open_ones) - 1} brackets are open at the end", len(text))
    return root


def _ontology(part: _Tree, prefixes: dict[str, str]) -> Iterator[str]:
    named = [each for each in part[1:3] if isinstance(each, str)]
    node = _full(named[0], prefixes) if named else "<urn:ontology>"
    yield statement(node, "type", ONTOLOGY)
    if len(named) > 1:
        yield f"{node} <{names.PREFIXES['owl']}versionIRI> {_full(named[1], prefixes)} ."
    numbers = count(1)
    for axiom in part[1:]:
        if isinstance(axiom, list):
            yield from _axiom(node, _without_annotations(axiom), prefixes, numbers)


def _without_annotations(axiom: _Tree) -> _Tree:
    """Leave out what is said about an axiom, but not an ontology's own annotation."""
    return axiom[:1] + [
        each for each in axiom[1:] if not (isinstance(each, list) and each[0] == "Annotation")
    ]


def _axiom(node: str, axiom: _Tree, prefixes: dict[str, str], numbers: Iterator[int]) -> Iterator[str]:
    match axiom:
        case ["Declaration", ["Class", str(name)]]:
            yield statement(_full(name, prefixes), "type", CLASS)
        case ["SubClassOf", str(child), str(parent)]:
            yield statement(_full(child, prefixes), "parent", _full(parent, prefixes))
        case ["SubClassOf", str(child), ["ObjectSomeValuesFrom", str(relation), str(target)]]:
            subject, kind, other = (_full(each, prefixes) for each in (child, relation, target))
            yield from restriction(subject, kind, other, next(numbers))
        case ["AnnotationAssertion", str(relation), str(subject), str(value)]:
            yield " ".join(_full(each, prefixes) for each in (subject, relation, value)) + " ."
        case ["Annotation", str(relation), str(value)]:
            yield f"{node} {_full(relation, prefixes)} {_full(value, prefixes)} ."


def _full(text: str, prefixes: dict[str, str]) -> str:
    """Return an IRI, a literal or a blank node in N-Triples."""
    if text.startswith('"'):
        value, mark, datatype = text.rpartition("^^")
        escaped = (value or text).replace("\n", "\\n").replace("\r", "\\r")
        return (
            f"{escaped}^^{_full(datatype, prefixes)}"
            if mark and value.endswith('"')
            else text.replace("\n", "\\n")
        )
    if text.startswith(("<", "_:")):
        return text
    prefix, _, rest = text.partition(":")
    return f"<{prefixes[prefix]}{rest}>"
