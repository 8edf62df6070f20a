"""The job that EMR Serverless runs: what it is told, and where it says how it ended."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.sharded_preparation.outcomes import ABOUT_THE_DATA, write_outcome
from bedrock_customization_runtime.sharded_preparation.scratch import Scratch
from bedrock_customization_runtime.spark_preparation.driving import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_runtime.contract import Preparation
    from bedrock_customization_runtime.errors import CustomizationError


def main(arguments: Sequence[str] | None = None) -> None:
    """Prepare a source that was planned for Spark.

    Data that cannot be used end the job well: the outcome says why, and who reads it raises that.
    Whatever else happens fails the job.

    Args:
        arguments: Of the command line; without them, those of this process.
    """
    parser = argparse.ArgumentParser(description="Prepares a source that was planned for Spark.")
    parser.add_argument("--scratch", required=True, help="where the plan is, an S3 URI")
    parser.add_argument(
        "--memory", required=True, type=int, help="of the driver, for Python, in bytes"
    )
    given = parser.parse_args(arguments)
    # Only a job needs it, and only where it runs is it installed.
    from pyspark import SparkContext  # noqa: PLC0415

    s3 = aws.s3()
    scratch = Scratch(s3, given.scratch)
    with SparkContext.getOrCreate() as context:
        began = time.monotonic()
        outcome: Preparation | CustomizationError
        try:
            outcome = prepare(context, s3, given.scratch, memory=given.memory)
        except ABOUT_THE_DATA as error:
            outcome = error
        write_outcome(scratch, outcome, seconds=round(time.monotonic() - began))
