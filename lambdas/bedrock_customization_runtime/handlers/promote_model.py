"""Point the alias that consumers read at the candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import aws, manifest
from bedrock_customization_runtime.promotion import alias
from bedrock_customization_runtime.s3.objects import S3Uri
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import Deployment, PromoteModelInput


@observed
def handler(event: PromoteModelInput, _context: object) -> Deployment:
    """Return the deployment that was promoted.

    Raises:
        PromotionConflict: Another run promoted at the same time.
        AliasNotWritten: The parameter does not follow its record yet; the same request fits later.
    """
    run, parameter = event["run"], event["alias_parameter"]
    found = manifest.load(aws.s3(), run["manifest"])
    move = alias.promote(
        aws.s3(),
        aws.ssm(),
        record=alias.record_uri(S3Uri.parse(run["artifacts"]).bucket, parameter),
        alias_parameter=parameter,
        run=run["id"],
        manifest_uri=run["manifest"],
        arn=event["deployment"]["arn"],
        model_arn=_model_arn(found),
        execution_arn=run["execution_arn"],
    )
    section = manifest.DeploymentSection(
        arn=move.arn, alias_parameter=parameter, previous=move.previous
    )
    manifest.update(aws.s3(), run["manifest"], lambda found: replace(found, deployment=section))
    return {"arn": move.arn}


def _model_arn(found: manifest.Manifest) -> str | None:
    if found.model_import and found.model_import.job:
        return found.model_import.job.model_arn
    return found.customization.model_arn if found.customization else None
