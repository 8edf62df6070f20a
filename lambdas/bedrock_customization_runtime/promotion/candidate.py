"""A candidate goes live: the alias points at it, and the manifest says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.promotion import alias
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

    from bedrock_customization_runtime.contract import Deployment, PromoteModelInput


def promote(s3: S3Client, ssm: SSMClient, event: PromoteModelInput) -> Deployment:
    """Return the deployment that was promoted.

    Raises:
        PromotionConflict: Another run promoted at the same time.
        AliasNotWritten: The parameter does not follow its record yet; the same request fits later.
    """
    run, parameter = event["run"], event["alias_parameter"]
    found = manifest.load(s3, run["manifest"])
    move = alias.promote(
        s3,
        ssm,
        record=alias.record_uri(S3Uri.parse(run["artifacts"]).bucket, parameter),
        alias_parameter=parameter,
        run=run["id"],
        manifest_uri=run["manifest"],
        arn=event["deployment"]["arn"],
        model_arn=found.model_arn,
        execution_arn=run["execution_arn"],
    )
    section = manifest.DeploymentSection(
        arn=move.arn, alias_parameter=parameter, previous=move.previous
    )
    manifest.update(s3, run["manifest"], lambda found: replace(found, deployment=section))
    return {"arn": move.arn}
