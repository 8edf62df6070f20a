"""What makes a record a poor example, as far as a program can tell without knowing the task.

There is no language model and no language detection here: languages are told apart by their writing
system alone, so French and English are one, Russian and English two.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from operator import eq
from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What UTF-8's lead bytes C2, C3 and E2 become when they are read as Windows-1252, with what follows
# them. Some of that also follows a real capital at the end of a word, as in «AMANHÃ».
_MOJIBAKE = re.compile(
    "[\u00c2\u00c3](?:[\u0080-\u009f\u00a1-\u00a9\u00ac\u00ad\u00af\u00b1-\u00b3\u00b5\u00b6"
    "\u00b8\u00b9\u00bc-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2020\u2021\u2030]|(?<![A-Z\u00c0-\u00de].)(?:[\u00a0\u00aa\u00ab\u00ae\u00b0\u00b4\u00b7"
    "\u00ba\u00bb]|[\u2013-\u201e\u2022\u2026\u2039\u203a\u2122](?=[a-z])))"
    "|\u00e2\u20ac[\u0153\u009d\u2122\u02dc\u201c\u201d\u00a6\u00a2]|\u00ef\u00bf\u00bd"
)
_CHAT_TEMPLATE = re.compile(r"<\|[a-z_]{2,32}\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>")
_PROBE = 16
_PROBED_FROM = 200
"""Characters, from which an answer can be degenerate."""
_RUN = 4
_DISTINCT = 0.2
"""Share of distinct runs of words, below which a text repeats itself."""
_SAMPLE = 400
_LETTERS_NEEDED = 20
_MAJORITY = 0.7

# Where blocks of writing systems begin, and which each is; "" where several share or none is meant.
_SCRIPTS = (
    (0x0000, "Latin"), (0x0370, "Greek"), (0x0400, "Cyrillic"), (0x0530, "Armenian"),
    (0x0590, "Hebrew"), (0x0600, "Arabic"), (0x0700, ""), (0x0750, "Arabic"), (0x0780, ""),
    (0x0900, "Devanagari"), (0x0980, "Bengali"), (0x0A00, "Gurmukhi"), (0x0A80, "Gujarati"),
    (0x0B00, "Odia"), (0x0B80, "Tamil"), (0x0C00, "Telugu"), (0x0C80, "Kannada"),
    (0x0D00, "Malayalam"), (0x0D80, "Sinhala"), (0x0E00, "Thai"), (0x0E80, "Lao"), (0x0F00, ""),
    (0x1000, "Myanmar"), (0x10A0, "Georgian"), (0x1100, "Hangul"), (0x1200, "Ethiopic"),
    (0x13A0, ""), (0x1780, "Khmer"), (0x1800, ""), (0x1E00, "Latin"), (0x1F00, "Greek"),
    (0x2000, ""), (0x3040, "Han and Kana"), (0x3130, "Hangul"), (0x3190, "Han and Kana"),
    (0xA000, ""), (0xAC00, "Hangul"), (0xD7B0, ""), (0xF900, "Han and Kana"), (0xFB00, ""),
    (0xFB50, "Arabic"), (0xFE00, ""), (0xFF66, "Han and Kana"), (0xFFA0, ""),
    (0x20000, "Han and Kana"), (0x40000, ""),
)  # fmt: skip
_STARTS = [start for start, _ in _SCRIPTS]


def judge(question: str, answer: str, note: Callable[[rules.Rule], None]) -> None:
    """Note what is doubtful about a record.

    Args:
        question: What is asked; "" where nothing is.
        answer: What is to be learned; "" where nothing is.
        note: Is told of each rule.
    """
    if repeats_itself(answer):
        note(rules.REPETITION)
    if question and question == answer:
        note(rules.ANSWER_IS_QUESTION)
    for text in (question, answer):
        if not text.isascii() and _MOJIBAKE.search(text):
            note(rules.MOJIBAKE)
        if _CHAT_TEMPLATE.search(text):
            note(rules.CHAT_TEMPLATE)
    if not (question.isascii() and answer.isascii()):
        asked, answered = script_of(question), script_of(answer)
        if asked and answered and asked != answered:
            note(rules.ANSWER_SCRIPT)


def doubtful(questions: Sequence[str], answers: Sequence[str]) -> list[int]:
    """Return of which records `judge` may say something, by number; all others are sound.

    Args:
        questions: As `judge` takes them.
        answers: Of the same records.
    """
    found = {
        number
        for number, answer in enumerate(answers)
        if len(answer) >= _PROBED_FROM and _repeats_a_piece(answer)
    }
    # All at once first: in most blocks there is nothing else to find.
    if any(map(eq, questions, answers)) or not _is_usual("".join((*questions, *answers))):
        found.update(
            number
            for number, (question, answer) in enumerate(zip(questions, answers, strict=True))
            if question == answer or not (_is_usual(question) and _is_usual(answer))
        )
    return sorted(found)


def _is_usual(text: str) -> bool:
    """Whether a text is ASCII, and holds nothing that a token of a chat template begins with."""
    return text.isascii() and "<" not in text and "[" not in text


def _repeats_a_piece(text: str) -> bool:
    """Whether a piece of the text comes again and again, as any does in what repeats itself."""
    middle = len(text) // 2
    return text.count(text[middle : middle + _PROBE]) * _PROBE * 8 >= len(text)


def repeats_itself(text: str) -> bool:
    """Whether a text says the same over and over, as a model does that lost its way."""
    if len(text) < _PROBED_FROM or not _repeats_a_piece(text):
        return False
    words = text.split()
    units: list[str] | str = words if len(words) * 20 > len(text) else text
    length = _RUN if isinstance(units, list) else 2 * _RUN
    runs = len(units) - length + 1
    if runs < _RUN * _RUN:
        return False
    distinct = {tuple(units[start : start + length]) for start in range(runs)}
    return len(distinct) < _DISTINCT * runs


def script_of(text: str) -> str | None:
    """Return the writing system of most of a text's letters, None where too few or mixed."""
    sample = text[:_SAMPLE]
    if sample.isascii():
        letters = sum(map(str.isalpha, sample))
        return "Latin" if letters >= _LETTERS_NEEDED else None
    counts = Counter(
        _SCRIPTS[bisect_right(_STARTS, ord(sign)) - 1][1] for sign in sample if sign.isalpha()
    )
    total = counts.total()
    if total < _LETTERS_NEEDED:
        return None
    script, count = counts.most_common(1)[0]
    return script if script and count >= _MAJORITY * total else None
