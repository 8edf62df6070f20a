"""How many tokens a text is, estimated by kinds of characters.

No tokenizer of Nova or Llama ships in a package registry. So there are two figures: `likely`, for
cost, and `most`, for limits, which one record over makes a paid job fail. They follow the usual
behaviour of byte-pair tokenizers and are not calibrated against the models' own: expect `likely`
within a fifth for English prose and further off for code and rare scripts.
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

    from bedrock_customization_runtime.datasets.records import Record

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = b"0123456789"
_SPACES = b" \t\n"
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_EUROPEAN = re.compile("[\u0080-\u052f\u2010-\u2027]")
_LETTER_A, _DIGIT_0 = np.frombuffer(b"a0", dtype=np.uint8)
_NARROW = 2**16 - 1
_LONG_WORD = 12
"""Letters per word on average, beyond which a text is no prose but base64, hashes and the like."""
_TURN = (4, 8)
"""Tokens of the chat template around each text."""


class Tokens(msgspec.Struct, frozen=True):
    """An estimate."""

    likely: int
    most: int


def estimate(record: Record) -> Tokens:
    """Return the tokens of a record: its system prompt and all its messages."""
    likely, most = _estimate(record.system) if record.system else (0.0, 0.0)
    for message in record.messages:
        text_likely, text_most = _estimate(message.text)
        likely += text_likely + _TURN[0]
        most += text_most + _TURN[1]
    return Tokens(round(likely), round(most))


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
    turns = _TURN[0] * np.asarray(messages, dtype=np.float64)
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
    # Smaller numbers wrap round to large ones.
    letters, digits, spaces = (
        counted(kind.view(np.uint8)).astype(np.intp)
        for kind in (
            (octets | np.uint8(32)) - _LETTER_A < np.uint8(26),
            octets - _DIGIT_0 < np.uint8(10),
            (octets == _SPACES[0]) | (octets == _SPACES[1]) | (octets == _SPACES[2]),
        )
    )
    spaces -= 1  # the line end after each text
    words = np.minimum(letters, spaces + 1)
    signs = sizes - letters - digits - spaces
    likely: NDArray[np.float64] = (
        np.maximum(1.05 * words, letters / 4.5) + digits / 2.5 + 0.7 * signs
    )
    return likely


def _estimate(text: str) -> tuple[float, float]:
    if text.isascii():
        return _estimate_ascii(text.encode())
    plain = text.encode("ascii", "ignore")
    likely, most = _estimate_ascii(plain)
    beyond = len(text) - len(plain)
    wide = len(_WIDE.findall(text))
    european = len(_EUROPEAN.findall(text))
    other = beyond - wide - european
    return (
        likely + 0.9 * wide + 0.5 * european + 0.9 * other,
        most + 2 * wide + european + 3 * other,
    )


def _estimate_ascii(text: bytes) -> tuple[float, float]:
    size = len(text)
    letters = size - len(text.translate(None, _LETTERS))
    digits = size - len(text.translate(None, _DIGITS))
    spaces = size - len(text.translate(None, _SPACES))
    signs = size - letters - digits - spaces
    words = min(letters, spaces + 1)
    likely = max(1.05 * words, letters / 4.5) + digits / 2.5 + 0.7 * signs
    prose = letters <= _LONG_WORD * words
    return likely, max(1.4 * words, letters / (3 if prose else 1.5)) + digits + signs + spaces / 8
