"""What people hear and see of a pipeline: alarms, a dashboard, rules of what no run can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import (
    CfnCondition,
    Duration,
    Fn,
    aws_events as events,
    aws_events_targets as targets,
)
from constructs import Construct

from bedrock_customization._acknowledged import acknowledge
from bedrock_customization._checks import check_between
from bedrock_customization._ended_runs import ENDED_BADLY, define_dead_letters, of_ended_runs
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION, REGION
from bedrock_customization._publishers import let_publish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import (
        aws_cloudwatch as cloudwatch,
        aws_kms as kms,
        aws_sns as sns,
    )

    from bedrock_customization._pipeline import Pipeline

_ALARMS = f"arn:{PARTITION}:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:*"
_DAYS = "CloudWatch looks back seven days at most"


class Monitoring(Construct):
    """Define alarms, a dashboard and notifications of a pipeline.

    A pipeline itself tells how a run ended, even one that was cut off. This tells what it cannot:
    that a job makes no progress, that nobody could be told, that a key goes out of use, that money
    is spent for nothing. Each alarm names its runbook (docs/operations.md). CloudWatch bills alarms
    and dashboards by the month, so they are no part of the pipeline.

    Args:
        scope: Parent.
        id: Id below the parent.
        pipeline: What is watched.
        topic: Who is told. Without one, the pipeline's own: give another to hear of it, too, when
            that one is out of reach; it then hears how runs ended, too. If it is imported, or its
            key is, let `cloudwatch.amazonaws.com` and `events.amazonaws.com` publish and use the
            key.
        max_daily_cost_usd: Estimated cost of the runs of 24 hours, in US dollars, above which
            people are told; nothing is stopped (`max_cost_usd` of the pipeline does that).
        longest_job: How old a running customization job may become; three days without one.
        longest_idle_job: How long a running job may make no progress; 12 hours without one. Take
            less than the pipeline's `stall_limit`, after which the job is stopped.
        longest_idle_throughput: How long provisioned throughput may be billed without an
            invocation, in whole hours, at most seven days; a day without one.
        keys: Keys of your own that runs need, beside those of the pipeline's storage, models and
            topic: people are told when one is disabled or is to be deleted.
        runbooks: What stands before the names of runbooks in the alarms: a folder, or the address
            of your copy.

    Raises:
        ValueError: An argument is out of range; the message says which and what fits.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        pipeline: Pipeline,
        topic: sns.ITopic | None = None,
        max_daily_cost_usd: float = 100,
        longest_job: Duration | None = None,
        longest_idle_job: Duration | None = None,
        longest_idle_throughput: Duration | None = None,
        keys: Sequence[kms.IKey] = (),
        runbooks: str = "docs/runbooks",
    ) -> None:
        idle_throughput = longest_idle_throughput or Duration.days(1)
        check_between(
            "max_daily_cost_usd",
            max_daily_cost_usd,
            0,
            1e9,
            "it is an amount of US dollars",
        )
        hours = idle_throughput.to_hours(integral=False)
        check_between("longest_idle_throughput (hours)", hours, 1, 168, _DAYS)
        super().__init__(scope, id)
        # Only who wants alarms waits for the modules.
        from bedrock_customization import _alarms, _dashboard  # noqa: PLC0415

        self.topic: sns.ITopic = topic or pipeline.topic
        """Who is told."""
        self.dead_letters = define_dead_letters(self)
        """Notifications that EventBridge could not deliver."""
        acknowledge(self.dead_letters, {"AwsSolutions-SQS3": "this is the queue of dead letters"})
        let_publish(
            self,
            self.topic,
            "cloudwatch.amazonaws.com",
            source_arn=_ALARMS,
            warning="monitoringTopic",
        )
        # Who listens to the pipeline's own topic has heard of them.
        if self.topic.topic_arn != pipeline.topic.topic_arn:
            self._tell(
                "EndedRuns",
                of_ended_runs(pipeline.state_machine, ENDED_BADLY),
                title=f"Run {_field('name')} ended as {_field('status')}",
                text=f"Execution {_field('executionArn')} ended as {_field('status')}, reason code "
                f"{_field('error')}. Where it stood: {self._link_to_execution()}",
            )
        lost_keys = self._tell(
            "LostKeys",
            _of_lost_keys([*_keys_of(pipeline), *keys]),
            title=f"{_field('eventName')} of a key of model customization",
            text=f"{_field('eventName')} was asked for on {_field('resources[0].ARN')}: what it "
            f"encrypts cannot be read while it is out of use. {runbooks}/key-endangered.md",
        )
        watched = _alarms.Watched.of(pipeline, [self, pipeline], lost_keys)
        limits = _alarms.Limits(
            daily_cost_usd=max_daily_cost_usd,
            job=longest_job or Duration.days(3),
            idle_job=longest_idle_job or Duration.hours(12),
            idle_throughput=idle_throughput,
        )
        self.alarms: Mapping[str, cloudwatch.Alarm] = _alarms.define_alarms(
            self, watched, limits, topic=self.topic, runbooks=runbooks
        )
        """By their ids, which are those of docs/operations.md."""
        self.dashboard: cloudwatch.Dashboard = _dashboard.define_dashboard(
            self, watched, list(self.alarms.values())
        )
        """All of it on one page."""

    def _tell(self, id: str, pattern: events.EventPattern, *, title: str, text: str) -> events.Rule:
        """Publish a message, in the form that chats show as well as mails, for each event."""
        message = {
            "version": "1.0",
            "source": "custom",
            "content": {"textType": "client-markdown", "title": title, "description": text},
        }
        return events.Rule(
            self,
            id,
            description=f"Tells people: {id}",
            event_pattern=pattern,
            targets=[
                targets.SnsTopic(
                    self.topic,
                    message=events.RuleTargetInput.from_object(message),
                    dead_letter_queue=self.dead_letters,
                )
            ],
        )

    def _link_to_execution(self) -> str:
        region = _field_of("region")
        path = f"/states/home?region={region}#/v2/executions/details/{_field('executionArn')}"
        return f"https://{region}.{self._console()}{path}"

    def _console(self) -> str:
        """Return the domain of the console; each partition has its own."""
        china, government = (
            CfnCondition(self, name, expression=Fn.condition_equals(PARTITION, partition))
            for name, partition in (("IsChina", "aws-cn"), ("IsGovernment", "aws-us-gov"))
        )
        elsewhere = Fn.condition_if(
            government.logical_id, "console.amazonaws-us-gov.com", "console.aws.amazon.com"
        )
        return Fn.condition_if(
            china.logical_id, "console.amazonaws.cn", elsewhere.to_string()
        ).to_string()


def _field(name: str) -> str:
    return _field_of(f"detail.{name}")


def _field_of(path: str) -> str:
    return events.EventField.from_path(f"$.{path}")


def _keys_of(pipeline: Pipeline) -> list[kms.IKey]:
    storage = pipeline.storage
    found = [storage.key, storage.blind_key, pipeline.alias.model_key, pipeline.topic.master_key]
    return list({key.key_arn: key for key in found if key}.values())


def _of_lost_keys(keys: Sequence[kms.IKey]) -> events.EventPattern:
    return events.EventPattern(
        source=["aws.kms"],
        detail_type=["AWS API Call via CloudTrail"],
        detail={
            "eventSource": ["kms.amazonaws.com"],
            "eventName": ["DisableKey", "ScheduleKeyDeletion"],
            "resources": {"ARN": [key.key_arn for key in keys]},
        },
    )
