"""Amazon S3 for distributed Map states."""

from collections.abc import Iterator

from bedrock_customization_local.cloud.stepfunctions.maps.objects import ObjectSummary
from bedrock_customization_local.cloud.stepfunctions.tasks.api import Api
from bedrock_customization_local.cloud.stepfunctions.tasks.naming import sdk_error
from bedrock_customization_local.cloud.untyped import Json


class S3Objects:
    """Reads and writes objects with a role's permissions.

    Args:
        api: Where S3 is.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def read(self, role_arn: str, bucket: str, key: str, version: str | None = None) -> bytes:
        """Return an object.

        Raises:
            StateError: S3 refused.
        """
        parameters: dict[str, Json] = {"Bucket": bucket, "Key": key}
        if version is not None:
            parameters["VersionId"] = version
        body: bytes = self._request(role_arn, "GetObject", parameters)["Body"].read()
        return body

    def list(self, role_arn: str, bucket: str, prefix: str) -> Iterator[ObjectSummary]:
        """Yield the objects under a prefix, in the order of their keys.

        Raises:
            StateError: S3 refused.
        """
        parameters: dict[str, Json] = {"Bucket": bucket, "Prefix": prefix}
        while True:
            page = self._request(role_arn, "ListObjectsV2", parameters)
            for found in page.get("Contents", []):
                yield ObjectSummary(
                    key=found["Key"],
                    etag=found["ETag"],
                    last_modified=found["LastModified"],
                    size=found["Size"],
                    storage_class=found.get("StorageClass", "STANDARD"),
                )
            if not page.get("IsTruncated"):
                return
            parameters["ContinuationToken"] = page["NextContinuationToken"]

    def write(self, role_arn: str, bucket: str, key: str, body: bytes) -> None:
        """Store an object.

        Raises:
            StateError: S3 refused.
        """
        self._request(role_arn, "PutObject", {"Bucket": bucket, "Key": key, "Body": body})

    def _request(self, role_arn: str, operation: str, parameters: dict[str, Json]) -> Json:
        return self._api.request(
            role_arn, self._api.operation("s3", operation), parameters, sdk_error
        )
