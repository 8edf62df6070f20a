"""The front door: the phases wired into one state machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict, Unpack

from aws_cdk import (
    Aws,
    Duration,
    Fn,
    Names,
    RemovalPolicy,
    Stack,
    aws_iam as iam,
    aws_kms as kms,
    aws_logs as logs,
    aws_sns as sns,
    aws_stepfunctions as sfn,
)
from constructs import Construct

from bedrock_customization._access import Right
from bedrock_customization._acknowledged import acknowledge, wildcards
from bedrock_customization._asl import States
from bedrock_customization._executions import running_maps
from bedrock_customization._function import HandlerFunction
from bedrock_customization.alias import Alias
from bedrock_customization.deployment_kinds import OnDemand, ProvisionedThroughput
from bedrock_customization.gate import Gate
from bedrock_customization.metric import metric_input
from bedrock_customization.phases.approval import ApprovalStep
from bedrock_customization.phases.baseline import BaselineMeasurement
from bedrock_customization.phases.customization import ModelCustomization
from bedrock_customization.phases.deployment import CandidateRemoval, ModelDeployment
from bedrock_customization.phases.evaluation import ModelEvaluation
from bedrock_customization.phases.preparation import SHARDING, DataPreparation
from bedrock_customization.phases.promotion import PromotionGate
from bedrock_customization.phases.run_cleanup import RunCleanup
from bedrock_customization.phases.run_start import RunStart
from bedrock_customization.phases.throughput_expiry import ThroughputExpiry
from bedrock_customization.storage import RUNS, CustomizationStorage
from bedrock_customization.use_case import agreed
from bedrock_customization_runtime.contract import (
    METRIC_NAMESPACE,
    Handler,
    MetricName,
    TrainingMetric,
)

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from bedrock_customization.approval import Approval
    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.dataset import DataSplit, RecordTemplate, Sharding
    from bedrock_customization.deployment_kinds import Deployment
    from bedrock_customization.enrichment import Enrichment
    from bedrock_customization.judge import Judge
    from bedrock_customization.method import CustomizationMethod, EarlyStopping
    from bedrock_customization.metric import Metric
    from bedrock_customization.network import JobNetwork
    from bedrock_customization.sweep import Sweep
    from bedrock_customization.use_case import UseCase

_NOT_REMOVED = {
    "error": "{% $failure.error %}",
    "phase": "{% $failure.phase %}",
    "redrives": "{% $failure.redrives %}",
    "cause": "{% $failure.cause & '; besides, the deployment of the candidate was not removed: ' & "
    "$states.errorOutput.Error %}",
}
_DELIVERING = Right(
    actions=["logs:CreateLogDelivery", "xray:PutTraceSegments"],
    resources=["*"],
    wildcard_because="X-Ray and the delivery of logs have no resource-level permissions",
)


class MetricOptions(TypedDict, total=False):
    """What a metric may be asked for, as in `aws_cdk.aws_cloudwatch.MetricOptions`."""

    period: Duration
    statistic: str
    label: str
    color: str


class CustomizationPipeline(Construct):
    """Define the whole way from raw data to a promoted model, as one state machine.

    Start it with `{"source": "s3://<data bucket>/incoming/<file>"}`. It prepares the data,
    customizes the base model, deploys the candidate, compares it with the base model on a blind
    test set, and points an alias at it if it is really better. Whatever fails, nothing is left
    that bills while idle, the run is recorded, and people are told.

    Args:
        scope: Parent.
        id: Id below the parent.
        base_model: What is customized.
        template: How a row of the raw data becomes a record.
            Without one, the data already are records: prompt and completion, or Converse messages.
        method: How the base model is customized. Without one, fine-tuning with the service's own
            hyperparameters.
        sweep: Which hyperparameters are tried, each candidate a job (docs/sweeps.md). Without one,
            a single job is trained.
        split: Shares of the validation set and the blind set.
        maximum_rejected: Share of the records, in [0, 1], that may break a rule and be left out
            before the data set as a whole is refused.
        max_cost_usd: Estimated cost of the whole run (docs/costs.md), of a sweep with all its jobs,
            in US dollars, above which no job starts. Without one, the budget of the use case, or
            the estimate is only reported.
        allow_unknown_price: Whether a job may start although the documented price of something in
            the run is not known. What has a figure is held against `max_cost_usd` nevertheless.
        stall_limit: After so long without progress a job is stopped; from an hour on. Two days
            without one.
        early_stopping: When a job whose validation loss has turned is stopped, which loses its
            model. Without it, jobs run to their end.
        enrichment: A model that adds to the records before they are prepared.
            Without one, they are prepared as they are.
        sharding: When the raw data are prepared by many functions at once, and how.
            With None, one function prepares them, however large.
        deployment: On what candidate and promoted model answer, `OnDemand()` or
            `ProvisionedThroughput(…)` (docs/deployment.md). Without one, on demand.
        metric: What decides (docs/metrics.md): a `MetricName`, a function of your own
            (`LambdaMetric`), or the rows that SQL finds in a database (`ExecutionAccuracy`).
            Without one, that of the use case, or accuracy.
        gate: What the tuned model must show to go live. Without it, the margin of the use case, or
            any improvement over the base model beyond chance, if it is not worse than the live one.
        approval: Whether people decide on what passed the gate, and how long they have. Without it,
            nobody is asked.
        use_case: What the run is for. With it, the baseline is measured before a job is paid, and
            metric, target, margin and budget are its own where they are not given.
        target: The metric, in (0, 1], from which there is no need to tune: the baseline is measured
            before a job is paid, and a base model that surely meets it ends the run as
            `TuningNotNeeded`. Without one, that of the use case, or nothing does.
        maximum_tokens: Limit of an answer in the evaluation.
        few_shot: Examples that the base model gets before each question when it is asked a second
            time, up to 10 (docs/evaluation.md); with 0 it is asked without them only.
        judge: A model that judges the answers too, paid by the token (docs/judging.md).
            Without one, nobody does.
        storage: Buckets and keys. Without it, they are defined.
        customization_role: A service role of your own for jobs (see `ServiceRole`).
            Without one, a role is defined.
        network: A VPC in which jobs read and write their data. Without one, Bedrock's own.
        model_key: Encrypts the custom models; who invokes them needs it too (`alias.grant_invoke`).
            Without one, a key that AWS owns does.
        topic: Where people hear how a run ended.
            Without one, a topic encrypted with a key of its own is defined.

    Raises:
        ValueError: An argument does not fit the base model or its range; the message says which,
            what fits, and what to do.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        base_model: BaseModel,
        template: RecordTemplate | None = None,
        method: CustomizationMethod | None = None,
        sweep: Sweep | None = None,
        split: DataSplit | None = None,
        maximum_rejected: float = 0.05,
        max_cost_usd: float | None = None,
        allow_unknown_price: bool = False,
        stall_limit: Duration | None = None,
        early_stopping: EarlyStopping | None = None,
        enrichment: Enrichment | None = None,
        sharding: Sharding | None = SHARDING,
        deployment: Deployment | None = None,
        use_case: UseCase | None = None,
        metric: Metric | None = None,
        target: float | None = None,
        gate: Gate | None = None,
        approval: Approval | None = None,
        maximum_tokens: int = 512,
        few_shot: int = 3,
        judge: Judge | None = None,
        storage: CustomizationStorage | None = None,
        customization_role: iam.IRole | None = None,
        network: JobNetwork | None = None,
        model_key: kms.IKey | None = None,
        topic: sns.ITopic | None = None,
    ) -> None:
        metric = _metric(metric, use_case)
        target = _target(target, use_case)
        gate = _gate(gate, use_case)
        gate.check_judge(judge)
        max_cost_usd = _max_cost_usd(max_cost_usd, use_case)
        super().__init__(scope, id)
        self._deployed_on = deployment or OnDemand()
        self.storage = storage or CustomizationStorage(self, "Storage")
        name = self._unique_name()
        self.topic = topic or self._define_topic()
        self.alias = Alias(
            self,
            "Alias",
            parameter_name=f"/bedrock-customization/{name}",
            model_key=model_key,
        )
        self._removal = CandidateRemoval(
            self,
            "CandidateRemoval",
            storage=self.storage,
            alias=self.alias.arn_parameter,
            deployment=self._deployed_on,
        )
        self.approval: ApprovalStep | None = None
        self._record_function = self._define_record_function()
        self._own_states: list[States] = []

        on_failure = self._write_failure_path()
        self.preparation = DataPreparation(
            self,
            "DataPreparation",
            storage=self.storage,
            base_model=base_model,
            method=method,
            template=template,
            split=split,
            maximum_rejected=maximum_rejected,
            enrichment=enrichment,
            sharding=sharding,
            on_failure=on_failure,
        )
        # Without a target or a use case nothing is decided before the job, so nobody is asked.
        self.baseline = (
            BaselineMeasurement(
                self,
                "BaselineMeasurement",
                storage=self.storage,
                base_model=base_model,
                method=method,
                metric=metric,
                target=target,
                minimum_improvement=gate.minimum_improvement,
                few_shot=few_shot,
                knowledge_changes=use_case.knowledge_changes if use_case else None,
                maximum_tokens=maximum_tokens,
                max_cost_usd=max_cost_usd,
                allow_unknown_price=allow_unknown_price,
                on_failure=on_failure,
            )
            if target is not None or use_case
            else None
        )
        self.customization = ModelCustomization(
            self,
            "ModelCustomization",
            storage=self.storage,
            base_model=base_model,
            method=method,
            sweep=sweep,
            max_cost_usd=max_cost_usd,
            allow_unknown_price=allow_unknown_price,
            evaluation_maximum_tokens=maximum_tokens,
            evaluation_few_shot=few_shot,
            deployment=self._deployed_on,
            judge=judge,
            stall_limit=stall_limit,
            early_stopping=early_stopping,
            role=customization_role,
            network=network,
            model_key=model_key,
            on_failure=on_failure,
        )
        self.deployment = ModelDeployment(
            self,
            "ModelDeployment",
            base_model=base_model,
            deployment=self._deployed_on,
            model_key=model_key,
            on_failure=on_failure,
        )
        self.evaluation = ModelEvaluation(
            self,
            "ModelEvaluation",
            storage=self.storage,
            base_model=base_model,
            deployment=self._deployed_on,
            model_key=model_key,
            method=method,
            metric=metric,
            maximum_tokens=maximum_tokens,
            few_shot=few_shot,
            alias=self.alias.arn_parameter,
            judge=judge,
            on_failure=on_failure,
        )
        self.gate = PromotionGate(
            self,
            "PromotionGate",
            storage=self.storage,
            alias=self.alias.arn_parameter,
            removal=self._removal,
            gate=gate,
            approval=self._define_approval(approval, on_failure) if approval else None,
            on_failure=on_failure,
        )
        self.start = RunStart(
            self,
            "RunStart",
            storage=self.storage,
            base_model=base_model,
            method=method,
            use_case=use_case,
            on_failure=self._notify_failure,
        )
        self._phases = (
            self.start,
            self.preparation,
            *((self.baseline,) if self.baseline else ()),
            self.customization,
            self.deployment,
            self.evaluation,
            self.gate,
        )
        end = self._write_end(on_failure)
        self._write_ways_back(end)
        self._chain(end)
        self.state_machine = self._define_state_machine(self.start.start_state, name)
        self.customization.stop_jobs_of(self.state_machine)
        self._define_watch_over_deployments(judge)

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow starting runs."""
        return self.state_machine.grant_start_execution(grantee)

    def grant_put_data(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow uploading raw data below `incoming/`, and media below `media/`."""
        return self.storage.grant_put_data(grantee)

    def grant_read_artifacts(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading reports, manifests and evaluations; never data or the blind set."""
        return self.storage.grant_read_artifacts(grantee)

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of the state machine, such as `ExecutionsFailed`; sum over 5 minutes."""
        options.setdefault("statistic", "Sum")
        return self.state_machine.metric(name, **options)

    def metric_succeeded(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the number of runs that came to a decision; sum over 5 minutes."""
        return self.metric("ExecutionsSucceeded", **options)

    def metric_failed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the number of runs that failed; sum over 5 minutes."""
        return self.metric("ExecutionsFailed", **options)

    def metric_training_loss(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the training loss with which jobs ended; average over 5 minutes."""
        return self._training_metric(TrainingMetric.TRAINING_LOSS, options)

    def metric_validation_loss(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the validation loss with which jobs ended; average over 5 minutes."""
        return self._training_metric(TrainingMetric.VALIDATION_LOSS, options)

    def _training_metric(self, name: TrainingMetric, options: MetricOptions) -> cloudwatch.Metric:
        # Imported here: nothing else needs it, and every synth would pay for it.
        from aws_cdk import aws_cloudwatch as cloudwatch  # noqa: PLC0415

        return cloudwatch.Metric(
            namespace=METRIC_NAMESPACE,
            metric_name=name.value,
            dimensions_map={"Pipeline": self.state_machine.state_machine_name},
            **options,
        )

    def _write_end(self, on_failure: sfn.IChainable) -> sfn.State:
        states = self._states("Record", on_failure=on_failure)
        record = states.invoke(
            "Record run",
            self._record_function,
            {"run": "{% $run %}"},
            comment="Close the manifest and write the report",
            assign="record",
        )
        # Without a way to the failure path: a topic out of reach must not undo a promotion.
        notify = self._states("Record").publish(
            "Notify",
            self.topic,
            subject="{% 'Model customization: ' & $record.status %}",
            message="{% $record.summary %}",
        )
        done = sfn.Succeed.jsonata(
            self, "Done", comment="Record: A decision was made", outputs="{% $record %}"
        )
        notify.add_catch(done, errors=["States.ALL"])
        record.next(notify).next(done)
        return record

    def _write_failure_path(self) -> sfn.IChainable:
        """Write what every error leads to: compensate, record, notify, fail.

        Each step goes on to the next even if it fails itself, and keeps the first error.
        """
        states = self._states("Failure")
        remove = self._removal.remove(states, "Remove failed candidate")
        record = states.invoke(
            "Record failure",
            self._record_function,
            {"run": "{% $run %}", "failure": "{% $failure %}"},
            comment="Close the manifest and write the report",
        )
        notify = states.publish(
            "Notify failure",
            self.topic,
            # SNS takes no subject of more than 100 characters.
            subject="{% 'Model customization: ' & $substring($failure.error, 0, 70) %}",
            message="{% 'Run ' & $states.context.Execution.Name & ' of ' & "
            "$states.context.StateMachine.Name & ' ended as ' & $failure.error & ': ' & "
            "$substring($failure.cause, 0, 3000) %}",
        )
        end = states.invoke(
            "End failed run",
            self._record_function,
            {
                "run": "{% $exists($run) ? $run : null %}",
                "end": "{% $failure %}",
                "redrives": "{% $states.context.Execution.RedriveCount %}",
            },
            comment="The run ends with its first error; a redrive comes back here and goes on",
        )
        self._go_on = states.choice("Where did it fail?", comment="A redriven run goes on there")
        remove.add_catch(record, errors=["States.ALL"], assign={"failure": _NOT_REMOVED})
        record.add_catch(notify, errors=["States.ALL"])
        notify.add_catch(end, errors=["States.ALL"])
        # A run that never began has nothing to compensate and no manifest.
        self._notify_failure = notify
        return remove.next(record).next(notify).next(end).next(self._go_on)

    def _chain(self, end: sfn.State) -> None:
        """Write the way on which all goes well."""
        following = [*(phase.start_state for phase in self._phases[1:]), end]
        for phase, state in zip(self._phases, following, strict=True):
            for last in phase.end_states:
                last.next(state)

    def _write_ways_back(self, end: sfn.State) -> None:
        """Write where a redriven run goes on.

        Every phase adopts what exists. But the failure took the candidate's deployment away, so
        what needs it begins with making it again.
        """
        for titles, state in (
            (["DataPreparation"], self.preparation.start_state),
            *((["BaselineMeasurement"], one.start_state) for one in (self.baseline,) if one),
            (["ModelCustomization"], self.customization.start_state),
            (
                ["ModelDeployment", "ModelEvaluation", "PromotionGate"],
                self.deployment.start_state,
            ),
            (["Record"], end),
        ):
            self._go_on.when(sfn.Condition.jsonata(f"{{% $failure.phase in {titles} %}}"), state)
        self._go_on.otherwise(self.start.start_state)

    def _states(self, title: str, *, on_failure: sfn.IChainable | None = None) -> States:
        states = States(self, title, on_failure=on_failure)
        self._own_states.append(states)
        return states

    def _define_record_function(self) -> HandlerFunction:
        artifacts = self.storage.artifacts_bucket
        return HandlerFunction(
            self,
            "RecordRun",
            handler=Handler.RECORD_RUN,
            description="Closes a run's manifest and writes its report",
            rights=[
                *self.storage.reading(artifacts, RUNS),
                *self.storage.writing(artifacts, RUNS),
            ],
        )

    def _define_approval(self, approval: Approval, on_failure: sfn.IChainable) -> ApprovalStep:
        self.approval = ApprovalStep(
            self,
            "Approval",
            storage=self.storage,
            topic=self.topic,
            approval=approval,
            on_failure=on_failure,
        )
        return self.approval

    def _define_topic(self) -> sns.Topic:
        key = kms.Key(
            self,
            "TopicKey",
            description="Notifications of model customization",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        return sns.Topic(self, "Notifications", master_key=key, enforce_ssl=True)

    def _define_state_machine(self, definition: sfn.IChainable, name: str) -> sfn.StateMachine:
        state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_chainable(definition),
            query_language=sfn.QueryLanguage.JSONATA,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self._define_log_group(name),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )
        of_phases = [right for phase in self._phases for right in phase.rights]
        of_own = [right for states in self._own_states for right in states.rights]
        of_maps = running_maps(state_machine)
        given = [_DELIVERING, *of_phases, *of_own, *of_maps]
        acknowledge(state_machine, wildcards(Stack.of(self), given))
        return state_machine

    def _define_log_group(self, name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Logs",
            # Only this prefix keeps the account's log resource policy from growing past its limit.
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=logs.RetentionDays.SIX_MONTHS,
            removal_policy=RemovalPolicy.RETAIN,
        )

    def _define_watch_over_deployments(self, judge: Judge | None) -> None:
        RunCleanup(
            self,
            "RunCleanup",
            state_machine=self.state_machine,
            storage=self.storage,
            alias=self.alias.arn_parameter,
            deployment=self._deployed_on,
            judge=judge,
        )
        if isinstance(self._deployed_on, ProvisionedThroughput):
            ThroughputExpiry(
                self,
                "ThroughputExpiry",
                state_machine=self.state_machine,
                alias=self.alias.arn_parameter,
                topic=self.topic,
            )

    def _unique_name(self) -> str:
        """Return a name that not even a deleted stack of the same name has used."""
        stack_uuid = Fn.select(2, Fn.split("/", Aws.STACK_ID))
        suffix = Fn.select(4, Fn.split("-", stack_uuid))
        return f"{Names.unique_resource_name(self, max_length=100)}-{suffix}"


def _metric(given: Metric | None, use_case: UseCase | None) -> Metric:
    stated = use_case.metric if use_case else None
    if given is None or isinstance(given, MetricName):
        return agreed("metric", given, "metric", stated) or MetricName.ACCURACY
    agreed("metric", metric_input(given)["metric"], "metric", stated and stated.value)
    return given


def _target(given: float | None, use_case: UseCase | None) -> float | None:
    return agreed("target", given, "target", use_case.target if use_case else None)


def _gate(given: Gate | None, use_case: UseCase | None) -> Gate:
    gate, margin = given or Gate(), use_case.margin if use_case else None
    # A gate that asks for no particular improvement leaves it to the use case.
    improvement = agreed(
        "gate.minimum_improvement", gate.minimum_improvement or None, "margin", margin
    )
    return replace(gate, minimum_improvement=improvement or 0.0)


def _max_cost_usd(given: float | None, use_case: UseCase | None) -> float | None:
    stated = use_case.budget_usd if use_case else None
    return agreed("max_cost_usd", given, "budget_usd", stated)
