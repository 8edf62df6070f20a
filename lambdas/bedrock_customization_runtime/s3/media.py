"""Media files in S3 as the data engine asks for them: there or not, how large, how they begin.

A training file can name a hundred thousand media. Listings tell a thousand of them at a time; only
the beginning of a file costs a request of its own, so it is read for the first so many alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_runtime.contract import MEDIA_PREFIX
from bedrock_customization_runtime.datasets.record_formats.media_files import HEAD, MediaFile
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import Run

_HEADS = 10_000
"""Beginnings that are read: a few minutes' worth, one after the other."""
_LISTED = 500_000
"""Objects that are remembered, some 60 MB; what lies in a folder beyond that stays unchecked."""
_FORBIDDEN = frozenset({"403", "AccessDenied"})
_MISSING = frozenset({"404", "NoSuchBucket", "NoSuchKey"})


def reachable(run: Run) -> str:
    """Return the S3 URI prefix of the media that a run's job may read."""
    return f"s3://{S3Uri.parse(run['data']).bucket}/{MEDIA_PREFIX}/"


class S3Media:
    """Looks at media in S3. The same files in the same order give the same answers.

    Args:
        s3: Client.
        heads: How many beginnings are read at most.
    """

    def __init__(self, s3: S3Client, *, heads: int = _HEADS) -> None:
        self._s3 = s3
        self._heads_left = heads
        self._sizes: dict[str, int] = {}
        self._folders: dict[str, bool] = {}
        self._known: dict[str, MediaFile | None] = {}

    def __call__(self, uri: str) -> MediaFile | None:
        """Return what is known of a file; None where there is none.

        Raises:
            botocore.exceptions.ClientError: S3 failed, other than by refusing to say.
        """
        if uri not in self._known:
            self._known[uri] = self._look(uri)
        return self._known[uri]

    def _look(self, uri: str) -> MediaFile | None:
        folder = uri.rpartition("/")[0] + "/"
        if folder not in self._folders:
            self._folders[folder] = self._list(folder)
        if not self._folders[folder]:
            return MediaFile()
        size = self._sizes.get(uri)
        if size is None:
            return None
        if self._heads_left == 0:
            return MediaFile(size=size)
        self._heads_left -= 1
        return MediaFile(size=size, head=self._head(uri, size))

    def _list(self, folder: str) -> bool:
        """Remember the files of a folder; False where S3 does not tell, or there are too many."""
        bucket, _, prefix = folder.removeprefix("s3://").partition("/")
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, Delimiter="/"
        )
        try:
            for page in pages:
                for found in page.get("Contents", []):
                    self._sizes[f"s3://{bucket}/{found['Key']}"] = found["Size"]
                if len(self._sizes) > _LISTED:
                    return False
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _FORBIDDEN:
                return False
            if code not in _MISSING:
                raise
        return True

    def _head(self, uri: str, size: int) -> bytes | None:
        if size == 0:
            return b""
        where = S3Uri.parse(uri)
        try:
            found = self._s3.get_object(
                Bucket=where.bucket, Key=where.key, Range=f"bytes=0-{HEAD - 1}"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _FORBIDDEN:
                return None
            raise
        return found["Body"].read()
