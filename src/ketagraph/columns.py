"""What a table and a column of it are; :mod:`ketagraph.schema` lists the ones there are."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "Column", "Table"]

KINDS = frozenset(
    {
        "boolean",  # true | false
        "decimal",  # 0.5
        "doi",  # 10.1016/j.pain.2009.06.023
        "elsewhere",  # the key of a row of table ``target`` in another source
        "integer",  # 12
        "node",  # an ontology term (PascalCase) or a row of any keyed table (kebab-case)
        "pmid",  # 19604642
        "property",  # an ontology property, camelCase
        "row",  # the key of a row of table ``target``
        "sentence",  # paragraph.sentence, both 1-based: 20.2
        "sha256",  # 64 lower-case hexadecimal digits
        "slug",  # kebab-case key, this row's own
        "string",  # text without a language
        "term",  # an ontology class below, or an individual of, ``target``
        "text",  # English text in our own words
        "unit",  # UCUM code: mg, mg/kg, h, wk, %
        "year",  # four digits
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, how a cell is read, and the property the cell becomes.

    ``many`` cells hold values joined by ``|``, sorted, without repeats. ``target`` names the table
    (kinds ``row``, ``elsewhere``) or the ontology class (kind ``term``) that a value must belong to.
    """

    name: str
    kind: str
    property: str = ""
    required: bool = False
    many: bool = False
    target: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the class its rows become and its columns in order; the key is the first ones.

    ``scoped`` keys are unique within their source only: the IRI's slug is the source, then this prefix,
    then the key. ``optional`` tables may be missing from a source. ``graph`` is where the rows go.
    """

    name: str
    rdf_class: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    scoped: str = ""
    optional: bool = True
    graph: str = "evidence"

    def column(self, name: str) -> Column:
        """Return the column called ``name``; KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]
