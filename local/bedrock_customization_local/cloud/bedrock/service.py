"""`Bedrock`: every operation, request in and reply out, in botocore's names."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore import xform_name

from bedrock_customization_local.cloud.bedrock.account import Account
from bedrock_customization_local.cloud.bedrock.arns import Place
from bedrock_customization_local.cloud.bedrock.background import Background
from bedrock_customization_local.cloud.bedrock.errors import NotEmulatedError, NotFoundError
from bedrock_customization_local.cloud.bedrock.faults import Faults
from bedrock_customization_local.cloud.bedrock.inference.invocation import Invocation
from bedrock_customization_local.cloud.bedrock.inference.runtime import Runtime
from bedrock_customization_local.cloud.bedrock.invocation_logging import (
    InvocationLogging,
    check_metadata,
)
from bedrock_customization_local.cloud.bedrock.jobs.copy_jobs import CopyJobs
from bedrock_customization_local.cloud.bedrock.jobs.custom_model_creation import (
    CustomModelCreation,
)
from bedrock_customization_local.cloud.bedrock.jobs.customization_jobs import (
    CustomizationJob,
    CustomizationJobs,
    job_details,
)
from bedrock_customization_local.cloud.bedrock.jobs.evaluation_jobs import EvaluationJobs
from bedrock_customization_local.cloud.bedrock.jobs.evaluation_run import EvaluationRunner
from bedrock_customization_local.cloud.bedrock.jobs.import_jobs import ImportJobs
from bedrock_customization_local.cloud.bedrock.jobs.import_run import ImportRunner
from bedrock_customization_local.cloud.bedrock.jobs.requests import JobRequests
from bedrock_customization_local.cloud.bedrock.jobs.run import JobRunner
from bedrock_customization_local.cloud.bedrock.meter import Meter
from bedrock_customization_local.cloud.bedrock.models.custom_models import CustomModels
from bedrock_customization_local.cloud.bedrock.models.deployments import Deployments
from bedrock_customization_local.cloud.bedrock.models.foundation_models import FoundationModels
from bedrock_customization_local.cloud.bedrock.models.imported_models import ImportedModels
from bedrock_customization_local.cloud.bedrock.models.provisioned_throughputs import (
    ProvisionedThroughputs,
)
from bedrock_customization_local.cloud.bedrock.quotas import default_quotas
from bedrock_customization_local.cloud.bedrock.shapes import (
    CONTROL_PLANE,
    DATA_PLANE,
    check_reply,
    check_request,
    service_model,
)
from bedrock_customization_local.cloud.measures import Measures, Unmeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.bedrock.quotas import Quotas
    from bedrock_customization_local.cloud.clock import Clock

    Operation = Callable[[Mapping[str, Any]], dict[str, Any]]

_EVENT_VERSION = "0.0"


def _ignore(_detail: Mapping[str, Any]) -> None:
    pass


class Bedrock:
    """The embedded Amazon Bedrock of one account in one Region.

    Args:
        clock: Scales waits; training takes the time it takes.
        region: AWS Region.
        account_id: Twelve digits.
        clients: Returns the embedded AWS's client of a service, by boto3's name: for what jobs read
            and write, the graders they invoke, the keys and networks they name.
        authorizer: Evaluates the jobs' roles before each access.
        quotas: Of the account; None for those of a new one.
        on_job_state_change: Receives the `detail` of each "Model Customization Job State Change"
            event.
        measures: Takes the service's metrics.

    Attributes:
        meter: What AWS would have billed.
        faults: What goes wrong on purpose.
        quotas: Of the account.
        place: Region and account.
        foundation_models: What the account may ask; `withhold` takes one away.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        region: str,
        account_id: str,
        clients: Callable[[str], Any],
        authorizer: RoleAuthorizer,
        quotas: Quotas | None = None,
        on_job_state_change: Callable[[Mapping[str, Any]], None] = _ignore,
        measures: Measures | None = None,
    ) -> None:
        self.meter, self.faults = Meter(clock), Faults()
        self.quotas = default_quotas() if quotas is None else quotas
        self.place = Place(region, account_id)
        self._account = Account(
            place=self.place,
            clock=clock,
            quotas=self.quotas,
            meter=self.meter,
            faults=self.faults,
            background=Background(clock),
        )
        self._on_job_state_change = on_job_state_change
        models = CustomModels(self._account)
        self.foundation_models = foundation_models = FoundationModels(self._account)
        deployments = Deployments(self._account, models)
        throughputs = ProvisionedThroughputs(self._account, models)
        imported_models = ImportedModels(self._account)
        self._invocation = Invocation(
            self._account, foundation_models, deployments, throughputs, imported_models
        )
        self._logging = InvocationLogging(self._account, clients=clients, authorizer=authorizer)
        runtime = Runtime(self._invocation, measures or Unmeasured())
        runner = JobRunner(
            self._account,
            models,
            self._invocation,
            clients=clients,
            authorizer=authorizer,
            notify=self._notify,
        )
        jobs = CustomizationJobs(
            self._account,
            models,
            make=JobRequests(self._account, models, clients).job_of,
            authorizer=authorizer,
            run=runner.run,
            notify=self._notify,
        )
        evaluations = EvaluationJobs(
            self._account,
            foundation_models,
            authorizer=authorizer,
            run=EvaluationRunner(self._account, clients=clients, authorizer=authorizer).run,
        )
        imports = ImportJobs(
            self._account,
            imported_models,
            clients=clients,
            authorizer=authorizer,
            run=ImportRunner(
                self._account, imported_models, clients=clients, authorizer=authorizer
            ).run,
        )
        creation = CustomModelCreation(
            self._account, models, clients=clients, authorizer=authorizer
        )
        self._copies = CopyJobs(self._account, models, clients=clients)
        self._operations: dict[str, Operation] = {}
        self._data_plane = _operations_of(runtime)
        for family in (
            *(foundation_models, jobs, models, deployments, throughputs),
            *(evaluations, imports, imported_models, creation, self._copies),
            *(self._account.tags, self._logging),
        ):
            self._operations |= _operations_of(family)

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a request asks.

        Args:
            operation: As botocore names it: `CreateModelCustomizationJob`, `Converse`.
            parameters: As boto3 takes them.

        Returns:
            What boto3 returns, without `ResponseMetadata`.

        Raises:
            ServiceError: The request is refused.
        """
        data_plane = self._data_plane.get(operation)
        work = data_plane or self._operations.get(operation)
        if work is None:
            raise NotEmulatedError(f"{operation} is not emulated")
        self.faults.before(operation)
        check_request(operation, parameters)
        # Inference may take a while and changes nothing; it does not hold the lock.
        reply = (
            self._invoke(operation, data_plane, parameters)
            if data_plane
            else self._change(operation, work, parameters)
        )
        check_reply(operation, reply)
        self.faults.after(operation)
        return reply

    def teach(self, model_id: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Tell a foundation model answers, in the place of what it was told before.

        Without them it is an untrained network, whose answers are noise. With them it answers as it
        was told to answer the prompt most like the one it is asked: when it is invoked, and as the
        teacher of a distillation.

        Args:
            model_id: A foundation model, or an inference profile of one.
            pairs: Prompts and answers.

        Raises:
            ServiceError: There is no such model.
        """
        self._invocation.teach(model_id, pairs)

    def share(self, model: str, *, region: str, account_id: str) -> str:
        """Make a custom model known as one of another account or Region, which can be copied here.

        Args:
            model: ARN or name.
            region: Where it is to be.
            account_id: Whose it is to be.

        Returns:
            Its ARN there.

        Raises:
            ServiceError: There is no such model.
        """
        with self._account.lock:
            return self._copies.share(model, region=region, account_id=account_id)

    def tags_of(self, arn: str) -> Mapping[str, str]:
        """Return the tags of a resource, none if there is no such resource."""
        try:
            return dict(self._account.tags.of(arn))
        except NotFoundError:
            return {}

    def close(self) -> None:
        """Stop every job and wait for the threads."""
        self._account.background.close()

    def _invoke(
        self, operation: str, work: Operation, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        check_metadata(parameters)
        reply = work(parameters)
        self._logging.log(operation, parameters, reply)
        return reply

    def _change(
        self, operation: str, work: Operation, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        account = self._account
        with account.lock:
            repeated = account.tokens.replay(operation, parameters)
            if repeated is not None:
                return repeated
            reply = work(parameters)
            account.tokens.remember(operation, parameters, reply)
            return reply

    def _notify(self, job: CustomizationJob) -> None:
        details = job_details(job, self._account)
        kept = (
            *("jobName", "jobArn", "outputModelName", "outputModelArn", "roleArn"),
            *("failureMessage", "creationTime", "lastModifiedTime", "endTime", "baseModelArn"),
            *("hyperParameters", "trainingDataConfig", "validationDataConfig", "outputDataConfig"),
        )
        event = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in details.items()
            if name in kept
        }
        detail = {"version": _EVENT_VERSION, "jobStatus": job.status, **event}
        self._account.background.tell(lambda: self._on_job_state_change(detail))


def _operations_of(family: object) -> dict[str, Operation]:
    """Return the methods of a family that are operations, by the operation's name."""
    found: dict[str, Operation] = {}
    for service in (CONTROL_PLANE, DATA_PLANE):
        for operation in service_model(service).operation_names:
            method = getattr(family, xform_name(operation), None)
            if method is not None:
                found[operation] = method
    return found
