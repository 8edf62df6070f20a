"""The manifest of a run: one JSON document that grows phase by phase, and is the run's lineage.

Each phase writes its section last, after all the files that the section names, and only over the
version it read. The report and the model card are rendered from the manifest alone.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from bedrock_customization_runtime.errors import InvalidInput, ManifestConflict
from bedrock_customization_runtime.manifest.baseline import BaselineSection
from bedrock_customization_runtime.manifest.custom_model import CustomModelSection
from bedrock_customization_runtime.manifest.customization import (
    CustomizationSection,
    EstimateSection,
    PreflightCheck,
    SweepSection,
)
from bedrock_customization_runtime.manifest.evaluation import EvaluationSection
from bedrock_customization_runtime.manifest.model_import import ImportJob, ImportSection
from bedrock_customization_runtime.manifest.preparation import PreparationSection, RefusalSection
from bedrock_customization_runtime.manifest.promotion import (
    ApprovalSection,
    DecisionSection,
    DeploymentSection,
)
from bedrock_customization_runtime.manifest.runs import FailureSection, RunSection
from bedrock_customization_runtime.manifest.use_case import UseCaseSection
from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCHEMA_VERSION = 1
_ATTEMPTS = 3


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document."""

    schema_version: int = SCHEMA_VERSION
    run: RunSection
    status: Literal["running", "promoted", "rejected", "failed"] = "running"
    use_case: UseCaseSection | None = None
    refusal: RefusalSection | None = None
    """In place of the preparation, where the data set was refused."""
    preparation: PreparationSection | None = None
    baseline: BaselineSection | None = None
    preflight: list[PreflightCheck] = []
    estimate: EstimateSection | None = None
    sweep: SweepSection | None = None
    customization: CustomizationSection | None = None
    model_import: ImportSection | None = None
    """In place of the customization, where the model was trained elsewhere."""
    custom_model: CustomModelSection | None = None
    """Likewise, where it is Amazon Nova that SageMaker AI has trained."""
    deployment: DeploymentSection | None = None
    evaluation: EvaluationSection | None = None
    decision: DecisionSection | None = None
    approval: ApprovalSection | None = None
    """None where nobody is asked, or nobody has been yet."""
    failure: FailureSection | None = None
    outcome: str | None = None
    """Value of `contract.Outcome`, or the error's name; None until the run has ended."""
    ended: str | None = None

    @property
    def job_arn(self) -> str | None:
        """ARN of the job that made the model, whatever the kind of run; None before it is done."""
        made = self._made()
        return made.job_arn if made else None

    @property
    def model_arn(self) -> str | None:
        """ARN of the run's model, likewise."""
        made = self._made() or self.custom_model
        return made.model_arn if made else None

    def _made(self) -> CustomizationSection | ImportJob | None:
        return self.customization or (self.model_import.job if self.model_import else None)

    def prepared(self) -> PreparationSection:
        """Return what preparation has written.

        Raises:
            InvalidInput: It has not, or refused the data set.
        """
        if self.preparation is None:
            raise InvalidInput(f"run {self.run.id} has no prepared data: prepare them first")
        return self.preparation


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the manifest."""
    return msgspec.json.schema(Manifest)


def begin(
    s3: "S3Client", uri: str, run: RunSection, use_case: UseCaseSection | None = None
) -> Manifest:
    """Write the first version, or return the one that a repeated call finds.

    Raises:
        ManifestConflict: The manifest there belongs to another execution.
    """
    manifest = Manifest(run=run, use_case=use_case)
    try:
        objects.write_version(s3, uri, _encode(manifest), "application/json", replaces=None)
    except objects.VersionConflictError:
        found = load(s3, uri)
        if found.run.execution_arn != run.execution_arn:
            raise ManifestConflict(
                f"{uri} belongs to {found.run.execution_arn}: start the run under another name"
            ) from None
        return found
    return manifest


def load(s3: "S3Client", uri: str) -> Manifest:
    """Return the manifest."""
    return msgspec.json.decode(objects.read(s3, uri), type=Manifest)


def find(s3: "S3Client", uri: str) -> Manifest | None:
    """Return the manifest; None if its run never began."""
    version = objects.read_version(s3, uri)
    return None if version is None else msgspec.json.decode(version.body, type=Manifest)


def update(s3: "S3Client", uri: str, change: Callable[[Manifest], Manifest]) -> Manifest:
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

    def changed(body: bytes | None) -> tuple[bytes, Manifest]:
        if body is None:
            raise ManifestConflict(f"{uri} does not exist, so its run never began: start it anew")
        manifest = change(msgspec.json.decode(body, type=Manifest))
        return _encode(manifest), manifest

    return objects.update(s3, uri, changed, attempts=_ATTEMPTS)


def _encode(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2)
