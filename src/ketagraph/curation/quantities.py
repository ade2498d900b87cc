"""A sentence in, its quantities with UCUM units out; ranges have two ends, and citation digits are none.

The tables know a closed list of units (:mod:`ketagraph.tables`), so a table of their spellings does what a
library for units would: those convert and guess, and have no code for a dose per weight and time as UCUM
writes it. See https://ucum.org/ucum
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["UNITS", "Quantity", "quantities"]

UNITS: Mapping[str, str] = {
    r"mg\s?/\s?kg\s?(?:/|\bper\b)\s?(?:h|hr|hour)": "mg/kg/h",
    r"(?:µg|μg|mcg|ug)\s?/\s?kg\s?(?:/|\bper\b)\s?min(?:ute)?": "ug/kg/min",
    r"mg\s?(?:/|\bper\b|\ba\b)\s?(?:d|day)": "mg/d",
    r"mg\s?(?:/|\bper\b)\s?kg": "mg/kg",
    r"(?:mg|milligrams?)": "mg",
    r"(?:µg|μg|mcg|ug|micrograms?)": "ug",
    r"(?:kg|kilograms?)": "kg",
    r"(?:g|grams?)": "g",
    r"(?:ml|mL|millilitres?|milliliters?)": "mL",
    r"(?:IU|international units?)": "[IU]",
    r"(?:cm|centimetres?|centimeters?)": "cm",
    r"(?:(?<![12]\d{3})s|sec|seconds?)": "s",
    r"(?:min|minutes?)": "min",
    r"(?:h|hrs?|hours?)": "h",
    r"(?:d|days?)": "d",
    r"(?:wks?|weeks?)": "wk",
    r"months?": "mo",
    r"(?:years?|yrs?)": "a",
    r"(?:euros?|EUR)": "{EUR}",
    r"(?:dollars?|USD)": "{USD}",
}
"""Spellings of a unit, as patterns, longest unit first → its UCUM code; the 1960s are no seconds."""

_SCALES: Mapping[str, int] = {"thousand": 10**3, "million": 10**6, "billion": 10**9}

_WORDS: Mapping[str, str] = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "thirteen": "13",
    "fourteen": "14",
    "fifteen": "15",
    "sixteen": "16",
    "seventeen": "17",
    "eighteen": "18",
    "nineteen": "19",
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
}
_NUMBER = rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?|\b(?:{'|'.join(_WORDS)})\b"
_RANGE = rf"(?P<low>{_NUMBER})(?:\s?(?:–|-|\bto\b|\band\b|\bor\b)\s?(?P<high>{_NUMBER}))?"
_RANGE += rf"(?:\s?(?P<scale>{'|'.join(_SCALES)})\b)?"
_AFTER = [
    (re.compile(rf"(?<![\w.]){_RANGE}[\s-]?(?:{spelt})(?![\w/])", re.IGNORECASE), unit)
    for spelt, unit in UNITS.items()
] + [
    (re.compile(rf"(?<![\w.]){_RANGE}\s?(?:%|\bper\s?cent\b)", re.IGNORECASE), "%"),
    (re.compile(rf"\$\s?{_RANGE}"), "{USD}"),
    (re.compile(rf"€\s?{_RANGE}"), "{EUR}"),
    (re.compile(r"\bweeks?\s(?P<low>\d+)(?:\s?(?:–|-|to|and)\s?(?P<high>\d+))?", re.IGNORECASE), "wk"),
    (re.compile(r"\bdays?\s(?P<low>\d+)(?:\s?(?:–|-|to|and)\s?(?P<high>\d+))?", re.IGNORECASE), "d"),
]


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """One quantity: where it stands, its ends as decimals without needless zeros, and its UCUM unit."""

    start: int
    end: int
    low: str
    high: str
    unit: str
    text: str


def quantities(sentence: str) -> Iterator[Quantity]:
    """Yield the quantities from left to right; where two spellings fit, the longer unit does."""
    taken: list[Quantity] = []
    for pattern, unit in _AFTER:
        for match in pattern.finditer(sentence):
            if not any(match.start() < each.end and each.start < match.end() for each in taken):
                scale = _SCALES.get((match.groupdict().get("scale") or "").lower(), 1)
                low, high = (_decimal(match[end] or match["low"], scale) for end in ("low", "high"))
                taken.append(Quantity(match.start(), match.end(), low, high, unit, match[0]))
    yield from sorted(taken)


def _decimal(text: str, scale: int) -> str:
    """Write a number without needless zeros; in ``5 to 10 million`` both ends are millions."""
    number = Decimal(_WORDS.get(text.lower(), text).replace(",", "")) * scale
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
