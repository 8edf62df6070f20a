"""Constructs that customize foundation models on Amazon Bedrock."""

from bedrock_customization.base_model import BaseModel
from bedrock_customization.dataset import DataSplit, RecordTemplate, Sharding
from bedrock_customization.enrichment import Enrichment
from bedrock_customization.method import (
    ContinuedPretraining,
    Distillation,
    EarlyStopping,
    FineTuning,
    ReinforcementFineTuning,
)
from bedrock_customization.phases.customization import ModelCustomization
from bedrock_customization.phases.deployment import CandidateRemoval, ModelDeployment
from bedrock_customization.phases.evaluation import ModelEvaluation
from bedrock_customization.phases.preparation import DataPreparation
from bedrock_customization.phases.promotion import PromotionGate
from bedrock_customization.phases.run_start import RunStart
from bedrock_customization.pipeline import CustomizationPipeline
from bedrock_customization.service_role import JobKind, ServiceRole
from bedrock_customization.stack import CustomizationStack
from bedrock_customization.storage import CustomizationStorage
from bedrock_customization.sweep import Sweep
from bedrock_customization_runtime.contract import EnrichmentTask, MetricName

__all__ = [
    "BaseModel",
    "CandidateRemoval",
    "ContinuedPretraining",
    "CustomizationPipeline",
    "CustomizationStack",
    "CustomizationStorage",
    "DataPreparation",
    "DataSplit",
    "Distillation",
    "EarlyStopping",
    "Enrichment",
    "EnrichmentTask",
    "FineTuning",
    "JobKind",
    "MetricName",
    "ModelCustomization",
    "ModelDeployment",
    "ModelEvaluation",
    "PromotionGate",
    "RecordTemplate",
    "ReinforcementFineTuning",
    "RunStart",
    "ServiceRole",
    "Sharding",
    "Sweep",
]
