"""The errors a person or a state machine can meet. A class's name is its Step Functions error name.

::

    CustomizationError
    ├── InvalidInput          the execution input, or what a handler was asked, makes no sense
    ├── DatasetRejected       the data break a rule of the base model; nothing was paid
    ├── SourceChanged         an object was overwritten while it was read
    ├── TuningNotNeeded       the base model already meets the target; no job was paid
    ├── BudgetExceeded        the estimate is above the limit, or cannot be made; nothing was paid
    ├── BaseModelUnavailable  Bedrock does not offer the base model here and now; nothing was paid
    ├── JudgeUnavailable      Bedrock does not offer the judge here and now; nothing was paid
    ├── QuotaExhausted        the account has no room for another custom model; nothing was paid
    ├── RoleNotAssumable      Bedrock cannot assume the service role; nothing was paid
    ├── ModelSourceRefused    the model's source is not there, or may not be read
    ├── ModelSourceUnavailable  the model's source does not answer now; try again later
    ├── ModelRejected         the model breaks a rule of Custom Model Import; nothing was copied
    ├── ModelCorrupted        a copied file is not the one its source lists
    ├── ImportFailed          the import job ended as Failed, or ran for too long
    ├── EnrichmentFailed      the model that enriches cannot be asked
    ├── BudgetReached         enriching more could cost more than allowed
    ├── CustomizationFailed   the job ended as Failed, or its model did
    │   └── CustomizationStopped  somebody stopped the job
    ├── CustomizationStalled  the job made no progress for too long and was stopped
    ├── CustomizationTimedOut the job ran for longer than it may and was stopped
    ├── GradingFailed         the judge that gives rewards cannot be asked
    ├── CustomizationStoppedEarly  the job's validation loss had turned and it was stopped
    ├── DeploymentFailed      the deployment ended as Failed
    ├── SmokeTestFailed       the deployment does not answer; it never went live
    ├── DeploymentBusy        the deployment is changing; try again later
    ├── EvaluationFailed      the answers cannot be compared
    ├── JudgeFailed           too many judgements are missing or invalid, or a judge's job failed
    ├── PromotionConflict     another run moved the alias first
    ├── AliasNotWritten       the alias does not follow its record yet; try again
    ├── ManifestConflict      another writer changed the run's manifest
    └── LoggingConfiguredElsewhere  model invocation logging is another team's

Messages name the field, the value, what is allowed and what to do. They never quote records.
"""


class CustomizationError(Exception):
    """Base of every error this library raises at run time."""


class InvalidInput(CustomizationError):
    """The execution input, or what a handler was asked, makes no sense."""


class DatasetRejected(CustomizationError):
    """The data break a rule of the base model; nothing was paid."""


class SourceChanged(CustomizationError):
    """An object was overwritten while it was read."""


class TuningNotNeeded(CustomizationError):
    """The base model already meets the target; no job was paid."""


class BudgetExceeded(CustomizationError):
    """The estimate is above the limit, or cannot be made; nothing was paid."""


class BaseModelUnavailable(CustomizationError):
    """Bedrock does not offer the base model here and now; nothing was paid."""


class JudgeUnavailable(CustomizationError):
    """Bedrock does not offer the judge here and now; nothing was paid."""


class QuotaExhausted(CustomizationError):
    """The account has no room for another custom model; nothing was paid."""


class RoleNotAssumable(CustomizationError):
    """Bedrock cannot assume the service role of jobs; nothing was paid."""


class ModelSourceRefused(CustomizationError):
    """The model's source is not there, or may not be read; asking again changes nothing."""


class ModelSourceUnavailable(CustomizationError):
    """The model's source does not answer now; the same request may fit later."""


class ModelRejected(CustomizationError):
    """The model breaks a rule of Custom Model Import; nothing was copied."""


class ModelCorrupted(CustomizationError):
    """A file is not the one that its source lists; the copy was removed."""


class ImportFailed(CustomizationError):
    """The import job ended as Failed, or ran for too long."""


class EnrichmentFailed(CustomizationError):
    """The model that enriches cannot be asked, or a call's time is too short for it."""


class BudgetReached(CustomizationError):
    """Enriching more records could cost more than allowed; what was paid for is kept."""


class CustomizationFailed(CustomizationError):
    """The customization job ended as Failed, or its model did."""


class CustomizationStopped(CustomizationFailed):
    """Somebody stopped the customization job: it has no model, and is charged for what it did."""


class CustomizationStalled(CustomizationError):
    """The customization job made no progress for too long and was stopped."""


class CustomizationTimedOut(CustomizationError):
    """The customization job ran for longer than it may and was stopped."""


class GradingFailed(CustomizationError):
    """The judge that gives rewards cannot be asked; no answer was graded."""


class CustomizationStoppedEarly(CustomizationError):
    """The job's validation loss had turned, and it was stopped as asked for."""


class DeploymentFailed(CustomizationError):
    """The deployment ended as Failed."""


class SmokeTestFailed(CustomizationError):
    """The candidate's deployment does not answer; it never went live."""


class DeploymentBusy(CustomizationError):
    """The deployment is changing; the same request fits later."""


class EvaluationFailed(CustomizationError):
    """The answers cannot be compared."""


class JudgeFailed(CustomizationError):
    """A judge's job failed, or too many of its judgements are missing or invalid."""


class PromotionConflict(CustomizationError):
    """Another run moved the alias first; the alias was not touched."""


class AliasNotWritten(CustomizationError):
    """The parameter that consumers read is behind its record; the same request mends it."""


class ManifestConflict(CustomizationError):
    """Another writer changed the run's manifest; nothing was written."""


class LoggingConfiguredElsewhere(CustomizationError):
    """Model invocation logging is configured by somebody else; nothing was changed."""
