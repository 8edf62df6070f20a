"""The account's model invocation logging: one configuration for each account and Region.

Invocations are logged to S3 as the service does it: gzip of JSON lines, some time after, with best
effort. Bodies beyond 100 KB become objects of their own, of which the record tells the place.
Delivery to CloudWatch Logs is kept in the configuration and not done.
"""

from __future__ import annotations

import gzip
import json
import logging
import threading
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_local.cloud.bedrock.authorization import SERVICE_PRINCIPAL
from bedrock_customization_local.cloud.bedrock.errors import ValidationError
from bedrock_customization_local.cloud.bedrock.jobs.invocation_logs import (
    SCHEMA_TYPE,
    SCHEMA_VERSION,
)
from bedrock_customization_local.cloud.iam import AccessDenied, Permission

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.untyped import Json

_DELIVERY_SECONDS = 120
_LARGEST_BODY = 100 * 1024
_CONTENT_TYPE = "application/json"

logger = logging.getLogger(__name__)


class InvocationLogging:
    """The configuration, and the delivery that it asks for.

    Args:
        account: The account.
        clients: Returns the embedded AWS's client of a service.
        authorizer: Evaluates the bucket's policy.
    """

    def __init__(
        self, account: Account, *, clients: Callable[[str], Any], authorizer: RoleAuthorizer
    ) -> None:
        self._account, self._clients, self._authorizer = account, clients, authorizer
        self._configuration: dict[str, Any] | None = None
        self._waiting: list[dict[str, Any]] = []
        self._waiting_lock = threading.Lock()

    def get_model_invocation_logging_configuration(
        self, _parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """GetModelInvocationLoggingConfiguration."""
        return {} if self._configuration is None else {"loggingConfig": self._configuration}

    def put_model_invocation_logging_configuration(
        self, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """PutModelInvocationLoggingConfiguration."""
        configuration = dict(parameters["loggingConfig"])
        place = configuration.get("s3Config")
        if place is not None:
            try:
                self._put(place, "amazon-bedrock-logs-permission-check", b"")
            except (AccessDenied, ClientError) as error:
                raise ValidationError(
                    "loggingConfig.s3Config: Failed to validate permissions for the bucket "
                    f"{place['bucketName']}; its policy must let {SERVICE_PRINCIPAL} put objects "
                    f"({error})"
                ) from error
        self._configuration = configuration
        return {}

    def delete_model_invocation_logging_configuration(
        self, _parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """DeleteModelInvocationLoggingConfiguration."""
        self._configuration = None
        return {}

    def log(self, operation: str, parameters: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        """Log an invocation that was answered, if the account's are logged.

        Args:
            operation: `Converse` or `InvokeModel`.
            parameters: The request.
            reply: The answer.
        """
        place = (self._configuration or {}).get("s3Config")
        wanted = (self._configuration or {}).get("textDataDeliveryEnabled", True)
        if place is None or not wanted:
            return
        record = self._record(operation, parameters, reply)
        with self._waiting_lock:
            self._waiting.append(record)
            if len(self._waiting) > 1:
                return  # whoever logged the first has ordered the delivery
        self._account.background.later(_DELIVERY_SECONDS, lambda: self._deliver(place))

    def _record(
        self, operation: str, parameters: Mapping[str, Any], reply: Mapping[str, Any]
    ) -> dict[str, Any]:
        place = self._account.place
        metadata = _metadata(parameters)
        asked, answered = _bodies(operation, parameters, reply)
        read, said = _usage(answered)
        return {
            "schemaType": SCHEMA_TYPE,
            "schemaVersion": SCHEMA_VERSION,
            "timestamp": self._account.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "accountId": place.account_id,
            "region": place.region,
            "requestId": str(uuid.uuid4()),
            "operation": operation,
            "modelId": parameters["modelId"],
            "input": {
                "inputContentType": _CONTENT_TYPE,
                "inputBodyJson": asked,
                "inputTokenCount": read,
            },
            "output": {
                "outputContentType": _CONTENT_TYPE,
                "outputBodyJson": answered,
                "outputTokenCount": said,
            },
            **({"requestMetadata": metadata} if metadata else {}),
        }

    def _deliver(self, place: Mapping[str, str]) -> None:
        with self._waiting_lock:
            records, self._waiting = self._waiting, []
        now = self._account.now()
        region = self._account.place.region
        folder = f"{region}/{now:%Y/%m/%d/%H}"
        try:
            for record in records:
                for side in ("input", "output"):
                    self._move_large_body(place, folder, record, side)
            lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            name = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}Z_{uuid.uuid4().hex[:16]}"
            self._put(place, f"{folder}/{name}.json.gz", gzip.compress(lines.encode()))
        except (AccessDenied, BotoCoreError, ClientError):
            logger.exception("%d invocation logs were lost", len(records))

    def _move_large_body(
        self, place: Mapping[str, str], folder: str, record: dict[str, Any], side: str
    ) -> None:
        body = json.dumps(record[side][f"{side}BodyJson"], ensure_ascii=False).encode()
        if len(body) <= _LARGEST_BODY:
            return
        name = f"{folder}/data/{record['requestId']}_{side}.json.gz"
        key = self._put(place, name, gzip.compress(body))
        del record[side][f"{side}BodyJson"]
        record[side][f"{side}BodyS3Path"] = f"s3://{place['bucketName']}/{key}"

    def _put(self, place: Mapping[str, str], name: str, body: bytes) -> str:
        """Write an object as the service itself and return its key."""
        account = self._account.place
        prefix = place.get("keyPrefix", "").strip("/")
        key = f"AWSLogs/{account.account_id}/BedrockModelInvocationLogs/{name}"
        key = f"{prefix}/{key}" if prefix else key
        bucket = place["bucketName"]
        source = f"arn:{account.partition}:bedrock:{account.region}:{account.account_id}:"
        self._authorizer.require_of_service(
            SERVICE_PRINCIPAL,
            Permission(
                "s3:PutObject",
                f"arn:{account.partition}:s3:::{bucket}/{key}",
                {
                    "aws:SourceAccount": account.account_id,
                    "aws:SourceArn": f"{source}model-invocation-logging",
                },
            ),
        )
        self._clients("s3").put_object(Bucket=bucket, Key=key, Body=body)
        return key


def check_metadata(parameters: Mapping[str, Any]) -> None:
    """Check the request metadata of InvokeModel, which come as JSON in a header.

    Raises:
        ValidationError: They are no map of strings.
    """
    metadata = _metadata(parameters)
    if not isinstance(metadata, dict) or not all(
        isinstance(value, str) for value in metadata.values()
    ):
        raise ValidationError("requestMetadata: it must be a JSON object of strings")


def _metadata(parameters: Mapping[str, Any]) -> Json:
    given = parameters.get("requestMetadata", {})
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        return None


def _bodies(
    operation: str, parameters: Mapping[str, Any], reply: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    if operation == "InvokeModel":
        return json.loads(parameters["body"]), json.loads(reply["body"])
    left_out = {"modelId", "requestMetadata"}
    return {name: part for name, part in parameters.items() if name not in left_out}, dict(reply)


def _usage(answered: Mapping[str, Any]) -> tuple[int, int]:
    """Return the input and output tokens that a body of any provider tells."""
    usage = answered.get("usage", {})
    results = answered.get("results", [{}])
    read = (
        usage.get("inputTokens")
        or usage.get("input_tokens")
        or usage.get("prompt_tokens")
        or answered.get("prompt_token_count")
        or answered.get("inputTextTokenCount")
    )
    said = (
        usage.get("outputTokens")
        or usage.get("output_tokens")
        or usage.get("completion_tokens")
        or answered.get("generation_token_count")
        or results[0].get("tokenCount")
    )
    return read or 0, said or 0
