"""A name finds one thing, or is refused with what it could have meant."""

from __future__ import annotations

import pytest

from ketagraph import names
from ketagraph.dossier import Dossier
from ketagraph.errors import AmbiguousName, UnknownName
from ketagraph.lexicon import Entry, Lexicon, nearest

K = names.BASE
TINY = Lexicon.of(
    [
        Entry(K + "A", "alpha pain", "label", frozenset({K + "Pain"})),
        Entry(K + "A", "AP", "synonym", frozenset({K + "Pain"})),
        Entry(K + "B", "beta", "label", frozenset({K + "Drug"})),
        Entry(K + "B", "AP", "synonym", frozenset({K + "Drug"})),
        Entry(K + "B", "http://purl.obolibrary.org/obo/CHEBI_1", "identifier", frozenset({K + "Drug"})),
        Entry(K + "C", "AB-1", "synonym"),
        Entry(K + "C", "gamma", "label"),
        Entry(K + "D", "ab 1", "label"),
    ]
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alpha pain", "A"),
        ("Alpha-Pain", "A"),
        ("keta:A", "A"),
        (K + "A", "A"),
        (f"<{K}A>", "A"),
        ("CHEBI:1", "B"),
        ("AB 1", "D"),
    ],
)
def test_labels_synonyms_curies_and_iris_find_one_thing(name: str, expected: str) -> None:
    assert TINY.resolve(name) == K + expected


def test_a_class_narrows_an_ambiguous_name() -> None:
    assert TINY.resolve("AP", within=K + "Drug") == K + "B"


def test_an_ambiguous_synonym_lists_all_candidates() -> None:
    with pytest.raises(AmbiguousName, match=r"alpha pain \(keta:A\); beta \(keta:B\)") as caught:
        TINY.resolve("AP")
    assert caught.value.suggestions == ("alpha pain (keta:A)", "beta (keta:B)")


def test_an_unknown_name_gets_near_labels_and_never_a_guess() -> None:
    with pytest.raises(UnknownName, match="did you mean") as caught:
        TINY.resolve("alfa pain")
    assert caught.value.suggestions[0] == "alpha pain"


def test_an_unknown_curie_is_unknown() -> None:
    with pytest.raises(UnknownName):
        TINY.resolve("keta:Nothing")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ketamine", "Ketamine"),
        ("NMDA receptor", "NMDAReceptor"),
        ("CRPS", "ComplexRegionalPainSyndrome"),
        ("complex regional pain syndrome", "ComplexRegionalPainSyndrome"),
        ("phantom limb pain", "PhantomLimbPain"),
        ("PLP", "PhantomLimbPain"),
        ("MK-801", "Dizocilpine"),
        ("μ opioid receptor", "MuOpioidReceptor"),
        ("central sensitization", "CentralSensitisation"),
        ("PCP", "Phencyclidine"),
    ],
)
def test_names_that_users_type_find_the_right_concept(dossier: Dossier, name: str, expected: str) -> None:
    assert dossier.lexicon.resolve(name) == K + expected


@pytest.mark.parametrize("name", ["NMDA", "K", "mu", "fibromyalgy"])
def test_names_that_could_mean_several_things_or_none_are_refused(dossier: Dossier, name: str) -> None:
    with pytest.raises(UnknownName):
        dossier.lexicon.resolve(name)


def test_records_are_named_in_full_only(dossier: Dossier) -> None:
    claim = "ketamine-antagonises-nmda-receptor"
    assert dossier.lexicon.resolve(f"kid:{claim}") == names.thing(claim)
    assert dossier.lexicon.resolve("keta:PlaceboArm") == names.term("PlaceboArm")
    with pytest.raises(UnknownName):
        dossier.lexicon.resolve(claim)
    with pytest.raises(UnknownName):
        dossier.lexicon.resolve("kid:no-such-claim")


def test_the_names_most_like_one_come_first_and_others_not_at_all():
    known = ["trials-of-condition", "trials-of-drug", "evidence-for-claim"]
    assert nearest("trials-of-drugs", known) == ["trials-of-drug"]
    assert nearest("trials-of-conditoin", known) == ["trials-of-condition"]
    assert nearest("zzz", known) == []
