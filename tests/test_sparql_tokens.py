"""The tokeniser: every character in one token, and ``<`` read as engines read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketagraph.errors import QueryRefused
from ketagraph.sparql_tokens import Token, scan, tokens


def texts(query: str) -> list[str]:
    return [token.text for token in tokens(query)]


def kinds(query: str) -> list[str]:
    return [token.kind for token in tokens(query)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("?x", "variable"),
        ("$été2", "variable"),
        ("<http://example.org/#it's>", "iri"),
        ("<http://example.org/\\u00e9\\u0041>", "iri"),
        ("ex:a\\#b", "name"),
        ("ex:a.b.c", "name"),
        ("ex:%41-b", "name"),
        (":", "name"),
        ("SELECT", "word"),
        ("'it\\'s'", "string"),
        ('"""a " b ""c\n"""', "string"),
        ("''''a' ''b'''", "string"),
        ('""', "string"),
        ("@en-GB", "language"),
        ("@ar--rtl", "language"),
        ("_:b1.c", "blank"),
        ("1", "number"),
        ("1e5", "number"),
        ("1.e-5", "number"),
        (".5", "number"),
        ("# it's a <comment>", "comment"),
        ("^^", "datatype"),
    ],
)
def test_one_token_is_read_whole(text: str, kind: str) -> None:
    assert list(tokens(text)) == [Token(kind, text, 0)]


def test_a_token_knows_its_offset() -> None:
    assert list(tokens("ASK\n {}")) == [
        Token("word", "ASK", 0),
        Token("open", "{", 5),
        Token("close", "}", 6),
    ]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_comment_ends_at_either_line_end(end: str) -> None:
    assert texts(f"#a{end}ASK") == ["#a", "ASK"]


def test_comments_are_left_out_on_request() -> None:
    assert [token.text for token in tokens("ASK # why\n{}", comments=False)] == ["ASK", "{", "}"]


def test_a_name_does_not_end_in_a_dot() -> None:
    assert texts("ex:a. ex:b.c.") == ["ex:a", ".", "ex:b.c", "."]


def test_a_sign_is_a_token_of_its_own() -> None:
    assert texts("(1-2 -.5)") == ["(", "1", "-", "2", "-", ".5", ")"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("(?a<?b && ?c>?d)", ["(", "?a", "<", "?b", "&&", "?c", ">", "?d", ")"]),
        ("(?a<?b&&?c>?d)", ["(", "?a", "<", "?b", "&&", "?c", ">", "?d", ")"]),
        ("(?a<=?b&&?c>=?d)", ["(", "?a", "<=", "?b", "&&", "?c", ">=", "?d", ")"]),
        ("(1<2||3>2)", ["(", "1", "<", "2", "||", "3", ">", "2", ")"]),
        ("(?a<<http://example.org/#b>)", ["(", "?a", "<", "<http://example.org/#b>", ")"]),
        ("(?a = <http://example.org/#b>)", ["(", "?a", "=", "<http://example.org/#b>", ")"]),
        ("(?a <http://example.org/#b>)", ["(", "?a", "<http://example.org/#b>", ")"]),
        ("(<a> <b>)", ["(", "<a>", "<b>", ")"]),
        ("{?s<a#b>?o}", ["{", "?s", "<a#b>", "?o", "}"]),
        ("VALUES (?a ?b) {(1 <urn:a#b>)}", ["VALUES", *"(", "?a", "?b", *"){(", "1", "<urn:a#b>", *")}"]),
        ("{<<(<a> <b> <c>)>>}", ["{", "<<", "(", "<a>", "<b>", "<c>", ")", ">>", "}"]),
    ],
)
def test_less_than_is_told_from_an_iri(query: str, expected: list[str]) -> None:
    assert texts(query) == expected


@pytest.mark.parametrize(
    "query", ["(?a<?b)#>", "(?a<'x'>?c)", "(?a<<?b)#>", "(true<ex:a#>)", "(COUNT(*)<?b)#>)"]
)
def test_text_that_engines_read_in_two_ways_is_refused(query: str) -> None:
    with pytest.raises(QueryRefused, match="may be an IRI or a comparison"):
        kinds(query)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("ASK { 'a }", "string is not closed"),
        ('ASK { """a"" }', "string is not closed"),
        ("ASK { '''a'' }", "string is not closed"),
        ("ASK { 'a\nb' }", "string is not closed"),
        ("ASK { 'a\\q' }", "string is not closed"),
        ("ASK { \\u003F }", "may stand only in strings"),
        ("ASK { <a b> }", "begins no IRI"),
        ("ASK { <a\\u0020b> }", "begins no IRI"),
        ("ASK { & }", r"`&` \(U\+0026\) begins no token"),
        ("ASK {\u00a0}", r"U\+00A0"),
        ("ASK {\u2028}", r"U\+2028"),
        ("\ufeffASK {}", r"U\+FEFF"),
        ("ASK { ( }", r"`}` closes no open bracket; expected `\)`"),
        ("ASK }", "closes no open bracket"),
        ("ASK { ( ) ", "`{` is never closed"),
    ],
)
def test_text_that_cannot_be_read_is_refused(query: str, message: str) -> None:
    with pytest.raises(QueryRefused, match=message):
        kinds(query)


def test_a_refusal_gives_line_and_column() -> None:
    with pytest.raises(QueryRefused, match=r"^line 2, column 3: ") as refused:
        kinds("ASK {\n  'a }")
    assert (refused.value.line, refused.value.column, refused.value.status) == (2, 3, 400)


def test_the_rows_of_values_are_not_counted() -> None:
    rows = "(1 'a') " * 50
    list(scan(f"VALUES (?a ?b) {{ {rows} }}", depth=3, operators=10, comments=False))
    with pytest.raises(QueryRefused, match="more than 10 operators"):
        list(scan(f"( {rows} )", depth=3, operators=10, comments=False))


@given(st.text(alphabet="<>?a:b#'\"\\ \n\r.()[]{}|&^@1e-_*/=!,;u0x", max_size=60))
def test_no_character_but_white_space_is_passed_over(text: str) -> None:
    try:
        found = list(tokens(text))
    except QueryRefused:
        return
    end = 0
    for token in found:
        assert text[end : token.start].strip(" \t\r\n") == ""
        assert text.startswith(token.text, token.start)
        end = token.start + len(token.text)
    assert text[end:].strip(" \t\r\n") == ""
