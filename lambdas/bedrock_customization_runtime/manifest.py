"""The manifest of a run: one JSON document that grows phase by phase, and is the run's lineage.

Each phase writes its section last, after all the files that the section names, and only over the
version it read. The report and the model card are rendered from the manifest alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from bedrock_customization_runtime import storage
from bedrock_customization_runtime.errors import ManifestConflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

SCHEMA_VERSION = 1
_CONTENT_TYPE = "application/json"
_ATTEMPTS = 3


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class RunSection(_Section, frozen=True, kw_only=True):
    """Who runs what, since when."""

    id: str
    execution_arn: str
    source: str
    base_model: str
    """Id for customization."""
    inference_model: str
    """Id by which the base model is invoked."""
    catalog_version: str
    library_version: str
    started: str
    """ISO 8601, UTC."""
    parent_model: str | None = None
    """ARN of the custom model that was customized further; None for the base model itself."""
    embedded: bool
    """True on the embedded AWS, whose models are tiny and say nothing about Bedrock's."""


class FileRecord(_Section, frozen=True, kw_only=True):
    """A file the run wrote or read."""

    uri: str
    sha256: str
    bytes: int
    records: int
    objects: int = 1
    """More than one where the URI is a prefix; the digest is then that of what `sha256sum` prints
    of them, in the order of keys."""


class Finding(_Section, frozen=True, kw_only=True):
    """A rule that some records broke."""

    rule: str
    severity: Literal["error", "warning"]
    count: int
    message: str
    """What, and how to fix it."""
    lines: list[int] = []
    """The first few line numbers, from 1."""
    files: list[str] = []
    """Where each of the lines stands, if the source is a prefix."""


class EnrichmentRecord(_Section, frozen=True, kw_only=True):
    """What a model added to the records before they were checked."""

    task: str
    model: str
    answers: FileRecord
    """Line, task, model and answer of each record that was asked about."""
    written: int
    """Records whose answer the model drafted or rewrote."""
    scored: int
    cost_usd: float
    """Paid by this run."""


class SideTokens(_Section, frozen=True, kw_only=True):
    """Estimated tokens of the questions and the answers of a side."""

    records: int
    questions: int
    """With system prompts and chat template."""
    answers: int
    """Of those that are there."""
    unanswered: int
    """Records without an answer."""
    unanswered_questions: int
    """Of their questions, a part of `questions`."""


class PreparationSection(_Section, frozen=True, kw_only=True):
    """The data set: where it came from, what became of it."""

    source: FileRecord
    train: FileRecord
    validation: FileRecord | None
    test: FileRecord
    rejected: FileRecord | None
    read: int
    duplicates: int
    estimated_tokens: int
    """Of the training set, for one epoch."""
    prompt_tokens: SideTokens | None = None
    """Of the training set of a distillation, some of which a teacher answers."""
    blind_tokens: SideTokens | None = None
    record_format: str
    findings: list[Finding] = []
    label_counts: dict[str, int] = {}
    """Training records by completion, where there are few distinct ones."""
    left_out: int = 0
    """Records that held a passage of the blind set."""
    clusters: int = 0
    """Sets of near-copies and groups, each on one side of the split; 0 where nobody counted."""
    plain_split_leaks: int = 0
    """Records of the blind set that a split by record would have given copies in training."""
    minimum_detectable_effect: float | None = None
    """Smallest difference of accuracy that the blind set shows."""
    personal_data: dict[str, int] = {}
    """Records by kind of personal data or secret."""
    enrichment: EnrichmentRecord | None = None
    omitted: int = 0
    """Invocation logs that are no training data; the findings say why."""


class RefusalSection(_Section, frozen=True, kw_only=True):
    """A data set that was refused: what was wrong with its records."""

    read: int
    rejected: int
    record_format: str
    findings: list[Finding] = []
    report: str
    """S3 URI of the whole report, JSON."""
    rejected_records: str | None = None
    """S3 URI of the rejected records; None where none was."""
    omitted: int = 0
    """Invocation logs that are no training data."""


class PreflightCheck(_Section, frozen=True, kw_only=True):
    """Something that account and Region must have before a job starts."""

    name: str
    passed: bool
    """False where it could not be looked at; what fails ends the run."""
    detail: str


class CostItem(_Section, frozen=True, kw_only=True):
    """One thing that is paid for."""

    name: str
    quantity: float | None
    """None where nobody can say how much it will be; `assumption` says why."""
    unit: Literal["tokens", "records", "models", "hours"]
    price_usd: float | None
    """None where no price is known, which does not mean that it is free; likewise `usd`."""
    price_per: int = 1
    """How many units the price is for."""
    price_source: str | None = None
    price_as_of: str | None = None
    price_unverified: bool = False
    """Whether no document states the price."""
    usd: float | None
    assumption: str = ""
    """What the figure rests on, beside the price."""

    @property
    def is_certain(self) -> bool:
        """Whether a documented price stands behind the figure."""
        return self.usd is not None and not self.price_unverified


class EstimateSection(_Section, frozen=True, kw_only=True):
    """What the run, with all jobs of a sweep so far, was expected to cost before they were paid."""

    tokens: int
    """Of the training set, for one epoch."""
    epochs: int
    """Of all jobs together."""
    items: list[CostItem]
    """What the run itself costs."""
    monthly: list[CostItem] = []
    """What its model costs in each month it is kept."""
    usd: float | None
    """Of all items; None where one has no figure."""
    known_usd: float
    """Of those that have one."""


class CurvePoint(_Section, frozen=True, kw_only=True):
    """A point of a loss curve."""

    step: int
    epoch: int
    loss: float


class DiagnosisSection(_Section, frozen=True, kw_only=True):
    """What the losses of a job say about its training (`diagnosis`)."""

    verdict: Literal["diverged", "overfit", "underfit", "plateau", "fine", "unknown"]
    rule: str
    """Which gave the verdict."""
    message: str
    """Its figures."""
    advice: str
    """What to try next."""


class CustomizationSection(_Section, frozen=True, kw_only=True):
    """The job and its model."""

    job_name: str
    job_arn: str
    model_arn: str
    customization_type: str
    hyperparameters: dict[str, str]
    started: str
    ended: str
    training_curve: list[CurvePoint]
    """At most 200 points, first and last included; without what is no finite number."""
    validation_curve: list[CurvePoint]
    diagnosis: DiagnosisSection | None = None
    """None where the method's losses say nothing."""


class SweepCandidate(_Section, frozen=True, kw_only=True):
    """A candidate of a sweep, also as its record in S3 holds it while the sweep runs."""

    number: int
    """In the run, from 1."""
    round: int
    """From 1."""
    hyperparameters: dict[str, str]
    status: Literal[
        "proposed", "completed", "failed", "stalled", "stopped", "stopped early", "not afforded"
    ] = "proposed"
    attempts: int = 0
    """Jobs that were asked for; each is counted as paid."""
    estimate_usd: float | None = None
    """Of one job; None where no price is known."""
    job_name: str | None = None
    """Of the last attempt."""
    job_arn: str | None = None
    model_arn: str | None = None
    failure: str | None = None
    """Why there is no model."""
    training_loss: float | None = None
    """As the job ended; likewise the next, which decides."""
    validation_loss: float | None = None
    validation_curve: list[CurvePoint] = []
    diagnosis: DiagnosisSection | None = None
    redrives: int = 0
    """How often the execution had been redriven when this was recorded."""
    chosen: bool = False
    reason: str = ""
    """Why it was chosen, or why not."""
    model_deleted: bool = False


class SweepSection(_Section, frozen=True, kw_only=True):
    """The candidates of a sweep and what became of each."""

    candidates: list[SweepCandidate]
    ended: str
    """Why no more were tried."""


class MetricComparison(_Section, frozen=True, kw_only=True):
    """A metric of the base and the tuned model on the blind set, paired by record."""

    name: str
    records: int
    base: float
    tuned: float
    difference: float
    interval: tuple[float, float]
    """95 % paired bootstrap interval of the difference."""
    p_value: float
    method: str
    """Of the test, in words, with seed and draws."""


class Example(_Section, frozen=True, kw_only=True):
    """How answers differ, without a record's text: ids and verdicts only."""

    record: str
    base_correct: bool
    tuned_correct: bool


class EvaluationSection(_Section, frozen=True, kw_only=True):
    """Base against tuned on the blind set."""

    primary: str
    metrics: list[MetricComparison]
    answers: list[FileRecord]
    examples: list[Example] = []
    taught_references: int = 0
    """Of distillation: references that the teacher wrote, because the prompts had none."""


class DecisionSection(_Section, frozen=True, kw_only=True):
    """May the candidate go live?"""

    promote: bool
    reasons: list[str]
    minimum_improvement: float
    decided: str


class DeploymentSection(_Section, frozen=True, kw_only=True):
    """Where the candidate answers, and whether consumers use it."""

    arn: str
    alias_parameter: str | None = None
    previous: str | None = None
    """What the alias held before."""
    removed: bool = False


class FailureSection(_Section, frozen=True, kw_only=True):
    """Why the run ended early."""

    error: str
    cause: str


class Manifest(_Section, frozen=True, kw_only=True):
    """The document."""

    schema_version: int = SCHEMA_VERSION
    run: RunSection
    status: Literal["running", "promoted", "rejected", "failed"] = "running"
    refusal: RefusalSection | None = None
    """In place of the preparation, where the data set was refused."""
    preparation: PreparationSection | None = None
    preflight: list[PreflightCheck] = []
    estimate: EstimateSection | None = None
    sweep: SweepSection | None = None
    customization: CustomizationSection | None = None
    deployment: DeploymentSection | None = None
    evaluation: EvaluationSection | None = None
    decision: DecisionSection | None = None
    failure: FailureSection | None = None
    ended: str | None = None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the manifest."""
    return msgspec.json.schema(Manifest)


def begin(s3: S3Client, uri: str, run: RunSection) -> Manifest:
    """Write the first version, or return the one that a repeated call finds.

    Raises:
        ManifestConflict: The manifest there belongs to another execution.
    """
    manifest = Manifest(run=run)
    try:
        storage.write_version(s3, uri, _encode(manifest), _CONTENT_TYPE, replaces=None)
    except storage.VersionConflictError:
        found = load(s3, uri)
        if found.run.execution_arn != run.execution_arn:
            raise ManifestConflict(
                f"{uri} belongs to {found.run.execution_arn}: start the run under another name"
            ) from None
        return found
    return manifest


def load(s3: S3Client, uri: str) -> Manifest:
    """Return the manifest."""
    return msgspec.json.decode(storage.read(s3, uri), type=Manifest)


def update(s3: S3Client, uri: str, change: Callable[[Manifest], Manifest]) -> Manifest:
    """Apply a change to the newest version and write it over exactly that version.

    Args:
        s3: Client.
        uri: Where the manifest is.
        change: Takes the newest manifest, returns the new one; called again after a conflict.

    Returns:
        What was written.

    Raises:
        ManifestConflict: Other writers won several times in a row.
    """
    for _ in range(_ATTEMPTS):
        version = storage.read_version(s3, uri)
        if version is None:
            raise ManifestConflict(f"{uri} does not exist: the run never began")
        manifest = change(msgspec.json.decode(version.body, type=Manifest))
        try:
            storage.write_version(s3, uri, _encode(manifest), _CONTENT_TYPE, replaces=version)
        except storage.VersionConflictError:
            continue
        return manifest
    raise ManifestConflict(f"{uri} changed {_ATTEMPTS} times while it was written: run it again")


def _encode(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2)
