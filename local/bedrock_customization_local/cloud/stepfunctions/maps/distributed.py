"""Runs distributed Map states: items from S3 or the input, a child execution for each."""

from collections.abc import Mapping
from typing import Protocol
from uuid import uuid4

from bedrock_customization_local.cloud.stepfunctions.branching import (
    enumerated,
    items_of,
    select_item,
    whole_number,
)
from bedrock_customization_local.cloud.stepfunctions.errors import (
    ErrorName,
    Interrupted,
    StateError,
)
from bedrock_customization_local.cloud.stepfunctions.frame import Frame
from bedrock_customization_local.cloud.stepfunctions.language.dataflow import flow_of
from bedrock_customization_local.cloud.stepfunctions.language.definition import State
from bedrock_customization_local.cloud.stepfunctions.maps import item_reader, result_writer
from bedrock_customization_local.cloud.stepfunctions.maps.map_run import Child, MapRun
from bedrock_customization_local.cloud.stepfunctions.maps.objects import ObjectStore
from bedrock_customization_local.cloud.stepfunctions.task import failure
from bedrock_customization_local.cloud.untyped import Json


class Parent(Protocol):
    """The execution that a distributed Map state belongs to."""

    def check_right(self, operation: str, parameters: Mapping[str, Json]) -> None:
        """Check that the machine's role may call an operation of Step Functions.

        Raises:
            StateError: It may not.
        """

    def start_map_run(self, map_run: MapRun) -> None:
        """Note a map run that begins."""

    def child(self, state: State, map_run_arn: str, data: Json, items: int) -> Child:
        """Return a child execution, not started."""


def run_distributed_map(
    state: State, data: Json, frame: Frame, objects: ObjectStore | None, parent: Parent
) -> Json:
    """Run a distributed Map state and return its result.

    Args:
        state: The Map state.
        data: Its input.
        frame: Its surroundings.
        objects: Where it reads and writes; None if there is no such place.
        parent: The execution it belongs to.

    Raises:
        StateError: The items cannot be read, too many failed, or the results cannot be written.
        Interrupted: Something outside ended it.
    """
    map_run = frame.progress.map_run
    if isinstance(map_run, MapRun):
        label = map_run.state_machine_arn.replace(":stateMachine:", ":execution:")
        parent.check_right("RedriveExecution", {"executionArn": f"{label}:{uuid4()}"})
        frame.trail.add("MapStateStarted", {"length": map_run.counts(of_items=True)["total"]})
        map_run.redrives += 1
        map_run.redriven = frame.scope.clock.now()
        details = {"mapRunArn": map_run.arn, "redriveCount": map_run.redrives}
        frame.trail.add("MapRunRedriven", details)
    else:
        map_run = _map_run(state, data, frame, objects, parent)
        frame.progress.map_run = map_run
        parent.start_map_run(map_run)
        frame.trail.add("MapRunStarted", {"mapRunArn": map_run.arn})
    try:
        children = map_run.run(frame.scope, frame.scope.clock.now)
        result: Json
        if "Resource" in state.body.get("ResultWriter", {}):
            result = result_writer.export(
                children, state, data, frame, objects=_present(objects), map_run_arn=map_run.arn
            )
            map_run.results_written = len(children)
        else:
            result = result_writer.results(state, children)
    except StateError as error:
        map_run.fail()
        frame.trail.add("MapRunFailed", failure(error))
        frame.trail.add("MapStateFailed")
        raise
    except Interrupted:
        frame.trail.add("MapRunAborted")
        raise
    frame.trail.add("MapRunSucceeded")
    frame.trail.add("MapStateSucceeded")
    return result


def _map_run(
    state: State, data: Json, frame: Frame, objects: ObjectStore | None, parent: Parent
) -> MapRun:
    if "ItemReader" in state.body:
        found = item_reader.read_items(state, data, frame, _present(objects))
        items = enumerated(state, found)
    else:
        items = items_of(state, data, frame)
    selected = [select_item(state, data, frame, item) for item in items]
    inputs = item_reader.batches(state, data, frame, selected)
    is_batched = "ItemBatcher" in state.body
    frame.trail.add("MapStateStarted", {"length": len(items)})
    machine: str = frame.context["StateMachine"]["Id"]
    parent.check_right("StartExecution", {"stateMachineArn": machine})
    label = state.body.get("Label") or uuid4().hex[:8]
    arn = f"{machine.replace(':stateMachine:', ':mapRun:')}/{label}:{uuid4()}"
    return MapRun(
        arn=arn,
        execution_arn=frame.context["Execution"]["Id"],
        state_machine_arn=f"{machine}/{label}",
        max_concurrency=whole_number(state, "MaxConcurrency", data, frame) or 0,
        tolerated_count=whole_number(state, "ToleratedFailureCount", data, frame),
        tolerated_percentage=_percentage(state, data, frame),
        started=frame.scope.clock.now(),
        children=[
            parent.child(state, arn, chunk, len(chunk["Items"]) if is_batched else 1)
            for chunk in inputs
        ],
    )


def _percentage(state: State, data: Json, frame: Frame) -> float | None:
    value = flow_of(state).setting(state, "ToleratedFailurePercentage", data, frame.sight)
    if value is None or (isinstance(value, int | float) and 0 <= value <= 100):  # noqa: PLR2004 - a percentage
        return value
    raise StateError(
        ErrorName.RUNTIME,
        f"The field 'ToleratedFailurePercentage' must be a number from 0 to 100, got {value!r}.",
    )


def _present(objects: ObjectStore | None) -> ObjectStore:
    if objects is None:
        raise StateError(ErrorName.RUNTIME, "There is no Amazon S3 for this distributed Map state.")
    return objects
