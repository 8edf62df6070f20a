"""Which records must stay together: near-copies, and records of one group.

Records that share a key in any of several columns are joined, directly or through
others. Near-copies are recognized by one key of the normalized question; any other way of finding
them (band hashes of MinHash signatures, verified pairs) is one more column of keys.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets.records import key_of_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.records import Record

_DIGITS = re.compile(r"\d+")
_NO_WORD = re.compile(r"[\W_]+")
# What the two patterns and casefold do to ASCII, many times faster.
_ASCII_FOLDING = bytes(
    code if chr(code).isalpha() else 48 if chr(code).isdigit() else 32
    for code in (ord(chr(code).lower()) for code in range(128))
).ljust(256)


def near_key(record: Record) -> int:
    """Return a hash that is equal for questions that differ in case, signs or digits alone."""
    question = "\n".join([message.identity for message in record.question]) or record.answer
    return key_of_text("near", _folded(question) or question)


def group_key(value: str) -> int:
    """Return a hash of a group's name."""
    return key_of_text("group", value)


def components(columns: Sequence[NDArray[np.uint64]]) -> NDArray[np.intp]:
    """Return for each record the first record that it is joined with, itself if none.

    Args:
        columns: Columns of keys, each as long as there are records.
    """
    label = np.arange(len(columns[0]), dtype=np.intp)
    inverses = [np.unique(column, return_inverse=True)[1] for column in columns]
    while True:
        before = label
        for inverse in inverses:
            smallest = np.full(inverse.max(initial=-1) + 1, len(label), dtype=np.intp)
            np.minimum.at(smallest, inverse, label)
            label = smallest[inverse]
        label = label[label]
        if np.array_equal(label, before):
            return label


def _folded(text: str) -> str:
    if text.isascii():
        return (
            _squeezed(_squeezed(text.encode().translate(_ASCII_FOLDING), b"0"), b" ")
            .decode()
            .strip()
        )
    folded = unicodedata.normalize("NFKC", text.casefold())
    return _NO_WORD.sub(" ", _DIGITS.sub("0", folded)).strip()


def _squeezed(text: bytes, sign: bytes) -> bytes:
    """Return the text with each run of a sign as one."""
    while sign * 2 in text:
        text = text.replace(sign * 2, sign)
    return text
