"""On a terminal, ``ketagraph new`` asks for what was not given: a pseudo-terminal, and a person who types."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import ketagraph
from ketagraph import sources, tables
from ketagraph.sources import Layout

ROOT = Path(__file__).parent.parent
SYNTHETIC = Path(__file__).parent / "sources" / "synthetic-2031"
# The command line as it is, over sources of the test's own; keys that interrupt reach it, also where tests
# run in the background of a shell, which has its jobs ignore them.
MAIN = """
import fcntl, signal, sys, termios
from pathlib import Path
from ketagraph import cli, sources
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.default_int_handler)
where = sources.layout(Path(sys.argv.pop(1)))
sources.layout = lambda root=None: where
cli.main()
"""
TRIAL = ("new", "trial", "poe-2031", "--against", "Placebo", "--conditions", "Fibromyalgia")
ANSWERS = ("synthetic-2031", "Poe: ketamine in fibromyalgia", "Ketamine", "2.1")
PATIENCE = 60.0
"""Seconds until a silent command is given up; one that asks is silent for one or two."""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """The ontology, no question, and the synthetic source alone."""
    shutil.copytree(ROOT / "ontology", tmp_path / "ontology")
    alone = shutil.ignore_patterns("study-identities.tsv")
    shutil.copytree(SYNTHETIC, tmp_path / "data" / "synthetic-2031", ignore=alone)
    (tmp_path / "queries").mkdir()
    return sources.layout(tmp_path)


class Terminal:
    """A running command and the terminal before it: what it shows, and what is typed."""

    def __init__(self, process: subprocess.Popen[bytes], side: int) -> None:
        self._process, self._side = process, side
        self._seen = ""

    def until(self, shown: str) -> str:
        """Wait until ``shown`` ends the screen; return what came before it since last time."""
        ends = time.monotonic() + PATIENCE
        while not self._seen.endswith(shown):
            assert time.monotonic() < ends, f"waited for {shown!r}, saw {self._seen!r}"
            assert self._read(), f"waited for {shown!r}, ended with {self._seen!r}"
        before, self._seen = self._seen.removesuffix(shown), ""
        return before

    def type(self, text: str) -> None:
        os.write(self._side, text.encode())

    def answer(self, question: str, text: str) -> None:
        self.until(f"{question}: ")
        self.type(f"{text}\n")

    def leave(self, key: str) -> None:
        """Press a key until the command has ended: one between a prompt and the wait for it can be lost."""
        for _ in range(10):
            self.type(key)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE / 10)
                return

    def end(self) -> tuple[int, str]:
        """Wait for the command; return its exit code and what it showed since last time."""
        while self._read():
            pass
        return self._process.wait(PATIENCE), self._seen

    def _read(self) -> bool:
        ready, _, _ = select.select([self._side], [], [], PATIENCE)
        assert ready, f"nothing came for {PATIENCE:g} s after {self._seen!r}"
        try:
            found = os.read(self._side, 4096)
        except OSError:
            # How Linux says that the other side was closed.
            return False
        self._seen += found.decode().replace("\r\n", "\n")
        return bool(found)


@contextmanager
def running(layout: Layout, words: tuple[str, ...], stdout: int | None = None) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(Path(ketagraph.__file__).parents[1]), "COLUMNS": "200"}
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, str(layout.root), *words],
        stdin=theirs,
        stdout=theirs if stdout is None else stdout,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def snapshot(layout: Layout) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in layout.root.rglob("*") if path.is_file()}


def cells(layout: Layout, table: str, key: str) -> dict[str, tuple[str, ...]]:
    rows, faults = tables.read_source(sources.folder_called("synthetic-2031", layout), layout)
    assert faults == []
    (row,) = [row for row in rows if (row.table.name, row.key) == (table, key)]
    return dict(row.cells)


def test_what_is_missing_is_asked_for_by_name_in_order_and_written(layout: Layout) -> None:
    with running(layout, TRIAL) as terminal:
        for question, text in zip(("source", "label", "agent", "sentences"), ANSWERS, strict=True):
            terminal.answer(question, text)
        code, shown = terminal.end()
    assert code == 0, shown
    assert "wrote data/synthetic-2031/trials.tsv" in shown
    trial = cells(layout, "trials", "poe-2031")
    assert (trial["label"], trial["sentences"]) == ((ANSWERS[1],), ("2.1",))
    assert cells(layout, "interventions", "poe-2031-ketamine-ketamine")["agent"] == ("Ketamine",)


def test_what_was_given_is_not_asked_for(layout: Layout) -> None:
    given = ("--source", "synthetic-2031", "--agent", "Ketamine", "--sentences", "2.1")
    with running(layout, (*TRIAL, *given)) as terminal:
        assert terminal.until("label: ") == ""
        terminal.type("Poe\n")
        assert terminal.end()[0] == 0
    assert cells(layout, "trials", "poe-2031")["label"] == ("Poe",)


@pytest.mark.parametrize(
    ("words", "dialogue", "file", "told"),
    [
        (
            ("new", "source", "fresh-2031", str(SYNTHETIC / "text.txt")),
            {
                "title": 'A "fresh" text',
                "authors": "Müller",
                "year": "2031",
                "licence": "https://example.org/l",
            },
            "data/fresh-2031/source.toml",
            'title = "A \\"fresh\\" text"\nauthors = "Müller"\nyear = 2031\nlicence = "https://example.org/l"',
        ),
        (
            ("new", "claim", "a-claim"),
            {
                "source": "synthetic-2031",
                "label": "said",
                "subject": "Ketamine",
                "predicate": "relieves",
                "object": "Fibromyalgia",
                "sentence": "3.1",
            },
            "data/synthetic-2031/claims.tsv",
            "\na-claim\tsaid\tKetamine\trelieves\tFibromyalgia\tAffirmed\tEstablished\t",
        ),
        (("new", "question", "which"), {"summary": "Which"}, "queries/which.rq", "#+ summary: Which\n"),
        (
            ("new", "shape", "Drug"),
            {"property": "species", "message": "A drug has a species."},
            "ontology/shapes/drug.ttl",
            'sh:message "A drug has a species."@en',
        ),
    ],
    ids=lambda each: each[1] if isinstance(each, tuple) else "",
)
def test_each_kind_of_beginning_asks_for_its_own(
    layout: Layout, words: tuple[str, ...], dialogue: dict[str, str], file: str, told: str
) -> None:
    with running(layout, words) as terminal:
        for question, text in dialogue.items():
            terminal.answer(question, text)
        code, shown = terminal.end()
    assert code == 0, shown
    assert told in (layout.root / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("typed", ["", "   ", "Whi\x1b[D"], ids=["nothing", "spaces", "an arrow key"])
def test_what_is_no_text_is_asked_for_again(layout: Layout, typed: str) -> None:
    with running(layout, ("new", "question", "which")) as terminal:
        terminal.answer("summary", typed)
        terminal.answer("summary", "  Which   one ")
        assert terminal.end()[0] == 0
    assert (layout.queries / "which.rq").read_text(encoding="utf-8").startswith("#+ summary: Which one\n")


@pytest.mark.parametrize(
    ("key", "leaving"), [("\x04", (1, "Aborted!\n")), ("\x03", (130, "^C"))], ids=["end of file", "interrupt"]
)
def test_who_leaves_at_a_question_leaves_nothing_behind(
    layout: Layout, key: str, leaving: tuple[int, str]
) -> None:
    before = snapshot(layout)
    with running(layout, TRIAL) as terminal:
        terminal.answer("source", ANSWERS[0])
        terminal.until("label: ")
        terminal.leave(key)
        code, shown = terminal.end()
    assert (code, shown.replace("^C^C", "^C")) == leaving
    assert snapshot(layout) == before


def test_a_refused_answer_writes_nothing_and_costs_nobody_the_others(layout: Layout) -> None:
    before = snapshot(layout)
    with running(layout, TRIAL) as terminal:
        for question, text in zip(("source", "label", "agent", "sentences"), ANSWERS, strict=True):
            terminal.answer(question, "Ketamin" if question == "agent" else text)
        code, shown = terminal.end()
    assert code == 3
    assert "Ketamin is not a Therapy of the ontology; did you mean Ketamine" in shown
    assert snapshot(layout) == before
    again = "--source synthetic-2031 --label 'Poe: ketamine in fibromyalgia' --agent Ketamin --sentences 2.1"
    assert f"the same without questions: {again}\n" in shown


def test_questions_are_seen_where_the_output_goes_to_a_file(layout: Layout, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("w") as file, running(layout, ("new", "question", "which"), file.fileno()) as terminal:
        terminal.answer("summary", "Which")
        assert terminal.end()[0] == 0
    assert out.read_text(encoding="utf-8") == "wrote queries/which.rq\nwrote queries/which.tsv\n"
