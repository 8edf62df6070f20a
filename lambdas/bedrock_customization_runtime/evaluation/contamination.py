"""Does a training set know the blind set? The data engine's own near-copies, found once more.

Preparation keeps near-copies on one side of the split. This looks at what was really trained on,
which somebody may have replaced since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets.index import Index
from bedrock_customization_runtime.datasets.preparation import near_copies_of
from bedrock_customization_runtime.datasets.record_formats.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_customization_runtime.datasets.record_formats.records import TestRecord

SIMILAR = 0.8
"""Jaccard similarity from which a question is a copy: above the split's own 0.7, near which the
order of the records and the sample that shows a template may decide; a clean run must pass."""


def contaminated(blind: Iterable[TestRecord], training: Iterable[Record]) -> int:
    """Return how many blind records are copies or near-copies of training records.

    Args:
        blind: Read once; words lie on disk, so memory holds 130 bytes of each record.
        training: Likewise, as they are trained on.
    """
    index = Index()
    try:
        tested = _append(index, (Record(one.system, one.messages) for one in blind))
        _append(index, training)
        first = near_copies_of(index, index.columns(), similar=SIMILAR)
        return int(np.isin(first[:tested], first[tested:]).sum())
    finally:
        index.close()


def _append(index: Index, records: Iterable[Record]) -> int:
    """Add records to an index, and return how many."""
    count = 0
    for record in records:
        index.append(count, record.content())
        count += 1
    return count
