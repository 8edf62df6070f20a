"""What a model import job goes through: its files are examined as its role, and become a model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.jobs.access import IMPORT, JobAccess
from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError
from bedrock_customization_local.cloud.bedrock.jobs.model_files import ModelFiles, examine
from bedrock_customization_local.cloud.bedrock.models.copies import Copies
from bedrock_customization_local.cloud.bedrock.models.imported_models import ImportedModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.bedrock.jobs.import_jobs import ImportJob
    from bedrock_customization_local.cloud.bedrock.models.imported_models import ImportedModels

_QUEUE_SECONDS = 120
_COPY_SECONDS = 480

logger = logging.getLogger(__name__)


class ImportRunner:
    """Runs model import jobs.

    Args:
        account: The account.
        models: Where models go.
        clients: Returns the embedded AWS's client of a service.
        authorizer: Evaluates the jobs' roles.
    """

    def __init__(
        self,
        account: Account,
        models: ImportedModels,
        *,
        clients: Callable[[str], Any],
        authorizer: RoleAuthorizer,
    ) -> None:
        self._account, self._models = account, models
        self._clients, self._authorizer = clients, authorizer

    def run(self, job: ImportJob) -> None:
        """Take a job from InProgress to its end."""
        try:
            self._run(job)
        except JobFailedError as error:
            self._fail(job, str(error))
        except Exception:
            logger.exception("import job %s broke", job.arn)
            self._fail(job, "Internal server error while running the job.")

    def _run(self, job: ImportJob) -> None:
        account = self._account
        access = JobAccess(
            job_arn=job.arn,
            parameters=job.parameters,
            place=account.place,
            clients=self._clients,
            authorizer=self._authorizer,
            kind=IMPORT,
        )
        if not account.background.pause(_QUEUE_SECONDS):
            return
        access.check_model_key()
        access.check_network()
        found = examine(ModelFiles(access, job.source_uri), account.place.region)
        fault = account.faults.of_import(job.name)
        if fault is not None:
            raise JobFailedError(fault.message or "Internal error: the import failed.")
        if not account.background.pause(_COPY_SECONDS):
            return
        with account.lock:
            now = account.now()
            model = ImportedModel(
                arn=account.place.arn("imported-model", job.id),
                name=job.model_name,
                job_arn=job.arn,
                job_name=job.name,
                source=job.parameters["modelDataSource"],
                architecture=found.architecture,
                units=found.units,
                instruct_supported=found.instruct_supported,
                chat_template=found.chat_template,
                network=found.network,
                key_arn=job.key_arn,
                created=now,
                copies=Copies(account.clock),
            )
            self._models.add(model, job.parameters.get("importedModelTags", []))
            job.model_arn = model.arn
            job.end("Completed", now)

    def _fail(self, job: ImportJob, message: str) -> None:
        with self._account.lock:
            job.failure = message
            job.end("Failed", self._account.now())
