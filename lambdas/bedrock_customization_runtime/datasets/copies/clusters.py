"""Which records must stay together on one side of the split.

Records that share a key in any of several columns are joined, directly or through others:
near-copies, and records of one group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def distinct(keys: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first record of each key, in the order of keys, and which of them each record has.

    As `np.unique` does, whose stable sort takes several times as long.
    """
    order = np.argsort(keys)
    ordered = keys[order]
    is_new = np.append(True, ordered[1:] != ordered[:-1])[: len(keys)]
    begins = np.flatnonzero(is_new)
    which = np.empty_like(order)
    which[order] = np.cumsum(is_new) - 1
    return np.minimum.reduceat(order, begins) if begins.size else order, which


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
