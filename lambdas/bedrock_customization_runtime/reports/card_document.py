"""The document that a model card is: its sections and what stands in each.

The sections are those of Mitchell et al., "Model Cards for Model Reporting" (2019), in its order
and under its names. Baseline, outcome, cost and lineage follow: a pipeline knows them.
"""

import msgspec

from bedrock_customization_runtime.contract import RunKind
from bedrock_customization_runtime.manifest import (
    ApprovalSection,
    BaselineSection,
    ConfusionMatrix,
    DecisionSection,
    DeploymentSection,
    DiagnosisSection,
    EnrichmentRecord,
    EstimateSection,
    FileRecord,
    Finding,
    ImportedFile,
    ImportFinding,
    JudgeSection,
    MetricComparison,
    ModelFigures,
)

SCHEMA_VERSION = 1


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """How a loss moved over the training."""

    first: float
    last: float
    lowest: float


class BaseModelDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A model of Bedrock's catalogue."""

    id: str
    name: str | None
    """None where the catalogue of this version does not know the id; so the next."""
    provider: str | None
    terms: str | None
    """Where the provider's licence or terms of use on Bedrock are to be found."""
    end_of_life: str | None
    """ISO 8601; when Bedrock retires the base model, as far as that is announced."""


class CustomizationOrigin(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="customization"
):
    """A base model that was customized, and how."""

    base_model: BaseModelDetails
    parent_model: str | None
    """ARN of the custom model that was customized further."""
    customization_type: str
    hyperparameters: dict[str, str]
    candidates: int
    """That were proposed; of more than one, the validation loss chose."""
    training_loss: Losses | None
    validation_loss: Losses | None
    diagnosis: DiagnosisSection | None


class ImportOrigin(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="import"):
    """Weights that were trained elsewhere, and what they are."""

    source: str
    """Value of `manifest.ImportSection.kind`."""
    location: str
    revision: str | None
    licence: str | None
    """As the source's record names it; None where it does not, or there is none."""
    licence_files: list[str]
    architecture: str
    family: str | None
    parameters: int | None
    dtypes: dict[str, int]
    """Numbers in the weights by their format."""
    context_length: int | None
    bytes: int
    files: list[ImportedFile]
    left_out: int
    """Files of the source that were not copied."""
    units_per_copy: int
    """Custom model units of each copy that answers."""
    preflight: list[ImportFinding]
    inspection: str
    """S3 URI of everything that the pre-flight found."""


class CustomModelOrigin(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="custom_model"
):
    """What SageMaker AI trained of a base model."""

    base_model: BaseModelDetails
    location: str
    """S3 URI in an escrow bucket, or ARN of a model package."""
    training_job: str | None
    """Of SageMaker AI; None where the location was given."""


class ModelDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What the model is and how it was made."""

    arn: str
    version: str
    """Id of the run."""
    date: str
    """ISO 8601, UTC; when the job ended."""
    origin: CustomizationOrigin | ImportOrigin | CustomModelOrigin


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
    """Distinct answers in the data; 0 where answers are no labels."""


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What the model was measured by."""

    compared_with: BaseModelDetails
    primary: str
    meaning: str
    method: str
    """Of the test, in words, with seed and draws."""
    min_improvement: float | None
    """What the gate asks for; None before a decision."""
    minimum_detectable_effect: float | None


class EvaluationData(msgspec.Struct, frozen=True, kw_only=True):
    """What the model was measured on."""

    source: FileRecord
    blind_set: FileRecord
    records: int
    contaminated: int
    """That have a copy outside the blind set."""
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
    kind: RunKind
    """Of the run."""
    embedded: bool
    """Whether the model answered on the embedded AWS, and so says nothing about Bedrock's."""
    model_details: ModelDetails
    intended_use: IntendedUse
    factors: Factors
    metrics: Metrics | None
    """None where the run ended before the evaluation; so the two after it."""
    evaluation_data: EvaluationData | None
    training_data: TrainingData | None
    """None where the model was trained elsewhere."""
    quantitative_analyses: QuantitativeAnalyses | None
    ethical_considerations: list[str]
    caveats_and_recommendations: list[str]
    baseline: BaselineSection | None
    """The base model before anything was trained; None where nobody measured it."""
    outcome: Outcome
    cost: EstimateSection | None
    lineage: Lineage
