"""Model copy jobs: models of other accounts and Regions become custom models of this one.

There is one account in one Region here, so a model of another is one of its own, known by another
ARN: `share` makes it so. A copy is asked for where the model is to be used, and cannot be stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.arns import Place, new_id
from bedrock_customization_local.cloud.bedrock.errors import NotFoundError
from bedrock_customization_local.cloud.bedrock.jobs.model_keys import key_arn_of
from bedrock_customization_local.cloud.bedrock.models.custom_models import CustomModel
from bedrock_customization_local.cloud.bedrock.paging import page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.models.custom_models import CustomModels

_COPYING_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Shared:
    """A model of another account or Region.

    Args:
        arn: Its ARN there.
        account_id: Whose it is.
        model: What it is.
    """

    arn: str
    account_id: str
    model: CustomModel


@dataclass(kw_only=True, slots=True)
class CopyJob:
    """A model copy job.

    Args:
        arn: Its ARN.
        source: What is copied.
        target: The copy.
        tags: Of the copy.
        key_arn: The customer's key of the copy.
        created: When.
    """

    arn: str
    source: Shared
    target: CustomModel
    tags: list[dict[str, str]]
    key_arn: str | None
    created: datetime
    status: str = "InProgress"


class CopyJobs:
    """The model copy jobs of the account.

    Args:
        account: The account.
        models: Where copies go.
        clients: Returns the embedded AWS's client of a service.
    """

    def __init__(
        self, account: Account, models: CustomModels, *, clients: Callable[[str], Any]
    ) -> None:
        self._account, self._models, self._clients = account, models, clients
        self._shared: dict[str, Shared] = {}
        self._jobs: dict[str, CopyJob] = {}

    def share(self, identifier: str, *, region: str, account_id: str) -> str:
        """Make a model known as one of another account or Region; return its ARN there.

        Args:
            identifier: ARN or name of a model of this account.
            region: Where it is to be.
            account_id: Whose it is to be.

        Raises:
            NotFoundError: There is no such model.
        """
        model = self._models.find(identifier)
        name = model.arn.partition(":custom-model/")[2]
        arn = Place(region, account_id).arn("custom-model", name)
        self._shared[arn] = Shared(arn, account_id, model)
        return arn

    def create_model_copy_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """CreateModelCopyJob: the operation declares no refusals but these."""
        account, source = self._account, self._source(parameters["sourceModelArn"])
        tags = parameters.get("targetModelTags", [])
        account.tags.check(tags)
        key_arn = key_arn_of(self._clients, parameters, "modelKmsKeyId")
        kept = {
            name: value for name, value in source.model.details.items() if name != "modelKmsKeyArn"
        }
        prefix = source.arn.partition(":custom-model/")[2].rpartition("/")[0]
        target = CustomModel(
            arn=account.place.arn("custom-model", f"{prefix}/{new_id()}"),
            name=parameters["targetModelName"],
            base=source.model.base,
            base_arn=account.place.foundation_model_arn(source.model.base.id),
            model=source.model.model,
            details={**kept, **({"modelKmsKeyArn": key_arn} if key_arn else {})},
            created=account.now(),
        )
        job = CopyJob(
            arn=account.place.arn("model-copy-job", new_id()),
            source=source,
            target=target,
            tags=tags,
            key_arn=key_arn,
            created=account.now(),
        )
        self._jobs[job.arn] = job
        self._models.keep(target, tags)
        account.background.later(_COPYING_SECONDS, lambda: self._end(job))
        return {"jobArn": job.arn}

    def get_model_copy_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetModelCopyJob."""
        job = self._jobs.get(parameters["jobArn"])
        if job is None:
            raise NotFoundError(f"there is no model copy job {parameters['jobArn']}")
        return _summary(job)

    def list_model_copy_jobs(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListModelCopyJobs."""
        jobs = [
            job
            for job in self._jobs.values()
            if parameters.get("statusEquals") in {None, job.status}
            and parameters.get("sourceAccountEquals") in {None, job.source.account_id}
            and parameters.get("sourceModelArnEquals") in {None, job.source.arn}
            and parameters.get("targetModelNameContains", "") in job.target.name
        ]
        found, more = page(
            jobs, parameters, name=lambda job: job.target.name, created=lambda job: job.created
        )
        return {"modelCopyJobSummaries": [_summary(job) for job in found], **more}

    def _source(self, arn: str) -> Shared:
        if arn in self._shared:
            return self._shared[arn]
        return Shared(arn, self._account.place.account_id, self._models.find(arn))

    def _end(self, job: CopyJob) -> None:
        with self._account.lock:
            job.status, failure = self._outcome(job)
            if failure is None:
                job.target.status = "Active"
            else:
                self._models.fail(job.target, failure)

    def _outcome(self, job: CopyJob) -> tuple[str, str | None]:
        """Return how a job ends: what the request is not refused for, the job fails for."""
        names = [name for name in self._models.names() if name == job.target.name]
        if len(names) > 1:
            return "Failed", f"The custom model name {job.target.name} is currently in use."
        if job.source.model.status != "Active":
            return "Failed", f"{job.source.arn} is {job.source.model.status} and not Active."
        if self._models.count > self._account.quotas.custom_models:
            return "Failed", "The account has as many custom models as its quota allows."
        return "Completed", None


def _summary(job: CopyJob) -> dict[str, Any]:
    optional = {
        "targetModelKmsKeyArn": job.key_arn,
        "targetModelTags": job.tags or None,
        "failureMessage": job.target.failure,
    }
    return {
        "jobArn": job.arn,
        "status": job.status,
        "creationTime": job.created,
        "targetModelArn": job.target.arn,
        "targetModelName": job.target.name,
        "sourceAccountId": job.source.account_id,
        "sourceModelArn": job.source.arn,
        "sourceModelName": job.source.model.name,
        **{name: value for name, value in optional.items() if value is not None},
    }
