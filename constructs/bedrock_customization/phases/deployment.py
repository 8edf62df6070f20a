"""From a custom model to an address that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
    opening_model_key,
)
from bedrock_customization._asl import Phase, Retry, States, of_this_drive, run_tags
from bedrock_customization._function import HandlerFunction
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import ErrorName, Handler

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms, aws_ssm as ssm

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.storage import CustomizationStorage

_NAME = of_this_drive("$run.names.deployment")
# Waits double from five minutes: with the one that follows this, they add up to five hours.
_LONGEST_WAIT = 10_000


class ModelDeployment(Phase):
    """Deploy a custom model on demand: billed by the token, nothing while idle.

    Input: `$run`, `$customization`.
    Output: `$deployment` (`contract.Deployment`).
    Errors: `DeploymentFailed`, and what Bedrock says of the request.

    Args:
        scope: Parent.
        id: Id below the parent.
        base_model: What the custom model was made of.
        model_key: What encrypts the custom model. Without one, a key that AWS owns does.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: Custom models of the base model need provisioned throughput.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        base_model: BaseModel,
        model_key: kms.IKey | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        base_model.check_on_demand()
        super().__init__(scope, id)
        states = States(self, "ModelDeployment", on_failure=on_failure)
        deploy = states.call_bedrock(
            "Deploy candidate",
            "aws-sdk:bedrock:createCustomModelDeployment",
            {
                "ModelDeploymentName": _NAME,
                "ClientRequestToken": of_this_drive("$run.tokens.deployment"),
                "ModelArn": "{% $customization.model_arn %}",
                "Tags": run_tags(),
            },
            comment="Ask for an on-demand deployment of the custom model",
            rights=[
                Right(
                    actions=["bedrock:CreateCustomModelDeployment"],
                    resources=[bedrock_arn("custom-model")],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                _on_deployments("bedrock:TagResource"),
                *opening_model_key(model_key),
            ],
            assign={
                "deployment": {"arn": "{% $states.result.CustomModelDeploymentArn %}"},
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
            "aws-sdk:bedrock:getCustomModelDeployment",
            {"CustomModelDeploymentIdentifier": "{% $deployment.arn %}"},
            comment="Bedrock sends no event, so ask",
            rights=[_on_deployments("bedrock:GetCustomModelDeployment")],
            assign={
                "deployment_status": "{% $states.result.Status %}",
                "deployment_failure": "{% $exists($states.result.FailureMessage) "
                "? $states.result.FailureMessage : '' %}",
            },
        )
        failed = states.failed(
            "Deployment failed", ErrorName.DEPLOYMENT_FAILED, "{% $deployment_failure %}"
        )
        is_deployed = states.choice("Is it deployed?", comment="Active, failed or not yet")
        deploy.next(wait).next(check).next(is_deployed)
        is_deployed.when(sfn.Condition.jsonata("{% $deployment_status = 'Failed' %}"), failed)
        is_deployed.when(
            sfn.Condition.jsonata(
                f"{{% $deployment_status != 'Active' and $deployment_wait > {_LONGEST_WAIT} %}}"
            ),
            states.failed(
                "Deployment takes too long",
                ErrorName.DEPLOYMENT_FAILED,
                "{% 'the deployment is still ' & $deployment_status & ' after five hours' %}",
            ),
        )
        is_deployed.when(sfn.Condition.jsonata("{% $deployment_status != 'Active' %}"), wait)
        self.rights = states.rights
        self._start = deploy
        self._ends = is_deployed.afterwards(include_otherwise=True).end_states


class CandidateRemoval(Construct):
    """Define what takes a run's deployment away again; never the one that the alias names.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where the manifest is.
        alias: The parameter that consumers read.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        alias: ssm.IStringParameter,
    ) -> None:
        super().__init__(scope, id)
        self._alias = alias
        self.function = HandlerFunction(
            self,
            "Remove",
            handler=Handler.REMOVE_DEPLOYMENT,
            description="Removes the deployment of a candidate that does not go live",
            rights=[
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                Right(actions=["ssm:GetParameter"], resources=[alias.parameter_arn]),
                _on_deployments(
                    "bedrock:GetCustomModelDeployment", "bedrock:DeleteCustomModelDeployment"
                ),
            ],
        )

    def remove(self, states: States, name: str) -> sfn.CustomState:
        """Write the state that does it; a deployment that is still being made is waited for."""
        return states.invoke(
            name,
            self.function,
            {"run": "{% $run %}", "name": _NAME, "alias_parameter": self._alias.parameter_name},
            comment="Take the candidate's deployment away, so that nothing is left behind",
            retries=[Retry(errors=[ErrorName.DEPLOYMENT_BUSY], interval_seconds=60)],
        )


def _on_deployments(*actions: str) -> Right:
    return Right(
        actions=actions,
        resources=[bedrock_arn("custom-model-deployment")],
        wildcard_because=NAMED_BY_BEDROCK,
    )
