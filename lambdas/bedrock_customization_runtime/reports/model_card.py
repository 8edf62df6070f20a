"""The model card of a run that made a model: what it is for, what it was made of, how it did.

The sections are those of Mitchell et al., "Model Cards for Model Reporting" (2019), in its order
and under its names. Baseline, outcome, cost and lineage follow: a pipeline knows them.
"""

from typing import TYPE_CHECKING, Any

import msgspec

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.manifest import (
    ApprovalSection,
    BaselineSection,
    ConfusionMatrix,
    DecisionSection,
    DeploymentSection,
    DiagnosisSection,
    EnrichmentRecord,
    EstimateSection,
    EvaluationSection,
    FileRecord,
    Finding,
    JudgeSection,
    MetricComparison,
    ModelFigures,
)
from bedrock_customization_runtime.reports import card_notes, markdown, wording

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import (
        CurvePoint,
        CustomizationSection,
        Manifest,
        PreparationSection,
    )

SCHEMA_VERSION = 1
_AMAZON = "Amazon"
_AMAZON_TERMS = "https://aws.amazon.com/service-terms/"
_THIRD_PARTY_TERMS = "https://aws.amazon.com/legal/bedrock/third-party-models/"


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """How a loss moved over the training."""

    first: float
    last: float
    lowest: float


class BaseModelDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What was customized."""

    id: str
    name: str | None
    """None where the catalogue of this version does not know the id; so the next."""
    provider: str | None
    terms: str | None
    """Where the provider's licence or terms of use on Bedrock are to be found."""
    end_of_life: str | None
    """ISO 8601; when Bedrock retires the base model, as far as that is announced."""
    parent_model: str | None
    """ARN of the custom model that was customized further."""


class ModelDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What the model is and how it was made."""

    arn: str
    version: str
    """Id of the run."""
    date: str
    """ISO 8601, UTC; when the training ended."""
    base_model: BaseModelDetails
    customization_type: str
    hyperparameters: dict[str, str]
    candidates: int
    """That were proposed; of more than one, the validation loss chose."""
    training_loss: Losses | None
    validation_loss: Losses | None
    diagnosis: DiagnosisSection | None


class IntendedUse(msgspec.Struct, frozen=True, kw_only=True):
    """What the model is for, by the use case; None where the run had none, or it does not say."""

    task: str | None
    owner: str | None
    metric: str | None
    target: float | None
    knowledge_changes: str | None
    out_of_scope: list[str]


class Factors(msgspec.Struct, frozen=True, kw_only=True):
    """What may make the model better or worse."""

    slices: list[str]
    """Columns by whose values the blind set was parted."""
    labels: int
    """Distinct answers in the training data; 0 where answers are no labels."""


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What the model was measured by."""

    primary: str
    meaning: str
    method: str
    """Of the test, in words, with seed and draws."""
    min_improvement: float | None
    """What the gate asks for; None before a decision."""
    minimum_detectable_effect: float | None


class EvaluationData(msgspec.Struct, frozen=True, kw_only=True):
    """What the model was measured on."""

    blind_set: FileRecord
    records: int
    contaminated: int
    """That also stand in the training set."""
    taught_references: int
    """Whose reference the teacher wrote."""


class TrainingData(msgspec.Struct, frozen=True, kw_only=True):
    """What the model learned from."""

    source: FileRecord
    training_set: FileRecord
    validation_set: FileRecord | None
    record_format: str
    read: int
    rejected: int
    duplicates: int
    left_out: int
    omitted: int
    estimated_tokens: int
    findings: list[Finding]
    label_counts: dict[str, int]
    personal_data: dict[str, int]
    """Records by kind, as they were found before the data owner's choice was applied."""
    enrichment: EnrichmentRecord | None


class QuantitativeAnalyses(msgspec.Struct, frozen=True, kw_only=True):
    """The figures."""

    models: list[ModelFigures]
    comparisons: list[MetricComparison]
    slices: list[MetricComparison]
    confusion: list[ConfusionMatrix]
    judge: JudgeSection | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the model went live."""

    status: str
    outcome: str | None
    """As the manifest has it; None until the run has ended."""
    decision: DecisionSection | None
    approval: ApprovalSection | None
    deployment: DeploymentSection | None


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """Where the model comes from."""

    execution_arn: str
    job_arn: str
    started: str
    ended: str | None
    library_version: str
    catalog_version: str
    answers: list[FileRecord]


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """The document."""

    schema_version: int = SCHEMA_VERSION
    embedded: bool
    """Whether the model was trained by the embedded AWS, and so says nothing about Bedrock's."""
    model_details: ModelDetails
    intended_use: IntendedUse
    factors: Factors
    metrics: Metrics | None
    """None where the run ended before the evaluation; so the two after it."""
    evaluation_data: EvaluationData | None
    training_data: TrainingData
    quantitative_analyses: QuantitativeAnalyses | None
    ethical_considerations: list[str]
    caveats_and_recommendations: list[str]
    baseline: BaselineSection | None
    """The base model before anything was trained; None where nobody measured it."""
    outcome: Outcome
    cost: EstimateSection | None
    lineage: Lineage


def model_card(manifest: "Manifest") -> ModelCard | None:
    """Return the card of a run's model, or None if the run made none."""
    preparation, job = manifest.preparation, manifest.customization
    if preparation is None or job is None:
        return None
    evaluation = manifest.evaluation
    return ModelCard(
        embedded=manifest.run.embedded,
        model_details=_model_details(manifest, job),
        intended_use=_intended_use(manifest),
        factors=_factors(preparation, evaluation),
        metrics=_metrics(manifest, evaluation) if evaluation else None,
        evaluation_data=_evaluation_data(preparation, evaluation) if evaluation else None,
        training_data=_training_data(preparation),
        quantitative_analyses=_analyses(evaluation) if evaluation else None,
        ethical_considerations=card_notes.ethical_considerations(preparation),
        caveats_and_recommendations=card_notes.caveats(manifest),
        baseline=manifest.baseline,
        outcome=Outcome(
            status=manifest.status,
            outcome=manifest.outcome,
            decision=manifest.decision,
            approval=manifest.approval,
            deployment=manifest.deployment,
        ),
        cost=manifest.estimate,
        lineage=Lineage(
            execution_arn=manifest.run.execution_arn,
            job_arn=job.job_arn,
            started=manifest.run.started,
            ended=manifest.ended,
            library_version=manifest.run.library_version,
            catalog_version=manifest.run.catalog_version,
            answers=evaluation.answers if evaluation else [],
        ),
    )


def as_json(card: ModelCard) -> bytes:
    """Return the card as indented JSON (`json_schema`)."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2)


def as_markdown(card: ModelCard) -> str:
    """Return the card as Markdown, in which nothing that the data say is markup."""
    return markdown.template("model-card.md.jinja").render(
        card=card, embedded_notice=wording.EMBEDDED_NOTICE
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a card."""
    return msgspec.json.schema(ModelCard)


def _model_details(manifest: "Manifest", job: "CustomizationSection") -> ModelDetails:
    return ModelDetails(
        arn=job.model_arn,
        version=manifest.run.id,
        date=job.ended,
        base_model=_base_model(manifest),
        customization_type=job.customization_type,
        hyperparameters=job.hyperparameters,
        candidates=len(manifest.sweep.candidates) if manifest.sweep else 1,
        training_loss=_losses(job.training_curve),
        validation_loss=_losses(job.validation_curve),
        diagnosis=job.diagnosis,
    )


def _intended_use(manifest: "Manifest") -> IntendedUse:
    use_case = manifest.use_case
    return IntendedUse(
        task=use_case.task if use_case else None,
        owner=use_case.owner if use_case else None,
        metric=use_case.metric if use_case else None,
        target=use_case.target if use_case else None,
        knowledge_changes=use_case.knowledge_changes if use_case else None,
        out_of_scope=card_notes.out_of_scope(manifest),
    )


def _base_model(manifest: "Manifest") -> BaseModelDetails:
    try:
        known = catalog.base_model(manifest.run.base_model)
    except catalog.UnknownBaseModelError:
        known = None
    end = known.lifecycle.end_of_life if known else None
    return BaseModelDetails(
        id=manifest.run.base_model,
        name=known.name if known else None,
        provider=known.provider if known else None,
        terms=_terms(known.provider) if known else None,
        end_of_life=end.isoformat() if end else None,
        parent_model=manifest.run.parent_model,
    )


def _terms(provider: str) -> str:
    return _AMAZON_TERMS if provider == _AMAZON else _THIRD_PARTY_TERMS


def _losses(curve: "list[CurvePoint]") -> Losses | None:
    if not curve:
        return None
    losses = [point.loss for point in curve]
    return Losses(first=losses[0], last=losses[-1], lowest=min(losses))


def _factors(preparation: "PreparationSection", evaluation: EvaluationSection | None) -> Factors:
    slices = evaluation.slices if evaluation else []
    columns = dict.fromkeys((each.slice or "").partition("=")[0] for each in slices)
    return Factors(slices=list(columns), labels=len(preparation.label_counts))


def _metrics(manifest: "Manifest", evaluation: EvaluationSection) -> Metrics:
    primary = wording.primary_of(evaluation)
    return Metrics(
        primary=primary.name,
        meaning=wording.meaning_of(primary.name),
        method=primary.method,
        min_improvement=manifest.decision.min_improvement if manifest.decision else None,
        minimum_detectable_effect=evaluation.minimum_detectable_effect,
    )


def _evaluation_data(
    preparation: "PreparationSection", evaluation: EvaluationSection
) -> EvaluationData:
    return EvaluationData(
        blind_set=preparation.test,
        records=wording.primary_of(evaluation).records,
        contaminated=evaluation.contaminated,
        taught_references=evaluation.taught_references,
    )


def _training_data(preparation: "PreparationSection") -> TrainingData:
    return TrainingData(
        source=preparation.source,
        training_set=preparation.train,
        validation_set=preparation.validation,
        record_format=preparation.record_format,
        read=preparation.read,
        rejected=preparation.rejected.records if preparation.rejected else 0,
        duplicates=preparation.duplicates,
        left_out=preparation.left_out,
        omitted=preparation.omitted,
        estimated_tokens=preparation.estimated_tokens,
        findings=preparation.findings,
        label_counts=preparation.label_counts,
        personal_data=preparation.personal_data,
        enrichment=preparation.enrichment,
    )


def _analyses(evaluation: EvaluationSection) -> QuantitativeAnalyses:
    return QuantitativeAnalyses(
        models=evaluation.models,
        comparisons=evaluation.metrics,
        slices=evaluation.slices,
        confusion=evaluation.confusion,
        judge=evaluation.judge,
    )
