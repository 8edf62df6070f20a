"""Finish: what is left is checked, the sides are merged, report and manifest written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets.preparation import finish as finish_split
from bedrock_customization_runtime.errors import DatasetRejected
from bedrock_customization_runtime.preparation import refused, write_prepared
from bedrock_customization_runtime.sharded_preparation.dividing import leaks_of, split_of

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import Preparation
    from bedrock_customization_runtime.sharded_preparation.work import Work


def finish(work: Work) -> Preparation:
    """Write the sides, the report and the manifest's section, as one function alone does.

    The split is made once more: that takes seconds, and keeping all that it found would take more.

    Raises:
        DatasetRejected: What is left does not fit the base model; the report is written
            nevertheless.
    """
    examined, gathered = work.examined, work.gathered
    columns = examined.columns()
    try:
        split = split_of(work, columns)
        prepared = finish_split(examined, columns, split, leaks_of(work))
    except DatasetRejected as refusal:
        raise refused(work.s3, work.run, examined, refusal, gathered.rejected) from None
    return write_prepared(
        work.s3,
        work.run,
        examined=examined,
        prepared=prepared,
        source=gathered.source,
        rejected=gathered.rejected,
    )
