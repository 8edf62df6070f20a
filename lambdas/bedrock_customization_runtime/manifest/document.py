"""The manifest of a run: one JSON document that grows phase by phase, and is the run's lineage.

Each phase writes its section last, after all the files that the section names, and only over the
version it read, which it names by its digest and keeps. The report and the model card are rendered
from the manifest alone.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec.structs import replace

from bedrock_customization_runtime.errors import InvalidInput, LineageBroken, ManifestConflict
from bedrock_customization_runtime.manifest import history
from bedrock_customization_runtime.manifest.baseline import BaselineSection
from bedrock_customization_runtime.manifest.custom_model import CustomModelSection
from bedrock_customization_runtime.manifest.customization import (
    CustomizationSection,
    EstimateSection,
    PreflightCheck,
    SweepSection,
)
from bedrock_customization_runtime.manifest.evaluation import EvaluationSection
from bedrock_customization_runtime.manifest.link import (
    LinkSection,
    canonical,
    digest,
    signed_parts,
    statement,
)
from bedrock_customization_runtime.manifest.model_copy import ModelCopySection
from bedrock_customization_runtime.manifest.model_import import ImportJob, ImportSection
from bedrock_customization_runtime.manifest.preparation import PreparationSection, RefusalSection
from bedrock_customization_runtime.manifest.promotion import (
    ApprovalSection,
    DecisionSection,
    DeploymentSection,
)
from bedrock_customization_runtime.manifest.runs import FailureSection, RunSection
from bedrock_customization_runtime.manifest.signature import Signer, signer_of_process
from bedrock_customization_runtime.manifest.use_case import UseCaseSection
from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCHEMA_VERSION = 1
_ATTEMPTS = 3


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document."""

    schema_version: int = SCHEMA_VERSION
    link: LinkSection | None = None
    """To the version before; None of a manifest that is being made."""
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
    model_copy: ModelCopySection | None = None
    """Likewise, where it was customized in another account or Region."""
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
        made = self._made() or self.model_copy
        return made.job_arn if made else None

    @property
    def model_arn(self) -> str | None:
        """ARN of the run's model, likewise."""
        made = self._made() or self.custom_model or self.model_copy
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
    signer = signer_of_process()
    link = LinkSection(version=1, previous=None, key=signer.key if signer else None)
    manifest = _signed(Manifest(link=link, run=run, use_case=use_case), signer)
    try:
        objects.write_version(s3, uri, canonical(manifest), "application/json", replaces=None)
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
    return load_version(s3, uri)[0]


def load_version(s3: "S3Client", uri: str) -> tuple[Manifest, str]:
    """Return the manifest and the digest of the version that it is."""
    body = objects.read(s3, uri)
    return msgspec.json.decode(body, type=Manifest), digest(body)


def find(s3: "S3Client", uri: str) -> Manifest | None:
    """Return the manifest; None if its run never began."""
    version = objects.read_version(s3, uri)
    return None if version is None else msgspec.json.decode(version.body, type=Manifest)


def update(
    s3: "S3Client",
    uri: str,
    change: Callable[[Manifest], Manifest],
    *,
    signer: Signer | None = None,
) -> Manifest:
    """Apply a change to the newest version and write it over exactly that version.

    Args:
        s3: Client.
        uri: Where the manifest is.
        change: Takes the newest manifest, returns the new one; called again after a conflict.
        signer: Signs it, where the run's manifest is signed. None for the one of this process.

    Returns:
        What was written.

    Raises:
        ManifestConflict: Other writers won several times in a row.
        LineageBroken: The version there is signed by none, or not by the signer's key.
    """
    signs = signer or signer_of_process()

    def changed(body: bytes | None) -> tuple[bytes, Manifest]:
        if body is None:
            raise ManifestConflict(f"{uri} does not exist, so its run never began: start it anew")
        found = msgspec.json.decode(body, type=Manifest)
        _check_signed(uri, found, body, signs)
        wanted = change(found)
        # A step that is repeated has nothing to add, and makes no version.
        if wanted == found and found.link is not None:
            return body, found
        manifest = _signed(replace(wanted, link=_next(s3, uri, found, body)), signs)
        return canonical(manifest), manifest

    written = objects.update(s3, uri, changed, attempts=_ATTEMPTS)
    if written.ended and written.link:
        # Nothing may follow that would keep it.
        history.keep(s3, uri, written.link.version, canonical(written))
    return written


def digest_of(manifest: Manifest) -> str:
    """Return the digest of a version that was written."""
    return digest(canonical(manifest))


def _check_signed(uri: str, found: Manifest, body: bytes, signer: Signer | None) -> None:
    """Check that a version is what the signer has signed, where its run's versions are signed.

    Raises:
        LineageBroken: It is not. To build on it would be to sign it.
    """
    link = found.link
    if link is None or link.key is None:
        return
    if not (signer and signer.key == link.key and _holds(body, signer)):
        raise LineageBroken(
            f"version {link.version} of {uri} names the key {link.key}, and "
            + (f"is no version that {signer.key} has signed" if signer else "nothing signs here")
            + ": nothing was written"
        )


def _next(s3: "S3Client", uri: str, found: Manifest, body: bytes) -> LinkSection:
    """Keep the version that is to be replaced, and return the link of the one after it."""
    link = found.link
    if link is None:
        return LinkSection(version=1, previous=digest(body))
    history.keep(s3, uri, link.version, body)
    return LinkSection(version=link.version + 1, previous=digest(body), key=link.key)


def _signed(manifest: Manifest, signer: Signer | None) -> Manifest:
    """Sign a version, if its run is one whose versions are signed."""
    if signer is None or manifest.link is None or manifest.link.key is None:
        return manifest
    signature = signer.sign(statement(canonical(manifest)))
    return replace(manifest, link=replace(manifest.link, signature=signature))


def _holds(body: bytes, signer: Signer) -> bool:
    parts = signed_parts(body)
    return parts is not None and signer.holds(*parts)
