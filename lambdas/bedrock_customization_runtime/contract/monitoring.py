"""Metrics in CloudWatch that the functions write into their logs, and what they are measured in."""

from enum import StrEnum
from types import MappingProxyType


class RunMetric(StrEnum):
    """Metrics of runs, under the dimension `Pipeline`: the state machine's name."""

    RECORDS_READ = "RecordsRead"
    """Of the raw data, once a run has ended; likewise the next."""
    RECORDS_REJECTED = "RecordsRejected"
    """Records that broke a rule and were left out."""
    SCORE = "Score"
    """Of the candidate on the blind set, by the primary metric."""
    SCORE_DIFFERENCE = "ScoreDifference"
    """The candidate's score less that of what is live, or of the base model before anything is."""
    ESTIMATED_COST = "EstimatedCost"
    """US dollars of a run, as far as prices are known, when its jobs are let start."""
    RUN_TIME = "RunTime"
    TRAINING_TIME = "TrainingTime"
    """Of the customization job."""
    JOB_AGE = "JobAge"
    """How long a running job was waited for; likewise the next."""
    JOB_IDLE_TIME = "JobIdleTime"
    """How long a running job made no progress."""
    MODEL_UNITS = "ModelUnits"
    """Model units of provisioned throughput that are billed now; likewise the next two."""
    IDLE_MODEL_UNITS = "IdleModelUnits"
    """Of throughput that nobody invoked in the last hour."""
    THROUGHPUT_OVERDUE = "ThroughputOverdue"
    """How long ago the end of a throughput was that is still there; 0 where none is overdue."""


class StageMetric(StrEnum):
    """Metrics of functions, under `Pipeline` and `Stage`: the value of `Handler`."""

    DURATION = "StageTime"
    """Of one invocation."""


UNITS = MappingProxyType(
    {
        RunMetric.RECORDS_READ: "Count",
        RunMetric.RECORDS_REJECTED: "Count",
        RunMetric.SCORE: "None",
        RunMetric.SCORE_DIFFERENCE: "None",
        RunMetric.ESTIMATED_COST: "None",
        RunMetric.RUN_TIME: "Seconds",
        RunMetric.TRAINING_TIME: "Seconds",
        RunMetric.JOB_AGE: "Seconds",
        RunMetric.JOB_IDLE_TIME: "Seconds",
        RunMetric.MODEL_UNITS: "Count",
        RunMetric.IDLE_MODEL_UNITS: "Count",
        RunMetric.THROUGHPUT_OVERDUE: "Seconds",
        StageMetric.DURATION: "Milliseconds",
    }
)
"""Of each metric, as CloudWatch calls them."""
