"""The manifest of a run, from wherever it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline, aws_errors, run_of
from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_runtime.manifest import SCHEMA_VERSION, Manifest
from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from bedrock_customization_local.cli.aws_options import Access, Target

_S3 = "s3://"


def manifest_of(run: str, target: Target) -> str:
    """Return where the manifest of a deployed pipeline's run lies.

    Raises:
        CommandError: There is no such pipeline.
    """
    key, execution_arn = run_of(run)
    with aws_errors():
        session = target.session()
        pipeline = DeployedPipeline.find(session, target.stack, execution_arn)
    return f"{_S3}{pipeline.artifacts_bucket}/runs/{key}/manifest.json"


def read_manifest(place: str, access: Access) -> Manifest:
    """Return the manifest in a file or at an S3 URI.

    Raises:
        CommandError: It cannot be read, or is no manifest of this version.
    """
    body = _object(place, access) if place.startswith(_S3) else _file(Path(place))
    try:
        return msgspec.json.decode(body, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{place} is no manifest of schema version {SCHEMA_VERSION}: {error}",
            advice=("use the version of this library that wrote it (run.library_version)",),
        ) from error


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(
            f"{path} cannot be read: {error.strerror}",
            advice=("name the manifest.json of a run, as a file or an S3 URI",),
        ) from error


def _object(uri: str, access: Access) -> bytes:
    with aws_errors():
        try:
            return objects.read(access.session().client("s3"), uri)
        except ValueError as error:
            raise CommandError(str(error), advice=("write s3://bucket/key",)) from error
