"""What was imported: where it came from, the files, the job, and what Bedrock made of them."""

from typing import Literal

import msgspec


class ImportedFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that was copied."""

    name: str
    bytes: int
    sha256: str | None = None
    """Of the copy, once it was read back; None before that."""


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
    bytes: int
    """Of all files that are copied."""
    files: list[ImportedFile]
    left_out: int
    """Files of the source that are never copied: code, pickles, whatever Bedrock has no use for."""
    inspection: str
    """S3 URI of everything that was found."""
    warnings: list[str] = []
    """Ids of the rules that were broken without being in the way."""
    job: ImportJob | None = None
    """None before the job has completed."""
