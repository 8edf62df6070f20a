"""Whether a candidate goes live, and moving the alias so that of two promotions one wins.

Systems Manager has no conditional write. A small record in S3 has: it is written only over the
version that was read, and the parameter that consumers read follows it.
"""

from __future__ import annotations

import math
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import storage, times
from bedrock_customization_runtime.errors import PromotionConflict
from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

    from bedrock_customization_runtime.contract import Decision, Evaluation, Gate


class PromotionRecord(msgspec.Struct, kw_only=True, frozen=True):
    """What an alias points at, and what it pointed at before."""

    current: str
    previous: str | None
    execution_arn: str
    promoted: str
    """ISO 8601, UTC."""


def decide(evaluation: Evaluation, gate: Gate) -> Decision:
    """Hold an evaluation against the gate; a figure that is not finite never passes."""
    lower, upper = evaluation["interval"]
    minimum = gate["minimum_improvement"]
    if not all(map(math.isfinite, (evaluation["base"], evaluation["tuned"], lower, upper))):
        return _decision(f"{evaluation['metric']} has a figure that is no finite number")
    gain = (
        f"by {wording.points(lower)} to {wording.points(upper)} points with 95 % confidence, "
        f"where more than {wording.points(minimum)} are required"
    )
    if lower > minimum:
        return _decision(f"{evaluation['metric']} improves {gain}", promote=True)
    return _decision(f"{evaluation['metric']} does not surely improve enough: {gain}")


def _decision(reason: str, *, promote: bool = False) -> Decision:
    return {"promote": promote, "reasons": [reason]}


def record_uri(artifacts_bucket: str, alias_parameter: str) -> str:
    """Return where the record of an alias is."""
    digest = sha256(alias_parameter.encode()).hexdigest()[:16]
    return f"s3://{artifacts_bucket}/promotions/{digest}.json"


def promote(
    s3: S3Client,
    ssm: SSMClient,
    *,
    record: str,
    alias_parameter: str,
    candidate: str,
    execution_arn: str,
) -> PromotionRecord:
    """Point the alias at a candidate; asking twice is the same as once.

    Args:
        s3: Client.
        ssm: Client.
        record: Where the record of the alias is.
        alias_parameter: What consumers read.
        candidate: ARN to invoke.
        execution_arn: Who promotes.

    Returns:
        The record as it now is.

    Raises:
        PromotionConflict: Another run promoted since this one looked; the alias is as that run
            left it.
    """
    version = storage.read_version(s3, record)
    found = msgspec.json.decode(version.body, type=PromotionRecord) if version else None
    if found is None or found.current != candidate:
        found = PromotionRecord(
            current=candidate,
            previous=found.current if found else None,
            execution_arn=execution_arn,
            promoted=times.now(),
        )
        body = msgspec.json.encode(found)
        try:
            storage.write_version(s3, record, body, "application/json", replaces=version)
        except storage.VersionConflictError:
            raise PromotionConflict(
                f"{alias_parameter} was moved by another run at the same time: compare the two "
                "candidates, then run this one again"
            ) from None
    ssm.put_parameter(Name=alias_parameter, Value=candidate, Type="String", Overwrite=True)
    return found
