"""Claims as a property graph in Biolink terms: nodes and edges as KGX tables.

See https://github.com/biolink/kgx/blob/master/specification/kgx-format.md. A concept goes by the identifier
that is exactly it where only it is, so that graphs join; what Biolink cannot say is in the loss report.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ketagraph import names
from ketagraph.exports.model import Export, Material
from ketagraph.stored import Row

__all__ = ["EDGE_COLUMNS", "NODE_COLUMNS", "identifiers", "kgx"]

NODE_COLUMNS = ("id", "category", "name", "description", "synonym", "xref", "provided_by")
EDGE_COLUMNS = (
    *("id", "subject", "predicate", "object", "category", "negated", "original_predicate"),
    *("qualified_predicate", "object_aspect_qualifier", "object_direction_qualifier"),
    *("causal_mechanism_qualifier", "species_context_qualifier", "anatomical_context_qualifier"),
    *("knowledge_level", "agent_type", "primary_knowledge_source", "publications", "description"),
)
_PREFERRED = ("CHEBI", "MONDO", "HP", "HGNC", "GO", "UBERON", "CL", "EFO", "mesh", "MAXO", "NCIT")
# As the Biolink model's context spells them; the rest are the same there.
_SPELT = {"mesh": "MESH", "umls": "UMLS", "drugbank": "DRUGBANK", "chembl.compound": "CHEMBL.COMPOUND"}
_SPELT |= {"uniprot": "UniProtKB", "atc": "ATC"}
_CATEGORIES = {
    "AdverseEvent": "PhenotypicFeature",
    "AnatomicalSite": "AnatomicalEntity",
    "HealthCondition": "DiseaseOrPhenotypicFeature",
    "Mechanism": "BiologicalProcess",
    "Outcome": "PhenotypicFeature",
    "PopulationGroup": "PopulationOfIndividualOrganisms",
    "RiskFactor": "DiseaseOrPhenotypicFeature",
    "Substance": "ChemicalEntity",
    "Symptom": "PhenotypicFeature",
    "Target": "BiologicalEntity",
    "Therapy": "Treatment",
}
_LESS = ("affects", "causes", "activity_or_abundance", "decreased", "")
_MORE = ("affects", "causes", "activity_or_abundance", "increased", "")
# Predicate, qualified predicate, aspect, direction, mechanism; https://biolink.github.io/biolink-model/
_PREDICATES: Mapping[str, tuple[str, str, str, str, str]] = {
    "agonises": ("affects", "causes", "activity", "increased", "agonism"),
    "antagonises": ("affects", "causes", "activity", "decreased", "antagonism"),
    "bindsTo": ("directly_physically_interacts_with", "", "", "", ""),
    "blocks": ("affects", "causes", "activity", "decreased", "inhibition"),
    "causes": ("causes", "", "", "", ""),
    "contributesTo": ("contributes_to", "", "", "", ""),
    "hasSideEffect": ("has_side_effect", "", "", "", ""),
    "induces": ("causes", "", "", "", ""),
    "inhibits": ("affects", "causes", "activity", "decreased", "inhibition"),
    "interactsWith": ("interacts_with", "", "", "", ""),
    "isEffectiveFor": ("treats_or_applied_or_studied_to_treat", "", "", "", ""),
    "isProvenEffectiveFor": ("treats_or_applied_or_studied_to_treat", "", "", "", ""),
    "isRiskFactorFor": ("predisposes_to_condition", "", "", "", ""),
    "prevents": ("preventative_for_condition", "", "", "", ""),
    "relieves": ("ameliorates_condition", "", "", "", ""),
    "worsens": ("exacerbates_condition", "", "", "", ""),
}
_BY_SIGN = {"1": _MORE, "-1": _LESS, "0": ("affects", "", "", "", "")}
_UNSIGNED = ("related_to", "", "", "", "")
_LEVELS = {"Unknown": "not_provided", "Possible": "prediction"}
_NOTES = {
    "certainty": "only as knowledge_level: established and believed are both knowledge_assertion",
    "denial": "as negated, for claims that relate two concepts",
    "scope": "species and anatomical site only",
}


def kgx(known: Material) -> Export:
    """KGX tables: ``ketagraph_nodes.tsv`` and ``ketagraph_edges.tsv``."""
    claims = known.kg.dossier.claims
    ids = identifiers(known)
    edges = [_edge(row, ids, _publications(known.publications, row)) for row in claims]
    used = sorted({row[end] for row in claims for end in ("subject", "object", "site") if end in row})
    nodes = [_node(known, iri, ids) for iri in used]
    files = {
        "ketagraph_nodes.tsv": _tsv(NODE_COLUMNS, nodes),
        "ketagraph_edges.tsv": _tsv(EDGE_COLUMNS, edges),
    }
    return Export(files, _carried(claims), _NOTES)


def identifiers(known: Material) -> Mapping[str, str]:
    """Return the identifier to join graphs by: IRI of a concept → the best exact one, else our CURIE."""
    exact: dict[str, list[str]] = defaultdict(list)
    for row in known.stored("exact-matches"):
        exact[str(row["concept"])].append(names.compress(str(row["identifier"])))
    shared = Counter(curie for found in exact.values() for curie in found)
    return {iri: _best(iri, [curie for curie in found if shared[curie] == 1]) for iri, found in exact.items()}


def _best(iri: str, curies: Iterable[str]) -> str:
    ranked = sorted((curie.partition(":")[0], curie) for curie in curies)
    by_prefix = dict(reversed(ranked))
    best = next((by_prefix[prefix] for prefix in _PREFERRED if prefix in by_prefix), names.compress(iri))
    return _spelt(best)


def _spelt(curie: str) -> str:
    prefix, _, rest = curie.partition(":")
    return f"{_SPELT.get(prefix, prefix)}:{rest}"


def _node(known: Material, iri: str, ids: Mapping[str, str]) -> tuple[str, ...]:
    concept = known.kg.term(iri)
    own = ids.get(iri, names.compress(iri))
    others = {
        names.compress(iri),
        *(_spelt(each) for each, kind in concept.identifiers.items() if kind == "exact"),
    }
    return (
        own,
        f"biolink:{_category(known, iri)}",
        concept.label,
        concept.definition,
        "|".join(concept.synonyms),
        "|".join(sorted(others - {own})),
        "infores:ketagraph",
    )


def _category(known: Material, iri: str) -> str:
    above = known.kg.dossier.evidence.hierarchy.ancestors(iri) | {iri}
    kinds = {name: kind for name, kind in _CATEGORIES.items() if names.term(name) in above}
    return kinds.get("Substance") or next(iter(kinds.values()), "NamedThing")


def _edge(row: Row, ids: Mapping[str, str], publications: str) -> tuple[str, ...]:
    relation = row["relation"].removeprefix(names.BASE)
    predicate, qualified, aspect, direction, mechanism = _biolink(relation, row)
    # To affirm that something does not change is to deny that it does.
    affirmed = (row["affirmed"] == "true") != (row.get("sign") == "0")
    return (
        names.compress(row["claim"]),
        _id(row["subject"], ids),
        f"biolink:{predicate}",
        _id(row["object"], ids),
        "biolink:Association",
        "false" if affirmed else "true",
        f"keta:{relation}",
        f"biolink:{qualified}" if qualified else "",
        *(aspect, direction, mechanism),
        _id(row.get("species", ""), ids),
        _id(row.get("site", ""), ids),
        _LEVELS.get(row["certainty"].removeprefix(names.BASE), "knowledge_assertion"),
        "manual_agent",
        "infores:ketagraph",
        publications,
        row["label"],
    )


def _biolink(relation: str, row: Row) -> tuple[str, str, str, str, str]:
    return _PREDICATES.get(relation) or _BY_SIGN.get(row.get("sign", ""), _UNSIGNED)


def _id(iri: str, ids: Mapping[str, str]) -> str:
    return ids.get(iri, names.compress(iri)) if iri else ""


def _publications(listed: Mapping[str, str], row: Row) -> str:
    cited = {listed.get(iri, "") for iri in row["references"].split()}
    return "|".join(sorted(cited - {""}))


def _carried(claims: Sequence[Row]) -> Mapping[tuple[str, str], int]:
    scoped = sum("species" in row or "site" in row for row in claims)
    return {
        ("denial", "claim"): sum(row["affirmed"] == "false" for row in claims),
        ("scope", "claim"): scoped,
    }


def _tsv(header: Sequence[str], rows: Iterable[tuple[str, ...]]) -> bytes:
    """Tab-separated, sorted by the first column; white space within a cell is one space."""
    lines = [tuple(header), *sorted(rows)]
    return "".join("\t".join(" ".join(cell.split()) for cell in line) + "\n" for line in lines).encode()
