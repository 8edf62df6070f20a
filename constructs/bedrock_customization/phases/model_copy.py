"""From a custom model of another account or Region to a copy of it here."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
    opening_copied_model_key,
    using_model_key,
)
from bedrock_customization._asl import States
from bedrock_customization._executions import of_this_drive, run_tags
from bedrock_customization._function import HandlerFunction
from bedrock_customization._phase import Phase
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION
from bedrock_customization._retries import Retry
from bedrock_customization.deployment_kinds import OnDemand
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import CopyStep, ErrorName, Handler

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from bedrock_customization.deployment_kinds import ProvisionedThroughput
    from bedrock_customization.storage import CustomizationStorage

_MODELS = bedrock_arn("custom-model")
_NAME = of_this_drive("$run.names.deployment")
_FIRST_WAIT, _LONGEST_WAIT = 60, 3600
_LONGEST_COPY_SECONDS = 24 * 3600


class ModelCopy(Phase):
    """Ask for a copy of a custom model, wait until it is Active, and record it.

    Before anything is asked, Region and quota are looked at. Only models of the account and the
    Region that are named may be copied: the state machine's role allows no others.

    Input: `$run`, whose `source` is the model's ARN.
    Output: `$customization` (`contract.CopiedModel`), as `ModelDeployment` takes it.
    Errors: `CopyFailed`, `QuotaExhausted`, and what Bedrock says of the request.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where manifests are.
        source_region: Where the model was customized.
        source_account: Which account has customized it. Without one, this account.
        source_key: What encrypts the model there. Without one, a key that AWS owns does.
        deployment: On what the copy answers afterwards, for estimate and quota. Without one, on
            demand.
        model_key: Encrypts the copy; who invokes it needs it too.
            Without one, a key that AWS owns does.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.
    """

    title: ClassVar[str] = "ModelCopy"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        source_region: str,
        source_account: str | None = None,
        source_key: kms.IKey | None = None,
        deployment: OnDemand | ProvisionedThroughput | None = None,
        model_key: kms.IKey | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        super().__init__(scope, id)
        throughput = (deployment or OnDemand()).to_plan()
        self.function = self._define_function(storage, buys_throughput=throughput is not None)
        sources = (
            f"arn:{PARTITION}:bedrock:{source_region}:{source_account or ACCOUNT_ID}:custom-model/*"
        )
        states = States(self, self.title, on_failure=on_failure)
        check = states.invoke(
            "Check copy",
            self.function,
            {
                "step": CopyStep.CHECK,
                "run": "{% $run %}",
                "model_name": _NAME,
                **({"throughput": throughput} if throughput else {}),
            },
            comment="Does the Region take copies of it, and is there room?",
            retries=[Retry(errors=[ErrorName.MANIFEST_CONFLICT], interval_seconds=5)],
        )
        copy = states.call_bedrock(
            "Copy model",
            "aws-sdk:bedrock:createModelCopyJob",
            {
                "SourceModelArn": "{% $run.source %}",
                "TargetModelName": _NAME,
                # Not that of the deployment, which has the same name.
                "ClientRequestToken": of_this_drive("$run.tokens.deployment & '-copy'"),
                "TargetModelTags": run_tags(),
                **({"ModelKmsKeyId": model_key.key_arn} if model_key else {}),
            },
            comment="Ask for a copy here, under the run's own name and token",
            rights=[
                Right(
                    actions=["bedrock:CreateModelCopyJob"],
                    resources=[sources],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                Right(
                    actions=["bedrock:TagResource"],
                    resources=[_MODELS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                *using_model_key(model_key),
                *opening_copied_model_key(source_key, source_region),
            ],
            assign={
                "copy": {"job_arn": "{% $states.result.JobArn %}"},
                "copy_wait": _FIRST_WAIT,
                "copy_asked": "{% $states.context.State.EnteredTime %}",
            },
        )
        record = states.invoke(
            "Record copy",
            self.function,
            {
                "step": CopyStep.RECORD,
                "run": "{% $run %}",
                "job_arn": "{% $copy.job_arn %}",
                "model_arn": "{% $copy_target %}",
            },
            comment="Write what was copied into the manifest",
            assign="customization",
            retries=[Retry(errors=[ErrorName.MANIFEST_CONFLICT], interval_seconds=5)],
        )
        check.next(copy)
        self._write_wait(states, copy, then=record)
        self.rights = states.rights
        self._start = check
        self._ends = [record]

    def _write_wait(self, states: States, copy: sfn.CustomState, *, then: sfn.CustomState) -> None:
        """Write the wait until the job is Completed and its model Active."""
        wait = states.wait(
            "Wait for the copy",
            "{% $copy_wait %}",
            comment="Bedrock sends no event when a model is copied",
            assign={"copy_wait": f"{{% $min([$copy_wait * 2, {_LONGEST_WAIT}]) %}}"},
        )
        check = states.call_bedrock(
            "Check copy job",
            "aws-sdk:bedrock:getModelCopyJob",
            {"JobArn": "{% $copy.job_arn %}"},
            comment="How far is it?",
            rights=[
                Right(
                    actions=["bedrock:GetModelCopyJob"],
                    resources=[bedrock_arn("model-copy-job")],
                    wildcard_because=NAMED_BY_BEDROCK,
                )
            ],
            assign={
                "copy_status": "{% $states.result.Status %}",
                "copy_target": "{% $states.result.TargetModelArn %}",
                "copy_failure": "{% $exists($states.result.FailureMessage) "
                "? $states.result.FailureMessage : '' %}",
            },
        )
        look = states.call_bedrock(
            "Check copied model",
            "aws-sdk:bedrock:getCustomModel",
            {"ModelIdentifier": "{% $copy_target %}"},
            comment="A job that is Completed may have a model that is not Active yet",
            rights=[
                Right(
                    actions=["bedrock:GetCustomModel"],
                    resources=[_MODELS],
                    wildcard_because=NAMED_BY_BEDROCK,
                )
            ],
            assign={
                "copy_status": "{% $exists($states.result.ModelStatus) "
                "? $states.result.ModelStatus : 'Active' %}",
                "copy_failure": "{% $exists($states.result.FailureMessage) "
                "? $states.result.FailureMessage : '' %}",
            },
        )
        failed = states.failed("Copy failed", ErrorName.COPY_FAILED, "{% $copy_failure %}")
        too_long = states.failed(
            "Copy takes too long",
            ErrorName.COPY_FAILED,
            "{% 'the copy is still ' & $copy_status & ' after a day' %}",
        )
        has_failed = sfn.Condition.jsonata("{% $copy_status = 'Failed' %}")
        is_late = sfn.Condition.jsonata(
            "{% $toMillis($states.context.State.EnteredTime) - $toMillis($copy_asked) > "
            f"{_LONGEST_COPY_SECONDS * 1000} %}}"
        )
        is_copied = states.choice("Is the model copied?", comment="Completed, failed or not yet")
        is_active = states.choice("Is the copy active?", comment="Active, failed or not yet")
        copy.next(wait).next(check).next(is_copied)
        is_copied.when(sfn.Condition.jsonata("{% $copy_status = 'Completed' %}"), look)
        look.next(is_active)
        is_active.when(sfn.Condition.jsonata("{% $copy_status = 'Active' %}"), then)
        for choice in (is_copied, is_active):
            choice.when(has_failed, failed)
            choice.when(is_late, too_long)
            choice.otherwise(wait)

    def _define_function(
        self, storage: CustomizationStorage, *, buys_throughput: bool
    ) -> HandlerFunction:
        listing = ["bedrock:ListCustomModels", "bedrock:ListModelCustomizationJobs"]
        if buys_throughput:
            listing.append("bedrock:ListProvisionedModelThroughputs")
        return HandlerFunction(
            self,
            "Copy",
            handler=Handler.COPY_MODEL,
            description="Looks for room for a copy of a custom model, and records it",
            rights=[
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                Right(
                    actions=listing,
                    resources=["*"],
                    wildcard_because="lists have no resource-level permissions",
                ),
                Right(
                    actions=["servicequotas:GetServiceQuota"],
                    resources=["*"],
                    wildcard_because="the quota is the account's own, and named by AWS",
                ),
                Right(
                    actions=["bedrock:GetCustomModel"],
                    resources=[_MODELS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
            ],
        )
