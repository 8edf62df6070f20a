"""The front door: raw data to a promoted model, as the phases of one state machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from bedrock_customization._aims import Aims
from bedrock_customization._pipeline import MetricOptions, Pipeline
from bedrock_customization.deployment_kinds import OnDemand
from bedrock_customization.phases.baseline import BaselineMeasurement
from bedrock_customization.phases.customization import ModelCustomization
from bedrock_customization.phases.deployment import ModelDeployment
from bedrock_customization.phases.evaluation import ModelEvaluation
from bedrock_customization.phases.preparation import SHARDING, DataPreparation
from bedrock_customization.phases.run_start import RunStart
from bedrock_customization_runtime.contract import METRIC_NAMESPACE, TrainingMetric

if TYPE_CHECKING:
    from aws_cdk import (
        Duration,
        aws_cloudwatch as cloudwatch,
        aws_iam as iam,
        aws_kms as kms,
        aws_sns as sns,
    )
    from constructs import Construct

    from bedrock_customization.approval import Approval
    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.customization_network import CustomizationNetwork
    from bedrock_customization.dataset import DataSplit, RecordTemplate, Sharding, Spark
    from bedrock_customization.deployment_kinds import Deployment
    from bedrock_customization.enrichment import Enrichment
    from bedrock_customization.gate import Gate
    from bedrock_customization.judge import Judge
    from bedrock_customization.method import CustomizationMethod, EarlyStopping
    from bedrock_customization.metric import Metric
    from bedrock_customization.network import JobNetwork
    from bedrock_customization.storage import CustomizationStorage
    from bedrock_customization.sweep import Sweep
    from bedrock_customization.use_case import UseCase


class CustomizationPipeline(Pipeline):
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
        max_rejected: Share of the records, in [0, 1], that may break a rule and be left out
            before the data set as a whole is refused.
        max_cost_usd: Estimated cost of the whole run (docs/costs.md), of a sweep with all its jobs,
            in US dollars, above which no job starts. Without one, that of the use case, or
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
        spark: When the raw data are prepared by Spark on EMR Serverless, and how much it may take
            (docs/scale.md). Without it, functions prepare them.
        deployment: On what candidate and promoted model answer, `OnDemand()` or
            `ProvisionedThroughput(…)` (docs/deployment.md). Without one, on demand.
        metric: What decides (docs/metrics.md): a `MetricName`, a function of your own
            (`LambdaMetric`), or the rows that SQL finds in a database (`ExecutionAccuracy`).
            Without one, that of the use case, or accuracy.
        gate: What the candidate must show to go live. Without it, the margin of the use case, or
            any improvement over the base model beyond chance, if it is not worse than the live one.
        approval: Whether people decide on what passed the gate, and how long they have. Without it,
            nobody is asked.
        use_case: What the run is for. With it, the baseline is measured before a job is paid, and
            metric, target, improvement and limit of costs are its own where they are not given.
        target: The metric, in (0, 1], from which there is no need to tune: the baseline is measured
            before a job is paid, and a base model that surely meets it ends the run as
            `TuningNotNeeded`. Without one, that of the use case, or nothing does.
        max_tokens: Limit of an answer in the evaluation.
        few_shot: Examples that the base model gets before each question when it is asked a second
            time, up to 10 (docs/evaluation.md); with 0 it is asked without them only.
        judge: A model that judges the answers too, paid by the token (docs/judging.md).
            Without one, nobody does.
        storage: Buckets and keys. Without it, they are defined.
        customization_role: A service role of your own for jobs (see `ServiceRole`).
            Without one, a role is defined.
        network: A VPC for functions and jobs (`CustomizationNetwork`, docs/network.md), or for jobs
            alone (`JobNetwork`). Without one, Lambda's and Bedrock's own.
        regulated: Whether the pipeline meets the rules of NIST 800-53 R5, HIPAA and PCI DSS too
            (docs/regulated.md); without a network one is defined then.
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
        max_rejected: float = 0.05,
        max_cost_usd: float | None = None,
        allow_unknown_price: bool = False,
        stall_limit: Duration | None = None,
        early_stopping: EarlyStopping | None = None,
        enrichment: Enrichment | None = None,
        sharding: Sharding | None = SHARDING,
        spark: Spark | None = None,
        deployment: Deployment | None = None,
        use_case: UseCase | None = None,
        metric: Metric | None = None,
        target: float | None = None,
        gate: Gate | None = None,
        approval: Approval | None = None,
        max_tokens: int = 512,
        few_shot: int = 3,
        judge: Judge | None = None,
        storage: CustomizationStorage | None = None,
        customization_role: iam.IRole | None = None,
        network: CustomizationNetwork | JobNetwork | None = None,
        regulated: bool = False,
        model_key: kms.IKey | None = None,
        topic: sns.ITopic | None = None,
    ) -> None:
        aims = Aims.agreed(
            use_case, metric=metric, target=target, gate=gate, max_cost_usd=max_cost_usd
        )
        aims.gate.check_judge(judge)
        deployment = deployment or OnDemand()
        super().__init__(
            scope,
            id,
            deployment=deployment,
            storage=storage,
            network=network,
            regulated=regulated,
            model_key=model_key,
            topic=topic,
        )
        on_failure = self._frame.on_failure
        self.start = RunStart(
            self,
            "RunStart",
            storage=self.storage,
            base_model=base_model,
            method=method,
            use_case=use_case,
            on_failure=self._frame.on_failed_start,
        )
        self.preparation = DataPreparation(
            self,
            "DataPreparation",
            storage=self.storage,
            base_model=base_model,
            method=method,
            template=template,
            split=split,
            max_rejected=max_rejected,
            enrichment=enrichment,
            sharding=sharding,
            spark=spark,
            on_failure=on_failure,
        )
        # Without a target or a use case nothing is decided before the job, so nobody is asked.
        self.baseline: BaselineMeasurement | None = (
            BaselineMeasurement(
                self,
                "BaselineMeasurement",
                storage=self.storage,
                base_model=base_model,
                method=method,
                metric=aims.metric,
                target=aims.target,
                min_improvement=aims.gate.min_improvement,
                few_shot=few_shot,
                knowledge_changes=use_case.knowledge_changes if use_case else None,
                max_tokens=max_tokens,
                max_cost_usd=aims.max_cost_usd,
                allow_unknown_price=allow_unknown_price,
                on_failure=on_failure,
            )
            if aims.target is not None or use_case
            else None
        )
        self.customization = ModelCustomization(
            self,
            "ModelCustomization",
            storage=self.storage,
            base_model=base_model,
            method=method,
            sweep=sweep,
            max_cost_usd=aims.max_cost_usd,
            allow_unknown_price=allow_unknown_price,
            evaluation_max_tokens=max_tokens,
            evaluation_few_shot=few_shot,
            deployment=deployment,
            judge=judge,
            stall_limit=stall_limit,
            early_stopping=early_stopping,
            role=customization_role,
            network=self._job_network,
            model_key=model_key,
            on_failure=on_failure,
        )
        self.deployment = ModelDeployment(
            self,
            "ModelDeployment",
            base_model=base_model,
            deployment=deployment,
            model_key=model_key,
            on_failure=on_failure,
        )
        self.evaluation = ModelEvaluation(
            self,
            "ModelEvaluation",
            storage=self.storage,
            base_model=base_model,
            deployment=deployment,
            model_key=model_key,
            method=method,
            metric=aims.metric,
            max_tokens=max_tokens,
            few_shot=few_shot,
            alias=self.alias,
            judge=judge,
            on_failure=on_failure,
        )
        self.gate = self._define_gate(aims.gate, approval)
        self._wire(
            self.start,
            [self.preparation],
            *([[self.baseline]] if self.baseline else []),
            [self.customization],
            [self.deployment, self.evaluation, self.gate],
            judge=judge,
        )
        self.customization.stop_jobs_of(self.state_machine)
        self._protect()

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
