"""CreateCustomModel: Nova models that were trained in SageMaker AI become custom models.

Their weights never leave AWS's own buckets there. Here such a bucket is one whose name begins as
theirs do, and holds a folder like those to import: `config.json` may name the Nova model as
`base_model`, and the weights are the small model's or answer as an untrained one does.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bedrock_customization_local.cloud.bedrock.arns import new_id
from bedrock_customization_local.cloud.bedrock.authorization import SERVICE_PRINCIPAL
from bedrock_customization_local.cloud.bedrock.errors import (
    ConflictError,
    NotFoundError,
    QuotaExceededError,
    ValidationError,
)
from bedrock_customization_local.cloud.bedrock.jobs.access import JobAccess, prefix_of
from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError
from bedrock_customization_local.cloud.bedrock.jobs.model_files import (
    CONFIG,
    ModelFiles,
    read_headers,
    read_network,
)
from bedrock_customization_local.cloud.bedrock.jobs.model_keys import key_arn_of
from bedrock_customization_local.cloud.bedrock.models.custom_models import CustomModel
from bedrock_customization_local.cloud.bedrock.tinylm import model as tinylm
from bedrock_customization_local.cloud.iam import AccessDenied
from bedrock_customization_runtime.catalog import BaseModel, UnknownBaseModelError, base_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.bedrock.models.custom_models import CustomModels

_REGION = "us-east-1"
_DEFAULT_BASE = "amazon.nova-micro-v1:0:128k"
_SOURCES = ("modelSourceConfig", "customModelDataSource")
_NOVA = "amazon.nova-"
_READING_SECONDS = 300

logger = logging.getLogger(__name__)


class CustomModelCreation:
    """Makes custom models of what SageMaker AI trained.

    Args:
        account: The account.
        models: Where models go.
        clients: Returns the embedded AWS's client of a service.
        authorizer: Evaluates the roles.
    """

    def __init__(
        self,
        account: Account,
        models: CustomModels,
        *,
        clients: Callable[[str], Any],
        authorizer: RoleAuthorizer,
    ) -> None:
        self._account, self._models = account, models
        self._clients, self._authorizer = clients, authorizer

    def create_custom_model(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """CreateCustomModel."""
        account, name = self._account, parameters["modelName"]
        if account.place.region != _REGION:
            raise ValidationError(
                f"Models trained in Amazon SageMaker AI are not supported in "
                f"{account.place.region}; use {_REGION}."
            )
        if self._models.has_name(name):
            raise ConflictError("The provided custom model name is currently in use.")
        if self._models.count >= account.quotas.custom_models:
            raise QuotaExceededError(
                f"The account has {account.quotas.custom_models} custom models, its quota. Delete "
                "one or request an increase."
            )
        read = self._reader(parameters)
        key_arn = key_arn_of(self._clients, parameters, "modelKmsKeyArn")
        base = base_model(_DEFAULT_BASE)
        model = CustomModel(
            arn=account.place.arn("custom-model", f"imported/{new_id()}"),
            name=name,
            base=base,
            base_arn=account.place.foundation_model_arn(base.id),
            model=tinylm.base_model(base.id, ""),
            details={
                "customizationType": "IMPORTED",
                **({"modelKmsKeyArn": key_arn} if key_arn else {}),
            },
            created=account.now(),
        )
        self._models.keep(model, parameters.get("modelTags", []))
        account.background.start(lambda: self._read(model, read))
        return {"modelArn": model.arn}

    def _reader(self, parameters: Mapping[str, Any]) -> Callable[[], ModelFiles]:
        """Return what reads the weights, as whoever may.

        Raises:
            ValidationError, NotFoundError: The request names no weights, or no role that may.
        """
        sources = [name for name in _SOURCES if name in parameters]
        if len(sources) != 1:
            raise ValidationError(f"Exactly one of {' and '.join(_SOURCES)} must be provided.")
        if sources == ["customModelDataSource"]:
            # Of AWS's own bucket: the caller's rights to the package count, and no role's.
            uri = self._package_uri(parameters["customModelDataSource"])
            return lambda: ModelFiles(_OwnAccess(self._clients), uri)
        uri = parameters["modelSourceConfig"]["s3DataSource"]["s3Uri"]
        escrow = f"s3://customer-escrow-{self._account.place.account_id}-"
        if not uri.startswith(escrow):
            raise ValidationError(
                f"modelSourceConfig: {uri} is in no bucket of Amazon SageMaker AI, whose names "
                f"begin with {escrow}"
            )
        if "roleArn" not in parameters:
            raise ValidationError("roleArn: a model in Amazon S3 needs a role that may read it.")
        place = self._account.place
        try:
            self._authorizer.assume(
                parameters["roleArn"],
                SERVICE_PRINCIPAL,
                source_arn=place.arn("model-import-job", new_id()),
                source_account=place.account_id,
            )
        except AccessDenied as error:
            raise ValidationError(f"The provided role ARN is invalid. ({error})") from error
        access = JobAccess(
            job_arn="",
            parameters=parameters,
            place=place,
            clients=self._clients,
            authorizer=self._authorizer,
        )
        return lambda: ModelFiles(access, uri)

    def _package_uri(self, source: Mapping[str, Any]) -> str:
        arn = source["modelPackageArnDataSource"]["modelPackageArn"]
        try:
            package = self._clients("sagemaker").describe_model_package(ModelPackageName=arn)
        except ClientError as error:
            raise NotFoundError(
                f"customModelDataSource: there is no model package {arn}"
            ) from error
        (container, *_) = package["InferenceSpecification"]["Containers"]
        uri: str = (
            container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
            or container["ModelDataUrl"]
        )
        return uri

    def _read(self, model: CustomModel, read: Callable[[], ModelFiles]) -> None:
        failure = None
        if not self._account.background.pause(_READING_SECONDS):
            return
        try:
            files = read()
            base, network = _base(files), read_network(files, read_headers(files))
        except JobFailedError as error:
            failure = str(error)
        except Exception:
            logger.exception("custom model %s broke", model.arn)
            failure = "Internal server error while reading the model."
        with self._account.lock:
            if failure is None:
                model.base = base
                model.model = network or tinylm.base_model(base.id, "")
                model.base_arn = self._account.place.foundation_model_arn(base.id)
                model.status = "Active"
            else:
                self._models.fail(model, failure)


class _OwnAccess:
    """Reads as AWS itself.

    Args:
        clients: Returns the embedded AWS's client of a service.
    """

    def __init__(self, clients: Callable[[str], Any]) -> None:
        self._clients = clients

    def sizes_below(self, uri: str) -> dict[str, int]:
        """Return the sizes of the objects below a prefix, by what follows the prefix."""
        where = prefix_of(uri)
        pages = self._clients("s3").get_paginator("list_objects_v2")
        return {
            found["Key"][len(where.key) :]: found["Size"]
            for page in pages.paginate(Bucket=where.bucket, Prefix=where.key)
            for found in page.get("Contents", [])
        }

    def read_part(self, uri: str, start: int, length: int) -> bytes:
        """Return bytes of an object."""
        where = prefix_of(uri)
        part = f"bytes={start}-{start + length - 1}"
        found = self._clients("s3").get_object(Bucket=where.bucket, Key=where.key, Range=part)
        content: bytes = found["Body"].read()
        return content


def _base(files: ModelFiles) -> BaseModel:
    named = files.json(CONFIG).get("base_model") if CONFIG in files.sizes else None
    name = str(named or _DEFAULT_BASE)
    if not name.startswith(_NOVA):
        raise JobFailedError(f"The base model {name} is not an Amazon Nova model.")
    try:
        return base_model(name)
    except UnknownBaseModelError as error:
        raise JobFailedError(str(error)) from error
