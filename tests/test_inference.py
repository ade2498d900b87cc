"""What rules draw after an edit, from what was kept, is what they draw from nothing kept."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from functools import reduce
from pathlib import Path

import pytest
from rdflib import Graph

from ketagraph import inference, names, sources
from ketagraph.errors import QueryRefused
from ketagraph.inference import Parts, drawn, infer, is_within_part
from ketagraph.keeping import Kept
from ketagraph.releases import Release
from ketagraph.store.engine import Engine

RULES = sources.layout(Path(__file__).parent.parent).ontology / "rules"
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(RULES.glob("inferred/*.rq"))}
WITHIN = [name for name, text in TEXTS.items() if is_within_part(text)]
EFFECTS = (RULES / "effects" / "effects.rq").read_text("utf-8")
TURNED = "CONSTRUCT { ?o <http://e/q> ?s } WHERE { ?s <http://e/p> ?o }"
AGAIN = "CONSTRUCT { ?s <http://e/r> ?o } WHERE { ?s <http://e/p> ?o }"

Lines = list[bytes]
State = Mapping[str, Lines]
"""The schema, and what each source says."""
DIFFERENT = b"/hardy-2012-ketamine-pain-intensity-against-placebo-b>"
THIRD = [
    f"<{names.thing(subject)}> <{names.term(predicate)}> <{object_}> .".encode()
    for subject, predicate, object_ in (
        ("hardy-c", "fromSource", names.thing("c")),
        ("word-c", "fromSource", names.thing("c")),
        ("word-c", "identityOf", names.thing("hardy-c")),
        ("word-c", "identityWith", names.thing("hardy-2012-b")),
        ("word-c", "studyIdentity", names.term("OneStudy")),
    )
]


@pytest.fixture(scope="module")
def both(release: Release) -> State:
    """The schema, the source, another that says the same of its own records but for a verdict, and a third.

    The third has a study that it says to be one of the second, which is one of the first by its identifiers.
    """
    found: dict[str, Lines] = {"ontology": [], "evidence": []}
    for line in release.data.read_bytes().splitlines():
        triple, graph, _ = line.rsplit(b" ", 2)
        name = graph.decode().removeprefix(f"<{names.graph('')}").rstrip(">")
        if name in found:
            found[name].append(triple + b" .")
    record = re.compile(rb"(<" + names.thing("").encode() + rb"[^>]*)>")
    other = [record.sub(rb"\1-b>", line) for line in found["evidence"]]
    (place,) = (place for place, line in enumerate(other) if DIFFERENT in line and b"/verdict>" in line)
    other[place] = other[place].replace(b"NoSignificantDifference", b"FavoursIntervention")
    return {"ontology": found["ontology"], "a": found["evidence"], "b": other, "c": THIRD}


def loaded(*parts: Iterable[bytes]) -> Engine:
    engine = Engine()
    for lines in parts:
        engine.load_triples(b"\n".join(lines))
    return engine


def parts(state: State) -> Parts:
    """Sort a state into parts, with the effects that a build draws from it."""
    effects = [line.encode() for line in loaded(*state.values()).construct(EFFECTS)]
    evidence = [line for name, lines in state.items() if name != "ontology" for line in lines]
    return Parts.of({"ontology": state["ontology"], "evidence": evidence, "effects": effects})


def edited(lines: Lines, seed: int) -> Lines:
    """Remove some records, and exchange the values of others that have the same property."""
    chance = random.Random(seed)
    subjects = sorted({line.split(b" ", 1)[0] for line in lines if b"fromSource>" in line})
    gone = set(chance.sample(subjects, 8))
    left = [line.split(b" ", 2) for line in lines if line.split(b" ", 1)[0] not in gone]
    for predicate in sorted({line[1] for line in left if b"/ketagraph/" in line[1]}):
        same = [line for line in left if line[1] == predicate]
        for one, other in zip(chance.sample(same, min(3, len(same))), same, strict=False):
            one[2], other[2] = other[2], one[2]
    return sorted({b" ".join(line) for line in left})


def without(lines: Lines, *words: bytes) -> Lines:
    return [line for line in lines if not all(word in line for word in words)]


def test_edit_after_edit_rules_draw_what_they_draw_from_all(both: State, tmp_path: Path) -> None:
    kept, schema = Kept(tmp_path), both["ontology"]
    changed = {"ontology": schema, "a": edited(both["a"], 1), "b": both["b"]}
    states: dict[str, State] = {
        "one source": {"ontology": schema, "a": both["a"]},
        "another added": both,
        "one edited": changed,
        "the other edited": {**changed, "b": edited(both["b"], 2)},
        "one withdrawn": {"ontology": schema, "b": edited(both["b"], 2)},
        "the schema changed": {**changed, "ontology": without(schema, b"/NMDAReceptor>", b"#subClassOf>")},
        "as it was": both,
    }
    found = {name: infer(list(TEXTS.values()), parts(state), kept) for name, state in states.items()}
    expected = {name: infer(list(TEXTS.values()), parts(state)) for name, state in states.items()}
    assert {name: len(lines) for name, lines in found.items()} == {
        name: len(lines) for name, lines in expected.items()
    }
    assert found == expected
    assert len({tuple(lines) for lines in found.values()}) == len(states) - 1


@pytest.mark.parametrize("name", WITHIN)
def test_a_rule_within_parts_draws_from_all_what_it_draws_from_each(
    name: str, whole: tuple[Parts, Engine]
) -> None:
    given, engine = whole
    each = [loaded(given.shared, lines).construct(TEXTS[name]) for lines in given.parts.values()]
    assert set(engine.construct(TEXTS[name])) == reduce(set.union, each, set[str]())


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in WITHIN])
def test_a_rule_beyond_parts_draws_more_from_all(name: str, whole: tuple[Parts, Engine]) -> None:
    given, engine = whole
    each = [loaded(given.shared, lines).construct(TEXTS[name]) for lines in given.parts.values()]
    assert set(engine.construct(TEXTS[name])) != reduce(set.union, each, set[str]())


@pytest.fixture(scope="module")
def whole(both: State) -> tuple[Parts, Engine]:
    """Three sources with what rules draw from them, in parts and together."""
    third = [line.replace(b"-b>", b"-c>") for line in both["b"]]
    other = [line.replace(b"/NoSignificantDifference>", b"/FavoursComparator>") for line in both["b"]]
    given = parts({**both, "b": edited(other, 3), "c": third})
    lines = infer(list(TEXTS.values()), given)
    of = {**given.part_of}
    held = {part: [*said] for part, said in given.parts.items()}
    for line in lines:
        subject = line.split(b" ", 1)[0]
        if subject in of:
            held[of[subject]].append(line)
    sorted_anew = Parts(given.shared, held, given.part_of)
    return sorted_anew, loaded(sorted_anew.lines())


@pytest.mark.parametrize(("predicate", "again"), [(b"/verdict>", "across"), (b"/doseAsStated>", "")])
def test_rules_across_parts_run_again_only_for_what_they_look_at(
    predicate: bytes, again: str, both: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, texts = Kept(tmp_path), list(TEXTS.values())
    infer(texts, parts(both), kept)
    runs: list[str] = []
    saturate = Engine.saturate

    def counted(engine: Engine, rules: list[str], *, rested: Iterable[str] = ()) -> list[str]:
        runs.append("across" if rested else f"{len(engine) // 10_000}0,000 statements within")
        return saturate(engine, rules, rested=list(rested))

    monkeypatch.setattr(Engine, "saturate", counted)
    said = [line for line in both["a"] if predicate in line]
    assert said
    infer(texts, parts({**both, "a": without(both["a"], predicate)}), kept)
    assert runs == ["20,000 statements within", *([again] if again else [])]


KID = names.thing("")
STUDY = (
    f"<{KID}a> <{names.term('fromSource')}> <{KID}s> .".encode(),
    f"<{KID}a> <http://e/p> <http://e/x> .".encode(),
)
STRAY = f"#+ within: part\nCONSTRUCT {{ <{KID}new> <http://e/q> ?o }} WHERE {{ ?s <http://e/p> ?o }}"


def test_a_rule_that_draws_what_belongs_to_no_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QueryRefused, match=r"drew what links to none: <.*/new>"):
        infer([STRAY], Parts.of({"evidence": STUDY}), Kept(tmp_path))


def test_a_record_of_two_sources_and_what_links_sources_are_of_neither() -> None:
    said, record = b" <https://w3id.org/ketagraph/fromSource> ", b"<https://w3id.org/ketagraph/id/%s>"
    lines = [record % one + said + record % of + b" ." for one, of in ((b"a", b"s"), (b"b", b"t"))]
    link = record % b"a" + b" <http://e/p> " + record % b"b" + b" ."
    nowhere = record % b"a" + b" <http://e/p> " + record % b"nowhere" + b" ."
    twice = [record % b"c" + said + record % of + b" ." for of in (b"s", b"t")]
    alone = record % b"d" + b" <http://e/p> <http://e/x> ."
    given = Parts.of({"evidence": [*lines, link, nowhere, *twice, alone]})
    assert given.parts == {
        record % b"s": [lines[0], nowhere],
        record % b"t": lines[1:],
        b"between": [link, *twice],
        b"apart": [alone],
    }


def evidence(*pairs: str) -> dict[str, Graph]:
    lines = [f"<http://e/{pair[0]}> <http://e/p> <http://e/{pair[1]}> ." for pair in pairs]
    return {"evidence": Graph().parse(data="\n".join(lines), format="nt"), "inferred": Graph()}


@pytest.mark.parametrize("pairs", [("ab",), ("ab", "cd"), ("cd",), ()])
@pytest.mark.parametrize("rules", [[TURNED], [AGAIN], [TURNED, AGAIN]])
def test_what_rules_drew_before_an_edit_is_never_taken_after_it(
    pairs: tuple[str, ...], rules: list[str], tmp_path: Path
) -> None:
    kept = Kept(tmp_path)
    drawn([TURNED], evidence("ab", "ef"), kept)
    for _ in range(2):
        assert set(drawn(rules, evidence(*pairs), kept)) == set(drawn(rules, evidence(*pairs)))
    assert len(drawn(rules, evidence(*pairs), kept)) == len(pairs) * len(rules)


def test_what_another_version_of_a_program_kept_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn([TURNED], evidence("ab"), Kept(tmp_path))
    monkeypatch.setattr(Engine, "saturate", None)
    monkeypatch.setattr(inference, "version", lambda _: "another")
    with pytest.raises(TypeError):
        drawn([TURNED], evidence("ab"), Kept(tmp_path))


def test_rules_are_not_run_twice_for_the_same_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(tmp_path)
    first = drawn([TURNED], evidence("ab"), kept)
    monkeypatch.setattr(Engine, "saturate", None)
    assert set(drawn([TURNED], evidence("ab"), kept)) == set(first) != set()
