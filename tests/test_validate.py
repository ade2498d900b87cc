"""Findings say whose fault it is, what, how bad and where; the report is a SHACL report in a fixed order."""

from __future__ import annotations

from pathlib import Path as File

import pytest
import rdflib
from rdflib import RDF, SH, XSD, Graph, Literal

from ketagraph import names, rdf, sources, validate
from ketagraph.errors import SourceError
from ketagraph.sources import Layout
from ketagraph.validate import Path, Report, Result

HEAD = "".join(
    f"PREFIX {prefix}: <{names.PREFIXES[prefix]}>\n" for prefix in ("keta", "kid", "owl", "rdfs", "sh")
)
SHAPE = """
<https://w3id.org/ketagraph/shapes/OpenClaimShape> a sh:NodeShape ; sh:targetClass keta:Claim ;
  sh:property [ sh:path keta:polarity ; sh:class keta:Polarity ; sh:severity sh:%s ;
    sh:message "A polarity."@en ] .
"""
WORDS = """
keta:Polarity a owl:Class .
keta:Claim a owl:Class .
keta:Affirmed a owl:NamedIndividual , keta:Polarity .
keta:Ketamine rdfs:label "ketamine"@en .
keta:DeniedClaim a owl:Class ; rdfs:subClassOf keta:Claim .
"""
CLAIM = 'kid:claim a keta:Claim ; rdfs:label "a claim"@en ; keta:polarity keta:Ketamine .'
VIOLATION = Result("https://b", "b", "wrong", "violation", "shapes/claim", "data/claims.tsv:3")
WARNING = Result("https://a", "a", "doubtful", "warning", "checks/doubt")


def graph(text: str) -> Graph:
    return Graph().parse(data=HEAD + text, format="turtle")


def run(data: str, *, severity: str = "Violation", places: dict[str, str] | None = None) -> list[Result]:
    return validate.run_shapes(graph(data), graph(SHAPE % severity), graph(WORDS), places=places or {})


def test_a_finding_has_the_label_the_message_with_the_value_the_shape_and_the_place() -> None:
    focus = names.thing("claim")
    assert run(CLAIM, places={focus: "data/essay/claims.tsv:7"}) == [
        Result(
            focus,
            "a claim",
            "A polarity. (found ketamine)",
            "violation",
            "shapes/open-claim",
            "data/essay/claims.tsv:7",
            Path(iri=names.term("polarity")),
            f"<{names.term('Ketamine')}>",
            "ClassConstraintComponent",
        )
    ]


@pytest.mark.parametrize("severity", ["Violation", "Warning", "Info"])
def test_a_finding_has_the_severity_of_its_shape(severity: str) -> None:
    assert [result.severity for result in run(CLAIM, severity=severity)] == [severity.lower()]


def test_what_has_no_label_goes_by_its_name_and_what_has_no_place_by_none() -> None:
    [result] = run("kid:claim a keta:Claim ; keta:polarity keta:Unheard .")
    assert (result.label, result.message, result.place) == ("id/claim", "A polarity. (found Unheard)", "")


def test_a_literal_is_shown_by_its_text() -> None:
    [result] = run('kid:claim a keta:Claim ; keta:polarity "unsure" .')
    assert result.message == "A polarity. (found unsure)"


def test_a_right_value_is_not_found_wrong() -> None:
    assert run("kid:claim a keta:Claim ; keta:polarity keta:Affirmed .") == []


def test_the_ontology_says_what_is_below_a_class() -> None:
    results = run("kid:denial a keta:DeniedClaim ; keta:polarity keta:Ketamine .")
    assert [result.focus for result in results] == [names.thing("denial")]


def test_a_fault_inside_a_nested_shape_is_named_after_the_outer_one() -> None:
    nested = """
    <https://w3id.org/ketagraph/shapes/ClaimShape> a sh:NodeShape ; sh:targetClass keta:Claim ;
      sh:property [ sh:path keta:subject ; sh:message "A drug."@en ;
        sh:node [ sh:property [ sh:path rdfs:subClassOf ; sh:hasValue keta:Drug ] ] ] .
    """
    data = graph("kid:claim a keta:Claim ; keta:subject keta:Ketamine .")
    [result] = validate.run_shapes(data, graph(nested), graph(WORDS), places={})
    assert (result.focus, result.source) == (names.thing("claim"), "shapes/claim")


def test_validation_leaves_the_handling_of_literals_as_it_was() -> None:
    before = rdflib.NORMALIZE_LITERALS
    run(CLAIM)
    assert before == rdflib.NORMALIZE_LITERALS
    assert str(Literal("01", datatype=XSD.integer)) == "1"


def test_a_report_puts_the_gravest_first_then_goes_by_focus_and_says_nothing_twice() -> None:
    later = Result("https://c", "c", "wrong", "violation", "shapes/claim")
    remark = Result("https://0", "0", "a remark", "info", "shapes/claim")
    report = Report.of([remark, later, WARNING, VIOLATION, VIOLATION])
    assert report.results == (VIOLATION, later, WARNING, remark)
    assert report.violations == 2


def test_a_report_is_a_shacl_report_without_blank_nodes() -> None:
    report = Report.of([WARNING, VIOLATION]).graph()
    text = f"""
    kid:validation-report a sh:ValidationReport ; sh:conforms false ;
      sh:result kid:validation-report-1 , kid:validation-report-2 .
    kid:validation-report-1 a sh:ValidationResult ; sh:focusNode <https://b> ;
      sh:resultMessage "wrong"@en ; sh:resultSeverity sh:Violation ;
      sh:sourceShape <{names.BASE}shapes/claim> ;
      keta:writtenAt "data/claims.tsv:3" .
    kid:validation-report-2 a sh:ValidationResult ; sh:focusNode <https://a> ;
      sh:resultMessage "doubtful"@en ; sh:resultSeverity sh:Warning ;
      sh:sourceShape <{names.BASE}checks/doubt> .
    """
    assert rdf.turtle(report) == rdf.turtle(graph(text))


@pytest.mark.parametrize(("results", "conforms"), [([], True), ([WARNING], True), ([VIOLATION], False)])
def test_a_graph_conforms_unless_something_is_a_violation(results: list[Result], conforms: bool) -> None:
    report = Report.of(results).graph()
    assert [*report.objects(None, SH.conforms)] == [Literal(conforms)]
    assert len({*report.subjects(RDF.type, SH.ValidationResult)}) == len(results)


def test_each_row_of_a_check_is_a_violation_at_its_place(checks: Layout) -> None:
    def select(query: str) -> list[list[str | None]]:
        assert query == "SELECT first\n"
        return [["https://a", "a", "wrong"], ["https://b", None, "worse"]]

    assert validate.run_checks(checks, select, places={"https://b": "b.tsv:2"}) == [
        Result("https://a", "a", "wrong", "violation", "checks/some-fault"),
        Result("https://b", "https://b", "worse", "violation", "checks/some-fault", "b.tsv:2"),
    ]


def test_shapes_that_are_not_turtle_are_named_with_their_line(checks: Layout) -> None:
    (checks.ontology / "shapes" / "broken.ttl").write_text(
        "@prefix : <http://x/> .\n:a :b\n", encoding="utf-8"
    )
    with pytest.raises(SourceError, match=r"^ontology/shapes/broken\.ttl:\d+: Turtle syntax"):
        validate.read_shapes(checks)


@pytest.fixture
def checks(tmp_path: File) -> Layout:
    """Sources with one check and no shapes."""
    for name in ("data", "queries", "ontology/shapes", "ontology/checks"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "ontology" / "checks" / "some-fault.rq").write_text("SELECT first\n", encoding="utf-8")
    return sources.layout(tmp_path)
