"""Rows become triples by the schema alone."""

from __future__ import annotations

from rdflib import Graph, Literal, URIRef

from ketagraph import lift, names, tables
from ketagraph.schema import table

K, KID = names.BASE, names.PREFIXES["kid"]


def rows(name: str, *records: dict[str, str]) -> list[tables.Row]:
    columns = [column.name for column in table(name).columns]
    lines = [
        "\t".join(columns),
        *("\t".join(record.get(column, "") for column in columns) for record in records),
    ]
    found, faults = tables.read(
        ("\n".join(lines) + "\n").encode(), table(name), source="s-1", path=f"data/s-1/{name}.tsv"
    )
    assert faults == []
    return found


def values(graph: Graph, subject: str, predicate: str) -> list[str]:
    return sorted(
        str(value) for value in graph.objects(URIRef(KID + subject), URIRef(names.expand(predicate) or ""))
    )


def test_a_sentence_is_an_anchor_scoped_to_its_source() -> None:
    graph = lift.lift(
        rows("sentences", {"sentence": "2.10", "section": "Pain", "sha256": "a" * 64, "references": "3|12"})
    )["evidence"]
    assert values(graph, "s-1-s2.10", "keta:address") == ["2.10"]
    assert values(graph, "s-1-s2.10", "keta:paragraph") == ["2"]
    assert values(graph, "s-1-s2.10", "keta:sentenceNumber") == ["10"]
    assert values(graph, "s-1-s2.10", "keta:cites") == [KID + "s-1-ref-12", KID + "s-1-ref-3"]
    assert values(graph, "s-1-s2.10", "keta:fromSource") == [KID + "s-1"]


def test_a_dose_is_a_number_with_a_unit_and_its_words() -> None:
    graph = lift.lift(
        rows(
            "interventions",
            {
                "arm": "t-drug",
                "agent": "Ketamine",
                "dose_value": "0.5",
                "dose_unit": "mg/kg",
                "dose_as_stated": "half",
                "sentences": "1.1",
            },
        )
    )["evidence"]
    node = URIRef(KID + "t-drug-ketamine")
    assert graph.value(node, URIRef(K + "doseValue")) == Literal(
        "0.5", datatype=names.PREFIXES["xsd"] + "decimal"
    )
    assert graph.value(node, URIRef(K + "doseAsStated")) == Literal("half", lang="en")
    assert values(graph, "t-drug-ketamine", "keta:agent") == [K + "Ketamine"]
    assert values(graph, "t-drug-ketamine", "keta:anchoredIn") == [KID + "s-1-s1.1"]


def test_an_empty_cell_gives_no_triple() -> None:
    graph = lift.lift(rows("interventions", {"arm": "t-drug", "agent": "Ketamine", "sentences": "1.1"}))[
        "evidence"
    ]
    assert values(graph, "t-drug-ketamine", "keta:doseValue") == []


def test_a_claim_may_speak_of_terms_and_of_rows() -> None:
    graph = lift.lift(
        rows(
            "claims",
            {
                "claim": "c",
                "label": "x",
                "subject": "Ketamine",
                "predicate": "isStudiedIn",
                "object": "some-trial",
                "polarity": "Affirmed",
                "certainty": "Established",
            },
        )
    )["evidence"]
    assert values(graph, "c", "keta:subject") == [K + "Ketamine"]
    assert values(graph, "c", "keta:object") == [KID + "some-trial"]
    assert values(graph, "c", "keta:predicate") == [K + "isStudiedIn"]


def test_discrepancies_go_to_a_graph_of_their_own() -> None:
    record = {"flaw": "f", "label": "x", "kind": "Grammar", "sentences": "1.1"}
    graphs = lift.lift(rows("text-flaws", record))
    assert (len(graphs["evidence"]), len(graphs["discrepancies"]) > 0) == (0, True)


def test_places_lead_from_a_node_to_its_line() -> None:
    found = rows("sentences", {"sentence": "1.1", "section": "Pain", "sha256": "a" * 64})
    assert lift.places(found) == {KID + "s-1-s1.1": "data/s-1/sentences.tsv:2"}
