"""Creation of a custom model from what SageMaker AI trained of Amazon Nova: events of its steps."""

from enum import StrEnum
from typing import Literal, NotRequired, TypedDict

from bedrock_customization_runtime.contract.deployment import ThroughputPlan
from bedrock_customization_runtime.contract.runs import Run


class CreationStep(StrEnum):
    """Steps of `create_custom_model`."""

    INSPECT = "inspect"
    CREATE = "create"
    RECORD = "record"


class NovaSource(TypedDict):
    """What SageMaker AI has trained; exactly one of the three that name it is there."""

    training_job: NotRequired[str]
    artifacts: NotRequired[str]
    """S3 URI in an escrow bucket."""
    model_package: NotRequired[str]
    """ARN."""
    bucket: NotRequired[str]
    """With a training job: the one bucket whose outputs may be read."""


class InspectArtifacts(TypedDict):
    """Event of `create_custom_model` before anything is asked of Bedrock."""

    step: Literal["inspect"]
    run: Run
    model_name: str
    """That the run's custom model will have."""
    source: NovaSource
    throughput: NotRequired[ThroughputPlan]
    """What the model will answer on; absent where it is deployed on demand."""
    evaluation_max_tokens: NotRequired[int]
    """Limit of an answer, for the estimate; absent where nothing is evaluated."""
    evaluation_few_shot: NotRequired[int]
    max_cost_usd: NotRequired[float]
    allow_unknown_price: bool


class NovaArtifacts(TypedDict):
    """Where the trained model is (`$artifacts`); one of the two."""

    uri: NotRequired[str]
    """S3 URI in an escrow bucket."""
    model_package: NotRequired[str]
    """ARN."""


class CreateModel(TypedDict):
    """Event of `create_custom_model` that asks for the model; it may be repeated."""

    step: Literal["create"]
    artifacts: NovaArtifacts
    model_name: str
    token: str
    """Client request token."""
    tags: dict[str, str]
    role_arn: NotRequired[str]
    """Absent for a model package, which Bedrock reads by the caller's rights."""
    key_arn: NotRequired[str]
    """What encrypts the model."""


class RecordModel(TypedDict):
    """Event of `create_custom_model` once the model is Active."""

    step: Literal["record"]
    run: Run
    model_arn: str


CreateCustomModelInput = InspectArtifacts | CreateModel | RecordModel
"""Event of `create_custom_model`."""


class CreatedModel(TypedDict):
    """What its last two steps return (`$customization`)."""

    model_arn: str
