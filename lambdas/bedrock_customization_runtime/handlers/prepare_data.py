"""Lambda function of the state "Prepare data"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws, preparation

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import Preparation, PrepareDataInput


def handler(event: PrepareDataInput, context: object) -> Preparation:  # noqa: ARG001 - Lambda passes both
    """Make the run's data set; a repeated call writes the same again.

    Raises:
        InvalidInput: The source does not exist, or a setting makes no sense.
        SourceChanged: The source was overwritten while it was read.
        DatasetRejected: The data cannot be used.
    """
    return preparation.prepare(aws.s3(), event)
