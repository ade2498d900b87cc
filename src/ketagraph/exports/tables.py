"""The graph as tables, one for each kind of record: CSV, and Parquet with the types of the graph.

A column is a property; several values stand in one cell, sorted, with ``|`` between them. IRIs are CURIEs.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping

from rdflib import OWL, RDF, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import names
from ketagraph.exports.model import Export, Material
from ketagraph.results import Rows, library
from ketagraph.store.engine import Term

__all__ = ["csv_tables", "parquet_tables"]

_KINDS = (
    *("AdverseEventFinding", "Anchor", "Arm", "Claim", "Contradiction", "Discrepancy", "Effect"),
    *("EvidenceLine", "Finding", "Intervention", "Judgement", "Reference", "Source", "Study", "TextFlaw"),
)
_CLASSES = {name: URIRef(names.term(name)) for name in _KINDS} | {"Concept": OWL.Class, "Mapping": OWL.Axiom}
_STRING = names.PREFIXES["xsd"] + "string"
_SPREAD = ("ontology", "evidence", "discrepancies", "effects", "inferred", "judgements", "mappings")


def csv_tables(known: Material) -> Export:
    """CSV (RFC 4180, but lines end with LF), one file per kind of record."""
    files = {f"{name}.csv": _csv(rows) for name, rows in _tables(known)}
    return Export(files, known.aspects)


def parquet_tables(known: Material) -> Export:
    """Parquet, one file per kind of record; needs pyarrow.

    Raises:
        EnvironmentFault: pyarrow is not installed.
    """
    parquet = library("pyarrow.parquet", "frames")
    files = {}
    for name, rows in _tables(known):
        buffer = io.BytesIO()
        parquet.write_table(rows.to_arrow(), buffer, compression="zstd")
        files[f"{name}.parquet"] = buffer.getvalue()
    return Export(files, known.aspects)


def _csv(rows: Rows) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.variables)
    writer.writerows([term.value if term else "" for term in row] for row in rows.terms)
    return text.getvalue().encode()


def _tables(known: Material) -> Iterator[tuple[str, Rows]]:
    """Yield the name and rows of every table that has rows."""
    graph = Graph().parse(data="\n".join(known.merged(_SPREAD)), format="nt")
    for name, kind in sorted(_CLASSES.items()):
        members = sorted(node for node in set(graph.subjects(RDF.type, kind)) if isinstance(node, URIRef))
        if members:
            yield name, _table(graph, members)


def _table(graph: Graph, members: list[URIRef]) -> Rows:
    cells = {node: _cells(graph, node) for node in members}
    columns = sorted({name for found in cells.values() for name in found})
    return Rows(
        ("id", *columns),
        tuple((_term(node), *(cells[node].get(name) for name in columns)) for node in members),
    )


def _cells(graph: Graph, node: URIRef) -> Mapping[str, Term]:
    found: dict[str, list[Term]] = defaultdict(list)
    for predicate, value in graph.predicate_objects(node):
        if not isinstance(value, BNode):
            found[names.compress(str(predicate)).removeprefix("keta:")].append(_term(value))
    return {name: _cell(terms) for name, terms in found.items()}


def _cell(terms: list[Term]) -> Term:
    """Return the only value with its type, or all of them as one text."""
    if len(terms) == 1:
        return terms[0]
    return Term("literal", "|".join(sorted(term.value for term in terms)), _STRING)


def _term(node: Node) -> Term:
    if isinstance(node, Literal):
        return Term("literal", str(node), str(node.datatype or _STRING))
    return Term("literal", names.compress(str(node)), _STRING)
