"""Which parameters of operations become condition keys of their requests, as data."""

from collections.abc import Mapping

TAGS: Mapping[str, tuple[str, ...]] = {
    "bedrock:CreateModelCustomizationJob": ("jobTags", "customModelTags"),
    "bedrock:CreateModelImportJob": ("jobTags", "importedModelTags"),
    "bedrock:CreateCustomModel": ("modelTags",),
    "bedrock:CreateEvaluationJob": ("jobTags",),
    "bedrock:CreateModelCopyJob": ("targetModelTags",),
}
"""Where operations take tags, if not in `tags` or `Tags`: they become aws:RequestTag."""

CONDITION_KEYS: Mapping[str, Mapping[str, str]] = {
    **{
        f"s3:{operation}": {
            "s3:prefix": "Prefix",
            "s3:delimiter": "Delimiter",
            "s3:max-keys": "MaxKeys",
        }
        for operation in ("ListObjects", "ListObjectsV2", "ListObjectVersions")
    },
    **{
        f"s3:{operation}": {
            "s3:x-amz-acl": "ACL",
            "s3:x-amz-server-side-encryption": "ServerSideEncryption",
            "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
            "s3:x-amz-storage-class": "StorageClass",
            "s3:if-match": "IfMatch",
            "s3:if-none-match": "IfNoneMatch",
        }
        for operation in ("PutObject", "CopyObject", "CreateMultipartUpload")
    },
    "s3:GetObject": {"s3:VersionId": "VersionId"},
    "s3:DeleteObject": {"s3:VersionId": "VersionId"},
    "cloudwatch:PutMetricData": {"cloudwatch:namespace": "Namespace"},
    "bedrock:InvokeModel": {"bedrock:GuardrailIdentifier": "guardrailIdentifier"},
    "bedrock:Converse": {"bedrock:GuardrailIdentifier": "guardrailConfig.guardrailIdentifier"},
    "bedrock:CreateModelCustomizationJob": {
        "bedrock:VpcSubnetIds": "vpcConfig.subnetIds",
        "bedrock:VpcSecurityGroupIds": "vpcConfig.securityGroupIds",
    },
    "events:PutEvents": {"events:source": "Entries.Source"},
    "sns:Subscribe": {"sns:Protocol": "Protocol", "sns:Endpoint": "Endpoint"},
    "secretsmanager:GetSecretValue": {"secretsmanager:VersionStage": "VersionStage"},
}
"""Condition keys that operations set from their parameters."""
