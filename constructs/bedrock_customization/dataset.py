"""Value objects that say how raw data become records, and on which side of the split they land."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import Duration, Size

from bedrock_customization._checks import check_between, check_whole
from bedrock_customization_runtime import catalog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_runtime import contract


_SHARD_SIZE = Size.mebibytes(128)
_HALF_A_DAY = Duration.hours(12)
_FEWEST_MINUTES, _MOST_MINUTES = 10, 7 * 24 * 60
_COLUMN = re.compile(r"\{[^{}]+\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordTemplate:
    """How a row of columns becomes a record; `{column}` stands for a column's value.

    Args:
        prompt: What the model is asked.
        completion: What it should answer.
        system: System prompt of every record, in training and at inference.
            Without one, records carry none.
        group_by: Column whose equal values stay on one side of the split, such as a customer or
            the original of paraphrases. Without one, only near-copies stay together.
        stratify_by: Column whose values are spread over the sides of the split in equal shares,
            such as a language or a product.
        slice_by: Columns by whose values results on the blind set are told apart
            (docs/metrics.md), such as a language or a product: few values each.
    """

    prompt: str
    completion: str
    system: str | None = None
    group_by: str | None = None
    stratify_by: str | None = None
    slice_by: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Refuse templates that would make the same record of every row, or run as code.

        Raises:
            ValueError: A template names no column, Step Functions would evaluate a text, or
                `slice_by` is no sequence of columns.
        """
        if isinstance(self.slice_by, str):
            raise ValueError(  # noqa: TRY004 - every argument that does not fit is a ValueError
                f"slice_by must be a list of columns, got {self.slice_by!r}: write "
                f"[{self.slice_by!r}]"
            )
        for name, template in (("prompt", self.prompt), ("completion", self.completion)):
            if not _COLUMN.search(template):
                raise ValueError(
                    f"{name} must name at least one column like {{text}}, got {template!r}: "
                    "put the column's name in braces"
                )
        texts = [
            *((name, text) for name, text in asdict(self).items() if name != "slice_by"),
            *(("slice_by", column) for column in self.slice_by or ()),
        ]
        for name, text in texts:
            if text and text.startswith("{%") and text.endswith("%}"):
                raise ValueError(
                    f"{name} must not start with {{% and end with %}}, got {text!r}: Step "
                    "Functions would evaluate it as JSONata, so put a space in front"
                )

    def to_contract(self) -> contract.RecordTemplate:
        """Return what the handler receives."""
        # A tuple would not reach the state machine.
        columns = None if self.slice_by is None else list(self.slice_by)
        return {**asdict(self), "slice_by": columns}  # type: ignore[typeddict-item] # the same fields; a test pairs them


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSplit:
    """Shares of the accepted records; the rest is for training.

    Args:
        validation: Share on which losses are watched and candidates chosen, in [0, 0.5].
        test: Share of the blind set, in [0.01, 0.5].
        seed: The same seed and data give the same split; a record keeps its side as data grow.

    Raises:
        ValueError: A share is out of range.
    """

    validation: float = 0.1
    test: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the shares."""
        check_between("validation", self.validation, 0, 0.5, "leave most records for training")
        check_between("test", self.test, 0.01, 0.5, "a blind set is what proves a model better")
        check_between(
            "validation + test", self.validation + self.test, 0, 0.8, "leave records for training"
        )
        check_whole("seed", self.seed, 0, 2**32 - 1, "any fixed number does")

    def to_contract(self) -> contract.Split:
        """Return what the handler receives."""
        return asdict(self)  # type: ignore[return-value] # the same fields; a test pairs them


def _above_functions() -> Size:
    return Size.bytes(catalog.preparation().crossovers.functions_above_bytes)


def _above_spark() -> Size:
    return Size.bytes(catalog.preparation().crossovers.spark_above_bytes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sharding:
    """When a source is prepared by many functions at once, and how (docs/data-preparation.md).

    Only JSON Lines can be cut into shards; CSV and compressed files are prepared by one function.
    The results are the same bytes.

    Args:
        above: Size above which a source is cut. One function prepares a source of this size in a
            few minutes, and has 15.
        shard_size: Size of a shard, from 1 KiB to 1 GiB; larger for a source of more than 1,000.
        max_concurrency: Functions that work at the same time, from 1 to 1,000.

    Raises:
        ValueError: A number is out of range.
    """

    above: Size = field(default_factory=_above_functions)
    shard_size: Size = _SHARD_SIZE
    max_concurrency: int = 20

    def __post_init__(self) -> None:
        """Check the numbers."""
        shard_bytes = _bytes_of(self.shard_size)
        if not 2**10 <= shard_bytes <= 2**30:
            raise ValueError(
                f"shard_size must be from 1 KiB to 1 GiB, got {shard_bytes:,} bytes: a function "
                "holds a shard on its disk"
            )
        check_whole(
            "max_concurrency",
            self.max_concurrency,
            1,
            1000,
            "leave some of the account's concurrency for others",
        )

    def to_contract(self) -> contract.ShardingLimits:
        """Return what the handler receives."""
        return {
            "shard_bytes": _bytes_of(self.shard_size),
            "above_bytes": _bytes_of(self.above),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Spark:
    """When Spark on EMR Serverless prepares a source, and how much it may take (docs/scale.md).

    For logs and corpora of tens of gigabytes to terabytes, of which no more is left than a base
    model takes. What cannot be cut is prepared by one function nevertheless. The results are the
    same bytes. Idle, nothing is paid.

    Args:
        above: Size of the source's text above which Spark prepares it. Without one, that from which
            it does so sooner than functions do.
        max_workers: Beside the driver, from 1 to 1,000, each of 4 vCPU and 16 GB.
        timeout: Of a job, from 10 minutes to 7 days; it is cancelled then.

    Raises:
        ValueError: A number is out of range.
    """

    above: Size = field(default_factory=_above_spark)
    max_workers: int = 50
    timeout: Duration = _HALF_A_DAY

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_whole(
            "max_workers",
            self.max_workers,
            1,
            1000,
            "4 vCPU each count against the account's quota of EMR Serverless",
        )
        minutes = self.timeout.to_minutes()
        if not _FEWEST_MINUTES <= minutes <= _MOST_MINUTES:
            raise ValueError(
                f"timeout must be from 10 minutes to 7 days, got {minutes:g} minutes: a job takes "
                "a few minutes to start, and hours for terabytes"
            )

    @property
    def above_bytes(self) -> int:
        """The size above which Spark prepares a source."""
        return _bytes_of(self.above)


def _bytes_of(size: Size) -> int:
    return int(size.to_bytes())
