"""Paths and judgements against a brute-force oracle and against what must never change them."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, permutations, product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketagraph.claims import (
    Bearing,
    BodyOfEvidence,
    Certainty,
    Claim,
    Comparator,
    Effect,
    Evidence,
    Finding,
    Hierarchy,
    Joint,
    Judgement,
    MechanismKind,
    Scope,
    Sign,
    Statement,
    Verdict,
    judge,
)
from ketagraph.claims.network import Network, between, search
from ketagraph.errors import UnknownName

NODES = "SABCT"
CLAIM = Claim("S", "relieves", "T", -1)
# A slow machine is not a fault, and tests leave no files behind.
UNTIMED = settings(deadline=None, database=None)
SIGNS: list[Sign] = [1, -1, 0, None]

edges = st.builds(
    Effect,
    st.sampled_from(NODES),
    st.sampled_from(["acts", "works"]),
    st.sampled_from(NODES),
    st.sampled_from(SIGNS),
    st.tuples(st.sampled_from(["c1", "c2", "c3"])),
    st.sampled_from(Certainty),
)
graphs = st.lists(edges, max_size=14)
findings = st.builds(
    Finding,
    st.uuids().map(str),
    st.sampled_from(["t1", "t2", "t3"]),
    st.sampled_from([frozenset({"S"}), frozenset({"S", "X"}), frozenset({"SubS"})]),
    st.sampled_from([frozenset({"T"}), frozenset({"SubT"}), frozenset({"SuperT"})]),
    st.just("Outcome"),
    st.sampled_from(["pain", "function"]),
    st.sampled_from(Comparator),
    st.sampled_from(Verdict),
    st.sampled_from(["treatment", "prevention"]),
    timepoint_weeks=st.sampled_from([None, 1.0, 12.0]),
    timepoint_kind=st.sampled_from(["at", "until"]),
)
statements = st.builds(
    Statement,
    st.just("S"),
    st.just("relieves"),
    st.just("T"),
    st.sampled_from(SIGNS),
    st.booleans(),
    st.uuids().map(str),
)
HIERARCHY = Hierarchy({"SubT": {"T"}, "T": {"SuperT"}, "SubS": {"S"}, "S": {"SuperS"}})


KINDS = st.sampled_from([*NODES, "SubT", "SuperT", "SubS", "SuperS", "SubA"])


def oracle(effects: list[Effect], source: str, target: str, hops: int) -> set[tuple[tuple[str, ...], object]]:
    """Nodes and signs of every simple path, by trying every order of every set of nodes."""
    signs: dict[tuple[str, str], set[Sign]] = {}
    for effect in effects:
        signs.setdefault((effect.subject, effect.object), set()).add(effect.sign)
    between = [node for node in NODES if node not in (source, target)]
    return {
        (nodes, chosen)
        for count in range(hops)
        for middle in permutations(between, count)
        for nodes in [(source, *middle, target)]
        for chosen in product(*(signs.get(pair, ()) for pair in pairwise(nodes)))
    }


def found(answer: Judgement) -> set[tuple[tuple[str, ...], object]]:
    mechanism = answer.mechanism
    paths = (*mechanism.paths, *mechanism.unsigned, *mechanism.blocked)
    assert len({path.id for path in paths}) == len(paths)
    return {(path.nodes, tuple(hop.sign for hop in path.hops)) for path in paths}


def net(signs: tuple[Sign, ...]) -> Sign:
    if 0 in signs:
        return 0
    return None if None in signs else prod(signs)  # type: ignore[return-value, arg-type]


@UNTIMED
@given(graphs, st.integers(1, 4))
def test_the_paths_are_those_of_a_brute_force_search(effects: list[Effect], hops: int) -> None:
    answer = judge(CLAIM, effects, hops=hops)
    expected = oracle(effects, "S", "T", hops)
    assert found(answer) == expected
    signs = {net(signs) for _, signs in expected}  # type: ignore[arg-type]
    known = signs & {1, -1}
    kinds = {
        frozenset({1}): MechanismKind.POSITIVE,
        frozenset({-1}): MechanismKind.NEGATIVE,
        frozenset({1, -1}): MechanismKind.CONFLICTING,
    }
    without = MechanismKind.UNSIGNED if None in signs else MechanismKind.NO_PATH
    assert answer.mechanism.kind == kinds.get(frozenset(known), without)


@UNTIMED
@given(graphs, st.integers(1, 3))
def test_more_hops_lose_no_path(effects: list[Effect], hops: int) -> None:
    assert found(judge(CLAIM, effects, hops=hops)) <= found(judge(CLAIM, effects, hops=hops + 1))


@UNTIMED
@given(graphs, st.integers(1, 3), st.integers(1, 5))
def test_a_list_of_paths_that_was_cut_points_the_same_way(
    effects: list[Effect], hops: int, limit: int
) -> None:
    whole, part = judge(CLAIM, effects, hops=hops), judge(CLAIM, effects, hops=hops, max_paths=limit)
    assert found(part) <= found(whole)
    assert (part.mechanism.kind, part.verdict) == (whole.mechanism.kind, whole.verdict)
    assert part.mechanism.cut == (len(found(whole)) > limit)


@UNTIMED
@given(graphs, st.integers(1, 4), st.integers(1, 5))
def test_of_paths_the_surest_with_a_sign_are_kept(effects: list[Effect], hops: int, limit: int) -> None:
    def ranks(answer: Judgement) -> list[tuple[bool, tuple[int, int]]]:
        mechanism = answer.mechanism
        paths = (*mechanism.paths, *mechanism.unsigned, *mechanism.blocked)
        return sorted(((bool(path.sign), path.weakest.strength) for path in paths), reverse=True)

    whole, part = judge(CLAIM, effects, hops=hops), judge(CLAIM, effects, hops=hops, max_paths=limit)
    signs = len({net(signs) for _, signs in found(whole)})  # type: ignore[arg-type]
    sure = max(limit - signs, 0)
    assert len(ranks(part)) == min(len(ranks(whole)), max(limit, signs))
    assert ranks(part)[:sure] == ranks(whole)[:sure]


def test_a_sign_that_no_path_looked_at_has_is_searched_for() -> None:
    many = [each for name in map(str, range(30)) for each in chain(("S", 1, name), (name, 1, "T"))]
    longer = chain(("S", 1, "a"), ("a", 1, "b"), ("b", -1, "T"))
    answer = judge(CLAIM, [*many, *longer], max_paths=2)
    assert answer.mechanism.kind is MechanismKind.CONFLICTING
    assert [path.nodes for path in answer.mechanism.paths if path.sign == -1] == [("S", "a", "b", "T")]
    assert answer.mechanism.cut


def test_a_sign_that_only_a_walk_through_a_node_twice_would_have_is_not_found() -> None:
    many = [each for name in map(str, range(30)) for each in chain(("S", 1, name), (name, 1, "T"))]
    loop = chain(("S", 1, "a"), ("a", 1, "b"), ("b", -1, "a"), ("a", 1, "T"))
    assert judge(CLAIM, [*many, *loop], max_paths=2).mechanism.kind is MechanismKind.POSITIVE


@UNTIMED
@given(graphs, st.lists(findings, max_size=6), st.lists(statements, max_size=3), st.randoms())
def test_order_makes_no_difference(
    effects: list[Effect], trials: list[Finding], said: list[Statement], random: object
) -> None:
    expected = judge(CLAIM, effects, trials, said, HIERARCHY)
    for each in (effects, trials, said):
        random.shuffle(each)  # type: ignore[attr-defined]
    assert judge(CLAIM, effects, trials, said, HIERARCHY) == expected


@UNTIMED
@given(graphs, st.lists(findings, max_size=4))
def test_duplicates_merge(effects: list[Effect], trials: list[Finding]) -> None:
    assert judge(CLAIM, [*effects, *effects], [*trials, *trials]) == judge(CLAIM, effects, trials)


@UNTIMED
@given(graphs, st.lists(findings, max_size=6), st.lists(statements, max_size=3))
def test_an_irrelevant_component_changes_nothing(
    effects: list[Effect], trials: list[Finding], said: list[Statement]
) -> None:
    elsewhere = [replace(each, subject=each.subject + "2", object=each.object + "2") for each in effects]
    others = [replace(each, drugs=frozenset({"Y"})) for each in trials]
    remote = [replace(each, subject="Y") for each in said]
    assert judge(CLAIM, [*effects, *elsewhere], [*trials, *others], [*said, *remote], HIERARCHY) == judge(
        CLAIM, effects, trials, said, HIERARCHY
    )


def keys(evidence: tuple[Evidence, ...], bearing: Bearing) -> set[tuple[str, str]]:
    return {(each.kind, each.id) for each in evidence if each.bearing is bearing}


OPPOSITE = {True: False, False: True, None: None}


@UNTIMED
@given(graphs, st.lists(findings, max_size=6), st.lists(statements, max_size=3))
def test_flipping_the_claim_swaps_support_and_against(
    effects: list[Effect], trials: list[Finding], said: list[Statement]
) -> None:
    claim = judge(CLAIM, effects, trials, said, HIERARCHY)
    flipped = judge(replace(CLAIM, relation="worsens", sign=1), effects, trials, said, HIERARCHY)
    assert keys(claim.support, Bearing.SUPPORTS) == keys(flipped.against, Bearing.OPPOSES)
    assert keys(claim.against, Bearing.OPPOSES) == keys(flipped.support, Bearing.SUPPORTS)
    assert claim.mechanism.kind == flipped.mechanism.kind
    assert flipped.mechanism.agrees == OPPOSITE[claim.mechanism.agrees]


@UNTIMED
@given(graphs, st.lists(findings, max_size=6), st.lists(statements, max_size=3))
def test_every_verdict_follows_from_the_evidence_shown(
    effects: list[Effect], trials: list[Finding], said: list[Statement]
) -> None:
    answer = judge(CLAIM, effects, trials, said, HIERARCHY)
    everything = (*answer.support, *answer.against, *answer.noted)
    assert (answer.verdict == Joint.UNKNOWN) == (not everything)
    assert answer.reasons[-1].code == "verdict"
    if answer.verdict == Joint.CONCORDANT_BENEFIT:
        assert {"finding", "path"} <= {each.kind for each in answer.support}
    if answer.verdict in {Joint.CONTRADICTED, Joint.MECHANISM_WITHOUT_BENEFIT, Joint.MIXED}:
        assert answer.against


@UNTIMED
@given(graphs, st.lists(findings, max_size=4))
def test_a_finding_more_never_makes_a_claim_unknown(effects: list[Effect], trials: list[Finding]) -> None:
    if trials and judge(CLAIM, effects, trials[:-1], (), HIERARCHY).verdict != Joint.UNKNOWN:
        assert judge(CLAIM, effects, trials, (), HIERARCHY).verdict != Joint.UNKNOWN


def chain(*hops: tuple[str, Sign, str]) -> Iterator[Effect]:
    for subject, sign, obj in hops:
        yield Effect(subject, "acts", obj, sign, (f"{subject}-{obj}",))


def test_what_is_said_of_a_class_reaches_its_subclass_and_never_climbs() -> None:
    hierarchy = Hierarchy({"Morphine": {"Opioid"}, "CRPS": {"Pain"}})
    down = judge(Claim("Morphine", "r", "CRPS", -1), chain(("Opioid", -1, "Pain")), (), (), hierarchy)
    assert [hop.inherited for path in down.mechanism.paths for hop in path.hops] == [True]
    assert down.because("mechanism-inherited") is not None
    up = judge(Claim("Opioid", "r", "Pain", -1), chain(("Morphine", -1, "CRPS")), (), (), hierarchy)
    assert up.mechanism.kind == MechanismKind.NO_PATH


def test_an_edge_about_the_very_nodes_outranks_an_inherited_one_and_both_are_kept() -> None:
    hierarchy = Hierarchy({"CRPS": {"Pain"}})
    answer = judge(
        Claim("Drug", "r", "CRPS", -1), chain(("Drug", -1, "Pain"), ("Drug", -1, "CRPS")), (), (), hierarchy
    )
    (path,) = answer.mechanism.paths
    assert (path.inherited, path.claims) == (False, ("Drug-CRPS", "Drug-Pain"))


def test_a_class_hierarchy_may_have_cycles_and_second_parents() -> None:
    hierarchy = Hierarchy({"A": {"B", "C"}, "B": {"A"}})
    assert hierarchy.ancestors("A") == {"B", "C"}
    assert hierarchy.descendants("C") == {"A", "B"}


def test_a_hop_without_effect_blocks_a_path_and_says_so() -> None:
    answer = judge(CLAIM, chain(("S", 0, "A"), ("A", 1, "T")))
    assert answer.mechanism.kind == MechanismKind.NO_PATH
    assert [path.id for path in answer.mechanism.blocked] == ["S 0A +T"]
    assert answer.because("mechanism-blocked") is not None
    assert answer.verdict == Joint.UNTESTED


def test_an_unsigned_hop_is_named_as_what_is_missing() -> None:
    answer = judge(CLAIM, chain(("S", None, "A"), ("A", 1, "T")))
    assert answer.mechanism.kind == MechanismKind.UNSIGNED
    assert ("sign", ("S", "A")) in {(each.code, each.names) for each in answer.missing}


def test_the_judge_abstains_where_paths_disagree_and_a_trial_still_speaks() -> None:
    effects = list(chain(("S", -1, "A"), ("A", 1, "T"), ("S", 1, "B"), ("B", 1, "T")))
    answer = judge(CLAIM, effects)
    assert (answer.mechanism.kind, answer.mechanism.agrees) == (MechanismKind.CONFLICTING, None)
    assert (len(answer.support), len(answer.against), answer.verdict) == (1, 1, Joint.UNTESTED)
    kind, drugs, conditions = Comparator.PLACEBO, frozenset({"S"}), frozenset({"T"})
    finding = Finding("f", "t", drugs, conditions, "Pain", "pain", kind, Verdict.FAVOURS_INTERVENTION)
    assert judge(CLAIM, effects, [finding]).verdict == Joint.BENEFIT_WITHOUT_MECHANISM


def test_the_weakest_hop_is_the_least_certain_then_the_one_seen_in_animals() -> None:
    first = Effect("S", "acts", "A", -1, certainty=Certainty.BELIEVED, scope=Scope(species="keta:Human"))
    mouse = Effect("A", "acts", "B", 1, certainty=Certainty.BELIEVED, scope=Scope(species="keta:Mouse"))
    last = Effect("B", "acts", "T", 1)
    (path,) = judge(CLAIM, [first, mouse, last]).mechanism.paths
    assert path.weakest.subject == "A"
    surer = replace(mouse, certainty=Certainty.ESTABLISHED)
    (path,) = judge(CLAIM, [first, mouse, surer, last]).mechanism.paths
    assert path.weakest.subject == "S"


def test_a_hop_that_others_deny_is_contested() -> None:
    denial = Statement("A", "acts", "T", 1, False, "no")
    effects = [*chain(("S", -1, "A"), ("A", 1, "T")), Effect("A", "leaves", "T", 0, ("none",))]
    answer = judge(CLAIM, effects, (), [denial])
    reason = answer.because("mechanism-contested")
    assert reason is not None
    assert reason.evidence == ("no", "none")


@pytest.mark.parametrize(
    ("effects", "hops", "code", "names"),
    [
        ([("S", -1, "A"), ("B", 1, "T")], 4, "hop", ("A", "B")),
        ([("S", -1, "A")], 4, "hop", ("A", "T")),
        ([("B", 1, "T")], 4, "hop", ("S", "B")),
        ([], 4, "hop", ("S", "T")),
        ([("S", -1, "A"), ("B", 1, "T")], 1, "hop", ("S", "T")),
        ([("S", -1, "A"), ("B", 1, "T")], 2, "hop", ("A", "T")),
        ([("S", -1, "A"), ("A", 1, "T")], 1, "hops", ()),
    ],
)
def test_the_first_hop_that_lacks_is_named(
    effects: list[tuple[str, Sign, str]], hops: int, code: str, names: tuple[str, ...]
) -> None:
    missing = judge(CLAIM, chain(*effects), hops=hops).missing
    assert (missing[0].code, missing[0].names) == (code, names)


def test_a_list_of_paths_that_was_cut_says_so() -> None:
    effects = [each for name in "ABC" for each in chain(("S", -1, name), (name, 1, "T"))]
    answer = judge(CLAIM, effects, max_paths=2)
    assert (len(answer.mechanism.paths), answer.mechanism.cut) == (2, True)
    assert answer.because("paths-cut") is not None
    assert not judge(CLAIM, effects, max_paths=3).mechanism.cut


def test_a_thing_has_no_path_to_itself() -> None:
    answer = judge(Claim("S", "relieves", "S", -1), chain(("S", 1, "A"), ("A", -1, "S")))
    assert answer.mechanism.kind == MechanismKind.NO_PATH


@pytest.mark.parametrize("sign", [0, None])
def test_a_relation_without_direction_is_refused(sign: Sign) -> None:
    with pytest.raises(UnknownName, match="has no direction"):
        Claim("S", "affects", "T", sign)


@pytest.mark.parametrize("qualifiers", [{"via": "S"}, {"comparator": "within-arm"}])
def test_qualifiers_that_leave_nothing_to_judge_are_refused(qualifiers: dict[str, str]) -> None:
    with pytest.raises(UnknownName):
        Claim("S", "relieves", "T", -1, **qualifiers)  # type: ignore[arg-type]


def test_one_body_of_evidence_answers_like_judge() -> None:
    effects = list(chain(("S", -1, "A"), ("A", 1, "T")))
    assert BodyOfEvidence.of(effects).judge(CLAIM) == judge(CLAIM, effects)


@UNTIMED
@given(
    st.lists(st.builds(replace, edges, subject=KINDS, object=KINDS), max_size=14),
    st.integers(1, 5),
    st.sampled_from([1, 3, 1000]),
)
def test_what_lies_between_has_the_paths_of_the_whole(effects: list[Effect], hops: int, limit: int) -> None:
    whole = Network.of(effects, (), HIERARCHY)
    ends = between(whole, "S", "T", hops)
    part = Network.of((each for each in effects if (each.subject, each.object) in ends), (), HIERARCHY)
    found, expected = (search(each, "S", "T", hops=hops, limit=limit) for each in (part, whole))
    assert found == expected
    on_paths = {(e.subject, e.object) for path in expected.paths for hop in path.hops for e in hop.effects}
    assert on_paths <= ends


def test_a_detour_that_is_too_long_does_not_lie_between() -> None:
    chain = [("S", "A"), ("A", "B"), ("B", "T"), ("A", "C"), ("C", "B"), ("T", "A"), ("X", "T")]
    network = Network.of((Effect(one, "acts", other, 1) for one, other in chain), (), Hierarchy())
    assert between(network, "S", "T", 3) == {("S", "A"), ("A", "B"), ("B", "T")}
    assert between(network, "S", "T", 2) == frozenset()
