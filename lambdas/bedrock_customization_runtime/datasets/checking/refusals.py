"""When a data set as a whole cannot be used, and how that is said: found, needed, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets.rules import Verdict
from bedrock_customization_runtime.datasets.splitting import Side, Sizes
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.checking.findings import Finding
    from bedrock_customization_runtime.datasets.record_source import RecordSource
    from bedrock_customization_runtime.datasets.settings import Settings

_BYTES_A_RECORD = 500
"""Of memory that the index of all records takes, at the peak of what is done with it."""
_BYTES_BESIDES = 2**28
_RULES_NAMED = 3
_LINES_NAMED = 3


def sizes(settings: Settings) -> Sizes:
    """Return what the split must keep to."""
    method = settings.method
    validation = method.validation
    return Sizes(
        test=settings.split["test"],
        validation=settings.validation_share,
        min_train=max(1, method.train.min_records or 0),
        min_validation=0 if validation is None else max(1, validation.min_records or 0),
        max_validation=None if validation is None else validation.max_records,
        min_total=method.total.min_records or 0,
    )


def check_memory(records: int, memory: int) -> None:
    """Check that the index of so many usable records can be held.

    Args:
        records: How many there are, so far or in all.
        memory: Of the function that holds it, in bytes.

    Raises:
        DatasetRejected: Otherwise.
    """
    most = (memory - _BYTES_BESIDES) // _BYTES_A_RECORD
    if records > most:
        raise DatasetRejected(
            f"the source holds more than {most:,} usable records, and data preparation holds the "
            "index of no more: split the source into several runs, or sample from it"
        )


def check_rejected(examined: RecordSource) -> None:
    """Check that there are records and enough of them are sound.

    Raises:
        DatasetRejected: Otherwise.
    """
    if not examined.read:
        raise DatasetRejected(
            "the source holds no records: check that the right file was uploaded, and that it was "
            "whole when it was"
        )
    allowed = examined.settings.max_rejected
    judged = examined.read - examined.omitted
    if examined.rejected > allowed * judged:
        share = examined.rejected / judged
        raise DatasetRejected(
            f"{examined.rejected:,} of {_records(judged)} ({share:.1%}) break a rule, and "
            f"max_rejected allows {allowed:.1%}: {_worst(examined)}"
        )


def check_distinct(examined: RecordSource, distinct: int) -> None:
    """Check that there are enough records for the base model and a blind set.

    Args:
        examined: The first pass.
        distinct: Accepted records without exact copies.

    Raises:
        DatasetRejected: Otherwise.
    """
    need = _least(sizes(examined.settings))
    if distinct <= need:
        raise DatasetRejected(
            f"{_found(examined, distinct)}, but {examined.settings.base_model} needs at least "
            f"{_needed(examined)}: add at least {need + 1 - distinct:,}{_or_mend(examined)}"
            f"{_omitted(examined)}"
        )


def check_sizes(examined: RecordSource, side: NDArray[np.int8]) -> None:
    """Check that training and validation set are not too large for the base model.

    Raises:
        DatasetRejected: Otherwise.
    """
    method = examined.settings.method
    training = int(np.count_nonzero(side == Side.TRAIN))
    total = training + int(np.count_nonzero(side == Side.VALIDATION))
    for count, limit, what in (
        (training, method.train.max_records, "training"),
        (total, method.total.max_records, "training and validation together"),
    ):
        if limit is not None and count > limit:
            raise DatasetRejected(
                f"{_records(count)} are for {what}, but {examined.settings.base_model} takes at "
                f"most {limit:,}: remove {_records(count - limit)} from the source, or raise "
                "split.test, which keeps more of them for the blind set"
            )


def check_bytes(settings: Settings, *, training: int, validation: int) -> None:
    """Check that no file is larger than the base model takes.

    Args:
        settings: Whose method has the limits.
        training: Bytes of the training file.
        validation: Bytes of the validation file.

    Raises:
        DatasetRejected: Otherwise.
    """
    for size, limits, what in (
        (training, settings.method.train, "training"),
        (validation, settings.method.validation, "validation"),
    ):
        limit = None if limits is None else limits.max_bytes
        if limit is not None and size > limit:
            raise DatasetRejected(
                f"the {what} file would have {size:,} bytes, but {settings.base_model} takes at "
                f"most {limit:,}: remove records or shorten them, or raise split.test, which "
                "keeps more of them for the blind set"
            )


def check_left(examined: RecordSource, side: NDArray[np.int8], leaks: int) -> None:
    """Check that enough records are left without those that quote the blind set.

    Raises:
        DatasetRejected: There are not.
    """
    limits = sizes(examined.settings)
    training = int(np.count_nonzero(side == Side.TRAIN))
    validation = int(np.count_nonzero(side == Side.VALIDATION))
    if (
        training < limits.min_train
        or validation < limits.min_validation
        or training + validation < limits.min_total
    ):
        raise DatasetRejected(
            f"{_records(leaks)} hold a passage of the blind set, and without them {training:,} are "
            f"left for training and {validation:,} for validation; {examined.settings.base_model} "
            f"needs at least {_needed(examined)}: add records, or group by a column that those "
            "with common passages share"
        )


def too_few_clusters(examined: RecordSource, distinct: int, clusters: int) -> DatasetRejected:
    """Return the refusal of records of which too many are alike."""
    return DatasetRejected(
        f"{_found(examined, distinct)}, but near-copies and groups stay on one side of the split, "
        f"and that leaves {clusters:,} {'set' if clusters == 1 else 'sets'} of records to split; "
        f"{examined.settings.base_model} needs at least {_needed(examined)}: add records that "
        "differ in more than case, digits and punctuation, or group by a column with more values"
    )


def _found(examined: RecordSource, distinct: int) -> str:
    duplicates = examined.accepted - distinct
    omitted = f"{examined.omitted:,} omitted, " if examined.omitted else ""
    return (
        f"found {distinct:,} usable {'record' if distinct == 1 else 'records'} "
        f"({examined.read:,} read, {examined.rejected:,} rejected, {omitted}"
        f"{duplicates:,} exact copies)"
    )


def _needed(examined: RecordSource) -> str:
    both = examined.settings.validation_share > 0
    what = "for training and validation" if both else "for training"
    return f"{_least(sizes(examined.settings)):,} {what} and 1 for the blind set"


def _least(limits: Sizes) -> int:
    return max(limits.min_total, limits.min_train + limits.min_validation)


def _or_mend(examined: RecordSource) -> str:
    return f", or mend the rejected ones: {_worst(examined)}" if examined.rejected else ""


def _worst(examined: RecordSource) -> str:
    errors = [found for found in examined.findings.all() if found.rule.severity == "error"]
    named = "; ".join(_in_words(found) for found in errors[:_RULES_NAMED])
    more = len(errors) - _RULES_NAMED
    return f"{named}; and {more} more {'rule' if more == 1 else 'rules'}" if more > 0 else named


def _omitted(examined: RecordSource) -> str:
    """Return why logs were omitted, all the reasons: they are the way to more records."""
    found = [one for one in examined.findings.all() if one.rule.verdict is Verdict.OMIT]
    if not found:
        return ""
    counts = ", ".join(f"{one.rule.id} {one.count:,}" for one in found)
    return f"; omitted logs: {counts}; name a longer time of logs, or choose more of them"


def _in_words(found: Finding) -> str:
    lines = ", ".join(found.places[:_LINES_NAMED])
    more = ", …" if found.count > _LINES_NAMED else ""
    noun = "line" if found.count == 1 else "lines"
    return f"{found.rule.id} {found.count:,} times ({noun} {lines}{more}: {found.rule.fix})"


def _records(count: int) -> str:
    return f"{count:,} {'record' if count == 1 else 'records'}"
