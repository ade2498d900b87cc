"""Mechanisms as DrugMechDB's paths: one graph per drug and condition, links from the drug to the disease.

See https://github.com/SuLab/DrugMechDB. Of each pair whose mechanism speaks for relief, the strongest path.
Scalars are written as JSON strings, which YAML reads as they are (https://yaml.org/spec/1.2.2/#13-terminology).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from ketagraph import judgements, names
from ketagraph.claims import Hop, Judgement
from ketagraph.exports.kgx import identifiers
from ketagraph.exports.model import Export, Material

__all__ = ["drugmechdb"]

_NOTES = {
    "dose": "a path has no dose",
    "null finding": "a path says how a drug should act, not what trials found",
    "certainty": "a link is there or not",
}
_LABELS = (
    ("Target", "Protein"),
    ("Substance", "Drug"),
    ("Therapy", "Drug"),
    ("HealthCondition", "Disease"),
    ("Symptom", "PhenotypicFeature"),
    ("AnatomicalSite", "GrossAnatomicalStructure"),
)


def drugmechdb(known: Material) -> Export:
    """DrugMechDB's YAML: ``indication_paths.yaml``."""
    ids = identifiers(known)
    judged = judgements.judge_all(known.kg.dossier)
    graphs = [graph for each in judged if (graph := _graph(known, each, ids))]
    return Export({"indication_paths.yaml": "".join(_yaml(graphs)).encode()}, {}, _NOTES)


def _graph(known: Material, judgement: Judgement, ids: Mapping[str, str]) -> dict[str, object] | None:
    claim, path = judgement.claim, judgement.mechanism.strongest
    if path is None or claim.purpose == "prevention" or path.sign != claim.sign:
        return None
    drug, disease = (ids.get(iri, names.compress(iri)) for iri in (claim.subject, claim.object))
    nodes = [path.hops[0].subject, *(hop.object for hop in path.hops)]
    labels = known.kg.dossier.labels
    return {
        "comment": f"derived from claims, no approved indication; verdict with trials: {judgement.verdict}",
        "directed": True,
        "graph": {
            "_id": f"{drug}_{disease}_1".replace(":", "_"),
            "disease": labels[claim.object],
            "disease_id": disease,
            "drug": labels[claim.subject],
            "drug_id": drug,
        },
        "links": [_link(known, hop, ids) for hop in path.hops],
        "multigraph": True,
        "nodes": [
            {
                "id": ids.get(iri, names.compress(iri)),
                "label": _label(known, iri),
                "name": labels.get(iri, iri),
            }
            for iri in nodes
        ],
        "references": sorted(
            {known.publications.get(each, names.compress(each)) for each in path.references}
        ),
    }


def _link(known: Material, hop: Hop, ids: Mapping[str, str]) -> dict[str, object]:
    relation = hop.effects[0].relation if hop.effects else ""
    source, target = (ids.get(iri, names.compress(iri)) for iri in (hop.subject, hop.object))
    return {"key": known.kg.dossier.labels.get(relation, "affects"), "source": source, "target": target}


def _label(known: Material, iri: str) -> str:
    above = known.kg.dossier.evidence.hierarchy.ancestors(iri) | {iri}
    return next((label for name, label in _LABELS if names.term(name) in above), "BiologicalProcess")


def _yaml(graphs: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Yield block YAML, two levels deep at most; inner records are in flow style, which is JSON."""
    for graph in graphs:
        mark = "- "
        for key, value in graph.items():
            if isinstance(value, list):
                yield f"{mark}{key}:\n" + "".join(f"  - {_flow(each)}\n" for each in value)
            else:
                yield f"{mark}{key}: {_flow(value)}\n"
            mark = "  "


def _flow(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
