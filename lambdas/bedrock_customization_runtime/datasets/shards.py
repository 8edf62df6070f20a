"""A source examined in shards, seen as one: counts added up, lines and records numbered through."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.checking.findings import Findings, first_place
from bedrock_customization_runtime.datasets.first_columns import FirstColumns
from bedrock_customization_runtime.datasets.index import Columns, check_slices, labels_of
from bedrock_customization_runtime.datasets.reading.file_names import digest_of
from bedrock_customization_runtime.datasets.record_formats.templates import Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.examined import Examined
    from bedrock_customization_runtime.datasets.settings import Settings
    from bedrock_customization_runtime.datasets.splitting import Side

_RULES = {rule.id: rule for rule in rules.TABLE}


class FoundInShard(msgspec.Struct, frozen=True):
    """A rule that some records of a shard broke."""

    rule: str
    count: int
    places: tuple[int, ...]
    """The first few, from the shard's first line."""


class ShardSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What examining a shard found, beside records and index."""

    lines: int
    read: int
    accepted: int
    rejected: int
    omitted: int
    findings: list[FoundInShard]
    personal_data: dict[str, int]
    label_texts: dict[int, str] | None
    slice_values: dict[int, dict[str, str]] = {}
    first_columns: list[list[str]]
    digests: list[str]
    """SHA-256 of each file, where the shard is of whole files."""
    refusal: str | None = None
    """Why one of the files cannot be read as a whole."""


def summary_of(examined: Examined, *, lines: int = 0, digests: Sequence[str] = ()) -> ShardSummary:
    """Return what a shard's examination found.

    Args:
        examined: It.
        lines: Physical lines of the shard, where it is a part of one file.
        digests: SHA-256 of each file, where it is of whole files.
    """
    return ShardSummary(
        lines=lines,
        read=examined.read,
        accepted=examined.accepted,
        rejected=examined.rejected,
        omitted=examined.omitted,
        findings=[
            FoundInShard(rule.id, count, places)
            for rule, count, places in examined.findings.noted()
        ],
        personal_data=dict(examined.personal_data),
        label_texts=examined.index.label_texts,
        slice_values=examined.index.slice_values,
        first_columns=examined.first_columns.added,
        digests=list(digests),
    )


def refused_shard(refusal: str) -> ShardSummary:
    """Return what is said of a shard with a file that cannot be read as a whole."""
    return ShardSummary(
        lines=0,
        read=0,
        accepted=0,
        rejected=0,
        omitted=0,
        findings=[],
        personal_data={},
        label_texts=None,
        first_columns=[],
        digests=[],
        refusal=refusal,
    )


class ShardStore(Protocol):
    """Where examined shards keep what is too much for a summary."""

    def columns(self) -> Iterator[Columns]:
        """Yield each shard's index; lines count from the shard's first."""

    def lines(self, side: Side) -> Iterator[bytes]:
        """Yield the lines of a side, by the keys of exact copies."""

    def size(self, side: Side) -> int:
        """Return how many bytes they have together."""


class ExaminedShards:
    """A source's examined shards as one source (see `RecordSource`).

    Args:
        settings: What they were examined by.
        summaries: Of all shards, in the order of the source.
        store: Where the rest is.
        files: Names of all files, where the shards are of whole files.
        first_files: Number of each shard's first file, likewise.

    Attributes:
        lines_before: Lines of a file before each shard; 0 where the shards are of whole files.
        first_rows: Accepted records before each shard, and at the end those of the source.
        with_rejections: Numbers of the shards that rejected any.
    """

    def __init__(
        self,
        settings: Settings,
        summaries: Sequence[ShardSummary],
        store: ShardStore,
        *,
        files: Sequence[str] = (),
        first_files: Sequence[int] = (),
    ) -> None:
        self.settings = settings
        self._summaries = summaries
        self._store = store
        self._files = files
        lines = [0] * len(summaries) if files else [one.lines for one in summaries]
        self.lines_before = list(accumulate(lines, initial=0))[: len(summaries)]
        self._first_places = list(map(first_place, first_files)) if files else self.lines_before
        self.first_rows = list(accumulate((one.accepted for one in summaries), initial=0))
        self.with_rejections = [number for number, one in enumerate(summaries) if one.rejected]
        self.read = sum(one.read for one in summaries)
        self.accepted = self.first_rows[-1]
        self.rejected = sum(one.rejected for one in summaries)
        self.omitted = sum(one.omitted for one in summaries)
        self.findings = Findings()
        self.personal_data: Counter[str] = Counter()
        for file in files:
            self.findings.begin_source(file)
        for one, before in zip(summaries, self._first_places, strict=True):
            self.personal_data.update(one.personal_data)
            for found in one.findings:
                places = (before + place for place in found.places)
                self.findings.add(_RULES[found.rule], found.count, places)

    @property
    def sha256(self) -> str:
        """Digest of all files (see `digest_of`), where the shards are of whole files."""
        return digest_of(self._files, (one for some in self._summaries for one in some.digests))

    def check_columns(self) -> None:
        """Check that the first rows have every column the template names.

        Raises:
            DatasetRejected: They have not.
        """
        # Of whole files each has been checked alone.
        if self.settings.template is None or self._files:
            return
        first = FirstColumns()
        for one in self._summaries:
            first.append(FirstColumns(one.first_columns))
        first.check(Template(self.settings.template))

    def check_slices(self) -> None:
        """Check that all shards together have few enough values of the columns of `slice_by`.

        Raises:
            DatasetRejected: They have not.
        """
        check_slices({key for one in self._summaries for key in one.slice_values})

    def columns(self) -> Columns:
        """Return the index of all shards, lines numbered through."""
        whole = Columns(
            **{column.name: np.empty(self.accepted, dtype=np.uint64) for column in fields(Columns)}
        )
        places = pairwise(self.first_rows)
        for (start, end), before, part in zip(
            places, self._first_places, self._store.columns(), strict=True
        ):
            for column in fields(Columns):
                getattr(whole, column.name)[start:end] = getattr(part, column.name)
            whole.line[start:end] += np.uint64(before)
        return whole

    def labels(self) -> dict[int, str] | None:
        """Return the answers by key if they are labels: few, short, each given again and again."""
        return labels_of([one.label_texts for one in self._summaries], self.accepted)

    def bytes_of(self, side: Side, rows: NDArray[np.intp]) -> int:  # noqa: ARG002 - as below
        """Return how many bytes the lines of a side have together."""
        return self._store.size(side)

    def lines_of(self, side: Side, rows: NDArray[np.intp]) -> Iterator[bytes]:  # noqa: ARG002 - the store was divided by the same rows
        """Yield the lines of a side, which the store has in the order of the rows."""
        return self._store.lines(side)
