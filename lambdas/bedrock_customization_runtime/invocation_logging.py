"""Turns the account's model invocation logging on and off, and never overwrites another team's.

There is one configuration for each account and Region, and Bedrock has no conditional write: it is
read first, and between reading and writing a moment remains in which somebody else may write too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import LoggingAction
from bedrock_customization_runtime.errors import InvalidInput, LoggingConfiguredElsewhere

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import LoggingConfigTypeDef

    from bedrock_customization_runtime.contract import LoggingStatus


def configure(bedrock: BedrockClient, action: str, *, bucket: str, prefix: str) -> LoggingStatus:
    """Turn logging into a bucket on or off, or show what is configured.

    Args:
        bedrock: Client.
        action: Value of `LoggingAction`.
        bucket: Where logs go.
        prefix: Below which, without a trailing slash.

    Returns:
        What is configured now, and whether that was changed.

    Raises:
        InvalidInput: There is no such action.
        LoggingConfiguredElsewhere: Somebody else has configured logging; nothing was changed.
    """
    if action not in set(LoggingAction):
        raise InvalidInput(
            f"action must be one of {', '.join(LoggingAction)}, got {action!r}: send "
            '{"action": "turn-on"}'
        )
    # Where nothing is configured the member is missing.
    reply = bedrock.get_model_invocation_logging_configuration()
    found: LoggingConfigTypeDef | None = reply.get("loggingConfig")
    changed = False
    if action != LoggingAction.SHOW and found and not _is_ours(found, bucket, prefix):
        raise LoggingConfiguredElsewhere(_elsewhere(found, bucket))
    wanted = _ours(bucket, prefix)
    if action == LoggingAction.TURN_ON and found != wanted:
        bedrock.put_model_invocation_logging_configuration(loggingConfig=wanted)
        found, changed = wanted, True
    if action == LoggingAction.TURN_OFF and found:
        bedrock.delete_model_invocation_logging_configuration()
        found, changed = None, True
    return {"logs": _places(found) if found else [], "changed": changed}


def _ours(bucket: str, prefix: str) -> LoggingConfigTypeDef:
    # Those left out would be delivered.
    return {
        "s3Config": {"bucketName": bucket, "keyPrefix": prefix},
        "textDataDeliveryEnabled": True,
        "imageDataDeliveryEnabled": False,
        "embeddingDataDeliveryEnabled": False,
        "videoDataDeliveryEnabled": False,
        "audioDataDeliveryEnabled": False,
    }


def _is_ours(found: LoggingConfigTypeDef, bucket: str, prefix: str) -> bool:
    """Whether logs go to our place and nowhere else, whatever is logged."""
    place = found.get("s3Config", {})
    return (
        "cloudWatchConfig" not in found
        and place.get("bucketName") == bucket
        and place.get("keyPrefix", "").strip("/") == prefix
    )


def _places(found: LoggingConfigTypeDef) -> list[str]:
    places = []
    if "s3Config" in found:
        where = found["s3Config"]
        prefix = where.get("keyPrefix", "").strip("/")
        places.append(f"s3://{where['bucketName']}/{prefix}".rstrip("/"))
    if "cloudWatchConfig" in found:
        places.append(f"log group {found['cloudWatchConfig']['logGroupName']}")
    return places


def _elsewhere(found: LoggingConfigTypeDef, bucket: str) -> str:
    return (
        "model invocation logging of this account and Region is configured by somebody else, to "
        f"{' and '.join(_places(found)) or 'nowhere'}, and was left as it is: read those logs "
        "where they are (InvocationLogs takes their bucket), copy them below "
        f"s3://{bucket}/incoming/, or agree with whoever configured it"
    )
