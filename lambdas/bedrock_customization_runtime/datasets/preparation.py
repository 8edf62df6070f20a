"""The second pass: copies dropped, sides decided, limits met, and each side's lines on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets import power, refusals, rules, splitting
from bedrock_customization_runtime.datasets.copies import clusters, leakage, near_copies
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.examined import Examined
    from bedrock_customization_runtime.datasets.index import Columns, Index
    from bedrock_customization_runtime.datasets.record_source import RecordSource
    from bedrock_customization_runtime.datasets.settings import Settings

_OFF_TARGET = 0.1
_SMALL_EFFECT = 0.1


class PreparedDataset:
    """A data set that the base model takes. It reads from what it was made of: keep that open.

    Attributes:
        duplicates: Exact copies dropped.
        left_out: Records that held a passage of the blind set.
        clusters: Sets of records that stay together.
        cluster_sizes: How many records each of them has.
        plain_split_leaks: Records of a blind set split by record, with such company in training.
        estimated_tokens: Of the training set, for one epoch.
        label_counts: Training records by answer, empty where answers are no labels.
    """

    def __init__(self, examined: RecordSource, split: Split, *, left_out: int) -> None:
        rows, kept, side = split.rows, split.kept, split.side
        self._examined = examined
        self.duplicates = examined.accepted - len(rows) - left_out
        self.left_out = left_out
        _, self.cluster_sizes = np.unique(split.component, return_counts=True)
        self.clusters = len(self.cluster_sizes)
        self.plain_split_leaks = _plain_split_leaks(examined.settings, split)
        self.tokens_per_record = np.sort(kept.tokens)
        # By hash: a source sorted by class must not be learned class by class, and the order of the
        # source does not show in the result.
        order = np.argsort(kept.exact)
        self._rows = {one: rows[order][side[order] == one] for one in Side}
        training = side == Side.TRAIN
        self.estimated_tokens = int(kept.tokens[training].sum())
        labels = examined.labels() or {}
        found, counts = np.unique(kept.label[training], return_counts=True)
        counted = dict(zip(found.tolist(), counts.tolist(), strict=True))
        self.label_counts = {
            text: counted[key]
            for key, text in sorted(labels.items(), key=lambda item: item[1])
            if key in counted
        }

    def count(self, side: Side) -> int:
        """Return how many records a side has."""
        return len(self._rows[side])

    def lines(self, side: Side) -> Iterator[bytes]:
        """Return a side's lines one by one, each with its line feed.

        Training and validation lines are in the base model's own format, those of the blind set
        are `TestRecord`s.
        """
        return self._examined.lines_of(side, self._rows[side])


def divide(examined: Examined, *, by_model: Collection[int] = ()) -> PreparedDataset:
    """Split what was accepted into training, validation and blind set.

    Records in shards take the same steps, `assign_sides` and `finish`, with near-copies and leaks
    found by other functions.

    Args:
        examined: The first pass; findings about the whole data set are added to its findings.
        by_model: Lines of records whose answers a model wrote.

    Raises:
        DatasetRejected: It is empty, too much of it was rejected, or its size does not fit the base
            model. The message says what was found, what is needed and what to do.
    """
    refusals.check_rejected(examined)
    columns = examined.columns()
    split = assign_sides(examined, columns, _near_copies(examined, columns))
    leaks = _leaks(examined, split)
    return finish(examined, columns, split, leaks, by_model=by_model)


@dataclass(frozen=True, slots=True)
class Split:
    """Records and the side of each, in arrays of one length."""

    rows: NDArray[np.intp]
    """Numbers in the index."""
    kept: Columns
    side: NDArray[np.int8]
    component: NDArray[np.intp]
    """Equal for records that stay together."""

    @property
    def blind(self) -> NDArray[np.intp]:
        """Numbers of the records of the blind set."""
        return self._on(self.side == Side.TEST)

    @property
    def others(self) -> NDArray[np.intp]:
        """Numbers of the records of training and validation."""
        return self._on(self.side != Side.TEST)

    def take(self, chosen: NDArray[np.bool_]) -> Split:
        """Return some of the records."""
        places = np.flatnonzero(chosen)
        return Split(
            self.rows[places], self.kept.take(places), self.side[places], self.component[places]
        )

    def _on(self, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
        rows: NDArray[np.intp] = self.rows[chosen]
        return rows


def assign_sides(
    examined: RecordSource, columns: Columns, similar: NDArray[np.intp] | None
) -> Split:
    """Drop exact copies and decide on which side of the split each record is.

    Args:
        examined: The first pass, of which enough was accepted.
        columns: Its index.
        similar: For each record the first that it is a near-copy of, itself if none; None where
            near-copies are not looked for.

    Raises:
        DatasetRejected: Too few records differ.
    """
    _note_conflicts(examined, columns)
    if similar is not None:
        _note_near_copies(examined, similar)
    keys = [columns.near]
    # Without groups, the group is the near key; and each column is sorted.
    if not np.array_equal(columns.group, columns.near):
        keys.append(columns.group)
    if similar is not None:
        keys.append(similar.astype(np.uint64))
    component = clusters.components(keys)
    rows = np.sort(clusters.distinct(columns.exact)[0])
    refusals.check_distinct(examined, len(rows))
    side = _sides(examined, columns, component, rows)
    return Split(rows, columns.take(rows), side, component[rows])


def template_sample(columns: Columns) -> NDArray[np.intp]:
    """Return the records by which the shingles of a template are recognized."""
    # By hash, so that the order of the source does not show in the result.
    return np.argsort(columns.exact)[: near_copies.SAMPLE]


def near_copies_of(
    index: Index, columns: Columns, *, similar: float = near_copies.SIMILAR
) -> NDArray[np.intp]:
    """Return for each record of an index the first that it is a near-copy of, itself if none.

    Args:
        index: Of the records.
        columns: Of the index.
        similar: Similarity from which records are near-copies.
    """
    words = index.words
    common = near_copies.common_shingles(words(template_sample(columns)))
    bands = (
        near_copies.all_bands(len(columns.near), words, common) if common.size else index.bands()
    )
    return near_copies.joined(bands, columns.near, words, common, similar=similar)


def finish(
    examined: RecordSource,
    columns: Columns,
    split: Split,
    leaks: NDArray[np.intp],
    *,
    by_model: Collection[int] = (),
) -> PreparedDataset:
    """Leave out the records that quote the blind set and check what is left.

    Args:
        examined: The first pass.
        columns: Its index.
        split: As `assign_sides` returns it.
        leaks: Numbers of training and validation records that hold passages of the blind set.
        by_model: As of `divide`.

    Raises:
        DatasetRejected: What is left does not fit the base model.
    """
    for line in columns.line[leaks].tolist():
        examined.findings.note(rules.TRAINING_COPY, line)
    left = split
    if leaks.size:
        left = split.take(~np.isin(split.rows, leaks))
        refusals.check_left(examined, left.side, len(leaks))
    refusals.check_sizes(examined, left.side)
    refusals.check_bytes(
        examined.settings,
        training=examined.bytes_of(Side.TRAIN, left.rows[left.side == Side.TRAIN]),
        validation=examined.bytes_of(Side.VALIDATION, left.rows[left.side == Side.VALIDATION]),
    )
    _check_leaks(left.kept, left.side)
    _note_doubts(examined, left.kept, left.side)
    _note_blind_by_model(examined, left.kept.line[left.side == Side.TEST], by_model)
    return PreparedDataset(examined, left, left_out=len(leaks))


def _near_copies(examined: Examined, columns: Columns) -> NDArray[np.intp] | None:
    """Return for each record the first that it is a near-copy of, None where nobody asked."""
    if not examined.settings.near_copies or not columns.near.size:
        return None
    return near_copies_of(examined.index, columns)


def _leaks(examined: Examined, split: Split) -> NDArray[np.intp]:
    """Return the training and validation records that quote the blind set."""
    if not examined.settings.near_copies:
        return split.rows[:0]
    return leakage.leaked(split.blind, split.others, examined.index.words)


def _note_near_copies(examined: RecordSource, similar: NDArray[np.intp]) -> None:
    _, counts = np.unique(similar, return_counts=True)
    copies = int((counts - 1).sum())
    if copies:
        largest = int(counts.max())
        examined.findings.note_whole(
            rules.NEAR_COPIES, f"{copies:,} records beyond the first of each, {largest:,} alike"
        )


def _plain_split_leaks(settings: Settings, split: Split) -> int:
    """Return how many records of the blind set a split by record would have spoiled."""
    places = splitting.place(split.kept.exact, settings.split["seed"])
    is_blind = places < settings.split["test"]
    return int(np.isin(split.component[is_blind], split.component[~is_blind]).sum())


def _sides(
    examined: RecordSource, columns: Columns, component: NDArray[np.intp], rows: NDArray[np.intp]
) -> NDArray[np.int8]:
    settings = examined.settings
    # A cluster goes by its groups' smallest key, which records added to a group do not change.
    smallest = np.full(len(component), np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(smallest, component, columns.group)
    heads, cluster = np.unique(component[rows], return_inverse=True)
    places = splitting.place(smallest[heads], settings.split["seed"])
    labels = None
    if examined.labels():
        labels = np.unique(columns.label[rows], return_inverse=True)[1]
    strata = columns.stratum[rows]
    try:
        return splitting.sides(
            cluster,
            places,
            labels,
            refusals.sizes(settings),
            strata=strata if strata.any() else None,
        )
    except splitting.TooFewClustersError:
        raise refusals.too_few_clusters(examined, len(rows), len(heads)) from None


def _check_leaks(kept: Columns, side: NDArray[np.int8]) -> None:
    """Refuse a blind set that training or validation could know, however that came about."""
    blind_set = side == Side.TEST
    for keys in (kept.exact, kept.question, kept.near, kept.group):
        shared = _shared(keys[blind_set], keys[~blind_set])
        if shared:
            raise DatasetRejected(
                f"{shared:,} {'record' if shared == 1 else 'records'} of the blind set "
                "would have copies in training or validation, so its results would flatter the "
                "model: this is a fault of data preparation, please report it"
            )


def _shared(blind_set: NDArray[np.uint64], others: NDArray[np.uint64]) -> int:
    """Return how many keys of the blind set others have too."""
    if not others.size:
        return 0
    ordered, wanted = np.sort(others), np.unique(blind_set)
    place = np.searchsorted(ordered, wanted)
    return int((ordered.take(place, mode="clip") == wanted).sum())


def _note_conflicts(examined: RecordSource, columns: Columns) -> None:
    """Note each record that answers a question otherwise than the first record that asks it."""
    first, which = clusters.distinct(columns.question)
    conflicting = columns.label != columns.label[first][which]
    for line in columns.line[conflicting].tolist():
        examined.findings.note(rules.CONFLICTING_ANSWERS, line)


def _note_blind_by_model(
    examined: RecordSource, lines: NDArray[np.uint64], by_model: Collection[int]
) -> None:
    count = len(by_model and set(lines.tolist()).intersection(by_model))
    if count:
        detail = f"{count:,} of {len(lines):,} records"
        examined.findings.note_whole(rules.BLIND_BY_MODEL, detail)


def _note_doubts(examined: RecordSource, kept: Columns, side: NDArray[np.int8]) -> None:
    findings, settings = examined.findings, examined.settings
    advised = settings.method.advised_records
    training = int((side == Side.TRAIN).sum())
    if advised is not None and training < advised:
        findings.note_whole(
            rules.FEW_RECORDS, f"{training:,} training records, {advised:,} are advised"
        )
    asked = {Side.VALIDATION: settings.validation_share, Side.TEST: settings.split["test"]}
    shares = {one: float((side == one).mean()) for one in asked}
    off = [one for one in asked if abs(shares[one] - asked[one]) > _OFF_TARGET]
    if off:
        findings.note_whole(
            rules.SPLIT_OFF_TARGET,
            ", ".join(f"{one.name.lower()} {shares[one]:.0%} for {asked[one]:.0%}" for one in off),
        )
    blind_set = int((side == Side.TEST).sum())
    effect = power.minimum_detectable_effect(blind_set)
    if effect > _SMALL_EFFECT:
        findings.note_whole(
            rules.BLIND_SET_SMALL,
            f"{blind_set:,} records show differences of accuracy from {effect:.0%} on",
        )
    if examined.labels():
        tested = np.setdiff1d(kept.label[side == Side.TEST], kept.label[side == Side.TRAIN])
        if tested.size:
            findings.note_whole(rules.LABEL_ONLY_TESTED, f"{tested.size:,} answers")
