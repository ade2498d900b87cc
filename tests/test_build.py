"""The same sources give the same bytes, and a build that fails changes nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from ketagraph import build, releases, sources
from ketagraph.errors import EnvironmentFault, OntologyError, SourceError, ValidationFailed
from ketagraph.releases import Release
from ketagraph.sources import Layout

ROOT = Path(__file__).parent.parent
SYNTHETIC = Path(__file__).parent / "sources" / "synthetic-2031"


@pytest.fixture
def copy(tmp_path: Path) -> Layout:
    """The sources, copied so that a test may spoil them."""
    for name in ("ontology", "data", "queries"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name)
    return sources.layout(tmp_path / "copy")


def edit(path: Path, change: Callable[[str], str]) -> None:
    text = path.read_text(encoding="utf-8")
    assert change(text) != text, "the edit changes nothing"
    path.write_text(change(text), encoding="utf-8")


def test_a_second_build_gives_the_same_bytes(where: Layout, release: Release, tmp_path: Path) -> None:
    again = releases.rebuild(where, tmp_path / "release")
    assert again.path.name == release.path.name
    files = sorted(path.name for path in release.path.iterdir())
    assert files == ["ketagraph.nq", "manifest.json", "ontology.ttl", "places.tsv", "report.ttl", "void.ttl"]
    assert [(again.path / name).read_bytes() == (release.path / name).read_bytes() for name in files] == [
        True
    ] * 6


def test_the_manifest_states_every_digest_and_count(release: Release) -> None:
    manifest = json.loads((release.path / "manifest.json").read_text(encoding="utf-8"))
    for name, stated in manifest["files"].items():
        content = (release.path / name).read_bytes()
        assert stated == {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    quads = release.data.read_bytes().count(b"\n")
    assert sum(manifest["graphs"].values()) == quads
    assert manifest["counts"]["faults"] == 0
    assert manifest["counts"]["studies"] >= 24


def test_no_inferred_triple_stands_among_the_asserted_ones(release: Release) -> None:
    triples: dict[bytes, set[bytes]] = {}
    for line in release.data.read_bytes().splitlines():
        statement, graph = line.removesuffix(b" .").rsplit(b" ", 1)
        triples.setdefault(graph.rsplit(b"/", 1)[-1][:-1], set()).add(statement)
    asserted = set().union(
        *(triples[name] for name in (b"ontology", b"evidence", b"discrepancies", b"effects"))
    )
    assert triples[b"inferred"] & asserted == set()


def test_no_data_node_is_blank(release: Release) -> None:
    # Axioms and shapes are definitions; Turtle writes theirs without names.
    defined = (b"graph/ontology> .", b"graph/shapes> .")
    blank = [
        line
        for line in release.data.read_bytes().splitlines()
        if b"_:" in line.split(b'"')[0] and not line.endswith(defined)
    ]
    assert blank == []


@pytest.mark.parametrize(
    ("file", "change", "expected"),
    [
        (
            "data/israel-2021/arms.tsv",
            lambda text: text.replace("role", "rule", 1),
            "arms.tsv:1: rule: unknown column; did you mean role?",
        ),
        (
            "data/israel-2021/arms.tsv",
            lambda text: text.replace("PlaceboArm", "PlaceboArn", 1),
            "PlaceboArn is not a ArmRole of the ontology; did you mean PlaceboArm",
        ),
        (
            "data/israel-2021/findings.tsv",
            lambda text: text.replace("\tsigtermans-2009\t", "\tsigtermans-2010\t", 1),
            "trials.tsv has no row sigtermans-2010; did you mean sigtermans-2009",
        ),
        (
            "data/israel-2021/claims.tsv",
            lambda text: "\n".join([*text.splitlines()[:1], *reversed(text.splitlines()[1:])]) + "\n",
            "out of order; run: ketagraph fmt",
        ),
        ("ontology/drug-broken.ttl", None, "drug-broken.ttl:2: Turtle syntax"),
        (
            "data/israel-2021/source.toml",
            lambda text: text.replace('id = "', 'id = "x-', 1),
            "expected the folder's name 'israel-2021'",
        ),
    ],
)
def test_bad_sources_are_named_and_nothing_is_written(
    copy: Layout, tmp_path: Path, file: str, change: Callable[[str], str] | None, expected: str
) -> None:
    path = copy.root / file
    if change is None:
        path.write_text("@prefix : <http://x/> .\n:a :b\n", encoding="utf-8")
    else:
        edit(path, change)
    with pytest.raises(SourceError) as caught:
        releases.rebuild(copy, tmp_path / "release")
    assert expected in str(caught.value)
    assert caught.value.exit_code == 3
    assert not (tmp_path / "release").exists()


def test_a_class_that_can_have_no_member_is_named_by_its_label(copy: Layout) -> None:
    # Without individuals the reasoner is soon done.
    shutil.rmtree(copy.data / "israel-2021")
    with (copy.ontology / "therapy.ttl").open("a", encoding="utf-8") as file:
        file.write(
            "\nketa:Chimera a owl:Class ; rdfs:subClassOf keta:Drug , keta:Receptor ;\n"
            '  rdfs:label "chimera"@en ; dcterms:source keta: ;\n'
            '  skos:definition "A drug that is a receptor."@en .\n'
        )
    with pytest.raises(OntologyError, match="chimera") as caught:
        build.build(copy)
    assert caught.value.classes == ("chimera",)


def test_a_violation_stops_the_build_and_the_previous_release_stays(
    copy: Layout, tmp_path: Path, release: Release
) -> None:
    folder = tmp_path / "release"
    shutil.copytree(release.path.parent, folder, symlinks=True)
    # A small source, so that the reasoner is soon done.
    shutil.rmtree(copy.data / "israel-2021")
    shutil.copytree(
        SYNTHETIC, copy.data / SYNTHETIC.name, ignore=shutil.ignore_patterns("study-identities.tsv")
    )
    edit(
        copy.data / SYNTHETIC.name / "evidence.tsv",
        lambda text: text.replace(text.splitlines(keepends=True)[1], ""),
    )
    with pytest.raises(
        ValidationFailed,
        match=rf"data/{SYNTHETIC.name}/claims\.tsv:\d+: violation: .* \[checks/claim-without-evidence\]",
    ):
        releases.rebuild(copy, folder)
    assert releases.current(folder).path.name == release.path.name
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == [".kept"]


def test_a_missing_or_damaged_release_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="no release below"):
        releases.current(tmp_path / "nowhere")
    (tmp_path / "current").mkdir()
    (tmp_path / "current" / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(EnvironmentFault, match="damaged"):
        releases.current(tmp_path)


def test_only_the_newest_releases_are_kept_and_the_current_one_always(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / name).mkdir()
    (tmp_path / "current").symlink_to("a")
    releases.prune(tmp_path, keep=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "current"]
