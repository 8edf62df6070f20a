"""What the split must know of each accepted record: seven numbers."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets import clusters, tokens
from bedrock_customization_runtime.datasets.records import keys_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.records import Record

_LABELS = 100
_LABEL_CHARACTERS = 200
_RECORDS_PER_LABEL = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The index as arrays of one length, in the order of the source. Keys are 64-bit hashes."""

    exact: NDArray[np.uint64]
    """Equal for exact copies."""
    question: NDArray[np.uint64]
    """Equal for the same question."""
    near: NDArray[np.uint64]
    """Equal for near-copies of a question."""
    group: NDArray[np.uint64]
    """Equal for records of one group; the near key where a record has no group."""
    label: NDArray[np.uint64]
    """Equal for the same answer."""
    line: NDArray[np.uint64]
    tokens: NDArray[np.uint64]

    def take(self, rows: NDArray[np.intp]) -> Columns:
        """Return the rows with these numbers."""
        return Columns(
            exact=self.exact[rows],
            question=self.question[rows],
            near=self.near[rows],
            group=self.group[rows],
            label=self.label[rows],
            line=self.line[rows],
            tokens=self.tokens[rows],
        )


class Index:
    """Grows by one record at a time."""

    def __init__(self) -> None:
        self._exact = array("Q")
        self._question = array("Q")
        self._near = array("Q")
        self._group = array("Q")
        self._label = array("Q")
        self._line = array("Q")
        self._tokens = array("Q")
        self._label_texts: dict[int, str] | None = {}

    def append(self, line: int, record: Record, group: str | None) -> None:
        """Add a record."""
        keys = keys_of(record)
        near = clusters.near_key(record)
        label = keys.answer
        self._exact.append(keys.exact)
        self._question.append(keys.question)
        self._near.append(near)
        self._group.append(near if group is None else clusters.group_key(group))
        self._label.append(label)
        self._line.append(line)
        self._tokens.append(tokens.estimate(record).likely)
        self._keep_label(label, record.answer)

    def columns(self) -> Columns:
        """Return the index as arrays; nothing can be added any more while they live."""
        return Columns(
            exact=_array(self._exact),
            question=_array(self._question),
            near=_array(self._near),
            group=_array(self._group),
            label=_array(self._label),
            line=_array(self._line),
            tokens=_array(self._tokens),
        )

    def labels(self) -> dict[int, str] | None:
        """Return the answers by key if they are labels: few, short, each given again and again."""
        texts = self._label_texts
        if not texts or len(self._exact) < _RECORDS_PER_LABEL * len(texts):
            return None
        return texts

    def _keep_label(self, key: int, text: str) -> None:
        if self._label_texts is None or key in self._label_texts:
            return
        if len(self._label_texts) == _LABELS or len(text) > _LABEL_CHARACTERS:
            self._label_texts = None
        else:
            self._label_texts[key] = text


def _array(column: array[int]) -> NDArray[np.uint64]:
    return np.frombuffer(column, dtype=np.uint64) if column else np.empty(0, dtype=np.uint64)
