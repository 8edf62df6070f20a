"""The versions of a run's manifest, as they lie in a folder or in S3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_runtime.manifest.history import FOLDER
from bedrock_customization_runtime.s3 import objects
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

MANIFEST = "manifest.json"
_NAME = re.compile(r"([0-9]{6})\.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Versions:
    """What was found.

    Args:
        newest: Bytes of `manifest.json`.
        kept: Bytes of what is kept, by number.
        strangers: Names beside them that no version has.
    """

    newest: bytes
    kept: Mapping[int, bytes]
    strangers: tuple[str, ...]


def in_folder(folder: Path) -> Versions:
    """Return what lies in a copy of a run's folder.

    Raises:
        CommandError: It cannot be read.
    """
    try:
        newest = (folder / MANIFEST).read_bytes()
        kept = folder / FOLDER
        bodies = {file.name: file.read_bytes() for file in kept.iterdir()} if kept.is_dir() else {}
    except OSError as error:
        raise CommandError(
            f"{error.filename} cannot be read: {error.strerror}",
            advice=(f"copy a run's {MANIFEST} and {FOLDER}/ there: aws s3 sync",),
        ) from error
    return _sorted(newest, bodies)


def in_s3(s3: S3Client, uri: str) -> Versions:
    """Return what lies at a manifest's place in S3, and beside it."""
    where = S3Uri.parse(uri)
    prefix = f"{where.key.rpartition('/')[0]}/{FOLDER}/"
    newest = objects.read(s3, uri)
    bodies = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            body = objects.read(s3, f"s3://{where.bucket}/{item['Key']}")
            bodies[item["Key"].removeprefix(prefix)] = body
    return _sorted(newest, bodies)


def _sorted(newest: bytes, bodies: Mapping[str, bytes]) -> Versions:
    numbers = {name: _NAME.fullmatch(name) for name in bodies}
    return Versions(
        newest=newest,
        kept={int(match[1]): bodies[name] for name, match in numbers.items() if match},
        strangers=tuple(sorted(name for name, match in numbers.items() if not match)),
    )
