"""The Step Functions API: every operation by its name, dictionaries in and out."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.measures import Measures, Unmeasured
from bedrock_customization_local.cloud.stepfunctions.api.activities import Activities
from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.stepfunctions.api.executions import (
    Executions,
    status_change,
)
from bedrock_customization_local.cloud.stepfunctions.api.machines import Machines
from bedrock_customization_local.cloud.stepfunctions.api.state_test import run_state_test
from bedrock_customization_local.cloud.stepfunctions.api.tags import Tags
from bedrock_customization_local.cloud.stepfunctions.execution import Execution, Surroundings
from bedrock_customization_local.cloud.stepfunctions.faults import StateFaults
from bedrock_customization_local.cloud.stepfunctions.language.resources import Resource
from bedrock_customization_local.cloud.stepfunctions.maps.map_run import MapRun
from bedrock_customization_local.cloud.stepfunctions.tasks import checking
from bedrock_customization_local.cloud.stepfunctions.tasks.activities import ActivityQueues
from bedrock_customization_local.cloud.stepfunctions.tasks.api import Api, TaskAuthorizer
from bedrock_customization_local.cloud.stepfunctions.tasks.caller import AwsTasks
from bedrock_customization_local.cloud.stepfunctions.tasks.naming import sdk_error
from bedrock_customization_local.cloud.stepfunctions.tasks.objects import S3Objects
from bedrock_customization_local.cloud.untyped import Json

_NAMESPACE = "AWS/States"
_METRICS: Mapping[str, str] = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}

# Does one operation.
Operation = Callable[[Mapping[str, Json]], dict[str, Json]]


class StepFunctions:
    """AWS Step Functions in one account and Region.

    Args:
        clock: Shortens Wait states and retry delays; time-outs stay real.
        endpoint_url_of: Returns where the other services are; asked when a task calls one.
        region: The Region.
        account_id: The account.
        authorizer: Decides whether a machine's role may make a task's call; None allows all.
        on_status_change: Told the detail of each 'Step Functions Execution Status Change'.
        measures: Takes the service's metrics.

    Attributes:
        faults: Task states that fail on demand.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        endpoint_url_of: Callable[[], str],
        region: str,
        account_id: str,
        authorizer: TaskAuthorizer | None,
        on_status_change: Callable[[dict[str, Json]], None] = lambda _detail: None,
        measures: Measures | None = None,
    ) -> None:
        self.region: Final = region
        self.account_id: Final = account_id
        self._clock = clock
        self._on_status_change = on_status_change
        self._measures: Measures = measures or Unmeasured()
        self._queues = ActivityQueues()
        api = self._api = Api(endpoint_url_of=endpoint_url_of, region=region, authorizer=authorizer)
        self._surroundings = Surroundings(
            clock=clock,
            call_task=AwsTasks(api, self._queues),
            objects=S3Objects(api),
            region=region,
            on_status_change=self._status_changed,
            on_map_run=self._map_run_started,
            check_right=self._check_right,
            faults=StateFaults(lambda machine: self._count("ExecutionThrottled", machine)),
        )
        self.faults: Final = self._surroundings.faults
        prefix = f"arn:{_partition(region)}:states:{region}:{account_id}"
        tags = Tags(lambda arn: self._machines.exists(arn) or self._activities.exists(arn))
        self._machines = Machines(
            clock=clock,
            arn_prefix=prefix,
            check_task=self._check_task,
            tag=tags.store,
            # Not the bound method: executions come after the machines they run.
            on_delete=lambda arn: self._executions.stop_machine(arn),  # noqa: PLW0108
        )
        self._executions = Executions(
            surroundings=self._surroundings, blueprint_of=self._machines.blueprint
        )
        self._activities = Activities(
            clock=clock,
            arn_prefix=prefix,
            queues=self._queues,
            tokens=self._surroundings.tokens,
            tag=tags.store,
        )
        self.operations: Final = self._operations(tags)

    def call(self, operation: str, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Do an operation.

        Args:
            operation: Its name: `StartExecution`.
            parameters: Its parameters in botocore's names.

        Returns:
            The response in botocore's names; times are datetimes.

        Raises:
            ApiError: The operation refuses.
        """
        if operation not in self.operations:
            raise ApiError("UnknownOperationException", f"there is no operation {operation}")
        return self.operations[operation](parameters)

    def close(self) -> None:
        """End every execution and every wait at once."""
        self._clock.stop.set()
        self._executions.close()
        self._queues.close()
        self._api.close()

    def _operations(self, tags: Tags) -> Mapping[str, Operation]:
        machines, executions, activities = self._machines, self._executions, self._activities
        return {
            "CreateActivity": activities.create_activity,
            "CreateStateMachine": machines.create_state_machine,
            "CreateStateMachineAlias": machines.create_state_machine_alias,
            "DeleteActivity": activities.delete_activity,
            "DeleteStateMachine": machines.delete_state_machine,
            "DeleteStateMachineAlias": machines.delete_state_machine_alias,
            "DeleteStateMachineVersion": machines.delete_state_machine_version,
            "DescribeActivity": activities.describe_activity,
            "DescribeExecution": executions.describe_execution,
            "DescribeMapRun": executions.describe_map_run,
            "DescribeStateMachine": machines.describe_state_machine,
            "DescribeStateMachineAlias": machines.describe_state_machine_alias,
            "DescribeStateMachineForExecution": executions.describe_state_machine_for_execution,
            "GetActivityTask": activities.get_activity_task,
            "GetExecutionHistory": executions.get_execution_history,
            "ListActivities": activities.list_activities,
            "ListExecutions": executions.list_executions,
            "ListMapRuns": executions.list_map_runs,
            "ListStateMachineAliases": machines.list_state_machine_aliases,
            "ListStateMachineVersions": machines.list_state_machine_versions,
            "ListStateMachines": machines.list_state_machines,
            "ListTagsForResource": tags.list_tags_for_resource,
            "PublishStateMachineVersion": machines.publish_state_machine_version,
            "RedriveExecution": executions.redrive_execution,
            "SendTaskFailure": activities.send_task_failure,
            "SendTaskHeartbeat": activities.send_task_heartbeat,
            "SendTaskSuccess": activities.send_task_success,
            "StartExecution": executions.start_execution,
            "StartSyncExecution": executions.start_sync_execution,
            "StopExecution": executions.stop_execution,
            "TagResource": tags.tag_resource,
            "TestState": lambda parameters: run_state_test(
                parameters, self._surroundings, self._check_task
            ),
            "UntagResource": tags.untag_resource,
            "UpdateMapRun": executions.update_map_run,
            "UpdateStateMachine": machines.update_state_machine,
            "UpdateStateMachineAlias": machines.update_state_machine_alias,
            "ValidateStateMachineDefinition": machines.validate_state_machine_definition,
        }

    def _check_task(self, resource: Resource, template: Json) -> Iterable[str]:
        return checking.problems(self._api, resource, template)

    def _status_changed(self, execution: Execution) -> None:
        # AWS sends no such events for Express executions.
        if not execution.blueprint.is_express:
            machine = execution.blueprint.state_machine_arn
            self._count(_METRICS[execution.status], machine)
            if execution.stopped is not None:
                took = (execution.stopped - execution.started).total_seconds()
                self._measures.put(
                    _NAMESPACE, "ExecutionTime", 1000 * took, {"StateMachineArn": machine}
                )
            self._on_status_change(status_change(execution))

    def _count(self, metric: str, machine: str) -> None:
        self._measures.put(_NAMESPACE, metric, 1, {"StateMachineArn": machine})

    def _check_right(self, role_arn: str, operation: str, parameters: Mapping[str, Json]) -> None:
        model = self._api.operation("stepfunctions", operation)
        self._api.authorize(role_arn, model, parameters, sdk_error)

    def _map_run_started(self, map_run: MapRun) -> None:
        self._executions.add_map_run(map_run)


def _partition(region: str) -> str:
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for prefix, name in prefixes.items() if region.startswith(prefix)), "aws")
