"""Each analysis of the evidence gives the same rows as a library function and as a named question.

The functions reason in Python over values, the questions in plain SPARQL over judgements, findings and
claims of a built release, so each is a test of the other.
"""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from ketagraph import analyses, judgements, names, questions, releases
from ketagraph.claims import Judgement
from ketagraph.claims.ablation import Withdrawn
from ketagraph.dossier import Dossier
from ketagraph.store.engine import Engine

QUERIES = Path(__file__).parent.parent / "queries"
Row = tuple[str, ...]


def asked(engine: Engine, dossier: Dossier, slug: str, *columns: str, **values: str) -> list[Row]:
    """Ask a question and return some columns of its rows, each row once; nothing is an empty text."""
    question = questions.read(QUERIES / f"{slug}.rq")
    variables, rows = engine.select(questions.bind(question, values, dossier.lexicon.resolve))
    places = [variables.index(name) for name in columns]
    return sorted({tuple(term.value if (term := row[place]) else "" for place in places) for row in rows})


@pytest.fixture(scope="module", params=["release", "both_built"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """The curated graph; and with it the synthetic source, which reports some of its trials, too."""
    return releases.engine(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def dossier(engine: Engine) -> Dossier:
    return releases.dossier(engine)


@pytest.fixture(scope="module")
def judged(dossier: Dossier) -> list[Judgement]:
    return analyses.judged(dossier)


@pytest.fixture(scope="module")
def words(engine: Engine) -> dict[str, str]:
    """The judge's word → label of the term that stands for it in the graph."""
    rows = engine.select("SELECT ?term ?label { ?term <http://www.w3.org/2000/01/rdf-schema#label> ?label }")[
        1
    ]
    labels = {term.value: label.value for term, label in rows if term is not None and label is not None}
    return {word: labels[names.term(name)] for word, name in judgements.value_terms().items()}


def weeks(number: float | None) -> str:
    return "" if number is None else f"{number:g}"


def test_concordance(
    engine: Engine, dossier: Dossier, judged: list[Judgement], words: dict[str, str]
) -> None:
    label = dossier.labels
    expected = [
        (
            label[row.subject],
            row.purpose,
            label[row.object],
            words[row.mechanism],
            str(row.paths),
            words[f"trials {row.trials}"],
            words[row.verdict],
        )
        for row in analyses.concordance(each for each in judged if each.clinical.deciding)
    ]
    columns = ("drug", "purpose", "condition", "mechanism", "paths", "trials", "verdict")
    found = asked(engine, dossier, "concordance-matrix", *columns, condition="keta:HealthCondition")
    assert found == sorted(expected)


@pytest.mark.parametrize("drug", ["", "Ketamine", "Calcitonin"])
def test_contradictions_between_trials_of_a_condition(engine: Engine, dossier: Dossier, drug: str) -> None:
    """Those on other outcomes hang on no judgement of a condition; the question says so."""
    label = dossier.labels
    expected = {
        (label[row.subject], row.purpose, label[row.object], label[row.first], label[row.second])
        for row in analyses.contradictions(dossier, drug=names.term(drug) if drug else "")
        if "condition" in dossier.objects[row.object] and row.kind != "reported-differently"
    }
    columns = ("drug", "purpose", "condition", "trialFor", "trialAgainst")
    asking = {"drug": f"keta:{drug}"} if drug else {}
    assert asked(engine, dossier, "disagreeing-trials", *columns, **asking) == sorted(expected)


@pytest.mark.parametrize("drug", ["", "Ketamine", "Morphine"])
def test_durability(engine: Engine, dossier: Dossier, drug: str) -> None:
    label = dossier.labels
    expected = {
        (
            label[row.subject],
            row.purpose,
            label[row.object],
            label[row.trial],
            row.kind,
            weeks(row.benefit_weeks),
            weeks(row.lost_weeks),
        )
        for row in analyses.how_long(dossier, drug=names.term(drug) if drug else "")
    }
    columns = ("drug", "purpose", "condition", "trial", "kind", "benefitWeeks", "lostWeeks")
    asking = {"drug": f"keta:{drug}"} if drug else {}
    assert asked(engine, dossier, "how-long-benefits-last", *columns, **asking) == sorted(expected)


OUTCOMES = {"pain": "PainOutcome", "function": "FunctionalStatus", "quality-of-life": "QualityOfLife"}


@pytest.mark.parametrize(("better", "unchanged"), [*permutations(OUTCOMES, 2)])
def test_dissociation(engine: Engine, dossier: Dossier, better: str, unchanged: str) -> None:
    is_a, label = dossier.evidence.hierarchy.is_a, dossier.labels
    expected = [
        (label[row.trial], label[gained], label[same])
        for row in analyses.outcome_dissociations(dossier)
        for gained in row.improved_outcomes
        for same in row.unchanged_outcomes
        if is_a(gained, names.term(OUTCOMES[better])) and is_a(same, names.term(OUTCOMES[unchanged]))
    ]
    values = {"better": f"keta:{OUTCOMES[better]}", "unchanged": f"keta:{OUTCOMES[unchanged]}"}
    columns = ("trial", "improved", "unimproved")
    assert asked(engine, dossier, "outcome-dissociation", *columns, **values) == sorted(expected)


@pytest.mark.parametrize(
    ("target", "condition"),
    [
        ("NMDAReceptor", "PhantomLimbPain"),
        ("NMDAReceptor", "ChronicNeuropathicPain"),
        ("MuOpioidReceptor", "PhantomLimbPain"),
        ("NMDAReceptor", "DepressiveDisorder"),
    ],
)
def test_class_effect(
    engine: Engine, dossier: Dossier, words: dict[str, str], target: str, condition: str
) -> None:
    effect = analyses.class_effect_of(dossier, names.term(target), names.term(condition))
    expected = [
        (dossier.labels[each.drug], str(each.ligand).lower(), words[f"trials {each.kind}"])
        for each in effect.members
    ]
    values = {"target": f"keta:{target}", "condition": f"keta:{condition}"}
    found = asked(engine, dossier, "class-effect-verdicts", "drug", "blocks", "trials", **values)
    assert found == sorted(expected)


@pytest.mark.parametrize("target", ["Target", "NMDAReceptor"])
def test_necessity(engine: Engine, dossier: Dossier, target: str) -> None:
    label = dossier.labels
    expected = [
        (label[row.target], label[row.phenomenon], label[row.blocker], row.kind)
        for row in analyses.necessities(dossier)
        if target in ("Target", row.target.rsplit("/", 1)[-1])
    ]
    columns = ("target", "phenomenon", "blocker", "kind")
    found = asked(engine, dossier, "necessity-verdicts", *columns, target=f"keta:{target}")
    assert found == sorted(expected)


def test_leave_one_out_withdraws_what_a_judgement_is_said_to_rest_on(
    engine: Engine, dossier: Dossier
) -> None:
    """Which verdict a withdrawal leads to takes the judge; the question names what can be withdrawn."""
    changes = analyses.changes_without(dossier, [Withdrawn.CLAIM], drug=names.term("Ketamine"))
    assert changes
    for condition in {each.object for each in changes}:
        rows = asked(engine, dossier, "judgement-rests-on", "record", condition=condition)
        withdrawn = {(dossier.labels[each.name],) for each in changes if each.object == condition}
        assert withdrawn <= set(rows)


def test_weakest_links(engine: Engine, dossier: Dossier, judged: list[Judgement]) -> None:
    """Which step is the weakest of a path takes the paths; the question lists every hedged or animal step."""
    weak = [row for row in analyses.weakest_links(judged) if row.certainty != "Established"]
    rows = dict(asked(engine, dossier, "weakest-links", "step", "certainty"))
    assert len(weak) > 5
    assert all(row.certainty.lower() in {rows[dossier.labels[claim]] for claim in row.claims} for row in weak)


def test_overreach(engine: Engine, dossier: Dossier, judged: list[Judgement], words: dict[str, str]) -> None:
    """The question sets a judgement beside each conclusion; which trials it exceeds takes the library."""
    known = {(each.claim.subject, each.claim.object) for each in judged}
    columns = ("claim", "polarity", "verdict")
    rows = set(asked(engine, dossier, "wider-than-findings", *columns))
    expected = {
        (dossier.labels[row.claim], "denied" if row.denies else "affirmed", words[row.verdict])
        for row in analyses.wider_than_findings(dossier)
        if (row.subject, row.object) in known
    }
    assert len(expected) > 10
    assert expected <= rows
