"""Who takes away, by the clock, what runs left: whatever ended them, and whoever forgot them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import (
    Duration,
    aws_events as events,
    aws_events_targets as targets,
)
from constructs import Construct

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
    merged,
    publishing,
)
from bedrock_customization._checks import check_between
from bedrock_customization._ended_runs import define_dead_letters, describing_executions
from bedrock_customization._executions import name_of
from bedrock_customization._function import HandlerFunction
from bedrock_customization.storage import HOUSEKEEPING, PROMOTIONS, RUNS, SCRATCH
from bedrock_customization_runtime.contract import METRIC_NAMESPACE, PIPELINE_TAG, Handler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization._pipeline import Pipeline
    from bedrock_customization_runtime.contract import HousekeepingLimits, KeptPipeline

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STALL_SECONDS, _IDLE_SECONDS = 2 * _DAY, _DAY
_REDRIVABLE_DAYS, _CENTURY_DAYS = 15, 36_500
_TARGETS_OF_A_RULE = 5
_LOOKING_AT_AND_TAKING_AWAY = {
    "provisioned-model": ("GetProvisionedModelThroughput", "DeleteProvisionedModelThroughput"),
    "custom-model-deployment": ("GetCustomModelDeployment", "DeleteCustomModelDeployment"),
    "imported-model": ("GetImportedModel", "DeleteImportedModel"),
    "model-customization-job": ("GetModelCustomizationJob", "StopModelCustomizationJob"),
    "evaluation-job": ("GetEvaluationJob", "StopEvaluationJob"),
}
_LISTING = Right(
    actions=[
        "bedrock:ListCustomModelDeployments",
        "bedrock:ListCustomModels",
        "bedrock:ListEvaluationJobs",
        "bedrock:ListImportedModels",
        "bedrock:ListModelCustomizationJobs",
        "bedrock:ListProvisionedModelThroughputs",
    ],
    resources=["*"],
    wildcard_because="lists have no resource-level permissions",
)
_MEASURING = Right(
    actions=["cloudwatch:GetMetricStatistics"],
    resources=["*"],
    wildcard_because="metrics have no resource-level permissions",
)
_COUNTING = Right(
    actions=["cloudwatch:PutMetricData"],
    resources=["*"],
    wildcard_because="metrics have no resource-level permissions; the condition names ours",
    conditions={"StringEquals": {"cloudwatch:namespace": METRIC_NAMESPACE}},
)


class Housekeeping(Construct):
    """Take away by the clock what runs of some pipelines left.

    That is provisioned throughput past its end, deployments whose run ended without them going
    live, jobs that stall and whose run has ended, incomplete uploads and copies of imported models;
    and, where a retention is given, custom models that were not promoted and data of runs.

    Nothing is touched but what carries the tags of a run of these pipelines, and of that nothing
    that a running execution works with, that the alias names or that a rollback goes back to
    (docs/housekeeping.md). Idle throughput is reported, never deleted. Each round writes a report
    below `housekeeping/` in the artifacts bucket, counts in CloudWatch, and tells the pipeline's
    topic what it removed.

    Args:
        scope: Parent.
        id: Id below the parent.
        pipelines: Whose runs. They may be of other stacks of the same account and Region.
        every: Time between two rounds, from five minutes to an hour.
            Without one, half an hour: what is left is gone within the hour.
        dry_run: Whether nothing is taken away, only reported and counted.
        stall_limit: A job without progress for so long, whose run has ended, is stopped; from an
            hour on. Without one, two days, as long as a pipeline waits for capacity.
        idle_after: Throughput that is live, and that nobody asked for so long, is reported; from an
            hour to two weeks. Without one, a day.
        model_retention: Custom models of runs that promoted none go this long after the run, from
            15 days on: until then a run can be redriven. Without one, they are kept.
        data_retention: Data and blind sets of a run go this long after it, likewise. Those of the
            runs whose models are live, or were before, stay. Without one, they are kept.
        artifacts_retention: Reports, evaluations and manifests of a run go this long after it; no
            sooner than the other two, because a manifest says whose the rest is. Without one, they
            are kept.

    Raises:
        ValueError: There is no pipeline, or a time is out of range.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        pipelines: Sequence[Pipeline],
        every: Duration | None = None,
        dry_run: bool = False,
        stall_limit: Duration | None = None,
        idle_after: Duration | None = None,
        model_retention: Duration | None = None,
        data_retention: Duration | None = None,
        artifacts_retention: Duration | None = None,
    ) -> None:
        if not pipelines:
            raise ValueError("pipelines must name at least one, got none: name those to clean up")
        every = every or Duration.minutes(30)
        check_between(
            "every",
            every.to_seconds(),
            5 * _MINUTE,
            _HOUR,
            "in seconds: what bills by the hour is not left for longer",
        )
        limits = _limits(
            _seconds(stall_limit, _STALL_SECONDS),
            _seconds(idle_after, _IDLE_SECONDS),
            model_days=_days("model_retention", model_retention),
            data_days=_days("data_retention", data_retention),
            artifacts_days=_days("artifacts_retention", artifacts_retention),
        )
        super().__init__(scope, id)
        self.dead_letters = define_dead_letters(self)
        """Rounds that failed three times: what they would have removed may still be billed."""
        self.function = HandlerFunction(
            self,
            "KeepHouse",
            handler=Handler.KEEP_HOUSE,
            description="Takes away what runs of pipelines left",
            rights=_rights(pipelines, limits),
            # Hundreds of models and throttled lists take minutes.
            timeout_minutes=15,
            dead_letters=self.dead_letters,
        )
        for number in range(0, len(pipelines), _TARGETS_OF_A_RULE):
            events.Rule(
                self,
                # The first has no number, so that a sixth pipeline changes no id.
                "Tick" if number == 0 else f"Tick{number // _TARGETS_OF_A_RULE + 1}",
                description="Looks for what runs left",
                schedule=events.Schedule.rate(every),
                targets=[
                    targets.LambdaFunction(
                        self.function.function,
                        event=events.RuleTargetInput.from_object(
                            {
                                "pipeline": _kept(pipeline),
                                "limits": limits,
                                "topic_arn": pipeline.topic.topic_arn,
                                "dry_run": dry_run,
                            }
                        ),
                        dead_letter_queue=self.dead_letters,
                    )
                    for pipeline in pipelines[number : number + _TARGETS_OF_A_RULE]
                ],
            )


def _kept(pipeline: Pipeline) -> KeptPipeline:
    alias, storage = pipeline.alias, pipeline.storage
    return {
        "name": name_of(pipeline.state_machine),
        "state_machine_arn": pipeline.state_machine.state_machine_arn,
        "alias_parameter": alias.parameter_name,
        "previous_parameter": alias.previous_parameter_name,
        "data_bucket": storage.data_bucket.bucket_name,
        "blind_bucket": storage.blind_bucket.bucket_name,
        "artifacts_bucket": storage.artifacts_bucket.bucket_name,
    }


def _limits(
    stall: int,
    idle: int,
    *,
    model_days: int | None,
    data_days: int | None,
    artifacts_days: int | None,
) -> HousekeepingLimits:
    check_between("stall_limit", stall, _HOUR, 8 * _DAY, "in seconds: jobs wait for capacity")
    check_between("idle_after", idle, _HOUR, 14 * _DAY, "in seconds: Bedrock counts by the hour")
    if artifacts_days is not None:
        others = {"model_retention": model_days, "data_retention": data_days}
        for name, days in others.items():
            if days is None or days > artifacts_days:
                raise ValueError(
                    f"artifacts_retention must be no shorter than {name}, got {artifacts_days} "
                    f"days and {'none' if days is None else f'{days} days'}: a manifest says whose "
                    "the rest is, so let it go last"
                )
    limits: HousekeepingLimits = {"stall_seconds": stall, "idle_seconds": idle}
    if model_days is not None:
        limits["model_days"] = model_days
    if data_days is not None:
        limits["data_days"] = data_days
    if artifacts_days is not None:
        limits["artifacts_days"] = artifacts_days
    return limits


def _seconds(given: Duration | None, default: int) -> int:
    return round(given.to_seconds()) if given else default


def _days(name: str, retention: Duration | None) -> int | None:
    if retention is None:
        return None
    days = round(retention.to_seconds() / _DAY)
    check_between(
        name,
        days,
        _REDRIVABLE_DAYS,
        _CENTURY_DAYS,
        "in days: a run can be redriven for two weeks, and needs what it made",
    )
    return days


def _rights(pipelines: Sequence[Pipeline], limits: HousekeepingLimits) -> list[Right]:
    names = [name_of(pipeline.state_machine) for pipeline in pipelines]
    # Of whatever kind: a pipeline that answers otherwise today may have left it yesterday.
    on_kinds = [
        right
        for kind, (looking, taking) in _LOOKING_AT_AND_TAKING_AWAY.items()
        for right in (_looking_at(kind, looking), _taking_away(kind, taking, names))
    ]
    model = "custom-model"
    on_models = [_taking_away(model, "DeleteCustomModel", names)] if "model_days" in limits else []
    return [
        _LISTING,
        _MEASURING,
        _COUNTING,
        *on_kinds,
        _looking_at(model),
        *on_models,
        *merged([right for pipeline in pipelines for right in _rights_on(pipeline, limits)]),
    ]


def _looking_at(kind: str, *operations: str) -> Right:
    return Right(
        actions=[f"bedrock:{operation}" for operation in (*operations, "ListTagsForResource")],
        resources=[bedrock_arn(kind)],
        wildcard_because=NAMED_BY_BEDROCK,
    )


def _taking_away(kind: str, operation: str, pipelines: Sequence[str]) -> Right:
    return Right(
        actions=[f"bedrock:{operation}"],
        resources=[bedrock_arn(kind)],
        wildcard_because=f"{NAMED_BY_BEDROCK}; the condition names the pipelines' own",
        conditions={"StringEquals": {f"aws:ResourceTag/{PIPELINE_TAG}": pipelines}},
    )


def _rights_on(pipeline: Pipeline, limits: HousekeepingLimits) -> list[Right]:
    alias, storage = pipeline.alias, pipeline.storage
    parameters = [alias.parameter_arn, alias.previous_parameter_arn]
    rights = [
        describing_executions(pipeline.state_machine),
        Right(actions=["ssm:GetParameter", "ssm:DeleteParameter"], resources=parameters),
        *storage.reading(storage.artifacts_bucket, RUNS, PROMOTIONS, HOUSEKEEPING),
        *storage.writing(storage.artifacts_bucket, HOUSEKEEPING),
        *storage.removing(storage.data_bucket, SCRATCH),
        *publishing(pipeline.topic),
    ]
    for bucket, limit in (
        (storage.data_bucket, "data_days"),
        (storage.blind_bucket, "data_days"),
        (storage.artifacts_bucket, "artifacts_days"),
    ):
        rights += (storage.removing if limit in limits else storage.aborting)(bucket, RUNS)
    return rights
