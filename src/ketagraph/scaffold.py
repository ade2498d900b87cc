"""Values in, new rows and files out: checked as a build would check them, then written whole or not at all.

Rows are valid at once: whatever a table requires must be given, and nothing is written that a build's
reader would refuse. A new source has no rows and a new question no answer yet, so both say ``draft`` until
a person finishes them, and a build refuses them while they do. Nothing is ever overwritten.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from rdflib import RDF, RDFS, SH, XSD, BNode, Literal, URIRef

from ketagraph import anchors, links, names, rdf, sources, tables, vocabulary
from ketagraph.errors import EnvironmentFault, Fault, SourceError, UnknownName
from ketagraph.schema import table
from ketagraph.sources import Layout

__all__ = ["add_rows", "new_question", "new_shape", "new_source", "write_new"]

Values = Mapping[str, str]
_SIZES = ("paragraphs", "sentences", "headings")


def write_new(files: Mapping[Path, bytes]) -> None:
    """Write files that must not exist yet, all or none.

    Raises:
        EnvironmentFault: one exists, or cannot be written.
    """
    if there := [str(path) for path in files if path.exists()]:
        raise EnvironmentFault(f"{', '.join(there)}: exists already; nothing was written")
    _replace(files)


def _replace(files: Mapping[Path, bytes]) -> None:
    """Put each file in place of what was there; on any failure put everything back."""
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{path.name}.{os.getpid()}")
            fresh.write_bytes(content)
            fresh.replace(path)
    except OSError as error:
        for path, old in before.items():
            path.with_name(f".{path.name}.{os.getpid()}").unlink(missing_ok=True)
            if old is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(old)
        raise EnvironmentFault(f"{error.filename}: cannot be written: {error.strerror}") from error


def new_source(where: Layout, values: Values, text: str) -> list[Path]:
    """Add a draft source whose sentences and references are those of ``text``; ``values`` fill source.toml.

    Raises:
        EnvironmentFault: the folder exists. SourceError: a value that source.toml may not hold.
    """
    found = list(anchors.sentences(text))
    counted = (found[-1].paragraph if found else 0, len(found), len(anchors.headings(text)))
    lines = ["# A draft: finish its tables, then remove the last line; until then no build takes it."]
    lines += [
        f"{name} = {value if name == 'year' else _quoted(value)}" for name, value in values.items() if value
    ]
    lines += [f'text_sha256 = "{sha256(text.encode()).hexdigest()}"']
    lines += [f"{name} = {size}" for name, size in zip(_SIZES, counted, strict=True)]
    cited = sorted({number for each in found for number in each.references})
    folder = where.data / values["id"]
    if folder.exists():
        raise EnvironmentFault(f"{where.show(folder)}: exists already; nothing was written")
    toml = "\n".join([*lines, "draft = true"]) + "\n"
    sources.read_facts(toml, where.show(folder / "source.toml"), values["id"])
    files = {
        folder / "source.toml": toml.encode(),
        folder / "sentences.tsv": _rows("sentences", map(_sentence, found)),
        folder / "references.tsv": _rows(
            "references", ({"number": str(n), "status": "Unverified"} for n in cited)
        ),
    }
    write_new(files)
    return list(files)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _sentence(each: anchors.Sentence) -> Values:
    cited = "|".join(map(str, each.references))
    return {"sentence": each.address, "section": each.section, "sha256": each.sha256, "references": cited}


def _rows(name: str, rows: Iterable[Values], before: bytes = b"") -> bytes:
    """Return a table with ``rows`` added to what it held, in canonical form."""
    columns = [column.name for column in table(name).columns]
    lines = ["\t".join(row.get(column, "") for column in columns) + "\n" for row in rows]
    head = before or ("\t".join(columns) + "\n").encode()
    return tables.canonical(head + "".join(lines).encode(), table(name))


def add_rows(where: Layout, source: str, rows: Mapping[str, Iterable[Values]]) -> list[Path]:
    """Add rows to tables (by name) of a source; keys that are there already are refused.

    Raises:
        UnknownName: there is no such source. SourceError: what a build would refuse.
    """
    folder = sources.folder_called(source, where)
    paths = {name: folder.path / f"{name}.tsv" for name in rows}
    files = {
        path: _rows(name, rows[name], path.read_bytes() if path.is_file() else b"")
        for name, path in paths.items()
    }
    known: list[tables.Row] = []
    faults: list[Fault] = []
    for each in sources.source_folders(where):
        found, wrong = tables.read_source(each, where)
        own = each.id == source
        known += [row for row in found if not (own and row.table.name in rows)]
        faults += [] if own else wrong
    for name, path in paths.items():
        found, wrong = tables.read(files[path], table(name), source=source, path=where.show(path))
        known += found
        faults += wrong
    faults += [] if faults else links.check_links(known, vocabulary.read_ontology(where))
    if faults:
        raise SourceError(faults)
    _replace(files)
    return list(files)


def new_question(where: Layout, slug: str, summary: str, rdf_class: str) -> list[Path]:
    """Add a draft question that lists a class, beside an answer that is only its header.

    Raises:
        EnvironmentFault: it exists. UnknownName: the ontology has no such class.
    """
    if rdf_class not in vocabulary.read_ontology(where).parents:
        raise UnknownName(f"the ontology has no class {rdf_class}; name one as in Study")
    query = f"""#+ summary: {summary}
#+ draft: true

PREFIX keta: <{names.BASE}>
PREFIX rdfs: <{names.PREFIXES["rdfs"]}>

SELECT ?record ?label
WHERE {{
  ?record a keta:{rdf_class} ; rdfs:label ?label .
}}
ORDER BY ?record ?label
"""
    path = where.queries / f"{slug}.rq"
    files = {path: query.encode(), path.with_suffix(".tsv"): b"?record\t?label\n"}
    write_new(files)
    return list(files)


def new_shape(where: Layout, rdf_class: str, path: str, message: str) -> list[Path]:
    """Add a shape that wants one value of a property, and a graph that it refuses.

    Raises:
        EnvironmentFault: the shape exists. UnknownName: a class or property that the ontology lacks.
    """
    words = vocabulary.read_ontology(where)
    if rdf_class not in words.parents or path not in words.properties:
        raise UnknownName(f"the ontology has no class {rdf_class} or no property {path}")
    shape, rule = URIRef(f"{names.BASE}shapes/{rdf_class}Shape"), BNode()
    graph, bad = rdf.new_graph(), rdf.new_graph()
    graph.add((shape, RDF.type, SH.NodeShape))
    graph.add((shape, RDFS.label, Literal(f"what a {_spoken(rdf_class)} must have", lang="en")))
    graph.add((shape, SH.targetClass, URIRef(names.term(rdf_class))))
    graph.add((shape, SH.property, rule))
    graph.add((rule, SH.path, URIRef(names.term(path))))
    graph.add((rule, SH.minCount, Literal(1, datatype=XSD.integer)))
    graph.add((rule, SH.message, Literal(message, lang="en")))
    bad.add((URIRef(names.thing(f"bad-{tables.slug(rdf_class)}")), RDF.type, URIRef(names.term(rdf_class))))
    name = f"{tables.slug(rdf_class)}.ttl"
    files = {
        where.ontology / "shapes" / name: rdf.turtle(graph).encode(),
        where.root / "tests" / "bad" / name: rdf.turtle(bad).encode(),
    }
    write_new(files)
    return list(files)


def _spoken(name: str) -> str:
    return tables.slug(name).replace("-", " ")
