"""From a custom model to an address that answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
    opening_model_key,
)
from bedrock_customization._asl import States
from bedrock_customization._executions import of_this_drive, run_tags
from bedrock_customization._function import HandlerFunction
from bedrock_customization._phase import Phase
from bedrock_customization._retries import BUSY_MODEL_ERRORS, Retry
from bedrock_customization.deployment_kinds import (
    ImportedCopies,
    OnDemand,
    ProvisionedThroughput,
)
from bedrock_customization.storage import PROMOTIONS, RUNS, STAGED
from bedrock_customization_runtime.contract import EXPIRY_TAG, ErrorName, Handler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_kms as kms

    from bedrock_customization.alias import Alias
    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.deployment_kinds import Deployment
    from bedrock_customization.storage import CustomizationStorage

_NAME = of_this_drive("$run.names.deployment")
_TOKEN = of_this_drive("$run.tokens.deployment")
# Waits double from five minutes: with the one that follows this, they add up to five hours.
_LONGEST_WAIT = 10_000


class ModelDeployment(Phase):
    """Deploy a custom model, wait until it can be asked, and ask it a few harmless questions.

    Input: `$run`, `$customization`.
    Output: `$deployment` (`contract.Deployment`).
    Errors: `DeploymentFailed`, `SmokeTestFailed`, and what Bedrock says of the request.

    Args:
        scope: Parent.
        id: Id below the parent.
        base_model: What the custom model was made of.
        deployment: On what it answers (docs/deployment.md).
            Without one, on demand: billed by the token, nothing while idle.
        model_key: What encrypts the custom model. Without one, a key that AWS owns does.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: Custom models of the base model cannot be deployed that way, or not at that
            price.
    """

    title = "ModelDeployment"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        base_model: BaseModel,
        deployment: Deployment | None = None,
        model_key: kms.IKey | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        deployment = deployment or OnDemand()
        deployment.check(base_model)
        super().__init__(scope, id)
        self.smoke_test_function = self._define_smoke_test(deployment, model_key)
        states = States(self, self.title, on_failure=on_failure)
        calls = _calls_of(deployment)
        deploy = states.call_bedrock(
            "Deploy candidate",
            f"aws-sdk:bedrock:{calls.create}",
            calls.request,
            comment=calls.comment,
            rights=[
                Right(
                    actions=[_action(calls.create)],
                    resources=[bedrock_arn("custom-model")],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                _on(deployment, "bedrock:TagResource"),
                *opening_model_key(model_key),
            ],
            assign={
                "deployment": {"arn": f"{{% $states.result.{calls.arn} %}}"},
                "deployment_wait": 300,
            },
        )
        wait = states.wait(
            "Wait for the deployment",
            "{% $deployment_wait %}",
            comment="The deployment is being created",
            assign={"deployment_wait": "{% $deployment_wait * 2 %}"},
        )
        check = states.call_bedrock(
            "Check deployment",
            f"aws-sdk:bedrock:{calls.get}",
            {calls.identifier: "{% $deployment.arn %}"},
            comment="Bedrock sends no event, so ask",
            rights=[_on(deployment, _action(calls.get))],
            assign={
                "deployment_status": "{% $states.result.Status %}",
                "deployment_failure": "{% $exists($states.result.FailureMessage) "
                "? $states.result.FailureMessage : '' %}",
            },
        )
        failed = states.failed(
            "Deployment failed", ErrorName.DEPLOYMENT_FAILED, "{% $deployment_failure %}"
        )
        smoke_test = states.invoke(
            "Smoke test",
            self.smoke_test_function,
            {"deployment": "{% $deployment %}"},
            comment="Does it answer at all?",
            retries=[Retry(errors=BUSY_MODEL_ERRORS, interval_seconds=60)],
        )
        is_deployed = states.choice("Is it deployed?", comment="Ready, failed or not yet")
        deploy.next(wait).next(check).next(is_deployed)
        is_deployed.when(sfn.Condition.jsonata("{% $deployment_status = 'Failed' %}"), failed)
        is_deployed.when(
            sfn.Condition.jsonata(f"{{% $deployment_status = '{calls.ready}' %}}"), smoke_test
        )
        is_deployed.when(
            sfn.Condition.jsonata(f"{{% $deployment_wait > {_LONGEST_WAIT} %}}"),
            states.failed(
                "Deployment takes too long",
                ErrorName.DEPLOYMENT_FAILED,
                "{% 'the deployment is still ' & $deployment_status & ' after five hours' %}",
            ),
        )
        is_deployed.otherwise(wait)
        self.rights = states.rights
        self._start = deploy
        self._ends = [smoke_test]

    def _define_smoke_test(
        self, deployment: Deployment, model_key: kms.IKey | None
    ) -> HandlerFunction:
        return HandlerFunction(
            self,
            "SmokeTest",
            handler=Handler.SMOKE_TEST,
            description="Asks a candidate's deployment a few harmless questions",
            rights=[_on(deployment, "bedrock:InvokeModel"), *opening_model_key(model_key)],
            timeout_minutes=10,
        )


class CandidateRemoval(Construct):
    """Define what takes deployments away again; never the one that the alias names.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where manifests and the record of promotions are.
        alias: What consumers read.
        deployment: On what candidates answer. Without one, on demand.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        alias: Alias,
        deployment: Deployment | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._alias = alias
        self._deployment = deployment or OnDemand()
        self.function = HandlerFunction(
            self,
            "Remove",
            handler=Handler.REMOVE_DEPLOYMENT,
            description="Removes deployments that do not go live, and superseded ones",
            rights=[
                *storage.reading(storage.artifacts_bucket, RUNS, PROMOTIONS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                Right(
                    actions=["ssm:GetParameter"],
                    resources=[alias.parameter_arn, alias.previous_parameter_arn],
                ),
                Right(actions=["ssm:PutParameter"], resources=[alias.previous_parameter_arn]),
                *rights_to_remove(self._deployment, storage),
            ],
        )

    def remove(self, states: States, name: str) -> sfn.CustomState:
        """Write the state that does it; a deployment that is still being made is waited for."""
        return states.invoke(
            name,
            self.function,
            {
                "step": "candidate",
                "run": "{% $run %}",
                "name": _NAME,
                "kind": self._deployment.kind.value,
                "alias_parameter": self._alias.parameter_name,
            },
            comment="Take the candidate's deployment away, so that nothing is left behind",
            retries=[
                _WHEN_IT_IS_IMPORTED
                if isinstance(self._deployment, ImportedCopies)
                else _WHEN_IT_IS_MADE
            ],
        )

    def remove_superseded(self, states: States, name: str) -> sfn.CustomState:
        """Write the state that follows a promotion: what was live two promotions ago goes."""
        return states.invoke(
            name,
            self.function,
            {
                "step": "superseded",
                "run": "{% $run %}",
                "alias_parameter": self._alias.parameter_name,
                "previous_parameter": self._alias.previous_parameter_name,
            },
            comment="The last live model stays for a rollback, older ones go",
            retries=[_WHEN_IT_IS_MADE],
        )


def rights_to_remove(deployment: Deployment, storage: CustomizationStorage) -> list[Right]:
    """Return the rights to find and to delete deployments of a kind, and what they were made of."""
    if isinstance(deployment, ImportedCopies):
        return [
            _on(deployment, "bedrock:GetImportedModel", "bedrock:DeleteImportedModel"),
            Right(
                actions=["bedrock:GetModelImportJob"],
                resources=[bedrock_arn("model-import-job")],
                wildcard_because=NAMED_BY_BEDROCK,
            ),
            *storage.removing(storage.data_bucket, STAGED),
        ]
    if isinstance(deployment, ProvisionedThroughput):
        actions = [
            "bedrock:GetProvisionedModelThroughput",
            "bedrock:DeleteProvisionedModelThroughput",
        ]
    else:
        actions = ["bedrock:GetCustomModelDeployment", "bedrock:DeleteCustomModelDeployment"]
    return [_on(deployment, *actions)]


_WHEN_IT_IS_MADE = Retry(errors=[ErrorName.DEPLOYMENT_BUSY], interval_seconds=60)
# Nothing stops an import, and a large one takes hours.
_WHEN_IT_IS_IMPORTED = Retry(
    errors=[ErrorName.DEPLOYMENT_BUSY], interval_seconds=60, max_attempts=14
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Calls:
    """How Bedrock's operations on a kind of deployment are spelt."""

    comment: str
    create: str
    request: Mapping[str, Any]
    get: str
    identifier: str
    arn: str
    ready: str


def _calls_of(deployment: Deployment) -> _Calls:
    if isinstance(deployment, ProvisionedThroughput):
        expiry = (
            "{% $fromMillis($toMillis($states.context.State.EnteredTime) + "
            f"{deployment.ttl_seconds * 1000}) %}}"
        )
        return _Calls(
            comment="Buy provisioned throughput for the custom model, without commitment",
            create="createProvisionedModelThroughput",
            request={
                "ProvisionedModelName": _NAME,
                "ClientRequestToken": _TOKEN,
                "ModelId": "{% $customization.model_arn %}",
                "ModelUnits": deployment.model_units,
                "Tags": [*run_tags(), {"Key": EXPIRY_TAG, "Value": expiry}],
            },
            get="getProvisionedModelThroughput",
            identifier="ProvisionedModelId",
            arn="ProvisionedModelArn",
            ready="InService",
        )
    return _Calls(
        comment="Ask for an on-demand deployment of the custom model",
        create="createCustomModelDeployment",
        request={
            "ModelDeploymentName": _NAME,
            "ClientRequestToken": _TOKEN,
            "ModelArn": "{% $customization.model_arn %}",
            "Tags": run_tags(),
        },
        get="getCustomModelDeployment",
        identifier="CustomModelDeploymentIdentifier",
        arn="CustomModelDeploymentArn",
        ready="Active",
    )


def _action(operation: str) -> str:
    return f"bedrock:{operation[0].upper()}{operation[1:]}"


def _on(deployment: Deployment, *actions: str) -> Right:
    return Right(
        actions=actions, resources=[deployment.arn_pattern], wildcard_because=NAMED_BY_BEDROCK
    )
