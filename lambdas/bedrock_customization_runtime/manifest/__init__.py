"""The manifest of a run: one JSON document that grows phase by phase, and is the run's lineage.

Each phase writes its section last, after all the files that the section names, and only over the
version it read, which it names by its digest and keeps. The report and the model card are rendered
from the manifest alone.
"""

from bedrock_customization_runtime.manifest.baseline import (
    AdviceReason,
    AdviceSection,
    BaselineFigures,
    BaselineSection,
)
from bedrock_customization_runtime.manifest.custom_model import CustomModelSection
from bedrock_customization_runtime.manifest.customization import (
    CostItem,
    CurvePoint,
    CustomizationSection,
    DiagnosisSection,
    EstimateSection,
    PreflightCheck,
    SweepCandidate,
    SweepSection,
)
from bedrock_customization_runtime.manifest.document import (
    SCHEMA_VERSION,
    Manifest,
    begin,
    digest_of,
    find,
    json_schema,
    load,
    load_version,
    update,
)
from bedrock_customization_runtime.manifest.evaluation import (
    ConfusionMatrix,
    EvaluationSection,
    Example,
    MetricComparison,
    ModelFigures,
)
from bedrock_customization_runtime.manifest.judging import (
    JudgePreference,
    JudgeScore,
    JudgeSection,
)
from bedrock_customization_runtime.manifest.link import LinkSection
from bedrock_customization_runtime.manifest.model_copy import ModelCopySection
from bedrock_customization_runtime.manifest.model_import import (
    ImportedFile,
    ImportFinding,
    ImportJob,
    ImportSection,
)
from bedrock_customization_runtime.manifest.preparation import (
    EnrichmentRecord,
    Finding,
    PreparationSection,
    RefusalSection,
    SideTokens,
    SparkUse,
)
from bedrock_customization_runtime.manifest.promotion import (
    ApprovalSection,
    DecisionSection,
    DeploymentSection,
    RuleVerdict,
)
from bedrock_customization_runtime.manifest.runs import FailureSection, RunSection
from bedrock_customization_runtime.manifest.use_case import UseCaseSection
from bedrock_customization_runtime.s3.file_record import FileRecord

__all__ = [
    "SCHEMA_VERSION",
    "AdviceReason",
    "AdviceSection",
    "ApprovalSection",
    "BaselineFigures",
    "BaselineSection",
    "ConfusionMatrix",
    "CostItem",
    "CurvePoint",
    "CustomModelSection",
    "CustomizationSection",
    "DecisionSection",
    "DeploymentSection",
    "DiagnosisSection",
    "EnrichmentRecord",
    "EstimateSection",
    "EvaluationSection",
    "Example",
    "FailureSection",
    "FileRecord",
    "Finding",
    "ImportFinding",
    "ImportJob",
    "ImportSection",
    "ImportedFile",
    "JudgePreference",
    "JudgeScore",
    "JudgeSection",
    "LinkSection",
    "Manifest",
    "MetricComparison",
    "ModelCopySection",
    "ModelFigures",
    "PreflightCheck",
    "PreparationSection",
    "RefusalSection",
    "RuleVerdict",
    "RunSection",
    "SideTokens",
    "SparkUse",
    "SweepCandidate",
    "SweepSection",
    "UseCaseSection",
    "begin",
    "digest_of",
    "find",
    "json_schema",
    "load",
    "load_version",
    "update",
]
