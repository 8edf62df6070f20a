"""What the split must know of each accepted record: a few numbers, 16 hashes of its question.

The hashes of the question's words lie on disk, so that no text is taken apart twice.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets import tokens
from bedrock_customization_runtime.datasets.copies import near_copies
from bedrock_customization_runtime.datasets.copies.words import Words, words_of
from bedrock_customization_runtime.datasets.record_formats.records import (
    Contents,
    key_of_text,
    keys_of,
)
from bedrock_customization_runtime.datasets.spool import Spool
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.record_formats.records import Content

_SLICES = 10_000
"""Combinations of values that are kept: their texts are in memory."""
LABELS = 100
LABEL_CHARACTERS = 200
RECORDS_PER_LABEL = 2
_EXACT = np.uint64(0x9E37_79B9_7F4A_7C15)
"""Odd, so that the keys of question and answer, both hashes, make one that is as good a hash."""
_TEXT_AT_ONCE = 2**17
"""Characters, of last questions and answers, whose words are hashed together: what fits a
processor's cache."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The index as arrays of one length, in the order of the source. Keys are 64-bit hashes."""

    exact: NDArray[np.uint64]
    """Equal for exact copies."""
    question: NDArray[np.uint64]
    """Equal for the same question."""
    near: NDArray[np.uint64]
    """Equal for questions of the same words; case, signs and digits do not count."""
    group: NDArray[np.uint64]
    """Equal for records of one group; the near key where a record has no group."""
    stratum: NDArray[np.uint64]
    """Equal for records that the split spreads alike; 0 where nothing was asked."""
    label: NDArray[np.uint64]
    """Equal for the same answer."""
    slices: NDArray[np.uint64]
    """Equal for records whose results are told apart alike; 0 where nothing was asked."""
    line: NDArray[np.uint64]
    tokens: NDArray[np.uint64]

    def take(self, rows: NDArray[np.intp]) -> Columns:
        """Return the rows with these numbers."""
        return Columns(**{column.name: getattr(self, column.name)[rows] for column in fields(self)})


class Index:
    """Grows by one record at a time.

    Args:
        near_copies: Whether questions that are only similar will be looked for.
    """

    def __init__(self, *, near_copies: bool = True) -> None:
        self._finds_near_copies = near_copies
        self._question = array("Q")
        self._near = array("Q")
        self._group = array("Q")
        self._stratum = array("Q")
        self._label = array("Q")
        self._slices = array("Q")
        self._line = array("Q")
        self._tokens = array("Q")
        self._bands = array("I")
        self._words = Spool()
        self._label_texts: dict[int, str] | None = {}
        self.slice_values: dict[int, dict[str, str]] = {}
        self._waiting = Contents()
        self._waiting_characters = 0

    def append(
        self,
        line: int,
        content: Content,
        *,
        group: str | None = None,
        stratum: str | None = None,
        slices: Mapping[str, str] | None = None,
    ) -> None:
        """Add a record.

        Args:
            line: Where it began in the source.
            content: What it says.
            group: What it must stay together with.
            stratum: What is spread evenly over the sides.
            slices: Values by the columns by which results are told apart.

        Raises:
            DatasetRejected: Results would be told apart too often.
        """
        key = 0
        if slices:
            key = key_of_text("slices", "\0".join(slices.values()))
            if key not in self.slice_values:
                self.slice_values[key] = dict(slices)
                check_slices(self.slice_values)
        contents = Contents()
        contents.append(content)
        self.extend(
            [line],
            contents,
            group=0 if group is None else key_of_text("group", group),
            stratum=0 if stratum is None else key_of_text("stratum", stratum),
            slices=key,
        )

    def extend(
        self,
        lines: Sequence[int],
        contents: Contents,
        *,
        group: int = 0,
        stratum: int = 0,
        slices: int = 0,
    ) -> None:
        """Add records.

        Args:
            lines: Where each began in the source.
            contents: What each says.
            group: Key of what they must stay together with; 0 where that is nothing.
            stratum: Key of what is spread evenly over the sides, likewise.
            slices: Key of values by which results are told apart, likewise.
        """
        answers = keys_of(contents.answers)
        self._question.extend(keys_of(contents.questions))
        self._label.extend(answers)
        self._line.extend(lines)
        self._group += array("Q", (group,)) * len(contents)
        self._stratum += array("Q", (stratum,)) * len(contents)
        self._slices += array("Q", (slices,)) * len(contents)
        if self._label_texts is not None:
            self._keep_labels(answers, contents.answers)
        self._waiting.extend(contents)
        self._waiting_characters += sum(map(len, contents.last)) + sum(map(len, contents.answers))
        if self._waiting_characters >= _TEXT_AT_ONCE:
            self._measure()

    def columns(self) -> Columns:
        """Return the index as arrays; nothing can be added any more while they live."""
        self._measure()
        question, group = _array(self._question), _array(self._group)
        label = _array(self._label)
        near = _array(self._near) if self._finds_near_copies else question
        return Columns(
            exact=question * _EXACT + label,
            question=question,
            near=near,
            group=np.where(group == 0, near, group),
            stratum=_array(self._stratum),
            label=label,
            slices=_array(self._slices),
            line=_array(self._line),
            tokens=_array(self._tokens),
        )

    def bands(self) -> NDArray[np.uint32]:
        """Return 16 hashes for each record, equal ones for questions that may be similar."""
        self._measure()
        flat = np.frombuffer(self._bands, dtype=np.uint32) if self._bands else np.empty(0, "u4")
        return flat.reshape(-1, near_copies.BANDS)

    @property
    def label_texts(self) -> dict[int, str] | None:
        """Answers by key; None once there are too many, or one is too long, for labels."""
        return self._label_texts

    def slices(self, rows: NDArray[np.intp]) -> Iterator[dict[str, str]]:
        """Yield some records' values by which results are told apart."""
        return (self.slice_values.get(self._slices[row], {}) for row in rows.tolist())

    def words(self, rows: NDArray[np.intp]) -> Words:
        """Return the words of some records' questions, if similar ones are looked for."""
        self._measure()
        data, sizes = self._words.joined(rows)
        hashes = np.frombuffer(data, dtype=np.uint32)
        return Words(hashes, np.append(0, np.cumsum(sizes) // hashes.itemsize))

    def close(self) -> None:
        """Remove what is on disk."""
        self._words.close()

    def labels(self) -> dict[int, str] | None:
        """Return the answers by key if they are labels: few, short, each given again and again."""
        return labels_of([self._label_texts], len(self._label))

    def _measure(self) -> None:
        """Count the tokens of the texts that wait, and hash their words."""
        waiting = self._waiting
        if not waiting.answers:
            return
        texts = map("\n".join, zip(waiting.systems, waiting.asked, waiting.answers, strict=True))
        self._tokens.frombytes(tokens.likely_of([*texts], waiting.messages).tobytes())
        if self._finds_near_copies:
            words = words_of(waiting.asked)
            self._words.extend(words.hashes.tobytes(), words.first[1:] * words.hashes.itemsize)
            self._near.frombytes(words.keys().tobytes())
            self._bands.frombytes(near_copies.bands_of(words).tobytes())
        self._waiting = Contents()
        self._waiting_characters = 0

    def _keep_labels(self, keys: Sequence[int], answers: Sequence[str]) -> None:
        kept = self._label_texts
        for key, answer in zip(keys, answers, strict=True):
            if kept is None or key in kept:
                continue
            if len(kept) == LABELS or len(answer) > LABEL_CHARACTERS:
                kept = None
            else:
                kept[key] = answer
        self._label_texts = kept


def labels_of(texts: Sequence[dict[int, str] | None], records: int) -> dict[int, str] | None:
    """Return the labels of a source by key, None where its answers are none.

    Args:
        texts: `label_texts` of its parts, in order.
        records: Accepted records of all of them.
    """
    merged: dict[int, str] = {}
    for some in texts:
        if some is None:
            return None
        merged = {**some, **merged}
    if not merged or len(merged) > LABELS or records < RECORDS_PER_LABEL * len(merged):
        return None
    return merged


def check_slices(values: Collection[int]) -> None:
    """Check that the values by which results are told apart are few enough.

    Raises:
        DatasetRejected: They are not.
    """
    if len(values) > _SLICES:
        raise DatasetRejected(
            f"the columns of slice_by have more than {_SLICES:,} values, or combinations of "
            "values: name columns of few values, such as a language or a product"
        )


def _array(column: array[int]) -> NDArray[np.uint64]:
    return np.frombuffer(column, dtype=np.uint64) if column else np.empty(0, dtype=np.uint64)
