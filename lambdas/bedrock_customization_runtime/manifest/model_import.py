"""What was imported: where it came from, the files, the job, and what Bedrock made of them."""

from typing import Literal

import msgspec


class ImportedFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that was copied."""

    name: str
    bytes: int
    sha256: str | None = None
    """Of the copy, once it was read back; None before that."""


class ImportFinding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that the pre-flight found odd, and that is not in the way."""

    rule: str
    file: str | None = None
    """None for the model as a whole."""
    message: str
    """What, what is allowed, why, and how to mend it."""


class ImportJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The import job and its model."""

    job_arn: str
    model_arn: str
    started: str
    """ISO 8601, UTC; so the next."""
    ended: str
    architecture: str
    """As Bedrock calls it."""
    instruct_supported: bool
    """Whether Converse takes the model."""
    units_per_copy: int
    """Custom model units of each copy that answers."""


class ImportSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model that the run imports."""

    kind: Literal["hub", "s3", "archive"]
    location: str
    """URL of the repository, or S3 URI."""
    revision: str | None = None
    """Commit of a repository, entity tag of an archive; None of a folder, whose objects are pinned
    one by one."""
    architecture: str
    """As config.json names it."""
    family: str | None = None
    """Of the architecture, for people."""
    parameters: int | None = None
    """Numbers in the weights."""
    dtypes: dict[str, int] = {}
    """Numbers in the weights by their format, as safetensors calls it."""
    context_length: int | None = None
    """Tokens that a conversation may have; None where config.json does not say."""
    licence: str | None = None
    """As the repository's record names it; None where it does not, or there is none."""
    licence_files: list[str] = []
    """Files of the source that look like a licence, by name; they are not copied."""
    bytes: int
    """Of all files that are copied."""
    files: list[ImportedFile]
    left_out: int
    """Files of the source that are never copied: code, pickles, whatever Bedrock has no use for."""
    inspection: str
    """S3 URI of everything that was found."""
    warnings: list[ImportFinding] = []
    """The first of what was found without being in the way; `inspection` has all."""
    job: ImportJob | None = None
    """None before the job has completed."""
