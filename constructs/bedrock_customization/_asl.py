"""The one way this library writes a state: every task has a time-out, retries and a way out.

States keep what they learn under variables (`$run`, `$preparation`, …; the runtime's `contract`
gives their shapes), so a phase reads what earlier phases assigned, and no state passes data along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_iam as iam, aws_stepfunctions as sfn

from bedrock_customization._access import Right, merged, publishing
from bedrock_customization._executions import EXECUTION, REDRIVES
from bedrock_customization._pseudo_parameters import PARTITION
from bedrock_customization._retries import (
    TRANSIENT_BEDROCK_ERRORS,
    TRANSIENT_EMR_ERRORS,
    TRANSIENT_LAMBDA_ERRORS,
    TRANSIENT_SNS_ERRORS,
    Retry,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from bedrock_customization._function import HandlerFunction

# A task's time-out ends the state; it outlasts the function's own, which names itself better.
_GRACE_SECONDS = 30
_CALL_TIMEOUT_SECONDS = 120
_INTEGRATION = f"arn:{PARTITION}:states:::"
# A function's error is JSON around the message that people need; a time-out has no cause at all.
_FAILURE = {
    "redrives": REDRIVES,
    "error": "{% $states.errorOutput.Error %}",
    "cause": "{% ($cause := $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : ''; "
    "$substring($cause, 0, 16) = '{\"errorMessage\":' ? $parse($cause).errorMessage : $cause) %}",
}
_NO_CATCHES: Mapping[str, sfn.IChainable] = {}


class States:
    """Writes the states of one phase.

    Args:
        scope: Parent of the states.
        title: What the states' comments call the phase.
        on_failure: Where errors go, with `$failure` assigned; without it they end the execution.
        failure: Name of that variable.
    """

    def __init__(
        self,
        scope: Construct,
        title: str,
        *,
        on_failure: sfn.IChainable | None = None,
        failure: str = "failure",
    ) -> None:
        self.scope = scope
        self._title = title
        self._on_failure = on_failure
        self._failure = failure
        self._is_asked = False
        self.rights: list[Right] = []
        """What the state machine's role is allowed for the states written so far."""

    def within(self, failure: str = "failure") -> States:
        """Return what writes the states inside one of these, whose rights these ask for.

        Errors there end the state around them, which says where they go.

        Args:
            failure: Variable of what a state inside catches. Step Functions allows no name that a
                state outside assigns.
        """
        inner = States(self.scope, self._title, failure=failure)
        inner.rights = self.rights
        inner._is_asked = True
        return inner

    def invoke(
        self,
        name: str,
        function: HandlerFunction,
        payload: Mapping[str, Any] | str,
        *,
        comment: str,
        assign: str | None = None,
        beside: Mapping[str, Any] | None = None,
        retries: Sequence[Retry] = (),
        catches: Mapping[str, sfn.IChainable] = _NO_CATCHES,
    ) -> sfn.CustomState:
        """Write a task that invokes a function's published version.

        Args:
            name: Of the state.
            function: What is invoked.
            payload: Its event; strings may be JSONata, and so may be the whole. One that does not
                say of which run it is gets the execution's ARN besides, for the function's log.
            comment: What happens, for people.
            assign: Variable that keeps what the function returns.
            beside: Other variables that are assigned with it.
            retries: Beside those after faults of Lambda itself.
            catches: Where errors of a name go, with `$failure` assigned; the rest go on failing.
        """
        returned = "{% $states.result.Payload %}"
        return self._task(
            name,
            "lambda:invoke",
            {"FunctionName": function.version_arn, "Payload": _known(payload)},
            comment=comment,
            rights=[function.invoking],
            assign={**({assign: returned} if assign else {}), **(beside or {})},
            output=returned,
            timeout_seconds=function.timeout_seconds + _GRACE_SECONDS,
            retries=[_soon_after(TRANSIENT_LAMBDA_ERRORS), *retries],
            catches=catches,
        )

    def invoke_and_wait(
        self,
        name: str,
        function: HandlerFunction,
        payload: Mapping[str, Any],
        *,
        comment: str,
        timeout_seconds: int,
        on_timeout: sfn.IChainable,
    ) -> sfn.CustomState:
        """Write a task that invokes a function and waits until its token comes back.

        Args:
            name: Of the state.
            function: What is invoked, with `task_token` in its event; what it returns is ignored.
            payload: The rest of its event; strings may be JSONata.
            comment: What happens, for people.
            timeout_seconds: How long the token may take.
            on_timeout: What comes if it took longer.
        """
        return self._task(
            name,
            "lambda:invoke.waitForTaskToken",
            {
                "FunctionName": function.version_arn,
                "Payload": {**payload, "task_token": "{% $states.context.Task.Token %}"},
            },
            comment=comment,
            rights=[function.invoking],
            assign={},
            output="{% $states.result %}",
            timeout_seconds=timeout_seconds,
            retries=[_soon_after(TRANSIENT_LAMBDA_ERRORS)],
            catches={"States.Timeout": on_timeout},
        )

    def call_bedrock(
        self,
        name: str,
        resource: str,
        arguments: Mapping[str, Any],
        *,
        comment: str,
        rights: Sequence[Right],
        assign: Mapping[str, Any],
        timeout_seconds: int = _CALL_TIMEOUT_SECONDS,
        retries: Sequence[Retry] = (),
    ) -> sfn.CustomState:
        """Write a task that calls Bedrock's control plane.

        Args:
            name: Of the state.
            resource: The integration, after `arn:aws:states:::`.
            arguments: In the integration's PascalCase; strings may be JSONata.
            comment: What happens, for people.
            rights: What the state machine's role must be allowed for it.
            assign: Variables that keep what Bedrock returns.
            timeout_seconds: Of the task.
            retries: Beside those after faults of Bedrock itself.
        """
        return self._task(
            name,
            resource,
            arguments,
            comment=comment,
            rights=rights,
            assign=assign,
            output="{% $states.result %}",
            timeout_seconds=timeout_seconds,
            retries=[_soon_after(TRANSIENT_BEDROCK_ERRORS), *retries],
        )

    def run_on_emr(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        comment: str,
        rights: Sequence[Right],
        assign: Mapping[str, Any],
        timeout_seconds: int,
    ) -> sfn.CustomState:
        """Write a task that runs a job on EMR Serverless and waits for its end.

        A job that fails is not started again: Spark has tried its tasks again already.

        Args:
            name: Of the state.
            arguments: In the integration's PascalCase; strings may be JSONata.
            comment: What happens, for people.
            rights: What the state machine's role must be allowed for it.
            assign: Variables that keep what is said of the job.
            timeout_seconds: Of the job.
        """
        return self._task(
            name,
            "emr-serverless:startJobRun.sync",
            arguments,
            comment=comment,
            rights=rights,
            assign=assign,
            output="{% $states.input %}",
            timeout_seconds=timeout_seconds + _GRACE_SECONDS,
            retries=[_soon_after(TRANSIENT_EMR_ERRORS)],
        )

    def publish(
        self, name: str, topic: sns.ITopic, *, subject: str, message: str
    ) -> sfn.CustomState:
        """Write a task that tells people how a run ended.

        Args:
            name: Of the state.
            topic: Where.
            subject: Text or JSONata, at most 100 characters of ASCII.
            message: Text or JSONata.
        """
        return self._task(
            name,
            "sns:publish",
            {"TopicArn": topic.topic_arn, "Subject": subject, "Message": message},
            comment="Tell people how it ended",
            rights=publishing(topic),
            assign={},
            output="{% $states.input %}",
            timeout_seconds=_CALL_TIMEOUT_SECONDS,
            retries=[_soon_after(TRANSIENT_SNS_ERRORS)],
        )

    def parallel(
        self,
        name: str,
        branches: Sequence[sfn.IChainable],
        *,
        comment: str,
        assign: Mapping[str, Any],
        catches: Mapping[str, sfn.IChainable],
    ) -> sfn.Parallel:
        """Write branches that run at once; the first error of one ends all.

        Args:
            name: Of the state.
            branches: Beginnings; what they lead to comes along.
            comment: What happens, for people.
            assign: Variables.
            catches: As of `invoke`.
        """
        state = sfn.Parallel.jsonata(
            self.scope,
            name,
            comment=self.comment(comment),
            assign=dict(assign),
            outputs="{% $states.input %}",
        )
        state.branch(*branches)
        self.catch(state, catches)
        return state

    def wait(self, name: str, seconds: str, *, comment: str, assign: Mapping[str, Any]) -> sfn.Wait:
        """Write a wait whose length is a JSONata expression."""
        return sfn.Wait.jsonata(
            self.scope,
            name,
            comment=self.comment(comment),
            time=sfn.WaitTime.seconds(seconds),
            assign=dict(assign),
        )

    def choice(
        self, name: str, *, comment: str, assign: Mapping[str, Any] | None = None
    ) -> sfn.Choice:
        """Write a choice whose conditions are JSONata.

        Args:
            name: Of the state.
            comment: What is asked, for people.
            assign: Variables, where no condition holds.
        """
        return sfn.Choice.jsonata(
            self.scope, name, comment=self.comment(comment), assign=assign and dict(assign)
        )

    def failed(self, name: str, error: str, cause: str) -> sfn.IChainable:
        """Write the end of a branch on which something Bedrock did has failed.

        Args:
            name: Of the state.
            error: Name of the error.
            cause: JSONata.
        """
        comment = self.comment("Bedrock says why")
        if self._on_failure is None:
            return sfn.Fail.jsonata(self.scope, name, comment=comment, error=error, cause=cause)
        return sfn.Pass.jsonata(
            self.scope,
            name,
            comment=comment,
            assign={
                "failure": {
                    "error": error,
                    "cause": cause,
                    "phase": self._title,
                    "redrives": REDRIVES,
                }
            },
        ).next(self._on_failure)

    def catch(
        self,
        state: sfn.CustomState | sfn.Parallel | sfn.Map | sfn.DistributedMap,
        catches: Mapping[str, sfn.IChainable] = _NO_CATCHES,
    ) -> None:
        """Say where a state's errors go: those of a name, and the rest."""
        failure = {self._failure: {**_FAILURE, "phase": self._title}}
        for error, handler in catches.items():
            state.add_catch(handler, errors=[error], assign=failure)
        if self._on_failure is not None:
            state.add_catch(self._on_failure, errors=["States.ALL"], assign=failure)

    def comment(self, text: str) -> str:
        """Return a state's comment, which begins with the phase."""
        return f"{self._title}: {text}"

    def _task(
        self,
        name: str,
        resource: str,
        arguments: Mapping[str, Any],
        *,
        comment: str,
        rights: Sequence[Right],
        assign: Mapping[str, Any],
        output: str,
        timeout_seconds: int,
        retries: Sequence[Retry],
        catches: Mapping[str, sfn.IChainable] = _NO_CATCHES,
    ) -> sfn.CustomState:
        state_json = {
            "Type": "Task",
            "QueryLanguage": "JSONata",
            "Comment": self.comment(comment),
            "Resource": f"{_INTEGRATION}{resource}",
            "Arguments": dict(arguments),
            "TimeoutSeconds": timeout_seconds,
            "Retry": [retry.to_json() for retry in retries],
            **({"Assign": dict(assign)} if assign else {}),
            "Output": output,
        }
        # A machine that has one of the states has them all, so one asks for the rights of all.
        asks, self._is_asked = not self._is_asked, True
        self.rights += rights
        state = (
            _AskingTask(self.scope, name, state_json=state_json, rights=self.rights)
            if asks
            else sfn.CustomState(self.scope, name, state_json=state_json)
        )
        self.catch(state, catches)
        return state


def _known(payload: Mapping[str, Any] | str) -> Mapping[str, Any] | str:
    if isinstance(payload, str) or payload.keys() & {"run", "execution_arn"}:
        return payload
    return {**payload, "execution_arn": EXECUTION}


def _soon_after(errors: Sequence[str]) -> Retry:
    return Retry(errors=errors, interval_seconds=2)


class _AskingTask(sfn.CustomState):
    """A state written out in full, with what the machine's role must be allowed for its phase.

    The tasks of aws-cdk-lib do not fit: `BedrockCreateModelCustomizationJob` takes `RUN_JOB` but
    renders no `.sync` and grants neither Get nor Stop; `LambdaInvoke` allows the newest version
    alone, which cuts off runs under way; `SnsPublish` forgets the topic's key.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        state_json: Mapping[str, Any],
        rights: Sequence[Right],
    ) -> None:
        super().__init__(scope, id, state_json=state_json)
        self._rights = rights

    def _when_bound_to_graph(self, graph: sfn.StateGraph) -> None:
        """Hand the statements to the machine's role, as the tasks of aws-cdk-lib do."""
        super()._when_bound_to_graph(graph)
        for right in merged(self._rights):
            graph.register_policy_statement(
                iam.PolicyStatement(
                    actions=list(right.actions),
                    resources=list(right.resources),
                    conditions=right.conditions,
                )
            )
