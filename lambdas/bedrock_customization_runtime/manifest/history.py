"""Earlier versions of a manifest: kept below its run for as long as the run's other files.

The versions that S3 keeps of an object go after a while, and a bucket of one's own may keep none.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "lineage"
_DIGITS = 6


def place_of(manifest_uri: str, version: int) -> str:
    """Return where a version is kept."""
    return f"{manifest_uri.rpartition('/')[0]}/{FOLDER}/{name_of(version)}"


def name_of(version: int) -> str:
    """Return the name of a version's file."""
    return f"{version:0{_DIGITS}}.json"


def keep(s3: S3Client, manifest_uri: str, version: int, body: bytes) -> None:
    """Keep a version; what is kept already is never written over."""
    with suppress(objects.VersionConflictError):
        place = place_of(manifest_uri, version)
        objects.write_version(s3, place, body, "application/json", replaces=None)
