"""Buckets and keys of the template."""

import pytest
from aws_cdk import App, RemovalPolicy, Stack, aws_iam as iam, aws_kms as kms, aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template

from bedrock_customization import CustomizationStorage, JobKind, ServiceRole

STATEFUL = ("AWS::S3::Bucket", "AWS::KMS::Key")


@pytest.fixture(scope="module")
def storage_template():
    stack = Stack(App(), "Stack")
    CustomizationStorage(stack, "Storage")
    return Template.from_stack(stack)


def properties_of(template, kind):
    return [resource["Properties"] for resource in template.find_resources(kind).values()]


def test_data_stay_when_the_stack_goes(storage_template):
    for kind in STATEFUL:
        for resource in storage_template.find_resources(kind).values():
            assert resource["DeletionPolicy"] == "Retain"
            assert resource["UpdateReplacePolicy"] == "Retain"


def test_every_bucket_is_private_versioned_and_owned_by_its_account(storage_template):
    for properties in properties_of(storage_template, "AWS::S3::Bucket"):
        assert all(properties["PublicAccessBlockConfiguration"].values())
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = properties["OwnershipControls"]["Rules"]
        assert rule == {"ObjectOwnership": "BucketOwnerEnforced"}


def test_every_bucket_refuses_plain_http_and_old_tls(storage_template):
    policies = properties_of(storage_template, "AWS::S3::BucketPolicy")
    assert len(policies) == 4
    for properties in policies:
        conditions = [
            statement["Condition"]
            for statement in properties["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny" and "Condition" in statement
        ]
        assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in conditions


def test_the_blind_set_has_a_key_of_its_own(storage_template):
    def keys(bucket):
        (found,) = storage_template.find_resources(
            "AWS::S3::Bucket",
            {"Properties": {"LoggingConfiguration": {"LogFilePrefix": f"{bucket}/"}}},
        ).values()
        (rule,) = found["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        return rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]

    assert keys("data") == keys("artifacts") != keys("blind")


def test_keys_rotate(storage_template):
    for properties in properties_of(storage_template, "AWS::KMS::Key"):
        assert properties["EnableKeyRotation"] is True


def test_access_to_data_is_logged_by_buckets_of_this_account_only(storage_template):
    storage_template.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Principal": {"Service": "logging.s3.amazonaws.com"},
                                "Action": "s3:PutObject",
                                "Condition": {
                                    "ArnLike": {"aws:SourceArn": Match.any_value()},
                                    "StringEquals": {
                                        "aws:SourceAccount": {"Ref": "AWS::AccountId"}
                                    },
                                },
                            }
                        )
                    ]
                )
            }
        },
    )


def test_half_uploaded_objects_go_after_a_week(storage_template):
    for properties in properties_of(storage_template, "AWS::S3::Bucket"):
        rule, *_ = properties["LifecycleConfiguration"]["Rules"]
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_what_steps_hand_to_each_other_goes_when_nothing_can_be_redriven_any_more(storage_template):
    rules = [
        rule
        for properties in properties_of(storage_template, "AWS::S3::Bucket")
        for rule in properties["LifecycleConfiguration"]["Rules"]
        if rule.get("Prefix") == "scratch/"
    ]
    assert [rule["ExpirationInDays"] for rule in rules] == [15]


def test_destroying_data_takes_two_signatures():
    stack = Stack(App(), "Stack")
    CustomizationStorage(stack, "Storage", removal_policy=RemovalPolicy.DESTROY)
    for kind in STATEFUL:
        for resource in Template.from_stack(stack).find_resources(kind).values():
            assert resource["DeletionPolicy"] == "Retain"
    Annotations.from_stack(stack).has_warning(
        "/Stack/Storage", Match.string_like_regexp("destroyData is not set, so data are kept")
    )


def test_two_signatures_destroy_data():
    stack = Stack(App(context={"bedrock_customization:destroyData": True}), "Stack")
    CustomizationStorage(stack, "Storage", removal_policy=RemovalPolicy.DESTROY)
    for kind in STATEFUL:
        for resource in Template.from_stack(stack).find_resources(kind).values():
            assert resource["DeletionPolicy"] == "Delete"
    Annotations.from_stack(stack).has_warning(
        "/Stack/Storage", Match.string_like_regexp("go when the stack goes")
    )


def test_buckets_and_keys_of_your_own_are_used(stack):
    key = kms.Key(stack, "Key")
    buckets = [s3.Bucket(stack, name, encryption_key=key) for name in ("A", "B", "C")]
    storage = CustomizationStorage(
        stack,
        "Storage",
        data_bucket=buckets[0],
        blind_bucket=buckets[1],
        artifacts_bucket=buckets[2],
    )
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::S3::Bucket", 3)
    template.resource_count_is("AWS::KMS::Key", 1)
    assert storage.data_bucket is buckets[0]


def test_the_blind_bucket_may_not_be_the_data_bucket(stack):
    bucket = s3.Bucket(stack, "Bucket")
    with pytest.raises(ValueError, match="blind_bucket must be a bucket of its own"):
        CustomizationStorage(stack, "Storage", data_bucket=bucket, blind_bucket=bucket)


def test_two_imports_of_one_bucket_are_one_bucket(stack):
    data, blind = (s3.Bucket.from_bucket_name(stack, each, "same") for each in ("A", "B"))
    with pytest.raises(ValueError, match="blind_bucket must be a bucket of its own"):
        CustomizationStorage(stack, "Storage", data_bucket=data, blind_bucket=blind)


def test_the_blind_key_may_not_be_the_data_key(stack):
    key = kms.Key(stack, "Key")
    with pytest.raises(ValueError, match="blind_key must be a key of its own"):
        CustomizationStorage(stack, "Storage", key=key, blind_key=key)


def test_keys_named_for_imported_buckets_are_granted_and_denied(stack):
    def imported(name):
        return s3.Bucket.from_bucket_name(stack, name, name.lower())

    def key(name):
        return kms.Key.from_key_arn(stack, name, f"arn:aws:kms:us-east-1:123456789012:key/{name}")

    storage = CustomizationStorage(
        stack,
        "Storage",
        data_bucket=imported("Data"),
        blind_bucket=imported("Blind"),
        artifacts_bucket=imported("Artifacts"),
        key=key("open"),
        blind_key=key("blind"),
    )
    ServiceRole(stack, "Role", kind=JobKind.CUSTOMIZATION, storage=storage)
    policy = str(Template.from_stack(stack).find_resources("AWS::IAM::Role"))
    assert "key/open" in policy
    denied = "'Action': 'kms:*', 'Effect': 'Deny', 'Resource': "
    assert f"{denied}'arn:aws:kms:us-east-1:123456789012:key/blind'" in policy


def test_one_role_serves_two_storages(stack):
    role = iam.Role(stack, "Own", assumed_by=iam.ServicePrincipal("bedrock.amazonaws.com"))
    for name in ("A", "B"):
        storage = CustomizationStorage(stack, name)
        ServiceRole(stack, f"Role{name}", kind=JobKind.CUSTOMIZATION, storage=storage, role=role)
    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    sids = [statement["Sid"] for statement in statements if "Sid" in statement]
    assert len(sids) == len(set(sids))
