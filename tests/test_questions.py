"""Question files: a closed header, parameters that agree with the query, values that cannot break out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketagraph.errors import QueryRefused, SourceError, UnknownName
from ketagraph.guard import tokens
from ketagraph.questions import Parameter, Question, bind, parse, read
from ketagraph.questions.terms import KINDS, term

FILE = """\
#+ summary: Trials of a pain condition
#+ description: |
#+   One row per finding.
#+   Null findings too.
#+ tags: [trials, findings]
#+ params:
#+   pain: {type: iri, class: keta:PainCondition, default: keta:ChronicPrimaryPain, description: The pain.}
#+   route:
#+     description: How it was given.
#+   weeks: {type: integer, required: false}
#+ defaults:
#+   - route: oral
#+ enumerate:
#+   - route: [intravenous, oral]

# What ?_pain_iri was studied?
PREFIX keta: <https://w3id.org/ketagraph/>
SELECT ?trial WHERE { ?trial keta:studies ?_pain_iri ; keta:route ?_route . FILTER(?w<?_weeks_integer) }
ORDER BY ?trial
"""
PAIN = "<https://w3id.org/ketagraph/ChronicPrimaryPain>"


XSD = "http://www.w3.org/2001/XMLSchema#"


def typed(value: str, datatype: str) -> pyoxigraph.Literal:
    return pyoxigraph.Literal(value, datatype=pyoxigraph.NamedNode(XSD + datatype))


def question(query: str, header: str = "") -> Question:
    return parse(f"#+ summary: A test\n{header}{query}", "a-test", "queries/a-test.rq")


def one(kind: str) -> Question:
    """Ask for the value of one parameter, called x."""
    query = f"SELECT ?v WHERE {{ BIND(?_x_{kind} AS ?v) }} ORDER BY ?v"
    return question(query, f"#+ params:\n#+   x: {{type: {kind}}}\n")


def answer(query: str) -> list[pyoxigraph.NamedNode | pyoxigraph.Literal]:
    return [row[0] for row in pyoxigraph.Store().query(query)]


def faults(text: str, slug: str = "a-test") -> list[str]:
    with pytest.raises(SourceError) as refused:
        parse(text, slug, "q.rq")
    return [str(fault) for fault in refused.value.faults]


def test_a_question_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "trials-of-pain.rq"
    path.write_text(FILE, encoding="utf-8")
    assert read(path) == Question(
        slug="trials-of-pain",
        summary="Trials of a pain condition",
        description="One row per finding.\nNull findings too.",
        tags=("trials", "findings"),
        parameters=(
            Parameter(
                name="pain",
                kind="iri",
                rdf_class="https://w3id.org/ketagraph/PainCondition",
                default="keta:ChronicPrimaryPain",
                choices=(),
                description="The pain.",
                required=False,
            ),
            Parameter("route", "literal", "", "oral", ("intravenous", "oral"), "How it was given.", False),
            Parameter("weeks", "integer", "", None, (), "", False),
        ),
        text=FILE[FILE.index("# What") :],
        path=path.as_posix(),
    )


def test_a_file_that_is_not_utf8_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a-test.rq"
    path.write_bytes(b"#+ summary: caf\xe9\nASK {}")
    with pytest.raises(SourceError, match="not UTF-8"):
        read(path)


def test_a_parameter_without_default_is_required() -> None:
    assert one("iri").parameters[0].required


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ASK {}", ["q.rq:1: no summary; the file opens with `#+ summary: …`"]),
        (
            "#+ sumary: x\nASK {}",
            [
                "q.rq:1: sumary: unknown key in the header; did you mean summary? known are summary, "
                "description, tags, defaults, enumerate, params, draft",
            ],
        ),
        ("#+ summary: x\n#+ summary: y\nASK {}", ["q.rq:2: summary: given twice in the header"]),
        ("#+ summary:\tx\nASK {}", ["q.rq:1: a tab in the header; write spaces"]),
        ("#+ summary:\nASK {}", ["q.rq:1: summary: expected text"]),
        ("#+ x\nASK {}", ["q.rq:1: the header wants `key: value` lines"]),
        ("#+ summary: x\n#+ tags: a\nASK {}", ["q.rq:2: tags: expected a list, such as [one, two]"]),
        (
            "#+ summary: x\nASK {}\n#+ tags: [a]\n",
            ["q.rq:3: a header line below the header; the header is one block at the top"],
        ),
        (
            "#+ summary: x\n#+ tags: [a\nASK {}",
            ["q.rq:2: not YAML: expected ',' or ']', but got '<stream end>'"],
        ),
        (
            "#+ summary: x\n#+ defaults:\n#+   - a: 1\n#+ enumerate: [a]\nASK {}",
            [
                "q.rq:3: a: params does not list it; it lists none",
                "q.rq:4: enumerate wants `key: value` lines",
            ],
        ),
        (
            "#+ summary: x\n#+ params:\n#+   a: {typ: iri}\n#+   b: 3\nASK { ?_a_iri ?_b ?x }",
            [
                "q.rq:3: typ: unknown key in params, a; did you mean type? known are type, class, default, "
                "description, required",
                "q.rq:4: params, b wants `key: value` lines",
            ],
        ),
        (
            "#+ summary: x\n#+ params:\n#+   a: {default: 1}\n#+ defaults:\n#+   - a: 2\nASK { ?x ?y ?_a }",
            ["q.rq:5: a: has a default in defaults and another in params; keep one"],
        ),
    ],
)
def test_a_fault_of_the_header_names_its_line(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


@pytest.mark.parametrize(
    ("parameters", "query", "expected"),
    [
        ("", "ASK { ?s ?p ?_x }", ["q.rq:2: ?_x: params in the header does not list it"]),
        ("x: {}", "ASK {}", ["q.rq:3: x: the query has no variable ?_x"]),
        ("x: {}", "ASK {} # ?_x", ["q.rq:3: x: the query has no variable ?_x"]),
        (
            "x: {type: iri}",
            "ASK { ?s ?p ?_x }",
            ["q.rq:3: x: type is iri, but the query's variable says literal"],
        ),
        (
            "x: {}",
            "ASK { ?s ?_x_iri \n ?_x_literal }",
            ["q.rq:5: ?_x_literal: is of kind literal here, but iri on line 4"],
        ),
        (
            "x: {}",
            "ASK { ?s ?_x ?_max_weeks }",
            [
                "q.rq:4: ?_max_weeks: expected ?_name or ?_name_kind, a name in camelCase, a kind of date, "
                "en, integer, iri, literal, number"
            ],
        ),
        (
            "x: {class: keta:Drug}",
            "ASK { ?s ?p ?_x }",
            ["q.rq:3: x: class is for parameters of kind iri; this one is literal"],
        ),
        (
            "x: {default: high}",
            "ASK { ?s ?p ?_x_integer }",
            ["q.rq:3: x: expected a whole number of at most 18 digits; found 'high'"],
        ),
        (
            "x: {required: maybe}",
            "ASK { ?s ?p ?_x }",
            ["q.rq:3: x: required is maybe, expected true or false"],
        ),
        (
            "x: {required: true, default: a}",
            "ASK { ?s ?p ?_x }",
            ["q.rq:3: x: required, and yet has a default; keep one"],
        ),
    ],
)
def test_a_parameter_at_odds_with_the_query_is_a_fault(
    parameters: str, query: str, expected: list[str]
) -> None:
    header = f"#+ params:\n#+   {parameters}\n" if parameters else ""
    assert faults(f"#+ summary: A test\n{header}{query}") == expected


def test_a_default_outside_the_choices_is_a_fault() -> None:
    text = FILE.replace("- route: oral", "- route: nasal")
    assert faults(text) == ["q.rq:8: route: default nasal is not among intravenous, oral"]


def test_a_class_with_an_unknown_prefix_is_a_fault() -> None:
    (fault,) = faults(FILE.replace("keta:PainCondition", "nope:PainCondition"))
    assert fault.startswith(
        "q.rq:7: pain: 'nope:PainCondition' is no IRI and no CURIE; known prefixes are CHEBI,"
    )


@pytest.mark.parametrize(
    "query", ["SELECT * { ?s ?p ?o }", "SELECT * { { SELECT * { ?s ?p ?o } ORDER BY ?s } } # ORDER BY ?s"]
)
def test_a_select_without_order_is_a_fault(query: str) -> None:
    message = "q.rq: a SELECT without ORDER BY at its end; order by enough columns to fix the rows"
    assert faults(f"#+ summary: A test\n{query}") == [message]


def test_a_query_that_the_guard_refuses_is_a_fault_of_its_line() -> None:
    (fault,) = faults("#+ summary: A test\n\nASK {\n  SERVICE <http://example.org/> {} }")
    assert fault.startswith("q.rq:4: column 3: SERVICE is switched off here")


def test_a_file_name_that_is_no_slug_is_a_fault() -> None:
    assert faults("#+ summary: A test\nASK {}", "A_test") == [
        "q.rq: the file's name is not kebab-case, such as trials-by-drug.rq"
    ]


def test_values_take_the_place_of_parameter_tokens_only() -> None:
    asked = parse(FILE, "trials-of-pain", "q.rq")
    bound = bind(asked, {"weeks": "12", "route": "intravenous"})
    assert "# What ?_pain_iri was studied?" in bound
    assert bound.split() == (
        asked.text.replace("keta:studies ?_pain_iri", f"keta:studies {PAIN}")
        .replace("?_route", '"intravenous"')
        .replace("?w<?_weeks_integer)", "?w< 12 )")
        .split()
    )


def test_a_parameter_that_is_not_required_stays_a_variable() -> None:
    bound = bind(parse(FILE, "trials-of-pain", "q.rq"), {})
    assert PAIN in bound
    assert "?_weeks_integer" in bound


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("iri", "http://example.org/a#b", pyoxigraph.NamedNode("http://example.org/a#b")),
        ("iri", "keta:Ketamine", pyoxigraph.NamedNode("https://w3id.org/ketagraph/Ketamine")),
        ("iri", "urn:uuid:1", pyoxigraph.NamedNode("urn:uuid:1")),
        ("literal", "", pyoxigraph.Literal("")),
        ("en", "it's", pyoxigraph.Literal("it's", language="en")),
        ("integer", "7", pyoxigraph.Literal(7)),
        ("integer", "-7", pyoxigraph.Literal(-7)),
        ("number", "0.5", typed("0.5", "decimal")),
        ("date", "2009-09-15", typed("2009-09-15", "date")),
    ],
)
def test_a_value_becomes_a_term_of_its_kind(
    kind: str, value: str, expected: pyoxigraph.NamedNode | pyoxigraph.Literal
) -> None:
    assert answer(bind(one(kind), {"x": value})) == [expected]


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("iri", "http://example.org/a b", "expected an absolute IRI"),
        ("iri", "http://example.org/> <b", "expected an absolute IRI"),
        ("iri", 'http://example.org/"', "expected an absolute IRI"),
        ("iri", "http://example.org/\\u003E", "expected an absolute IRI"),
        ("iri", "http://user@example.org/", "expected an absolute IRI"),
        ("iri", "http://example.org:80x/", "expected an absolute IRI"),
        ("iri", "http://example.org/%zz", "expected an absolute IRI"),
        ("iri", "keta:a b", "expected an absolute IRI"),
        ("iri", "urn:", "expected an absolute IRI"),
        ("literal", "a\0b", r"without U\+0000"),
        ("literal", "a\ud800b", "surrogate"),
        ("en", "a\udfffb", "surrogate"),
        ("integer", "1.5", "expected a whole number"),
        ("integer", "1 } DROP ALL", "expected a whole number"),
        ("integer", "१", "expected a whole number"),
        ("integer", "9" * 19, "expected a whole number"),
        ("number", "1e5", "expected a decimal number"),
        ("number", "NaN", "expected a decimal number"),
        ("number", "1\n", "expected a decimal number"),
        ("date", "2009-02-30", "expected a date"),
        ("date", "20090915", "expected a date"),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_refused(kind: str, value: str, message: str) -> None:
    with pytest.raises(QueryRefused, match=f"^question a-test, parameter x: .*{message}") as refused:
        bind(one(kind), {"x": value})
    assert refused.value.status == 422


@pytest.mark.parametrize("value", ["javascript:alert(1)", "file:///etc/hostname", "ketamine"])
def test_a_name_that_nothing_answers_to_is_unknown(value: str) -> None:
    with pytest.raises(UnknownName, match="is no IRI and no CURIE"):
        bind(one("iri"), {"x": value})


def resolver(found: dict[str, str]) -> Callable[[str], str]:
    def resolve(name: str) -> str:
        if name not in found:
            raise UnknownName(f"nothing is called {name}")
        return found[name]

    return resolve


def test_labels_go_through_resolve() -> None:
    resolve = resolver({"ketamine": "https://w3id.org/ketagraph/Ketamine"})
    expected = [pyoxigraph.NamedNode("https://w3id.org/ketagraph/Ketamine")]
    assert answer(bind(one("iri"), {"x": "ketamine"}, resolve)) == expected
    with pytest.raises(UnknownName, match="nothing is called esketamine"):
        bind(one("iri"), {"x": "esketamine"}, resolve)


def test_what_resolve_answers_is_checked_too() -> None:
    with pytest.raises(QueryRefused, match="expected an absolute IRI"):
        bind(one("iri"), {"x": "ketamine"}, resolver({"ketamine": "http://example.org/> {"}))


def test_an_unknown_parameter_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="has no parameter 'weks'; it takes pain, route, weeks") as refused:
        bind(parse(FILE, "trials-of-pain", "q.rq"), {"weks": "1"})
    assert refused.value.suggestions == ("weeks",)


def test_a_missing_value_is_refused_with_what_is_needed() -> None:
    with pytest.raises(QueryRefused, match=r"needs the parameter x; it takes x \(iri\)") as refused:
        bind(one("iri"), {})
    assert refused.value.status == 422


def test_a_value_outside_the_choices_is_refused() -> None:
    with pytest.raises(QueryRefused, match="parameter route: 'nasal' is not among intravenous, oral"):
        bind(parse(FILE, "trials-of-pain", "q.rq"), {"route": "nasal"})


def test_a_bound_query_passes_the_guard() -> None:
    with pytest.raises(QueryRefused, match="longer than 65536 bytes") as refused:
        bind(one("literal"), {"x": "é" * 40_000})
    assert refused.value.status == 413


def test_a_question_that_was_altered_is_still_guarded() -> None:
    altered = replace(one("literal"), text="ASK { SERVICE ?_x {} }")
    with pytest.raises(QueryRefused, match="SERVICE is switched off"):
        bind(altered, {"x": "a"})


HOSTILE = [
    *[chr(code) for code in range(1, 256)],
    *[
        '"',
        "\\",
        '\\"',
        '"""',
        "'''",
        "\\u0022",
        "\\\\u0022",
        "\\U00000022",
        "\\n",
        "\r\n",
        "\u2028",
        "\ufeff",
    ],
    '" . SERVICE <http://127.0.0.1/> { ?s ?p ?o } #',
    "\\u0022 } SERVICE <http://127.0.0.1/> { ?s ?p ?o } #",
    "} INSERT DATA { <a:b> <a:b> <a:b> }",
    "?_x_literal",
    "x" * 60_000,
    "\U0001f600\uffff\ufdd0",
]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_literal_comes_back_as_it_went_in(value: str) -> None:
    assert answer(bind(one("literal"), {"x": value})) == [pyoxigraph.Literal(value)]


PIECES = st.sampled_from(
    ['"', "'", "\\", "u0022", "U00000022", "\n", "\r", "{", "}", "SERVICE ", "<a:b>", "#", "é"]
)
TEXT = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))),
    st.lists(PIECES, max_size=12).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_any_text_comes_back_as_it_went_in(value: str) -> None:
    assert answer(bind(one("literal"), {"x": value})) == [pyoxigraph.Literal(value)]
    assert answer(bind(one("en"), {"x": value})) == [pyoxigraph.Literal(value, language="en")]


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), value=st.one_of(TEXT, st.from_regex(r"(https?://|urn:)\S*")))
def test_no_value_changes_the_structure_of_the_query(kind: str, value: str) -> None:
    asked = one(kind)
    try:
        bound = bind(asked, {"x": value})
    except (QueryRefused, UnknownName):
        return
    before = [token.text for token in tokens(asked.text)]
    after = [token.text for token in tokens(bound)]
    place = before.index(f"?_x_{kind}")
    rest = len(before) - place - 1
    assert (after[:place], after[-rest:]) == (before[:place], before[-rest:])
    assert "".join(after[place:-rest]) == term(kind, value)
    assert len(answer(bound)) == 1


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"(https?://[a-z.]+(:[0-9]+)?/|urn:a:)\S*", fullmatch=True))
def test_an_accepted_iri_is_one_that_the_engine_reads(value: str) -> None:
    try:
        bound = bind(one("iri"), {"x": value})
    except QueryRefused:
        return
    assert answer(bound) == [pyoxigraph.NamedNode(value)]
