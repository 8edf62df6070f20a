"""Check a run's input, derive the names of what it will make, begin its manifest."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bedrock_customization_runtime import __version__, catalog, manifest, times
from bedrock_customization_runtime.contract import RunKind
from bedrock_customization_runtime.errors import InvalidInput
from bedrock_customization_runtime.names import key_of, names_of
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import Run, StartRunInput

_INCOMING = "incoming/"
_CUSTOM_MODEL = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):bedrock:[a-z0-9-]+:\d{12}:custom-model/(?P<base>[^/]+)/[a-z0-9]{12}"
)
_LONGEST_SHOWN = 200


def start(s3: S3Client, event: StartRunInput, *, embedded: bool) -> Run:
    """Return what later states call `$run`.

    Args:
        s3: Client.
        event: The execution, its input, and the pipeline's settings.
        embedded: Whether this is the embedded AWS.

    Raises:
        InvalidInput: The run's input is not `{"source": "s3://…"}`, at will with
            `hyperparameters`; the source is neither an object nor a prefix below `incoming/` of the
            data bucket; a
            hyperparameter does not fit; or the base model is not customized any more.
        ManifestConflict: Another execution began a run of that name.
    """
    base_model = _base_model(event["base_model"], catalog.Method(event["method"]))
    source, hyperparameters = (
        (_model_to_copy(event["input"], base_model.id, event["execution_arn"]), {})
        if event["kind"] == RunKind.COPY
        else _given(event["input"], event["data_bucket"], event.get("logs"))
    )
    _check(event["hyperparameters"] | hyperparameters, base_model, catalog.Method(event["method"]))
    key = key_of(event["execution_name"])
    names, tokens = names_of(event["execution_arn"])
    artifacts = f"s3://{event['artifacts_bucket']}/runs/{key}"
    run: Run = {
        "id": event["execution_name"],
        "key": key,
        "execution_arn": event["execution_arn"],
        "source": str(source),
        "data": f"s3://{event['data_bucket']}/runs/{key}",
        "blind": f"s3://{event['blind_bucket']}/runs/{key}",
        "artifacts": artifacts,
        "manifest": f"{artifacts}/manifest.json",
        "names": names,
        "tokens": tokens,
        "hyperparameters": hyperparameters,
    }
    manifest.begin(
        s3,
        run["manifest"],
        manifest.RunSection(
            id=run["id"],
            kind=event["kind"],
            execution_arn=run["execution_arn"],
            source=run["source"],
            base_model=base_model.id,
            parent_model=event.get("parent"),
            inference_model=base_model.inference_id,
            catalog_version=catalog.VERSION,
            library_version=__version__,
            started=times.now(),
            embedded=embedded,
        ),
        manifest.UseCaseSection(**event["use_case"]) if "use_case" in event else None,
    )
    return run


def _given(given: object, data_bucket: str, logs: str | None) -> tuple[S3Uri, dict[str, str]]:
    example = f"s3://{data_bucket}/{_INCOMING}<file>"
    match given:
        case {"source": str(text), **others}:
            pass
        case _:
            raise InvalidInput(
                "the run's input must be "
                f'{{"source": "{example}"}}: upload the data there and name them'
            )
    hyperparameters = others.pop("hyperparameters", {})
    if others:
        raise InvalidInput(
            "the run's input knows only source and hyperparameters, got also "
            f"{', '.join(sorted(map(str, others)))}: leave the rest out"
        )
    if not isinstance(hyperparameters, dict):
        raise InvalidInput(
            'hyperparameters must be an object like {"epochCount": 2}, got '
            f"{type(hyperparameters).__name__}: name each one"
        )
    for name, value in hyperparameters.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InvalidInput(
                f"hyperparameters: {name} must be a number or a word, got "
                f"{type(value).__name__}: give one value"
            )
    rendered = {str(name): catalog.rendered(value) for name, value in hyperparameters.items()}
    return _source(text, data_bucket, example, logs), rendered


def _model_to_copy(given: object, base_model: str, execution_arn: str) -> str:
    partition = execution_arn.split(":")[1]
    example = f"arn:{partition}:bedrock:<Region>:<account>:custom-model/{base_model}/<id>"
    match given:
        case {"model": str(arn), **others} if not others:
            pass
        case _:
            raise InvalidInput(
                "the run's input must be "
                f'{{"model": "{example}"}}: take '
                "customization.model_arn from the manifest of the run that made the model"
            )
    found = _CUSTOM_MODEL.fullmatch(arn)
    if (
        not found
        or found["partition"] != partition
        or found["base"] not in {base_model, "imported"}
    ):
        raise InvalidInput(
            f"model must be like {example}, got {arn[:_LONGEST_SHOWN]}: a copy stays in its "
            "partition, and the pipeline is of one base model"
        )
    return arn


def _source(text: str, data_bucket: str, example: str, logs: str | None) -> S3Uri:
    try:
        uri = S3Uri.parse(text)
    except ValueError as error:
        raise InvalidInput(f"source: {error}: it must be below {example}") from None
    if logs is not None and str(uri).startswith(logs):
        return uri
    if uri.bucket != data_bucket or not uri.key.startswith(_INCOMING):
        raise InvalidInput(
            f"source must be an object like {example}, or a prefix there that ends with a slash, "
            f"got {uri}: copy the data there"
        )
    return uri


def _check(given: dict[str, str], model: catalog.BaseModel, method: catalog.Method) -> None:
    try:
        model.check_hyperparameters(method, given)
    except ValueError as error:
        raise InvalidInput(f"hyperparameters: {error}") from None


def _base_model(id: str, method: catalog.Method) -> catalog.BaseModel:
    # Checked at synth too, but a deployed pipeline outlives base models.
    try:
        model = catalog.base_model(id)
        model.require(method, today=datetime.now(UTC).date())
    except ValueError as error:
        raise InvalidInput(str(error)) from None
    return model
