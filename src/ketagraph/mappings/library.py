"""SSSOM text in, what the ``sssom`` library finds wrong with it out: the only door to that library."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ketagraph.errors import EnvironmentFault, Fault

__all__ = ["faults"]

_PLACE = re.compile(r"(.*?) in /mappings/(\d+)(?:/(\w+))?", re.DOTALL)


def faults(text: str, shown: str, lines: Sequence[int]) -> list[Fault]:
    """Validate against the SSSOM schema, its prefixes and its CURIE rules.

    ``lines`` are the line numbers of the rows of ``text``, in order; ``shown`` names the file in faults.
    """
    with _quietly():
        # Heavy: they load pandas and LinkML, which is why the library is an extra.
        try:
            from sssom.parsers import parse_tsv
            from sssom.validators import validate
        except ImportError as error:
            raise EnvironmentFault(
                "the sssom library is not installed; run: pip install 'ketagraph[sssom]'"
            ) from error
        try:
            parsed = parse_tsv(io.StringIO(text))
            reports = validate(parsed, fail_on_error=False)
            kept = len(parsed.to_mappings())
        except (KeyError, TypeError, ValueError) as error:
            return [Fault(shown, 0, "", f"the sssom library cannot read it: {error}")]
    found = [
        _fault(str(result.message), shown, lines) for report in reports.values() for result in report.results
    ]
    if kept != len(lines) and not found:
        found = [Fault(shown, 0, "", f"the sssom library keeps {kept} of {len(lines)} rows")]
    return found


def _fault(message: str, shown: str, lines: Sequence[int]) -> Fault:
    place = _PLACE.fullmatch(message)
    if not place:
        return Fault(shown, 0, "", message)
    return Fault(shown, lines[int(place[2])], place[3] or "", place[1])


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence the library's log and its dependencies' deprecations; what it finds, it returns."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
