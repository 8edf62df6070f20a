"""Names that stand in templates: functions, errors, metrics, prefixes, tags of requests."""

from enum import StrEnum


class Handler(StrEnum):
    """The functions, by module name below `bedrock_customization_runtime.handlers`."""

    START_RUN = "start_run"
    ENRICH_DATA = "enrich_data"
    PREPARE_DATA = "prepare_data"
    CUSTOMIZE_MODEL = "customize_model"
    GRADE_ANSWERS = "grade_answers"
    STOP_JOB = "stop_job"
    ANSWER_QUESTIONS = "answer_questions"
    COMPARE_ANSWERS = "compare_answers"
    JUDGE_ANSWERS = "judge_answers"
    DECIDE_PROMOTION = "decide_promotion"
    PROMOTE_MODEL = "promote_model"
    REMOVE_DEPLOYMENT = "remove_deployment"
    RECORD_RUN = "record_run"
    CONFIGURE_LOGGING = "configure_logging"


MEDIA_PREFIX = "media"
"""Prefix in the data bucket of the images, videos and documents that records name: the only ones
that a job may read."""


SCRATCH_PREFIX = "scratch"
"""Prefix in the data bucket of what only the steps of one preparation read, and which expires."""


PURPOSE = "bedrock-customization:purpose"
"""Key of the request metadata of our own invocations: their logs are no training data."""


class MetricName(StrEnum):
    """What may decide: the metrics of `evaluation.metrics`, by name (a test pairs them)."""

    ACCURACY = "accuracy"
    TOKEN_F1 = "token_f1"  # noqa: S105 - a metric, no secret
    ANSWERED = "answered"


METRIC_NAMESPACE = "BedrockCustomization"
"""Of the metrics in CloudWatch (`TrainingMetric`)."""


class TrainingMetric(StrEnum):
    """Metrics of a customization job: dimensions `Pipeline`, and `Pipeline` with `Job`."""

    TRAINING_LOSS = "TrainingLoss"
    VALIDATION_LOSS = "ValidationLoss"


class ErrorName(StrEnum):
    """Error names that states retry or catch; each is a class of `errors` (a test pairs them)."""

    DEPLOYMENT_BUSY = "DeploymentBusy"
    DEPLOYMENT_FAILED = "DeploymentFailed"
    CUSTOMIZATION_FAILED = "CustomizationFailed"
    CUSTOMIZATION_STOPPED = "CustomizationStopped"
    CUSTOMIZATION_STALLED = "CustomizationStalled"
    CUSTOMIZATION_TIMED_OUT = "CustomizationTimedOut"
    CUSTOMIZATION_STOPPED_EARLY = "CustomizationStoppedEarly"


TEACHER = "teacher"
"""Name of the model that answers what the blind set has no reference for: prompts alone."""
