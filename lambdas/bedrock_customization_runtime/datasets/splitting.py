"""Which side of the split a cluster is on: by a hash, so that added records move nobody else.

A cluster's place is a number in [0, 1) made of its key and the seed. Small places go to the blind
set, the next to validation, the rest to training. Only where that leaves a side empty, a minimum
unmet or an answer without training records, whole clusters move, and those with the nearest places.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


_UNEVEN = 0.1
"""Share of its target by which a stratum may miss it before clusters move."""


class Side(IntEnum):
    """Where a record goes."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2


class TooFewClustersError(Exception):
    """There are fewer clusters than sides, or than a minimum needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """What the split must keep to, in records; shares are of all records."""

    test: float
    validation: float
    """0 where there is no validation set."""
    min_train: int
    min_validation: int
    max_validation: int | None
    min_total: int
    """Of training and validation set together."""


def place(keys: NDArray[np.uint64], seed: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each key: evenly spread, the same for the same seed."""
    mixed = keys + np.uint64((seed * 0x9E3779B97F4A7C15) % 2**64)  # SplitMix64, after Steele et al.
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2**53


def sides(
    cluster: NDArray[np.intp],
    places: NDArray[np.float64],
    labels: NDArray[np.intp] | None,
    sizes: Sizes,
    *,
    strata: NDArray[np.uint64] | None = None,
) -> NDArray[np.int8]:
    """Return the side of each record.

    Args:
        cluster: Of each record, numbered from 0 without gaps.
        places: Of each cluster.
        labels: Of each record's answer, numbered likewise; None where answers are no labels.
        sizes: What to keep to.
        strata: Of each record, what is spread evenly; a cluster goes by its first record.

    Raises:
        TooFewClustersError: No assignment keeps to it.
    """
    board = _Board(np.bincount(cluster, minlength=len(places)), places, sizes)
    if strata is not None:
        board.spread(cluster, strata)
    board.fill_sides()
    board.meet_minima()
    if labels is not None:
        board.train_every_label(cluster, labels)
    return board.side[cluster]


class _Board:
    """Clusters and the side each lies on."""

    def __init__(
        self, records: NDArray[np.intp], places: NDArray[np.float64], sizes: Sizes
    ) -> None:
        self._records = records
        self._sizes = sizes
        self._order = np.argsort(places, kind="stable")
        self.side = np.full(len(places), Side.TRAIN, dtype=np.int8)
        self.side[places < sizes.test + sizes.validation] = Side.VALIDATION
        self.side[places < sizes.test] = Side.TEST

    def spread(self, cluster: NDArray[np.intp], strata: NDArray[np.uint64]) -> None:
        """Give each stratum its shares, moving as few clusters as that takes.

        A stratum near enough to them stays as it is, so that records added to it move no other.
        """
        stratum_of = np.zeros(len(self._order), dtype=np.uint64)
        stratum_of[cluster[::-1]] = strata[::-1]
        shares = ((Side.TEST, self._sizes.test), (Side.VALIDATION, self._sizes.validation))
        for stratum in np.unique(stratum_of):
            own = self._order[stratum_of[self._order] == stratum]
            total = int(self._records[own].sum())
            for side, share in shares:
                self._even_out(own, side, share * total)

    def _even_out(self, own: NDArray[np.intp], side: Side, wanted: float) -> None:
        """Move a stratum's clusters between a side and training, the nearest places first."""
        off = int(self._records[own[self.side[own] == side]].sum()) - wanted
        while abs(off) > max(1.0, _UNEVEN * wanted):
            source, target = (side, Side.TRAIN) if off > 0 else (Side.TRAIN, side)
            movable = own[self.side[own] == source]
            if not movable.size:
                return
            cluster = movable[-1] if off > 0 else movable[0]
            step = int(self._records[cluster])
            left = off - step if off > 0 else off + step
            if abs(left) >= abs(off):
                return
            self.side[cluster] = target
            off = left

    def fill_sides(self) -> None:
        """Give every side a cluster at least."""
        wanted = [Side.TEST, Side.VALIDATION] if self._sizes.validation else [Side.TEST]
        if len(self._order) <= len(wanted):
            raise TooFewClustersError
        # By place the first clusters are the blind set's, the next validation's.
        for index, side in enumerate(wanted):
            if not self._on(side).size:
                self.side[self._order[index]] = side
        if not self._on(Side.TRAIN).size:
            self.side[self._order[-1]] = Side.TRAIN
            for index, side in enumerate(wanted):
                if not self._on(side).size:
                    self.side[self._order[index]] = side

    def meet_minima(self) -> None:
        """Move the clusters nearest to another side until the counts fit."""
        sizes = self._sizes
        while self._count(Side.TRAIN) + self._count(Side.VALIDATION) < sizes.min_total:
            self._move(Side.TEST, Side.TRAIN)
        while self._count(Side.TRAIN) < sizes.min_train:
            self._move(self._best_off(), Side.TRAIN)
        while sizes.validation and self._count(Side.VALIDATION) < sizes.min_validation:
            self._move(Side.TEST, Side.VALIDATION)
        if sizes.max_validation is not None:
            self._shorten_validation(sizes.max_validation)
            while self._count(Side.VALIDATION) > sizes.max_validation:
                self._move(Side.VALIDATION, Side.TRAIN)
        if sizes.validation and self._count(Side.VALIDATION) < sizes.min_validation:
            raise TooFewClustersError

    def _shorten_validation(self, most: int) -> None:
        """Move all clusters but the first that fit, and one at least, as one after the other would.

        Of millions of records hundreds of thousands may be too many.
        """
        clusters = self._on(Side.VALIDATION)
        fitting = np.searchsorted(np.cumsum(self._records[clusters]), most, side="right")
        self.side[clusters[max(1, int(fitting)) :]] = Side.TRAIN

    def train_every_label(self, cluster: NDArray[np.intp], labels: NDArray[np.intp]) -> None:
        """Move a cluster of each answer that training lacks, where its side can spare it."""
        trained = np.zeros(labels.max(initial=-1) + 1, dtype=bool)
        trained[labels[self.side[cluster] == Side.TRAIN]] = True
        rank = np.empty_like(self._order)
        rank[self._order] = np.arange(len(self._order))
        for label in np.flatnonzero(~trained):
            own = np.unique(cluster[labels == label])
            for candidate in own[np.argsort(-rank[own])]:
                if self._can_spare(candidate):
                    self.side[candidate] = Side.TRAIN
                    break

    def _can_spare(self, candidate: np.intp) -> bool:
        side = Side(self.side[candidate])
        if side is Side.TRAIN or self._on(side).size == 1:
            return side is Side.TRAIN
        left = self._count(side) - int(self._records[candidate])
        return side is Side.TEST or left >= self._sizes.min_validation

    def _best_off(self) -> Side:
        """Return the side from which training takes a cluster."""
        if self._on(Side.VALIDATION).size > 1 and (
            self._count(Side.VALIDATION) > self._sizes.min_validation
        ):
            return Side.VALIDATION
        if self._on(Side.TEST).size > 1:
            return Side.TEST
        return max((Side.TEST, Side.VALIDATION), key=self._count)

    def _on(self, side: Side) -> NDArray[np.intp]:
        """Return the clusters of a side by place."""
        on_side: NDArray[np.intp] = self._order[self.side[self._order] == side]
        return on_side

    def _count(self, side: Side) -> int:
        return int(self._records[self.side == side].sum())

    def _move(self, source: Side, target: Side) -> None:
        """Move a cluster; for the last of its side a smaller one must come back."""
        movable = self._on(source)
        if movable.size == 1:
            others = self._on(target)
            if not others.size or self._records[others].min() >= self._records[movable[0]]:
                raise TooFewClustersError
            returned = others[np.argmin(self._records[others])]
            self.side[returned] = source
        self.side[movable[-1]] = target
