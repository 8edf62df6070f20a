"""Data preparation, enrichment and invocation logs: events and what states keep of them."""

from enum import StrEnum
from typing import Literal, NotRequired, TypedDict

from bedrock_customization_runtime.contract.runs import Run


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
    READ_OUTCOME = "read-outcome"
    """Where Spark has prepared the source: say how that ended."""


class EnrichmentTask(StrEnum):
    """What a model is asked to do with records."""

    COMPLETE = "complete"
    """Draft the answers that are missing."""
    REWRITE = "rewrite"
    """Write the answers that are there anew."""
    SCORE = "score"
    """Grade the answers from 1 to 5; records below `min_score` are rejected."""


class RecordTemplate(TypedDict):
    """How a row of columns becomes a record; `{column}` stands for a column's value."""

    prompt: str
    completion: str
    system: NotRequired[str]
    group_by: NotRequired[str]
    """Column whose equal values must stay on one side of the split."""
    stratify_by: NotRequired[str]
    """Column whose values are spread over the sides in equal shares."""
    slice_by: NotRequired[list[str]]
    """Columns by whose values results on the blind set are told apart."""


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
    max_tokens: int
    """Of an answer."""
    max_cost_usd: float
    """Of a run; reached, the run fails and what was paid for is kept."""
    min_score: int
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
    max_rejected: float
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
    spark_above_bytes: NotRequired[int]
    """One of more is prepared by Spark; absent where there is none."""


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
    spark: bool
    """Whether Spark prepares the source."""


class SparkCapacity(TypedDict):
    """How much the workers of a job have at most."""

    vcpus: int
    memory_gb: int
    paid_storage_gb: int
    """Without what is free."""


class PreparationStepInput(TypedDict):
    """Event of `prepare_data` for the steps after the plan."""

    step: PreparationStep
    run: Run
    scratch: str
    """`PreparationPlan.scratch`."""
    number: NotRequired[int]
    """Of the shard or bucket, from 0, for a step that takes one."""
    billed: NotRequired[dict[str, float]]
    """Of Spark's job, as EMR Serverless tells it; empty where it does not."""
    capacity: NotRequired[SparkCapacity]
    """Of its workers, all together; likewise for the step that reads the outcome."""


class GatheredShards(TypedDict):
    """What "Gather shards" returns (`$gathered`)."""

    buckets: int
    """In which signatures are compared."""


class ConfigureLoggingInput(TypedDict):
    """Event of `configure_logging`, sent by a person."""

    action: str
    """Value of `LoggingAction`."""


class LoggingStatus(TypedDict):
    """What `configure_logging` returns."""

    logs: list[str]
    """Where logs go now; empty where they go nowhere."""
    changed: bool
