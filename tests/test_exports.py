"""Every export: what it holds, that it reads back, that its bytes are stable, what it says it loses."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from rdflib import RDF, SH, Dataset, Graph, Literal, URIRef
from typer.testing import CliRunner

from ketagraph import exports, guard, names, releases
from ketagraph.cli import app, load_commands
from ketagraph.errors import EnvironmentFault, UnknownName
from ketagraph.exports import kgx, nanopubs
from ketagraph.exports.model import ASSERTED, Material
from ketagraph.sources import Layout
from ketagraph.store.engine import Engine

ALL = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"


@pytest.fixture(scope="module")
def known(release: releases.Release, where: Layout) -> Material:
    return exports.material(release, where)


@pytest.fixture(scope="module")
def files(known: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pyarrow")
    folder = tmp_path_factory.mktemp("exports")
    for name in exports.FORMATS:
        exports.export(name, known, folder / name)
    return folder


def statements(path: Path, *, graph: str = "") -> list[str]:
    """What the engine reads of a file, blank nodes out of sight."""
    engine = Engine()
    engine.load_quads(path)
    query = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}" if graph else ALL
    return sorted(re.sub(r"_:\w+", "_:b", line) for line in engine.construct(query))


def expected(known: Material, part: str) -> list[str]:
    lines = known.merged(ASSERTED if part == "base" else known.graphs)
    return sorted(re.sub(r"_:\w+", "_:b", line) for line in lines)


@pytest.mark.parametrize("part", ["base", "full"])
@pytest.mark.parametrize(("name", "ending"), [("turtle", "ttl"), ("owl", "owl"), ("jsonld", "jsonld")])
def test_statements_read_back_as_they_were(
    files: Path, known: Material, name: str, ending: str, part: str
) -> None:
    assert statements(files / name / f"ketagraph-{part}.{ending}") == expected(known, part)


def test_nquads_keep_their_graphs(files: Path, known: Material) -> None:
    for name in ("evidence", "inferred"):
        read = statements(files / "nquads" / "ketagraph-full.nq", graph=names.graph(name))
        assert read == sorted(known.graphs[name])


def test_another_reader_reads_the_ontology_and_the_json_ld(files: Path, known: Material) -> None:
    for name in ("owl/ketagraph-base.owl", "jsonld/ketagraph-base.jsonld"):
        form = "xml" if name.endswith("owl") else "json-ld"
        assert len(Graph().parse(files / name, format=form)) == len(expected(known, "base"))


@pytest.mark.parametrize("name", sorted(exports.FORMATS))
def test_the_same_release_gives_the_same_bytes(
    files: Path, known: Material, name: str, tmp_path: Path
) -> None:
    written = exports.export(name, known, tmp_path)
    assert {file: (tmp_path / file).read_bytes() for file in written.files} == {
        path.name: path.read_bytes() for path in (files / name).iterdir()
    }


@pytest.mark.parametrize("name", sorted(exports.FORMATS))
def test_every_format_says_what_it_loses(files: Path, known: Material, name: str) -> None:
    told = json.loads((files / name / f"{name}.loss.json").read_text(encoding="utf-8"))
    assert {(each["aspect"], each["record"]) for each in told["losses"]} == set(known.aspects)
    assert all(each["in_graph"] == each["carried"] + each["lost"] for each in told["losses"])
    assert all(each["lost"] >= 0 for each in told["losses"])


def test_every_aspect_is_told_somewhere_in_the_graph(known: Material) -> None:
    assert {aspect for aspect, _ in known.aspects} == {
        *("certainty", "comparator", "contradiction", "denial", "dose", "null finding", "route", "scope"),
        *("sentence", "time"),
    }


def test_a_property_graph_has_no_null_findings_and_says_so(files: Path) -> None:
    told = json.loads((files / "kgx" / "kgx.loss.json").read_text(encoding="utf-8"))
    (nulls,) = [each for each in told["losses"] if each["aspect"] == "null finding"]
    assert nulls["lost"] == nulls["in_graph"] > 0


def test_tables_have_a_row_for_every_record(files: Path, release: releases.Release) -> None:
    for name, count in (
        ("Study", "studies"),
        ("Finding", "findings"),
        ("Claim", "claims"),
        ("Effect", "effects"),
    ):
        rows = list(csv.DictReader(io.StringIO((files / "csv" / f"{name}.csv").read_text(encoding="utf-8"))))
        assert len(rows) == release.counts[count]
        assert all(row["id"].startswith("kid:") for row in rows)


def test_parquet_keeps_types(files: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(files / "parquet" / "Finding.parquet")
    assert str(table.schema.field("timepointWeeks").type).startswith("decimal128")
    assert str(table.schema.field("significanceStated").type) == "bool"


def tsv(path: Path) -> list[dict[str, str]]:
    return list(
        csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")), delimiter="\t", quoting=csv.QUOTE_NONE)
    )


def test_edges_lead_from_node_to_node_in_biolink_terms(files: Path) -> None:
    nodes, edges = (tsv(files / "kgx" / f"ketagraph_{name}.tsv") for name in ("nodes", "edges"))
    known = {node["id"] for node in nodes}
    assert len(known) == len(nodes)
    assert {edge[end] for edge in edges for end in ("subject", "object")} <= known
    assert {edge["anatomical_context_qualifier"] for edge in edges} <= known | {""}
    (edge,) = [each for each in edges if each["id"] == "kid:ketamine-antagonises-nmda-receptor"]
    assert (edge["subject"], edge["predicate"], edge["qualified_predicate"]) == (
        "CHEBI:6121",
        "biolink:affects",
        "biolink:causes",
    )
    assert (edge["object_aspect_qualifier"], edge["object_direction_qualifier"]) == ("activity", "decreased")
    assert (edge["knowledge_level"], edge["agent_type"]) == ("knowledge_assertion", "manual_agent")
    assert (list(nodes[0]), list(edges[0])) == (list(kgx.NODE_COLUMNS), list(kgx.EDGE_COLUMNS))


def test_the_biolink_model_has_every_term_that_is_used(files: Path) -> None:
    model = pytest.importorskip("biolink_model")
    path = Path(next(iter(model.__path__))) / "schema" / "biolink_model.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    slots = {name.replace(" ", "_") for name in schema["slots"]}
    classes = {"".join(word[0].upper() + word[1:] for word in name.split()) for name in schema["classes"]}
    nodes, edges = (tsv(files / "kgx" / f"ketagraph_{name}.tsv") for name in ("nodes", "edges"))
    assert {node["category"].removeprefix("biolink:") for node in nodes} <= classes
    assert {edge["predicate"].removeprefix("biolink:") for edge in edges} <= slots
    assert {*edges[0], *nodes[0]} - {"id", "category", "original_predicate"} <= slots
    for column, values in (
        ("knowledge_level", "KnowledgeLevelEnum"),
        ("agent_type", "AgentTypeEnum"),
        ("object_direction_qualifier", "DirectionQualifierEnum"),
        ("object_aspect_qualifier", "GeneOrGeneProductOrChemicalEntityAspectEnum"),
        ("causal_mechanism_qualifier", "CausalMechanismQualifierEnum"),
    ):
        assert {edge[column] for edge in edges} - {""} <= set(schema["enums"][values]["permissible_values"])


def test_every_identifier_has_a_prefix_that_the_biolink_model_knows_or_ours(files: Path) -> None:
    model = pytest.importorskip("biolink_model")
    path = Path(next(iter(model.__path__))) / "schema" / "biolink_model.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    known = {prefix for each in schema["classes"].values() for prefix in each.get("id_prefixes", ())}
    nodes, edges = (tsv(files / "kgx" / f"ketagraph_{name}.tsv") for name in ("nodes", "edges"))
    used = {node["id"] for node in nodes} | {edge[end] for edge in edges for end in ("subject", "object")}
    assert {curie.partition(":")[0] for curie in used} <= known | {"keta"}
    assert len([curie for curie in used if not curie.startswith("keta:")]) > 50


VALIDATE = """
import collections, json, pathlib, sys
import biolink_model, bmt.toolkit, yaml
# The library fetches the model when it is imported, and its context when it validates; the package has both.
model = pathlib.Path(next(iter(biolink_model.__path__))) / "schema" / "biolink_model.yaml"
bmt.toolkit.Toolkit.__init__.__defaults__ = (str(model), {"predicate mappings": []})
import kgx.config
schema = yaml.safe_load(model.read_text())
context = {name: each if isinstance(each, str) else each["prefix_reference"]
           for name, each in schema["prefixes"].items()}
for each in schema["classes"].values():
    context |= {prefix: f"https://bioregistry.io/{prefix}:" for prefix in each.get("id_prefixes", ())}
context |= {"keta": "https://w3id.org/ketagraph/", "kid": "https://w3id.org/ketagraph/id/"}
kgx.config.jsonld_context_map["biolink"] = context
from kgx.transformer import Transformer
from kgx.validator import Validator
transformer = Transformer(stream=False)
transformer.transform({"filename": sys.argv[1:], "format": "tsv"})
validator = Validator(verbose=False)
validator.validate(transformer.store.graph)
nodes, edges = transformer.store.graph.number_of_nodes(), transformer.store.graph.number_of_edges()
print(json.dumps({"errors": validator.get_errors(), "nodes": nodes, "edges": edges}))
"""


def test_the_kgx_library_finds_nothing_wrong(files: Path) -> None:
    # Importing the library here would have it fetch the model.
    if not all(importlib.util.find_spec(name) for name in ("kgx", "biolink_model")):
        pytest.skip("heavy; to run it: pip install kgx biolink-model")
    tables = [str(files / "kgx" / f"ketagraph_{name}.tsv") for name in ("nodes", "edges")]
    ran = subprocess.run(
        [sys.executable, "-c", VALIDATE, *tables], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["errors"] == {}
    nodes, edges = (tsv(Path(path)) for path in tables)
    # The library keeps one edge for each subject, predicate and object, whatever their qualifiers.
    triples = {(edge["subject"], edge["predicate"], edge["object"]) for edge in edges}
    assert (found["nodes"], found["edges"]) == (len(nodes), len(triples))


def test_mechanism_paths_are_whole(files: Path) -> None:
    graphs = yaml.safe_load((files / "drugmechdb" / "indication_paths.yaml").read_text(encoding="utf-8"))
    assert len(graphs) > 10
    for graph in graphs:
        ids = [node["id"] for node in graph["nodes"]]
        assert [(link["source"], link["target"]) for link in graph["links"]] == list(pairwise(ids))
        assert (ids[0], ids[-1]) == (graph["graph"]["drug_id"], graph["graph"]["disease_id"])
    assert len({graph["graph"]["_id"] for graph in graphs}) == len(graphs)


def published(files: Path) -> Dataset:
    return Dataset().parse(files / "nanopub" / "claims.trig", format="trig")


def test_there_is_a_nanopublication_for_every_claim(files: Path, release: releases.Release) -> None:
    kind = URIRef("http://www.nanopub.org/nschema#Nanopublication")
    found = {str(node) for node, _, _, _ in published(files).quads((None, RDF.type, kind, None))}
    assert len(found) == release.counts["claims"]
    assert all(re.fullmatch(re.escape(names.BASE) + r"np/RA[\w-]{43}", each) for each in found)


def test_the_nanopub_library_agrees_with_every_trusty_address(files: Path) -> None:
    pytest.importorskip("nanopub")
    from nanopub.trustyuri.rdf.RdfHasher import make_hash

    by_code: dict[str, list[tuple[object, ...]]] = {}
    for subject, predicate, object_, graph in published(files).quads():
        code = str(graph).split("/np/")[1].split("#")[0]
        by_code.setdefault(code, []).append((URIRef(str(graph)), subject, predicate, object_))
    assert {code for code, quads in by_code.items() if make_hash(quads, hashstr=code) != code} == set()


def test_a_changed_word_changes_the_code() -> None:
    this = URIRef(f"https://example.org/{nanopubs.PLACEHOLDER}")
    codes = {
        nanopubs.artifact_code([(this, this, RDF.value, Literal(text))]) for text in ("a", "b", "a\n", "a\\n")
    }
    assert len(codes) == 4


def test_every_question_is_an_example(files: Path, where: Layout) -> None:
    found = Graph().parse(files / "sparql-examples" / "sparql-examples.ttl")
    assert len(set(found.subjects(RDF.type, SH.SPARQLExecutable))) == len(list(where.queries.glob("*.rq")))
    assert {guard.check(str(text)).form for text in found.objects(None, SH.select)} == {"SELECT"}


def test_the_crate_names_every_file_of_the_release(files: Path, release: releases.Release) -> None:
    crate = json.loads((files / "ro-crate" / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    by_id = {each["@id"]: each for each in crate["@graph"]}
    assert {each["@id"] for each in by_id["./"]["hasPart"]} == set(release.manifest["files"])
    assert by_id["ketagraph.nq"]["sha256"] == release.digest
    assert all(reference["@id"] in by_id for reference in [*by_id["./"]["isBasedOn"], by_id["./"]["license"]])


def test_an_unknown_format_is_refused(known: Material, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="turtle"):
        exports.export("word", known, tmp_path)


def test_a_folder_that_cannot_be_written_is_told(known: Material, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EnvironmentFault, match="cannot write"):
        exports.export("sssom", known, tmp_path / "file")


def test_the_command_writes_several_formats_side_by_side(release: releases.Release, tmp_path: Path) -> None:
    load_commands()
    arguments = ["export", "sssom", "ro-crate", "-o", str(tmp_path), "--release", str(release.path.parent)]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"sssom", "ro-crate"}


def test_a_build_lays_every_export_into_the_release(
    known: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ketagraph.cli import making

    load_commands()
    copy = releases.Release(tmp_path / "release", known.release.manifest)
    shutil.copytree(known.release.path, copy.path)
    monkeypatch.setattr(making.build, "build", lambda where, kept, progress: None)
    monkeypatch.setattr(making.releases, "write", lambda built, folder: copy)
    monkeypatch.setattr(making.releases, "prune", lambda folder, keep: None)
    monkeypatch.setattr(exports, "FORMATS", {name: exports.FORMATS[name] for name in ("sssom", "kgx")})
    for _ in range(2):
        found = CliRunner().invoke(app, ["build", "--exports", "-o", str(tmp_path)])
        assert found.exit_code == 0, found.output
    assert "export kgx: 3 file(s)" in found.output
    assert {path.name for path in (copy.path / "exports").iterdir()} == {"sssom", "kgx"}
    assert (copy.path / "exports" / "kgx" / "kgx.loss.json").is_file()
    assert [path for path in copy.path.iterdir() if path.name.startswith(".")] == []


def test_exports_that_fail_leave_those_that_were_there(
    known: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    formats = exports.FORMATS
    monkeypatch.setattr(exports, "FORMATS", {"sssom": formats["sssom"]})
    exports.export_all(known, tmp_path / "exports")

    def failing(known: Material) -> exports.Export:
        raise EnvironmentFault("no library")

    monkeypatch.setattr(exports, "FORMATS", {"kgx": formats["kgx"], "sssom": failing})
    with pytest.raises(EnvironmentFault):
        exports.export_all(known, tmp_path / "exports")
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["sssom"]
