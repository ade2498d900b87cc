"""The ``#+`` lines that open a question file in, a checked header out.

Keys are closed: summary (required), description, tags, defaults and enumerate as grlc reads them
(https://github.com/CLARIAH/grlc#decorator-syntax), and our params. Refused, by line: ``draft`` (the question
is not finished), other keys, keys given twice, values of the wrong shape, tabs, and defaults or choices of
parameters that params does not list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import yaml

from ketagraph.errors import Fault

__all__ = ["Declared", "Header", "read_header"]

_KEYS = ("summary", "description", "tags", "defaults", "enumerate", "params", "draft")
_PARAMETER_KEYS = ("type", "class", "default", "description", "required")


@dataclass(frozen=True, slots=True)
class Declared:
    """A parameter as params, defaults and enumerate declare it, at ``line``; empty: not said."""

    name: str
    line: int
    type: str = ""
    rdf_class: str = ""
    default: str | None = None
    choices: tuple[str, ...] = ()
    description: str = ""
    required: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """A header's fields as written, its parameters in order, and the number of its lines."""

    summary: str
    description: str
    tags: tuple[str, ...]
    parameters: tuple[Declared, ...]
    lines: int


def read_header(text: str, path: str) -> tuple[Header, list[Fault]]:
    """Read the header of a question file's ``text``; faults name ``path`` and the line, in file order."""
    reading = _Reading(path)
    lines = reading.header_lines(text)
    root = reading.compose(lines)
    fields = reading.fields(root, _KEYS, "the header") if root else {}
    if "summary" not in fields and not reading.faults:
        reading.fault(1, "", "no summary; the file opens with `#+ summary: …`")
    if draft := fields.get("draft"):
        told = "the question is a draft; write its query and its answer beside it, then remove this line"
        reading.fault(_line(draft), "draft", told)
    defaults = reading.pairs(fields.get("defaults"), "defaults")
    choices = reading.pairs(fields.get("enumerate"), "enumerate")
    header = Header(
        summary=reading.text(fields.get("summary"), "summary"),
        description=reading.text(fields.get("description"), "description"),
        tags=reading.texts(fields.get("tags"), "tags"),
        parameters=tuple(reading.parameters(fields.get("params"), defaults, choices)),
        lines=len(lines),
    )
    return header, reading.faults


class _Reading:
    """Reads YAML nodes of one header and notes what is wrong with them."""

    __slots__ = ("_path", "faults")

    def __init__(self, path: str) -> None:
        self._path = path
        self.faults: list[Fault] = []

    def fault(self, line: int, column: str, message: str) -> None:
        self.faults.append(Fault(self._path, line, column, message))

    def header_lines(self, text: str) -> list[str]:
        lines = text.split("\n")
        length = next((place for place, line in enumerate(lines) if not line.startswith("#+")), len(lines))
        for number, line in enumerate(lines[length:], length + 1):
            if line.startswith("#+"):
                self.fault(number, "", "a header line below the header; the header is one block at the top")
        return [line[2:].removeprefix(" ").rstrip() for line in lines[:length]]

    def compose(self, lines: list[str]) -> yaml.Node | None:
        """Read the lines of a header as YAML; None where they are not, which is noted as a fault."""
        tabs = [number for number, line in enumerate(lines, 1) if "\t" in line]
        for number in tabs:
            self.fault(number, "", "a tab in the header; write spaces")
        if tabs:
            return None
        try:
            return yaml.compose("\n".join(lines), Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = min(mark.line + 1, len(lines)) if mark else 1
            self.fault(line, "", f"not YAML: {error.problem or error.context}")
        except yaml.YAMLError as error:
            self.fault(1, "", f"not YAML: {error}")
        return None

    def fields(self, node: yaml.Node, known: tuple[str, ...], where: str) -> dict[str, yaml.Node]:
        """Read a mapping whose keys are among ``known``; empty ``known``: any keys."""
        found: dict[str, yaml.Node] = {}
        for line, key, value in self._items(node, where):
            if known and key not in known:
                near = get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}? " if near else ""
                self.fault(line, key, f"unknown key in {where}; {hint}known are {', '.join(known)}")
            elif key in found:
                self.fault(line, key, f"given twice in {where}")
            else:
                found[key] = value
        return found

    def _items(self, node: yaml.Node, where: str) -> Iterator[tuple[int, str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self.fault(_line(node), "", f"{where} wants `key: value` lines")
            return
        for key, value in node.value:
            yield _line(key), self.text(key, "a key"), value

    def text(self, node: yaml.Node | None, what: str) -> str:
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.fault(_line(node), what, "expected text")
            return ""
        return str(node.value).strip()

    def texts(self, node: yaml.Node | None, what: str) -> tuple[str, ...]:
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self.fault(_line(node), what, "expected a list, such as [one, two]")
            return ()
        return tuple(self.text(item, what) for item in node.value)

    def pairs(self, node: yaml.Node | None, what: str) -> dict[str, yaml.Node]:
        """Read grlc's list of one-key mappings, ``- name: value``."""
        if node is None:
            return {}
        if not isinstance(node, yaml.SequenceNode):
            self.fault(_line(node), what, "expected a list of `- name: value`")
            return {}
        found: dict[str, yaml.Node] = {}
        for item in node.value:
            for name, value in self.fields(item, (), what).items():
                if found.setdefault(name, value) is not value:
                    self.fault(_line(value), name, f"given twice in {what}")
        return found

    def parameters(
        self, node: yaml.Node | None, defaults: dict[str, yaml.Node], choices: dict[str, yaml.Node]
    ) -> Iterator[Declared]:
        """Yield what ``params`` declares, in order, with its default and its choices from elsewhere."""
        items = list(self._items(node, "params")) if node else []
        names = [name for _, name, _ in items]
        listed = ", ".join(names) or "none"
        for name, value in [*defaults.items(), *choices.items()]:
            if name not in names:
                self.fault(_line(value), name, f"params does not list it; it lists {listed}")
        for place, (line, name, value) in enumerate(items):
            if name in names[:place]:
                self.fault(line, name, "given twice in params")
            yield self._parameter(name, line, value, defaults.get(name), choices.get(name))

    def _parameter(
        self, name: str, line: int, node: yaml.Node, default: yaml.Node | None, choices: yaml.Node | None
    ) -> Declared:
        fields = self.fields(node, _PARAMETER_KEYS, f"params, {name}")
        if default and "default" in fields:
            self.fault(_line(default), name, "has a default in defaults and another in params; keep one")
        default = default or fields.get("default")
        return Declared(
            name=name,
            line=line,
            type=self.text(fields.get("type"), "type"),
            rdf_class=self.text(fields.get("class"), "class"),
            default=self.text(default, "default") if default else None,
            choices=self.texts(choices, "enumerate"),
            description=self.text(fields.get("description"), "description"),
            required=self.text(fields.get("required"), "required"),
        )


def _line(node: yaml.Node) -> int:
    """Line of ``node`` in its file, 1-based: a header begins on the first line and has no gaps."""
    return int(node.start_mark.line) + 1
