"""Takes away what an import has left in S3: uploads that were not completed, copied files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.model_import import uploads
from bedrock_customization_runtime.model_import.plan import ImportScratch, scratch_in

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def remove_staged(s3: S3Client, data_bucket: str, run_key: str) -> None:
    """Abort a run's uploads and delete its copied files; the plan stays, for a redriven run.

    Args:
        s3: Client.
        data_bucket: Name.
        run_key: Of the run.
    """
    folder = ImportScratch(s3, scratch_in(data_bucket, run_key)).model
    uploads.abort_below(s3, folder)
    uploads.delete_below(s3, folder)
