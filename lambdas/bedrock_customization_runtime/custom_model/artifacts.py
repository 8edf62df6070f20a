"""Where SageMaker AI has left a trained Amazon Nova model: in a bucket that Amazon manages.

A training job leaves no weights in its output, but an archive whose `manifest.json` names the
bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.errors import InvalidInput, ModelSourceRefused
from bedrock_customization_runtime.model_import.sources import sagemaker as described
from bedrock_customization_runtime.model_import.sources.archive import members_of
from bedrock_customization_runtime.s3.objects import S3Uri
from bedrock_customization_runtime.s3.streams import PinnedObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.aws_protocols import SageMakerClient
    from bedrock_customization_runtime.contract import NovaArtifacts, NovaSource

_MANIFEST, _OUTPUT = "manifest.json", "output/output.tar.gz"
_LONGEST_MANIFEST = 2**20


class _Manifest(msgspec.Struct, frozen=True):
    checkpoint_s3_bucket: str


def locate(
    s3: S3Client, sagemaker: Callable[[], SageMakerClient], source: NovaSource, *, account: str
) -> NovaArtifacts:
    """Return where a trained model is.

    Args:
        s3: Client.
        sagemaker: Makes a client; asked for training jobs alone.
        source: What is imported.
        account: Of the run, to which the escrow bucket must belong.

    Raises:
        ModelSourceRefused: The training job has not completed, its output is out of reach or names
            no Amazon Nova model, or the model is in no escrow bucket of the account.
    """
    if "model_package" in source:
        return {"model_package": source["model_package"]}
    uri = (
        _of_training_job(s3, sagemaker(), source["training_job"], bucket=source.get("bucket"))
        if "training_job" in source
        else source.get("artifacts", "")
    )
    prefix = catalog.import_rules().nova.escrow_bucket_of(account)
    if not uri.startswith(f"s3://{prefix}"):
        raise ModelSourceRefused(
            f"the model lies at {uri!r}, and Bedrock takes those of Amazon Nova from the buckets "
            f"that SageMaker AI keeps for this account alone, {prefix}…: name a model that was "
            "trained by a recipe for Amazon Nova in this account"
        )
    return {"uri": uri}


def _of_training_job(
    s3: S3Client, sagemaker: SageMakerClient, name: str, *, bucket: str | None
) -> str:
    job = described.completed_training_job(sagemaker, name)
    output = job["OutputDataConfig"]["S3OutputPath"]
    archive = f"{output.rstrip('/')}/{name}/{_OUTPUT}"
    try:
        found = S3Uri.parse(archive)
    except ValueError as error:
        raise ModelSourceRefused(f"output of training job {name}: {error}") from None
    if found.bucket != bucket:
        raise ModelSourceRefused(
            f"training job {name} has its output in bucket {found.bucket}, and {bucket} is the one "
            "that may be read: name that bucket in the model source"
        )
    try:
        packed = PinnedObject(s3, archive)
    except InvalidInput as error:
        raise ModelSourceRefused(
            f"training job {name} has left no {archive}, in which a recipe for Amazon Nova says "
            f"where the model is ({error}): name the model's S3 URI instead"
        ) from None
    for member in members_of(packed):
        if member.name == _MANIFEST:
            return _checkpoint(archive, member.read(_LONGEST_MANIFEST))
    raise _no_manifest(archive, "it has none")


def _checkpoint(archive: str, body: bytes) -> str:
    try:
        found = msgspec.json.decode(body, type=_Manifest)
    except msgspec.DecodeError:
        raise _no_manifest(archive, "it names no checkpoint_s3_bucket") from None
    return found.checkpoint_s3_bucket


def _no_manifest(archive: str, why: str) -> ModelSourceRefused:
    return ModelSourceRefused(
        f"{archive}: no {_MANIFEST} of Amazon Nova ({why}): take a job that a recipe for Amazon "
        "Nova has run, or SageMakerModel for another model"
    )
