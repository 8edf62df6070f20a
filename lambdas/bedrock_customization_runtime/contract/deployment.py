"""Deployments of custom models: events of what tests, removes and expires them."""

from typing import Literal, NotRequired, TypedDict

from bedrock_customization_runtime.contract.evaluation import Deployment
from bedrock_customization_runtime.contract.runs import Run


class SmokeTestInput(TypedDict):
    """Event of `smoke_test`."""

    deployment: Deployment


class RemoveCandidate(TypedDict):
    """Event of `remove_deployment` where a run's candidate does not go live."""

    step: Literal["candidate"]
    run: Run
    name: str
    """Of the deployment."""
    kind: str
    """Value of `DeploymentKind`; so wherever it stands."""
    alias_parameter: str
    """A deployment it names is never removed; so wherever it stands."""
    created_model: NotRequired[bool]
    """Whether the run has made the custom model of the deployment's name, which goes with it; so
    wherever it stands."""


class RemoveSuperseded(TypedDict):
    """Event of `remove_deployment` once another model was promoted."""

    step: Literal["superseded"]
    run: Run
    alias_parameter: str
    previous_parameter: str
    """Name of the SSM parameter that is told what was live before."""


RemoveDeploymentInput = RemoveCandidate | RemoveSuperseded


class CleanUpRunInput(TypedDict):
    """Event of `clean_up_run`, for an execution that ended badly; EventBridge sends it."""

    execution_arn: str
    kind: str
    topic_arn: str
    """Where people hear of what the execution could not tell."""
    artifacts_bucket: str
    alias_parameter: str
    staging_bucket: NotRequired[str]
    """To which models are copied before they are imported; absent where none is."""
    created_model: NotRequired[bool]
    judged_bucket: NotRequired[str]
    """With the blind set that a judge works on; absent without a judge."""


class RemovedDeployments(TypedDict):
    """What `remove_deployment` and `clean_up_run` return."""

    removed: list[str]
    """ARNs."""


class ExpireThroughputsInput(TypedDict):
    """Event of `expire_throughputs`; a rule of EventBridge sends it by the clock."""

    pipeline: str
    """Name of the state machine, as the tag of what it makes has it."""
    alias_parameter: str
    previous_parameter: str
    topic_arn: str


class ThroughputPlan(TypedDict):
    """Provisioned throughput that a run buys after its job, for the estimate and the quota."""

    model_units: int
    ttl_seconds: int
