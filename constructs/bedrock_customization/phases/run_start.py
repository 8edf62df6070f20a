"""The first phase of a run: what it is called, where its files lie, what it starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_customization._asl import States
from bedrock_customization._function import HandlerFunction
from bedrock_customization._phase import Phase
from bedrock_customization.method import FineTuning, log_bucket_of
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import Handler, RunKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_stepfunctions as sfn
    from constructs import Construct

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.method import CustomizationMethod
    from bedrock_customization.storage import CustomizationStorage
    from bedrock_customization.use_case import UseCase


class RunStart(Phase):
    """Check the run's input, derive its names and places, begin its manifest.

    Every other phase reads `$run`, so in a machine of your own this one comes before them.

    Input: `{"source": "s3://<data bucket>/incoming/<file>"}`, or a prefix with a trailing slash, at
    will with `"hyperparameters": {…}`, which go over those of `method`; of a copy,
    `{"model": "<ARN of a custom model>"}`.
    Output: `$run` (`contract.Run`).
    Errors: `InvalidInput`, `ManifestConflict`.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where raw data are, and the run's files go.
        base_model: What the run customizes, or what it compares an imported model with.
        kind: Which of them, or that it copies a custom model of it; the manifest, and with it
            report and model card, speak of it.
        method: How it is customized. Without one, fine-tuning.
        use_case: What the run is for; its manifest keeps it. Without one, it says nothing.
        input: The run's input, whose strings may be JSONata, where states of your own find it out:
            `{"source": "{% $exported.uri %}"}`. Without it, the execution's own.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.
    """

    title = "Start"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        base_model: BaseModel,
        kind: RunKind = RunKind.CUSTOMIZATION,
        method: CustomizationMethod | None = None,
        use_case: UseCase | None = None,
        input: Mapping[str, Any] | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        method = method or FineTuning()
        hyperparameters = base_model.check_method(method)
        super().__init__(scope, id)
        self.function = HandlerFunction(
            self,
            "Start",
            handler=Handler.START_RUN,
            description="Checks a run's input, names what it will make, begins its manifest",
            rights=[
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
            ],
        )
        log_bucket = log_bucket_of(method)
        states = States(self, self.title, on_failure=on_failure)
        start = states.invoke(
            "Start run",
            self.function,
            {
                "kind": kind.value,
                "execution_arn": "{% $states.context.Execution.Id %}",
                "execution_name": "{% $states.context.Execution.Name %}",
                "input": input or "{% $states.context.Execution.Input %}",
                "data_bucket": storage.data_bucket.bucket_name,
                "blind_bucket": storage.blind_bucket.bucket_name,
                "artifacts_bucket": storage.artifacts_bucket.bucket_name,
                "logs": log_bucket.uri if log_bucket else None,
                "base_model": base_model.id,
                "parent": base_model.parent,
                "method": method.method.value,
                "hyperparameters": hyperparameters,
                "use_case": use_case.to_contract() if use_case else None,
            },
            comment="Check the input, derive names, begin the manifest",
            assign="run",
        )
        self.rights = states.rights
        self._start = start
        self._ends = [start]
