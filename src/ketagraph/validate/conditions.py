"""What a shape demands of a node, as a SPARQL condition: true where the node conforms, never an error.

Variables are numbered by their distance from the focus; a condition about ``?v1`` may bind ``?v2`` and
further ones inside EXISTS only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

from rdflib import RDF, RDFS, SH, XSD, Literal
from rdflib.term import Node

from ketagraph.validate.shapes import Shape, Test
from ketagraph.validate.sparql import (
    Condition,
    all_of,
    any_of,
    exists,
    missing,
    one_of,
    sure,
    term,
    triple,
    unless,
    variable,
    where,
)

__all__ = ["COUNTS", "Classes", "conforms", "holds", "is_instance"]

Classes = Callable[[str], Sequence[str]]
"""A class (IRI) → the classes at or below it; empty where they are too many to list."""

COUNTS = {"MinCountConstraintComponent", "MaxCountConstraintComponent"}
"""Components that are about how many values there are, not about any of them."""

_HAS_VALUE = "HasValueConstraintComponent"
_KINDS = {
    SH.IRI: "isIRI({v})",
    SH.BlankNode: "isBlank({v})",
    SH.Literal: "isLiteral({v})",
    SH.BlankNodeOrIRI: "(isBlank({v}) || isIRI({v}))",
    SH.BlankNodeOrLiteral: "(isBlank({v}) || isLiteral({v}))",
    SH.IRIOrLiteral: "(isIRI({v}) || isLiteral({v}))",
}
# The engine's numbers are bounded, XML Schema's are not: what is no number to it is looked at as text.
_LEXICAL = {
    XSD.integer: r'isNumeric({v}) || REGEX(STR({v}), "^[+-]?[0-9]+$")',
    XSD.decimal: r'isNumeric({v}) || REGEX(STR({v}), "^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)$")',
    XSD.double: "isNumeric({v})",
    XSD.float: "isNumeric({v})",
    XSD.boolean: r'REGEX(STR({v}), "^(true|false|0|1)$")',
    XSD.date: f"DATATYPE(<{XSD.date}>(STR({{v}}))) = <{XSD.date}>",
    XSD.dateTime: f"DATATYPE(<{XSD.dateTime}>(STR({{v}}))) = <{XSD.dateTime}>",
}
_SIGNS = {
    "MinExclusiveConstraintComponent": ">",
    "MinInclusiveConstraintComponent": ">=",
    "MaxExclusiveConstraintComponent": "<",
    "MaxInclusiveConstraintComponent": "<=",
}
_LENGTHS = {"MinLengthConstraintComponent": ">=", "MaxLengthConstraintComponent": "<="}
_EXACT = f"DATATYPE({{v}}) IN (<{XSD.integer}>, <{XSD.decimal}>)"
_TYPE, _BELOW = f"<{RDF.type}>", f"<{RDFS.subClassOf}>*"


def conforms(shape: Shape, at: int, classes: Classes) -> Condition:
    """Say that the node ``?v{at}`` conforms to ``shape``."""
    if shape.path is None:
        demands = [holds(test, at, classes) for test in shape.tests]
        return all_of([*demands, *(conforms(each, at, classes) for each in shape.properties)])
    step = triple(variable(at), str(shape.path), variable(at + 1))
    about_all = [test for test in shape.tests if test.component in COUNTS or test.component == _HAS_VALUE]
    each_value = [holds(test, at + 1, classes) for test in shape.tests if test not in about_all]
    each_value += [conforms(inner, at + 1, classes) for inner in shape.properties]
    demands = [_of_all(test, str(shape.path), at) for test in about_all]
    if each_value:
        demands.append(missing(where(step, only=unless(all_of(each_value)))))
    return all_of(demands)


def holds(test: Test, at: int, classes: Classes) -> Condition:
    """Say that ``?v{at}`` passes a test of single values."""
    name = test.component
    if name in _SIGNS:
        return _in_range(test.values[0], _SIGNS[name], at)
    if name in _LENGTHS:
        return _long_enough(test.values[0], _LENGTHS[name], at)
    return _TESTS[name](test, at, classes)


def is_instance(at: int, iri: str, classes: Classes) -> Condition:
    """Say that ``?v{at}`` is an instance of a class or of one below it."""
    node, kind = variable(at), f"?type{at}"
    direct = _has_type(at, iri)
    below = [each for each in classes(iri) if each != iri]
    if below:
        listed = Condition(f"{kind} IN ({', '.join(f'<{each}>' for each in below)})")
        return any_of([direct, exists(where(triple(node, _TYPE, kind), only=listed))])
    if classes(iri):
        return direct
    return any_of([direct, exists(triple(node, f"{_TYPE}/{_BELOW}", f"<{iri}>"))])


def _has_type(at: int, iri: str) -> Condition:
    return exists(triple(variable(at), _TYPE, f"<{iri}>"))


def _of_all(test: Test, path: str, at: int) -> Condition:
    """Say that the values of a path, together, pass a test: that there are enough, or that one is there."""
    if test.component == _HAS_VALUE:
        return exists(triple(variable(at), path, term(test.values[0])))
    number = int(str(test.values[0]))
    if test.component == "MinCountConstraintComponent":
        return _has_different(path, at, number)
    return unless(_has_different(path, at, number + 1))


def _has_different(path: str, at: int, number: int) -> Condition:
    if number == 0:
        return Condition("true")
    names = [f"{variable(at + 1)}_{each}" for each in range(number)]
    steps = [triple(variable(at), path, name) for name in names]
    different = [Condition(f"!sameTerm({one}, {other})") for one, other in combinations(names, 2)]
    return exists(where(*steps, only=all_of(different)))


def _class(test: Test, at: int, classes: Classes) -> Condition:
    return is_instance(at, str(test.values[0]), classes)


def _datatype(test: Test, at: int, _: Classes) -> Condition:
    datatype, node = test.values[0], variable(at)
    same = Condition(f"DATATYPE({node}) = {term(datatype)}")
    form = _LEXICAL.get(datatype)  # type: ignore[call-overload]
    return sure(all_of([same, Condition(form.format(v=node))]) if form else same)


def _node_kind(test: Test, at: int, _: Classes) -> Condition:
    return Condition(_KINDS[test.values[0]].format(v=variable(at)))  # type: ignore[index]


def _in_range(bound: Node, sign: str, at: int) -> Condition:
    """Compare as the engine does, and numbers too large for it as floating-point numbers."""
    node = variable(at)
    plain = f"{node} {sign} {term(bound)}"
    large = f'IF({_EXACT.format(v=node)}, <{XSD.double}>(STR({node})), "" + 1) {sign} {term(bound)}'
    return Condition(f"COALESCE({plain}, {large}, false)")


def _long_enough(length: Node, sign: str, at: int) -> Condition:
    node = variable(at)
    return Condition(f"!isBlank({node}) && STRLEN(STR({node})) {sign} {int(str(length))}")


def _pattern(test: Test, at: int, _: Classes) -> Condition:
    node = variable(at)
    pattern, flags = (term(Literal(str(value))) for value in test.values)
    return Condition(f"!isBlank({node}) && {sure(Condition(f'REGEX(STR({node}), {pattern}, {flags})'))}")


def _language_in(test: Test, at: int, _: Classes) -> Condition:
    tags = [Condition(f"LANGMATCHES(LANG({variable(at)}), {term(tag)})") for tag in test.values]
    return sure(any_of(tags))


def _in(test: Test, at: int, _: Classes) -> Condition:
    return any_of(Condition(f"sameTerm({variable(at)}, {term(value)})") for value in test.values)


def _node(test: Test, at: int, classes: Classes) -> Condition:
    return all_of(conforms(shape, at, classes) for shape in test.shapes)


def _not(test: Test, at: int, classes: Classes) -> Condition:
    return unless(all_of(conforms(shape, at, classes) for shape in test.shapes))


def _or(test: Test, at: int, classes: Classes) -> Condition:
    # Most values have one of the classes as their own, which is quick to see; classes below take long.
    own = [_has_type(at, str(sole.values[0])) for sole in map(_sole_class, test.shapes) if sole]
    return any_of([*own, *(conforms(shape, at, classes) for shape in test.shapes)])


def _sole_class(shape: Shape) -> Test | None:
    """Return the one thing that a node shape demands, where that is a class."""
    if shape.path or shape.properties or len(shape.tests) != 1:
        return None
    return shape.tests[0] if shape.tests[0].component == "ClassConstraintComponent" else None


def _xone(test: Test, at: int, classes: Classes) -> Condition:
    return one_of(conforms(shape, at, classes) for shape in test.shapes)


_TESTS: Mapping[str, Callable[[Test, int, Classes], Condition]] = {
    "ClassConstraintComponent": _class,
    "DatatypeConstraintComponent": _datatype,
    "NodeKindConstraintComponent": _node_kind,
    "PatternConstraintComponent": _pattern,
    "LanguageInConstraintComponent": _language_in,
    "InConstraintComponent": _in,
    _HAS_VALUE: _in,
    "NodeConstraintComponent": _node,
    "NotConstraintComponent": _not,
    "AndConstraintComponent": _node,
    "OrConstraintComponent": _or,
    "XoneConstraintComponent": _xone,
}
