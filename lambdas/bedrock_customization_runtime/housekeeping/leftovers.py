"""What runs left in S3: uploads that nobody completes, copies of models, data past retention."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_runtime import times
from bedrock_customization_runtime.contract import SCRATCH_PREFIX
from bedrock_customization_runtime.housekeeping.findings import Finding, FindingKind
from bedrock_customization_runtime.housekeeping.inventory import code_of
from bedrock_customization_runtime.housekeeping.pipelines import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import KeptPipeline
    from bedrock_customization_runtime.housekeeping.pipelines import Limits, Runs
    from bedrock_customization_runtime.housekeeping.protection import Protection

SETTLED = timedelta(days=1)
"""A run that ended so long ago goes on with no upload and no copy: a redrive makes them anew."""
RUNS_PREFIX = "runs/"


class Leftovers:
    """Finds what runs of a pipeline left in its buckets.

    A run without a manifest of this pipeline is nobody's: several pipelines may share buckets.

    Args:
        s3: Client.
        pipeline: Whose.
        runs: Its runs.
        limits: How long data are kept.
        protection: Whose data stay.
        now: Time of day.
    """

    def __init__(
        self,
        s3: S3Client,
        pipeline: KeptPipeline,
        runs: Runs,
        *,
        limits: Limits,
        protection: Protection,
        now: datetime,
    ) -> None:
        self._s3, self._pipeline, self._runs = s3, pipeline, runs
        self._limits, self._protection, self._now = limits, protection, now

    def find(self) -> tuple[list[Finding], list[str]]:
        """Return what is left, and what could not be looked at."""
        found: list[Finding] = []
        unseen = []
        looks: dict[str, Callable[[], Iterator[Finding]]] = {
            "multipart uploads": self._uploads,
            "copied models": self._staged_models,
            "data of runs": self._expired,
        }
        for name, look in looks.items():
            try:
                found += look()
            except (ClientError, BotoCoreError) as error:
                unseen.append(f"{name}: {code_of(error)}")
        return found, unseen

    def _uploads(self) -> Iterator[Finding]:
        data, blind = self._pipeline["data_bucket"], self._pipeline["blind_bucket"]
        scratch = f"{SCRATCH_PREFIX}/"
        artifacts = self._pipeline["artifacts_bucket"]
        before = self._now - SETTLED
        for bucket, prefix in (
            *((data, RUNS_PREFIX), (data, scratch)),
            *((blind, RUNS_PREFIX), (artifacts, RUNS_PREFIX)),
        ):
            pages = self._s3.get_paginator("list_multipart_uploads").paginate(
                Bucket=bucket, Prefix=prefix
            )
            for upload in (one for page in pages for one in page.get("Uploads", [])):
                key = upload["Key"].removeprefix(prefix).partition("/")[0]
                begun = upload["Initiated"].astimezone(UTC)
                if begun < before and self._has_ended(key, before):
                    yield Finding(
                        kind=FindingKind.INCOMPLETE_UPLOAD,
                        resource=f"s3://{bucket}/{upload['Key']}#{upload['UploadId']}",
                        run=key,
                        since=times.iso(begun),
                        reason="its run has ended and nobody completes it",
                    )

    def _staged_models(self) -> Iterator[Finding]:
        bucket = self._pipeline["data_bucket"]
        for key in self._run_keys(bucket, f"{SCRATCH_PREFIX}/"):
            prefix = f"{SCRATCH_PREFIX}/{key}/import/model/"
            if self._has_ended(key, self._now - SETTLED) and self._holds(bucket, prefix):
                yield self._of_run(
                    FindingKind.STAGED_MODEL, bucket, prefix, key, "its import has ended"
                )

    def _expired(self) -> Iterator[Finding]:
        limits = self._limits
        for bucket, limit in (
            (self._pipeline["data_bucket"], limits.data),
            (self._pipeline["blind_bucket"], limits.data),
            # Last: without its manifest nobody knows whose the rest is.
            (self._pipeline["artifacts_bucket"], limits.artifacts),
        ):
            if limit is None:
                continue
            for key in self._run_keys(bucket, RUNS_PREFIX):
                if key in self._protection.runs or not self._has_ended(key, self._now - limit):
                    continue
                prefix = f"{RUNS_PREFIX}{key}/"
                # Not every S3 forgets a folder with its last object: the embedded one does not.
                if self._holds(bucket, prefix):
                    reason = f"it is kept for {limit.days} days"
                    yield self._of_run(FindingKind.EXPIRED_DATA, bucket, prefix, key, reason)

    def _of_run(
        self, kind: FindingKind, bucket: str, prefix: str, key: str, reason: str
    ) -> Finding:
        ended = self._runs.state(key).ended
        assert ended is not None  # noqa: S101 - only runs that have ended come here
        return Finding(
            kind=kind,
            resource=f"s3://{bucket}/{prefix}",
            run=key,
            since=times.iso(ended),
            reason=reason,
        )

    def _has_ended(self, key: str, before: datetime) -> bool:
        run = self._runs.state(key)
        return run.is_ours and run.status is RunStatus.ENDED and run.has_ended_before(before)

    def _run_keys(self, bucket: str, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, Delimiter="/"
        )
        for folder in (one for page in pages for one in page.get("CommonPrefixes", [])):
            yield folder["Prefix"].removeprefix(prefix).rstrip("/")

    def _holds(self, bucket: str, prefix: str) -> bool:
        found = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        return found.get("KeyCount", 0) > 0
