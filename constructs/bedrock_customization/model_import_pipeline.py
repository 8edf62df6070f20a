"""The front door for models trained elsewhere: from a source to a promoted model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization._aims import Aims
from bedrock_customization._pipeline import Pipeline
from bedrock_customization.deployment_kinds import ImportedCopies, OnDemand
from bedrock_customization.model_source import HuggingFaceModel
from bedrock_customization.nova_source import SageMakerNovaModel
from bedrock_customization.phases.custom_model_creation import CustomModelCreation
from bedrock_customization.phases.deployment import ModelDeployment
from bedrock_customization.phases.evaluation import ModelEvaluation
from bedrock_customization.phases.model_import import ModelImport
from bedrock_customization.phases.preparation import SHARDING, DataPreparation
from bedrock_customization.phases.run_start import RunStart
from bedrock_customization_runtime.contract import RunKind

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam, aws_kms as kms, aws_sns as sns
    from constructs import Construct

    from bedrock_customization.approval import Approval
    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.customization_network import CustomizationNetwork
    from bedrock_customization.dataset import DataSplit, RecordTemplate, Sharding
    from bedrock_customization.deployment_kinds import ProvisionedThroughput
    from bedrock_customization.gate import Gate
    from bedrock_customization.judge import Judge
    from bedrock_customization.metric import Metric
    from bedrock_customization.model_source import ModelSource, ModelStaging
    from bedrock_customization.storage import CustomizationStorage


class ModelImportPipeline(Pipeline):
    """Define the whole way from a model that was trained elsewhere to one that is promoted.

    Start it with `{"source": "s3://<data bucket>/incoming/<file>"}`, which names the data that the
    models are compared on. It prepares the data, inspects the model, copies and imports it,
    compares it with a base model on a blind test set, and points an alias at it if it is really
    better. A model that does not go live is deleted, for it costs storage and one of three places.
    Whatever fails, no upload and no model is left, the run is recorded, and people are told.

    Args:
        scope: Parent.
        id: Id below the parent.
        model: Where the model comes from: `HuggingFaceModel`, `SageMakerModel` or `S3Model`; or
            `SageMakerNovaModel`, of which a custom model is made without any copy.
        base_model: What it is compared with; of Amazon Nova, what it was trained from, too.
        staging: How the model is copied. Without it, in parts of 16 MiB by 20 functions at a time.
        deployment: On what an Amazon Nova model answers, `OnDemand()` or
            `ProvisionedThroughput(…)` (docs/deployment.md). Without one, on demand. Other models
            are invoked as they are.
        template: How a row of the raw data becomes a record.
            Without one, the data already are records: prompt and completion, or Converse messages.
        split: Shares of the validation set and the blind set; examples for the base model come from
            the rest.
        max_rejected: Share of the records, in [0, 1], that may break a rule and be left out
            before the data set as a whole is refused.
        max_cost_usd: Estimated cost of the whole run (docs/costs.md), in US dollars, above which
            nothing is copied. Without one, the estimate is only reported.
        allow_unknown_price: Whether it may be even though the documented price of something in the
            run is not known. What has a figure is held against `max_cost_usd` nevertheless.
        sharding: When the raw data are prepared by many functions at once, and how.
            With None, one function prepares them, however large.
        metric: What decides (docs/metrics.md), as of `CustomizationPipeline`.
            Without one, accuracy.
        gate: What the model must show to go live. Without it, any improvement over the base model
            beyond chance, if it is not worse than the live one.
        approval: Whether people decide on what passed the gate, and how long they have. Without it,
            nobody is asked.
        max_tokens: Limit of an answer in the evaluation.
        few_shot: Examples that the base model gets before each question when it is asked a second
            time, up to 10 (docs/evaluation.md); with 0 it is asked without them only.
        judge: A model that judges the answers too, paid by the token (docs/judging.md).
            Without one, nobody does.
        storage: Buckets and keys. Without it, they are defined.
        import_role: A service role of your own for the import job (see `ServiceRole`).
            Without one, a role is defined.
        network: A VPC for functions (docs/network.md). Without one, Lambda's own.
        regulated: As of `CustomizationPipeline`.
        model_key: Encrypts the imported models; who invokes them needs it too
            (`alias.grant_invoke`). Without one, a key that AWS owns does.
        topic: Where people hear how a run ended.
            Without one, a topic encrypted with a key of its own is defined.

    Raises:
        ValueError: An argument does not fit its range; the message says which, what fits, and what
            to do.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        model: ModelSource | SageMakerNovaModel,
        base_model: BaseModel,
        staging: ModelStaging | None = None,
        deployment: OnDemand | ProvisionedThroughput | None = None,
        template: RecordTemplate | None = None,
        split: DataSplit | None = None,
        max_rejected: float = 0.05,
        max_cost_usd: float | None = None,
        allow_unknown_price: bool = False,
        sharding: Sharding | None = SHARDING,
        metric: Metric | None = None,
        gate: Gate | None = None,
        approval: Approval | None = None,
        max_tokens: int = 512,
        few_shot: int = 3,
        judge: Judge | None = None,
        storage: CustomizationStorage | None = None,
        import_role: iam.IRole | None = None,
        network: CustomizationNetwork | None = None,
        regulated: bool = False,
        model_key: kms.IKey | None = None,
        topic: sns.ITopic | None = None,
    ) -> None:
        aims = Aims.agreed(None, metric=metric, target=None, gate=gate, max_cost_usd=max_cost_usd)
        aims.gate.check_judge(judge)
        is_nova = isinstance(model, SageMakerNovaModel)
        if isinstance(model, HuggingFaceModel):
            _check_hub_is_reached(network, regulated=regulated)
        _check_fits(staging=staging, deployment=deployment, is_nova=is_nova)
        nova_on = deployment or OnDemand()
        answers_on = nova_on if is_nova else ImportedCopies()
        super().__init__(
            scope,
            id,
            deployment=answers_on,
            creates_models=is_nova,
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
            kind=RunKind.IMPORT,
            on_failure=self._frame.on_failed_start,
        )
        self.preparation = DataPreparation(
            self,
            "DataPreparation",
            storage=self.storage,
            base_model=base_model,
            template=template,
            split=split,
            max_rejected=max_rejected,
            sharding=sharding,
            on_failure=on_failure,
        )
        self.deployment: ModelDeployment | None = None
        """Of a custom model made of Amazon Nova; others are invoked as they are."""
        self.model_import: ModelImport | CustomModelCreation
        """What brings the model into Bedrock."""
        if isinstance(model, SageMakerNovaModel):
            self.model_import = CustomModelCreation(
                self,
                "CustomModelCreation",
                storage=self.storage,
                source=model,
                base_model=base_model,
                deployment=nova_on,
                evaluation_max_tokens=max_tokens,
                evaluation_few_shot=few_shot,
                max_cost_usd=aims.max_cost_usd,
                allow_unknown_price=allow_unknown_price,
                role=import_role,
                model_key=model_key,
                on_failure=on_failure,
            )
            self.deployment = ModelDeployment(
                self,
                "ModelDeployment",
                base_model=base_model,
                deployment=nova_on,
                model_key=model_key,
                on_failure=on_failure,
            )
        else:
            self.model_import = ModelImport(
                self,
                "ModelImport",
                storage=self.storage,
                model=model,
                staging=staging,
                evaluation_max_tokens=max_tokens,
                evaluation_few_shot=few_shot,
                max_cost_usd=aims.max_cost_usd,
                allow_unknown_price=allow_unknown_price,
                role=import_role,
                model_key=model_key,
                on_failure=on_failure,
            )
        self.evaluation = ModelEvaluation(
            self,
            "ModelEvaluation",
            storage=self.storage,
            base_model=base_model,
            deployment=answers_on,
            model_key=model_key,
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
            [
                self.model_import,
                *([self.deployment] if self.deployment else []),
                self.evaluation,
                self.gate,
            ],
            judge=judge,
        )
        self._protect()


def _check_hub_is_reached(network: CustomizationNetwork | None, *, regulated: bool) -> None:
    if (network is None and regulated) or (network and network.is_isolated):
        raise ValueError(
            "model is one of a hub, and an isolated network has no way there: give network a vpc "
            "with a way to the hub, or copy the model to S3 and name it as an S3Model"
        )


def _check_fits(
    *,
    staging: ModelStaging | None,
    deployment: OnDemand | ProvisionedThroughput | None,
    is_nova: bool,
) -> None:
    """Check that nothing is asked for which the kind of model has no use for."""
    if is_nova and staging is not None:
        raise ValueError(
            "staging says how files are copied, and those of a SageMakerNovaModel are not: leave "
            "staging out"
        )
    if deployment is not None and not is_nova:
        raise ValueError(
            "deployment is for a SageMakerNovaModel, and other models are invoked as they are: "
            "leave deployment out"
        )
