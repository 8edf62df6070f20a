"""What a pipeline does to its data, as the definition of its state machine says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

from bedrock_customization_local.cli.following.definition import machines
from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_runtime.contract import RunKind

if TYPE_CHECKING:
    from boto3 import Session

    from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline
    from bedrock_customization_runtime.contract import PrepareDataInput


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineSettings:
    """Settings of a pipeline, wherever it is: deployed, or a template on this machine."""

    kind: RunKind
    """What its runs take."""
    base_model: str
    """Id for customization."""
    method: str
    """Value of `catalog.Method`."""
    hyperparameters: dict[str, str]
    preparation: PrepareDataInput | None
    """All but the run; None where nothing is prepared."""
    planning: dict[str, Any]
    """What "Plan customization" is told beside the run; empty where no job is planned."""
    model_units: int
    """Of the provisioned throughput that a run buys."""

    @classmethod
    def of_definition(cls, text: str) -> Self | None:
        """Read a definition; None if it is not one of this library's pipelines."""
        start: dict[str, Any] | None = None
        preparation: dict[str, Any] | None = None
        planning: dict[str, Any] = {}
        model_units = 0
        for states in machines(json.loads(text)):
            for state in states.values():
                match state.get("Arguments"):
                    case {"Payload": {"kind": str(), "base_model": str()} as payload}:
                        start = payload
                    case {"Payload": {"split": dict(), "max_rejected": _} as payload}:
                        preparation = payload
                    case {"Payload": {"step": "plan", "evaluation_max_tokens": _} as payload}:
                        planning = payload
                    case {"ModelUnits": int(units)}:
                        model_units = units
        if start is None:
            return None
        return cls(
            kind=RunKind(start["kind"]),
            base_model=start["base_model"],
            method=start["method"],
            hyperparameters=start.get("hyperparameters", {}),
            preparation=cast("PrepareDataInput | None", preparation),
            planning=planning,
            model_units=model_units,
        )


def of_pipeline(session: Session, pipeline: DeployedPipeline) -> PipelineSettings:
    """Return the settings of a deployed pipeline.

    Raises:
        CommandError: Its state machine is not one of this library's.
    """
    machine = session.client("stepfunctions").describe_state_machine(
        stateMachineArn=pipeline.state_machine_arn
    )
    found = PipelineSettings.of_definition(machine["definition"])
    if found is None:
        raise CommandError(
            f"{pipeline.state_machine_arn} begins no run of this library",
            advice=("start your own machine with the AWS CLI, aws stepfunctions start-execution",),
        )
    return found
