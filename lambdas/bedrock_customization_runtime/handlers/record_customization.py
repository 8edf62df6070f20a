"""Write a customization job, its losses and its model into the run's manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import aws, customization, manifest

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import Customization, RecordCustomizationInput


def handler(event: RecordCustomizationInput, _context: object) -> Customization:
    """Return what later states call `$customization`.

    Raises:
        CustomizationFailed: The job did not complete, or its model failed.
    """
    run = event["run"]
    section = customization.describe(aws.bedrock(), aws.s3(), run["names"]["job"])
    status = customization.model_status(aws.bedrock(), section.model_arn)
    manifest.update(aws.s3(), run["manifest"], lambda found: replace(found, customization=section))
    return {
        "job_arn": section.job_arn,
        "model_arn": section.model_arn,
        "model_status": status,
    }
