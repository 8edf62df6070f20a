"""Where an Amazon Nova model comes from that SageMaker AI has trained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from aws_cdk import Token

from bedrock_customization._access import Right
from bedrock_customization._pseudo_parameters import ACCOUNT_ID
from bedrock_customization.model_source import asking_training_job, reading_bucket
from bedrock_customization_runtime.catalog import import_rules

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms, aws_s3 as s3

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization_runtime import contract

_PACKAGE = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package/\S+")


@dataclass(frozen=True, kw_only=True, slots=True)
class SageMakerNovaModel:
    """Amazon Nova as SageMaker AI has trained it: make one with `of_training_job` or so.

    Its weights never leave the buckets that Amazon manages: Bedrock makes a custom model of them by
    CreateCustomModel, and nothing is copied (docs/model-import.md).

    Args:
        source: As the handler receives it.
        reading: Rights of the function that looks for the model.
        creating: Rights of whoever asks for the custom model.
    """

    source: contract.NovaSource
    reading: tuple[Right, ...] = ()
    creating: tuple[Right, ...] = ()

    @classmethod
    def of_training_job(
        cls, training_job_name: str, *, bucket: s3.IBucket, key: kms.IKey | None = None
    ) -> Self:
        """Take what a training job has trained, as `manifest.json` in its output says.

        Args:
            training_job_name: Of this account and Region.
            bucket: That the job's output went to.
            key: What encrypts it, if it is imported and encrypted with a customer key.

        Raises:
            ValueError: It is no name of a training job.
        """
        return cls(
            source={"training_job": training_job_name, "bucket": bucket.bucket_name},
            reading=(
                asking_training_job(training_job_name),
                *reading_bucket(bucket, key, "*", owner=ACCOUNT_ID),
            ),
        )

    @classmethod
    def of_artifacts(cls, uri: str) -> Self:
        """Take a model by its place, such as `checkpoint_s3_bucket` of a HyperPod job's manifest.

        Args:
            uri: S3 URI in a bucket of this account that Amazon manages, `customer-escrow-…`.

        Raises:
            ValueError: It is none.
        """
        escrow = f"s3://{import_rules().nova.escrow_bucket}"
        if not Token.is_unresolved(uri) and not uri.startswith(escrow):
            raise ValueError(
                f"uri must begin with {escrow}, got {uri!r}: take checkpoint_s3_bucket of the "
                "manifest.json that the training has left; a model in a bucket of yours is an "
                "S3Model"
            )
        return cls(source={"artifacts": uri})

    @classmethod
    def of_model_package(cls, model_package_arn: str) -> Self:
        """Take the model of a restricted model package, which SageMaker AI makes of trainings.

        Args:
            model_package_arn: Of the version.

        Raises:
            ValueError: It is no ARN of a model package.
        """
        if not Token.is_unresolved(model_package_arn) and not _PACKAGE.fullmatch(model_package_arn):
            raise ValueError(
                "model_package_arn must look like arn:aws:sagemaker:<Region>:<account>:"
                f"model-package/<name>, got {model_package_arn!r}: take it from SageMaker's console"
            )
        asking = Right(
            actions=["sagemaker:DescribeModelPackage", "sagemaker:AccessModelPackageData"],
            resources=[model_package_arn],
        )
        return cls(source={"model_package": model_package_arn}, creating=(asking,))

    @property
    def needs_role(self) -> bool:
        """Whether Bedrock reads by a role; it reads a model package by the caller's rights."""
        return "model_package" not in self.source

    def check(self, base_model: BaseModel) -> None:
        """Check that models trained from a base model are taken.

        Raises:
            ValueError: They are not.
        """
        known = import_rules().nova.base_models
        if base_model.id not in known:
            raise ValueError(
                f"base_model must be what SageMaker AI has trained, got {base_model.id}, of which "
                f"CreateCustomModel takes no models: name one of {', '.join(known)}"
            )

    def to_contract(self) -> contract.NovaSource:
        """Return what the handler receives."""
        return self.source
