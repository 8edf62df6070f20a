"""What starts runs by itself: new data, the clock, alarms; one run of a pipeline at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import (
    Annotations,
    Duration,
    RemovalPolicy,
    Stack,
    Token,
    aws_events as events,
    aws_events_targets as targets,
    aws_logs as logs,
    aws_s3 as s3,
    aws_stepfunctions as sfn,
)
from constructs import Construct

from bedrock_customization._access import Right
from bedrock_customization._acknowledged import acknowledge, wildcards
from bedrock_customization._asl import States
from bedrock_customization._checks import check_whole
from bedrock_customization._ended_runs import define_dead_letters, describing_executions
from bedrock_customization._executions import name_of
from bedrock_customization._function import HandlerFunction
from bedrock_customization._pipeline import DELIVERING
from bedrock_customization._retries import Retry
from bedrock_customization_runtime.contract import Handler, TriggerKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch

    from bedrock_customization.pipeline import CustomizationPipeline

_INCOMING = "incoming/"
_QUEUES = "triggers"
_QUIET = Duration.minutes(5)
# About half a day: what is asked for outlasts an outage.
_OUTAGE = Retry(errors=["States.ALL"], interval_seconds=30, max_attempts=18)
_ONE_FOR_A_PIPELINE = "bedrock_customization:triggered"
# In a pattern of EventBridge these are no letters.
_SPECIAL = frozenset("*\\")


@dataclass(frozen=True, kw_only=True, slots=True)
class NewData:
    """Objects that come below the prefix of `RunTriggers` begin a run.

    Args:
        suffix: With which the key of an object must end that begins a run, such as `.jsonl`, or the
            name of a file that says that all are there, such as `_SUCCESS`. Without one, every
            object begins one. A run reads all data below the prefix whatever began it.
        quiet: For so long nothing may come before a run begins, so that files which are uploaded
            together make one run; from a minute to a day. Data that never rest wait twelve times.
            Without one, five minutes.

    Raises:
        ValueError: `quiet` is out of range, or `suffix` is empty or holds `*` or a backslash.
    """

    suffix: str | None = None
    quiet: Duration | None = None

    def __post_init__(self) -> None:
        """Check what is given."""
        if self.suffix is not None and not Token.is_unresolved(self.suffix):
            _check_plain("suffix", self.suffix)
            if not self.suffix:
                raise ValueError(
                    "suffix must be the end of a key like '.jsonl', got '': leave it out to begin "
                    "a run with every object"
                )
        seconds = (self.quiet or _QUIET).to_seconds()
        check_whole("quiet", int(seconds), 60, 86_400, "it is how long uploads rest, in seconds")


class RunTriggers(Construct):
    """Define what starts a pipeline's runs by itself, one at a time.

    Who asks for a run while another is going, however it was started, is not lost and asks no
    twice: when that run has ended, one run begins for all who have asked since. What they ask for
    stands in a document in the artifacts bucket, and a state machine watches it only as long as
    somebody waits; nothing is paid while nobody does (docs/triggers.md).

    Args:
        scope: Parent.
        id: Id below the parent.
        pipeline: Whose runs. A pipeline has one such construct.
        prefix: Below `incoming/` of the data bucket, where the data of these runs are; they read
            all that is there. Empty or with a trailing slash.
        new_data: Whether new objects there begin a run. Without it, they do not.
        schedule: When a run begins, unless the data are those of the latest run that came to a
            decision. Without one, never.
        alarms: Each that goes into `ALARM` begins a run, whatever the data are: drift, quality,
            costs. They must be of this account and Region.

    Raises:
        ValueError: Nothing begins a run, `prefix` is no prefix below `incoming/`, or the pipeline
            has such a construct already.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        pipeline: CustomizationPipeline,
        prefix: str = "",
        new_data: NewData | None = None,
        schedule: events.Schedule | None = None,
        alarms: Sequence[cloudwatch.IAlarm] = (),
    ) -> None:
        if not (new_data or schedule or alarms):
            raise ValueError(
                "new_data, schedule or alarms must be given, got none of them: say what begins a "
                "run, or leave RunTriggers out"
            )
        _check_prefix(prefix)
        _check_first(pipeline)
        super().__init__(scope, id)
        pipeline.node.add_metadata(_ONE_FOR_A_PIPELINE, self.node.path)
        self._pipeline, self._prefix = pipeline, f"{_INCOMING}{prefix}"
        storage = pipeline.storage
        artifacts = storage.artifacts_bucket
        self._queue = (
            f"s3://{artifacts.bucket_name}/{_QUEUES}/{name_of(pipeline.state_machine)}.json"
        )
        queues = f"{_QUEUES}/*"
        self._on_queue = [
            *storage.reading(artifacts, queues),
            *storage.writing(artifacts, queues),
        ]
        self.dead_letters = define_dead_letters(self)
        """Who asked for a run in vain: events that could not be noted, and watches that died."""
        self.state_machine = self._define_watch((new_data or NewData()).quiet or _QUIET)
        """An execution of it waits until a run may begin, and begins it."""
        self._keep_dead_watches()
        self._function = self._define_request_function()
        if new_data:
            self._on_new_data(new_data)
        if schedule:
            self._on_schedule(schedule)
        if alarms:
            self._on_alarms(alarms)

    def _on_new_data(self, new_data: NewData) -> None:
        bucket = self._pipeline.storage.data_bucket
        resource = bucket.node.default_child
        if isinstance(resource, s3.CfnBucket):
            # `event_bridge_enabled` would bring a custom resource.
            resource.add_property_override(
                "NotificationConfiguration.EventBridgeConfiguration", {"EventBridgeEnabled": True}
            )
        else:
            Annotations.of(self).add_warning_v2(
                "bedrock_customization:dataBucketEvents",
                "the data bucket is imported, so this stack cannot let it tell of new data: turn "
                "on Amazon EventBridge in the properties of the bucket",
            )
        key = (
            {"wildcard": f"{self._prefix}*{new_data.suffix}"}
            if new_data.suffix
            else {"prefix": self._prefix}
        )
        self._rule(
            "NewData",
            f"New data begin a run of {self._pipeline.node.id}",
            TriggerKind.NEW_DATA,
            pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [bucket.bucket_name]}, "object": {"key": [key]}},
            ),
        )

    def _on_schedule(self, schedule: events.Schedule) -> None:
        self._rule(
            "Schedule",
            f"The clock begins a run of {self._pipeline.node.id}",
            TriggerKind.SCHEDULE,
            schedule=schedule,
            occasion=f"schedule {events.EventField.from_path('$.time')}",
        )

    def _on_alarms(self, alarms: Sequence[cloudwatch.IAlarm]) -> None:
        name = events.EventField.from_path("$.detail.alarmName")
        moment = events.EventField.from_path("$.detail.state.timestamp")
        self._rule(
            "Alarms",
            f"An alarm begins a run of {self._pipeline.node.id}",
            TriggerKind.ALARM,
            pattern=events.EventPattern(
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                resources=[alarm.alarm_arn for alarm in alarms],
                detail={"state": {"value": ["ALARM"]}},
            ),
            occasion=f"alarm {name} {moment}",
        )

    def _rule(
        self,
        id: str,
        description: str,
        kind: TriggerKind,
        *,
        pattern: events.EventPattern | None = None,
        schedule: events.Schedule | None = None,
        occasion: str | None = None,
    ) -> None:
        event = {
            "queue": self._queue,
            "watch_machine_arn": self.state_machine.state_machine_arn,
            "kind": kind.value,
            **({"occasion": occasion} if occasion else {}),
        }
        events.Rule(
            self,
            id,
            description=description,
            event_pattern=pattern,
            schedule=schedule,
            targets=[
                targets.LambdaFunction(
                    self._function.function,
                    event=events.RuleTargetInput.from_object(event),
                    dead_letter_queue=self.dead_letters,
                )
            ],
        )

    def _define_request_function(self) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Request",
            handler=Handler.REQUEST_RUN,
            description="Notes that somebody asks for a run",
            rights=[
                *self._on_queue,
                Right(
                    actions=["states:StartExecution"],
                    resources=[self.state_machine.state_machine_arn],
                ),
            ],
            dead_letters=self.dead_letters,
        )

    def _define_start_function(self) -> HandlerFunction:
        machine = self._pipeline.state_machine
        return HandlerFunction(
            self,
            "Start",
            handler=Handler.START_QUEUED_RUN,
            description="Starts the run that is asked for, when it is time",
            rights=[
                *self._on_queue,
                Right(
                    actions=["s3:ListBucket"],
                    resources=[self._pipeline.storage.data_bucket.bucket_arn],
                ),
                Right(
                    actions=["states:StartExecution", "states:ListExecutions"],
                    resources=[machine.state_machine_arn],
                ),
                describing_executions(machine),
            ],
        )

    def _define_watch(self, quiet: Duration) -> sfn.StateMachine:
        bucket = self._pipeline.storage.data_bucket
        states = States(self, "Triggers")
        look = states.invoke(
            "Look at queue",
            self._define_start_function(),
            {
                "queue": self._queue,
                "source": f"s3://{bucket.bucket_name}/{self._prefix}",
                "state_machine_arn": self._pipeline.state_machine.state_machine_arn,
                "quiet_seconds": quiet.to_seconds(),
                "watch": "{% $exists($watch) ? $watch : null %}",
            },
            comment="Start a run if one is asked for, data rest and no other is going",
            assign="watch",
            retries=[_OUTAGE],
        )
        wait = states.wait(
            "Wait for look",
            "{% $watch.wait_seconds %}",
            comment="Data must rest, or a run is going",
            assign={},
        )
        done = sfn.Succeed.jsonata(
            self, "Queue is empty", comment=states.comment("Nobody asks for a run any more")
        )
        choice = states.choice("Is the queue empty?", comment="Does anybody ask for a run?")
        choice.when(sfn.Condition.jsonata("{% $watch.finished %}"), done).otherwise(wait)
        wait.next(look)
        machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_chainable(look.next(choice)),
            query_language=sfn.QueryLanguage.JSONATA,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self._define_log_group(),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )
        acknowledge(machine, wildcards(Stack.of(self), [DELIVERING, *states.rights]))
        return machine

    def _keep_dead_watches(self) -> None:
        rule = events.Rule(
            self,
            "DeadWatches",
            description="Watches that ended while somebody asked for a run",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                    "stateMachineArn": [self.state_machine.state_machine_arn],
                },
            ),
            targets=[targets.SqsQueue(self.dead_letters)],
        )
        acknowledge(rule, {"Serverless-EventBusDLQ": "its target is the queue of dead letters"})

    def _define_log_group(self) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Logs",
            # Only this prefix keeps the account's log resource policy from growing past its limit.
            log_group_name=f"/aws/vendedlogs/states/{name_of(self._pipeline.state_machine)}-queue",
            retention=logs.RetentionDays.SIX_MONTHS,
            removal_policy=RemovalPolicy.RETAIN,
        )


def _check_prefix(prefix: str) -> None:
    if Token.is_unresolved(prefix) or not prefix:
        return
    _check_plain("prefix", prefix)
    if prefix.startswith(("/", _INCOMING)) or "//" in prefix or not prefix.endswith("/"):
        raise ValueError(
            f"prefix must be a prefix below {_INCOMING} with a trailing slash, like 'tickets/', "
            f"got {prefix!r}: runs read raw data there and nowhere else"
        )


def _check_plain(name: str, value: str) -> None:
    if _SPECIAL & set(value):
        raise ValueError(
            f"{name} must hold neither '*' nor a backslash, got {value!r}: it is a part of a key, "
            "no pattern"
        )


def _check_first(pipeline: CustomizationPipeline) -> None:
    for entry in pipeline.node.metadata:
        if entry.type == _ONE_FOR_A_PIPELINE:
            raise ValueError(
                f"a pipeline must have one RunTriggers, got a second one beside {entry.data}: give "
                "the first one all that begins a run, so that they share a queue"
            )
