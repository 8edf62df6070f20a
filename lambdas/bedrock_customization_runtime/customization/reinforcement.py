"""Starts a reinforcement fine-tuning job.

Its members are younger than Step Functions' own SDK may be, so a function with a pinned boto3 sends
it; and its hyperparameters are numbers, not strings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import catalog

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import CreateModelCustomizationJobRequestTypeDef, TagTypeDef

    from bedrock_customization_runtime.contract import StartJob

_METHOD = catalog.Method.REINFORCEMENT_FINE_TUNING


def start(bedrock: BedrockClient, event: StartJob) -> str:
    """Return the ARN of the run's job, which is made unless it exists.

    A client request token is remembered for a while only, so a redriven run looks first.
    """
    try:
        return bedrock.get_model_customization_job(jobIdentifier=event["job"]["name"])["jobArn"]
    except bedrock.exceptions.ResourceNotFoundException:
        return bedrock.create_model_customization_job(**request(event))["jobArn"]


def request(event: StartJob) -> CreateModelCustomizationJobRequestTypeDef:
    """Return what CreateModelCustomizationJob takes."""
    job, model = event["job"], catalog.base_model(event["base_model"])
    hyperparameters = model.parse_hyperparameters(_METHOD, job["hyperparameters"])
    tags: list[TagTypeDef] = [{"key": tag["Key"], "value": tag["Value"]} for tag in event["tags"]]
    wanted: CreateModelCustomizationJobRequestTypeDef = {
        "jobName": job["name"],
        "customModelName": job["model"],
        "clientRequestToken": job["token"],
        "roleArn": event["role_arn"],
        "baseModelIdentifier": event.get("parent", model.id),
        "customizationType": _METHOD.value,
        "trainingDataConfig": {"s3Uri": event["train"]},
        "outputDataConfig": {"s3Uri": f"{event['run']['artifacts']}/customization/"},
        "customizationConfig": {
            "rftConfig": {
                "graderConfig": {"lambdaGrader": {"lambdaArn": event["grader_arn"]}},
                "hyperParameters": hyperparameters,  # type: ignore[typeddict-item] # checked against the catalogue
            }
        },
        "jobTags": tags,
        "customModelTags": tags,
    }
    if "validation" in event:
        wanted["validationDataConfig"] = {"validators": [{"s3Uri": event["validation"]}]}
    if "network" in event:
        network = event["network"]
        wanted["vpcConfig"] = {
            "subnetIds": network["SubnetIds"],
            "securityGroupIds": network["SecurityGroupIds"],
        }
    if "model_key_arn" in event:
        wanted["customModelKmsKeyId"] = event["model_key_arn"]
    return wanted
