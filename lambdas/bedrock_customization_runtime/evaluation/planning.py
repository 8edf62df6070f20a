"""Before the blind test: who answers, with which examples, in how many pieces, on honest data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.contract import FEW_SHOT, LIVE, TEACHER
from bedrock_customization_runtime.datasets.reading.lines import lines
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import asking, blind_set
from bedrock_customization_runtime.evaluation.contamination import contaminated
from bedrock_customization_runtime.evaluation.few_shot import choose
from bedrock_customization_runtime.s3 import objects, streams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

    from bedrock_customization_runtime.contract import (
        BlindTest,
        PlanBlindTestInput,
        Run,
    )
    from bedrock_customization_runtime.datasets.record_formats.records import Record

_SEED = 0
"""Of the examples."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a run decided when it first planned: a later plan must not mix answers of two models."""

    live: str | None


def plan(
    s3: S3Client, bedrock: BedrockClient, ssm: SSMClient, event: PlanBlindTestInput
) -> BlindTest:
    """Decide who answers, write the examples, and look for blind records in the training set.

    A repeated call plans the same again, but for a model in production that is gone by then.

    Args:
        s3: Client.
        bedrock: Client; tells whether the model in production still answers.
        ssm: Client; tells which one it is.
        event: The run, its data, and the models that are known.

    Raises:
        EvaluationFailed: The blind set is empty or not one, or the training set cannot be read.
        SourceChanged: The training set was overwritten meanwhile.
    """
    run, preparation = event["run"], event["preparation"]
    answers = f"{run['blind']}/answers"
    models, left_out = list(event["models"]), dict[str, str]()
    training = _Training(s3, preparation["train"], RecordFormat(event["record_format"]))
    if event["few_shot"]:
        shots = _examples(s3, run, training, event["few_shot"])
        if shots:
            base = next(model for model in models if model["name"] == "base")
            models.append({"name": FEW_SHOT, "id": base["id"], "shots": shots})
        else:
            left_out[FEW_SHOT] = "no training record can stand as an example"
    if "alias_parameter" in event:
        known = _known_live(s3, ssm, event["alias_parameter"], answers)
        if known is not None and known not in {model["id"] for model in models}:
            reason = _why_silent(bedrock, known)
            if reason is None:
                models.append({"name": LIVE, "id": known})
            else:
                left_out[LIVE] = f"{known} {reason}"
    with blind_set.opened(s3, preparation["test"]) as questions:
        if not questions.records:
            raise EvaluationFailed(f"{preparation['test']} is empty: prepare the data again")
        unanswered = sum(not record.reference for record in questions)
        return {
            "models": models,
            "items": asking.items_of(questions.records, models),
            "total": sum(
                unanswered if model["name"] == TEACHER else questions.records for model in models
            ),
            "answers": answers,
            "contaminated": contaminated(questions, training),
            "left_out": left_out,
        }


class _Training:
    """The training set as it lies in S3; iterated, it is read anew."""

    def __init__(self, s3: S3Client, uri: str, record_format: RecordFormat) -> None:
        self._source = streams.PinnedObject(s3, uri)
        self._format = record_format

    def __iter__(self) -> Iterator[Record]:
        for line in lines(self._source.chunks()):
            if not line.data.strip():
                continue
            try:
                yield formats.parse(line.data, self._format)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise EvaluationFailed(
                    f"line {line.number} of {self._source.uri} is no training record: somebody "
                    "has replaced the file, prepare the data again"
                ) from None


def _examples(s3: S3Client, run: Run, training: _Training, count: int) -> str | None:
    """Return where the examples are, once they are written; None where there are none."""
    uri = f"{run['data']}/prepared/few_shot.jsonl"
    if objects.read_version(s3, uri) is None:
        chosen = choose(training, count=count, seed=_SEED)
        if not chosen:
            return None
        objects.write(
            s3, uri, b"".join(formats.blind_line(one) for one in chosen), "application/jsonl"
        )
    return uri


def _known_live(s3: S3Client, ssm: SSMClient, alias_parameter: str, answers: str) -> str | None:
    """Return what was in production when the run first planned."""
    uri = f"{answers}/plan.json"
    found = objects.read_version(s3, uri)
    if found is not None:
        return msgspec.json.decode(found.body, type=_Kept).live
    try:
        live = ssm.get_parameter(Name=alias_parameter)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        live = None
    objects.write(s3, uri, msgspec.json.encode(_Kept(live=live)), "application/json")
    return live


def _why_silent(bedrock: BedrockClient, arn: str) -> str | None:
    """Return why a model does not answer; None if it does."""
    try:
        if ":custom-model-deployment/" in arn:
            deployment = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
            return None if deployment["status"] == "Active" else f"is {deployment['status']}"
        if ":provisioned-model/" in arn:
            throughput = bedrock.get_provisioned_model_throughput(provisionedModelId=arn)
            serves = throughput["status"] in {"InService", "Updating"}
            return None if serves else f"is {throughput['status']}"
        if ":imported-model/" in arn:
            bedrock.get_imported_model(modelIdentifier=arn)
            return None
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return "was deleted"
    return "is neither a custom model deployment, provisioned throughput nor an imported model"
