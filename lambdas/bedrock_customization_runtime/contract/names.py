"""Names that stand in templates: functions, errors, metrics, prefixes, tags of requests."""

from enum import StrEnum


class Handler(StrEnum):
    """The functions, by module name below `bedrock_customization_runtime.handlers`."""

    REQUEST_RUN = "request_run"
    START_QUEUED_RUN = "start_queued_run"
    START_RUN = "start_run"
    ENRICH_DATA = "enrich_data"
    PREPARE_DATA = "prepare_data"
    MEASURE_BASELINE = "measure_baseline"
    CUSTOMIZE_MODEL = "customize_model"
    CREATE_CUSTOM_MODEL = "create_custom_model"
    COPY_MODEL = "copy_model"
    IMPORT_MODEL = "import_model"
    GRADE_ANSWERS = "grade_answers"
    STOP_JOB = "stop_job"
    ANSWER_QUESTIONS = "answer_questions"
    COMPARE_ANSWERS = "compare_answers"
    JUDGE_ANSWERS = "judge_answers"
    DECIDE_PROMOTION = "decide_promotion"
    REQUEST_APPROVAL = "request_approval"
    DECIDE_APPROVAL = "decide_approval"
    PROMOTE_MODEL = "promote_model"
    SMOKE_TEST = "smoke_test"
    REMOVE_DEPLOYMENT = "remove_deployment"
    CLEAN_UP_RUN = "clean_up_run"
    EXPIRE_THROUGHPUTS = "expire_throughputs"
    KEEP_HOUSE = "keep_house"
    RECORD_RUN = "record_run"
    CONFIGURE_LOGGING = "configure_logging"


class DeploymentKind(StrEnum):
    """How a custom model is made to answer."""

    ON_DEMAND = "on-demand"
    """CreateCustomModelDeployment: billed by the token."""
    PROVISIONED_THROUGHPUT = "provisioned-throughput"
    """CreateProvisionedModelThroughput: billed by the hour until it is deleted."""
    IMPORTED_MODEL = "imported-model"
    """CreateModelImportJob: billed by the minutes in which copies of the model are loaded."""


PIPELINE_TAG = "bedrock-customization:pipeline"
"""Key of the tag by which what a pipeline makes, and costs, is known."""
RUN_TAG = "bedrock-customization:run"
"""Key of the tag by which what a run made is known: the run's key."""
EXPIRY_TAG = "bedrock-customization:expires-at"
"""Key of the tag of a provisioned throughput: when it is deleted, ISO 8601 in UTC."""
NOTICE_TAG = "bedrock-customization:expiry-notified"
"""Key of the tag of a provisioned throughput whose end people were told of: the end, likewise."""


MEDIA_PREFIX = "media"
"""Prefix in the data bucket of the images, videos and documents that records name: the only ones
that a job may read."""


SIGNING_KEY_VARIABLE = "MANIFEST_SIGNING_KEY"
"""Environment variable of functions: ARN of the key that signs the manifests they write."""

SCRATCH_PREFIX = "scratch"
"""Prefix in the data bucket of what only the steps of one preparation read, and which expires."""


SUBJECT = "Bedrock model"
"""With which the subject of every notification begins, whatever kind of run it is of."""


PURPOSE = "bedrock-customization:purpose"
"""Key of the request metadata of our own invocations: their logs are no training data."""


class MetricName(StrEnum):
    """What may decide: the metrics of `evaluation.metrics`, by name (a test pairs them)."""

    ACCURACY = "accuracy"
    MACRO_F1 = "macro_f1"
    JSON_EQUALITY = "json_equality"
    SQL_EQUALITY = "sql_equality"
    EXECUTION_ACCURACY = "execution_accuracy"
    TOKEN_F1 = "token_f1"  # noqa: S105 - a metric, no secret
    ROUGE_1 = "rouge_1"
    ROUGE_2 = "rouge_2"
    ROUGE_L = "rouge_l"
    BLEU = "bleu"
    CHRF = "chrf"
    ANSWERED = "answered"


METRIC_NAMESPACE = "BedrockCustomization"
"""Of the metrics in CloudWatch (`TrainingMetric`)."""


class GateRule(StrEnum):
    """What a gate holds a candidate against, by the name of its parameter where it has one."""

    CONTAMINATION = "contamination"
    MINIMUM_IMPROVEMENT = "min_improvement"
    SIGNIFICANCE = "significance"
    NO_REGRESSION_ON = "no_regression_on"
    MAXIMUM_USD_PER_1K = "max_usd_per_1k"
    NOT_WORSE_THAN_LIVE = "not_worse_than_live"
    MINIMUM_JUDGE_IMPROVEMENT = "min_judge_improvement"
    MINIMUM_JUDGE_WIN_RATE = "min_judge_win_rate"
    DECIDED_ELSEWHERE = "decided_elsewhere"
    """Of a copy, in the place of all others."""


class Outcome(StrEnum):
    """How a run ends that came to a decision; one that failed ends with the error's name."""

    PROMOTED = "Promoted"
    GATE_REFUSED = "GateRefused"
    APPROVAL_REJECTED = "ApprovalRejected"
    APPROVAL_EXPIRED = "ApprovalExpired"


class TrainingMetric(StrEnum):
    """Metrics of a customization job: dimensions `Pipeline`, and `Pipeline` with `Job`."""

    TRAINING_LOSS = "TrainingLoss"
    VALIDATION_LOSS = "ValidationLoss"


class HousekeepingMetric(StrEnum):
    """Metrics of a round of housekeeping: dimension `Pipeline`."""

    FOUND = "HousekeepingFound"
    """What was left, idle throughput included."""
    REMOVED = "HousekeepingRemoved"
    FAILED = "HousekeepingFailed"
    """What could not be taken away, or not be looked at."""
    IDLE_THROUGHPUTS = "IdleThroughputs"


class ErrorName(StrEnum):
    """Names of errors that states and reports look for; a test pairs each with its class."""

    ALIAS_NOT_WRITTEN = "AliasNotWritten"
    TUNING_NOT_NEEDED = "TuningNotNeeded"
    DEPLOYMENT_BUSY = "DeploymentBusy"
    DEPLOYMENT_FAILED = "DeploymentFailed"
    CUSTOMIZATION_FAILED = "CustomizationFailed"
    CUSTOMIZATION_STOPPED = "CustomizationStopped"
    CUSTOMIZATION_STALLED = "CustomizationStalled"
    CUSTOMIZATION_TIMED_OUT = "CustomizationTimedOut"
    CUSTOMIZATION_STOPPED_EARLY = "CustomizationStoppedEarly"
    MANIFEST_CONFLICT = "ManifestConflict"
    IMPORT_FAILED = "ImportFailed"
    COPY_FAILED = "CopyFailed"
    MODEL_SOURCE_UNAVAILABLE = "ModelSourceUnavailable"


BASE = "base"
"""Name of the base model among the models that answer, asked without examples."""
CANDIDATE = "candidate"
"""Name of the run's own model: what the gate decides on."""
FEW_SHOT = "few_shot"
"""Name of the base model where examples stand before each question."""
LIVE = "live"
"""Name of the model that was in production before the run."""
TEACHER = "teacher"
"""Name of the model that answers what the blind set has no reference for: prompts alone."""
