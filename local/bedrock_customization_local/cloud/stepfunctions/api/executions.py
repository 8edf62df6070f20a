"""Executions: started, stopped, described, redriven."""

import json
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Final
from uuid import uuid4

from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.stepfunctions.api.machine import check_name
from bedrock_customization_local.cloud.stepfunctions.api.paging import page
from bedrock_customization_local.cloud.stepfunctions.execution import (
    Blueprint,
    Execution,
    Surroundings,
)
from bedrock_customization_local.cloud.stepfunctions.history import EVENT_LIMIT
from bedrock_customization_local.cloud.stepfunctions.language.values import (
    PAYLOAD_LIMIT,
    dump,
)
from bedrock_customization_local.cloud.stepfunctions.maps.map_run import MapRun
from bedrock_customization_local.cloud.untyped import Json

_UNSUCCESSFUL: Final = frozenset({"ABORTED", "FAILED", "TIMED_OUT"})


class Executions:
    """All executions of an account in a Region.

    Args:
        surroundings: What executions need of the world.
        blueprint_of: Returns what an execution of a machine, version or alias runs.
    """

    def __init__(
        self, *, surroundings: Surroundings, blueprint_of: Callable[[str], Blueprint]
    ) -> None:
        self._surroundings = surroundings
        self._blueprint_of = blueprint_of
        self._lock = RLock()
        self._executions: dict[str, Execution] = {}
        self._map_runs: dict[str, MapRun] = {}

    def add_map_run(self, map_run: MapRun) -> None:
        """Make a map run known to the API."""
        with self._lock:
            self._map_runs[map_run.arn] = map_run

    def stop_machine(self, arn: str) -> None:
        """End the executions of a machine that is deleted."""
        with self._lock:
            executions = list(self._executions.values())
        for execution in executions:
            if execution.blueprint.state_machine_arn == arn and execution.stopped is None:
                execution.abort()

    def close(self) -> None:
        """End every execution because the embedded AWS goes down."""
        with self._lock:
            executions = list(self._executions.values())
        for execution in executions:
            execution.close()

    def start_execution(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Start an execution; the same request while it runs returns the same execution."""
        blueprint = self._blueprint_of(parameters["stateMachineArn"])
        name = check_name(parameters.get("name") or str(uuid4()))
        data = _input(parameters)
        with self._lock:
            arn = _arn(blueprint, name)
            existing = self._executions.get(arn)
            if existing is None:
                existing = self._new(arn, blueprint, data)
                existing.start()
            elif existing.status != "RUNNING" or existing.input != data:
                raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        return {"executionArn": arn, "startDate": existing.started}

    def start_sync_execution(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Run an Express execution to its end."""
        blueprint = self._blueprint_of(parameters["stateMachineArn"])
        if not blueprint.is_express:
            raise ApiError(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            )
        name = check_name(parameters.get("name") or str(uuid4()))
        execution = self._new(_arn(blueprint, name), blueprint, _input(parameters))
        execution.run()
        stopped = execution.stopped or execution.started
        milliseconds = int((stopped - execution.started).total_seconds() * 1000)
        return {
            "executionArn": execution.arn,
            "stateMachineArn": blueprint.state_machine_arn,
            "name": name,
            "startDate": execution.started,
            "stopDate": stopped,
            # Nothing is aborted in AWS here; a shutdown of the embedded AWS ends it too.
            "status": execution.status if execution.stopped else "FAILED",
            "billingDetails": {
                "billedDurationInMilliseconds": -(-milliseconds // 100) * 100,
                "billedMemoryUsedInMB": 64,
            },
            **_data(execution),
        }

    def describe_execution(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Describe an execution."""
        execution = self.find(parameters["executionArn"])
        response = {
            **summary(execution),
            **_data(execution),
            **_redrive_status(execution),
            "redriveCount": execution.redrives,
        }
        if parameters.get("includedData") == "METADATA_ONLY":
            for name in ("input", "output", "error", "cause"):
                response.pop(name, None)
        return response

    def describe_state_machine_for_execution(
        self, parameters: Mapping[str, Json]
    ) -> dict[str, Json]:
        """Describe the machine as the execution runs it."""
        execution = self.find(parameters["executionArn"])
        blueprint = execution.blueprint
        response: dict[str, Json] = {
            "stateMachineArn": blueprint.state_machine_arn,
            "name": blueprint.name,
            "definition": blueprint.definition or dump(dict(blueprint.states.body)),
            "roleArn": blueprint.role_arn,
            "updateDate": execution.started,
            **blueprint.settings,
        }
        if execution.map_run_arn is not None:
            response["mapRunArn"] = execution.map_run_arn
            response["label"] = blueprint.state_machine_arn.rsplit("/", 1)[1]
        return response

    def list_executions(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """List the executions of a machine or a map run, newest first."""
        if "mapRunArn" in parameters:
            map_run = self._map_run(parameters["mapRunArn"])
            executions = [child for child in map_run.children if isinstance(child, Execution)]
        else:
            arn = parameters["stateMachineArn"]
            self._blueprint_of(arn)
            with self._lock:
                executions = [
                    execution
                    for execution in self._executions.values()
                    if arn
                    in {
                        execution.blueprint.state_machine_arn,
                        execution.blueprint.version_arn,
                        execution.blueprint.alias_arn,
                    }
                ]
        status = parameters.get("statusFilter")
        redriven = parameters.get("redriveFilter")
        chosen = [
            {
                **summary(execution),
                **({"itemCount": execution.item_count} if execution.map_run_arn else {}),
            }
            for execution in reversed(executions)
            if status in {None, execution.status}
            and redriven in {None, "REDRIVEN" if execution.redrives else "NOT_REDRIVEN"}
        ]
        return page(parameters, "executions", chosen)

    def stop_execution(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """End an execution; one that has ended is no error."""
        execution = self.find(parameters["executionArn"])
        if execution.stopped is None:
            execution.abort(parameters.get("error"), parameters.get("cause"))
        return {"stopDate": execution.stopped}

    def redrive_execution(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Go on with an execution from where it failed, with what it started with."""
        execution = self.find(parameters["executionArn"])
        status = _redrive_status(execution)
        if status["redriveStatus"] != "REDRIVABLE":
            raise ApiError(
                "ExecutionNotRedrivable",
                status.get("redriveStatusReason", "redrive the execution that started the map run"),
            )
        execution.redrive()
        return {"redriveDate": execution.redriven}

    def get_execution_history(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """List the events of an execution."""
        execution = self.find(parameters["executionArn"])
        events = execution.history.events(
            reverse=parameters.get("reverseOrder", False),
            include_data=parameters.get("includeExecutionData", True),
        )
        return page(parameters, "events", events)

    def list_map_runs(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """List the map runs of an execution."""
        runs = [
            {
                "executionArn": run.execution_arn,
                "mapRunArn": run.arn,
                "stateMachineArn": run.state_machine_arn,
                "startDate": run.started,
                **({"stopDate": run.stopped} if run.stopped else {}),
            }
            for run in self.find(parameters["executionArn"]).map_runs
        ]
        return page(parameters, "mapRuns", runs)

    def describe_map_run(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Describe a map run."""
        run = self._map_run(parameters["mapRunArn"])
        response: dict[str, Json] = {
            "mapRunArn": run.arn,
            "executionArn": run.execution_arn,
            "status": run.status,
            "startDate": run.started,
            "maxConcurrency": run.max_concurrency,
            "toleratedFailureCount": run.tolerated_count or 0,
            "toleratedFailurePercentage": float(run.tolerated_percentage or 0),
            "itemCounts": run.counts(of_items=True),
            "executionCounts": run.counts(of_items=False),
            "redriveCount": run.redrives,
        }
        if run.stopped is not None:
            response["stopDate"] = run.stopped
        if run.redriven is not None:
            response["redriveDate"] = run.redriven
        return response

    def update_map_run(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Change the limits of a map run; concurrency changes with its next redrive."""
        run = self._map_run(parameters["mapRunArn"])
        if run.status != "RUNNING":
            raise ApiError("ValidationException", "Map Run has completed and cannot be updated")
        run.max_concurrency = parameters.get("maxConcurrency", run.max_concurrency)
        run.tolerated_count = parameters.get("toleratedFailureCount", run.tolerated_count)
        run.tolerated_percentage = parameters.get(
            "toleratedFailurePercentage", run.tolerated_percentage
        )
        return {}

    def find(self, arn: str) -> Execution:
        """Return an execution, also one that a map run started.

        Raises:
            ApiError: `ExecutionDoesNotExist`.
        """
        with self._lock:
            if arn in self._executions:
                return self._executions[arn]
            for run in self._map_runs.values():
                for child in run.children:
                    if isinstance(child, Execution) and child.arn == arn:
                        return child
        raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")

    def _new(self, arn: str, blueprint: Blueprint, data: Json) -> Execution:
        execution = Execution(
            arn=arn, blueprint=blueprint, data=data, surroundings=self._surroundings
        )
        with self._lock:
            self._executions[arn] = execution
        return execution

    def _map_run(self, arn: str) -> MapRun:
        with self._lock:
            if arn not in self._map_runs:
                raise ApiError("ResourceNotFound", f"Map Run Does Not Exist: '{arn}'")
            return self._map_runs[arn]


def summary(execution: Execution) -> dict[str, Json]:
    """Return an execution as lists show it."""
    blueprint = execution.blueprint
    optional = {
        "stopDate": execution.stopped,
        "mapRunArn": execution.map_run_arn,
        "stateMachineVersionArn": blueprint.version_arn,
        "stateMachineAliasArn": blueprint.alias_arn,
        "redriveCount": execution.redrives or None,
        "redriveDate": execution.redriven,
    }
    return {
        "executionArn": execution.arn,
        "stateMachineArn": blueprint.state_machine_arn,
        "name": execution.name,
        # The API has no status for a child that has not begun.
        "status": "RUNNING" if execution.status == "PENDING" else execution.status,
        "startDate": execution.started,
        **{name: value for name, value in optional.items() if value is not None},
    }


def status_change(execution: Execution) -> dict[str, Json]:
    """Return the detail of EventBridge's event 'Step Functions Execution Status Change'."""
    described = {**summary(execution), **_data(execution), **_redrive_status(execution)}
    members = (
        "executionArn",
        "stateMachineArn",
        "name",
        "status",
        "startDate",
        "stopDate",
        "input",
        "inputDetails",
        "output",
        "outputDetails",
        "stateMachineVersionArn",
        "stateMachineAliasArn",
        "redriveCount",
        "redriveDate",
        "redriveStatus",
        "redriveStatusReason",
        "error",
        "cause",
    )
    detail: dict[str, Json] = {name: described.get(name) for name in members}
    for name in ("startDate", "stopDate", "redriveDate"):
        if detail[name] is not None:
            detail[name] = int(detail[name].timestamp() * 1000)
    return {**detail, "redriveCount": execution.redrives}


def _arn(blueprint: Blueprint, name: str) -> str:
    prefix, machine = blueprint.state_machine_arn.split(":stateMachine:")
    if blueprint.is_express:
        # Express executions of one name may run side by side.
        return f"{prefix}:express:{machine}:{name}:{uuid4()}"
    return f"{prefix}:execution:{machine}:{name}"


def _input(parameters: Mapping[str, Json]) -> Json:
    text = parameters.get("input") or "{}"
    if len(text.encode()) > PAYLOAD_LIMIT:
        raise ApiError(
            "InvalidExecutionInput", f"the input is larger than {PAYLOAD_LIMIT} bytes of UTF-8"
        )
    try:
        return json.loads(text)
    except ValueError as error:
        raise ApiError(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'"
        ) from error


def _data(execution: Execution) -> dict[str, Json]:
    data: dict[str, Json] = {
        "input": dump(execution.input),
        "inputDetails": {"included": True},
    }
    if execution.status == "SUCCEEDED":
        data |= {"output": dump(execution.output), "outputDetails": {"included": True}}
    if execution.error is not None:
        data["error"] = execution.error
    if execution.cause is not None:
        data["cause"] = execution.cause
    return data


def _redrive_status(execution: Execution) -> dict[str, str]:
    if execution.status not in _UNSUCCESSFUL:
        reason = f"Execution is {execution.status} and cannot be redriven"
    elif execution.blueprint.is_express:
        reason = "Express executions cannot be redriven"
    elif len(execution.history) >= EVENT_LIMIT - 1:
        reason = "Execution history has no room for a redrive"
    elif execution.map_run_arn is not None:
        return {"redriveStatus": "REDRIVABLE_BY_MAP_RUN"}
    else:
        return {"redriveStatus": "REDRIVABLE"}
    return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
