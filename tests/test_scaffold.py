"""What is scaffolded is canonical and whole; it overwrites nothing, and drafts enter no build."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ketagraph import build, cli, rdf, scaffold, sources, tables
from ketagraph.errors import EnvironmentFault, SourceError, UnknownName
from ketagraph.questions.header import read_header
from ketagraph.schema import TABLES
from ketagraph.sources import Layout
from ketagraph.vocabulary import read_turtle

ROOT = Path(__file__).parent.parent
TEXT = Path(__file__).parent / "sources" / "synthetic-2031" / "text.txt"
Run = Callable[..., Result]
SOURCE = (
    "--title",
    'A "text"',
    "--authors",
    "Nobody",
    "--year",
    "2031",
    "--licence",
    "https://example.org/l",
)
TRIAL = ("--source", "synthetic-2031", "--label", "x", "--agent", "Ketamine", "--sentences", "2.1")
CLAIM = (
    *("--source", "synthetic-2031", "--label", "x", "--subject", "Ketamine", "--predicate", "relieves"),
    *("--object", "Fibromyalgia", "--sentence", "3.1"),
)


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """The ontology, no question, and the synthetic source alone."""
    shutil.copytree(ROOT / "ontology", tmp_path / "ontology")
    # Without the trials that another source is said to report, too: that source is not here.
    alone = shutil.ignore_patterns("study-identities.tsv")
    shutil.copytree(TEXT.parent, tmp_path / "data" / "synthetic-2031", ignore=alone)
    (tmp_path / "queries").mkdir()
    where = sources.layout(tmp_path)
    monkeypatch.setattr(sources, "layout", lambda root=None: where)
    return where


@pytest.fixture
def run(layout: Layout) -> Run:
    cli.load_commands()
    return lambda *words: CliRunner().invoke(cli.app, list(words))


def snapshot(where: Layout) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in where.root.rglob("*") if path.is_file()}


def canonical(where: Layout) -> bool:
    return all(
        path.read_bytes() == tables.canonical(path.read_bytes(), each)
        for folder in sources.source_folders(where)
        for each in TABLES
        if (path := folder.path / f"{each.name}.tsv").is_file()
    )


def test_a_new_source_has_its_sentences_and_references_and_is_a_draft(run: Run, layout: Layout) -> None:
    shutil.rmtree(layout.data / "synthetic-2031")
    assert run("new", "source", "fresh-2031", str(TEXT), *SOURCE).exit_code == 0
    (folder,) = sources.source_folders(layout)
    facts = folder.facts
    assert (facts["title"], facts["sentences"], facts["headings"], facts["draft"]) == ('A "text"', 9, 4, True)
    assert sources.folder_of_text(TEXT.read_bytes(), layout) == folder
    assert (folder.path / "references.tsv").read_text(encoding="utf-8").count("\n") == 7
    assert canonical(layout)
    text = TEXT.read_text(encoding="utf-8")
    assert not any(
        line in (folder.path / "sentences.tsv").read_text() for line in text.splitlines() if line[60:]
    )
    with pytest.raises(SourceError, match="draft: the source is a draft; finish its tables"):
        build.build(layout)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("new", "source", "fresh", str(TEXT)), "missing: --title, --authors, --year, --licence"),
        (("new", "trial", "x"), "missing: --source, --label, --agent, --sentences"),
        (("new", "question", "x"), "missing: --summary"),
    ],
)
def test_what_is_missing_is_named_where_nobody_can_be_asked(
    run: Run, layout: Layout, words: tuple[str, ...], told: str
) -> None:
    before = snapshot(layout)
    found = run(*words)
    assert found.exit_code == 2
    assert told in " ".join(found.output.replace("│", " ").split())
    assert snapshot(layout) == before


def test_a_source_with_a_wrong_fact_or_a_taken_name_writes_nothing(run: Run, layout: Layout) -> None:
    before = snapshot(layout)
    wrong = run("new", "source", "fresh", str(TEXT), *SOURCE[:-1], "free").exception
    assert isinstance(wrong, SourceError)
    taken = run("new", "source", "synthetic-2031", str(TEXT), *SOURCE).exception
    assert isinstance(taken, EnvironmentFault)
    assert snapshot(layout) == before


def test_a_new_trial_is_valid_at_once(run: Run, layout: Layout) -> None:
    done = run("new", "trial", "poe-2031", *TRIAL, "--against", "Placebo", "--conditions", "Fibromyalgia")
    assert done.exit_code == 0, done.exception
    assert canonical(layout)
    rows = tables.read_source(sources.folder_called("synthetic-2031", layout), layout)[0]
    assert [(row.table.name, row.key) for row in rows if row.key.startswith("poe")] == [
        ("trials", "poe-2031"),
        ("arms", "poe-2031-ketamine"),
        ("arms", "poe-2031-placebo"),
        ("interventions", "poe-2031-ketamine-ketamine"),
        ("interventions", "poe-2031-placebo-placebo"),
    ]


def test_a_new_claim_comes_with_its_evidence(run: Run, layout: Layout) -> None:
    assert run("new", "claim", "a-claim", *CLAIM).exit_code == 0
    assert canonical(layout)
    folder = layout.data / "synthetic-2031"
    assert "\na-claim\tx\tKetamine\trelieves\tFibromyalgia\t" in (folder / "claims.tsv").read_text()
    assert "\na-claim\t3.1\tSupports\t" in (folder / "evidence.tsv").read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("claim", "synthetic-ketamine-antagonises-nmda-receptor", *CLAIM), "stands twice"),
        (("claim", "c", *CLAIM[:-1], "9.9"), "sentences.tsv has no sentence 9.9"),
        (("claim", "c", *CLAIM, "--certainty", "Sure"), "Sure is not a Certainty of the ontology"),
        (("claim", "doe-2030", *CLAIM), "doe-2030 is also a key in data/synthetic-2031/trials.tsv"),
        (("trial", "Poe", *TRIAL), "'Poe' is not a kebab-case key"),
        (("trial", "poe", *TRIAL, "--against", "Ketamin"), "did you mean Ketamine"),
    ],
)
def test_rows_that_a_build_would_refuse_are_not_written(
    run: Run, layout: Layout, words: tuple[str, ...], told: str
) -> None:
    before = snapshot(layout)
    error = run("new", *words).exception
    assert isinstance(error, SourceError)
    assert told in str(error)
    assert snapshot(layout) == before


def test_a_source_that_is_not_there_is_named(run: Run) -> None:
    assert isinstance(run("new", "trial", "poe", "--source", "none", *TRIAL[2:]).exception, UnknownName)


def test_a_new_question_is_a_draft_that_no_build_takes(run: Run, layout: Layout) -> None:
    assert run("new", "question", "which-arms", "--summary", "Every arm", "--class", "Arm").exit_code == 0
    path = layout.queries / "which-arms.rq"
    header, faults = read_header(path.read_text(encoding="utf-8"), "which-arms.rq")
    assert header.summary == "Every arm"
    assert [each.column for each in faults] == ["draft"]
    with pytest.raises(SourceError, match=r"which-arms\.rq:2: draft: the question is a draft"):
        build.build(layout)
    before = snapshot(layout)
    assert isinstance(run("new", "question", "which-arms", "--summary", "x").exception, EnvironmentFault)
    assert isinstance(run("new", "question", "y", "--summary", "x", "--class", "Arn").exception, UnknownName)
    assert snapshot(layout) == before


def test_a_new_shape_is_canonical_and_has_a_bad_example(run: Run, layout: Layout) -> None:
    words = ("new", "shape", "Relationship", "--property", "label", "--message", "x")
    assert isinstance(run(*words).exception, UnknownName)
    words = ("new", "shape", "Drug", "--property", "species", "--message", "A drug has a species.")
    assert run(*words).exit_code == 0
    shape = layout.ontology / "shapes" / "drug.ttl"
    assert shape.read_text(encoding="utf-8") == rdf.turtle(read_turtle(shape, layout))
    bad = layout.root / "tests" / "bad" / "drug.ttl"
    assert bad.read_text(encoding="utf-8") == rdf.turtle(read_turtle(bad, layout))
    assert isinstance(run(*words).exception, EnvironmentFault)


def test_a_write_that_fails_puts_everything_back(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(layout)
    write, done = Path.write_bytes, []

    def failing(path: Path, content: bytes) -> int:
        if path.name.startswith(".evidence"):
            raise OSError(28, "No space left on device", str(path))
        done.append(path)
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", failing)
    claim = {
        "claim": "c",
        "label": "x",
        "subject": "Ketamine",
        "predicate": "relieves",
        "object": "Fibromyalgia",
    }
    claim |= {"polarity": "Affirmed", "certainty": "Established"}
    line = {"claim": "c", "sentence": "3.1", "direction": "Supports", "role": "Background"}
    line |= {"type": "AuthorStatementWithoutReference"}
    with pytest.raises(EnvironmentFault, match="No space left"):
        scaffold.add_rows(layout, "synthetic-2031", {"claims": [claim], "evidence": [line]})
    assert done
    assert snapshot(layout) == before


def test_annotate_writes_drafts_apart_from_the_data_and_overwrites_none(
    run: Run, layout: Layout, tmp_path: Path
) -> None:
    digest = sources.digest(layout)
    done = run("annotate", str(TEXT), "--source", "synthetic-2031")
    assert done.exit_code == 0, done.exception
    assert "9 sentences, 0 not covered by any row; drafts in drafts/synthetic-2031" in done.stdout
    assert (layout.root / "drafts" / "synthetic-2031" / "found.draft.tsv").is_file()
    assert sources.digest(layout) == digest
    assert isinstance(run("annotate", str(TEXT), "--source", "synthetic-2031").exception, EnvironmentFault)
    inside = run("annotate", str(TEXT), "-o", str(layout.data / "synthetic-2031"))
    assert inside.exit_code == 2
    shown = run("annotate", str(TEXT), "--compare").stdout
    assert "concepts" in shown


def test_the_recipe_for_a_source_works_as_it_is_written(run: Run, layout: Layout, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    copy = tmp_path / "my-copy.txt"
    copy.write_bytes(TEXT.read_bytes())
    recipe = page.split("```sh\n")[1].split("```")[0].replace("my-copy.txt", str(copy))
    for line in recipe.splitlines():
        found = run(*shlex.split(line)[1:])
        assert found.exit_code == 0, (line, found.output, found.exception)
    folder = sources.folder_called("roe-2031", layout)
    rows = tables.read_source(folder, layout)[0]
    assert {"trials", "arms", "interventions", "claims", "evidence"} <= {row.table.name for row in rows}
    assert canonical(layout)


def test_drafts_are_ignored_by_git() -> None:
    assert "drafts/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
