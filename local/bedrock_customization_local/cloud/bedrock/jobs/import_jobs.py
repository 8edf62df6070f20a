"""Model import jobs: begun, shown, listed. There is no way to stop one.

`import_run` is what happens then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.arns import new_id
from bedrock_customization_local.cloud.bedrock.authorization import SERVICE_PRINCIPAL
from bedrock_customization_local.cloud.bedrock.errors import (
    NotFoundError,
    QuotaExceededError,
    ValidationError,
)
from bedrock_customization_local.cloud.bedrock.jobs.model_keys import key_arn_of
from bedrock_customization_local.cloud.bedrock.paging import page
from bedrock_customization_local.cloud.iam import AccessDenied
from bedrock_customization_runtime.catalog import import_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.bedrock.models.imported_models import ImportedModels


@dataclass(kw_only=True, slots=True)
class ImportJob:
    """A model import job.

    Args:
        id: Twelve characters: the end of its ARN.
        arn: Its ARN.
        parameters: The request.
        key_arn: The customer's key of the model.
        created: When.
    """

    id: str
    arn: str
    parameters: Mapping[str, Any]
    key_arn: str | None
    created: datetime
    status: str = "InProgress"
    failure: str | None = None
    model_arn: str | None = None
    modified: datetime | None = None
    ended: datetime | None = None

    @property
    def name(self) -> str:
        """Its name, taken for ever."""
        name: str = self.parameters["jobName"]
        return name

    @property
    def model_name(self) -> str:
        """The name of the model that it imports."""
        name: str = self.parameters["importedModelName"]
        return name

    @property
    def source_uri(self) -> str:
        """The prefix that holds the model."""
        uri: str = self.parameters["modelDataSource"]["s3DataSource"]["s3Uri"]
        return uri

    def end(self, status: str, now: datetime) -> None:
        """Come to an end."""
        self.status, self.modified, self.ended = status, now, now


class ImportJobs:
    """The model import jobs of the account.

    Args:
        account: The account.
        models: Where the jobs' models go.
        clients: Returns the embedded AWS's client of a service.
        authorizer: Evaluates the jobs' roles.
        run: Does what a job is for, beside the request.
    """

    def __init__(
        self,
        account: Account,
        models: ImportedModels,
        *,
        clients: Callable[[str], Any],
        authorizer: RoleAuthorizer,
        run: Callable[[ImportJob], None],
    ) -> None:
        self._account, self._models, self._clients = account, models, clients
        self._authorizer, self._run = authorizer, run
        self._jobs: dict[str, ImportJob] = {}

    def create_model_import_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """CreateModelImportJob."""
        account = self._account
        if account.place.region not in import_rules().regions:
            raise ValidationError(
                f"Custom Model Import is not supported in {account.place.region}; use one of "
                f"{', '.join(import_rules().regions)}."
            )
        self._check_names(parameters)
        self._check_quotas()
        account.tags.check(parameters.get("importedModelTags", []))
        job_id = new_id()
        job = ImportJob(
            id=job_id,
            arn=account.place.arn("model-import-job", job_id),
            parameters=parameters,
            key_arn=key_arn_of(self._clients, parameters, "importedModelKmsKeyId"),
            created=account.now(),
        )
        try:
            self._authorizer.assume(
                parameters["roleArn"],
                SERVICE_PRINCIPAL,
                source_arn=job.arn,
                source_account=account.place.account_id,
            )
        except AccessDenied as error:
            raise ValidationError(f"The provided role ARN is invalid. ({error})") from error
        account.tags.create(job.arn, parameters.get("jobTags", []))
        self._jobs[job.arn] = job
        account.background.start(lambda: self._run(job))
        return {"jobArn": job.arn}

    def get_model_import_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetModelImportJob."""
        job = self._find(parameters["jobIdentifier"])
        asked = job.parameters
        optional = {
            "failureMessage": job.failure,
            "vpcConfig": asked.get("vpcConfig"),
            "importedModelKmsKeyArn": job.key_arn,
        }
        return {
            **_summary(job),
            "roleArn": asked["roleArn"],
            "modelDataSource": asked["modelDataSource"],
            **{name: value for name, value in optional.items() if value is not None},
        }

    def list_model_import_jobs(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListModelImportJobs."""
        status = parameters.get("statusEquals")
        found, more = page(
            [job for job in self._jobs.values() if status in {None, job.status}],
            parameters,
            name=lambda job: job.name,
            created=lambda job: job.created,
        )
        return {"modelImportJobSummaries": [_summary(job) for job in found], **more}

    def _check_names(self, parameters: Mapping[str, Any]) -> None:
        if any(job.name == parameters["jobName"] for job in self._jobs.values()):
            raise ValidationError("The provided job name is currently in use.")
        name = parameters["importedModelName"]
        if self._models.has_name(name) or any(job.model_name == name for job in self._running()):
            raise ValidationError("The provided imported model name is currently in use.")

    def _check_quotas(self) -> None:
        quotas, running = self._account.quotas, len(self._running())
        if running >= quotas.concurrent_import_jobs:
            # It asks for what nobody can raise, as AWS's own does.
            raise QuotaExceededError(
                "You have exceeded the number of concurrent model import jobs. Request a quota "
                "increase for Concurrent model import jobs."
            )
        if running + self._models.count >= quotas.imported_models:
            raise QuotaExceededError(
                f"The account has {quotas.imported_models} imported models, its quota. Delete one, "
                "or request a quota increase for Imported models per account."
            )

    def _running(self) -> list[ImportJob]:
        return [job for job in self._jobs.values() if job.status == "InProgress"]

    def _find(self, identifier: str) -> ImportJob:
        for job in self._jobs.values():
            if identifier in {job.arn, job.name}:
                return job
        raise NotFoundError(f"there is no model import job {identifier}")


def _summary(job: ImportJob) -> dict[str, Any]:
    optional = {"endTime": job.ended, "importedModelArn": job.model_arn}
    return {
        "jobArn": job.arn,
        "jobName": job.name,
        "status": job.status,
        "creationTime": job.created,
        "lastModifiedTime": job.modified or job.created,
        "importedModelName": job.model_name,
        **{name: value for name, value in optional.items() if value is not None},
    }
