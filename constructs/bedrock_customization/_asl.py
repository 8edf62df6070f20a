"""The one way this library writes a state: every task has a time-out, retries and a way out.

States keep what they learn under variables (`$run`, `$preparation`, …; the runtime's `contract.py`
gives their shapes), so a phase reads what earlier phases assigned, and no state passes data along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import (
    Aws,
    Duration,
    aws_iam as iam,
    aws_stepfunctions as sfn,
    aws_stepfunctions_tasks as tasks,
)
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_sns as sns

    from bedrock_customization._function import HandlerFunction

# A task's time-out ends the state; it outlasts the function's own, which names itself better.
_GRACE = Duration.seconds(30)
_CALL_TIMEOUT = Duration.minutes(2)
# A function's error is JSON around the message that people need; a time-out has no cause at all.
_FAILURE = {
    "error": "{% $states.errorOutput.Error %}",
    "cause": "{% ($cause := $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : ''; "
    '$contains($cause, /^{"errorMessage": ?"/) ? $parse($cause).errorMessage : $cause) %}',
}
_TRANSIENT_LAMBDA_ERRORS = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]
_TRANSIENT_BEDROCK_ERRORS = [
    "Bedrock.ThrottlingException",
    "Bedrock.InternalServerException",
    "Bedrock.SdkClientException",
]


def run_tags() -> list[dict[str, str]]:
    """Return the tags, in JSONata, of whatever a run makes in Bedrock."""
    return [
        {
            "Key": "bedrock-customization:pipeline",
            "Value": "{% $states.context.StateMachine.Name %}",
        },
        {"Key": "bedrock-customization:run", "Value": "{% $run.key %}"},
    ]


@jsii.implements(sfn.IChainable)
class Phase(Construct):
    """A part of a state machine; one in your own chains it like a state.

    Args:
        scope: Parent.
        id: Id below the parent.
    """

    start_state: sfn.State
    end_states: list[sfn.INextable]

    @property
    def id(self) -> str:
        """Name of the phase among chainables."""
        return self.node.id


class States:
    """Writes the states of one phase.

    Args:
        scope: Parent of the states.
        title: What the states' comments call the phase.
        on_failure: Where errors go, with `$failure` assigned; without it they end the execution.
    """

    def __init__(
        self, scope: Construct, title: str, *, on_failure: sfn.IChainable | None = None
    ) -> None:
        self._scope = scope
        self._title = title
        self._on_failure = on_failure

    def invoke(
        self,
        name: str,
        function: HandlerFunction,
        payload: Mapping[str, Any],
        *,
        comment: str,
        assign: str | None = None,
    ) -> tasks.LambdaInvoke:
        """Write a task that invokes a function's published version.

        Args:
            name: Of the state.
            function: What is invoked.
            payload: Its event; strings may be JSONata.
            comment: What happens, for people.
            assign: Variable that keeps what the function returns.
        """
        state = tasks.LambdaInvoke.jsonata(
            self._scope,
            name,
            comment=self._comment(comment),
            lambda_function=function.version,
            payload=sfn.TaskInput.from_object(dict(payload)),
            task_timeout=sfn.Timeout.duration(function.timeout.plus(_GRACE)),
            retry_on_service_exceptions=False,
            assign={assign: "{% $states.result.Payload %}"} if assign else None,
            outputs="{% $states.result.Payload %}",
        )
        retry(state, _TRANSIENT_LAMBDA_ERRORS, interval=Duration.seconds(2))
        self._catch(state)
        return state

    def call_bedrock(
        self,
        name: str,
        resource: str,
        arguments: Mapping[str, Any],
        *,
        comment: str,
        statements: Sequence[iam.PolicyStatement],
        assign: Mapping[str, Any],
        timeout: Duration = _CALL_TIMEOUT,
    ) -> sfn.CustomState:
        """Write a task that calls Bedrock's control plane.

        Args:
            name: Of the state.
            resource: The integration, after `arn:aws:states:::`.
            arguments: In the integration's PascalCase; strings may be JSONata.
            comment: What happens, for people.
            statements: What the state machine's role may do for it.
            assign: Variables that keep what Bedrock returns.
            timeout: Of the task.
        """
        state = _PermittedTask(
            self._scope,
            name,
            statements=statements,
            state_json={
                "Type": "Task",
                "QueryLanguage": "JSONata",
                "Comment": self._comment(comment),
                "Resource": f"arn:{Aws.PARTITION}:states:::{resource}",
                "Arguments": dict(arguments),
                "TimeoutSeconds": timeout.to_seconds(),
                "Assign": dict(assign),
                "Output": "{% $states.result %}",
            },
        )
        retry(state, _TRANSIENT_BEDROCK_ERRORS, interval=Duration.seconds(5))
        self._catch(state)
        return state

    def publish(self, name: str, topic: sns.ITopic, message: str, subject: str) -> tasks.SnsPublish:
        """Write a task that tells people; a topic that cannot be reached never fails a run."""
        state = tasks.SnsPublish.jsonata(
            self._scope,
            name,
            comment=self._comment("Tell people how it ended"),
            topic=topic,
            message=sfn.TaskInput.from_text(message),
            subject=subject,
            task_timeout=sfn.Timeout.duration(_CALL_TIMEOUT),
        )
        retry(state, ["SNS.SdkClientException", "States.TaskFailed"], interval=Duration.seconds(5))
        return state

    def wait(self, name: str, seconds: str, *, comment: str, assign: Mapping[str, Any]) -> sfn.Wait:
        """Write a wait whose length is a JSONata expression."""
        return sfn.Wait.jsonata(
            self._scope,
            name,
            comment=self._comment(comment),
            time=sfn.WaitTime.seconds(seconds),  # type: ignore[arg-type] # takes JSONata as well
            assign=dict(assign),
        )

    def choice(self, name: str, *, comment: str) -> sfn.Choice:
        """Write a choice whose conditions are JSONata."""
        return sfn.Choice.jsonata(self._scope, name, comment=self._comment(comment))

    def failed(self, name: str, error: str, cause: str) -> sfn.IChainable:
        """Write the end of a branch on which something Bedrock did has failed.

        Args:
            name: Of the state.
            error: Name of the error.
            cause: JSONata.
        """
        comment = self._comment("Bedrock says why")
        if self._on_failure is None:
            return sfn.Fail.jsonata(self._scope, name, comment=comment, error=error, cause=cause)
        return sfn.Pass.jsonata(
            self._scope,
            name,
            comment=comment,
            assign={"failure": {"error": error, "cause": cause}},
        ).next(self._on_failure)

    def _catch(self, state: tasks.LambdaInvoke | sfn.CustomState) -> None:
        if self._on_failure is not None:
            state.add_catch(self._on_failure, errors=["States.ALL"], assign={"failure": _FAILURE})

    def _comment(self, text: str) -> str:
        return f"{self._title}: {text}"


def retry(
    state: tasks.LambdaInvoke | tasks.SnsPublish | sfn.CustomState,
    errors: list[str],
    *,
    interval: Duration,
    maximum_attempts: int = 6,
) -> None:
    """Repeat a task after some errors: each wait twice the last, at most an hour, with jitter."""
    state.add_retry(
        errors=errors,
        interval=interval,
        max_attempts=maximum_attempts,
        backoff_rate=2,
        max_delay=Duration.hours(1),
        jitter_strategy=sfn.JitterType.FULL,
    )


class _PermittedTask(sfn.CustomState):
    """A state written out in full, with what the machine's role must be allowed for it.

    `tasks.BedrockCreateModelCustomizationJob` takes `RUN_JOB` but renders no `.sync`, and grants
    neither Get nor Stop; `CallAwsService` cannot render `.sync` at all.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        state_json: Mapping[str, Any],
        statements: Sequence[iam.PolicyStatement],
    ) -> None:
        super().__init__(scope, id, state_json=state_json)
        self._statements = statements

    def bind_to_graph(self, graph: sfn.StateGraph) -> None:
        super().bind_to_graph(graph)
        for statement in self._statements:
            graph.register_policy_statement(statement)
