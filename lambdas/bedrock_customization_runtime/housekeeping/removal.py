"""Taking away what a rule found, after a second look at whether somebody uses it by now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_runtime.customization import watch
from bedrock_customization_runtime.deployment import removal, throughput_expiry
from bedrock_customization_runtime.errors import DeploymentBusy
from bedrock_customization_runtime.housekeeping import protection
from bedrock_customization_runtime.housekeeping.findings import FindingKind
from bedrock_customization_runtime.housekeeping.inventory import code_of, tags_of
from bedrock_customization_runtime.housekeeping.pipelines import RunStatus
from bedrock_customization_runtime.model_import import uploads
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from datetime import datetime

    from bedrock_customization_runtime.contract import KeptPipeline
    from bedrock_customization_runtime.housekeeping.findings import Finding
    from bedrock_customization_runtime.housekeeping.pipelines import Clients, Runs

_OF_PEOPLE = frozenset({FindingKind.IDLE_THROUGHPUT})
_EVEN_IF_LIVE = frozenset(
    {
        FindingKind.EXPIRED_THROUGHPUT,
        FindingKind.RETIRED_THROUGHPUT,
        FindingKind.RETIRED_DEPLOYMENT,
    }
)
_DEPLOYED = _EVEN_IF_LIVE | {FindingKind.ORPHANED_THROUGHPUT, FindingKind.ORPHANED_DEPLOYMENT}


class Removal:
    """Takes findings away, one by one; one that fails keeps no other from being taken.

    Args:
        clients: AWS clients.
        pipeline: Whose.
        runs: Its runs.
        now: Time of day.
        is_retired: Whether the pipeline is gone.
    """

    def __init__(
        self,
        clients: Clients,
        pipeline: KeptPipeline,
        runs: Runs,
        *,
        now: datetime,
        is_retired: bool = False,
    ) -> None:
        self._clients, self._pipeline, self._runs = clients, pipeline, runs
        self._now, self._is_retired = now, is_retired

    def remove(self, finding: Finding) -> Finding:
        """Take a finding away and return it with what became of it."""
        if finding.kind in _OF_PEOPLE:
            return msgspec.structs.replace(finding, outcome="reported")
        try:
            was_removed = self._is_still_left(finding) and self._take_away(finding)
        except DeploymentBusy:
            return msgspec.structs.replace(finding, outcome="failed", error=DeploymentBusy.__name__)
        except (ClientError, BotoCoreError) as error:
            return msgspec.structs.replace(finding, outcome="failed", error=code_of(error))
        return msgspec.structs.replace(finding, outcome="removed" if was_removed else "spared")

    def _is_still_left(self, finding: Finding) -> bool:
        """Tell whether a finding still is one: runs are redriven and aliases moved meanwhile."""
        if self._is_retired:
            return True
        if finding.kind is FindingKind.EXPIRED_THROUGHPUT:
            ends = throughput_expiry.end_of(tags_of(self._clients.bedrock, finding.resource))
            return ends is not None and ends <= self._now
        run = self._runs.state_now(finding.run or "")
        return run.status is RunStatus.ENDED and not self._is_held(finding)

    def _is_held(self, finding: Finding) -> bool:
        """Tell whether the alias, or its record, holds on to a finding by now."""
        held = protection.read(self._clients.s3, self._clients.ssm, self._pipeline)
        match finding.kind:
            case FindingKind.ORPHANED_THROUGHPUT | FindingKind.ORPHANED_DEPLOYMENT:
                return finding.resource in held.deployments
            case FindingKind.LOST_CANDIDATE:
                return finding.resource in held.models
            case FindingKind.EXPIRED_DATA:
                return finding.run in held.runs
            case _:
                return False

    def _take_away(self, finding: Finding) -> bool:
        kind, resource = finding.kind, finding.resource
        if kind in _DEPLOYED:
            return self._delete_deployment(resource, of_alias=kind in _EVEN_IF_LIVE)
        match kind:
            case FindingKind.STALLED_JOB:
                return self._stop(resource)
            case FindingKind.LOST_CANDIDATE | FindingKind.RETIRED_MODEL:
                return self._delete_model(resource)
            case FindingKind.INCOMPLETE_UPLOAD:
                return self._abort(resource)
            case _:
                uploads.delete_below(self._clients.s3, resource)
                return True

    def _delete_deployment(self, arn: str, *, of_alias: bool) -> bool:
        if of_alias:
            # First: consumers then find nothing, not what is gone.
            parameters = [self._pipeline["alias_parameter"], self._pipeline["previous_parameter"]]
            throughput_expiry.forget(self._clients.ssm, arn, parameters)
        kind = removal.kind_of(arn)
        assert kind is not None  # noqa: S101 - true of whatever the inventory lists as deployed
        gone = removal.remove(self._clients.bedrock, kind=kind, name=arn, in_use=())
        return gone is not None

    def _stop(self, arn: str) -> bool:
        bedrock = self._clients.bedrock
        if ":evaluation-job/" not in arn:
            return watch.stop(bedrock, arn)["status"] in {"Stopping", "Stopped"}
        if bedrock.get_evaluation_job(jobIdentifier=arn)["status"] != "InProgress":
            return False
        bedrock.stop_evaluation_job(jobIdentifier=arn)
        return True

    def _delete_model(self, arn: str) -> bool:
        try:
            self._clients.bedrock.delete_custom_model(modelIdentifier=arn)
        except self._clients.bedrock.exceptions.ResourceNotFoundException:
            return False
        return True

    def _abort(self, resource: str) -> bool:
        uri, _, upload_id = resource.rpartition("#")
        where = S3Uri.parse(uri)
        try:
            self._clients.s3.abort_multipart_upload(
                Bucket=where.bucket, Key=where.key, UploadId=upload_id
            )
        except self._clients.s3.exceptions.NoSuchUpload:
            return False
        return True
