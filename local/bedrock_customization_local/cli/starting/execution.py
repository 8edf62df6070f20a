"""Begin a run: data are checked by the pipeline's own settings, uploaded, and named to it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from bedrock_customization_local.cli.data.source import safe_name
from bedrock_customization_local.cli.messages import CommandError, usage_error
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.contract import RunKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boto3 import Session

    from bedrock_customization_local.cli.data.files import Found
    from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline
    from bedrock_customization_local.cli.deployed.settings import PipelineSettings

_S3, _ARN = "s3://", "arn:"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_LONGEST_STEM = 60


class Hyperparameter(NamedTuple):
    """One of a run's own, over the pipeline's."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StartedRun:
    """A run that has begun."""

    name: str
    execution_arn: str
    source: str
    """S3 URI of the data, or ARN of the model that is copied."""


def is_on_this_machine(data: str) -> bool:
    """Tell whether data are files, rather than what lies in AWS already."""
    return not data.startswith((_S3, _ARN))


def run_name(data: str, given: str | None) -> str:
    """Return the name of a run: the one that is given, else one of the data and the time.

    Raises:
        CommandError: It is none that S3, Bedrock and Step Functions take alike.
    """
    if given is None:
        stem = re.sub(r"[^A-Za-z0-9]+", "-", PurePosixPath(data.rstrip("/")).name.partition(".")[0])
        stem = stem.strip("-")[:_LONGEST_STEM] or "run"
        return f"{stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    if not _NAME.fullmatch(given):
        raise usage_error(
            f"--name: {given!r} is no name of a run: up to 80 letters, digits, hyphens and "
            "underscores"
        )
    return given


def upload(session: Session, pipeline: DeployedPipeline, name: str, found: Found) -> str:
    """Upload files below `incoming/`, into a folder of the run's own, and return their S3 URI.

    Of its own, because a manifest names its source: what lies there must not become another.

    Raises:
        CommandError: The stack does not say which bucket takes data.
    """
    bucket = pipeline.data_bucket
    if bucket is None:
        raise CommandError(
            f"the stack {pipeline.stack} has no output DataBucketName",
            advice=("call define_outputs() of your own pipeline", "or name data in S3"),
        )
    s3, folder = session.client("s3"), f"incoming/{name}"
    keys = _keys([file.path for file in found.files])
    for file, key in zip(found.files, keys, strict=True):
        s3.upload_file(str(file.path), bucket, f"{folder}/{key}")
    where = keys[0] if len(keys) == 1 else ""
    return f"{_S3}{bucket}/{folder}/{where}"


def _keys(paths: Sequence[Path]) -> list[str]:
    """Return names that Bedrock takes in keys, as many as there are files."""
    names = [safe_name(path.name) for path in paths]
    if len(set(names)) == len(names):
        return names
    width = len(str(len(names)))
    return [f"{number:0{width}}-{name}" for number, name in enumerate(names, 1)]


def start(
    session: Session,
    pipeline: DeployedPipeline,
    settings: PipelineSettings,
    *,
    name: str,
    source: str,
    hyperparameters: Sequence[Hyperparameter],
) -> StartedRun:
    """Start the execution.

    Args:
        session: Of the user.
        pipeline: What to run.
        settings: Of it.
        name: Of the run.
        source: S3 URI of the data; of a copy, ARN of the model.
        hyperparameters: Of this run alone.

    Raises:
        CommandError: There was a run of that name, or the input is not of this pipeline's kind.
    """
    states = session.client("stepfunctions")
    given = _input(settings, source, hyperparameters)
    try:
        started = states.start_execution(
            stateMachineArn=pipeline.state_machine_arn, name=name, input=json.dumps(given)
        )
    except states.exceptions.ExecutionAlreadyExists:
        raise CommandError(
            f"there was a run {name} before, with other data",
            advice=("give this one another --name",),
        ) from None
    return StartedRun(name=name, execution_arn=started["executionArn"], source=source)


def check_kind(settings: PipelineSettings, data: str) -> None:
    """Check that a pipeline takes what it is to be given.

    Raises:
        CommandError: It does not.
    """
    copies = settings.kind is RunKind.COPY
    if copies != data.startswith(_ARN):
        wants = (
            "copies a custom model: name its ARN, of customization.model_arn in the manifest of "
            "the run that made it"
            if copies
            else "takes data: name a file, a folder, or s3://<data bucket>/incoming/…"
        )
        raise usage_error(f"{data} is nothing for this pipeline, which {wants}")


def hyperparameters_of(
    settings: PipelineSettings, given: Sequence[str]
) -> tuple[Hyperparameter, ...]:
    """Return `NAME=VALUE` words as hyperparameters that the base model takes.

    Raises:
        CommandError: One is not written so, or the base model does not take it.
    """
    found = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise usage_error(f"--hyperparameter: {text!r} is not NAME=VALUE, as epochCount=2")
        found.append(Hyperparameter(name, value))
    try:
        catalog.base_model(settings.base_model).check_hyperparameters(
            catalog.Method(settings.method), settings.hyperparameters | dict(found)
        )
    except ValueError as error:
        raise usage_error(f"--hyperparameter: {error}") from None
    return tuple(found)


def _input(
    settings: PipelineSettings, source: str, hyperparameters: Sequence[Hyperparameter]
) -> dict[str, object]:
    if settings.kind is RunKind.COPY:
        return {"model": source}
    chosen = dict(hyperparameters)
    return {"source": source, **({"hyperparameters": chosen} if chosen else {})}
