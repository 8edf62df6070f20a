"""The names of AWS services and errors, as Step Functions spells them."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import boto3
from botocore.model import ServiceModel

# Step Functions names services as the AWS SDK for Java does. These are the ones whose boto3 name
# differs by more than hyphens: botocore's serviceId, without spaces, against its folder.
_BOTO3_NAMES: Final[Mapping[str, str]] = {
    "applicationdiscoveryservice": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "costandusagereportservice": "cur",
    "costexplorer": "ce",
    "databasemigrationservice": "dms",
    "directoryservice": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearchservice": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuildingservice": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimeservice": "lex-runtime",
    "lexruntimev2": "lexv2-runtime",
    "marketplaceentitlementservice": "marketplace-entitlement",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
}

# Optimized integrations: how the ARN names the service, its boto3 name, the prefix of its error
# names, and the error for codes that the service's model does not know.
_OPTIMIZED: Final[Mapping[str, tuple[str, str, str]]] = {
    "bedrock": ("bedrock", "Bedrock", "BedrockException"),
    "dynamodb": ("dynamodb", "DynamoDB", "AmazonDynamoDBException"),
    "events": ("events", "EventBridge", "AmazonEventBridgeException"),
    "lambda": ("lambda", "Lambda", "AWSLambdaException"),
    "sns": ("sns", "SNS", "AmazonSNSException"),
    "sqs": ("sqs", "SQS", "AmazonSQSException"),
    "states": ("stepfunctions", "StepFunctions", "AWSStepFunctionsException"),
}

_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@lru_cache
def _squashed_names() -> Mapping[str, str]:
    services = boto3.session.Session().get_available_services()
    return {name.replace("-", ""): name for name in services}


def boto3_name(service: str) -> str:
    """Return the boto3 name of a service in an `aws-sdk` ARN.

    Raises:
        ValueError: There is no such service.
    """
    name = _BOTO3_NAMES.get(service) or _squashed_names().get(service)
    if name is None:
        raise ValueError(f"there is no AWS service {service!r} to call")
    return name


def optimized_boto3_name(service: str) -> str:
    """Return the boto3 name of a service with an optimized integration."""
    return _OPTIMIZED[service][0]


def pascal_case(name: str) -> str:
    """Return a name as the AWS SDK for Java spells its classes: `DynamoDB` as `DynamoDb`."""
    return "".join(word.capitalize() for word in _WORD.findall(name))


def sdk_error(model: ServiceModel, code: str) -> str:
    """Return the error name of an `aws-sdk` call: `S3.NoSuchKeyException`, `S3.S3Exception`.

    Args:
        model: The service's model.
        code: The error code of the response.
    """
    prefix = pascal_case(model.service_id)
    return f"{prefix}.{_exception(model, code) or f'{prefix}Exception'}"


def optimized_error(service: str, model: ServiceModel, code: str) -> str:
    """Return the error name of an optimized integration: `Lambda.ResourceNotFoundException`.

    Args:
        service: The service as the ARN names it.
        model: The service's model.
        code: The error code of the response.
    """
    _, prefix, unknown = _OPTIMIZED[service]
    return f"{prefix}.{_exception(model, code) or unknown}"


def denied_code(model: ServiceModel) -> str:
    """Return the error code with which a service denies access."""
    shapes = {shape.name for shape in model.error_shapes}
    if "AuthorizationErrorException" in shapes:
        return "AuthorizationError"
    if model.service_name == "s3":
        return "AccessDenied"
    return "AccessDeniedException"


def _exception(model: ServiceModel, code: str) -> str | None:
    """Return the SDK's exception for an error code; None if the model does not know it."""
    if (model.service_name, code) == ("s3", "AccessDenied"):
        # Newer models know it for a few operations; Step Functions reports S3.S3Exception.
        return None
    known = {
        shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes
    }
    known |= {shape.name for shape in model.error_shapes}
    if code not in known:
        return None
    name = pascal_case(code)
    return name if name.endswith("Exception") else f"{name.removesuffix('Fault')}Exception"
