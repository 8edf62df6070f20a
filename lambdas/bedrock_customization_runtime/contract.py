"""Names that the state machine and the handlers share: handlers, states' inputs and outputs.

The constructs import this module at synth and the handlers at run time, so it uses only the
standard library. Every value that travels between states is one of the `TypedDict`s here: URIs,
ids and counts, never records. What is absent has no key, because CDK leaves nulls out. The state
machine keeps each under a variable of the same name (`$run`, `$enrichment`, `$preparation`,
`$proposal`, `$customization`, `$deployment`, `$evaluation`, `$decision`, `$failure`).
"""

from enum import StrEnum
from typing import Literal, NotRequired, TypedDict, final


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
    DECIDE_PROMOTION = "decide_promotion"
    PROMOTE_MODEL = "promote_model"
    REMOVE_DEPLOYMENT = "remove_deployment"
    RECORD_RUN = "record_run"
    CONFIGURE_LOGGING = "configure_logging"


class LoggingAction(StrEnum):
    """What `configure_logging` does with the account's model invocation logging."""

    TURN_ON = "turn-on"
    TURN_OFF = "turn-off"
    SHOW = "show"


class PreparationStep(StrEnum):
    """What `prepare_data` does at a time where a source is prepared in shards."""

    PLAN = "plan"
    EXAMINE_SHARD = "examine-shard"
    GATHER = "gather"
    SIGN_SHARD = "sign-shard"
    COMPARE_BUCKET = "compare-bucket"
    DECIDE = "decide"
    DIVIDE_SHARD = "divide-shard"
    FINISH = "finish"


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


class EnrichmentTask(StrEnum):
    """What a model is asked to do with records."""

    COMPLETE = "complete"
    """Draft the answers that are missing."""
    REWRITE = "rewrite"
    """Write the answers that are there anew."""
    SCORE = "score"
    """Grade the answers from 1 to 5; records below `minimum_score` are rejected."""


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


class Names(TypedDict):
    """Bedrock names of one run, derived from its execution by `names.names_of`."""

    deployment: str


class Run(TypedDict):
    """One execution of the pipeline (`$run`), as "Start run" returns it."""

    id: str
    """The execution's name."""
    key: str
    """The id as S3 keys and tags take it."""
    execution_arn: str
    source: str
    """S3 URI of the raw data."""
    data: str
    """S3 URI prefix of the run in the data bucket, without a trailing slash; so the next two."""
    blind: str
    artifacts: str
    manifest: str
    """S3 URI of the run's manifest."""
    names: Names
    tokens: Names
    """Client request tokens, one for each name."""
    hyperparameters: dict[str, str]
    """Of the execution's input."""


class RecordTemplate(TypedDict):
    """How a row of columns becomes a record; `{column}` stands for a column's value."""

    prompt: str
    completion: str
    system: NotRequired[str]
    group_by: NotRequired[str]
    """Column whose equal values must stay on one side of the split."""
    stratify_by: NotRequired[str]
    """Column whose values are spread over the sides in equal shares."""


class Split(TypedDict):
    """Shares of the accepted records, each in (0, 1); the rest is for training."""

    validation: float
    test: float
    seed: int


class MetadataCondition(TypedDict, total=False):
    """One of two, with one key and its value: as Bedrock's API spells it, like the next."""

    equals: dict[str, str]
    notEquals: dict[str, str]


class MetadataFilters(MetadataCondition, total=False):
    """Exactly one of four (`catalog.request_metadata` checks it)."""

    andAll: list[MetadataCondition]
    orAll: list[MetadataCondition]


class LogsPlan(TypedDict):
    """Which invocation logs a student learns from, if the data are logs."""

    teacher: str
    use_prompt_response: bool
    """Whether logged answers are learned, which must be the teacher's; else it answers anew."""
    request_metadata_filters: NotRequired[MetadataFilters]


class EnrichmentPlan(TypedDict):
    """What a model adds to the records before they are prepared."""

    task: str
    """Value of `EnrichmentTask`."""
    model: str
    """What `modelId` of Converse takes."""
    instructions: NotRequired[str]
    """Further words for the model."""
    maximum_tokens: int
    """Of an answer."""
    maximum_cost_usd: float
    """Of a run; reached, the run fails and what was paid for is kept."""
    minimum_score: int
    """From 1 to 5; counts where the task is to score."""
    input_usd_per_1k_tokens: NotRequired[float]
    """What the account pays, where the catalogue does not know it; likewise the next."""
    output_usd_per_1k_tokens: NotRequired[float]


class Enrichment(TypedDict):
    """What "Enrich data" returns (`$enrichment`); it is called again until `done`."""

    done: bool
    records: int
    """About which the model was asked so far."""
    cost_usd: float
    """Paid by this run so far."""


class Counts(TypedDict):
    """Records by what became of them."""

    read: int
    rejected: int
    omitted: int
    """Invocation logs that are no training data."""
    duplicates: int
    train: int
    validation: int
    test: int


class Preparation(TypedDict):
    """What "Prepare data" returns (`$preparation`)."""

    train: str
    """S3 URI of the training records in the base model's own format; likewise the next."""
    validation: str | None
    """None where the base model takes no validation set."""
    test: str
    """S3 URI of the blind set (`datasets.records.TestRecord`, one JSON object a line)."""
    report: str
    counts: Counts


class Job(TypedDict):
    """What "Plan customization" returns (`$job`): what the customization job is called."""

    name: str
    model: str
    """Name of the custom model."""
    token: str
    """Client request token."""
    hyperparameters: dict[str, str]


class SweepPlan(TypedDict):
    """Which hyperparameters a sweep tries."""

    candidates: list[dict[str, str]]
    """Of the first round."""
    rounds: int
    """At most."""
    candidates_per_round: int
    """Of the rounds after the first."""
    ranges: dict[str, list[float]]
    """Lowest and highest value by hyperparameter; empty where there is one round."""


class CandidateJob(Job):
    """A job of a sweep (`$job` within its Map)."""

    number: int
    """Of the candidate in the run, from 1."""


class Proposal(TypedDict):
    """What "Propose candidates" returns (`$proposal`); none is left where it is empty."""

    candidates: list[CandidateJob]


class CandidateOutcome(TypedDict):
    """What "Record candidate" returns; its record is in S3."""

    number: int
    status: str


class JobWatch(TypedDict):
    """What "Watch job" returns; it is asked again until `done`."""

    done: bool
    seconds: int
    """After which to look again."""
    waited_seconds: int
    """Since the first look, by the waits between looks."""
    idle_seconds: int
    """Since a phase of the job last moved, likewise."""
    progress: str
    """The job's phases; it moved if this has changed."""


class Customization(TypedDict):
    """What "Record customization" returns (`$customization`)."""

    job_arn: str
    model_arn: str
    model_status: Literal["Creating", "Active"]


class Deployment(TypedDict):
    """The candidate's deployment (`$deployment`)."""

    arn: str


TEACHER = "teacher"
"""Name of the model that answers what the blind set has no reference for: prompts alone."""


class EvaluatedModel(TypedDict):
    """A model that answers the blind set: `name` is "base", "tuned" or `TEACHER`."""

    name: str
    id: str
    """By which it is invoked."""


class Answers(TypedDict):
    """What "Answer blind questions" returns (`$answers`); it is asked again until `done`."""

    done: bool
    answered: int
    total: int
    prefix: str
    """S3 URI prefix in the blind bucket, without a trailing slash."""


class Evaluation(TypedDict):
    """What "Compare answers" returns (`$evaluation`): the primary metric, base against tuned."""

    report: str
    metric: str
    records: int
    base: float
    tuned: float
    difference: float
    interval: list[float]
    """Lower and upper end of the 95 % paired bootstrap interval of the difference."""
    p_value: float


class Gate(TypedDict):
    """What a candidate must show to be promoted."""

    minimum_improvement: float
    """The interval's lower end must exceed it, in units of the metric."""


class Decision(TypedDict):
    """What "Decide promotion" returns (`$decision`)."""

    promote: bool
    reasons: list[str]


class Failure(TypedDict):
    """What a Catch leaves (`$failure`)."""

    error: str
    """Of `$states.errorOutput`; likewise the next."""
    cause: str
    phase: str
    """In which it happened."""
    redrives: int
    """How often the execution had been redriven by then."""


class StartRunInput(TypedDict):
    """Event of `start_run`."""

    execution_arn: str
    execution_name: str
    input: object
    """The execution's input, unchecked: `{"source": "s3://…", "hyperparameters": {…}}`."""
    data_bucket: str
    blind_bucket: str
    artifacts_bucket: str
    logs: NotRequired[str]
    """S3 URI of where logs may lie beside the data bucket; a source may lie below it, too."""
    base_model: str
    parent: NotRequired[str]
    """ARN of the custom model that is customized further; so wherever it stands."""
    method: str
    """Value of `catalog.Method`; so wherever it stands."""
    hyperparameters: dict[str, str]
    """Of the construct; those of the input go over them."""


class EnrichDataInput(TypedDict):
    """Event of `enrich_data`."""

    run: Run
    base_model: str
    method: str
    template: NotRequired[RecordTemplate]
    enrichment: EnrichmentPlan
    logs: NotRequired[LogsPlan]


class PrepareDataInput(TypedDict):
    """Event of `prepare_data`."""

    run: Run
    base_model: str
    method: str
    template: NotRequired[RecordTemplate]
    """Absent where the source already holds records (prompt/completion or Converse JSONL)."""
    split: Split
    maximum_rejected: float
    """Share of the records read, in [0, 1], above which the data set as a whole is refused."""
    privacy: NotRequired[Literal["off", "flag", "mask", "reject"]]
    """What becomes of records with personal data or secrets; "flag" where it is absent."""
    enrichment: NotRequired[EnrichmentPlan]
    """What "Enrich data" has done before."""
    logs: NotRequired[LogsPlan]
    """Of distillation; elsewhere all logs are learned from, with their answers."""


class ShardingLimits(TypedDict):
    """How a source is prepared in shards."""

    shard_bytes: int
    above_bytes: int
    """A source of at most so many bytes is prepared by one function."""


class PlanPreparationInput(TypedDict):
    """Event of `prepare_data` for `PreparationStep.PLAN`."""

    step: Literal[PreparationStep.PLAN]
    preparation: PrepareDataInput
    """What is prepared, in one way or the other."""
    sharding: ShardingLimits


class PreparationPlan(TypedDict):
    """What "Plan preparation" returns (`$plan`)."""

    shards: int
    """0 where one function prepares the source."""
    scratch: str
    """S3 URI prefix of what the steps hand to each other, without a trailing slash."""


class PreparationStepInput(TypedDict):
    """Event of `prepare_data` for the steps after the plan."""

    step: PreparationStep
    run: Run
    scratch: str
    """`PreparationPlan.scratch`."""
    number: NotRequired[int]
    """Of the shard or bucket, from 0, for a step that takes one."""


class GatheredShards(TypedDict):
    """What "Gather shards" returns (`$gathered`)."""

    buckets: int
    """In which signatures are compared."""


class TeacherPlan(TypedDict):
    """Who answers the prompts of a distillation."""

    teacher: str
    """As the request names it."""
    maximum_response_length: NotRequired[int]
    """In tokens; absent where the service's own limit holds."""


class PlanJob(TypedDict):
    """Event of `customize_model` before anything is paid."""

    step: Literal["plan"]
    run: Run
    base_model: str
    parent: NotRequired[str]
    method: str
    hyperparameters: dict[str, str]
    """Those of the construct; the execution's own go over them."""
    max_cost_usd: NotRequired[float]
    """Of the whole run."""
    allow_unknown_price: bool
    role_arn: NotRequired[str]
    """Service role, whose trust policy is read; absent where nobody looks."""
    teaching: NotRequired[TeacherPlan]
    """Of a distillation."""
    evaluation_maximum_tokens: NotRequired[int]
    """Limit of an answer in the evaluation; absent where none follows."""


class JobNetwork(TypedDict):
    """VPC of a job, as Step Functions spells it."""

    SubnetIds: list[str]
    SecurityGroupIds: list[str]


class StartJob(TypedDict):
    """Event of `customize_model` for a job that Step Functions cannot start itself."""

    step: Literal["start"]
    run: Run
    job: Job
    base_model: str
    parent: NotRequired[str]
    role_arn: str
    """Service role."""
    train: str
    """S3 URI; likewise the next."""
    validation: NotRequired[str]
    """Absent where the base model takes no validation set."""
    grader_arn: str
    """Of the function that grades."""
    network: NotRequired[JobNetwork]
    """Absent for Bedrock's own."""
    model_key_arn: NotRequired[str]
    """Absent for a key that AWS owns."""
    tags: list[dict[str, str]]
    """Of job and model, as Step Functions spells them: with `Key` and `Value`."""


class EarlyStopping(TypedDict):
    """When a job whose validation loss has turned is stopped."""

    patience: int
    """Validations without improvement."""
    minimum_improvement: float
    """By how much a loss must be below the lowest before it to be one."""


class WatchJob(TypedDict):
    """Event of `customize_model` while the job runs."""

    step: Literal["watch"]
    job: Job
    stall_limit_seconds: int
    timeout_seconds: int
    """After which the job is given up."""
    last: NotRequired[JobWatch]
    """What the look before this one returned."""
    early_stopping: NotRequired[EarlyStopping]
    longest_wait_seconds: NotRequired[int]
    """Between looks; ten minutes where it is absent."""


class StopJob(TypedDict):
    """Event of `customize_model` for a job that is given up."""

    step: Literal["stop"]
    job: Job


class StopJobOfExecution(TypedDict):
    """Event of `stop_job`, for an execution that was aborted or timed out."""

    execution_arn: str


class RecordJob(TypedDict):
    """Event of `customize_model` after the job."""

    step: Literal["record"]
    run: Run
    job: Job


class ProposeCandidates(TypedDict):
    """Event of `customize_model` before each round of a sweep."""

    step: Literal["propose"]
    run: Run
    base_model: str
    method: str
    hyperparameters: dict[str, str]
    """As of `PlanJob`; those of a candidate are besides."""
    sweep: SweepPlan
    max_cost_usd: NotRequired[float]
    """Of the whole run, with all candidates together."""
    allow_unknown_price: bool
    role_arn: NotRequired[str]
    """As of `PlanJob`; likewise the next."""
    evaluation_maximum_tokens: NotRequired[int]
    redrives: int
    """How often the execution has been redriven by now."""


class RecordCandidate(TypedDict):
    """Event of `customize_model` after a candidate's job, however that ended."""

    step: Literal["record-candidate"]
    run: Run
    job: CandidateJob
    trouble: NotRequired[Failure]
    redrives: int


class ChooseCandidate(TypedDict):
    """Event of `customize_model` after a sweep."""

    step: Literal["choose"]
    run: Run
    base_model: str
    method: str
    sweep: SweepPlan


CustomizeModelInput = (
    PlanJob
    | StartJob
    | WatchJob
    | StopJob
    | RecordJob
    | ProposeCandidates
    | RecordCandidate
    | ChooseCandidate
)


class AnswerQuestionsInput(TypedDict):
    """Event of `answer_questions`."""

    run: Run
    test: str
    models: list[EvaluatedModel]
    maximum_tokens: int


class CompareAnswersInput(TypedDict):
    """Event of `compare_answers`."""

    run: Run
    test: str
    answers: str
    """`Answers.prefix`."""
    models: list[EvaluatedModel]
    metric: str


class DecidePromotionInput(TypedDict):
    """Event of `decide_promotion`."""

    run: Run
    evaluation: Evaluation
    gate: Gate


class PromoteModelInput(TypedDict):
    """Event of `promote_model`."""

    run: Run
    deployment: Deployment
    alias_parameter: str
    """Name of the SSM parameter that consumers read."""


class RemoveDeploymentInput(TypedDict):
    """Event of `remove_deployment`."""

    run: Run
    name: str
    """Of the deployment."""
    alias_parameter: str
    """A deployment it names is never removed."""


@final
class RecordRunInput(TypedDict):
    """Event of `record_run`."""

    run: Run
    failure: NotRequired[Failure]


@final
class EndRunInput(TypedDict):
    """Event of `record_run` that ends a failed run, or lets a redriven one go on."""

    run: NotRequired[Run]
    """Absent where the run never began."""
    end: Failure
    redrives: int
    """How often the execution has been redriven by now."""


class ConfigureLoggingInput(TypedDict):
    """Event of `configure_logging`, sent by a person."""

    action: str
    """Value of `LoggingAction`."""


class LoggingStatus(TypedDict):
    """What `configure_logging` returns."""

    logs: list[str]
    """Where logs go now; empty where they go nowhere."""
    changed: bool


class RunRecord(TypedDict):
    """What "Record run" returns: the end of a run, for people."""

    status: Literal["promoted", "rejected", "failed"]
    report: str
    """S3 URI of the HTML report."""
    summary: str
    """A few lines for a notification; no data."""
