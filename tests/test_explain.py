"""Judgements and chains as text, as plain values and as pictures, on evidence small enough to read."""

from __future__ import annotations

import json
from dataclasses import asdict

from ketagraph.answers import answer, chain_answer, sentences
from ketagraph.claims import (
    BodyOfEvidence,
    Certainty,
    Claim,
    Comparator,
    Effect,
    Finding,
    Hierarchy,
    Scope,
    Statement,
    Step,
    Verdict,
    check_chain,
)
from ketagraph.drawings import dot, mermaid
from ketagraph.explain import chain_lines, lines

LABELS = {"x/Drug": "drug", "x/Receptor": 'the "receptor"', "x/Pain": "pain", "x/relieves": "relieves"}
BODY = BodyOfEvidence.of(
    [
        Effect(
            "x/Drug",
            "x/blocks",
            "x/Receptor",
            -1,
            ("c1",),
            anchors=("a-s2.10", "a-s2.9"),
            references=("a-ref-7",),
        ),
        Effect(
            "x/Receptor",
            "x/causes",
            "x/Class",
            1,
            ("c2",),
            Certainty.POSSIBLE,
            scope=Scope(species="x/Mouse"),
        ),
        Effect("x/Drug", "x/tunes", "x/Pain", None, ("c3",)),
    ],
    [
        Finding(
            "x/f1",
            "x/trial",
            frozenset({"x/Drug"}),
            frozenset({"x/Pain"}),
            "x/Intensity",
            "pain",
            Comparator.PLACEBO,
            Verdict.FAVOURS_INTERVENTION,
            timepoint_weeks=12.0,
            timepoint_label="week 12",
            anchors=("a-s20.2",),
        )
    ],
    [
        Statement(
            "x/Drug", "x/relieves", "x/Pain", -1, False, "c4", role="recommendation", anchors=("a-s3.1",)
        )
    ],
    Hierarchy({"x/Pain": {"x/Class"}}),
)
JUDGEMENT = BODY.judge(Claim("x/Drug", "x/relieves", "x/Pain", -1))


def text(**options: bool) -> str:
    return "\n".join(lines(JUDGEMENT, LABELS, **options))


def test_sentences_come_in_the_order_of_the_text() -> None:
    assert sentences(("a-s2.10", "a-s2.9", "a-s10.1", "a-s2.9"), {}) == ["2.9", "2.10", "10.1"]


def test_a_judgement_is_told_with_places_for_and_against() -> None:
    shown = text()
    assert "verdict    concordant benefit (supported)" in shown
    assert (
        'drug —(−)→ the "receptor" —(+)→ pain (inherited): less pain; weakest step to pain (possible) '
        "(sentences 2.9, 2.10; reference 7)" in shown
    )
    assert "Intensity against placebo, week 12: favours intervention (sentence 20.2)" in shown
    assert "the source says: not drug relieves pain (recommendation, established) (sentence 3.1)" in shown


def test_in_full_every_path_is_told_with_what_asserts_each_hop() -> None:
    shown = text(in_full=True)
    assert "paths with a hop of unknown direction" in shown
    assert '      the "receptor" causes Class [Mouse], possible' in shown
    assert "unknown direction" not in text()


def test_qualifiers_are_told() -> None:
    claim = Claim("x/Drug", "x/relieves", "x/Pain", -1, species="x/Mouse", timepoint_weeks=12.0)
    assert "asked for  species Mouse, week 12" in "\n".join(lines(BODY.judge(claim), LABELS))


def test_plain_values_are_json_and_name_everything() -> None:
    values = json.loads(json.dumps(asdict(answer(JUDGEMENT, LABELS))))
    assert values["verdict"] == "concordant benefit"
    (path,) = values["mechanism"]["paths"]
    assert (path["sign"], path["agrees"], path["weakest"]) == (-1, True, 1)
    assert path["hops"][1]["object"] == {"iri": "x/Pain", "label": "pain"}
    assert path["hops"][0]["effects"][0]["sentences"] == ["2.9", "2.10"]
    assert values["clinical"]["trials"][0]["deciding"][0]["week"] == 12.0
    assert values["against"][0]["statement"]["affirmed"] is False


def test_a_chain_is_told_hop_by_hop() -> None:
    chain = check_chain(BODY, [Step("x/Drug", "x/Receptor"), Step("x/Receptor", "x/Pain")], claimed=-1)
    shown = "\n".join(chain_lines(chain, LABELS))
    assert "worst hop  inferred (supported)" in shown
    assert "sign       less pain, as claimed" in shown
    assert 'hop 2      the "receptor" —(+)→ pain: inferred' in shown
    values = asdict(chain_answer(chain, LABELS))
    assert [link["standing"] for link in values["links"]] == ["stated", "inferred"]
    assert values["composes"] is True


def test_a_chain_without_support_says_what_is_missing() -> None:
    shown = "\n".join(chain_lines(check_chain(BODY, [Step("x/Pain", "x/Drug")]), LABELS))
    assert "unsupported" in shown
    assert "a path would be complete if this hop were known: pain, drug" in shown


def test_pictures_draw_each_hop_once() -> None:
    paths = (*JUDGEMENT.mechanism.paths, *JUDGEMENT.mechanism.unsigned)
    assert dot(paths, LABELS) == (
        "digraph mechanism {\n"
        "  rankdir=LR;\n"
        "  node [shape=box];\n"
        '  n1 [label="drug", URL="x/Drug"];\n'
        '  n2 [label="the \\"receptor\\"", URL="x/Receptor"];\n'
        '  n3 [label="pain", URL="x/Pain"];\n'
        '  n1 -> n2 [label="−", arrowhead="tee", style="solid"];\n'
        '  n2 -> n3 [label="+ inherited", style="solid"];\n'
        '  n1 -> n3 [label="?", style="dashed"];\n'
        "}\n"
    )
    assert mermaid(paths, LABELS) == (
        "flowchart LR\n"
        '  n1["drug"]\n'
        '  n2["the &quot;receptor&quot;"]\n'
        '  n3["pain"]\n'
        '  n1 --x|"−"| n2\n'
        '  n2 -->|"+ inherited"| n3\n'
        '  n1 -.->|"?"| n3\n'
    )
