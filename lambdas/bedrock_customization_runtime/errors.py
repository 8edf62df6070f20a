"""The errors a person or a state machine can meet. A class's name is its Step Functions error name.

Messages name the field, the value, what is allowed and what to do; they never quote records. What
helps whatever the message says is the class's `remedy`. docs/errors.md lists all of them.
"""

from types import MappingProxyType
from typing import ClassVar


class CustomizationError(Exception):
    """Base of every error this library raises at run time.

    Attributes:
        remedy: What to do about it, for people.
    """

    remedy: ClassVar[str]


class InvalidInput(CustomizationError):
    """The run's input, or what a handler was asked, makes no sense."""

    remedy = "mend what the message names and start again"


class DatasetRejected(CustomizationError):
    """The data break a rule of the base model; nothing was paid."""

    remedy = "the report lists the broken rules: mend the data and start again"


class SourceChanged(CustomizationError):
    """An object was overwritten while it was read."""

    remedy = "start again when nothing is uploaded any more"


class TuningNotNeeded(CustomizationError):
    """The base model already meets the target; no job was paid."""

    remedy = "use the base model as it is, or raise the target"


class BudgetExceeded(CustomizationError):
    """The estimate is above the limit, or cannot be made; nothing was paid."""

    remedy = "raise `max_cost_usd`, train fewer epochs or on fewer records, or allow unknown prices"


class BaseModelUnavailable(CustomizationError):
    """Bedrock does not offer the base model here and now; nothing was paid."""

    remedy = "ask for access, or choose another base model or Region"


class JudgeUnavailable(CustomizationError):
    """Bedrock does not offer the judge here and now; nothing was paid."""

    remedy = "ask for access to the judge, or choose another"


class QuotaExhausted(CustomizationError):
    """The account has no room for another custom model; nothing was paid."""

    remedy = "delete models that nobody uses, or ask Service Quotas for more, then redrive the run"


class RoleNotAssumable(CustomizationError):
    """Bedrock cannot assume the service role of jobs; nothing was paid."""

    remedy = (
        "deploy the stack again, or mend the trust policy of a role of your own, then "
        "redrive the run"
    )


class ModelSourceRefused(CustomizationError):
    """The model's source is not there, or may not be read; asking again changes nothing."""

    remedy = (
        "mend the name, the revision or the right to read that the message names, then redrive "
        "the run"
    )


class ModelSourceUnavailable(CustomizationError):
    """The model's source does not answer now; the same request may fit later."""

    remedy = "redrive the run later: what was copied is kept"


class ModelRejected(CustomizationError):
    """The model breaks a rule of Custom Model Import; nothing was copied."""

    remedy = "mend the folder as the findings say (docs/import-rules.md) and start again"


class ModelCorrupted(CustomizationError):
    """A file is not the one that its source lists; the copy was removed."""

    remedy = "redrive the run: the file is copied anew"


class ImportFailed(CustomizationError):
    """The import job ended as Failed, or ran for too long."""

    remedy = "the message is Bedrock's own: mend its cause and start again"


class CopyFailed(CustomizationError):
    """The model cannot be copied here, its copy job ended as Failed, or it ran for too long."""

    remedy = (
        "mend what the message names: how the model is shared, its keys, the Region; then redrive "
        "the run"
    )


class EnrichmentFailed(CustomizationError):
    """The model that enriches cannot be asked, or a call's time is too short for it."""

    remedy = "mend access, Region or quota of the model, then redrive the run"


class BudgetReached(CustomizationError):
    """Enriching more records could cost more than allowed; what was paid for is kept."""

    remedy = "raise `max_cost_usd`, or enrich fewer records"


class CustomizationFailed(CustomizationError):
    """The customization job ended as Failed, or its model did."""

    remedy = (
        "the report holds the job's own message and hyperparameters: mend their cause "
        "and start again"
    )


class CustomizationStopped(CustomizationFailed):
    """Somebody stopped the customization job: it has no model, and is charged for what it did."""

    remedy = "redrive the run if the job shall be done all the same"


class CustomizationStalled(CustomizationError):
    """The customization job made no progress for too long and was stopped."""

    remedy = "redrive the run later, or start it in another Region"


class CustomizationTimedOut(CustomizationError):
    """The customization job ran for longer than it may and was stopped."""

    remedy = "raise `timeout`, train fewer epochs, or give fewer records"


class GradingFailed(CustomizationError):
    """The judge that gives rewards cannot be asked; no answer was graded."""

    remedy = "mend access or quota of the judge, or take another"


class CustomizationStoppedEarly(CustomizationError):
    """The job's validation loss had turned, and it was stopped as asked for."""

    remedy = "train fewer epochs or with a lower learning rate, or allow more patience"


class DeploymentFailed(CustomizationError):
    """The deployment ended as Failed."""

    remedy = "the report holds the deployment's message; nothing was promoted: redrive the run"


class SmokeTestFailed(CustomizationError):
    """The candidate's deployment does not answer; it never went live."""

    remedy = "redrive the run if Bedrock was at fault; else look at the training set and its losses"


class DeploymentBusy(CustomizationError):
    """The deployment is changing; the same request fits later."""

    remedy = "ask again in a minute; a run does so by itself"


class EvaluationFailed(CustomizationError):
    """The answers cannot be compared."""

    remedy = "mend what the message names and redrive the run; nothing was promoted"


class JudgeFailed(CustomizationError):
    """A judge's job failed, or too many of its judgements are missing or invalid."""

    remedy = "mend what the message names and start again, or take another judge"


class PromotionConflict(CustomizationError):
    """Another run moved the alias first; the alias was not touched."""

    remedy = "compare the two candidates and start again"


class AliasNotWritten(CustomizationError):
    """The parameter that consumers read is behind its record; the same request mends it."""

    remedy = "redrive the run"


class ManifestConflict(CustomizationError):
    """Another writer changed the run's manifest; nothing was written."""

    remedy = "redrive the run, or start it under another name if the manifest is another run's"


class LineageBroken(CustomizationError):
    """The newest version of the run's manifest is not what a phase of the run has signed."""

    remedy = (
        "find out who wrote it: `bedrock-customization verify` says which version does not hold"
    )


class LoggingConfiguredElsewhere(CustomizationError):
    """Model invocation logging is configured by somebody else; nothing was changed."""

    remedy = "agree with its owner, who can deliver to this pipeline's data bucket too"


STEP_FUNCTIONS_ERRORS = MappingProxyType(
    {
        "States.Timeout": "the state took longer than it may: give fewer records",
        "States.DataLimitExceeded": "a state returned more than 256 KiB: keep records in S3",
    }
)
"""What to do about errors of Step Functions itself that a run can end with."""


def remedy_of(error: str) -> str | None:
    """Return what to do about an error that ended a run, None where that depends on its cause.

    Args:
        error: Its Step Functions error name.
    """
    remedy: str | None = getattr(globals().get(error), "remedy", None)
    return remedy or STEP_FUNCTIONS_ERRORS.get(error)
