"""Where SageMaker left a model: of a training job, a model package, or an archive by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from botocore.exceptions import ClientError

from bedrock_customization_runtime.errors import InvalidInput, ModelSourceRefused
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_customization_runtime.aws_protocols import SageMakerClient
    from bedrock_customization_runtime.contract import SageMakerSource

_ARCHIVES = (".tar.gz", ".tgz")


class ModelData(NamedTuple):
    """Where the files are, and whether they are packed."""

    kind: Literal["archive", "s3"]
    uri: str


def locate(sagemaker: Callable[[], SageMakerClient], source: SageMakerSource) -> ModelData:
    """Return where SageMaker says that a model is.

    Args:
        sagemaker: Makes a client; not asked where the archive is named.
        source: What is imported.

    Raises:
        ModelSourceRefused: There is no such job or package, it has no model, or the model lies in
            another bucket than the one named.
    """
    if "training_job" in source:
        found = _of_training_job(sagemaker(), source["training_job"])
    elif "model_package" in source:
        found = _of_model_package(sagemaker(), source["model_package"])
    else:
        found = _of_uri(source.get("archive", ""))
    try:
        bucket = S3Uri.parse(found.uri).bucket
    except ValueError as error:
        raise InvalidInput(f"model source: {error}") from None
    if bucket != source["bucket"]:
        raise ModelSourceRefused(
            f"the model lies in bucket {bucket}, and {source['bucket']} is the one that may be "
            "read: name that bucket in the model source"
        )
    return found


def completed_training_job(sagemaker: SageMakerClient, name: str) -> Mapping[str, Any]:
    """Return what SageMaker says of a training job.

    Args:
        sagemaker: Client.
        name: Of the job.

    Raises:
        ModelSourceRefused: There is no such job, or it has not completed.
    """
    found = _described(
        f"training job {name}", lambda: sagemaker.describe_training_job(TrainingJobName=name)
    )
    status = found["TrainingJobStatus"]
    if status != "Completed":
        raise ModelSourceRefused(
            f"training job {name} is {status}: import its model once it has Completed"
        )
    return found


def _of_training_job(sagemaker: SageMakerClient, name: str) -> ModelData:
    found = completed_training_job(sagemaker, name)
    return _of_uri(found["ModelArtifacts"]["S3ModelArtifacts"])


def _of_model_package(sagemaker: SageMakerClient, arn: str) -> ModelData:
    found = _described(
        f"model package {arn}", lambda: sagemaker.describe_model_package(ModelPackageName=arn)
    )
    containers = found.get("InferenceSpecification", {}).get("Containers", [])
    if len(containers) != 1:
        raise ModelSourceRefused(
            f"model package {arn} has {len(containers)} containers in its inference "
            "specification, and a model to import has one: name its archive instead"
        )
    (container,) = containers
    data = container.get("ModelDataSource", {}).get("S3DataSource")
    if data is None:
        return _of_uri(container.get("ModelDataUrl", ""))
    if data["S3DataType"] == "S3Prefix":
        return ModelData("s3", data["S3Uri"])
    return _of_uri(data["S3Uri"])


def _of_uri(uri: str) -> ModelData:
    return ModelData("archive" if uri.endswith(_ARCHIVES) else "s3", uri)


def _described(what: str, describe: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return describe()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in {"ValidationException", "ResourceNotFound"}:
            raise
        raise ModelSourceRefused(
            f"SageMaker knows no {what} in this account and Region: correct its name"
        ) from None
