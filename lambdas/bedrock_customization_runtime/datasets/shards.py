"""A source examined in shards, seen as one: counts added up, lines and records numbered through."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.findings import Findings
from bedrock_customization_runtime.datasets.first_columns import FirstColumns
from bedrock_customization_runtime.datasets.index import Columns, labels_of
from bedrock_customization_runtime.datasets.templates import Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.examination import Examined
    from bedrock_customization_runtime.datasets.settings import Settings
    from bedrock_customization_runtime.datasets.splitting import Side

_RULES = {rule.id: rule for rule in rules.TABLE}


class FoundInShard(msgspec.Struct, frozen=True):
    """A rule that some records of a shard broke."""

    rule: str
    count: int
    lines: tuple[int, ...]
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
    first_columns: list[list[str]]


def summary_of(examined: Examined, lines: int) -> ShardSummary:
    """Return what a shard's examination found.

    Args:
        examined: It.
        lines: Physical lines of the shard.
    """
    return ShardSummary(
        lines=lines,
        read=examined.read,
        accepted=examined.accepted,
        rejected=examined.rejected,
        omitted=examined.omitted,
        findings=[
            FoundInShard(found.rule.id, found.count, found.lines)
            for found in examined.findings.all()
        ],
        personal_data=dict(examined.personal_data),
        label_texts=examined.index.label_texts,
        first_columns=examined.first_columns.added,
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

    Attributes:
        first_lines: Lines before each shard, and at the end those of the source.
        first_rows: Accepted records likewise.
    """

    def __init__(
        self, settings: Settings, summaries: Sequence[ShardSummary], store: ShardStore
    ) -> None:
        self.settings = settings
        self._summaries = summaries
        self._store = store
        self.first_lines = list(accumulate((one.lines for one in summaries), initial=0))
        self.first_rows = list(accumulate((one.accepted for one in summaries), initial=0))
        self.read = sum(one.read for one in summaries)
        self.accepted = self.first_rows[-1]
        self.rejected = sum(one.rejected for one in summaries)
        self.omitted = sum(one.omitted for one in summaries)
        self.findings = Findings()
        self.personal_data: Counter[str] = Counter()
        for one, before in zip(summaries, self.first_lines, strict=False):
            self.personal_data.update(one.personal_data)
            for found in one.findings:
                lines = (before + line for line in found.lines)
                self.findings.add(_RULES[found.rule], found.count, lines)

    def check_columns(self) -> None:
        """Check that the first rows have every column the template names.

        Raises:
            DatasetRejected: They have not.
        """
        if self.settings.template is None:
            return
        first = FirstColumns()
        for one in self._summaries:
            first.append(FirstColumns(one.first_columns))
        first.check(Template(self.settings.template))

    def columns(self) -> Columns:
        """Return the index of all shards, lines numbered through."""
        whole = Columns(
            **{column.name: np.empty(self.accepted, dtype=np.uint64) for column in fields(Columns)}
        )
        places = pairwise(self.first_rows)
        for (start, end), lines, part in zip(
            places, self.first_lines, self._store.columns(), strict=False
        ):
            for column in fields(Columns):
                getattr(whole, column.name)[start:end] = getattr(part, column.name)
            whole.line[start:end] += np.uint64(lines)
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
