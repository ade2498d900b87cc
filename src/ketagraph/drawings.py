"""Paths in, a picture as text out: Graphviz DOT or a Mermaid flowchart.

Solid arrows are signed hops (labelled + or −), dashed ones have no known direction, dotted ones change
nothing; a hop that rests only on a wider class is marked *inherited*, a contested one *contested*. See
https://graphviz.org/doc/info/lang.html and https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ketagraph.claims import Hop, Path, Sign

__all__ = ["dot", "mermaid"]

_SYMBOL = {1: "+", -1: "−", 0: "0", None: "?"}
_DOT = {1: "solid", -1: "solid", 0: "dotted", None: "dashed"}
_MERMAID = {1: "-->", -1: "--x", 0: "-.->", None: "-.->"}


def dot(paths: Iterable[Path], labels: Mapping[str, str]) -> str:
    """Return a directed graph in DOT with every node and hop of ``paths`` once."""
    hops = _hops(paths)
    nodes = _numbered(hops)
    lines = [f'  {key} [label="{_quoted(_word(iri, labels))}", URL="{iri}"];' for iri, key in nodes.items()]
    for hop in hops:
        arrow = 'arrowhead="tee", ' if hop.sign == -1 else ""
        lines.append(
            f"  {nodes[hop.subject]} -> {nodes[hop.object]} "
            f'[label="{_told(hop)}", {arrow}style="{_DOT[hop.sign]}"];'
        )
    return "\n".join(["digraph mechanism {", "  rankdir=LR;", "  node [shape=box];", *lines, "}\n"])


def mermaid(paths: Iterable[Path], labels: Mapping[str, str]) -> str:
    """Return a Mermaid flowchart with every node and hop of ``paths`` once."""
    hops = _hops(paths)
    nodes = _numbered(hops)
    lines = [f'  {key}["{_entities(_word(iri, labels))}"]' for iri, key in nodes.items()]
    lines += [
        f'  {nodes[hop.subject]} {_MERMAID[hop.sign]}|"{_told(hop)}"| {nodes[hop.object]}' for hop in hops
    ]
    return "\n".join(["flowchart LR", *lines]) + "\n"


def _hops(paths: Iterable[Path]) -> list[Hop]:
    """Every hop once, in the order of the paths."""
    seen: dict[tuple[str, str, Sign], Hop] = {}
    for path in paths:
        for hop in path.hops:
            seen.setdefault((hop.subject, hop.object, hop.sign), hop)
    return list(seen.values())


def _numbered(hops: Iterable[Hop]) -> dict[str, str]:
    nodes = dict.fromkeys(name for hop in hops for name in (hop.subject, hop.object))
    return {name: f"n{number}" for number, name in enumerate(nodes, start=1)}


def _told(hop: Hop) -> str:
    return " ".join([_SYMBOL[hop.sign], *_marks(hop)])


def _marks(hop: Hop) -> Iterator[str]:
    if hop.inherited:
        yield "inherited"
    if hop.contested:
        yield "contested"


def _word(iri: str, labels: Mapping[str, str]) -> str:
    return labels.get(iri) or iri.rsplit("/", 1)[-1]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
