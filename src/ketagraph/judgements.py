"""A dossier in, one judgement per drug and condition out, as values and as triples without blank nodes.

A pair is judged where something is known of it: a finding, a statement or a signed path. Each node says
what was asked, how it came out, and by ``prov:wasDerivedFrom`` which claims and findings it rests on, so
that plain SPARQL can ask for judgements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rdflib import OWL, PROV, RDF, RDFS, Graph, Literal, URIRef
from rdflib.term import Node

from ketagraph import __version__, names, rdf
from ketagraph.claims import ClinicalKind, Evidence, Finding, Joint, Judgement, MechanismKind
from ketagraph.claims import Statement as SourceStatement
from ketagraph.dossier import Dossier
from ketagraph.tables import slug

__all__ = ["all_pairs", "graph", "iri", "judge_all", "triples", "value_terms"]

_RELATIONS = ("relieves", "prevents")
_ROOT = names.term("HealthCondition")
_MECHANISM = {
    MechanismKind.POSITIVE: "MechanismTowardsMore",
    MechanismKind.NEGATIVE: "MechanismTowardsLess",
    MechanismKind.CONFLICTING: "ConflictingMechanism",
    MechanismKind.UNSIGNED: "UnsignedMechanism",
    MechanismKind.NO_PATH: "NoMechanism",
}
_CLINICAL = {
    ClinicalKind.SUPPORTS: "TrialsSupport",
    ClinicalKind.TRANSIENT: "TrialsSupportForATime",
    ClinicalKind.NULL: "TrialsFindNothing",
    ClinicalKind.HARMS: "TrialsFindHarm",
    ClinicalKind.BENEFITS: "TrialsFindBenefit",
    ClinicalKind.MIXED: "TrialsDisagree",
    ClinicalKind.WITHIN_ARM: "NoTrialDecides",
    ClinicalKind.UNTESTED: "NoTrialDecides",
}


def value_terms() -> Mapping[str, str]:
    """Return every value that a judgement's node can have: the judge's word → local name in the ontology."""
    verdicts = {str(each): _verdict_name(each) for each in Joint}
    mechanisms = {str(kind): name for kind, name in _MECHANISM.items()}
    return {**verdicts, **mechanisms, **{f"trials {kind}": name for kind, name in _CLINICAL.items()}}


def graph(judged: Iterable[Judgement], dossier: Dossier) -> Graph:
    """Return the triples of some judgements, drawn from ``dossier``."""
    found = rdf.new_graph()
    for judgement in judged:
        for triple in _triples(judgement, dossier):
            found.add(triple)
    return found


def triples(dossier: Dossier) -> Graph:
    """Return the judgement of every drug and condition of which anything is known.

    Across all sources; and, where there are several, by each of them alone.
    """
    found = graph(judge_all(dossier), dossier)
    for source in sorted(dossier.sources) if len(dossier.sources) > 1 else ():
        alone = dossier.of_sources([source])
        found += graph(judge_all(alone), alone)
    return found


def judge_all(dossier: Dossier, *, drug: str = "", condition: str = "") -> Iterator[Judgement]:
    """Yield the judgement of every drug and condition, by name; treatment before prevention.

    ``drug`` and ``condition`` (IRIs) keep only that one.
    """
    preventing = _preventing(dossier)
    for subject, target in all_pairs(dossier):
        if (drug and subject != drug) or (condition and target != condition):
            continue
        for relation in _RELATIONS if subject in preventing else _RELATIONS[:1]:
            claim = dossier.claim(subject, names.term(relation), target)
            judgement = dossier.evidence.judge(claim)
            if _tells(judgement):
                yield judgement


def all_pairs(dossier: Dossier) -> list[tuple[str, str]]:
    """Every therapy of which an effect, statement or finding speaks, with every condition; sorted."""
    evidence, kinds = dossier.evidence, dossier.objects
    known = {each.subject for each in evidence.effects} | {each.subject for each in evidence.statements}
    tested = {drug for each in evidence.all_findings for drug in each.drugs | each.co_drugs}
    drugs = sorted(name for name in known | tested if "therapy" in kinds.get(name, ()))
    conditions = sorted(name for name, found in kinds.items() if "condition" in found and name != _ROOT)
    return [(drug, condition) for drug in drugs for condition in conditions if drug != condition]


def _preventing(dossier: Dossier) -> set[str]:
    """Drugs of which a finding or a statement on prevention speaks."""
    evidence = dossier.evidence
    found = {
        drug for each in evidence.all_findings if _prevention(each) for drug in each.drugs | each.co_drugs
    }
    return found | {each.subject for each in evidence.statements if _prevention(each)}


def _tells(judgement: Judgement) -> bool:
    """Whether something is known; prevention counts only where a finding or a statement speaks of it."""
    pieces = (*judgement.support, *judgement.against, *judgement.noted)
    said = [each.source for each in pieces if isinstance(each.source, SourceStatement)]
    measured = any(trial.deciding or trial.others for trial in judgement.clinical.trials)
    if judgement.claim.purpose == "prevention":
        return measured or any(map(_prevention, said))
    return measured or bool(said) or bool(judgement.mechanism.paths)


def _prevention(source: Finding | SourceStatement) -> bool:
    return source.purpose == "prevention"


def iri(judgement: Judgement, within: Iterable[str] = ()) -> str:
    """IRI of a judgement's node: what was asked, qualifiers included, and of which sources if not of all."""
    claim = judgement.claim
    week = "" if claim.timepoint_weeks is None else f"week-{claim.timepoint_weeks:g}"
    asked = (claim.subject, claim.relation, claim.object, claim.via, claim.dose_regime, claim.route)
    narrowed = (*asked, claim.species, claim.outcome, claim.comparator, week)
    parts = [slug(each.rsplit("/", 1)[-1]) for each in narrowed if each]
    said = [f"said-by-{each.rsplit('/', 1)[-1]}" for each in sorted(within)]
    return names.thing("-".join(["judgement", *parts, *said]))


def _triples(judgement: Judgement, dossier: Dossier) -> Iterator[tuple[Node, Node, Node]]:
    claim, node = judgement.claim, URIRef(iri(judgement, dossier.within))
    labels = dossier.labels_of(claim)
    told = " ".join(labels.get(each, each) for each in (claim.subject, claim.relation, claim.object))
    told += "".join(f", by {each.rsplit('/', 1)[-1]}" for each in sorted(dossier.within))
    yield node, RDF.type, _term("Judgement")
    yield node, RDF.type, OWL.NamedIndividual
    yield node, RDFS.label, Literal(f"{told}: {judgement.verdict}", lang="en")
    yield node, _term("aboutAgent"), URIRef(claim.subject)
    yield node, _term("predicate"), URIRef(claim.relation)
    yield node, _term("aboutCondition"), URIRef(claim.object)
    yield node, _term("jointVerdict"), _term(_verdict_name(judgement.verdict))
    yield node, _term("mechanismKind"), _term(_MECHANISM[judgement.mechanism.kind])
    yield node, _term("clinicalKind"), _term(_CLINICAL[judgement.clinical.kind])
    yield node, _term("pathCount"), Literal(len(judgement.mechanism.paths))
    yield node, OWL.versionInfo, Literal(__version__)
    yield node, _term("drawnBy"), Literal("judge")
    yield node, _term("acrossSources"), Literal(not dossier.within)
    for source in sorted(dossier.within or dossier.sources):
        yield node, _term("weighs"), URIRef(source)
    if claim.purpose:
        yield node, _term("aboutPurpose"), _term(claim.purpose.capitalize())
    if strongest := judgement.mechanism.strongest:
        yield node, _term("weakestCertainty"), _term(strongest.weakest.certainty)
    yield from _provenance(node, judgement)


def _provenance(node: URIRef, judgement: Judgement) -> Iterator[tuple[Node, Node, Node]]:
    for trial in judgement.clinical.deciding:
        yield node, _term("aboutStudy"), URIRef(trial.trial)
    for name, pieces in (("supportedBy", judgement.support), ("opposedBy", judgement.against)):
        for record in _records(pieces):
            yield node, _term(name), URIRef(record)
            yield node, PROV.wasDerivedFrom, URIRef(record)
    for record in _records(judgement.noted):
        yield node, PROV.wasDerivedFrom, URIRef(record)


def _records(pieces: Iterable[Evidence]) -> list[str]:
    """Claims and findings that ``pieces`` rest on, sorted."""
    found: set[str] = set()
    for each in pieces:
        if isinstance(each.source, Finding | SourceStatement):
            found.add(each.id)
        else:
            found.update(each.source.claims)
    return sorted(found)


def _verdict_name(verdict: Joint) -> str:
    return "".join(word.capitalize() for word in verdict.split()) + "Verdict"


def _term(name: str) -> URIRef:
    return URIRef(names.term(name))
