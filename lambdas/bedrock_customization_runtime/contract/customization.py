"""Customization jobs and sweeps: events and what states keep of them."""

from typing import Literal, NotRequired, TypedDict

from bedrock_customization_runtime.contract.deployment import ThroughputPlan
from bedrock_customization_runtime.contract.judging import JudgePlan
from bedrock_customization_runtime.contract.runs import Failure, Run


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


class TeacherPlan(TypedDict):
    """Who answers the prompts of a distillation."""

    teacher: str
    """As the request names it."""
    max_response_length: NotRequired[int]
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
    evaluation_max_tokens: NotRequired[int]
    """Limit of an answer in the evaluation; absent where none follows."""
    evaluation_few_shot: NotRequired[int]
    """Examples before a question when the base model is asked a second time there."""
    throughput: NotRequired[ThroughputPlan]
    """What the candidate will answer on; absent where it is deployed on demand."""
    judge: NotRequired[JudgePlan]
    """Who judges the answers then; absent where nobody does."""


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
    min_improvement: float
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
    evaluation_max_tokens: NotRequired[int]
    evaluation_few_shot: NotRequired[int]
    throughput: NotRequired[ThroughputPlan]
    judge: NotRequired[JudgePlan]
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
