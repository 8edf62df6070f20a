"""From Amazon Nova as SageMaker AI has trained it to a custom model of Bedrock's."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
    using_model_key,
)
from bedrock_customization._asl import States
from bedrock_customization._checks import check_between
from bedrock_customization._executions import of_this_drive, run_tags
from bedrock_customization._function import HandlerFunction
from bedrock_customization._phase import Phase
from bedrock_customization._retries import FULL_QUOTA, Retry
from bedrock_customization.deployment_kinds import OnDemand
from bedrock_customization.service_role import JobKind, ServiceRole
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import CreationStep, ErrorName, Handler

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from aws_cdk import aws_iam as iam, aws_kms as kms
    from constructs import Construct

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.deployment_kinds import ProvisionedThroughput
    from bedrock_customization.nova_source import SageMakerNovaModel
    from bedrock_customization.storage import CustomizationStorage

_MODELS = bedrock_arn("custom-model")
_NAME = of_this_drive("$run.names.deployment")
_FIRST_WAIT, _LONGEST_WAIT = 60, 600
_LONGEST_CREATION_SECONDS = 24 * 3600


class CustomModelCreation(Phase):
    """Find what SageMaker AI has trained, have a custom model made of it, wait until it is Active.

    Nothing is asked of Bedrock before the trained model, the Region, the base model, the account's
    room for another custom model and the budget were looked at; and nothing is copied.

    Input: `$run`; the manifest's preparation, for the estimate, if there is one.
    Output: `$customization` (`contract.CreatedModel`), as `ModelDeployment` takes it.
    Errors: `ModelSourceRefused`, `ModelRejected`, `QuotaExhausted`, `BudgetExceeded`,
    `ImportFailed`, and what Bedrock says of the request.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where manifests are.
        source: What was trained.
        base_model: What it was trained from, and is compared with.
        deployment: On what it answers afterwards, for estimate and quota. Without one, on demand.
        evaluation_max_tokens: Limit of an answer in an evaluation that follows, for the
            estimate. Without it, no evaluation is estimated.
        evaluation_few_shot: Examples before each question there.
        max_cost_usd: Estimated cost of the whole run, in US dollars, above which no model is made.
            Without one, the estimate is only reported.
        allow_unknown_price: Whether it may be even though the documented price of something in the
            run is not known.
        role: A service role of your own (see `ServiceRole`). Without one, a role is defined; a
            model package needs none.
        model_key: Encrypts the custom model; who invokes it needs it too.
            Without one, a key that AWS owns does.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: `max_cost_usd` is out of range, or models trained from the base model are not
            taken.
    """

    title: ClassVar[str] = "CustomModelCreation"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        source: SageMakerNovaModel,
        base_model: BaseModel,
        deployment: OnDemand | ProvisionedThroughput | None = None,
        evaluation_max_tokens: int | None = None,
        evaluation_few_shot: int = 0,
        max_cost_usd: float | None = None,
        allow_unknown_price: bool = False,
        role: iam.IRole | None = None,
        model_key: kms.IKey | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        if max_cost_usd is not None:
            check_between("max_cost_usd", max_cost_usd, 0, 1e9, "it is an amount of US dollars")
        source.check(base_model)
        super().__init__(scope, id)
        throughput = (deployment or OnDemand()).to_plan()
        self.service_role: ServiceRole | None = None
        """What Bedrock reads the model with; None for a model package."""
        if source.needs_role:
            self.service_role = ServiceRole(
                self,
                "ServiceRole",
                kind=JobKind.CREATION,
                storage=storage,
                role=role,
                rights=using_model_key(model_key),
            )
        self.function = self._define_function(
            storage, source, model_key, buys_throughput=throughput is not None
        )
        states = States(self, self.title, on_failure=on_failure)
        inspect = states.invoke(
            "Find trained model",
            self.function,
            {
                "step": CreationStep.INSPECT,
                "run": "{% $run %}",
                "model_name": _NAME,
                "source": source.to_contract(),
                **({"throughput": throughput} if throughput else {}),
                "evaluation_max_tokens": evaluation_max_tokens,
                "evaluation_few_shot": evaluation_few_shot,
                "max_cost_usd": max_cost_usd,
                "allow_unknown_price": allow_unknown_price,
            },
            comment="Where is what SageMaker AI trained, is there room for it, and budget?",
            assign="artifacts",
        )
        create = states.invoke(
            "Create custom model",
            self.function,
            self._request(model_key),
            comment="Ask Bedrock for a custom model; one that the run has made is adopted",
            assign="customization",
            beside={
                "model_wait": _FIRST_WAIT,
                "model_asked": "{% $states.context.State.EnteredTime %}",
            },
            retries=[FULL_QUOTA],
        )
        record = states.invoke(
            "Record custom model",
            self.function,
            {
                "step": CreationStep.RECORD,
                "run": "{% $run %}",
                "model_arn": "{% $customization.model_arn %}",
            },
            comment="Was it trained from the base model? Write it into the manifest",
            assign="customization",
            retries=[Retry(errors=[ErrorName.MANIFEST_CONFLICT], interval_seconds=5)],
        )
        inspect.next(create)
        self._write_wait(states, create, then=record)
        self.rights = states.rights
        self._start = inspect
        self._ends = [record]

    def _request(self, model_key: kms.IKey | None) -> Mapping[str, Any]:
        """Return the event of the step that asks for the model."""
        return {
            "step": CreationStep.CREATE,
            "artifacts": "{% $artifacts %}",
            "model_name": _NAME,
            # Not that of the deployment, which has the same name.
            "token": of_this_drive("$run.tokens.deployment & '-model'"),
            "tags": {tag["Key"]: tag["Value"] for tag in run_tags()},
            **({"role_arn": self.service_role.role.role_arn} if self.service_role else {}),
            **({"key_arn": model_key.key_arn} if model_key else {}),
        }

    def _write_wait(
        self, states: States, create: sfn.CustomState, *, then: sfn.CustomState
    ) -> None:
        """Write the wait until the model is Active."""
        wait = states.wait(
            "Wait for the custom model",
            "{% $model_wait %}",
            comment="Bedrock sends no event when a model is made",
            assign={"model_wait": f"{{% $min([$model_wait * 2, {_LONGEST_WAIT}]) %}}"},
        )
        check = states.call_bedrock(
            "Check custom model",
            "aws-sdk:bedrock:getCustomModel",
            {"ModelIdentifier": "{% $customization.model_arn %}"},
            comment="How far is it?",
            rights=[
                Right(
                    actions=["bedrock:GetCustomModel"],
                    resources=[_MODELS],
                    wildcard_because=NAMED_BY_BEDROCK,
                )
            ],
            assign={
                "model_status": "{% $states.result.ModelStatus %}",
                "model_failure": "{% $exists($states.result.FailureMessage) "
                "? $states.result.FailureMessage : '' %}",
            },
        )
        is_made = states.choice("Is the custom model made?", comment="Active, failed or not yet")
        create.next(wait).next(check).next(is_made)
        is_made.when(
            sfn.Condition.jsonata("{% $model_status = 'Failed' %}"),
            states.failed("Creation failed", ErrorName.IMPORT_FAILED, "{% $model_failure %}"),
        )
        is_made.when(sfn.Condition.jsonata("{% $model_status = 'Active' %}"), then)
        is_made.when(
            sfn.Condition.jsonata(
                "{% $toMillis($states.context.State.EnteredTime) - $toMillis($model_asked) > "
                f"{_LONGEST_CREATION_SECONDS * 1000} %}}"
            ),
            states.failed(
                "Creation takes too long",
                ErrorName.IMPORT_FAILED,
                "{% 'the custom model is still ' & $model_status & ' after a day' %}",
            ),
        )
        is_made.otherwise(wait)

    def _define_function(
        self,
        storage: CustomizationStorage,
        source: SageMakerNovaModel,
        model_key: kms.IKey | None,
        *,
        buys_throughput: bool,
    ) -> HandlerFunction:
        listing = ["bedrock:ListCustomModels", "bedrock:ListModelCustomizationJobs"]
        if buys_throughput:
            listing.append("bedrock:ListProvisionedModelThroughputs")
        role = self.service_role
        return HandlerFunction(
            self,
            "Create",
            handler=Handler.CREATE_CUSTOM_MODEL,
            description="Finds a trained Amazon Nova model, asks for a custom model, records it",
            rights=[
                *source.reading,
                *source.creating,
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
                    actions=["bedrock:CreateCustomModel"],
                    resources=["*"],
                    wildcard_because="CreateCustomModel has no resource-level permissions",
                ),
                Right(
                    actions=["bedrock:GetCustomModel", "bedrock:TagResource"],
                    resources=[_MODELS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                *(
                    [
                        Right(
                            actions=["iam:PassRole"],
                            resources=[role.role.role_arn],
                            conditions={
                                "StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}
                            },
                        )
                    ]
                    if role
                    else []
                ),
                *using_model_key(model_key),
            ],
        )
