"""Value objects that say where a model comes from that was trained elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from aws_cdk import Token

from bedrock_customization._access import Place, Right, reading
from bedrock_customization._checks import check_whole
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION, REGION
from bedrock_customization_runtime.contract.model_import import REPOSITORY

if TYPE_CHECKING:
    from aws_cdk import Size, aws_kms as kms, aws_s3 as s3, aws_secretsmanager as secretsmanager

    from bedrock_customization_runtime import contract

_MEBIBYTE = 2**20
_PART, _BATCH = 16 * _MEBIBYTE, 1024 * _MEBIBYTE
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ACCOUNT = re.compile(r"\d{12}")
_JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@dataclass(frozen=True, kw_only=True, slots=True)
class HuggingFaceModel:
    """A repository of huggingface.co, or of any hub that speaks its API.

    A run resolves the revision to a commit when it begins, records it, and reads that commit alone.

    Args:
        repo: Name, such as `"meta-llama/Llama-3.2-1B-Instruct"`.
        revision: Branch, tag or commit.
        token: Secret with the token of a private or gated repository, as plain text. The import
            function alone reads it, when it runs, and sends it to the endpoint's own host alone.
            Without one, the repository is asked for without.
        endpoint: URL of the hub or of a mirror; https, or http on the machine itself.

    Raises:
        ValueError: `repo` is no name of a repository, or `endpoint` no such URL.
    """

    repo: str
    revision: str = "main"
    token: secretsmanager.ISecret | None = None
    endpoint: str = "https://huggingface.co"

    def __post_init__(self) -> None:
        """Check what is no token of CDK."""
        if not Token.is_unresolved(self.repo) and not re.fullmatch(REPOSITORY, self.repo):
            raise ValueError(
                f"repo must look like organization/model, got {self.repo!r}: take it from the "
                "model's page"
            )
        if not self.revision:
            raise ValueError(
                "revision must be a branch, a tag or a commit, got an empty text: leave it "
                "out for main"
            )
        if not Token.is_unresolved(self.endpoint):
            _check_endpoint(self.endpoint)

    def to_contract(self) -> contract.HubSource:
        """Return what the handler receives."""
        source: contract.HubSource = {
            "kind": "hub",
            "endpoint": self.endpoint.rstrip("/"),
            "repo": self.repo,
            "revision": self.revision,
        }
        if self.token is not None:
            source["token_secret_arn"] = self.token.secret_arn
        return source

    def rights(self) -> list[Right]:
        """Return the rights to read the token."""
        if self.token is None:
            return []
        arn = self.token.secret_full_arn
        key = self.token.encryption_key
        return [
            Right(
                actions=["secretsmanager:GetSecretValue"],
                # Without the random end of its name, an imported secret is found by a pattern.
                resources=[arn or f"{self.token.secret_arn}-??????"],
                wildcard_because="" if arn else "Secrets Manager ends a secret's ARN at random",
            ),
            *([Right(actions=["kms:Decrypt"], resources=[key.key_arn])] if key else []),
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class S3Model:
    """A folder of model files in S3, of this account or another; files are pinned when a run looks.

    Args:
        bucket: It may be imported; one of another account must let the import function's role list
            and read, too.
        prefix: The model's folder, without a slash at its beginning. Without it, the whole bucket.
        account: Who owns the bucket, if it is another account: 12 digits.
        key: What encrypts it, if it is imported and encrypted with a customer key.

    Raises:
        ValueError: `prefix` begins with a slash, or `account` is none.
    """

    bucket: s3.IBucket
    prefix: str = ""
    account: str | None = None
    key: kms.IKey | None = None

    def __post_init__(self) -> None:
        """Check prefix and account."""
        if self.prefix.startswith("/"):
            raise ValueError(
                f"prefix must be a folder like models/mine/, got {self.prefix!r}: begin it without "
                "a slash"
            )
        account = self.account
        if account and not Token.is_unresolved(account) and not _ACCOUNT.fullmatch(account):
            raise ValueError(
                f"account must have 12 digits, got {account!r}: name the account of the bucket"
            )

    def to_contract(self) -> contract.S3Source:
        """Return what the handler receives."""
        prefix = f"{self.prefix.rstrip('/')}/" if self.prefix else ""
        source: contract.S3Source = {
            "kind": "s3",
            "uri": f"s3://{self.bucket.bucket_name}/{prefix}",
        }
        if self.account is not None:
            source["account"] = self.account
        return source

    def rights(self) -> list[Right]:
        """Return the rights to list and read the files, of the owner's bucket alone."""
        prefix = f"{self.prefix.rstrip('/')}/*" if self.prefix else "*"
        return _reading(self.bucket, self.key, prefix, owner=self.account or ACCOUNT_ID)


@dataclass(frozen=True, kw_only=True, slots=True)
class SageMakerModel:
    """What SageMaker AI has trained: make one with `of_training_job`, `of_model_package` or so.

    Args:
        source: As the handler receives it.
        bucket: Where the model must lie.
        key: As of the class methods.
        asking: What SageMaker is asked.
    """

    source: contract.SageMakerSource
    bucket: s3.IBucket
    key: kms.IKey | None
    asking: tuple[Right, ...] = ()

    @classmethod
    def of_training_job(
        cls, training_job_name: str, *, bucket: s3.IBucket, key: kms.IKey | None = None
    ) -> Self:
        """Take the output of a training job: a `model.tar.gz`, or a folder.

        Args:
            training_job_name: Of this account and Region.
            bucket: That the job's output went to.
            key: What encrypts it, if it is imported and encrypted with a customer key.

        Raises:
            ValueError: It is no name of a training job.
        """
        if not Token.is_unresolved(training_job_name) and not _JOB_NAME.fullmatch(
            training_job_name
        ):
            raise ValueError(
                "training_job_name must have up to 63 letters, digits and hyphens, got "
                f"{training_job_name!r}: take the name from SageMaker's console"
            )
        arn = (
            f"arn:{PARTITION}:sagemaker:{REGION}:{ACCOUNT_ID}:training-job/"
            # SageMaker writes names in lower case into ARNs.
            f"{training_job_name.lower()}"
        )
        return cls(
            source={
                "kind": "sagemaker",
                "training_job": training_job_name,
                "bucket": bucket.bucket_name,
            },
            bucket=bucket,
            key=key,
            asking=(Right(actions=["sagemaker:DescribeTrainingJob"], resources=[arn]),),
        )

    @classmethod
    def of_model_package(
        cls, model_package_arn: str, *, bucket: s3.IBucket, key: kms.IKey | None = None
    ) -> Self:
        """Take the model of a version of a model package.

        Args:
            model_package_arn: Of the version.
            bucket: That holds the model.
            key: As of `of_training_job`.
        """
        return cls(
            source={
                "kind": "sagemaker",
                "model_package": model_package_arn,
                "bucket": bucket.bucket_name,
            },
            bucket=bucket,
            key=key,
            asking=(
                Right(actions=["sagemaker:DescribeModelPackage"], resources=[model_package_arn]),
            ),
        )

    @classmethod
    def of_archive(
        cls, object_key: str, *, bucket: s3.IBucket, key: kms.IKey | None = None
    ) -> Self:
        """Take a `model.tar.gz` by its name.

        Args:
            object_key: Of the archive.
            bucket: That holds it.
            key: As of `of_training_job`.

        Raises:
            ValueError: It is no name of such an archive.
        """
        if not Token.is_unresolved(object_key) and not object_key.endswith((".tar.gz", ".tgz")):
            raise ValueError(
                f"object_key must end with .tar.gz, got {object_key!r}: a folder is an S3Model"
            )
        uri = f"s3://{bucket.bucket_name}/{object_key}"
        return cls(
            source={"kind": "sagemaker", "archive": uri, "bucket": bucket.bucket_name},
            bucket=bucket,
            key=key,
        )

    def to_contract(self) -> contract.SageMakerSource:
        """Return what the handler receives."""
        return self.source

    def rights(self) -> list[Right]:
        """Return the rights to ask SageMaker, and to read the model."""
        return [*self.asking, *_reading(self.bucket, self.key, "*", owner=ACCOUNT_ID)]


ModelSource = HuggingFaceModel | SageMakerModel | S3Model
"""Where a model comes from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelStaging:
    """How a model is copied into the pipeline's bucket (docs/model-import.md).

    Args:
        part_size: Of a part of a multipart upload, from 5 to 64 MiB; larger for a file that would
            have more than 10,000 parts. A function holds up to six at a time. Without it, 16 MiB.
        batch_size: About so much is one function call's, from one part on: what a call has copied
            is kept, whatever becomes of it. Without it, 1 GiB.
        max_concurrency: Functions that copy at the same time, from 1 to 1,000.

    Raises:
        ValueError: A number is out of range.
    """

    part_size: Size | None = None
    batch_size: Size | None = None
    max_concurrency: int = 20

    def __post_init__(self) -> None:
        """Check the numbers."""
        part, batch = self._bytes()
        if not 5 * _MEBIBYTE <= part <= 64 * _MEBIBYTE:
            raise ValueError(
                f"part_size must be from 5 to 64 MiB, got {part:,} bytes: S3 takes none that is "
                "smaller, and functions hold several"
            )
        if batch < part:
            raise ValueError(
                f"batch_size must be at least part_size, got {batch:,} and {part:,} bytes: raise "
                "batch_size"
            )
        check_whole(
            "max_concurrency",
            self.max_concurrency,
            1,
            1000,
            "leave some of the account's concurrency for others",
        )

    def to_contract(self) -> contract.StagingLimits:
        """Return what the handler receives."""
        part, batch = self._bytes()
        return {"part_bytes": part, "batch_bytes": batch}

    def _bytes(self) -> tuple[int, int]:
        return (
            int(self.part_size.to_bytes()) if self.part_size else _PART,
            int(self.batch_size.to_bytes()) if self.batch_size else _BATCH,
        )


def _reading(bucket: s3.IBucket, named: kms.IKey | None, prefix: str, *, owner: str) -> list[Right]:
    """Return the rights to read from a bucket, if it is who should own it that does."""
    key = bucket.encryption_key or named
    place = Place(bucket_arn=bucket.bucket_arn, key_arn=key.key_arn if key else None)
    return reading(place, prefix, owner=owner)


def _check_endpoint(endpoint: str) -> None:
    url = urlsplit(endpoint)
    is_safe = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
    if not is_safe or not url.hostname or url.username is not None:
        raise ValueError(
            f"endpoint must be an https URL without a user, got one of {url.scheme}://"
            f"{url.hostname}: models and tokens do not travel in the clear"
        )
