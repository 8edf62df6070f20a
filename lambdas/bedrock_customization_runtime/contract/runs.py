"""What a run is, how it begins and how it ends."""

from enum import StrEnum
from typing import Literal, NotRequired, TypedDict, final

from bedrock_customization_runtime.contract.use_case import UseCase


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
    """S3 URI of the raw data; of a copy, ARN of the model that is copied."""
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


class Failure(TypedDict):
    """What a Catch leaves (`$failure`)."""

    error: str
    """Of `$states.errorOutput`; likewise the next."""
    cause: str
    phase: str
    """In which it happened."""
    redrives: int
    """How often the execution had been redriven by then."""


class RunKind(StrEnum):
    """Where a run's candidate comes from."""

    CUSTOMIZATION = "customization"
    """A base model that Bedrock customizes."""
    IMPORT = "import"
    """Weights that were trained elsewhere."""
    COPY = "copy"
    """A custom model that another account, or another Region, has made and decided for."""


class StartRunInput(TypedDict):
    """Event of `start_run`."""

    kind: RunKind
    execution_arn: str
    execution_name: str
    input: object
    """The execution's input, unchecked: `{"source": "s3://…", "hyperparameters": {…}}`, or
    of a copy `{"model": "arn:…"}`."""
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
    use_case: NotRequired[UseCase]


@final
class RecordRunInput(TypedDict):
    """Event of `record_run`."""

    run: Run
    failure: NotRequired[Failure]


@final
class EndRunInput(TypedDict):
    """Event of `record_run` that ends a failed run, or lets a redriven one go on."""

    run: Run | None
    """None where the run never began."""
    end: Failure
    redrives: int
    """How often the execution has been redriven by now."""


class RunRecord(TypedDict):
    """What "Record run" returns: the end of a run, for people."""

    status: Literal["promoted", "rejected", "failed"]
    outcome: str
    """As the manifest has it."""
    report: str
    """S3 URI of the HTML report."""
    manifest_sha256: str
    """Of the manifest's last version. Whoever can write S3 cannot write it here, in the output of
    the execution."""
    summary: str
    """A few lines for a notification; no data."""
