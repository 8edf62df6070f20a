"""For people who only want `cdk deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from aws_cdk import Stack

from bedrock_customization.base_model import BaseModel
from bedrock_customization.dataset import RecordTemplate
from bedrock_customization.monitoring import Monitoring
from bedrock_customization.pipeline import CustomizationPipeline
from bedrock_customization.use_case import UseCase

if TYPE_CHECKING:
    from constructs import Construct

_CONTEXT = "bedrock_customization"


class CustomizationStack(Stack):
    """Define one pipeline and say where everything is.

    Args:
        scope: Parent.
        id: Id below the parent.
        base_model: What is customized.
        template: How a row of the raw data becomes a record.
            Without one, the data already are records: prompt and completion, or Converse messages.
        use_case: What it is for (docs/when-to-tune.md).
        monitoring: Whether alarms and a dashboard watch it (docs/operations.md), which CloudWatch
            bills by the month.
        regulated: As of `CustomizationPipeline`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        base_model: BaseModel,
        template: RecordTemplate | None = None,
        use_case: UseCase | None = None,
        monitoring: bool = False,
        regulated: bool = False,
    ) -> None:
        super().__init__(scope, id, description="Customizes a foundation model on Amazon Bedrock")
        self.pipeline = CustomizationPipeline(
            self,
            "Pipeline",
            base_model=base_model,
            template=template,
            use_case=use_case,
            regulated=regulated,
        )
        self.pipeline.define_outputs()
        if monitoring:
            Monitoring(self, "Monitoring", pipeline=self.pipeline)

    @classmethod
    def from_context(cls, scope: Construct, id: str) -> Self:
        """Read the arguments from CDK context, as `cdk.json` or `cdk deploy -c` give them.

        Keys, each after `bedrock_customization:`: `baseModel`, for raw data of columns `prompt`,
        `completion`, `system` and `groupBy` (see `RecordTemplate`), and at will `useCase`, the path
        of a TOML file (see `UseCase.from_file`), and `monitoring` and `regulated`, which are `true`
        or `false`.

        Raises:
            ValueError: A key is missing, or its value does not fit; the message says which.
        """
        node = scope.node

        def read(key: str) -> str | None:
            value = node.try_get_context(f"{_CONTEXT}:{key}")
            return str(value) if value else None

        base_model, prompt, completion = read("baseModel"), read("prompt"), read("completion")
        if base_model is None:
            raise ValueError(
                f"context key {_CONTEXT}:baseModel is missing: name the base model's id for "
                "customization, such as amazon.nova-micro-v1:0:128k"
            )
        if (prompt is None) != (completion is None):
            given, missing = ("prompt", "completion") if prompt else ("completion", "prompt")
            raise ValueError(
                f"context key {_CONTEXT}:{missing} is missing while {_CONTEXT}:{given} is set: a "
                "record needs both, or neither if the data already are records"
            )
        template = (
            RecordTemplate(
                prompt=prompt,
                completion=completion,
                system=read("system"),
                group_by=read("groupBy"),
            )
            if prompt and completion
            else None
        )
        stated = read("useCase")
        return cls(
            scope,
            id,
            base_model=BaseModel.of(base_model),
            template=template,
            use_case=UseCase.from_file(stated) if stated else None,
            monitoring=_is_on("monitoring", read("monitoring")),
            regulated=_is_on("regulated", read("regulated")),
        )


def _is_on(key: str, value: str | None) -> bool:
    if value is None or value.lower() == "false":
        return False
    if value.lower() == "true":
        return True
    raise ValueError(
        f"context key {_CONTEXT}:{key} must be true or false, got {value}: it is off unless it is "
        "true"
    )
