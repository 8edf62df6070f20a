"""Constructs that customize foundation models on Amazon Bedrock."""

from typing import TYPE_CHECKING

from bedrock_customization.alias import Alias
from bedrock_customization.approval import Approval
from bedrock_customization.base_model import BaseModel
from bedrock_customization.budget import CustomizationBudget
from bedrock_customization.customization_network import CustomizationNetwork
from bedrock_customization.dataset import DataSplit, RecordTemplate, Sharding, Spark
from bedrock_customization.deployment_kinds import OnDemand, ProvisionedThroughput
from bedrock_customization.enrichment import Enrichment
from bedrock_customization.gate import Gate
from bedrock_customization.grader import Grader
from bedrock_customization.housekeeping import Housekeeping
from bedrock_customization.invocation_logging import InvocationLogging
from bedrock_customization.invocation_logs import InvocationLogs, LogBucket, RequestMetadata
from bedrock_customization.judge import Judge, JudgeCriterion
from bedrock_customization.method import (
    ContinuedPretraining,
    Distillation,
    EarlyStopping,
    FineTuning,
    ReinforcementFineTuning,
)
from bedrock_customization.metric import ExecutionAccuracy, LambdaMetric
from bedrock_customization.model_copy_pipeline import ModelCopyPipeline
from bedrock_customization.model_import_pipeline import ModelImportPipeline
from bedrock_customization.model_source import (
    HuggingFaceModel,
    ModelStaging,
    S3Model,
    SageMakerModel,
)
from bedrock_customization.monitoring import Monitoring
from bedrock_customization.network import JobNetwork
from bedrock_customization.nova_source import SageMakerNovaModel
from bedrock_customization.phases.approval import ApprovalStep
from bedrock_customization.phases.baseline import BaselineMeasurement
from bedrock_customization.phases.custom_model_creation import CustomModelCreation
from bedrock_customization.phases.customization import ModelCustomization
from bedrock_customization.phases.deployment import CandidateRemoval, ModelDeployment
from bedrock_customization.phases.evaluation import ModelEvaluation
from bedrock_customization.phases.model_copy import ModelCopy
from bedrock_customization.phases.model_import import ModelImport
from bedrock_customization.phases.preparation import DataPreparation
from bedrock_customization.phases.promotion import PromotionGate
from bedrock_customization.phases.run_cleanup import RunCleanup
from bedrock_customization.phases.run_start import RunStart
from bedrock_customization.phases.throughput_expiry import ThroughputExpiry
from bedrock_customization.pipeline import CustomizationPipeline
from bedrock_customization.regulation import Regulation
from bedrock_customization.reward import (
    ExactMatch,
    JsonEquality,
    JudgeModel,
    NumericTolerance,
    RegularExpression,
    SqlEquality,
)
from bedrock_customization.service_role import JobKind, ServiceRole
from bedrock_customization.stack import CustomizationStack
from bedrock_customization.storage import CustomizationStorage
from bedrock_customization.sweep import Sweep
from bedrock_customization.triggers import NewData, RunTriggers
from bedrock_customization.use_case import UseCase
from bedrock_customization_runtime.contract import (
    EnrichmentTask,
    JudgeMetric,
    KnowledgeChanges,
    MetricName,
    RunKind,
)
from bedrock_customization_runtime.contract.grading import SqlDialect

if TYPE_CHECKING:
    from bedrock_customization.big_data import BigDataPreparation
    from bedrock_customization.checks import BedrockCustomizationChecks

__all__ = [
    "Alias",
    "Approval",
    "ApprovalStep",
    "BaseModel",
    "BaselineMeasurement",
    "BedrockCustomizationChecks",
    "BigDataPreparation",
    "CandidateRemoval",
    "ContinuedPretraining",
    "CustomModelCreation",
    "CustomizationBudget",
    "CustomizationNetwork",
    "CustomizationPipeline",
    "CustomizationStack",
    "CustomizationStorage",
    "DataPreparation",
    "DataSplit",
    "Distillation",
    "EarlyStopping",
    "Enrichment",
    "EnrichmentTask",
    "ExactMatch",
    "ExecutionAccuracy",
    "FineTuning",
    "Gate",
    "Grader",
    "Housekeeping",
    "HuggingFaceModel",
    "InvocationLogging",
    "InvocationLogs",
    "JobKind",
    "JobNetwork",
    "JsonEquality",
    "Judge",
    "JudgeCriterion",
    "JudgeMetric",
    "JudgeModel",
    "KnowledgeChanges",
    "LambdaMetric",
    "LogBucket",
    "MetricName",
    "ModelCopy",
    "ModelCopyPipeline",
    "ModelCustomization",
    "ModelDeployment",
    "ModelEvaluation",
    "ModelImport",
    "ModelImportPipeline",
    "ModelStaging",
    "Monitoring",
    "NewData",
    "NumericTolerance",
    "OnDemand",
    "PromotionGate",
    "ProvisionedThroughput",
    "RecordTemplate",
    "RegularExpression",
    "Regulation",
    "ReinforcementFineTuning",
    "RequestMetadata",
    "RunCleanup",
    "RunKind",
    "RunStart",
    "RunTriggers",
    "S3Model",
    "SageMakerModel",
    "SageMakerNovaModel",
    "ServiceRole",
    "Sharding",
    "Spark",
    "SqlDialect",
    "SqlEquality",
    "Sweep",
    "ThroughputExpiry",
    "UseCase",
]


def __getattr__(name: str) -> object:
    """Import what is optional when somebody asks for it: the rule pack, which needs cdk-nag."""
    if name == "BedrockCustomizationChecks":
        from bedrock_customization.checks import (  # noqa: PLC0415 - it imports cdk-nag
            BedrockCustomizationChecks,
        )

        return BedrockCustomizationChecks
    if name == "BigDataPreparation":
        # Every synth would pay for the resources of EMR Serverless.
        from bedrock_customization.big_data import BigDataPreparation  # noqa: PLC0415

        return BigDataPreparation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}: __all__ lists all")
