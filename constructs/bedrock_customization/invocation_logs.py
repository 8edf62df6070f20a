"""Value objects that say which of Bedrock's model invocation logs a student learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization._access import Place, reading
from bedrock_customization_runtime.catalog import check_filters

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms, aws_s3 as s3

    from bedrock_customization._access import Right
    from bedrock_customization_runtime import contract


@dataclass(frozen=True, slots=True)
class RequestMetadata:
    """Chooses invocation logs by the metadata that were sent with the requests.

    Make one with `equals`, `not_equals`, `and_all` or `or_all`; the last two take the first two.
    A request without the key is unequal to every value.

    Args:
        filters: In the spelling of Bedrock's API.

    Raises:
        ValueError: Bedrock would refuse it; the message says what it takes.
    """

    filters: contract.MetadataFilters

    def __post_init__(self) -> None:
        """Check what botocore does not."""
        check_filters(self.filters)

    @classmethod
    def equals(cls, key: str, value: str) -> RequestMetadata:
        """Choose requests with that value.

        Args:
            key: 1 to 256 letters, digits, spaces and `._:/=+$@-`.
            value: At most 256 of them.
        """
        return cls({"equals": {key: value}})

    @classmethod
    def not_equals(cls, key: str, value: str) -> RequestMetadata:
        """Choose requests with another value, or without the key.

        Args:
            key: As of `equals`.
            value: Likewise.
        """
        return cls({"notEquals": {key: value}})

    @classmethod
    def and_all(cls, *conditions: RequestMetadata) -> RequestMetadata:
        """Choose requests for which all of 1 to 16 conditions hold."""
        return cls({"andAll": [condition.filters for condition in conditions]})

    @classmethod
    def or_all(cls, *conditions: RequestMetadata) -> RequestMetadata:
        """Choose requests for which one of 1 to 16 conditions holds."""
        return cls({"orAll": [condition.filters for condition in conditions]})


@dataclass(frozen=True, kw_only=True, slots=True)
class LogBucket:
    """A bucket of your own that Bedrock logs into, such as one for all teams of an account.

    Args:
        bucket: It may be imported; one of another account must let the preparation's role read.
        prefix: Below which the logs are: that of the logging configuration, with a trailing slash.
            Without it, the whole bucket is read from.
        key: What encrypts it, if it is imported and encrypted with a customer key.

    Raises:
        ValueError: The prefix does not end with a slash.
    """

    bucket: s3.IBucket
    prefix: str = ""
    key: kms.IKey | None = None

    def __post_init__(self) -> None:
        """Check the prefix."""
        if self.prefix and (not self.prefix.endswith("/") or self.prefix.startswith("/")):
            raise ValueError(
                f"prefix must be a folder like logs/, got {self.prefix!r}: begin it without a "
                "slash, and end it with one"
            )

    @property
    def uri(self) -> str:
        """S3 URI of the prefix."""
        return f"s3://{self.bucket.bucket_name}/{self.prefix}"

    def reading(self) -> list[Right]:
        """Return the rights to read the logs."""
        key = self.bucket.encryption_key or self.key
        place = Place(bucket_arn=self.bucket.bucket_arn, key_arn=key.key_arn if key else None)
        return reading(place, f"{self.prefix}*")


@dataclass(frozen=True, kw_only=True, slots=True)
class InvocationLogs:
    """Which logs are learned from, and whether their answers are.

    Args:
        request_metadata: What the requests' metadata must be. Without it, all logs are chosen.
        use_prompt_response: Whether the logged answers are learned. They must be the teacher's:
            logs of other models are omitted, and no token of the teacher is paid for training.
            Otherwise only the prompts are taken, of any model, and the teacher answers them anew.
        bucket: Where logs may lie beside `incoming/` of the data bucket. Without it, only there.
    """

    request_metadata: RequestMetadata | None = None
    use_prompt_response: bool = False
    bucket: LogBucket | None = None

    def to_contract(self, teacher: str) -> contract.LogsPlan:
        """Return what the handlers receive.

        Args:
            teacher: Whose answers are learned.
        """
        plan: contract.LogsPlan = {
            "teacher": teacher,
            "use_prompt_response": self.use_prompt_response,
        }
        if self.request_metadata is not None:
            plan["request_metadata_filters"] = self.request_metadata.filters
        return plan
