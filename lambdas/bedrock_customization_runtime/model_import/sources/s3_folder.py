"""A folder of model files in S3, pinned by entity tags."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_runtime.errors import InvalidInput, ModelSourceRefused
from bedrock_customization_runtime.model_import.sources.pinned import Pinned, SourceFile
from bedrock_customization_runtime.s3.objects import S3Uri
from bedrock_customization_runtime.s3.streams import ObjectVersion, PinnedObject
from bedrock_customization_runtime.weights.folder import File

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

_MOST_FILES = 10_000


class S3Folder:
    """Objects below a prefix, as they were when the run first looked.

    Args:
        s3: Client.
        pinned: What was found then.
    """

    def __init__(self, s3: S3Client, pinned: Pinned) -> None:
        self._s3 = s3
        self.pinned = pinned
        self._by_name = {file.name: file for file in pinned.files}

    @classmethod
    def look(cls, s3: S3Client, uri: str, *, account: str | None = None) -> S3Folder:
        """Find out what lies below a prefix now.

        Args:
            s3: Client.
            uri: Of the prefix; a missing slash at its end is added.
            account: Who must own the bucket; None for whoever does.

        Raises:
            InvalidInput: The URI is none.
            ModelSourceRefused: Nothing is there, or it may not be listed.
        """
        folder = uri.rstrip("/") + "/"
        try:
            where = S3Uri.parse(folder)
        except ValueError as error:
            raise InvalidInput(f"model source: {error}") from None
        list_all = partial(
            s3.get_paginator("list_objects_v2").paginate, Bucket=where.bucket, Prefix=where.key
        )
        try:
            pages = list_all(ExpectedBucketOwner=account) if account else list_all()
            files = []
            for page in pages:
                files += [
                    SourceFile(
                        name=one["Key"][len(where.key) :], size=one["Size"], etag=one["ETag"]
                    )
                    for one in page.get("Contents", [])
                    if not one["Key"].endswith("/")
                ]
                if len(files) > _MOST_FILES:
                    raise ModelSourceRefused(
                        f"{folder} holds more than {_MOST_FILES:,} objects: name the folder of one "
                        "model"
                    )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise ModelSourceRefused(
                f"{folder} cannot be listed ({code}): let the import function, whose role is the "
                "phase's `function.role`, list and read the bucket"
            ) from None
        if not files:
            raise ModelSourceRefused(f"{folder} holds nothing: name the folder of the model")
        return cls(s3, Pinned(kind="s3", location=folder, files=files))

    def files(self) -> Sequence[File]:
        """Return all objects, by their names below the prefix."""
        return [File(file.name, file.size) for file in self.pinned.files]

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return some bytes of an object.

        Raises:
            SourceChanged: It was overwritten or deleted since.
        """
        file = self._by_name[name]
        end = min(start + length, file.size)
        if start >= end:
            return b""
        version = ObjectVersion(etag=file.etag or "", size=file.size)
        return PinnedObject(self._s3, self.uri_of(name), version=version).read(start, end)

    def uri_of(self, name: str) -> str:
        """Return the URI of a file."""
        return f"{self.pinned.location}{name}"

    def etag_of(self, name: str) -> str:
        """Return the entity tag that pins a file."""
        return self._by_name[name].etag or ""
