"""Completes staged files, and reads each once more: is it the one that its source lists?"""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING

from bedrock_customization_runtime.errors import ModelCorrupted
from bedrock_customization_runtime.model_import import uploads
from bedrock_customization_runtime.model_import.plan import FinishedFile
from bedrock_customization_runtime.s3.streams import PinnedObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.model_import.plan import (
        ImportScratch,
        StagedFile,
        StagingPlan,
    )


def finish(s3: S3Client, scratch: ImportScratch, plan: StagingPlan, number: int) -> FinishedFile:
    """Complete a file and check its digest; a repeated call finds it finished.

    Args:
        s3: Client.
        scratch: Keeps what is finished.
        plan: Of the import.
        number: Of the file.

    Raises:
        ModelCorrupted: Its digest is another than the source lists; the copy was deleted. Or parts
            are missing.
    """
    staged = plan.files[number]
    uri = plan.uri_of(staged)
    version = uploads.complete(s3, uri, staged)
    known = scratch.finished(number)
    if known and known.etag == version.etag:
        return known
    copy = PinnedObject(s3, str(uri), version=version)
    digest = copy.digest()
    expected = staged.file.sha256 or scratch.packed_digest(number)
    if (expected and digest != expected) or not _is_blob(copy, staged):
        s3.delete_object(Bucket=uri.bucket, Key=uri.key)
        found = f"SHA-256 {digest}, not {expected}" if expected else "another git digest"
        raise ModelCorrupted(
            f"the copy of {staged.file.name} from {plan.pinned.location} has {found}: redrive "
            "the run; if it happens again, the source itself is corrupt"
        )
    finished = FinishedFile(etag=version.etag, sha256=digest)
    scratch.write_finished(number, finished)
    return finished


def _is_blob(copy: PinnedObject, staged: StagedFile) -> bool:
    """Tell whether a file is the blob that git knows, where it knows it."""
    if staged.file.git_sha1 is None:
        return True
    # Git's own digest, which is not ours to choose.
    digest = sha1(f"blob {copy.size}\0".encode(), usedforsecurity=False)
    for chunk in copy.chunks():
        digest.update(chunk)
    return digest.hexdigest() == staged.file.git_sha1
