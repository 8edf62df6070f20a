"""Runs a state machine in a test, with a function in place of AWS."""

import json
from collections.abc import Mapping
from typing import Final

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.stepfunctions.execution import (
    Blueprint,
    Execution,
    Surroundings,
)
from bedrock_customization_local.cloud.stepfunctions.language import definition
from bedrock_customization_local.cloud.stepfunctions.language.validation import findings
from bedrock_customization_local.cloud.stepfunctions.maps.objects import ObjectStore
from bedrock_customization_local.cloud.stepfunctions.task import TaskCall, TaskCaller
from bedrock_customization_local.cloud.stepfunctions.tokens import TaskTokens
from bedrock_customization_local.cloud.untyped import Json

_PREFIX: Final = "arn:aws:states:us-east-1:123456789012"
_ROLE: Final = "arn:aws:iam::123456789012:role/test"


def run_machine(
    machine: str | Mapping[str, Json],
    data: Json,
    *,
    call_task: TaskCaller | None = None,
    clock: Clock | None = None,
    tokens: TaskTokens | None = None,
    objects: ObjectStore | None = None,
    is_express: bool = False,
) -> Execution:
    """Run a definition to its end and return the execution: status, output, error, history.

    Args:
        machine: The definition, as text or as an object.
        data: The input.
        call_task: Answers every Task state; without one, a task fails the test.
        clock: How long waits last; without one, no time.
        tokens: Where `call_task` answers tasks that wait for a token.
        objects: Where distributed Map states read and write.
        is_express: Whether it is an Express machine.

    Raises:
        ValueError: The definition is not valid; every finding is told.
        Exception: What `call_task` raised, if it is no StateError.
    """
    text = machine if isinstance(machine, str) else json.dumps(machine)
    if found := findings(text):
        raise ValueError("; ".join(str(finding) for finding in found))
    execution = Execution(
        arn=f"{_PREFIX}:execution:test:test",
        blueprint=Blueprint(
            state_machine_arn=f"{_PREFIX}:stateMachine:test",
            name="test",
            states=definition.parse(text),
            role_arn=_ROLE,
            is_express=is_express,
            definition=text,
        ),
        data=data,
        surroundings=Surroundings(
            clock=clock or Clock(scale=0),
            call_task=call_task or _unexpected,
            tokens=tokens or TaskTokens(),
            objects=objects,
        ),
    )
    execution.run()
    if execution.crash is not None:
        raise execution.crash
    return execution


def _unexpected(call: TaskCall) -> Json:
    raise AssertionError(f"the machine called {call.resource.arn}, and the test gave no call_task")
