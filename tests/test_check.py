"""Ten checks of the whole judge on the real graph, and a golden judgement for every drug and condition.

What each check expects is read off the source's own sentences, whose addresses stand beside it.
"""

from __future__ import annotations

import csv
from pathlib import Path
from time import perf_counter

import pytest

from ketagraph import analyses, judgements, names
from ketagraph.answers import sentences
from ketagraph.claims import Judgement, MechanismKind
from ketagraph.dossier import Dossier
from ketagraph.store.engine import Engine

GOLDEN = Path(__file__).parent / "golden" / "judgements.tsv"


def asked(dossier: Dossier, claim: str, **qualifiers: str) -> Judgement:
    subject, relation, obj = (part.strip() for part in claim.split("|"))
    return dossier.evidence.judge(dossier.claim(subject, relation, obj, **qualifiers))  # type: ignore[arg-type]


def short(iri: str) -> str:
    return iri.rsplit("/", 1)[-1]


# 1. Net sign of ketamine on each pain type, over all paths: 10.5, 15.1, 15.7, 16.2–16.6.
# It blocks (15.1, 15.7) what brings pain on and keeps it up (16.2–16.5), which 10.5 expects to help, and
# strengthens what holds pain down (16.6): each way two signs make less, and no sentence turns one round.


def test_every_path_from_ketamine_to_a_chronic_pain_type_lessens_it(dossier: Dossier) -> None:
    pains = sorted(dossier.evidence.hierarchy.descendants(names.term("ChronicPain")))
    kinds = {asked(dossier, f"ketamine | relieves | {pain}").mechanism.kind for pain in pains}
    assert len(pains) > 50
    assert kinds == {MechanismKind.NEGATIVE}


def parity_path(dossier: Dossier, sign: int) -> str:
    """Write walks of ``sign`` as a property path; a node may use the edges of its classes."""
    up = "<http://www.w3.org/2000/01/rdf-schema#subClassOf>*"
    named = {
        side: "|".join(
            f"<{each.iri}>"
            for each in dossier.relations.values()
            if each.acts and not each.therapeutic and each.sign == side
        )
        for side in (1, -1)
    }
    more, less = (f"({up}/({named[side]}))" for side in (1, -1))
    even = f"({more}|({less}/{more}*/{less}))*"
    return even if sign == 1 else f"{even}/{less}/{more}*/({less}/{more}*/{less}/{more}*)*"


def test_parity_paths_in_plain_sparql_find_every_sign_that_the_judge_finds(
    dossier: Dossier, engine: Engine
) -> None:
    """An independent look at the signs: walks include simple paths, whoever searches."""
    for name in ("Fibromyalgia", "VisceralPain", "DepressiveDisorder", "OpioidConsumption", "Sensitisation"):
        target = names.term(name)
        found = dossier.evidence.judge(dossier.claim("ketamine", "decreases", target)).mechanism
        walks = {
            sign
            for sign in (1, -1)
            if engine.ask(
                f"ASK {{ <{names.term('Ketamine')}> {parity_path(dossier, sign)} ?end . "
                f"<{target}> <http://www.w3.org/2000/01/rdf-schema#subClassOf>* ?end }}"
            )
        }
        assert {path.sign for path in found.paths}
        assert {path.sign for path in found.paths} <= walks


# 2. Mu and kappa by dose: 17.3 (no dose), 17.4 (anaesthetic, subanaesthetic), 40.3, 40.5.
# At anaesthetic doses 17.4 has both receptors blocked, which bears 17.3 out at mu and gainsays it at kappa;
# below them it has opioid analgesia grow, which runs through mu (40.3–40.5): a block there is contested,
# and nothing is said against kappa. Without a dose both sentences on kappa hold, and they disagree.


@pytest.mark.parametrize(
    ("claim", "dose", "verdict", "told"),
    [
        ("ketamine | antagonises | mu opioid receptor", "anaesthetic", "stated", {"17.3", "17.4"}),
        (
            "ketamine | antagonises | mu opioid receptor",
            "subanaesthetic",
            "contested",
            {"17.4", "40.3", "40.5"},
        ),
        ("ketamine | agonises | kappa opioid receptor", "anaesthetic", "contradicted", {"17.4"}),
        ("ketamine | agonises | kappa opioid receptor", "subanaesthetic", "stated", {"17.3"}),
        ("ketamine | agonises | kappa opioid receptor", "", "contested", {"17.3", "17.4"}),
    ],
)
def test_what_ketamine_does_at_opioid_receptors_depends_on_the_dose(
    dossier: Dossier, claim: str, dose: str, verdict: str, told: set[str]
) -> None:
    answer = asked(dossier, claim, dose=dose)
    assert answer.verdict == verdict
    assert told <= {address for reason in answer.reasons for address in sentences(reason.anchors, {})}


# 3. Class effect in phantom limb pain: 36.1, 36.3, 36.4, 36.5, 36.7.
# Three drugs block the receptor (36.3): two help (36.1, 36.4) and one does not (36.4), so the class is split.
# Calcitonin is not said to block it, and it helps in one trial (36.5) and not in the other (36.7).


def test_antagonists_of_the_nmda_receptor_do_not_share_a_result_in_phantom_limb_pain(
    dossier: Dossier,
) -> None:
    effect = analyses.class_effect_of(dossier, names.term("NMDAReceptor"), names.term("PhantomLimbPain"))
    assert effect.agreement == "split"
    found = {short(each.drug): (each.ligand, str(each.kind)) for each in effect.members}
    assert found["Ketamine"] == (True, "supports")
    assert found["Dextromethorphan"] == (True, "supports")
    assert found["Memantine"] == (True, "null")
    assert found["Calcitonin"] == (False, "mixed")


# 4. Concordance of mechanism and trials; the sentences that decide stand beside each claim.
# Check 1 gives ketamine a mechanism towards less of every pain; left to argue is what the trials found.


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        # 20.2, 20.5: better than placebo, twice
        ("ketamine | relieves | complex regional pain syndrome", "concordant benefit"),
        # 36.1, 36.7: better than placebo, twice
        ("ketamine | relieves | phantom limb pain", "concordant benefit"),
        # 23.2: no better than midazolam
        ("ketamine | relieves | fibromyalgia", "mechanism without benefit"),
        # 34.3, 34.8: no difference, twice
        ("ketamine | relieves | chronic cancer-related pain", "mechanism without benefit"),
        # 29.3: better; 25.3: no difference
        ("ketamine | relieves | chronic neuropathic pain", "mixed"),
        # 28.3: until week 3, then nothing
        ("ketamine | relieves | spinal cord injury pain", "transient benefit"),
        # 32.2, 32.3, 32.7: gone later; 32.5: never
        ("ketamine | prevents | post-thoracotomy pain syndrome", "transient benefit"),
        # 35.3: it came all the same
        ("ketamine | prevents | phantom limb pain", "mechanism without benefit"),
        # 16.4: the receptor has a part; no trial
        ("ketamine | relieves | visceral pain", "mechanism only"),
        # 13.4, 37.9; 37.4 is against a drug
        ("ketamine | relieves | depressive disorder", "concordant benefit"),
        # 36.3: blocks; 36.4: to no effect
        ("memantine | relieves | phantom limb pain", "mechanism without benefit"),
        # 36.5: less pain; 36.7: no less
        ("calcitonin | relieves | phantom limb pain", "mixed"),
    ],
)
def test_mechanism_and_trials_agree_or_part_ways(dossier: Dossier, claim: str, verdict: str) -> None:
    assert asked(dossier, claim).verdict == verdict


# 5. Trials that disagree, and what differs: 32.1–32.7, 41.3–41.7.
# 32.2 has less pain than placebo for a month; 32.5 has none after 48 hours (32.4), against an unnamed group.
# 32.7 is relief at once, both arms on ropivacaine (32.6). 41.7 is long after one bolus (41.6), 41.4 until
# discharge under an infusion (41.3).


@pytest.mark.parametrize(
    ("first", "second", "aspects"),
    [
        ("mendola-2012", "joseph-2012", {"comparator", "duration as stated", "time"}),
        ("duale-2009", "joseph-2012", {"shared drugs", "time"}),
        ("nielsen-2019", "barreveld-2013", {"time", "schedule as stated"}),
    ],
)
def test_trials_that_disagree_are_told_apart(
    dossier: Dossier, first: str, second: str, aspects: set[str]
) -> None:
    pairs = {
        (short(each.first), short(each.second)): {one.aspect for one in each.differences}
        for each in analyses.contradictions(dossier, drug=names.term("Ketamine"))
    }
    assert aspects <= pairs[first, second]


# 6. Durability; the sentences stand beside each trial.
# A benefit lasts to the last time at which it is told of, unless a later one is told of without it.


@pytest.mark.parametrize(
    ("trial", "kind", "benefit", "lost"),
    [
        ("sigtermans-2009", "lasting", 12.0, None),  # 20.2: at week 12
        ("schwartzman-2009", "lasting", 12.0, None),  # 20.5: after twelve weeks
        ("mitchell-2002", "lasting", 0.7, None),  # 29.3: all five days of the study
        ("amr-2010", "transient", 3.0, 3.0),  # 28.3: until week 3, and from there on not
        ("mendola-2012", "transient", 4.3, 13.0),  # 32.2: the first month; 32.3: not in month 3
        ("duale-2009", "transient", None, 6.0),  # 32.7: at once, no week given; not at week 6
        ("nikolajsen-1996", "undated", None, None),  # 36.1: no time given
        ("noppers-2011", "none", None, None),  # 23.2: no better than the control
        ("hardy-2012", "none", None, None),  # 34.3: no better than the control
    ],
)
def test_a_benefit_lasts_as_long_as_the_source_says(
    dossier: Dossier, trial: str, kind: str, benefit: float | None, lost: float | None
) -> None:
    rows = {short(row.trial): row for row in analyses.how_long(dossier, drug=names.term("Ketamine"))}
    row = rows[trial]
    assert (row.kind, row.benefit_weeks, row.lost_weeks) == (kind, benefit, lost)


# 7. Pain against function and quality of life: 20.3, 20.6 one way, 25.4 the other.
# Less pain (20.2, 20.5) without better function (20.3, 20.6) or quality of life (20.6); and at 75 mg a better
# quality of life (25.4) without less pain (25.3).


def test_pain_and_the_rest_of_life_part_ways_in_both_directions(dossier: Dossier) -> None:
    found = {
        short(row.trial): (row.improved, row.unchanged) for row in analyses.outcome_dissociations(dossier)
    }
    assert found == {
        "schwartzman-2009": (("pain",), ("function", "quality-of-life")),
        "sigtermans-2009": (("pain",), ("function",)),
        "vranken-2005": (("quality-of-life",), ("pain",)),
    }


# 8. Weakest links: 16.5 (possible role), 37.9 (may), 40.6 (mice).
# 16.5 hedges the receptor's part in pain. Depression is reached through 37.6–37.9 alone, where 37.9 says may:
# all hangs on it. What MK-801 does to hyperalgesia was seen in mice (40.4, 40.6) and nowhere else.


def test_the_weakest_links_are_hedged_or_seen_in_animals_only(dossier: Dossier) -> None:
    ketamine = analyses.judged(dossier, drug=names.term("Ketamine"))
    rows = {(short(row.subject), short(row.object)): row for row in analyses.weakest_links(ketamine)}
    assert rows["NMDAReceptor", "ChronicPain"].certainty == "Possible"
    assert rows["Synaptogenesis", "DepressiveDisorder"].certainty == "Possible"
    assert rows["Synaptogenesis", "DepressiveDisorder"].decisive > 0
    (row, *_) = analyses.weakest_links([asked(dossier, "dizocilpine | abolishes | hyperalgesia")])
    assert (short(row.subject), row.animal_only) == ("Dizocilpine", True)


# 9. Opioid sparing and its claimed mechanism: 29.5, 41.4, 41.7, 41.9, 42.3, 43.6.
# Fewer opioids in two trials (41.7, 41.9) and no fewer in two (29.5, 41.4): mixed, and 42.3 and 43.6 call it
# unproven. The way through hyperalgesia leads to less (41.1), but is only said to be possible (43.6).


def test_opioid_sparing_is_mixed_and_its_mechanism_is_only_possible(dossier: Dossier) -> None:
    answer = asked(dossier, "ketamine | decreases | opioid consumption")
    found = {short(trial.trial): str(trial.kind) for trial in answer.clinical.deciding}
    assert answer.verdict == "mixed"
    assert found == {
        "barreveld-2013": "null",
        "mitchell-2002": "null",
        "nielsen-2019": "supports",
        "pruskowski-2017": "supports",
    }
    denied = answer.because("stated-against")
    assert denied is not None
    assert {"42.3", "43.6"} & set(sentences(denied.anchors, {}))
    through = asked(dossier, "ketamine | decreases | opioid consumption", via="hyperalgesia").mechanism
    assert through.agrees
    assert through.strongest is not None
    assert through.strongest.weakest.certainty == "Possible"


# 10. Conclusions and recommendations that outrun findings: 21.4, 23.5, 30.1, 32.9, 36.9, 43.3, 43.4.
# Each is set against the sentences on its trials, which stand beside it and show less, or more, than it says.


@pytest.mark.parametrize(
    ("sentence", "condition", "excess"),
    [
        # 20.3, 20.6: function no better
        ("21.4", "ComplexRegionalPainSyndrome", "outcome-unchanged"),
        # 23.1, 23.2: the control was midazolam
        ("23.5", "Fibromyalgia", "null-vs-active"),
        # 29.3 against 25.3
        ("30.1", "ChronicNeuropathicPain", "mixed"),
        # 32.2, 32.7: it did help at first
        ("32.9", "PostThoracotomyPainSyndrome", "transient"),
        # 36.1; what 36.7 found is gone in 36.8
        ("36.9", "PhantomLimbPain", "one-trial"),
        # 20.3, 20.6 again
        ("43.3", "ComplexRegionalPainSyndrome", "outcome-unchanged"),
        # no sentence has a trial of it
        ("43.3", "MixedNeuropathicPain", "untested"),
        # 13.4; in 37.4 it beat nothing
        ("43.4", "DepressiveDisorder", "one-trial"),
    ],
)
def test_recommendations_that_outrun_findings_are_found(
    dossier: Dossier, sentence: str, condition: str, excess: str
) -> None:
    rows = [row for row in analyses.wider_than_findings(dossier) if sentence in sentences(row.anchors, {})]
    assert excess in {each for row in rows if short(row.object) == condition for each in row.excess}


# Necessity, which sentences of check 2 settle: 40.4, 40.5, 40.6.
# Without mu analgesia is gone and hyperalgesia stays (40.4) or grows (40.5); without NMDA it is gone (40.6).


def test_the_mu_receptor_is_necessary_for_analgesia_and_the_nmda_receptor_for_hyperalgesia(
    dossier: Dossier,
) -> None:
    found = {(short(row.blocker), short(row.phenomenon)): row.kind for row in analyses.necessities(dossier)}
    assert found["Naltrexone", "MorphineAnalgesia"] == "necessary"
    assert found["Naltrexone", "Hyperalgesia"] == "not-necessary"
    assert found["Dizocilpine", "Hyperalgesia"] == "necessary"


# Golden judgements.


def golden_rows(dossier: Dossier) -> list[list[str]]:
    """One row per drug and condition; local names, so that labels may be reworded."""
    return [
        [
            short(row.subject),
            row.purpose,
            short(row.object),
            str(row.mechanism),
            str(row.paths),
            str(row.trials),
            " ".join(map(short, row.deciding)),
            str(row.verdict),
            " ".join(sentences(row.anchors, {})),
        ]
        for row in analyses.concordance(judgements.judge_all(dossier))
    ]


def test_every_drug_and_condition_is_judged_as_before(dossier: Dossier) -> None:
    """Renew after a change of the data, and read the difference: python tests/test_check.py."""
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        expected = list(csv.reader(file, delimiter="\t"))[1:]
    assert golden_rows(dossier) == expected


def test_all_judgements_take_seconds_and_one_takes_milliseconds(dossier: Dossier) -> None:
    claim = dossier.claim("ketamine", "relieves", "fibromyalgia")
    start = perf_counter()
    for _ in range(20):
        dossier.evidence.judge(claim)
    assert (perf_counter() - start) / 20 < 0.05
    start = perf_counter()
    assert len(list(judgements.judge_all(dossier))) > 500
    assert perf_counter() - start < 20


if __name__ == "__main__":
    from ketagraph import releases, sources

    where = sources.layout(Path(__file__).parent.parent)
    current = releases.engine(releases.ensure(where, releases.default_folder(where)))
    header = ["drug", "purpose", "condition", "mechanism", "paths", "trials", "deciding", "verdict"]
    with GOLDEN.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerows([[*header, "sentences"], *golden_rows(releases.dossier(current))])
