"""Asks Bedrock for a custom model of what SageMaker AI has trained, and records what it made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import manifest, times
from bedrock_customization_runtime.errors import ImportFailed

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import CreateCustomModelRequestTypeDef
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import CreatedModel, CreateModel, RecordModel


def create(bedrock: BedrockClient, event: CreateModel) -> CreatedModel:
    """Ask for the model; a repeated call adopts what the first one has made.

    Args:
        bedrock: Client.
        event: Of what, under which name.
    """
    name = event["model_name"]
    try:
        arn = bedrock.create_custom_model(**_request(event))["modelArn"]
    except bedrock.exceptions.ConflictException:
        # Bedrock has forgotten the token: the name is derived from the run, so the model is its.
        arn = bedrock.get_custom_model(modelIdentifier=name)["modelArn"]
    return {"model_arn": arn}


def record(bedrock: BedrockClient, s3: S3Client, event: RecordModel) -> CreatedModel:
    """Keep what was made.

    Args:
        bedrock: Client.
        s3: Client.
        event: Which model of which run.

    Raises:
        ImportFailed: Bedrock says that the model was trained from another base model than the one
            that it is compared with.
    """
    made = bedrock.get_custom_model(modelIdentifier=event["model_arn"])
    section = manifest.load(s3, event["run"]["manifest"]).custom_model
    if section is None:
        raise ImportFailed("the manifest has no model that was inspected: start a new run")
    base = made.get("baseModelArn", "").partition(":foundation-model/")[2]
    # But for the last part, which is the length of the context.
    if base and not base.startswith(section.base_model.rpartition(":")[0]):
        raise ImportFailed(
            f"Bedrock says that the model was trained from {base}, and it is compared with "
            f"{section.base_model}: name the former as base_model"
        )
    done = replace(section, model_arn=made["modelArn"], created=times.iso(made["creationTime"]))
    manifest.update(s3, event["run"]["manifest"], lambda found: replace(found, custom_model=done))
    return {"model_arn": made["modelArn"]}


def _request(event: CreateModel) -> CreateCustomModelRequestTypeDef:
    request: CreateCustomModelRequestTypeDef = {
        "modelName": event["model_name"],
        "clientRequestToken": event["token"],
        "modelTags": [{"key": key, "value": value} for key, value in event["tags"].items()],
    }
    found = event["artifacts"]
    if "uri" in found:
        request["modelSourceConfig"] = {"s3DataSource": {"s3Uri": found["uri"]}}
    else:
        request["customModelDataSource"] = {
            "modelPackageArnDataSource": {"modelPackageArn": found["model_package"]}
        }
    if "role_arn" in event:
        request["roleArn"] = event["role_arn"]
    if "key_arn" in event:
        request["modelKmsKeyArn"] = event["key_arn"]
    return request
