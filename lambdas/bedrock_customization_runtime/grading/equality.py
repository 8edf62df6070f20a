"""Answers that say the same in other words: texts, JSON and numbers."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.contract.grading import NotGraded
from bedrock_customization_runtime.grading.samples import NotGradedError

if TYPE_CHECKING:
    from bedrock_customization_runtime.grading.samples import Sample

# In English notation, and not the end of a word or of another number: "Q3", "1.2.3".
_NUMBER = re.compile(
    r"(?<![\w.])[-+\u2212]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII
)
_MAXIMUM_CHARACTERS, _MAXIMUM_EXPONENT = 100, 1000
"""Of a number that is compared: more than anybody asks for, and quick."""


def normalise(text: str) -> str:
    """Return the form in which texts are compared.

    Two texts are equal in this form exactly if they are canonical caseless matches of each other in
    Unicode's sense, white space at both ends aside.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold()).strip()


def exact_match(sample: Sample) -> float:
    """Return 1 if answer and reference are the same text, normalised."""
    return float(normalise(sample.reference_text()) == normalise(sample.answer))


def json_equality(sample: Sample) -> float:
    """Return 1 if the answer is the reference's JSON value: the order of keys does not count.

    A reference that is a string is itself read as JSON, because a data set's answers are texts.
    """
    reference = sample.reference
    if reference is None:
        raise NotGradedError(NotGraded.REFERENCE_MISSING)
    if isinstance(reference, str):
        reference = _parsed(reference, NotGraded.REFERENCE_UNREADABLE)
    return float(_same(reference, _parsed(sample.answer, NotGraded.ANSWER_UNREADABLE)))


def is_json(text: str) -> bool:
    """Return whether a text is one JSON value."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def numeric_tolerance(sample: Sample, *, absolute: float, relative: float) -> float:
    """Return 1 if the last number of the answer is as near the reference as is allowed.

    Args:
        sample: The answer; the reference is a number, or a text whose last number counts.
        absolute: Difference that is allowed.
        relative: Likewise, as a share of the reference's size; the larger of both counts.
    """
    wanted = _last_number(sample.reference_text(), NotGraded.REFERENCE_UNREADABLE)
    given = _last_number(sample.answer, NotGraded.ANSWER_UNREADABLE)
    # In decimals, or 1.01 would lie more than 0.01 from 1.
    allowed = max(Decimal(str(absolute)), Decimal(str(relative)) * abs(wanted))
    return float(abs(given - wanted) <= allowed)


def _parsed(text: str, otherwise: NotGraded) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise NotGradedError(otherwise) from None


def _same(one: object, other: object) -> bool:
    match one, other:
        case (bool(), _) | (_, bool()):
            # To Python, True is 1.
            return one is other
        case dict(), dict():
            return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
        case list(), list():
            return len(one) == len(other) and all(map(_same, one, other))
    return one == other


def _last_number(text: str, otherwise: NotGraded) -> Decimal:
    found = _NUMBER.findall(text)
    if found and len(found[-1]) <= _MAXIMUM_CHARACTERS:
        number = Decimal(found[-1].replace(",", "").replace("\u2212", "-"))
        if abs(number.adjusted()) <= _MAXIMUM_EXPONENT:
            return number
    raise NotGradedError(otherwise)
