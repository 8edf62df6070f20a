"""Where distributed Map states read their items from and write their results to."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol, TypedDict


class ObjectSummary(TypedDict):
    """What a listing says of an object."""

    key: str
    etag: str
    last_modified: datetime
    size: int
    storage_class: str


class ObjectStore(Protocol):
    """Amazon S3, as far as a distributed Map state needs it, with a role's permissions."""

    def read(self, role_arn: str, bucket: str, key: str, version: str | None = None) -> bytes:
        """Return an object.

        Raises:
            StateError: S3 refused.
        """

    def list(self, role_arn: str, bucket: str, prefix: str) -> Iterator[ObjectSummary]:
        """Yield the objects under a prefix, in the order of their keys.

        Raises:
            StateError: S3 refused.
        """

    def write(self, role_arn: str, bucket: str, key: str, body: bytes) -> None:
        """Store an object.

        Raises:
            StateError: S3 refused.
        """
