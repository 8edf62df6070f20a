"""What is never taken away: what consumers use, what a rollback needs, what was ever promoted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.names import key_of
from bedrock_customization_runtime.promotion import alias

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

    from bedrock_customization_runtime.contract import KeptPipeline


@dataclass(frozen=True, kw_only=True, slots=True)
class Protection:
    """What a pipeline's alias, and its record of promotions, hold on to.

    Args:
        live: ARNs that consumers use.
        previous: ARNs that a rollback goes back to at once.
        models: ARNs of the custom models that ever were promoted: any may be deployed anew.
        runs: Keys of the runs whose models are live, or were before: their data and blind sets are
            what those models were proved on.
    """

    live: frozenset[str]
    previous: frozenset[str]
    models: frozenset[str]
    runs: frozenset[str]

    @property
    def deployments(self) -> frozenset[str]:
        """ARNs of deployments that stay."""
        return self.live | self.previous


def read(s3: S3Client, ssm: SSMClient, pipeline: KeptPipeline) -> Protection:
    """Return what a pipeline holds on to now.

    Args:
        s3: Client.
        ssm: Client.
        pipeline: Whose.
    """
    parameter = pipeline["alias_parameter"]
    record = alias.read(s3, alias.record_uri(pipeline["artifacts_bucket"], parameter))
    current = record.current
    live = {alias.value_of(ssm, parameter), current.arn if current else None}
    previous = {
        alias.value_of(ssm, pipeline["previous_parameter"]),
        current.previous if current else None,
    }
    kept = live | previous
    return Protection(
        live=frozenset(arn for arn in live if arn),
        previous=frozenset(arn for arn in previous if arn),
        models=frozenset(move.model_arn for move in record.history if move.model_arn),
        runs=frozenset(key_of(move.run) for move in record.history if move.arn in kept),
    )
