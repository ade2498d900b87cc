"""What a table may hold: one line per column, and nothing else knows the columns.

A new column is one line here; reading (:mod:`ketagraph.tables`), lifting (:mod:`ketagraph.lift`) and
formatting follow. A cell's ``kind`` says how it is read; ``property`` is the ontology property it
becomes: a local name of ours, or a CURIE (empty: the cell only makes up the row's identity).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "TABLES", "Column", "Table", "table"]

KINDS = frozenset(
    {
        "boolean",  # true | false
        "decimal",  # 0.5
        "doi",  # 10.1016/j.pain.2009.06.023
        "integer",  # 12
        "node",  # an ontology term (PascalCase) or a row of any keyed table (kebab-case)
        "pmid",  # 19604642
        "property",  # an ontology property, camelCase
        "row",  # the key of a row of table ``target``
        "sentence",  # paragraph.sentence, both 1-based: 20.2
        "sha256",  # 64 lower-case hexadecimal digits
        "slug",  # kebab-case key, this row's own
        "string",  # text without a language
        "term",  # an ontology class below, or an individual of, ``target``
        "text",  # English text in our own words
        "unit",  # UCUM code: mg, mg/kg, h, wk, %
        "year",  # four digits
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, how a cell is read, and the property the cell becomes.

    ``many`` cells hold values joined by ``|``, sorted, without repeats. ``target`` names the table
    (kind ``row``) or the ontology class (kind ``term``) that a value must belong to.
    """

    name: str
    kind: str
    property: str = ""
    required: bool = False
    many: bool = False
    target: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the class its rows become and its columns in order; the key is the first ones.

    ``scoped`` keys are unique within their source only: the IRI's slug is the source, then this prefix,
    then the key. ``optional`` tables may be missing from a source. ``graph`` is where the rows go.
    """

    name: str
    rdf_class: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    scoped: str = ""
    optional: bool = True
    graph: str = "evidence"

    def column(self, name: str) -> Column:
        """The column called ``name``; KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]


def _anchors(*, required: bool = True) -> Column:
    return Column("sentences", "sentence", "anchoredIn", required=required, many=True)


TABLES: tuple[Table, ...] = (
    Table(
        "references",
        "Reference",
        (
            Column("number", "integer", "citationNumber", required=True),
            Column("author_as_written", "string", "authorAsWritten"),
            Column("first_author", "string", "firstAuthor"),
            Column("year", "year", "publicationYear"),
            Column("title", "string", "dcterms:title"),
            Column("journal", "string", "journal"),
            Column("pmid", "pmid", "pubmed"),
            Column("doi", "doi", "doi"),
            Column("status", "term", "bibliographicStatus", required=True, target="BibliographicStatus"),
            Column("seen_in", "string", "seenIn"),
            Column("note", "text", "skos:editorialNote"),
        ),
        key=("number",),
        scoped="ref-",
        optional=False,
    ),
    Table(
        "sentences",
        "Anchor",
        (
            Column("sentence", "sentence", "address", required=True),
            Column("section", "string", "section", required=True),
            Column("sha256", "sha256", "sha256", required=True),
            Column("references", "row", "cites", many=True, target="references"),
            Column("excuse", "term", "excusedBecause", target="Excuse"),
            Column("note", "text", "skos:editorialNote"),
        ),
        key=("sentence",),
        scoped="s",
        optional=False,
    ),
    Table(
        "trials",
        "Study",
        (
            Column("trial", "slug", required=True),
            Column("label", "text", "rdfs:label", required=True),
            Column("kind", "term", "studyKind", required=True, target="StudyKind"),
            Column("author_as_stated", "string", "authorAsStated"),
            Column("references", "row", "reportedIn", many=True, target="references"),
            Column("conditions", "term", "studiesCondition", many=True, target="HealthCondition"),
            Column("purpose", "term", "hasPurpose", required=True, target="StudyPurpose"),
            Column("refractory", "boolean", "refractoryPopulation"),
            Column("population", "text", "populationAsStated"),
            Column("species", "term", "species", required=True, target="Species"),
            Column("design", "term", "hasDesign", many=True, target="StudyDesign"),
            Column("design_as_stated", "text", "designAsStated"),
            Column("follow_up_weeks", "decimal", "followUpWeeks"),
            Column("follow_up_as_stated", "text", "followUpAsStated"),
            Column("note", "text", "skos:editorialNote"),
            _anchors(),
        ),
        key=("trial",),
    ),
    Table(
        "arms",
        "Arm",
        (
            Column("arm", "slug", required=True),
            Column("trial", "row", "armOf", required=True, target="trials"),
            Column("label", "text", "rdfs:label", required=True),
            Column("role", "term", "armRole", required=True, target="ArmRole"),
            Column("note", "text", "skos:editorialNote"),
            _anchors(),
        ),
        key=("arm",),
    ),
    Table(
        "interventions",
        "Intervention",
        (
            Column("arm", "row", "interventionOf", required=True, target="arms"),
            Column("agent", "term", "agent", required=True, target="Therapy"),
            Column("dose_value", "decimal", "doseValue"),
            Column("dose_unit", "unit", "doseUnit"),
            Column("dose_regime", "term", "doseRegime", target="DoseRegime"),
            Column("dose_as_stated", "text", "doseAsStated"),
            Column("route", "term", "route", target="Route"),
            Column("schedule", "text", "scheduleAsStated"),
            Column("duration_hours", "decimal", "durationHours"),
            Column("duration_as_stated", "text", "durationAsStated"),
            Column("note", "text", "skos:editorialNote"),
            _anchors(),
        ),
        key=("arm", "agent"),
    ),
    Table(
        "findings",
        "Finding",
        (
            Column("finding", "slug", required=True),
            Column("trial", "row", "findingOf", required=True, target="trials"),
            Column("outcome", "term", "outcome", required=True, target="Outcome"),
            Column("arm", "row", "interventionArm", required=True, target="arms"),
            Column("comparator", "row", "comparatorArm", target="arms"),
            Column("comparator_kind", "term", "comparatorKind", required=True, target="ComparatorKind"),
            Column("verdict", "term", "verdict", required=True, target="Verdict"),
            Column("significance_stated", "boolean", "significanceStated", required=True),
            Column("timepoint_kind", "term", "timepointKind", target="TimepointKind"),
            Column("timepoint_weeks", "decimal", "timepointWeeks"),
            Column("timepoint_as_stated", "text", "timepointAsStated"),
            Column("value", "decimal", "quantityLow"),
            Column("value_unit", "unit", "quantityUnit"),
            Column("value_as_stated", "text", "quantityAsStated"),
            Column("note", "text", "skos:editorialNote"),
            _anchors(),
        ),
        key=("finding",),
    ),
    Table(
        "adverse-events",
        "AdverseEventFinding",
        (
            Column("finding", "slug", required=True),
            Column("trial", "row", "findingOf", required=True, target="trials"),
            Column("event", "term", "adverseEvent", required=True, target="AdverseEvent"),
            Column("arm", "row", "interventionArm", required=True, target="arms"),
            Column("comparator", "row", "comparatorArm", target="arms"),
            Column("occurrence", "term", "occurrence", required=True, target="Occurrence"),
            Column("significance_stated", "boolean", "significanceStated", required=True),
            Column("count", "integer", "participantCount"),
            Column("led_to_withdrawal", "boolean", "ledToWithdrawal"),
            Column("severity", "text", "severityAsStated"),
            Column("note", "text", "skos:editorialNote"),
            _anchors(),
        ),
        key=("finding",),
    ),
    Table(
        "claims",
        "Claim",
        (
            Column("claim", "slug", required=True),
            Column("label", "text", "rdfs:label", required=True),
            Column("subject", "node", "subject", required=True),
            Column("predicate", "property", "predicate", required=True),
            Column("object", "node", "object"),
            Column("polarity", "term", "polarity", required=True, target="Polarity"),
            Column("certainty", "term", "certainty", required=True, target="Certainty"),
            Column("dose_regime", "term", "doseRegime", target="DoseRegime"),
            Column("route", "term", "route", target="Route"),
            Column("species", "term", "species", target="Species"),
            Column("site", "term", "site", target="AnatomicalSite"),
            Column("condition", "term", "inCondition", target="HealthCondition"),
            Column("population", "text", "populationAsStated"),
            Column("via", "term", "via", many=True, target="Concept"),
            Column("low", "decimal", "quantityLow"),
            Column("high", "decimal", "quantityHigh"),
            Column("unit", "unit", "quantityUnit"),
            Column("quantity_as_stated", "text", "quantityAsStated"),
            Column("when", "text", "timeAsStated"),
            Column("year", "year", "inYear"),
            Column("scope_note", "text", "skos:scopeNote"),
        ),
        key=("claim",),
    ),
    Table(
        "evidence",
        "EvidenceLine",
        (
            Column("claim", "row", "evidenceFor", required=True, target="claims"),
            Column("sentence", "sentence", "anchoredIn", required=True),
            Column("direction", "term", "direction", required=True, target="EvidenceDirection"),
            Column("role", "term", "evidenceRole", required=True, target="EvidenceRole"),
            Column("type", "term", "evidenceType", required=True, target="EvidenceType"),
            Column("trial", "row", "fromStudy", many=True, target="trials"),
        ),
        key=("claim", "sentence"),
    ),
    Table(
        "discrepancies",
        "Discrepancy",
        (
            Column("discrepancy", "slug", required=True),
            Column("label", "text", "rdfs:label", required=True),
            Column("reference", "row", "aboutReference", target="references"),
            Column("about", "row", "aboutStudy", target="trials"),
            Column("aspect", "term", "differsIn", required=True, target="Aspect"),
            Column("review_says", "text", "reviewSays", required=True),
            Column("primary_says", "text", "primarySays", required=True),
            Column("status", "term", "bibliographicStatus", required=True, target="BibliographicStatus"),
            Column("seen_in", "string", "seenIn", required=True),
            _anchors(),
        ),
        key=("discrepancy",),
        graph="discrepancies",
    ),
    Table(
        "published-records",
        "PublishedRecord",
        (
            Column("record", "slug", required=True),
            Column("trial", "row", "recordOf", required=True, target="trials"),
            Column("references", "row", "aboutReference", many=True, target="references"),
            Column("first_author", "string", "firstAuthor", required=True),
            Column("year", "year", "publicationYear"),
            Column("pmid", "pmid", "pubmed"),
            Column("doi", "doi", "doi"),
            Column("participants", "integer", "participantsPublished"),
            Column("participants_as_published", "text", "participantsAsPublished"),
            Column("design_as_published", "text", "designAsPublished"),
            Column("registry", "string", "registryEntry", many=True),
            Column("status", "term", "bibliographicStatus", required=True, target="BibliographicStatus"),
            Column("seen_in", "string", "seenIn", required=True),
        ),
        key=("record",),
        graph="discrepancies",
    ),
    Table(
        "text-flaws",
        "TextFlaw",
        (
            Column("flaw", "slug", required=True),
            Column("label", "text", "rdfs:label", required=True),
            Column("kind", "term", "flawKind", required=True, target="FlawKind"),
            Column("as_stated", "string", "asStated"),
            Column("likely_meant", "string", "likelyMeant"),
            Column("note", "text", "skos:editorialNote"),
            _anchors(),
        ),
        key=("flaw",),
        graph="discrepancies",
    ),
)


def table(name: str) -> Table:
    """The table called ``name``; KeyError when there is none."""
    return {each.name: each for each in TABLES}[name]
