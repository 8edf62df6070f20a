"""The tables of operations: what each needs, as data."""

from collections.abc import Mapping
from dataclasses import dataclass

from bedrock_customization_local.cloud.iam.resources import (
    Resource,
    anything,
    arn,
    base_model,
    bedrock,
    copy_source,
    deleted_objects,
    event_buses,
    function,
    identified,
    invoked_model,
    queue,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One action that an operation needs.

    Args:
        action: The IAM action.
        resource: What it concerns.
        when: Only if this parameter is given; with a leading `!`, only if it is not.
    """

    action: str
    resource: Resource
    when: str = ""


@dataclass(frozen=True, slots=True)
class Passing:
    """A role that an operation hands to a service.

    Args:
        path: The parameter with the role's ARN.
        service: The value of iam:PassedToService.
    """

    path: str
    service: str


_BUCKET = arn("s3:::{Bucket}")
_OBJECT = arn("s3:::{Bucket}/{Key}")
_PARAMETER = "ssm:{region}:{account}:parameter/"
_STATE_MACHINE = identified("states:{region}:{account}:stateMachine:", "stateMachineArn")
_EXECUTION = identified("states:{region}:{account}:execution:", "executionArn")
_TOPIC = identified("sns:{region}:{account}:", "TopicArn")
_TARGET = identified("sns:{region}:{account}:", "TargetArn")
_TABLE = identified("dynamodb:{region}:{account}:table/", "TableName")
_SECRET = identified("secretsmanager:{region}:{account}:secret:", "SecretId")
_TRAINING_JOB = arn("sagemaker:{region}:{account}:training-job/{TrainingJobName}")
_LOG_GROUP = arn("logs:{region}:{account}:log-group:{logGroupName}")
_LOG_STREAM = arn("logs:{region}:{account}:log-group:{logGroupName}:log-stream:{logStreamName}")
_ROLE = arn("iam::{account}:role/{RoleName}")
_KEY = identified("kms:{region}:{account}:key/", "KeyId")
_GUARDRAIL = bedrock("guardrail", "guardrailIdentifier")


def _on(resource: Resource, *actions: str) -> dict[str, tuple[Rule, ...]]:
    """Return rules for operations whose action has the operation's own name."""
    return {action: (Rule(action, resource),) for action in actions}


_S3_READ = (
    Rule("s3:GetObject", _OBJECT, "!VersionId"),
    Rule("s3:GetObjectVersion", _OBJECT, "VersionId"),
)
_S3_WRITE = (
    Rule("s3:PutObject", _OBJECT),
    Rule("s3:PutObjectTagging", _OBJECT, "Tagging"),
    Rule("s3:PutObjectAcl", _OBJECT, "ACL"),
    Rule("s3:PutObjectRetention", _OBJECT, "ObjectLockMode"),
    Rule("s3:PutObjectLegalHold", _OBJECT, "ObjectLockLegalHoldStatus"),
)

_S3 = {
    "s3:GetObject": _S3_READ,
    "s3:HeadObject": _S3_READ,
    "s3:GetObjectAttributes": (*_S3_READ, Rule("s3:GetObjectAttributes", _OBJECT)),
    "s3:SelectObjectContent": _S3_READ,
    "s3:PutObject": _S3_WRITE,
    "s3:CreateMultipartUpload": _S3_WRITE,
    "s3:UploadPart": (Rule("s3:PutObject", _OBJECT),),
    "s3:CompleteMultipartUpload": (Rule("s3:PutObject", _OBJECT),),
    "s3:CopyObject": (Rule("s3:GetObject", copy_source), *_S3_WRITE),
    "s3:UploadPartCopy": (
        Rule("s3:GetObject", copy_source),
        Rule("s3:PutObject", _OBJECT),
    ),
    "s3:ListParts": (Rule("s3:ListMultipartUploadParts", _OBJECT),),
    "s3:DeleteObject": (
        Rule("s3:DeleteObject", _OBJECT, "!VersionId"),
        Rule("s3:DeleteObjectVersion", _OBJECT, "VersionId"),
    ),
    "s3:DeleteObjects": (Rule("s3:DeleteObject", deleted_objects),),
    "s3:ListObjects": (Rule("s3:ListBucket", _BUCKET),),
    "s3:ListObjectsV2": (Rule("s3:ListBucket", _BUCKET),),
    "s3:HeadBucket": (Rule("s3:ListBucket", _BUCKET),),
    "s3:ListObjectVersions": (Rule("s3:ListBucketVersions", _BUCKET),),
    "s3:ListMultipartUploads": (Rule("s3:ListBucketMultipartUploads", _BUCKET),),
    "s3:ListBuckets": (Rule("s3:ListAllMyBuckets", anything),),
    "s3:GetBucketEncryption": (Rule("s3:GetEncryptionConfiguration", _BUCKET),),
    "s3:PutBucketEncryption": (Rule("s3:PutEncryptionConfiguration", _BUCKET),),
    "s3:GetBucketLifecycleConfiguration": (Rule("s3:GetLifecycleConfiguration", _BUCKET),),
    "s3:PutBucketLifecycleConfiguration": (Rule("s3:PutLifecycleConfiguration", _BUCKET),),
    "s3:GetPublicAccessBlock": (Rule("s3:GetBucketPublicAccessBlock", _BUCKET),),
    "s3:PutPublicAccessBlock": (Rule("s3:PutBucketPublicAccessBlock", _BUCKET),),
    **_on(
        _OBJECT,
        "s3:AbortMultipartUpload",
        "s3:GetObjectTagging",
        "s3:PutObjectTagging",
        "s3:DeleteObjectTagging",
        "s3:GetObjectAcl",
        "s3:PutObjectAcl",
        "s3:GetObjectRetention",
        "s3:PutObjectRetention",
        "s3:GetObjectLegalHold",
        "s3:PutObjectLegalHold",
        "s3:RestoreObject",
    ),
    **_on(
        _BUCKET,
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:GetBucketLocation",
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
        "s3:GetBucketTagging",
        "s3:PutBucketTagging",
        "s3:GetBucketVersioning",
        "s3:PutBucketVersioning",
        "s3:GetBucketNotification",
        "s3:PutBucketNotification",
    ),
}

_KMS = {
    "kms:ReEncrypt": (
        Rule("kms:ReEncryptFrom", identified("kms:{region}:{account}:key/", "SourceKeyId")),
        Rule("kms:ReEncryptTo", identified("kms:{region}:{account}:key/", "DestinationKeyId")),
    ),
    **_on(
        _KEY,
        "kms:CancelKeyDeletion",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:DisableKey",
        "kms:EnableKey",
        "kms:EnableKeyRotation",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyPair",
        "kms:GenerateDataKeyPairWithoutPlaintext",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:GenerateMac",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:GetPublicKey",
        "kms:ListGrants",
        "kms:PutKeyPolicy",
        "kms:RetireGrant",
        "kms:RevokeGrant",
        "kms:ScheduleKeyDeletion",
        "kms:Sign",
        "kms:TagResource",
        "kms:Verify",
        "kms:VerifyMac",
    ),
}

_MODEL_JOB = bedrock("model-customization-job", "jobIdentifier")
_NEW_MODEL_JOB = bedrock("model-customization-job", "jobName")
_NEW_CUSTOM_MODEL = bedrock("custom-model", "customModelName")
_IMPORT_JOB = bedrock("model-import-job", "jobIdentifier")
_IMPORTED_MODEL = bedrock("imported-model", "modelIdentifier")
_EVALUATION_JOB = bedrock("evaluation-job", "jobIdentifier")
_INVOCATION_JOB = bedrock("model-invocation-job", "jobIdentifier")
_CUSTOM_MODEL = bedrock("custom-model", "modelIdentifier")
_DEPLOYMENT = bedrock("custom-model-deployment", "customModelDeploymentIdentifier")
_PROVISIONED = bedrock("provisioned-model", "provisionedModelId")
_TAG = "bedrock:TagResource"

_BEDROCK = {
    "bedrock:CreateModelCustomizationJob": (
        Rule("bedrock:CreateModelCustomizationJob", base_model("baseModelIdentifier")),
        Rule("bedrock:CreateModelCustomizationJob", _NEW_CUSTOM_MODEL),
        Rule("bedrock:CreateModelCustomizationJob", _NEW_MODEL_JOB),
        Rule(_TAG, _NEW_MODEL_JOB, "jobTags"),
        Rule(_TAG, _NEW_CUSTOM_MODEL, "customModelTags"),
    ),
    "bedrock:CreateModelImportJob": (
        Rule("bedrock:CreateModelImportJob", anything),
        Rule(_TAG, bedrock("model-import-job", "jobName"), "jobTags"),
        Rule(_TAG, bedrock("imported-model", "importedModelName"), "importedModelTags"),
    ),
    "bedrock:CreateCustomModel": (
        Rule("bedrock:CreateCustomModel", anything),
        *(
            Rule(
                f"sagemaker:{action}",
                identified("", "customModelDataSource.modelPackageArnDataSource.modelPackageArn"),
                "customModelDataSource",
            )
            for action in ("DescribeModelPackage", "AccessModelPackageData")
        ),
        Rule(_TAG, bedrock("custom-model", "modelName"), "modelTags"),
    ),
    "bedrock:CreateCustomModelDeployment": (
        Rule("bedrock:CreateCustomModelDeployment", bedrock("custom-model", "modelArn")),
        Rule(_TAG, bedrock("custom-model-deployment", "modelDeploymentName"), "tags"),
    ),
    "bedrock:UpdateCustomModelDeployment": (
        Rule("bedrock:UpdateCustomModelDeployment", _DEPLOYMENT),
        Rule("bedrock:UpdateCustomModelDeployment", bedrock("custom-model", "modelArn")),
    ),
    "bedrock:CreateProvisionedModelThroughput": (
        Rule("bedrock:CreateProvisionedModelThroughput", base_model("modelId")),
        Rule(_TAG, bedrock("provisioned-model", "provisionedModelName"), "tags"),
    ),
    "bedrock:UpdateProvisionedModelThroughput": (
        Rule("bedrock:UpdateProvisionedModelThroughput", _PROVISIONED),
        Rule(
            "bedrock:UpdateProvisionedModelThroughput",
            base_model("desiredModelId"),
            "desiredModelId",
        ),
    ),
    "bedrock:CreateEvaluationJob": (
        Rule("bedrock:CreateEvaluationJob", bedrock("evaluation-job", "jobName")),
        Rule(_TAG, bedrock("evaluation-job", "jobName"), "jobTags"),
    ),
    "bedrock:CreateModelInvocationJob": (
        Rule("bedrock:CreateModelInvocationJob", invoked_model),
        Rule("bedrock:CreateModelInvocationJob", bedrock("model-invocation-job", "jobName")),
        Rule(_TAG, bedrock("model-invocation-job", "jobName"), "tags"),
    ),
    "bedrock:CreateModelCopyJob": (
        Rule("bedrock:CreateModelCopyJob", bedrock("custom-model", "sourceModelArn")),
        Rule(_TAG, bedrock("custom-model", "targetModelName"), "targetModelTags"),
    ),
    "bedrock:TagResource": (Rule(_TAG, identified("", "resourceARN")),),
    **_on(identified("", "resourceARN"), "bedrock:UntagResource", "bedrock:ListTagsForResource"),
    **_on(_MODEL_JOB, "bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob"),
    **_on(_IMPORT_JOB, "bedrock:GetModelImportJob"),
    **_on(_IMPORTED_MODEL, "bedrock:GetImportedModel", "bedrock:DeleteImportedModel"),
    **_on(_CUSTOM_MODEL, "bedrock:GetCustomModel", "bedrock:DeleteCustomModel"),
    **_on(_DEPLOYMENT, "bedrock:GetCustomModelDeployment", "bedrock:DeleteCustomModelDeployment"),
    **_on(
        _PROVISIONED,
        "bedrock:GetProvisionedModelThroughput",
        "bedrock:DeleteProvisionedModelThroughput",
    ),
    **_on(_EVALUATION_JOB, "bedrock:GetEvaluationJob", "bedrock:StopEvaluationJob"),
    **_on(_INVOCATION_JOB, "bedrock:GetModelInvocationJob", "bedrock:StopModelInvocationJob"),
    **_on(bedrock("model-copy-job", "jobArn"), "bedrock:GetModelCopyJob"),
    **_on(base_model("modelIdentifier"), "bedrock:GetFoundationModel"),
    **_on(
        bedrock("inference-profile", "inferenceProfileIdentifier"), "bedrock:GetInferenceProfile"
    ),
    **_on(_GUARDRAIL, "bedrock:GetGuardrail", "bedrock:ApplyGuardrail"),
    "bedrock:InvokeModel": (
        Rule("bedrock:InvokeModel", invoked_model),
        Rule("bedrock:ApplyGuardrail", _GUARDRAIL, "guardrailIdentifier"),
    ),
    "bedrock:Converse": (
        Rule("bedrock:InvokeModel", invoked_model),
        Rule(
            "bedrock:ApplyGuardrail",
            bedrock("guardrail", "guardrailConfig.guardrailIdentifier"),
            "guardrailConfig",
        ),
    ),
    "bedrock:InvokeModelWithResponseStream": (
        Rule("bedrock:InvokeModelWithResponseStream", invoked_model),
    ),
    "bedrock:ConverseStream": (Rule("bedrock:InvokeModelWithResponseStream", invoked_model),),
    "bedrock:StartAsyncInvoke": (Rule("bedrock:InvokeModel", invoked_model),),
    **_on(invoked_model, "bedrock:CountTokens"),
}

_OTHERS = {
    "lambda:Invoke": (Rule("lambda:InvokeFunction", function),),
    "lambda:InvokeAsync": (Rule("lambda:InvokeFunction", function),),
    **_on(
        function,
        "lambda:GetFunction",
        "lambda:GetFunctionConfiguration",
        "lambda:UpdateFunctionConfiguration",
        "lambda:PutFunctionConcurrency",
    ),
    "sns:Publish": (
        Rule("sns:Publish", _TOPIC, "TopicArn"),
        Rule("sns:Publish", _TARGET, "TargetArn"),
    ),
    **_on(_TOPIC, "sns:PublishBatch", "sns:Subscribe", "sns:GetTopicAttributes"),
    "sqs:SendMessageBatch": (Rule("sqs:SendMessage", queue),),
    "sqs:DeleteMessageBatch": (Rule("sqs:DeleteMessage", queue),),
    "sqs:ChangeMessageVisibilityBatch": (Rule("sqs:ChangeMessageVisibility", queue),),
    **_on(
        queue,
        "sqs:SendMessage",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:PurgeQueue",
    ),
    **_on(
        identified(_PARAMETER, "Name"),
        "ssm:GetParameter",
        "ssm:PutParameter",
        "ssm:DeleteParameter",
        "ssm:GetParameterHistory",
        "ssm:LabelParameterVersion",
    ),
    **_on(identified(_PARAMETER, "Names"), "ssm:GetParameters", "ssm:DeleteParameters"),
    **_on(identified(_PARAMETER, "Path"), "ssm:GetParametersByPath"),
    **_on(identified(_PARAMETER, "ResourceId"), "ssm:AddTagsToResource"),
    **_on(event_buses, "events:PutEvents"),
    **_on(
        _STATE_MACHINE,
        "states:StartExecution",
        "states:StartSyncExecution",
        "states:DescribeStateMachine",
        "states:ListExecutions",
    ),
    **_on(
        _EXECUTION,
        "states:DescribeExecution",
        "states:StopExecution",
        "states:GetExecutionHistory",
        "states:RedriveExecution",
        "states:DescribeStateMachineForExecution",
        "states:ListMapRuns",
    ),
    **_on(identified("", "mapRunArn"), "states:DescribeMapRun", "states:UpdateMapRun"),
    **_on(
        _TABLE,
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:DescribeTable",
    ),
    **_on(_SECRET, "secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"),
    **_on(_TRAINING_JOB, "sagemaker:DescribeTrainingJob"),
    **_on(_LOG_STREAM, "logs:PutLogEvents", "logs:GetLogEvents"),
    **_on(_LOG_GROUP, "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams"),
    **_on(_ROLE, "iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies"),
    **_on(identified("", "RoleArn"), "sts:AssumeRole"),
    # Nobody can be refused this one, whatever a policy says.
    "sts:GetCallerIdentity": (),
}

RULES: Mapping[str, tuple[Rule, ...]] = {**_S3, **_KMS, **_BEDROCK, **_OTHERS}
"""What operations need. Keys are `prefix:Operation`, with IAM's prefix of the service."""

PASSED_ROLES: Mapping[str, tuple[Passing, ...]] = {
    **{
        f"bedrock:{operation}": (Passing("roleArn", "bedrock.amazonaws.com"),)
        for operation in (
            "CreateCustomModel",
            "CreateEvaluationJob",
            "CreateModelCustomizationJob",
            "CreateModelImportJob",
            "CreateModelInvocationJob",
        )
    },
    "bedrock:PutModelInvocationLoggingConfiguration": (
        Passing("loggingConfig.cloudWatchConfig.roleArn", "bedrock.amazonaws.com"),
    ),
    "lambda:CreateFunction": (Passing("Role", "lambda.amazonaws.com"),),
    "states:CreateStateMachine": (Passing("roleArn", "states.amazonaws.com"),),
    "emr-serverless:StartJobRun": (Passing("executionRoleArn", "emr-serverless.amazonaws.com"),),
}
"""Roles that operations pass on: the caller needs iam:PassRole on each."""

MODEL_KEYS: Mapping[str, str] = {
    "bedrock:CreateModelCustomizationJob": "customModelKmsKeyId",
    "bedrock:CreateModelImportJob": "importedModelKmsKeyId",
    "bedrock:CreateCustomModel": "modelKmsKeyArn",
    "bedrock:CreateModelCopyJob": "modelKmsKeyId",
    "bedrock:CreateEvaluationJob": "customerEncryptionKeyId",
}
"""Where operations take a key that Bedrock then gets a grant on, through the caller's session."""
