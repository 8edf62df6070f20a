"""The types of S3, KMS and ECR."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from bedrock_customization_local.cloud.deploy.resources._base import (
    Properties,
    PutResource,
    Resource,
    lower_first,
)


class Key(Resource):
    """A KMS key."""

    cf_resource_type = "AWS::KMS::Key"
    service = "kms"
    immutable = frozenset({"KeySpec", "KeyUsage", "MultiRegion", "Origin"})
    _SETTINGS = ("Enabled", "EnableKeyRotation", "RotationPeriodInDays", "PendingWindowInDays")

    def create(self) -> None:
        """Create the key, then set what only other calls can."""
        parameters = self.without(*self._SETTINGS, "KeyPolicy", "Tags")
        if "KeyPolicy" in self.properties:
            parameters["Policy"] = json.dumps(self.properties["KeyPolicy"])
        tags = [
            {"TagKey": tag["Key"], "TagValue": tag["Value"]}
            for tag in self.properties.get("Tags", [])
        ]
        key = self.client.create_key(Tags=tags, **parameters)["KeyMetadata"]
        self.physical_resource_id = key["KeyId"]
        self.attributes = {"Arn": key["Arn"], "KeyId": key["KeyId"]}
        self._apply_settings()

    def update(self) -> None:
        """Apply policy, description and settings again."""
        key = {"KeyId": self.physical_resource_id}
        if "KeyPolicy" in self.properties:
            policy = json.dumps(self.properties["KeyPolicy"])
            self.client.put_key_policy(**key, PolicyName="default", Policy=policy)
        description = self.properties.get("Description", "")
        self.client.update_key_description(**key, Description=description)
        self._apply_settings()

    def _apply_settings(self) -> None:
        key = {"KeyId": self.physical_resource_id}
        if self.properties.get("EnableKeyRotation"):
            period = self.properties.get("RotationPeriodInDays")
            rotation = {} if period is None else {"RotationPeriodInDays": period}
            self.client.enable_key_rotation(**key, **rotation)
        elif "EnableKeyRotation" in self.properties:
            self.client.disable_key_rotation(**key)
        if self.properties.get("Enabled") is False:
            self.client.disable_key(**key)
        elif "Enabled" in self.properties:
            self.client.enable_key(**key)

    def delete(self) -> None:
        """Schedule its deletion, as AWS does."""
        window = self.properties.get("PendingWindowInDays", 30)
        self.client.schedule_key_deletion(
            KeyId=self.physical_resource_id, PendingWindowInDays=window
        )


class KeyAlias(Resource):
    """A name for a KMS key."""

    cf_resource_type = "AWS::KMS::Alias"
    service = "kms"
    immutable = frozenset({"AliasName"})

    def create(self) -> None:
        """Create the alias."""
        self.client.create_alias(**self.properties)
        self.physical_resource_id = self.properties["AliasName"]
        self.attributes = {"Arn": self.arn("kms", self.physical_resource_id)}

    def update(self) -> None:
        """Point it to another key."""
        self.client.update_alias(**self.properties)

    def delete(self) -> None:
        """Delete the name, not the key."""
        self.client.delete_alias(AliasName=self.physical_resource_id)


class Bucket(Resource):
    """An S3 bucket and its configurations, one API call each."""

    cf_resource_type = "AWS::S3::Bucket"
    service = "s3"
    immutable = frozenset({"BucketName", "ObjectLockEnabled"})

    def create(self) -> None:
        """Create the bucket, then configure it."""
        bucket = self.named("BucketName", limit=63, lower=True)
        region = self.scope.region
        parameters: dict[str, Any] = {}
        if region != "us-east-1":  # the one Region whose name S3 does not take here
            parameters["CreateBucketConfiguration"] = {"LocationConstraint": region}
        if self.properties.get("ObjectLockEnabled"):
            parameters["ObjectLockEnabledForBucket"] = True
        self.client.create_bucket(Bucket=bucket, **parameters)
        self.physical_resource_id = bucket
        self.attributes = {
            "Arn": f"arn:aws:s3:::{bucket}",
            "DomainName": f"{bucket}.s3.amazonaws.com",
            "RegionalDomainName": f"{bucket}.s3.{region}.amazonaws.com",
            "DualStackDomainName": f"{bucket}.s3.dualstack.{region}.amazonaws.com",
            "WebsiteURL": f"http://{bucket}.s3-website-{region}.amazonaws.com",
        }
        self.update()

    def update(self) -> None:
        """Apply every configuration.

        Raises:
            NotImplementedError: The template sets a property of a bucket that is not emulated.
        """
        for name, value in self.without(*self.immutable).items():
            if name not in _BUCKET_CONFIGURATIONS:
                raise NotImplementedError(f"property {name} is not emulated")
            operation, parameters = _BUCKET_CONFIGURATIONS[name]
            getattr(self.client, operation)(Bucket=self.physical_resource_id, **parameters(value))

    def delete(self) -> None:
        """Delete it; S3 refuses while it holds objects."""
        self.client.delete_bucket(Bucket=self.physical_resource_id)


class BucketPolicy(PutResource):
    """A bucket's policy."""

    cf_resource_type = "AWS::S3::BucketPolicy"
    service = "s3"
    immutable = frozenset({"Bucket"})

    def put(self) -> None:
        """Write the policy."""
        bucket = self.properties["Bucket"]
        policy = json.dumps(self.properties["PolicyDocument"])
        self.client.put_bucket_policy(Bucket=bucket, Policy=policy)
        self.physical_resource_id = bucket

    def delete(self) -> None:
        """Delete the policy."""
        self.client.delete_bucket_policy(Bucket=self.physical_resource_id)


class Repository(Resource):
    """An ECR repository: `cdk bootstrap` makes one."""

    cf_resource_type = "AWS::ECR::Repository"
    service = "ecr"
    immutable = frozenset({"RepositoryName", "EncryptionConfiguration"})

    def create(self) -> None:
        """Create the repository, then its policies."""
        parameters = lower_first(
            self.without("RepositoryName", "LifecyclePolicy", "RepositoryPolicyText", "Tags")
        )
        scanning = parameters.pop("imageScanningConfiguration", {})
        name = self.named("RepositoryName", limit=256, lower=True)
        repository = self.client.create_repository(
            repositoryName=name,
            imageScanningConfiguration={"scanOnPush": scanning.get("ScanOnPush", False)},
            tags=self.properties.get("Tags", []),
            **parameters,
        )["repository"]
        self.physical_resource_id = name
        self.attributes = {
            "Arn": repository["repositoryArn"],
            "RepositoryUri": repository["repositoryUri"],
        }
        self.update()

    def update(self) -> None:
        """Write the policies."""
        name = self.physical_resource_id
        lifecycle = self.properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
        if lifecycle:
            self.client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle)
        access = self.properties.get("RepositoryPolicyText")
        if access:
            self.client.set_repository_policy(repositoryName=name, policyText=json.dumps(access))

    def delete(self) -> None:
        """Delete it with its images."""
        self.client.delete_repository(repositoryName=self.physical_resource_id, force=True)


def _as(parameter: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {parameter: value}


def _encryption(value: Properties) -> dict[str, Any]:
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _notifications(value: Properties) -> dict[str, Any]:
    unknown = value.keys() - {"EventBridgeConfiguration"}
    if unknown:
        raise NotImplementedError(f"NotificationConfiguration.{min(unknown)} is not emulated")
    enabled = value.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", True)
    configuration: dict[str, Any] = {"EventBridgeConfiguration": {}} if enabled else {}
    return {"NotificationConfiguration": configuration}


def _logging(value: Properties) -> dict[str, Any]:
    if "DestinationBucketName" not in value:
        raise NotImplementedError("LoggingConfiguration without a DestinationBucketName")
    enabled = {
        "TargetBucket": value["DestinationBucketName"],
        "TargetPrefix": value.get("LogFilePrefix", ""),
    }
    return {"BucketLoggingStatus": {"LoggingEnabled": enabled}}


def _lifecycle(value: Properties) -> dict[str, Any]:
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(r) for r in value["Rules"]]}}


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """Translate a lifecycle rule; the template's words are older than the API's."""
    unknown = rule.keys() - _LIFECYCLE_RENAMES.keys() - _LIFECYCLE_EXPIRATION.keys()
    unknown -= _LIFECYCLE_FILTER
    if unknown:
        raise NotImplementedError(f"lifecycle rule property {min(unknown)} is not emulated")
    translated: dict[str, Any] = {"Filter": _lifecycle_filter(rule)}
    for name, renamed in _LIFECYCLE_RENAMES.items():
        if name in rule:
            translated[renamed] = rule[name]
    expiration = _renamed_only(rule, _LIFECYCLE_EXPIRATION)
    if expiration:
        translated["Expiration"] = expiration
    if "NoncurrentVersionExpirationInDays" in rule:
        days = translated["NoncurrentVersionExpiration"]
        translated["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    for name, days in {
        "Transitions": "Days",
        "NoncurrentVersionTransitions": "NoncurrentDays",
    }.items():
        if name in rule:
            names = {"TransitionInDays": days, "TransitionDate": "Date"}
            translated[name] = [
                {names.get(word, word): value for word, value in transition.items()}
                for transition in rule[name]
            ]
    return translated


def _lifecycle_filter(rule: Properties) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    if "Prefix" in rule:
        conditions["Prefix"] = rule["Prefix"]
    for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"):
        if name in rule:
            conditions[name] = int(rule[name])
    tags = rule.get("TagFilters", [])
    match len(conditions) + len(tags):
        case 0:
            return {"Prefix": ""}
        case 1:
            return conditions or {"Tag": tags[0]}
        case _:
            return {"And": {**conditions, **({"Tags": tags} if tags else {})}}


def _renamed_only(value: Properties, names: Mapping[str, str]) -> dict[str, Any]:
    return {renamed: value[name] for name, renamed in names.items() if name in value}


_LIFECYCLE_RENAMES = {
    "AbortIncompleteMultipartUpload": "AbortIncompleteMultipartUpload",
    "Id": "ID",
    "NoncurrentVersionExpiration": "NoncurrentVersionExpiration",
    "NoncurrentVersionExpirationInDays": "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions": "NoncurrentVersionTransitions",
    "Status": "Status",
    "Transitions": "Transitions",
}
_LIFECYCLE_EXPIRATION = {
    "ExpirationDate": "Date",
    "ExpirationInDays": "Days",
    "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
}
_LIFECYCLE_FILTER = {"ObjectSizeGreaterThan", "ObjectSizeLessThan", "Prefix", "TagFilters"}


def _canned_acl(value: str) -> dict[str, str]:
    """Translate `LogDeliveryWrite` into `log-delivery-write`."""
    return {"ACL": re.sub(r"(?<!^)([A-Z])", r"-\1", value).lower()}


_BUCKET_CONFIGURATIONS: Mapping[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "AccessControl": ("put_bucket_acl", _canned_acl),
    "BucketEncryption": ("put_bucket_encryption", _encryption),
    "CorsConfiguration": (
        "put_bucket_cors",
        lambda value: {"CORSConfiguration": {"CORSRules": value["CorsRules"]}},
    ),
    "LifecycleConfiguration": ("put_bucket_lifecycle_configuration", _lifecycle),
    "LoggingConfiguration": ("put_bucket_logging", _logging),
    "NotificationConfiguration": ("put_bucket_notification_configuration", _notifications),
    "ObjectLockConfiguration": ("put_object_lock_configuration", _as("ObjectLockConfiguration")),
    "OwnershipControls": ("put_bucket_ownership_controls", _as("OwnershipControls")),
    "PublicAccessBlockConfiguration": (
        "put_public_access_block",
        _as("PublicAccessBlockConfiguration"),
    ),
    "Tags": ("put_bucket_tagging", lambda value: {"Tagging": {"TagSet": value}}),
    "VersioningConfiguration": ("put_bucket_versioning", _as("VersioningConfiguration")),
}
