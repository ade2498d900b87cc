"""A shapes graph in, shapes as values out; what cannot be compiled is refused by name, never skipped.

Read are the parts of SHACL Core (https://www.w3.org/TR/shacl/) that ``conditions`` can say in SPARQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rdflib import OWL, RDF, RDFS, SH, BNode, Graph, Literal
from rdflib.collection import Collection
from rdflib.term import Node

from ketagraph.errors import Fault, SourceError
from ketagraph.validate.paths import Path, read_path
from ketagraph.validate.report import SEVERITIES

__all__ = ["Shape", "Target", "Targeted", "Test", "read_targeted", "shape_name"]

_VALUES = {
    "class": "ClassConstraintComponent",
    "datatype": "DatatypeConstraintComponent",
    "nodeKind": "NodeKindConstraintComponent",
    "minCount": "MinCountConstraintComponent",
    "maxCount": "MaxCountConstraintComponent",
    "minExclusive": "MinExclusiveConstraintComponent",
    "minInclusive": "MinInclusiveConstraintComponent",
    "maxExclusive": "MaxExclusiveConstraintComponent",
    "maxInclusive": "MaxInclusiveConstraintComponent",
    "minLength": "MinLengthConstraintComponent",
    "maxLength": "MaxLengthConstraintComponent",
    "pattern": "PatternConstraintComponent",
    "hasValue": "HasValueConstraintComponent",
}
_LISTS = {"languageIn": "LanguageInConstraintComponent", "in": "InConstraintComponent"}
_SHAPES = {"node": "NodeConstraintComponent", "not": "NotConstraintComponent"}
_SHAPE_LISTS = {
    "and": "AndConstraintComponent",
    "or": "OrConstraintComponent",
    "xone": "XoneConstraintComponent",
}
_COMPONENTS = {**_VALUES, **_LISTS, **_SHAPES, **_SHAPE_LISTS}
_TARGETS = ("targetClass", "targetSubjectsOf", "targetObjectsOf", "targetNode")
_OTHER = {"path", "property", "severity", "message", "deactivated", "flags", *_TARGETS}
_REMARKS = {"name", "description", "order", "group", "defaultValue"}
_KNOWN_DATATYPES = {"string", "boolean", "integer", "decimal", "double", "float", "date", "dateTime"}
_XSD = "http://www.w3.org/2001/XMLSchema#"
_MOST_NESTED = 4
_PYTHON_ONLY = re.compile(r"\(\?[=!<]|\\[1-9]")


@dataclass(frozen=True, slots=True)
class Test:
    """One constraint: its component and what it demands, as terms or as shapes.

    A pattern has its flags as second value.
    """

    component: str
    values: tuple[Node, ...] = ()
    shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """A node shape (``path`` None) or property shape, as far as it demands something."""

    path: Path | None
    tests: tuple[Test, ...]
    properties: tuple[Shape, ...]
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a shape is about: ``kind`` is SHACL's own word, such as targetClass."""

    kind: str
    term: Node


@dataclass(frozen=True, slots=True)
class Targeted:
    """A shape with its targets; ``name`` is its own, as reports show it."""

    name: str
    targets: tuple[Target, ...]
    shape: Shape


def shape_name(shapes: Graph, node: Node | None) -> str:
    """Return the file-like name of the node shape that a (blank) property shape belongs to."""
    while isinstance(node, BNode):
        node = min(shapes.subjects(None, node), key=str, default=None)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", str(node).rsplit("/", 1)[-1].removesuffix("Shape")).lower()


def read_targeted(shapes: Graph) -> tuple[Targeted, ...]:
    """Read every shape that has targets, sorted by name.

    Raises:
        SourceError: features that the compiled engine does not have; a fault for each.
    """
    reader = _Reader(shapes)
    found = reader.targeted()
    if reader.faults:
        raise SourceError(reader.faults)
    return found


class _Reader:
    """Reads one shapes graph and collects what it must refuse."""

    def __init__(self, shapes: Graph) -> None:
        self._shapes = shapes
        self._within: list[Node] = []
        self.faults: list[Fault] = []

    def targeted(self) -> tuple[Targeted, ...]:
        self._refuse_extensions()
        nodes = {node for kind in _TARGETS for node in self._shapes.subjects(SH[kind])}
        return tuple(
            sorted((self._targeted(node) for node in nodes if not self._is_off(node)), key=lambda t: t.name)
        )

    def _targeted(self, node: Node) -> Targeted:
        targets = [Target(kind, term) for kind in _TARGETS for term in self._shapes.objects(node, SH[kind])]
        for target in targets:
            self._must_be_named(node, target.kind, target.term)
        ordered = tuple(sorted(targets, key=lambda target: (target.kind, str(target.term))))
        return Targeted(shape_name(self._shapes, node), ordered, self._shape(node, depth=0))

    def _refuse_extensions(self) -> None:
        """Refuse what would change the meaning of shapes from outside them, and implicit targets."""
        for node in self._shapes.subjects(RDF.type, SH.ConstraintComponent):
            self._refuse(node, "its own constraint components (sh:ConstraintComponent)")
        for node in set(self._shapes.subjects(SH.entailment)):
            self._refuse(node, "sh:entailment")
        for kind in (SH.NodeShape, SH.PropertyShape):
            for node in self._shapes.subjects(RDF.type, kind):
                if {RDFS.Class, OWL.Class} & set(self._shapes.objects(node, RDF.type)):
                    self._refuse(node, "implicit class targets")
                self._refuse_unknown(node)

    def _shape(self, node: Node, *, depth: int) -> Shape:
        self._refuse_unknown(node)
        path = self._path(node)
        properties = [
            each
            for each in self._objects(node, "property")
            if not self._is_off(each) and self._has_path(each)
        ]
        if path and properties and not depth:
            self._refuse(node, "sh:property within a property shape")
        if node in self._within:
            self._refuse(node, "a shape within itself")
            return Shape(path, (), (), "violation", "")
        self._within.append(node)
        shape = Shape(
            path,
            tuple(self._tests(node, depth=depth)),
            tuple(self._shape(each, depth=depth) for each in properties),
            self._severity(node),
            self.message(node),
        )
        self._within.pop()
        return shape

    def message(self, node: Node) -> str:
        return min((str(text) for text in self._shapes.objects(node, SH.message)), default="")

    def _tests(self, node: Node, *, depth: int) -> Iterator[Test]:
        flags = self._shapes.value(node, SH.flags) or Literal("")
        for name, component in _VALUES.items():
            for value in self._objects(node, name):
                self._check_value(node, name, value, depth=depth)
                yield Test(component, (value, flags) if name == "pattern" else (value,))
        for name, component in _LISTS.items():
            for head in self._objects(node, name):
                values = tuple(Collection(self._shapes, head))
                for value in values:
                    self._must_be_named(node, name, value)
                yield Test(component, values)
        for name, component in _SHAPES.items():
            for inner in self._objects(node, name):
                yield Test(component, shapes=self._nested([inner], depth))
        for name, component in _SHAPE_LISTS.items():
            for head in self._objects(node, name):
                yield Test(component, shapes=self._nested(Collection(self._shapes, head), depth))

    def _nested(self, nodes: list[Node] | Collection, depth: int) -> tuple[Shape, ...]:
        return tuple(self._shape(node, depth=depth + 1) for node in nodes if not self._is_off(node))

    def _objects(self, node: Node, name: str) -> list[Node]:
        return sorted(self._shapes.objects(node, SH[name]), key=self._content)

    def _content(self, node: Node) -> str:
        """Sort blank nodes, whose names change from run to run, by what they say."""
        if not isinstance(node, BNode):
            return str(node)
        return " ".join(sorted(f"{p} {'' if isinstance(o, BNode) else o}" for p, o in self._shapes[node]))

    def _path(self, node: Node) -> Path | None:
        found = self._shapes.value(node, SH.path)
        try:
            return None if found is None else read_path(self._shapes, found)
        except ValueError as error:
            self._refuse(node, str(error))
            return None

    def _has_path(self, node: Node) -> bool:
        if (node, SH.path, None) not in self._shapes:
            self._refuse(node, "a property shape without sh:path")
            return False
        return True

    def _severity(self, node: Node) -> str:
        severity = str(self._shapes.value(node, SH.severity) or SH.Violation)
        if severity not in SEVERITIES:
            self._refuse(node, f"the severity {severity}")
        return SEVERITIES.get(severity, "violation")

    def _is_off(self, node: Node) -> bool:
        return str(self._shapes.value(node, SH.deactivated)) == "true"

    def _refuse_unknown(self, node: Node) -> None:
        for predicate in set(self._shapes.predicates(node)):
            name = str(predicate).removeprefix(str(SH))
            known = name in _COMPONENTS or name in _OTHER or name in _REMARKS
            if str(predicate).startswith(str(SH)) and not known:
                self._refuse(node, f"sh:{name}")

    def _check_value(self, node: Node, name: str, value: Node, *, depth: int) -> None:
        self._must_be_named(node, name, value)
        if name == "datatype" and str(value).startswith(_XSD):
            short = str(value).removeprefix(_XSD)
            if short not in _KNOWN_DATATYPES:
                self._refuse(node, f"sh:datatype xsd:{short}")
        if name in {"minCount", "maxCount"} and depth and int(str(value)) > _MOST_NESTED:
            self._refuse(node, f"sh:{name} above {_MOST_NESTED} in a nested shape")
        if name == "pattern" and _PYTHON_ONLY.search(str(value)):
            self._refuse(node, "a sh:pattern that looks around or back")

    def _must_be_named(self, node: Node, name: str, value: Node) -> None:
        if isinstance(value, BNode):
            self._refuse(node, f"a blank node as sh:{name}")

    def _refuse(self, node: Node, what: str) -> None:
        name = shape_name(self._shapes, node)
        fault = Fault(
            f"shape {name}", 0, "", f"{what} cannot be compiled to SPARQL; validate with --engine pyshacl"
        )
        if fault not in self.faults:
            self.faults.append(fault)
