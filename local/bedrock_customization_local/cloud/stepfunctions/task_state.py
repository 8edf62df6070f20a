"""Runs Task states: their limits, their token, their events."""

from dataclasses import dataclass, field

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.faults import Moment, StateFaults
from bedrock_customization_local.cloud.stepfunctions.frame import Frame
from bedrock_customization_local.cloud.stepfunctions.language import resources
from bedrock_customization_local.cloud.stepfunctions.language.dataflow import DataFlow, flow_of
from bedrock_customization_local.cloud.stepfunctions.language.definition import QueryLanguage, State
from bedrock_customization_local.cloud.stepfunctions.language.resources import Kind, Pattern
from bedrock_customization_local.cloud.stepfunctions.language.values import (
    PAYLOAD_LIMIT,
    size,
)
from bedrock_customization_local.cloud.stepfunctions.task import (
    Schedule,
    TaskCall,
    TaskCaller,
    events_of,
)
from bedrock_customization_local.cloud.stepfunctions.tokens import PendingTask, TaskTokens
from bedrock_customization_local.cloud.stepfunctions.waiting import number
from bedrock_customization_local.cloud.untyped import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRunner:
    """Runs Task states.

    Args:
        call: Does what the tasks ask for.
        tokens: The tasks that wait for a token.
        region: Where the tasks run, for their events.
        faults: The states that fail on demand.
    """

    call: TaskCaller
    tokens: TaskTokens
    region: str
    faults: StateFaults = field(default_factory=StateFaults)

    def run(self, state: State, data: Json, frame: Frame) -> Json:
        """Run a task once and return its result.

        Raises:
            StateError: It failed or timed out.
            Interrupted: Something outside ended it.
        """
        resource = resources.parse(state.body["Resource"])
        if resource.pattern is not Pattern.TASK_TOKEN:
            return self._run(state, resource, data, frame, None)
        pending = self.tokens.create()
        # The token can be seen before the arguments are computed: that is how it gets out.
        frame.context["Task"] = {"Token": pending.token}
        try:
            return self._run(state, resource, data, frame, pending)
        finally:
            self.tokens.forget(pending)

    def _run(
        self,
        state: State,
        resource: resources.Resource,
        data: Json,
        frame: Frame,
        pending: PendingTask | None,
    ) -> Json:
        flow = flow_of(state)
        arguments = flow.arguments(state, data, frame.sight)
        _limit_size(state, arguments)
        timeout = _seconds(state, "TimeoutSeconds", flow, data, frame)
        heartbeat = _seconds(state, "HeartbeatSeconds", flow, data, frame)
        role = _role(state, flow, data, frame)
        events = events_of(resource, frame.trail)
        scope = frame.scope.child(timeout=timeout, expired=lambda: StateError(ErrorName.TIMEOUT))
        events.scheduled(
            Schedule(
                resource=resource,
                region=self.region,
                arguments=arguments,
                timeout=timeout,
                heartbeat=heartbeat,
                credentials=role,
            )
        )
        machine_role: str = frame.context["Execution"]["RoleArn"]
        call = TaskCall(
            resource=resource,
            arguments=arguments,
            role_arn=role or machine_role,
            assumed_by=machine_role if role else None,
            execution_arn=frame.context["Execution"]["Id"],
            token=pending.token if pending else None,
            scope=scope,
            submitted=events.submitted,
        )
        try:
            self.faults.check(Moment.THROTTLED, frame.context)
            self.faults.check(Moment.BEFORE_CALL, frame.context)
            result = scope.call(lambda: self.call(call))
            if pending is not None:
                if resource.kind is not Kind.ACTIVITY:
                    events.submitted(result)
                result = pending.wait(scope, heartbeat)
            self.faults.check(Moment.AFTER_CALL, frame.context)
            _limit_size(state, result)
        except StateError as error:
            scope.cancel(error)
            events.failed(error)
            raise
        events.succeeded(result)
        return result


def _limit_size(state: State, value: Json) -> None:
    if size(value) > PAYLOAD_LIMIT:
        raise StateError(
            ErrorName.DATA_LIMIT_EXCEEDED,
            f"The state/task '{state.name}' returned a result with a size exceeding the maximum "
            "number of bytes service limit.",
        )


def _seconds(state: State, name: str, flow: DataFlow, data: Json, frame: Frame) -> float | None:
    value = flow.setting(state, name, data, frame.sight)
    return None if value is None else number(state, name, value)


def _role(state: State, flow: DataFlow, data: Json, frame: Frame) -> str | None:
    credentials = state.body.get("Credentials")
    if credentials is None:
        return None
    raw = flow.effective_input(state, data, frame.sight)
    is_jsonata = state.language is QueryLanguage.JSONATA
    filled = flow.template(credentials, "Credentials", data if is_jsonata else raw, frame.sight)
    role: str = filled["RoleArn"]
    return role
