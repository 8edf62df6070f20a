"""The pipeline's life on the embedded AWS: deploy, upload data, execute, follow, collect."""

from __future__ import annotations

import errno
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import msgspec

from bedrock_customization_local.cli.data.source import safe_name
from bedrock_customization_local.cli.following.watching import Clients, Pauses, follow
from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_local.cloud.deploy import DeploymentError
from bedrock_customization_local.cloud.server import LocalCloud
from bedrock_customization_runtime.manifest import Manifest
from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

    from bedrock_customization_local.cli.following.display import Timeline
    from bedrock_customization_local.cli.following.progress import Progress
    from bedrock_customization_local.cli.messages import RunFailure

_LONGEST_PAUSE_SECONDS = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipeline:
    """A deployed pipeline, by the outputs of its stack."""

    stack: str
    data_bucket: str
    """Raw data go below its `incoming/`."""
    artifacts_bucket: str
    state_machine_arn: str
    alias_parameter: str

    @classmethod
    def of(cls, stacks: Mapping[str, Mapping[str, str]]) -> Self:
        """Find the stack that holds a pipeline.

        Args:
            stacks: Outputs by stack.

        Raises:
            CommandError: None does.
        """
        for stack, outputs in stacks.items():
            try:
                return cls(
                    stack=stack,
                    data_bucket=outputs["DataBucketName"],
                    artifacts_bucket=outputs["ArtifactsBucketName"],
                    state_machine_arn=outputs["StateMachineArn"],
                    alias_parameter=outputs["AliasParameterName"],
                )
            except KeyError:
                continue
        raise CommandError(
            f"no stack of the app ({', '.join(stacks) or 'it has none'}) has the outputs "
            "DataBucketName, ArtifactsBucketName, StateMachineArn and AliasParameterName",
            advice=("use CustomizationStack, or call define_outputs() of your own pipeline",),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """An execution that has ended, whichever way."""

    arn: str
    failure: RunFailure | None
    manifest: Manifest | None
    """None if the run ended before it had one."""
    report: Path | None
    """A copy, if the run wrote one; the manifest's lies beside it."""


@contextmanager
def local_cloud(*, region: str, port: int, time_scale: float) -> Iterator[LocalCloud]:
    """Start the embedded AWS.

    Args:
        region: The one it plays.
        port: To listen on; 0 is any free one.
        time_scale: What a second of waiting lasts, in seconds.

    Raises:
        CommandError: The port cannot be had.
    """
    try:
        cloud = LocalCloud(region=region, port=port, time_scale=time_scale)
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            raise
        raise CommandError(
            f"port {port} cannot be had: {os.strerror(error.errno)}",
            advice=("--port 0 takes any free port",),
        ) from error
    with cloud:
        yield cloud


def deploy(cloud: LocalCloud, assembly: Path) -> Pipeline:
    """Stand up a cloud assembly and find the pipeline in it.

    Raises:
        CommandError: It cannot be stood up, or holds no pipeline.
    """
    try:
        stacks = cloud.deploy(assembly)
    except DeploymentError as error:
        raise CommandError(f"the app cannot be deployed on the local AWS: {error}") from error
    return Pipeline.of(stacks)


def upload(cloud: LocalCloud, pipeline: Pipeline, data: Path) -> str:
    """Upload a file to where runs take their data from, and return its S3 URI."""
    where = objects.S3Uri(pipeline.data_bucket, f"incoming/{safe_name(data.name)}")
    s3: S3Client = cloud.client("s3")
    s3.upload_file(str(data), where.bucket, where.key)
    return str(where)


def execute(
    cloud: LocalCloud,
    pipeline: Pipeline,
    *,
    name: str,
    source: str,
    timeline: Timeline,
    output: Path,
) -> Execution:
    """Run the pipeline and wait for its end.

    Args:
        cloud: Where the pipeline is deployed.
        pipeline: What to run.
        name: Of the execution.
        source: S3 URI of the raw data.
        timeline: Shows what happens.
        output: Folder for copies of what the run writes for people.

    Returns:
        The execution, whichever way it ended.
    """
    step_functions: SFNClient = cloud.client("stepfunctions")
    started = step_functions.start_execution(
        stateMachineArn=pipeline.state_machine_arn,
        name=name,
        input=json.dumps({"source": source}),
    )
    clients = Clients(
        stepfunctions=step_functions, bedrock=cloud.client("bedrock"), s3=cloud.client("s3")
    )
    pauses = Pauses(longest=_LONGEST_PAUSE_SECONDS)
    progress = follow(clients, started["executionArn"], timeline.show, pauses)
    _collect(cloud, progress, output)
    report, manifest = output / "report.html", output / "manifest.json"
    return Execution(
        arn=started["executionArn"],
        failure=_failure(progress, output),
        manifest=msgspec.json.decode(manifest.read_bytes(), type=Manifest)
        if manifest.is_file()
        else None,
        report=report if report.is_file() else None,
    )


def alias_value(cloud: LocalCloud, pipeline: Pipeline) -> str:
    """Return what consumers invoke now; before the first promotion there is nothing."""
    ssm: SSMClient = cloud.client("ssm")
    try:
        return ssm.get_parameter(Name=pipeline.alias_parameter)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return "no model yet"


def _collect(cloud: LocalCloud, progress: Progress, output: Path) -> None:
    """Copy what the run wrote for people; it goes when the embedded AWS does."""
    if "run" not in progress.variables:
        return
    s3: S3Client = cloud.client("s3")
    prefix = objects.S3Uri.parse(progress.variables["run"]["artifacts"] + "/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key)
    for page in pages:
        for found in page.get("Contents", []):
            file = output / found["Key"].removeprefix(prefix.key)
            file.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(prefix.bucket, found["Key"], str(file))


def _failure(progress: Progress, output: Path) -> RunFailure | None:
    """Return why the run failed, with the copies' addresses instead of the originals'."""
    if progress.failure is None or "run" not in progress.variables:
        return progress.failure
    artifacts = progress.variables["run"]["artifacts"]
    cause = progress.failure.cause.replace(artifacts, output.absolute().as_uri())
    return replace(progress.failure, cause=cause)
