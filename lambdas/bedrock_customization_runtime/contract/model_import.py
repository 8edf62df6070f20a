"""Import of a model that was trained elsewhere: where it comes from, events of its steps."""

from enum import StrEnum
from typing import Literal, NotRequired, TypedDict

from bedrock_customization_runtime.contract.runs import Run

REPOSITORY = r"(?!.*\.\.)(?:[A-Za-z0-9][A-Za-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*"
"""Pattern of a repository's name on a hub: `organization/model`, or `model` alone."""


class ImportStep(StrEnum):
    """Steps of `import_model`."""

    INSPECT = "inspect"
    STAGE = "stage"
    FINISH_FILE = "finish-file"
    RECORD = "record"


class HubSource(TypedDict):
    """A repository of a hub that speaks the API of huggingface.co."""

    kind: Literal["hub"]
    endpoint: str
    """URL of the hub, without a trailing slash."""
    repo: str
    revision: str
    """A branch, a tag or a commit; the run pins the commit it finds."""
    token_secret_arn: NotRequired[str]
    """Secret that holds the token; absent for public repositories."""


class S3Source(TypedDict):
    """A folder of model files in S3."""

    kind: Literal["s3"]
    uri: str
    """With a trailing slash."""
    account: NotRequired[str]
    """Of the bucket's owner; absent where it is the pipeline's own."""


class SageMakerSource(TypedDict):
    """What SageMaker left in S3; exactly one of the three that name it is there."""

    kind: Literal["sagemaker"]
    training_job: NotRequired[str]
    model_package: NotRequired[str]
    """ARN."""
    archive: NotRequired[str]
    """S3 URI of a `model.tar.gz`."""
    bucket: str
    """The one bucket that may be read, whatever the job or package says."""


ModelSource = HubSource | S3Source | SageMakerSource
"""Where a model comes from."""


class StagingLimits(TypedDict):
    """How a model is copied."""

    part_bytes: int
    """Of a part of a multipart upload; larger where a file would need more than 10,000."""
    batch_bytes: int
    """About so many are one function call's."""


class InspectModel(TypedDict):
    """Event of `import_model` before anything is copied."""

    step: Literal["inspect"]
    run: Run
    job_name: str
    """That the run's import job will have."""
    source: ModelSource
    staging: StagingLimits
    evaluation_max_tokens: NotRequired[int]
    """Limit of an answer, for the estimate; absent where nothing is evaluated."""
    evaluation_few_shot: NotRequired[int]
    max_cost_usd: NotRequired[float]
    allow_unknown_price: bool


class Staging(TypedDict):
    """What is to be copied, and where to (`$staging`)."""

    scratch: str
    """S3 URI of what the steps hand to each other, without a trailing slash."""
    model: str
    """S3 URI of the folder that Bedrock imports, with a trailing slash."""
    batches: int
    files: int


class StageParts(TypedDict):
    """Event of `import_model` that copies one batch of parts."""

    step: Literal["stage"]
    scratch: str
    number: int
    """Of the batch."""


class StagedParts(TypedDict):
    """What it returns."""

    done: bool
    """False: time was up, the same event goes on."""


class FinishFile(TypedDict):
    """Event of `import_model` that completes one file and checks its digest."""

    step: Literal["finish-file"]
    scratch: str
    number: int
    """Of the file."""


class RecordImport(TypedDict):
    """Event of `import_model` once the job has completed."""

    step: Literal["record"]
    run: Run
    scratch: str
    job_arn: str
    evaluation_max_tokens: NotRequired[int]
    """As of `InspectModel`; likewise the next three."""
    evaluation_few_shot: NotRequired[int]
    max_cost_usd: NotRequired[float]
    allow_unknown_price: bool


ImportModelInput = InspectModel | StageParts | FinishFile | RecordImport
"""Event of `import_model`."""


class ImportedModel(TypedDict):
    """What "Record import" returns, which is the candidate's deployment (`$deployment`) too."""

    arn: str
    """Invoked as it is: an imported model needs no deployment."""
    architecture: str
    instruct_supported: bool
    """Whether Converse takes it."""
    units_per_copy: int
    """Custom model units of each copy that answers."""
