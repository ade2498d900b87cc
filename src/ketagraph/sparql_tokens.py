"""SPARQL text in, tokens out; linear in the text's length, and no character is passed over.

Refused: characters that begin no token, strings that are not closed or hold a bad escape, brackets that do
not match, text whose extent depends on the parser that reads it, and more nesting or operators than allowed.

Engines read ``<`` in two ways: by the specification the longest match wins, so ``?a<?b&&?c>`` holds an IRI;
a parser without a lexer sees two comparisons. Only an opening parenthesis can hold comparisons, and only
after an operand, so only there is the choice made: for the comparison, unless it is plainly an IRI, and for
neither where the readings would disagree on where strings and comments begin.

Grammar: https://www.w3.org/TR/sparql11-query/#sparqlGrammar, with the punctuation of SPARQL 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ketagraph.errors import QueryRefused

__all__ = ["FORMS", "UPDATES", "WORDS", "Token", "refusal", "scan", "tokens"]

FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
UPDATES = frozenset({"ADD", "CLEAR", "COPY", "CREATE", "DELETE", "DROP", "INSERT", "LOAD", "MOVE", "WITH"})

_LISTED = """
A ABS ADJUST AS ASC ASK AVG BASE BIND BNODE BOUND BY CEIL COALESCE CONCAT CONSTRUCT CONTAINS COUNT DATATYPE
DAY DESC DESCRIBE DISTINCT ENCODE_FOR_URI EXISTS FALSE FILTER FLOOR FROM GRAPH GROUP GROUP_CONCAT HASLANG
HASLANGDIR HAVING HOURS IF IN IRI ISBLANK ISIRI ISLITERAL ISNUMERIC ISTRIPLE ISURI LANG LANGDIR LANGMATCHES
LATERAL LCASE LIMIT MAX MD5 MIN MINUS MINUTES MONTH NAMED NOT NOW OBJECT OFFSET OPTIONAL ORDER PREDICATE
PREFIX RAND REDUCED REGEX REPLACE ROUND SAMETERM SAMPLE SECONDS SELECT SEPARATOR SERVICE SHA1 SHA256 SHA384
SHA512 SILENT STR STRAFTER STRBEFORE STRDT STRENDS STRLANG STRLANGDIR STRLEN STRSTARTS STRUUID SUBJECT
SUBSTR SUM TIMEZONE TRIPLE TRUE TZ UCASE UNDEF UNION URI UUID VALUES VERSION WHERE YEAR
"""
WORDS = frozenset(_LISTED.split())
"""Every word of SPARQL 1.1 and 1.2 queries; LATERAL and ADJUST are proposals (SPARQL-dev SEP 6 and 2)."""

_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_REST = _BASE + "_0-9\u00b7\u0300-\u036f\u203f\u2040"
_LOCAL_ESCAPES = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"
_STRING_ESCAPES = r"\\(?:[tbnrf\\\"']|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})"
_IRI_RUN = r'[^<>"{}|^`\\\x00-\x20]*+'
_OUTSIDE_IRI = "[01][0-9A-Fa-f]|2[02]|3[CcEe]|5[CcEe]|60|7[B-Db-d]"
_IRI_ESCAPES = rf"\\u(?!00(?:{_OUTSIDE_IRI}))[0-9A-Fa-f]{{4}}|\\U(?!000000(?:{_OUTSIDE_IRI}))[0-9A-Fa-f]{{8}}"

# A text of n characters costs n steps, whatever it holds: repetition is of single characters and possessive,
# or of groups whose alternatives begin with different characters, or bounded. Possessive groups would say
# the same, but early Python 3.11 matches them wrongly: https://github.com/python/cpython/issues/106052.
_TOKEN = re.compile(
    rf"""[ \t\r\n]*+(?:
    (?P<variable>[?$][{_BASE}_0-9][{_REST}]*+)
  | (?P<iri><{_IRI_RUN}(?:(?:{_IRI_ESCAPES}){_IRI_RUN})*>)
  | (?P<name>(?:[{_BASE}][{_REST}.\-]{{0,255}}+(?<!\.))?:
        (?:(?:[{_REST}:]|{_LOCAL_ESCAPES})[{_REST}:\-]*+
            (?:(?:{_LOCAL_ESCAPES}|\.++(?=[{_REST}:\-%\\]))[{_REST}:\-]*+)*)?)
  | (?P<word>[A-Za-z][A-Za-z0-9_]*+)
  | (?P<open>\{{\||[(\[{{])
  | (?P<close>\|\}}|>>|[)\]}}])
  | (?P<string>\"\"\"[^"\\]*+(?:(?:{_STRING_ESCAPES}|""?(?!"))[^"\\]*+)*\"\"\"
        | \'\'\'[^'\\]*+(?:(?:{_STRING_ESCAPES}|''?(?!'))[^'\\]*+)*\'\'\'
        | "(?!"")[^"\\\r\n]*+(?:{_STRING_ESCAPES}[^"\\\r\n]*+)*"
        | '(?!'')[^'\\\r\n]*+(?:{_STRING_ESCAPES}[^'\\\r\n]*+)*')
  | (?P<number>(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)[eE][+-]?[0-9]++ | [0-9]*+\.[0-9]++ | [0-9]++)
  | (?P<comment>\#[^\r\n]*+)
  | (?P<datatype>\^\^)
  | (?P<less><<|<=|<)
  | (?P<operator>\|\||&&|!=|>=|[.,;=>!*/+\-|^?~])
  | (?P<language>@[A-Za-z]++(?:-[A-Za-z0-9]++)*(?:--[A-Za-z]++)?)
  | (?P<blank>_:[{_BASE}_0-9][{_REST}\-]*+(?:\.++[{_REST}\-]++)*)
  | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_TERMS = frozenset({"variable", "iri", "name", "string", "number", "blank"})
_CLOSES = {"(": ")", "[": "]", "{": "}", "{|": "|}", "<<": ">>"}
# Read as code, ``http:`` would be a prefixed name and ``//`` an error: such text can only be an IRI.
_HIERARCHICAL = re.compile(r"<[A-Za-z][A-Za-z0-9+.\-]*://")
_PLAIN = re.compile(r"<[A-Za-z][A-Za-z0-9_.:%@~\-]{0,255}>")


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text as written, and its offset in characters, 0-based.

    Kinds: variable, iri, name (prefixed), blank, string, language, datatype (``^^``), number, word, open,
    close, operator, comment.
    """

    kind: str
    text: str
    start: int


def tokens(query: str, *, comments: bool = True) -> Iterator[Token]:
    """Yield the tokens of ``query`` in order, white space left out.

    Raises:
        QueryRefused: the text cannot be read as tokens, with line and column.
    """
    unlimited = len(query) + 1
    for kind, text, start in scan(query, depth=unlimited, operators=unlimited, comments=comments):
        yield Token(kind, text, start)


def refusal(query: str, offset: int, message: str, status: int = 400) -> QueryRefused:
    """Make the error that names the line and column of ``offset`` (0-based) in ``query``."""
    line = query.count("\n", 0, offset) + 1
    column = offset - query.rfind("\n", 0, offset)
    return QueryRefused(f"line {line}, column {column}: {message}", line=line, column=column, status=status)


def scan(query: str, *, depth: int, operators: int, comments: bool) -> Iterator[tuple[str, str, int]]:
    """Yield (kind, text, offset) of every token; bare tuples and one long loop, because this is the hot path.

    ``depth`` bounds open brackets. ``operators`` bounds everything an engine builds a node of its plan from:
    operators and separators, brackets, and terms that stand side by side; the rows of VALUES are data and
    are not counted.

    Raises:
        QueryRefused: as :func:`tokens`, and where a bound is passed.
    """
    match, brackets = _TOKEN.match, _Brackets(query, depth)
    position, count, operand = 0, 0, False
    while (found := match(query, position)) and (kind := found.lastgroup or "end") != "end":
        start, position = found.span(kind)
        if kind in _TERMS:
            if operand and not brackets.data:
                count += 1
                if kind == "iri" and brackets.top == "(" and (sign := _comparison(query, start, position)):
                    kind, position = "operator", start + len(sign)
            operand = kind != "operator"
        elif kind == "word":
            operand = brackets.word(query[start:position].upper())
        elif kind == "operator":
            count += 1
            operand = query[start] == "?"  # a path's ?, after which no comparison can stand either
        elif kind == "open":
            count += not brackets.data
            brackets.open(query[start:position], start)
            operand = False
        elif kind == "close":
            brackets.close(query[start:position], start)
            operand = True
        elif kind == "less":
            count += 1
            kind, position = brackets.less(start, position, operand=operand)
            operand = False
        elif kind == "datatype":
            count += not operand  # without a literal before it, a chain of inverses
            operand = False
        elif kind == "comment" and not comments:
            continue
        if count > operators:
            raise refusal(query, start, _too_many(operators))
        yield kind, query[start:position], start
    if not found:
        raise _unreadable(query, position)
    brackets.finish()


class _Brackets:
    """The brackets open at one point of a query, and whether they enclose the rows of VALUES."""

    __slots__ = ("_limit", "_query", "_stack", "_values", "data", "top")

    def __init__(self, query: str, limit: int) -> None:
        self._query, self._limit = query, limit
        self._stack: list[tuple[str, int]] = []
        self._values = False
        self.data = 0
        self.top = ""

    def word(self, word: str) -> bool:
        """Take note of VALUES; answer whether ``word`` is an operand."""
        self._values |= word == "VALUES"
        return word in {"TRUE", "FALSE"}

    def open(self, bracket: str, start: int) -> None:
        if len(self._stack) >= self._limit:
            message = f"brackets nest deeper than {self._limit}; flatten the query or split it"
            raise refusal(self._query, start, message)
        self._stack.append((bracket, start))
        self.top = bracket
        if self._values and bracket == "{":
            self.data, self._values = len(self._stack), False

    def close(self, bracket: str, start: int) -> None:
        if _CLOSES.get(self.top) != bracket:
            expected = f"; expected `{_CLOSES[self.top]}`" if self._stack else ""
            raise refusal(self._query, start, f"`{bracket}` closes no open bracket{expected}")
        self._stack.pop()
        self.top = self._stack[-1][0] if self._stack else ""
        if len(self._stack) < self.data:
            self.data = 0

    def less(self, start: int, end: int, *, operand: bool) -> tuple[str, int]:
        """Read the ``<``, ``<=`` or ``<<`` at ``start``, which begins no IRI; answer kind and end."""
        compares = operand and self.top == "(" and not self.data
        if self._query.startswith("<<", start):
            inner = _TOKEN.match(self._query, start + 1) if compares else None
            if inner and inner.lastgroup == "iri":
                _comparison(self._query, start + 1, inner.end())
                return "operator", start + 1
            self.open("<<", start)
            return "open", end
        if compares:
            return "operator", end
        message = "`<` begins no IRI here: an IRI ends in `>` and holds no space, quote, brace or backslash"
        raise refusal(self._query, start, message)

    def finish(self) -> None:
        if self._stack:
            raise refusal(self._query, self._stack[-1][1], f"`{self.top}` is never closed")


def _comparison(query: str, start: int, end: int) -> str:
    """``<`` or ``<=`` where the text between ``start`` and ``end`` is a comparison, empty where an IRI."""
    text = query[start:end]
    if _HIERARCHICAL.match(text):
        return ""
    if "#" in text or "'" in text:
        message = f"{_shown(text)} may be an IRI or a comparison; write a prefixed name, or spaces around `<`"
        raise refusal(query, start, message)
    if _PLAIN.fullmatch(text):
        return ""
    return "<=" if text[1] == "=" else "<"


def _too_many(limit: int) -> str:
    return f"more than {limit} operators, separators and brackets; split the query or list values in VALUES"


def _unreadable(query: str, position: int) -> QueryRefused:
    while query[position] in " \t\r\n":
        position += 1
    character = query[position]
    if character in "\"'":
        message = r"this string is not closed, or holds an escape other than \t \b \n \r \f \" \' \\ \uXXXX"
    elif character == "\\":
        message = "`\\` may stand only in strings, IRIs and the local part of prefixed names"
    else:
        message = f"{_shown(character)} (U+{ord(character):04X}) begins no token"
    return refusal(query, position, message)


def _shown(text: str) -> str:
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`" if text.isprintable() else "this character"
