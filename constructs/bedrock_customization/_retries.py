"""When a task is tried again: after which errors, and how long after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

TRANSIENT_LAMBDA_ERRORS = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]
# A model that stays busy, or a call that was cut off: what is answered already is kept.
BUSY_MODEL_ERRORS = [
    "ThrottlingException",
    "ModelNotReadyException",
    "ServiceUnavailableException",
    "InternalServerException",
    "Sandbox.Timedout",
]
TRANSIENT_BEDROCK_ERRORS = [
    "Bedrock.ThrottlingException",
    "Bedrock.InternalServerException",
    "Bedrock.SdkClientException",
]
TRANSIENT_SNS_ERRORS = [
    "SNS.InternalErrorException",
    "SNS.ThrottledException",
    "SNS.SdkClientException",
]
# No document says how Step Functions spells the service here.
TRANSIENT_EMR_ERRORS = [
    f"{service}.{error}"
    for service in ("EMRServerless", "EmrServerless")
    for error in ("ThrottlingException", "InternalServerException", "SdkClientException")
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """Repeat a task after some errors: each wait twice the last, at most an hour, with jitter.

    Args:
        errors: Names.
        interval_seconds: Longest first wait.
        max_attempts: Beside the first.
    """

    errors: Sequence[str]
    interval_seconds: int
    max_attempts: int = 6

    def to_json(self) -> dict[str, Any]:
        """Return the retrier as a state holds it."""
        return {
            "ErrorEquals": list(self.errors),
            "IntervalSeconds": self.interval_seconds,
            "MaxAttempts": self.max_attempts,
            "BackoffRate": 2,
            "MaxDelaySeconds": 3600,
            "JitterStrategy": "FULL",
        }


FULL_QUOTA = Retry(
    # The second as a function names it.
    errors=["Bedrock.ServiceQuotaExceededException", "ServiceQuotaExceededException"],
    interval_seconds=600,
    max_attempts=6,
)
"""For calls that fit once something else has ended."""
KILLED_FUNCTION = Retry(
    errors=["Runtime.ExitError", "Sandbox.Timedout"], interval_seconds=2, max_attempts=2
)
