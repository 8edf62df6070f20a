"""What the steps know of one preparation: its plan, its shards as one source, their records."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec
import numpy as np

from bedrock_customization_runtime.datasets.copies.words import words_of
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.shards import ExaminedShards, ShardSummary
from bedrock_customization_runtime.datasets.spool import Spool
from bedrock_customization_runtime.errors import DatasetRejected, SourceChanged
from bedrock_customization_runtime.manifest import FileRecord  # noqa: TC001 - msgspec reads it
from bedrock_customization_runtime.preparation import settings_of
from bedrock_customization_runtime.s3.prefixes import PinnedPrefix
from bedrock_customization_runtime.s3.sources import note_skipped
from bedrock_customization_runtime.s3.streams import PinnedObject, concurrently
from bedrock_customization_runtime.sharded_preparation.planning import PLAN, Plan
from bedrock_customization_runtime.sharded_preparation.scratch import Scratch
from bedrock_customization_runtime.sharded_preparation.stores import store_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from numpy.typing import NDArray

    from bedrock_customization_runtime.contract import Run
    from bedrock_customization_runtime.datasets.copies.words import Words
    from bedrock_customization_runtime.datasets.settings import Settings

SUMMARY = "summary.json"
BANDS = "bands.npz"
ACCEPTED = "accepted.jsonl"
ACCEPTED_ENDS = "accepted.npz"
REJECTED = "rejected.jsonl"
STANDING = "standing.npz"
"""Which of a shard's questions stand for all with the same words."""
SIGNATURES = "signatures.bin"
SIGNATURES_ENDS = "signatures.npz"
SIDES = "sides.npz"
LEAKS = "leaks.npz"
GATHERED = "gathered.json"
COMMON = "common.npz"
"""Shingles of a template, which do not count."""
PAIRS = "pairs.npz"
PASSAGES = "passages.npz"
_GAP = 256 * 2**10
"""Bytes between two records, below which reading on is faster than another request."""
_REQUEST = 8 * 2**20


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What all shards together are."""

    source: FileRecord
    rejected: FileRecord | None
    buckets: int
    """Of signatures; 0 where near-copies are not looked for."""
    first_rows: list[int]
    """Number of each shard's first accepted record, and at the end how many there are."""


class Work:
    """One preparation, after its plan.

    Args:
        s3: Client.
        uri: Of its scratch.
    """

    def __init__(self, s3: S3Client, uri: str) -> None:
        self.s3 = s3
        self.scratch = Scratch(s3, uri)
        self.plan: Plan = self.scratch.read(PLAN, Plan)
        self.run: Run = self.plan.event["run"]
        self.settings: Settings = settings_of(s3, self.plan.event)

    @property
    def source(self) -> PinnedObject | PinnedPrefix:
        """The source as the plan saw it."""
        uri, plan = self.run["source"], self.plan
        if plan.source is None:
            return PinnedPrefix(self.s3, uri, objects=plan.objects)
        return PinnedObject(self.s3, uri, version=plan.source)

    @cached_property
    def examined(self) -> ExaminedShards:
        """All shards as one source.

        Raises:
            SourceChanged: A shard could not be read as the plan saw it.
            DatasetRejected: An object of a prefix cannot be read as a whole.
        """
        shards = range(len(self.plan.ranges))
        found = list(
            concurrently(
                lambda shard: self.scratch.shard(shard).find(SUMMARY, ShardSummary), shards
            )
        )
        summaries = [summary for summary in found if summary is not None]
        if len(summaries) < len(found):
            self.source.check_unchanged()
            raise SourceChanged(
                f"{self.run['source']} was overwritten while it was read, even if it is now what "
                "it was before: start the run again when uploads to it are finished"
            )
        for summary in summaries:
            if summary.refusal is not None:
                raise DatasetRejected(summary.refusal)
        store = store_of(self.scratch, len(found), self.plan.pieces)
        if self.plan.source is not None:
            return ExaminedShards(self.settings, summaries, store)
        files = [one.name for one in self.plan.objects]
        first_files = [first for first, _ in self.plan.ranges]
        examined = ExaminedShards(
            self.settings, summaries, store, files=files, first_files=first_files
        )
        note_skipped(examined.findings, self.plan.skipped)
        return examined

    @cached_property
    def gathered(self) -> Gathered:
        """What `gather` found."""
        return self.scratch.read(GATHERED, Gathered)

    def rows(self, shard: int) -> tuple[int, int]:
        """Return the number of a shard's first accepted record, and of the next shard's."""
        first = self.gathered.first_rows
        return first[shard], first[shard + 1]

    def records(self) -> Records:
        """Return the accepted records of all shards."""
        return Records(self.scratch, self.settings, self.gathered.first_rows)


class _Request(NamedTuple):
    """Records of a shard that are read at once."""

    shard: int
    starts: list[int]
    ends: list[int]


class Records:
    """The accepted records of all shards, by their numbers.

    Args:
        scratch: Where they are.
        settings: What they were examined by.
        first_rows: Of each shard, and at the end their number.
    """

    def __init__(self, scratch: Scratch, settings: Settings, first_rows: list[int]) -> None:
        self._scratch = scratch
        self._format = settings.method.record_format
        self._first_rows = first_rows

    def lines(self, rows: NDArray[np.intp]) -> Iterator[bytes]:
        """Yield records as lines in the base model's format.

        Args:
            rows: Their numbers, in order.
        """
        for lines in concurrently(self._read, self._requests(rows)):
            yield from lines

    def questions(self, rows: NDArray[np.intp]) -> Questions:
        """Return the questions of some records, on disk.

        Args:
            rows: The records' numbers, in order.
        """
        texts = (formats.parse(line, self._format).asked for line in self.lines(rows))
        return Questions(rows, texts)

    def _read(self, request: _Request) -> list[bytes]:
        start, end = request.starts[0], request.ends[-1]
        data = self._scratch.shard(request.shard).read_bytes(ACCEPTED, start, end)
        return [
            data[begin - start : stop - start]
            for begin, stop in zip(request.starts, request.ends, strict=True)
        ]

    def _requests(self, rows: NDArray[np.intp]) -> Iterator[_Request]:
        place = 0
        while place < len(rows):
            shard = bisect_right(self._first_rows, int(rows[place])) - 1
            first, following = self._first_rows[shard : shard + 2]
            stop = int(np.searchsorted(rows, following))
            own = rows[place:stop]
            ends = self._scratch.shard(shard).load(ACCEPTED_ENDS)["ends"]
            yield from _coalesced(shard, ends[own - first], ends[own - first + 1])
            place = stop


def _coalesced(
    shard: int, starts: NDArray[np.uint64], ends: NDArray[np.uint64]
) -> Iterator[_Request]:
    """Yield requests for records that lie near each other."""
    begins, stops = starts.tolist(), ends.tolist()
    first = 0
    for place in range(1, len(begins) + 1):
        if (
            place == len(begins)
            or begins[place] - stops[place - 1] > _GAP
            or stops[place] - begins[first] > _REQUEST
        ):
            yield _Request(shard, begins[first:place], stops[first:place])
            first = place


class Questions:
    """Questions by the numbers of their records. Use it with `with`, which removes the file.

    Args:
        rows: The numbers, in order.
        texts: The questions.
    """

    def __init__(self, rows: NDArray[np.intp], texts: Iterator[str]) -> None:
        self._rows = rows
        self._spool = Spool()
        try:
            for text in texts:
                self._spool.append(text.encode())
        except BaseException:
            self._spool.close()
            raise

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file."""
        self._spool.close()

    def words_in(self, rows: NDArray[np.intp]) -> Words:
        """Return the words of some of them."""
        places = np.searchsorted(self._rows, rows)
        return words_of([text.decode() for text in self._spool.some(places)])
