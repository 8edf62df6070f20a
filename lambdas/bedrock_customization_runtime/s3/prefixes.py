"""A prefix in S3 as a source: its objects as they were when they were listed, in order of keys."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from bedrock_customization_runtime.datasets.reading.file_names import (
    SUFFIXES,
    digest_of,
    why_skipped,
)
from bedrock_customization_runtime.errors import InvalidInput
from bedrock_customization_runtime.s3 import streams
from bedrock_customization_runtime.s3.objects import S3Uri
from bedrock_customization_runtime.s3.streams import ObjectVersion, PinnedObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_s3 import S3Client

_MOST_OBJECTS = 200_000
"""Below one prefix: every step of a preparation in shards holds the list."""
_SMALL = 8 * 2**20
"""Bytes of an object that is read whole, a few objects ahead: most are so small."""


class ListedObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object below a prefix, as it was listed."""

    name: str
    """Its key without the prefix."""
    version: ObjectVersion


class PinnedPrefix:
    """The data below a prefix, as they were when they were listed.

    What arrives later is not read, and what changes meanwhile is an error: logs go on arriving
    while a run reads what is there.

    Args:
        s3: Client.
        uri: The prefix, with a trailing slash.
        objects: What it held when somebody else listed it; without it, what it holds now.

    Attributes:
        objects: What is read, in the order of keys.
        size: Of all objects, in bytes.
        skipped: Objects that are not read, by the reason.

    Raises:
        InvalidInput: It holds no data, too many objects, or may not be listed.
    """

    def __init__(
        self, s3: S3Client, uri: str, *, objects: Sequence[ListedObject] | None = None
    ) -> None:
        self._s3 = s3
        self.uri = uri
        self.skipped: Counter[str] = Counter()
        self.objects = self._list() if objects is None else list(objects)
        self.size = sum(one.version.size for one in self.objects)
        self.digests: list[str] = []
        """SHA-256 of the objects that `contents` has yielded."""

    @property
    def sha256(self) -> str:
        """Digest of what `contents` has yielded (see `digest_of`)."""
        return digest_of((one.name for one in self.objects), self.digests)

    def contents(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield each object's name and bytes, which must be read before the next is asked for.

        Raises:
            SourceChanged: An object was overwritten or deleted meanwhile.
        """
        for one, (pinned, body) in zip(
            self.objects, streams.concurrently(self._open, self.objects), strict=True
        ):
            if body is None:
                yield one.name, pinned.chunks()
                self.digests.append(pinned.sha256)
            else:
                self.digests.append(sha256(body).hexdigest())
                yield one.name, [body]

    def check_unchanged(self) -> None:
        """Check that the objects are still the same.

        Raises:
            SourceChanged: One was overwritten or deleted.
        """
        for _ in streams.concurrently(lambda one: self._pin(one).check_unchanged(), self.objects):
            pass

    def _open(self, one: ListedObject) -> tuple[PinnedObject, bytes | None]:
        pinned = self._pin(one)
        return pinned, pinned.read(0, pinned.size) if pinned.size <= _SMALL else None

    def _pin(self, one: ListedObject) -> PinnedObject:
        return PinnedObject(self._s3, f"{self.uri}{one.name}", version=one.version)

    def _list(self) -> list[ListedObject]:
        try:
            where = S3Uri.parse(self.uri)
        except ValueError as error:
            raise InvalidInput(f"source: {error}") from None
        found: list[ListedObject] = []
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=where.bucket, Prefix=where.key
        )
        try:
            for page in pages:
                for item in page.get("Contents", []):
                    name = item["Key"].removeprefix(where.key)
                    reason = why_skipped(name, item["Size"])
                    if reason is not None:
                        self.skipped[reason] += 1
                        continue
                    version = ObjectVersion(etag=item["ETag"], size=item["Size"])
                    found.append(ListedObject(name=name, version=version))
                if len(found) > _MOST_OBJECTS:
                    raise InvalidInput(
                        f"source {self.uri} holds more than {_MOST_OBJECTS:,} objects: name a "
                        "longer prefix, such as that of a day"
                    )
        except ClientError as error:
            raise streams.unreadable(self.uri, error) or error from None
        if not found:
            raise InvalidInput(
                f"source {self.uri} holds no data{self._skipped_in_words()}: objects whose names "
                f"end in {', '.join(SUFFIXES)} are read; correct the prefix, or upload some there"
            )
        return found

    def _skipped_in_words(self) -> str:
        return f" ({skipped_in_words(self.skipped)})" if self.skipped else ""


def skipped_in_words(skipped: Mapping[str, int]) -> str:
    """Return how many objects are not read, and why."""
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(skipped.items()))
