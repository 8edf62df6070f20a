"""How many tokens a text is, estimated by kinds of characters.

No tokenizer of Nova or Llama ships in a package registry. So there are two figures: `likely`, for
cost, and `most`, for limits, which one record over makes a paid job fail. They are fitted to four
public byte-pair tokenizers of 65,000 to 200,000 tokens; `ERROR` says how far off `likely` is from
their median, `most` is below the largest for one text of a hundred (docs/token-estimates.md).
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.record_formats.records import Record

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = b"0123456789"
_SPACES = b" \t\n"
ERROR = 0.2
"""Share by which `likely` may be off for nine texts of ten; other languages and digits, a third."""
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+")
_ACCENTED = re.compile("[\u0080-\u024f]+")
_ALPHABETIC = re.compile("[\u0370-\u052f\u1e00-\u1eff]+")
_LETTER_A, _DIGIT_0 = np.frombuffer(b"a0", dtype=np.uint8)
_NARROW = 2**16 - 1
_LONG_WORD = 12
"""Letters per word on average, beyond which a text is no prose but base64, hashes and the like."""
_FOREIGN = 200
"""Letters for each accented one, below which a text is not English, whose words cost least."""


class _Weights(msgspec.Struct, frozen=True):
    """Tokens for each of a kind of characters."""

    word: float
    letter: float
    """At least so many, where words are long."""
    foreign_letter: float
    jumbled_letter: float
    """Of base64, hashes and the like."""
    digit: float
    between_digits: float
    sign: float
    space: float
    wide: float
    accented: float
    alphabetic: float
    other: float


_LIKELY = _Weights(
    word=1.05,
    letter=1 / 4.2,
    foreign_letter=1 / 4.2,
    jumbled_letter=1 / 1.6,
    digit=1 / 1.9,
    between_digits=0.5,
    sign=0.7,
    space=0,
    wide=1,
    accented=1.8,
    alphabetic=0.5,
    other=0.9,
)
_MOST = _Weights(
    word=1.5,
    letter=1 / 2.6,
    foreign_letter=1 / 2.2,
    jumbled_letter=1 / 1.2,
    digit=1,
    between_digits=1,
    sign=1,
    space=1 / 8,
    wide=2,
    accented=2,
    alphabetic=1.6,
    other=3,
)
TURN = (4, 8)
"""Tokens of the chat template around each text: likely, and at most."""


class Tokens(msgspec.Struct, frozen=True):
    """An estimate."""

    likely: int
    most: int


def estimate(record: Record) -> Tokens:
    """Return the tokens of a record: its system prompt and all its messages."""
    likely, most = _estimate(record.system) if record.system else (0.0, 0.0)
    for message in record.messages:
        text_likely, text_most = _estimate(message.text)
        likely += text_likely + TURN[0]
        most += text_most + TURN[1]
    return Tokens(round(likely), round(most))


def likely_of_text(text: str) -> int:
    """Return the likely tokens of a text that stands alone, without a chat template."""
    return round(_estimate(text)[0])


def likely_of(texts: Sequence[str], messages: Sequence[int]) -> NDArray[np.uint64]:
    """Return the likely tokens of many records at once.

    Args:
        texts: Of each record, its system prompt and messages joined by line ends.
        messages: How many messages each has.
    """
    joined = "\n".join((*texts, ""))
    if not joined.isascii():
        estimates = np.array([_estimate(text)[0] for text in texts])
    else:
        estimates = _likely_ascii(joined.encode(), [*map(len, texts)])
    turns = TURN[0] * np.asarray(messages, dtype=np.float64)
    likely: NDArray[np.uint64] = np.rint(estimates + turns).astype(np.uint64)
    return likely


def _likely_ascii(joined: bytes, lengths: list[int]) -> NDArray[np.float64]:
    """Return the likely tokens of texts, each with a line end after it."""
    sizes = np.asarray(lengths)
    begins = np.cumsum(sizes + 1) - sizes - 1
    octets = np.frombuffer(joined, dtype=np.uint8)
    # The narrower the sums, the faster.
    counted = partial(
        np.add.reduceat, indices=begins, dtype=np.uint16 if sizes.max() < _NARROW else np.uint32
    )
    # Smaller numbers wrap round to large ones; in one place of memory, which stays in the cache.
    place = octets | np.uint8(32)
    place -= np.uint8(_LETTER_A)
    letters = counted((place < np.uint8(26)).view(np.uint8)).astype(np.intp)
    np.subtract(octets, np.uint8(_DIGIT_0), out=place)
    digits = counted((place < np.uint8(10)).view(np.uint8)).astype(np.intp)
    blank = octets == _SPACES[0]
    blank |= octets == _SPACES[1]
    blank |= octets == _SPACES[2]
    spaces = counted(blank.view(np.uint8)).astype(np.intp)
    spaces -= 1  # the line end after each text
    words = np.minimum(letters, spaces + 1)
    weights = _LIKELY
    signs = sizes - letters - digits - spaces
    between = np.minimum(spaces + 1 - words, digits)
    jumbled = letters > _LONG_WORD * (spaces + signs + 1)
    of_words = np.where(
        jumbled,
        weights.jumbled_letter * letters,
        np.maximum(weights.word * words, weights.letter * letters),
    )
    likely: NDArray[np.float64] = (
        of_words + weights.digit * digits + weights.between_digits * between + weights.sign * signs
    )
    return likely


def _estimate(text: str) -> tuple[float, float]:
    if text.isascii():
        return _estimate_ascii(text.encode(), 0)
    plain = text.encode("ascii", "ignore")
    accented = _count(_ACCENTED, text)
    other = len(text) - len(plain) - accented
    wide = _count(_WIDE, text) if other else 0
    alphabetic = _count(_ALPHABETIC, text) if other > wide else 0
    other -= wide + alphabetic
    likely, most = _estimate_ascii(plain, accented)
    return (
        likely
        + _LIKELY.wide * wide
        + _LIKELY.accented * accented
        + _LIKELY.alphabetic * alphabetic
        + _LIKELY.other * other,
        most
        + _MOST.wide * wide
        + _MOST.accented * accented
        + _MOST.alphabetic * alphabetic
        + _MOST.other * other,
    )


def _count(kind: re.Pattern[str], text: str) -> int:
    return sum(map(len, kind.findall(text)))


def _estimate_ascii(text: bytes, accented: int) -> tuple[float, float]:
    size = len(text)
    letters = size - len(text.translate(None, _LETTERS))
    digits = size - len(text.translate(None, _DIGITS))
    spaces = size - len(text.translate(None, _SPACES))
    signs = size - letters - digits - spaces
    words = min(letters, spaces + 1)
    between = min(spaces + 1 - words, digits)
    jumbled = letters > _LONG_WORD * (spaces + signs + 1)
    foreign = accented * _FOREIGN > letters
    likely, most = (
        (
            weights.jumbled_letter * letters
            if jumbled
            else max(
                weights.word * words,
                (weights.foreign_letter if foreign else weights.letter) * letters,
            )
        )
        + weights.digit * digits
        + weights.between_digits * between
        + weights.sign * signs
        + weights.space * spaces
        for weights in (_LIKELY, _MOST)
    )
    return likely, most
