"""A file of mappings in, checked mappings out: what our terms are called in public vocabularies.

The file follows SSSOM, https://mapping-commons.github.io/sssom/, in a narrow form: the header is ours word
for word, columns are fixed, rows are sorted. Refused: prefixes that nobody declares or that mean something
else here, subjects that the ontology lacks, predicates other than the five SKOS matches, identifiers not of
their vocabulary's form, labels that a licence forbids, rows that repeat or contradict each other, and
whatever the ``sssom`` library finds.
"""

from __future__ import annotations

from ketagraph.mappings.coverage import Count, conflicts, coverage
from ketagraph.mappings.model import FILE, Mapping, graph, triples
from ketagraph.mappings.reading import canonical, read, read_bytes

__all__ = [
    "FILE",
    "Count",
    "Mapping",
    "canonical",
    "conflicts",
    "coverage",
    "graph",
    "read",
    "read_bytes",
    "triples",
]
