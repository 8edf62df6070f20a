"""Answers that speak to whoever judges them: what gives them away, and how they are wrapped.

Text that a model learned to write can ask its judge for a score. No list of patterns finds every
such text; these find the plain ones, in English, and a judgement of such an answer does not count.
RE2 searches in time linear in the text, which a hostile answer may make long.
"""

from __future__ import annotations

import json
import unicodedata
from functools import cache

import re2

# Of a scale's upper end; lower numbers stand in too many honest answers.
_SCORE = r"(?:10|100|ten|full|max(?:imum)?|highest|perfect|top|best)"
_ASKS_FOR = r"\b(?:give|award|assign|grant|rate|grade|score|mark)\b"
_FILLERS = (
    r"(?:me|us|it|this|that|the|my|an?|as|with|of|above|perfect|answer|response|output|submission)"
)
# "Give 10", "rate this answer 10/10", but neither "give 10 days of notice" nor `"score": 10`.
_SCORE_WORDS = r"(?:points?|marks?|stars?|scores?|ratings?|grades?)\b"
_END = rf"(?:\s*(?:/\s*10|out of\b|{_SCORE_WORDS})|\s*[.!,;:\"')\]]|\s*$)"
_INSTRUCTIONS = (
    r"(?:instructions?|rubrics?|criteri(?:a|on)|guidelines?|grading|scoring|system prompt)"
)
_GREETING = r"(?:dear|hey|hello|attention|note (?:to|for)|message (?:to|for)|you are)"
_JUDGES = r"(?:judges?|graders?|evaluators?|raters?|assessors?)"
_PATTERNS = (
    rf"\b(?:ignore|disregard|forget|override|bypass)\b(?:\W+\w+){{0,4}}?\W+{_INSTRUCTIONS}\b",
    rf"{_ASKS_FOR}(?:[^\w\"]+{_FILLERS}\b){{0,6}}[^\w\"]+{_SCORE}{_END}",
    r"\b5\s*(?:/|out of)\s*5\b",
    r"\b(?:full|max(?:imum)?|highest|perfect|top) (?:marks?|scores?|ratings?|grades?|points?)\b",
    rf"\b{_GREETING}\W+(?:(?:the|an?|ai|llm|automated|impartial)\W+){{0,3}}{_JUDGES}\b",
    # What ends the data in a judge's instructions, or is filled in there.
    r"</\s*(?:response|prediction|submission|prompt|reference)\s*>",
    r"\{\{\s*(?:prompt|prediction|ground_truth)\s*\}\}",
)


_INVISIBLE = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF]
)
# What JSON may write otherwise and a tag needs.
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e"})


def as_data(value: object) -> str:
    """Return a value as JSON in which no tag around it can be closed."""
    return json.dumps(value, ensure_ascii=False).translate(_ESCAPED)


def is_injection(text: str) -> bool:
    """Return whether a text speaks to its judge, or of its own score."""
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    return _injection().search(plain.encode(errors="replace").decode()) is not None


@cache
def _injection() -> re2._Regexp[str]:
    options = re2.Options()
    options.case_sensitive = False
    return re2.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), options)
